"""What is known of each photo, line by line, in a file that any kill leaves readable.

The first line says what all lines hang on: the options and the bundle. Each other line is one photo, with the size
and the time of its file and its row of the scale table, and is on the disk before the next photo is begun; or says that
the table of findings is to have decimal commas, or what the report is called. A line that a kill tore is cut off when
the work goes on.
"""

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import TypeVar, overload

import msgspec

from crackscope.drafts import lock
from crackscope.encoding import decode_json
from crackscope.errors import InspectionError, OutputError
from crackscope.inspection.terms import Terms, differences
from crackscope.records import Inspected, Unread

JOURNAL = "inspection.jsonl"
Result = Inspected | Unread
Stamp = tuple[int, int]
Row = tuple[float, float]
Kind = TypeVar("Kind")
_PASSING = ("missing", "denied", "too-large")
"""Kinds of failure that may pass without the file changing: it may be allowed, or the limit of its size raised."""
_FIRST = b'{"journal":'
_WITH_COMMAS = b'{"decimal_comma":true}\n'
_TITLE = b'{"title":'


class _Name(msgspec.Struct, frozen=True, kw_only=True):
    """path: the photo. stamp: bytes and modification time in ns of its file, None where it is to be tried again. row:
    what the scale table said of it, mm per px and the relative error; None where it said nothing."""

    path: str
    stamp: Stamp | None
    row: Row | None = None


class _Line(_Name, frozen=True, kw_only=True):
    found: Inspected | None = None
    unread: Unread | None = None


class _Titled(msgspec.Struct, frozen=True, kw_only=True):
    title: str


