"""Finds labelled pictures in a tree of folders: by classes, parts, masks and surfaces, nested in any order."""

import os
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Final

from crackscope.datasets.found import Entry, Found, Kind
from crackscope.datasets.words import Layout, label_of, part_of, plain, surface_of
from crackscope.errors import DatasetError
from crackscope.images import natural
from crackscope.records import Label, Part

_IMAGE_FOLDERS: Final = frozenset({"image", "images"})
UNSORTED, CONTACT_SHEET, SUGGESTIONS = "unsorted", "contact-sheet.jpg", "suggestions.csv"
"""What `suggest` leaves in a folder beside the classes; where its table lies, the other two are nobody's data."""
_UNSORTED_BEFORE = "to-label"
"""What UNSORTED was called once: such folders are about."""
_MASK_FOLDERS: Final = frozenset({"mask", "masks"})


def find_in_folder(root: Path, layout: Layout) -> Found:
    """Everything under `root` that is a picture, with what the names of its folders say of it.

    The nearest folder with a label's name labels; the outermost with a part's name is the part; what is left of the
    way is the surface. `images/` with `masks/` beside it: the mask of the same stem belongs to the picture, and
    labels it when no folder does. So it does to a picture of a cracked class with `masks/` beside or within it; a
    sound one of that stem is another. No picture in a folder of masks is one of the data. Raises DatasetError when
    the folder cannot be listed, and for suggestions that nobody has sorted yet.
    """
    entries: list[Entry] = []
    unlabelled: Counter[str] = Counter()
    for folder, pictures in _walk(root):
        way = PurePosixPath(Path(folder).relative_to(root).as_posix()).parts
        masks = _masks_for(Path(folder), layout)
        facts = _read_way(way, layout)
        for picture in pictures:
            mask = masks.get(Path(picture).stem.casefold()) if masks is not None else None
            if facts.label is None and mask is None:
                unlabelled["/".join(way) or "."] += 1
                continue
            path = os.path.join(folder, picture)
            entries.append(Entry(path=path, label=facts.label, part=facts.part, mask=mask, surface=facts.surface))
    if not entries and not unlabelled and (root / SUGGESTIONS).is_file():
        raise DatasetError(
            f"{root}: none of the patches that were suggested is sorted yet; move them from {UNSORTED}/ "
            "into crack/ and sound/, or give the JSON that Label Studio exports of them"
        )
    entries.sort(key=lambda entry: natural(entry.path))
    return Found(root=str(root), kind=_kind(entries), entries=tuple(entries), unlabelled=dict(unlabelled))


class _Facts:
    def __init__(self, label: Label | None, part: Part | None, surface: str) -> None:
        self.label, self.part, self.surface = label, part, surface


def _read_way(way: tuple[str, ...], layout: Layout) -> _Facts:
    label: Label | None = None
    part: Part | None = None
    letters, rest = "", []
    for name in way:
        here = label_of(name, layout)
        if here is not None:
            label, letters = here, surface_of(name) or letters
        elif part_of(name) is not None:
            part = part or part_of(name)
        elif plain(name) not in _IMAGE_FOLDERS:
            rest.append(name)
    return _Facts(label, part, letters or "/".join(rest))


def _kind(entries: list[Entry]) -> Kind:
    if any(entry.part for entry in entries):
        return "train/val/test tree"
    if entries and all(entry.label is None for entry in entries):
        return "pictures with masks"
    return "class folders"


def _walk(root: Path) -> list[tuple[str, list[str]]]:
    def stop(error: OSError) -> None:
        raise DatasetError(f"{error.filename}: cannot be listed ({error.strerror}); check the rights") from error

    found: list[tuple[str, list[str]]] = []
    been: set[str] = set()
    for folder, folders, files in os.walk(root, onerror=stop, followlinks=True):
        real = os.path.realpath(folder)
        if real in been:
            folders.clear()
            continue
        been.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and plain(name) not in _MASK_FOLDERS)
        pictures = [name for name in files if _may_be_picture(name)]
        if SUGGESTIONS in files:
            folders[:] = [name for name in folders if name not in (UNSORTED, _UNSORTED_BEFORE)]
            pictures = [name for name in pictures if name != CONTACT_SHEET]
        if pictures:
            found.append((folder, sorted(pictures)))
    return found


def _may_be_picture(name: str) -> bool:
    from crackscope.images import FOREIGN_SUFFIXES, PICTURE_SUFFIXES

    return not name.startswith(".") and Path(name).suffix.casefold() in {*PICTURE_SUFFIXES, *FOREIGN_SUFFIXES}


def _masks_for(folder: Path, layout: Layout) -> dict[str, str] | None:
    """Masks by stem, for a folder of pictures that may have some; else None."""
    if plain(folder.name) in _IMAGE_FOLDERS:
        return _masks_in(folder.parent)
    if label_of(folder.name, layout) != "crack":
        return None
    within = _masks_in(folder)
    return _masks_in(folder.parent) if within is None else within


def _masks_in(folder: Path) -> dict[str, str] | None:
    for other in sorted(folder.iterdir()):
        if plain(other.name) in _MASK_FOLDERS and other.is_dir():
            masks = sorted(mask for mask in other.iterdir() if _may_be_picture(mask.name) and mask.is_file())
            return {mask.stem.casefold(): str(mask) for mask in masks}
    return None
