"""From which photos patches were cut, as the tables say that `suggest` leaves with them."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from unicodedata import normalize

import msgspec

from crackscope.datasets.folders import SUGGESTIONS
from crackscope.datasets.found import Found
from crackscope.datasets.manifest import delimiter_of
from crackscope.datasets.surveying import short_names
from crackscope.errors import printable
from crackscope.files import original, read_table
from crackscope.images import one_spelling

_FOLDERS: Final = 3
"""So many folders above a patch may hold the table of what was suggested."""


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
    """The photo that each patch was cut from, as the table of `suggest` in a folder above it says; "" for others."""
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
    """Photos by the names of their patches, of the table that `suggest` left in a folder; none where there is none."""
    try:
        # Spreadsheets save it with semicolons, where decimals have commas.
        lines = read_table(folder / SUGGESTIONS).decode("utf-8-sig").splitlines() or [""]
        return {
            normalize("NFC", Path(cells["patch"]).name): one_spelling(original(cells["photo"]))
            for cells in csv.DictReader(lines, delimiter=delimiter_of(lines))
            if cells.get("patch") and cells.get("photo")
        }
    except (OSError, UnicodeDecodeError, csv.Error):
        return {}
