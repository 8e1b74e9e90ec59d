"""Records as JSON that every reader takes, tables as CSV, and names in them that are no UTF-8.

A file name need not be UTF-8, JSON must be, and a CSV file that is not is refused as a whole by many readers. In both,
each byte of a name that is no UTF-8 stands as `\\udc` and the byte's two hexadecimal digits, as text (a backslash, four
letters and digits more); `original` maps that back.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

Kind = TypeVar("Kind")

_SPELT = re.compile(r"\\udc([89a-f][0-9a-f])")


def encode_json(record: object) -> bytes:
    """Any record (struct, dataclass, dict) as UTF-8 JSON, indented by two, with a final newline."""
    import msgspec

    return msgspec.json.format(_encoded(record), indent=2) + b"\n"


def encode_line(record: object) -> bytes:
    """Any record (struct, dataclass, dict) as one line of UTF-8 JSON, with its line break."""
    return _encoded(record) + b"\n"


def encode_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A table with a header as UTF-8 CSV."""
    return csv_text(columns, rows).encode("utf-8", "backslashreplace")


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table with a header as CSV, lines ended by a line feed, in which any text comes back as it was."""
    lines = _Lines()
    writer = csv.writer(lines)
    writer.writerow(columns)
    writer.writerows(rows)
    # Only the letters of the line end are quoted: by a line feed alone, a carriage return in a name would not be.
    return "".join(f"{line.removesuffix(writer.dialect.lineterminator)}\n" for line in lines)


class _Lines(list[str]):
    """What a `csv.writer` writes, line by line."""

    def write(self, line: str) -> None:
        self.append(line)


def encode_list(head: bytes, records: Iterable[object], tail: bytes) -> Iterator[bytes]:
    """JSON with a long list in it, in pieces: what stands before its first record, the records, what stands behind."""
    yield head
    for place, record in enumerate(records):
        yield b"," * bool(place) + _encoded(record)
    yield tail


def decode_json(data: bytes | str, kind: type[Kind]) -> Kind:
    """A record of a kind out of JSON; kind may be Any.

    Raises msgspec.DecodeError for anything else, bytes that are no UTF-8 and lists nested without end among it.
    """
    import msgspec

    try:
        return msgspec.json.decode(data, type=kind)
    except UnicodeError as error:
        raise msgspec.DecodeError(f"it is no UTF-8: {error}") from None
    except RecursionError:
        raise msgspec.DecodeError("it is nested too deeply") from None


def _encoded(record: object) -> bytes:
    import msgspec

    try:
        return msgspec.json.encode(record)
    except UnicodeEncodeError:
        return msgspec.json.encode(speakable(record))


def speakable(record: object) -> Any:
    """A record as plain dicts, lists and values, every text in it such that UTF-8 can hold it."""
    import msgspec

    return _speakable(msgspec.to_builtins(record))


def _speakable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, Mapping):
        return {_speakable(key): _speakable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_speakable(one) for one in value]
    return value


def originals(value: Any) -> Any:
    """What JSON decodes to, with every text in it, keys too, as `original` gives it: the way back from `speakable`."""
    if isinstance(value, str):
        return original(value)
    if isinstance(value, Mapping):
        return {originals(key): originals(one) for key, one in value.items()}
    if isinstance(value, list):
        return [originals(one) for one in value]
    return value


def original(text: str) -> str:
    """The file name, as `open` takes it, that stands in JSON or CSV as `text`."""
    return _SPELT.sub(lambda found: chr(0xDC00 | int(found[1], 16)), text)


def western(content: bytes) -> str:
    """Text in Windows' Western letters (cp1252), in which spreadsheets and editors there save what is not to be UTF-8;
    "" where some bytes are none of these."""
    try:
        return "" if b"\0" in content else content.decode("cp1252")
    except UnicodeDecodeError:
        return ""
