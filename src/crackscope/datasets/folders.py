"""Finds labelled pictures in a tree of folders: by classes, parts, masks and surfaces, nested in any order."""

import os
from collections import Counter
from pathlib import Path, PurePosixPath

from crackscope.datasets.found import Entry, Found, Kind
from crackscope.datasets.masks import IMAGE_FOLDERS, MASK_FOLDERS, find_masks
from crackscope.datasets.words import Layout, label_of, may_be_picture, part_of, plain, surface_of
from crackscope.errors import DatasetError
from crackscope.images import natural
from crackscope.records import Label, Part

UNSORTED, CONTACT_SHEET, SUGGESTIONS = "unsorted", "contact-sheet.jpg", "suggestions.csv"
"""What `suggest` leaves in a folder beside the classes; where its table lies, the other two are nobody's data."""
_UNSORTED_BEFORE = "to-label"
"""What UNSORTED was called once: such folders are about."""


def find_in_folder(root: Path, layout: Layout) -> Found:
    """Everything under `root` that is a picture, with what the names of its folders say of it.

    The nearest folder with a label's name labels; the outermost with a part's name is the part; what is left of the
    way is the surface. Masks belong to pictures as `find_masks` has it, and label those that no folder does; none is a
    picture of the data. Raises DatasetError when the folder cannot be listed, and for suggestions that nobody has
    sorted yet.
    """
    entries: list[Entry] = []
    unlabelled: Counter[str] = Counter()
    walked, mask_folders = _walk(root)
    masks = find_masks(walked, mask_folders, layout)
    for folder, pictures in walked.items():
        way = PurePosixPath(Path(folder).relative_to(root).as_posix()).parts
        facts = _read_way(way, layout)
        for path in (os.path.join(folder, picture) for picture in pictures):
            if path in masks.files:
                continue
            mask = masks.of.get(path)
            if facts.label is None and mask is None:
                unlabelled["/".join(way) or "."] += 1
                continue
            entries.append(Entry(path=path, label=facts.label, part=facts.part, mask=mask, surface=facts.surface))
    if not entries and not unlabelled and (root / SUGGESTIONS).is_file():
        raise DatasetError(
            f"{root}: none of the patches that were suggested is sorted yet; move them from {UNSORTED}/ "
            "into crack/ and sound/, or give the JSON that Label Studio exports of them"
        )
    entries.sort(key=lambda entry: natural(entry.path))
    return Found(
        root=str(root),
        kind=_kind(entries),
        entries=tuple(entries),
        unlabelled=dict(unlabelled),
        unused_masks=masks.unused,
    )


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
        elif plain(name) not in IMAGE_FOLDERS:
            rest.append(name)
    return _Facts(label, part, letters or "/".join(rest))


def _kind(entries: list[Entry]) -> Kind:
    if any(entry.part for entry in entries):
        return "train/val/test tree"
    if entries and all(entry.label is None for entry in entries):
        return "pictures with masks"
    return "class folders"


def _walk(root: Path) -> tuple[dict[str, list[str]], list[str]]:
    """The names of what may be pictures by their folder, and the folders of masks."""

    def stop(error: OSError) -> None:
        raise DatasetError(f"{error.filename}: cannot be listed ({error.strerror}); check the rights") from error

    found: dict[str, list[str]] = {}
    mask_folders: list[str] = []
    been: set[str] = set()
    for folder, folders, files in os.walk(root, onerror=stop, followlinks=True):
        real = os.path.realpath(folder)
        if real in been:
            folders.clear()
            continue
        been.add(real)
        mask_folders += [os.path.join(folder, name) for name in folders if plain(name) in MASK_FOLDERS]
        folders[:] = sorted(name for name in folders if not name.startswith(".") and plain(name) not in MASK_FOLDERS)
        pictures = [name for name in files if may_be_picture(name)]
        if SUGGESTIONS in files:
            folders[:] = [name for name in folders if name not in (UNSORTED, _UNSORTED_BEFORE)]
            pictures = [name for name in pictures if name != CONTACT_SHEET]
        if pictures:
            found[folder] = sorted(pictures)
    return found, mask_folders
