"""The scale of each photo from a CSV that the user wrote."""

import csv
import io
import math
import os
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

from crackscope.arguments import PATH, PATHS, refuse_wrong
from crackscope.encoding import original, western
from crackscope.errors import InspectionError
from crackscope.files import read_table
from crackscope.inspection.scaling import MOST

_PATH, _SCALE, _ERROR = "path", "mm_per_px", "relative_error"
_PHOTO = "photo"
"""What findings.csv calls a path: its columns may be handed back as they are."""
_SEPARATORS = ",;\t"
_GUARDED = re.compile(r"'[=+\-@\t\r]")
_BEYOND = "beyond the last line"
_OPEN_QUOTE = 'a quote (") is not closed, close it or leave it out'
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+")
_THOUSANDS = re.compile(r"[+-]?(?!0)\d{1,3},\d{3}")
"""What may be read either way: 1,500 is 1.5 with a decimal comma, and 1500 with one between thousands."""


class ScaleTable(NamedTuple):
    """scales: mm per px and its relative error by photo. others: names in rows that are for none of the photos, those
    at which no file lies first: one of them may be misspelt. rows: how many there are in all."""

    scales: dict[str, tuple[float, float]]
    others: tuple[str, ...]
    rows: int


def read_scale_table(file: str | Path, photos: Sequence[str]) -> ScaleTable:
    """mm per px, and its relative error (0 where not given), by the paths of `photos` that the CSV knows.

    Columns: path (or photo), mm_per_px and, if wanted, relative_error (a share: 0.02 is 2 %), in any order, with
    commas, semicolons or tabs between them, in UTF-8, or UTF-16 with its mark; numbers with a decimal point or comma. A
    comma that may part thousands is refused, but where semicolons between the columns or another number (0,25) tell
    that commas are decimal. A name that is no UTF-8 and no photo's is read in Windows' Western letters (cp1252), which
    spreadsheets save plain CSV in there. A path is relative to the CSV; where nothing lies there, it is the end of the
    path of exactly one of the photos, or of one but for capitals. Backslashes part folders where no file is called so.
    It may be spelt as findings.csv spells it. Rows of other photos are passed over: the table may be of a whole survey.
    Raises InspectionError, with the line, for a file that is no such CSV or has no row of any of the photos, a photo
    that is named twice or may be several, and a number that is not above 0.
    """
    refuse_wrong(file=(file, PATH), photos=(photos, PATHS))
    wanted: dict[str, list[str]] = {}
    called: dict[str, list[str]] = {}
    for photo in photos:
        wanted.setdefault(_true(photo), []).append(photo)
        called.setdefault(_small([Path(photo).name])[0], []).append(photo)
    table: dict[str, tuple[float, float]] = {}
    seen: dict[str, int] = {}
    others: dict[str, int] = {}
    for line, row in _rows(Path(file)):
        where = f"{file}, line {line}"
        name = _spelt(row.get(_PATH, "").strip(), Path(file).parent)
        true = _located(name, Path(file).parent, called, where)
        if true in seen:
            raise InspectionError(f"{where}: {name} stands in line {seen[true]} too, leave one of them")
        seen[true] = line
        values = (_above_zero(row.get(_SCALE, ""), _SCALE, where), _share(row.get(_ERROR, ""), where))
        table |= dict.fromkeys(wanted.get(true, ()), values)
        if true not in wanted:
            others[name] = line
    passed = sorted(others, key=lambda name: os.path.isfile(Path(file).parent / name))
    if not table:
        first = passed[0]
        mend = "check it" if _is_text(first) else "which is no UTF-8: save it as CSV UTF-8"
        raise InspectionError(f"{file}: no row is for any of the photos, line {others[first]} is for {first}, {mend}")
    return ScaleTable(table, tuple(passed), len(seen))


