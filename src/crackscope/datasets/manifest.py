"""Reads and writes CSV manifests: path,label[,part][,group][,mask][,surface]; paths relative to the CSV."""

import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final
from unicodedata import normalize

import msgspec

from crackscope.datasets.found import Entry, Found
from crackscope.datasets.tables import UNCLOSED, first_cells, lines_of, rows_of, text_of
from crackscope.datasets.words import Layout, label_of_cell, part_of
from crackscope.encoding import csv_text, original, western
from crackscope.errors import DatasetError, OutputError, printable, several
from crackscope.files import read_table, write_whole
from crackscope.records import Label, Row

_WRITTEN: Final = ("path", "label", "part", "group")
_OPTIONAL: Final = ("mask", "surface")
_KNOWN: Final = (*_WRITTEN, *_OPTIONAL)
_PART_ELSEWHERE: Final = "split"
_LONGEST_HEADER: Final = 200
_NAMED_AT_ONCE: Final = 5
_ODD: Final = r"(a byte FF of a file name that is no UTF-8 is written \udcff)"


def find_in_manifest(path: Path, layout: Layout) -> Found:
    """Everything that a manifest names, in its order. Files are not opened here.

    Raises DatasetError: no such file, no header with path and label (or path and mask), rows that do not fit, each
    named by its line.
    """
    lines, unsure = _lines(path)
    header = _header(path, lines)
    rows = list(rows_of(path, lines))
    columns = _columns(header, rows)
    entries: list[Entry] = []
    faults: dict[str, list[int]] = {}
    seen: dict[str, tuple[int, Label | None]] = {}
    for line, cells in rows:
        fault_or_entry = _entry(path.parent, dict(zip(columns, cells, strict=False)), len(cells) - len(header), layout)
        if isinstance(fault_or_entry, Entry):
            before, label = seen.setdefault(fault_or_entry.path, (line, fault_or_entry.label))
            if before == line:
                entries.append(msgspec.structs.replace(fault_or_entry, where=f"line {line} of {path.name}"))
                continue
            fault_or_entry = _again(before, label, fault_or_entry.label)
        faults.setdefault(fault_or_entry, []).append(line)
    if faults:
        raise DatasetError(_say(path, faults))
    if unsure is not None and any(map(_leads_nowhere, entries)):
        raise unsure
    return Found(root=str(path), kind="manifest", entries=tuple(entries))


def _again(before: int, there: Label | None, here: Label | None) -> str:
    """What is wrong with a path that stands in an earlier line, too: above all, that it has another label there."""
    again = f"the path of line {before} again"
    return again if there == here else f"{again}, {there or 'without a label'} there and {here or 'without one'} here"


def _columns(header: Sequence[str], rows: Sequence[tuple[int, list[str]]]) -> list[str]:
    """The columns in small letters; one called `split` that names parts is that of the parts, as others write it."""
    columns = [name.strip().casefold() for name in header]
    if "part" not in columns and _PART_ELSEWHERE in columns:
        at = columns.index(_PART_ELSEWHERE)
        if any(len(cells) > at and part_of(cells[at]) for _, cells in rows):
            columns[at] = "part"
    return columns


def _lines(path: Path) -> tuple[list[str], DatasetError | None]:
    """The lines; and of those read in Windows' Western letters (cp1252), in which spreadsheets there save plain CSV,
    what is wrong where these are not its letters after all, as its names show."""
    unsure = None
    try:
        text = text_of(content := read_table(path))
    except UnicodeDecodeError as error:
        unsure = DatasetError(f"{path}: not UTF-8 text (byte {error.start}); save it as CSV in UTF-8 {_ODD}")
        if not (text := western(content)):
            raise unsure from error
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror}); check its rights") from error
    lines = lines_of(text)
    if not lines:
        raise DatasetError(f"{path}: empty; it wants a header with path,label and a row a picture")
    return lines, unsure


