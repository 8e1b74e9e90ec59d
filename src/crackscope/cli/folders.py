"""Where results go: folders that are new, empty or our own, never somebody else's."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from crackscope.errors import OutputError
from crackscope.files import write_whole


def fresh(folder: str | Path) -> Path:
    """Make this folder, which may exist only if it is empty; OutputError otherwise."""
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
        occupied = any(path.iterdir())
    except (FileExistsError, NotADirectoryError):
        raise OutputError(f"a file is in the way of the folder, {path}, name another one") from None
    except PermissionError:
        raise OutputError(f"not allowed to write there, {path}, name another folder") from None
    if occupied:
        raise OutputError(f"the folder is not empty, {path}, name a new one or remove it")
    return path


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[object]], path: Path) -> None:
    """Write a CSV file with a header, as a whole or not at all."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    write_whole(path, text.getvalue().encode("utf-8", "surrogateescape"))