def _rows(file: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        lines = io.StringIO(_text(file), newline="").readlines()
        separator = max(_SEPARATORS, key=(lines or [""])[0].count)
        _refuse_open_quote(file, lines, separator)
        reader = csv.reader(lines, delimiter=separator)
        columns = [_column(name) for name in next(reader, [])]
        if not {_PATH, _SCALE} <= set(columns):
            raise InspectionError(f"{file}: the first line must name the columns {_PATH},{_SCALE}")
        if len(set(columns)) < len(columns):
            raise InspectionError(f"{file}: a column stands twice in the first line, leave one of them")
        rows = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
        if not rows:
            raise InspectionError(f"{file}: there are no rows below the header, write one for each photo")
    except OSError as error:
        raise InspectionError(f"{file}: cannot be read ({error.strerror}), check the name of the scale table") from None
    except csv.Error as error:
        raise InspectionError(f"{file}: is no CSV file ({error}), write it anew with commas between columns") from None
    for line, cells in rows:
        if len(cells) > len(columns):
            if any("\n" in cell for cell in cells):
                raise InspectionError(f"{file}, line {line} or before: {_OPEN_QUOTE}")
            comma = "; decimal commas want semicolons between the columns" if separator == "," else ""
            raise InspectionError(f"{file}, line {line}: {len(cells)} cells for {len(columns)} columns{comma}")
    named = [(line, dict(zip(columns, cells, strict=False))) for line, cells in rows]
    if separator != ";":
        _refuse_doubtful_commas(file, named)
    return named


def _refuse_doubtful_commas(file: Path, rows: Sequence[tuple[int, dict[str, str]]]) -> None:
    scales = [(line, row.get(_SCALE, "").strip()) for line, row in rows]
    doubtful = [(line, scale) for line, scale in scales if _THOUSANDS.fullmatch(scale)]
    decimal = any(_DECIMAL_COMMA.fullmatch(scale) and not _THOUSANDS.fullmatch(scale) for _, scale in scales)
    if doubtful and not decimal:
        line, scale = doubtful[0]
        either = f"{float(scale.replace(',', '.')):g} or {scale.replace(',', '')}"
        raise InspectionError(
            f"{file}, line {line}: {_SCALE} is {scale}, which may be {either}; write it without a comma"
        )


def _refuse_open_quote(file: Path, lines: Sequence[str], separator: str) -> None:
    """Raise InspectionError where a quote swallows all lines to the end: a line put behind them then is no row."""
    reader = csv.reader([*lines, _BEYOND], delimiter=separator)
    begins = 1
    for cells in reader:
        if reader.line_num > len(lines) and cells != [_BEYOND]:
            raise InspectionError(f"{file}, line {begins}: {_OPEN_QUOTE}")
        begins = reader.line_num + 1


def _text(file: Path) -> str:
    content = read_table(file)
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError:
            raise InspectionError(f"{file}: is no CSV file in UTF-16, save it as CSV UTF-8") from None
    if b"\0" in content:
        raise InspectionError(f"{file}: is no CSV file in UTF-8 (zero bytes in it), save it as CSV UTF-8")
    return content.decode("utf-8-sig", "surrogateescape")


def _column(name: str) -> str:
    plain = name.strip().casefold()
    return _PATH if plain == _PHOTO else plain


def _spelt(name: str, folder: Path) -> str:
    """A name without what findings.csv puts into it: the spelling of odd bytes, and an apostrophe before a formula."""
    plain = original(name)
    return plain[1:] if _GUARDED.match(plain) and not os.path.lexists(folder / plain) else plain


def _located(name: str, folder: Path, called: dict[str, list[str]], where: str) -> str:
    """The true path of a picture that a row names, or where it would lie. called: the photos by the last part of their
    paths, as `_small` has it."""
    if not name:
        raise InspectionError(f"{where}: the path is missing")
    spelt = list(dict.fromkeys(one for read in _readings(name) for one in (read, read.replace("\\", "/"))))
    for one in spelt:
        if os.path.isfile(folder / one):
            return _true(folder / one)
    matching = next(filter(None, (_ending(Path(one).parts, called) for one in spelt)), [])
    if len(matching) == 1:
        return _true(matching[0])
    if "\n" in name:
        raise InspectionError(f"{where} or before: {_OPEN_QUOTE}")
    if matching:
        raise InspectionError(f"{where}: {name}: several photos end so, write more of the path")
    return _true(folder / name)


def _ending(parts: Sequence[str], called: dict[str, list[str]]) -> list[str]:
    """The photos whose paths end so; if there is none, those that do but for capitals and for how accents are stored:
    tables are written on systems that take these for the same."""
    near = called.get(_small(parts[-1:])[0], ()) if parts else ()
    ends = {photo: Path(photo).parts[-len(parts) :] for photo in near}
    return [photo for photo, end in ends.items() if end == tuple(parts)] or [
        photo for photo, end in ends.items() if _small(end) == _small(parts)
    ]


def _small(parts: Sequence[str]) -> list[str]:
    """In small letters, each accent in one with its letter."""
    return [normalize("NFC", part.casefold()) for part in parts]


def _readings(name: str) -> list[str]:
    """The name, and where it is no text, what its bytes are in Windows' Western letters."""
    if _is_text(name):
        return [name]
    return [name, *filter(None, [western(name.encode("utf-8", "surrogateescape"))])]


def _is_text(name: str) -> bool:
    """Whether none of it was a byte that is no UTF-8."""
    return not any("\udc80" <= letter <= "\udcff" for letter in name)


def _above_zero(text: str, column: str, where: str) -> float:
    number, said = _number(text), _in_one_line(text)
    if not (math.isfinite(number) and number > 0):
        raise InspectionError(f"{where}: {column} is {said or 'missing'}, it must be a number above 0, as 0.25")
    if not 1 / MOST < number < MOST:
        raise InspectionError(f"{where}: {column} cannot be {said}, check the number and its unit")
    return number


def _share(text: str, where: str) -> float:
    if not text.strip():
        return 0.0
    number = _number(text)
    if not 0 <= number < 1:
        raise InspectionError(
            f"{where}: {_ERROR} is {_in_one_line(text)}, it must be a share from 0 to below 1, as 0.02 for 2 %"
        )
    return number


def _number(text: str) -> float:
    """NaN for what is none: underscores, which Python's numbers may have, are no part of what a person writes."""
    plain = text.strip().replace("_", "?")
    try:
        return float(plain.replace(",", ".") if _DECIMAL_COMMA.fullmatch(plain) else plain)
    except ValueError:
        return math.nan


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


def _true(path: str | Path) -> str:
    return os.path.realpath(path)