def _leads_nowhere(entry: Entry) -> bool:
    """Whether a name has letters that are none in ASCII, and no file is called so."""
    named = ((entry.cells["path"], entry.path), (entry.cells.get("mask", ""), entry.mask or ""))
    return any(not cell.isascii() and not os.path.exists(path) for cell, path in named)


def _header(path: Path, lines: Sequence[str]) -> list[str]:
    header = first_cells(path, lines)
    names = [name.strip().casefold() for name in header]
    if "path" not in names and lines[0].lstrip().startswith(("[", "{")):
        raise DatasetError(f"{path}: JSON, not CSV; write its labels as CSV with the header path,label")
    if {"patch", "photo"} <= set(names) and "label" not in names:
        raise DatasetError(
            f"{path}: what `crackscope suggest` wrote, which says no labels; give its folder, once the patches are "
            "sorted into crack/ and sound/, or the JSON that Label Studio exports of them"
        )
    named = [name for name in names if name]  # Spreadsheets keep columns that are empty.
    if len(set(named)) != len(named):
        raise DatasetError(f"{path}: line 1: a column stands twice in the header, {_begin(header)}")
    if "path" not in names or not {"label", "mask"} & set(names):
        if any("\n" in name or "\r" in name for name in header):
            raise DatasetError(f"{path}: line 1: {UNCLOSED}")
        raise DatasetError(
            f"{path}: line 1: the header wants path,label[,part][,group][,mask][,surface], not {_begin(header)}"
            f"{_nearly(header)}"
        )
    return header


def _nearly(header: Sequence[str]) -> str:
    """Which columns may be misspelt ones that are wanted; "" where none looks like it."""
    names = [name.strip().casefold() for name in header]
    told = [
        f"{wanted} by {printable(header[names.index(near)].strip())}"
        for wanted in ("path", "label")
        if wanted not in names
        for near in get_close_matches(wanted, [name for name in names if name not in _KNOWN], n=1)
    ]
    return f": did you mean {' and '.join(told)}?" if told else ""


def _begin(header: Sequence[str]) -> str:
    """A header as it is quoted: only how it begins, where all of a file may stand in its first line."""
    told = ",".join(map(printable, header))
    return told if len(told) <= _LONGEST_HEADER else f"{told[:_LONGEST_HEADER]} ..."


def _entry(folder: Path, cells: dict[str, str], surplus: int, layout: Layout) -> Entry | str:
    """The entry of one row, or what is wrong with it."""
    known = {name: cells.get(name, "").strip() for name in _KNOWN} | {"path": cells.get("path", "")}
    if surplus:
        return f"{abs(surplus)} cell{'s' * (abs(surplus) > 1)} {'more' if surplus > 0 else 'fewer'} than the header has"
    if not known["path"].strip():
        return "no path"
    if "\0" in known["path"] + known["mask"]:
        return "a zero byte in the path"
    label = label_of_cell(known["label"], layout) if known["label"] else None
    if known["label"] and label is None:
        return f"label {known['label']!r} is not a word for crack or sound, say which with {_named_by(known['label'])}"
    if label is None and not known["mask"]:
        return "no label, and no mask to take it from"
    part = part_of(known["part"]) if known["part"] else None
    if known["part"] and part is None:
        return f"part {known['part']!r} is not train, val or test"
    return Entry(
        path=_absolute(folder, known["path"]),
        label=label,
        part=part,
        group=known["group"],
        mask=_absolute(folder, known["mask"]) if known["mask"] else None,
        surface=known["surface"],
        cells=cells,
    )


def _absolute(folder: Path, path: str) -> str:
    """The file of this name; where there is none, of the name as other systems and loose hands write it, if that is,
    accents in one with their letters or apart, or as our own tables spell one that is no UTF-8."""
    here = os.path.abspath(folder)
    meant: dict[str, None] = {}
    for name in (path, original(path)):
        meant |= dict.fromkeys((name, name.replace("\\", "/"), name.strip(), name.strip().replace("\\", "/")))
    whole = [os.path.join(here, name) for name in meant]
    accents = [os.path.join(here, normalize(form, name)) for form in ("NFC", "NFD") for name in meant]
    return os.path.normpath(next((name for name in (*whole, *accents) if os.path.exists(name)), whole[-1]))


