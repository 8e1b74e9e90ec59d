"""From which photos patches were cut, as the tables say that `suggest` leaves with them."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from unicodedata import normalize

import msgspec

from crackscope.datasets.folders import SUGGESTIONS, UNSORTED
from crackscope.datasets.found import Found
from crackscope.datasets.surveying import short_names
from crackscope.datasets.tables import first_cells, lines_of, rows_of, text_of
from crackscope.encoding import original
from crackscope.errors import DatasetError, printable
from crackscope.files import read_table
from crackscope.images import one_spelling

_FOLDERS: Final = 3
"""So many folders above a patch may hold the table of what was suggested."""
_WANTED: Final = ("patch", "photo")
_OURS: Final = frozenset({*_WANTED, "doubt"})
_HEAD: Final = 4096
_LOST: Final = frozenset("?\N{REPLACEMENT CHARACTER}")
"""What spreadsheets write for letters that they cannot; no patch that `suggest` names has them."""
_SAYS: Final = "so it does not say which patches are of one photo"
_SAVE: Final = "save it as CSV in UTF-8, its names as `suggest` wrote them"


def by_photo(found: Found) -> Found:
    """The same, with the photo of each patch as its group, unless it has one."""
    photos = photos_of([entry.path for entry in found.entries])
    if not any(photos):
        return found
    named = sorted(set(photos) - {""})
    # Below what they share, so that a split says the same wherever the photos lay, and in signs that a CSV can hold.
    groups = {"": ""} | {photo: printable(name) for photo, name in zip(named, short_names(named), strict=True)}
    entries = (
        msgspec.structs.replace(entry, group=entry.group or groups[photo])
        for entry, photo in zip(found.entries, photos, strict=True)
    )
    return msgspec.structs.replace(found, entries=tuple(entries), photos=len(named))


def photos_of(paths: Sequence[str]) -> list[str]:
    """The photo that each patch was cut from, as the table of `suggest` in a folder above it says; "" for others.

    Raises DatasetError for a table that cannot be read as `suggest` wrote it."""
    tables: dict[Path, dict[str, str]] = {}
    photos: list[str] = []
    for path in (Path(path).absolute() for path in paths):
        above = path.parents[:_FOLDERS]
        for folder in above:
            if folder not in tables:
                tables[folder] = _suggested_in(folder)
        name = normalize("NFC", path.name)  # Some systems give back names with their accents taken apart.
        photos.append(next((photo for folder in above if (photo := tables[folder].get(name))), ""))
    return photos


def _suggested_in(folder: Path) -> dict[str, str]:
    """Photos by the names of their patches, of the table that `suggest` left in a folder; none where there is none.

    Raises DatasetError for one that a spreadsheet saved so that it cannot be read: without it each patch would count
    by itself, without a word.
    """
    path = folder / SUGGESTIONS
    try:
        content = read_table(path)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return {}
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror}), {_SAYS}; check its rights") from error
    if not _is_ours(content):
        return {}
    lines = lines_of(_text(path, content)) or [""]
    header = [cell.strip().casefold() for cell in first_cells(path, lines)]
    if lacking := [name for name in _WANTED if name not in header]:
        wanted = " and ".join(lacking)
        raise DatasetError(f"{path}: line 1: no column {wanted}, {_SAYS}; call the columns as `suggest` does")
    photos = {}
    for line, cells in rows_of(path, lines):
        row = dict(zip(header, cells, strict=False))
        patch, photo = (row.get(name, "") for name in _WANTED)
        if _LOST & set(patch):
            raise DatasetError(f"{path}: line {line}: {printable(patch)} has lost letters, {_SAYS}; {_SAVE}")
        if patch and photo:
            photos[normalize("NFC", Path(patch).name)] = one_spelling(original(photo))
    return photos


def _is_ours(content: bytes) -> bool:
    """Whether a table of this name was written by `suggest`, whatever became of it, and is nobody else's; an empty one
    says of nobody that it is his."""
    first = content[:_HEAD].replace(b"\0", b"").strip().partition(b"\n")[0].decode("latin-1").casefold()
    return not first or f"{UNSORTED}/" in first or len(_OURS & set(re.findall(r"\w+", first))) > 1


def _text(path: Path, content: bytes) -> str:
    """Spreadsheets save text with a mark of its encoding in front, or in that of their system, which nobody knows."""
    try:
        text = text_of(content)
        at = text.find("\0")
    except UnicodeDecodeError as error:
        at = error.start
    if at >= 0:
        raise DatasetError(f"{path}: not UTF-8 text (byte {at}), {_SAYS}; {_SAVE}")
    return text