class Journal:
    """The journal in a folder, held by this process alone while it is open.

    table: the scale table, mm per px and its relative error by photo. It is none of the terms, since photos come and go
    between two calls: a photo whose own row has changed counts as not done.
    Raises InspectionError where another process holds it or it hangs on other terms, OutputError where it cannot be
    written: what it held before is kept then.
    """

    def __init__(self, folder: Path, terms: Terms, table: Mapping[str, Row] | None = None) -> None:
        self.path = folder / JOURNAL
        self.terms = terms
        self._table = table or {}
        self._where: dict[str, tuple[int, int]] = {}
        self._known: dict[str, tuple[Stamp | None, Row | None]] = {}
        self._end = 0
        self.decimal_comma = False
        self.title = ""
        try:
            # Unbuffered: what a full disk refuses must not be waiting in a buffer when the file is closed.
            self._file = open(self.path, "a+b", buffering=0)  # noqa: SIM115  (closed by __exit__)
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written ({error.strerror}), check the folder's rights") from None
        try:
            _hold(self._file, self.path)
            self._read(terms)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._where)

    @staticmethod
    def named_in(folder: str | Path) -> tuple[str, ...]:
        """Every photo that the journal in a folder names, be it held or not; none where there is no journal."""
        try:
            with open(Path(folder) / JOURNAL, "rb") as file:
                return tuple(dict.fromkeys(entry.path for line in file if (entry := _entry(line)) is not None))
        except (OSError, ValueError):
            return ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Every photo that is written down, in the order in which each first was; some may be gone."""
        return tuple(self._where)

    def knows(self, path: str) -> bool:
        """Whether this photo is done, as its file and its scale now are. One that was not there or not allowed is tried
        again."""
        stamp, row = self._known.get(path, (None, None))
        return stamp is not None and (stamp, row) == (stamp_of(path), self._table.get(path))

    def add(self, path: str, stamp: Stamp | None, result: Result) -> None:
        """Write down one photo; it is on the disk when this returns."""
        found = result if isinstance(result, Inspected) else None
        unread = result if isinstance(result, Unread) else None
        if unread is not None and unread.error.kind in _PASSING:
            stamp = None
        line = _Line(path=path, stamp=stamp, row=self._table.get(path), found=found, unread=unread)
        self._append(_encode(line), line)

    def keep_decimal_comma(self) -> None:
        """Write down that the table of findings has decimal commas, as `decimal_comma` says from now on, in each call
        that goes on, too."""
        if not self.decimal_comma:
            self._append(_WITH_COMMAS)
            self.decimal_comma = True

    def keep_title(self, title: str) -> None:
        """Write down what the report is called, as `title` says from now on, in each call that goes on, too."""
        if title != self.title:
            self._append(_encode(_Titled(title=title)))
            self.title = title

    def result(self, path: str) -> Result:
        """What is known of this photo; KeyError where nothing is."""
        begin, end = self._where[path]
        with open(self.path, "rb") as file:
            file.seek(begin)
            line = _decode(file.read(end - begin), _Line)
        result = line.found or line.unread
        if result is None:
            raise InspectionError(f"{self.path}: the line of {path} is empty, inspect into a new folder")
        return result

    def _read(self, terms: Terms) -> None:
        with open(self.path, "rb") as file:
            for number, line in enumerate(file):
                if number == 0 and line[: len(_FIRST)] != _FIRST[: len(line)]:
                    raise InspectionError(f"{self.path}: is no journal of an inspection, name another folder")
                if not line.endswith(b"\n"):
                    break
                if number == 0:
                    self._check(line, terms)
                else:
                    self._note(line, self._end)
                self._end += len(line)
        self._file.truncate(self._end)
        if self._end == 0:
            self._append(_encode(terms))

    def _check(self, line: bytes, terms: Terms) -> None:
        try:
            before = _decode(line, Terms)
        except msgspec.MsgspecError:
            raise InspectionError(f"{self.path}: is no journal of an inspection, name another folder") from None
        now = msgspec.structs.replace(_decode(_encode(terms), Terms), begun=before.begun)
        if before == now:
            self.terms = before
            return
        changed = ", ".join(differences(before, now))
        raise InspectionError(
            f"{self.path.parent}: was begun with another {changed}; call it as then or name another folder"
        )

    def _note(self, line: bytes, begin: int) -> None:
        entry = _entry(line)
        if entry is not None:
            self._remember(entry, begin, begin + len(line))
        elif line == _WITH_COMMAS:
            self.decimal_comma = True
        elif line.startswith(_TITLE):
            with contextlib.suppress(msgspec.MsgspecError):
                self.title = _decode(line, _Titled).title

    def _remember(self, entry: _Name, begin: int, end: int) -> None:
        self._where[entry.path] = (begin, end)
        self._known[entry.path] = (entry.stamp, entry.row)

    def _append(self, line: bytes, entry: _Name | None = None) -> None:
        try:
            written = 0
            while written < len(line):
                written += self._file.write(line[written:]) or 0
            os.fsync(self._file.fileno())
        except OSError as error:
            with contextlib.suppress(OSError):
                self._file.truncate(self._end)
            raise OutputError(
                f"{self.path}: cannot be written ({error.strerror}), make room and go on with --resume"
            ) from error
        if entry is not None:
            self._remember(entry, self._end, self._end + len(line))
        self._end += len(line)


class Findings(Sequence[Result]):
    """The results of these photos, in this order, read from the journal one at a time: thousands take no memory.

    paths: of the photos.
    """

    def __init__(self, journal: Journal, paths: Sequence[str]) -> None:
        self._journal = journal
        self.paths = tuple(paths)

    def __len__(self) -> int:
        return len(self.paths)

    @overload
    def __getitem__(self, index: int) -> Result: ...
    @overload
    def __getitem__(self, index: slice) -> "Findings": ...
    def __getitem__(self, index: int | slice) -> "Result | Findings":
        """One result, or some of them, still unread."""
        if isinstance(index, slice):
            return Findings(self._journal, self.paths[index])
        return self._journal.result(self.paths[index])


def stamp_of(path: str) -> Stamp | None:
    """Bytes and modification time of a file; None where there is none."""
    try:
        facts = os.stat(path)
    except (OSError, ValueError):
        return None
    return facts.st_size, facts.st_mtime_ns


def refuse_held(folder: Path) -> None:
    """Raises InspectionError where another process is inspecting into this folder."""
    path = folder / JOURNAL
    try:
        file = open(path, "r+b", buffering=0)  # noqa: SIM115  (closed below: only opening it may fail in silence)
    except OSError:
        return
    with file:
        _hold(file, path)


def _hold(file: FileIO, path: Path) -> None:
    """Keep other processes out for as long as this one lives."""
    if lock(file.fileno()) is False:
        raise InspectionError(f"{path.parent}: another process is inspecting into it, wait for it or stop it")


def _entry(line: bytes) -> _Name | None:
    """What a line says; None where it says nothing, and its photo is done again."""
    try:
        return _decode(line, _Name)
    except msgspec.MsgspecError:
        return None


def _encode(record: Terms | _Line | _Titled) -> bytes:
    try:
        return msgspec.json.encode(record) + b"\n"
    except UnicodeEncodeError:
        # A file name that is no UTF-8 is written with lone surrogates, which only Python's own JSON takes and gives.
        return json.dumps(msgspec.to_builtins(record)).encode("ascii") + b"\n"


def _decode(line: bytes, kind: type[Kind]) -> Kind:
    try:
        return decode_json(line, kind)
    except msgspec.DecodeError:
        try:
            return msgspec.convert(json.loads(line), kind)
        except (ValueError, RecursionError) as error:
            raise msgspec.DecodeError(str(error)) from None
