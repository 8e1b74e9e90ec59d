"""The tables of a page of docs that explain keys of JSON, and whether an object has exactly those.

A table headed `| key | meaning |` is of the command or record that its heading names, one headed
`| of | key | meaning |` of those in its first column. `a.b` is a key of the object `a`, `a[].b` of each in the list
`a`, `a.*.b` of each value of `a`, whose keys are names. Words in italics in the meaning name the records that the keys
are: one for all, or one for each in order. Keys that are said to be `absent` at times, or keys within them, need not be
there; any may be null.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1] / "docs"


@dataclass
class Key:
    """What a page says of one key. record: what it is, where that is explained elsewhere. met: it was there, and not
    null or empty where more is said of it here."""

    within: dict[str, "Key"] = field(default_factory=dict)
    record: str = ""
    may_lack: bool = False
    met: bool = False

    def unmet(self, where: str = "") -> Iterator[str]:
        for name, key in self.within.items():
            if not key.met:
                yield f"{where}.{name}"
            yield from key.unmet(f"{where}.{name}")


class Page:
    """records: the keys of each command and record, by name. examples: the objects that are shown, by the heading or
    the word before them, without the `...` that stands for what was left out."""

    def __init__(self, name: str) -> None:
        self.text = (DOCS / name).read_text(encoding="utf-8")
        self.records: dict[str, Key] = {}
        self.examples: list[tuple[str, Any]] = []
        for part in re.split(r"^#+ ", self.text, flags=re.MULTILINE)[1:]:
            self._read(*part.split("\n", 1))

    def faults(self, record: str, value: Any, *, whole: bool = True) -> list[str]:
        """What is not as the tables say of this record; whole: nothing may be left out."""
        return list(self._faults(self.records[record], value, record, whole))

    def _read(self, heading: str, body: str) -> None:
        names = _names(heading)
        table = r"^\| key \| meaning \|\n.*\n((?:\|.*\n)*)"
        for rows in re.findall(table, body, re.MULTILINE):
            for keys, meaning in re.findall(r"^\| (.*?) \| (.*) \|$", rows, re.MULTILINE):
                self._explain(names, keys, meaning)
        for rows in re.findall(table.replace("key", "of \\| key", 1), body, re.MULTILINE):
            for of, keys, meaning in re.findall(r"^\| (.*?) \| (.*?) \| (.*) \|$", rows, re.MULTILINE):
                self._explain(_names(of), keys, meaning)
        for of, text in re.findall(r"^    (?:(\w[\w ]*): )?(\{.*\})$", body, re.MULTILINE):
            whole = re.sub(r",\s*\.\.\.|\.\.\.\s*,?", "", text)
            self.examples.append((of or names[0], json.loads(whole)))

    def _explain(self, names: list[str], keys: str, meaning: str) -> None:
        paths = re.findall(r"`([^`]+)`", keys)
        records = re.findall(r"\*(\w+)\*", meaning) or [""]
        assert len(records) in (1, len(paths)), f"{keys} are of the records {records}"
        whole = self.records.setdefault(names[0], Key())
        self.records |= dict.fromkeys(names, whole)
        for path, record in zip(paths, records * (len(paths) // len(records)), strict=True):
            key, steps = whole, re.findall(r"\[\]|[^.\[\]]+", path)
            for step in steps:
                key = key.within.setdefault(step, Key())
            key.record = record
            whole.within[steps[0]].may_lack |= "absent" in meaning.lower()

    def _faults(self, key: Key, value: Any, where: str, whole: bool) -> Iterator[str]:
        known = self.records[key.record].within if key.record else key.within
        key.met |= value not in (None, [], {}) or all(one.record for one in key.within.values())
        if not known or value is None:
            return
        if "[]" in known or "*" in known:
            (each,) = known.values()
            each.met |= bool(each.record)
            for name, item in enumerate(value) if "[]" in known else value.items():
                yield from self._faults(each, item, f"{where}[{name}]", whole)
            return
        for name in value.keys() - known.keys():
            yield f"{where}.{name} is not explained"
        for name, one in known.items():
            if name in value:
                yield from self._faults(one, value[name], f"{where}.{name}", whole)
            elif whole and not one.may_lack:
                yield f"{where}.{name} is explained, and is not there"


def _names(text: str) -> list[str]:
    return [command or record for command, record in re.findall(r"`([^`]+)`|\*(\w+)\*", text)]