def _named_by(word: str) -> str:
    return " or ".join(f"{option} {shlex.quote(word)}" for option in ("--positive", "--negative"))


def _say(path: Path, faults: Mapping[str, Sequence[int]]) -> str:
    """Each fault once, with the lines that have it."""
    told = [f"{_at(lines)}: {fault}" for fault, lines in list(faults.items())[:_NAMED_AT_ONCE]]
    left = sum(map(len, faults.values())) - sum(map(len, list(faults.values())[:_NAMED_AT_ONCE]))
    more = f"; and {several(left, 'more line')}" if left else ""
    return f"{path}: {'; '.join(told)}{more}"


def _at(lines: Sequence[int]) -> str:
    if len(lines) == 1:
        return f"line {lines[0]}"
    named = ", ".join(map(str, lines[:_NAMED_AT_ONCE]))
    more = f" and {len(lines) - _NAMED_AT_ONCE} more" if len(lines) > _NAMED_AT_ONCE else ""
    return f"{len(lines)} lines ({named}{more})"


def write_rows(rows: Iterable[Row], path: Path, *, force: bool = True) -> None:
    """Writes rows as CSV, paths relative to its folder; mask and surface only where some row has one.

    The file appears whole or not at all. Raises OutputError, also for a path that is not UTF-8, and unless by force
    for a file that is there and says something else.
    """
    rows = list(rows)
    optional = [name for name in _OPTIONAL if any(getattr(row, name) for row in rows)]
    folder = os.path.abspath(path.parent)
    text = csv_text([*_WRITTEN, *optional], (_cells(row, folder, optional) for row in rows))
    try:
        content = text.encode()
    except UnicodeEncodeError:
        odd = [name for row in rows for name in (row.path, row.mask or "") if _is_no_text(name)]
        raise OutputError(f"cannot write {path}: {_no_text(odd)}") from None
    if not force and path.is_file() and path.read_bytes() != content:
        raise OutputError(f"another split is there already, {path}, name a new file; --force writes over it")
    write_whole(path, content)


def _no_text(names: Sequence[str]) -> str:
    """How many names are to be changed, and a few of them."""
    if len(names) == 1:
        return f"the name of {names[0]} is not UTF-8; rename it"
    more = f" and {len(names) - _NAMED_AT_ONCE} more" if len(names) > _NAMED_AT_ONCE else ""
    return f"{len(names)} names are not UTF-8: {', '.join(names[:_NAMED_AT_ONCE])}{more}; rename them"


def _is_no_text(name: str) -> bool:
    """Bytes of a name that are no UTF-8 stand in it as lone surrogates."""
    return any("\ud800" <= letter <= "\udfff" for letter in name)


def refuse_strangers(path: Path) -> None:
    """Raises OutputError when something that `write_rows` would replace is there and was not written by it."""
    if path.exists() and not path.is_file():
        raise OutputError(f"{path} is in the way and no plain file; name another")
    try:
        with open(path, "rb") as file:
            first = file.readline(_LONGEST_HEADER)
    except OSError:
        # Nothing is there, or nothing that can be read: whether it can be written is seen when it is.
        return
    columns = first.decode("utf-8", "replace").strip().split(",")
    written = (*_WRITTEN, *(name for name in columns[len(_WRITTEN) :] if name in _OPTIONAL))
    if first and tuple(columns) != written:
        raise OutputError(f"{path} is there already and is no split; name another file")


def _cells(row: Row, folder: str, optional: Sequence[str]) -> list[str]:
    cells = [_relative(row.path, folder), row.label, row.part or "", row.group]
    if "mask" in optional:
        cells.append(_relative(row.mask, folder) if row.mask else "")
    if "surface" in optional:
        cells.append(row.surface)
    return cells


def _relative(path: str, folder: str) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()
