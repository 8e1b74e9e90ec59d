"""Tables as text: in which letters, lines and cells they are written."""

import csv
import io
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from crackscope.errors import DatasetError

UNCLOSED: Final = 'a quote (") is not closed, close it or leave it out'


def text_of(content: bytes) -> str:
    """The text of a table in UTF-8 or, where its mark stands in front, in UTF-16, as spreadsheets save it for all
    letters. Raises UnicodeDecodeError."""
    return content.decode("utf-16" if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig")


def lines_of(text: str) -> list[str]:
    """The lines of a table with their ends, which stand in cells, too; signs that end lines elsewhere do not here."""
    return io.StringIO(text, newline="").readlines()


def delimiter_of(lines: Sequence[str]) -> str:
    """What stands between the cells of a table, by its first line: a comma, a semicolon or a tab."""
    return max(",;\t", key=lines[0].count)


def first_cells(path: Path, lines: Sequence[str]) -> list[str]:
    """The cells of a table's first line. Raises DatasetError, which names the file by `path`."""
    try:
        return next(csv.reader(lines[:1], delimiter=delimiter_of(lines)))
    except csv.Error as error:
        raise DatasetError(f"{path}: line 1: not readable as CSV ({error}), write it anew") from error


def rows_of(path: Path, lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """The rows of a table below its header that are not empty, each with the line on which it begins. Raises
    DatasetError, which names the file by `path`."""
    reader = csv.reader(lines, delimiter=delimiter_of(lines), strict=True)
    begins = 1
    try:
        for cells in reader:
            if begins > 1 and any(cell.strip() for cell in cells):
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as error:
        unclosed = reader.line_num > begins or "end of data" in str(error)
        fault = UNCLOSED if unclosed else f"not readable as CSV ({error}), write it anew"
        raise DatasetError(f"{path}: line {begins}: {fault}") from error
