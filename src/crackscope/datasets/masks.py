"""Which files of a tree are masks, and of which pictures."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from crackscope.datasets.words import Layout, label_of, may_be_picture, plain
from crackscope.images import masked_by, natural

IMAGE_FOLDERS: Final = frozenset({"image", "images"})
MASK_FOLDERS: Final = frozenset({"mask", "masks"})


class Masks(NamedTuple):
    """of: a picture's path to that of its mask. files: masks that lie among pictures. unused: masks in folders of
    masks that belong to no picture, in natural order."""

    of: dict[str, str]
    files: frozenset[str]
    unused: tuple[str, ...]


def find_masks(walked: Mapping[str, Sequence[str]], mask_folders: Sequence[str], layout: Layout) -> Masks:
    """The masks of what lies in a tree: names of pictures, masks among them, by folder, and the folders of masks.

    `NAME_mask` beside a picture NAME is its mask, and no picture. In `masks/` beside `images/`, and beside or within
    a class folder, a mask has the stem of its picture, or that and `_mask`. One beside the class folders whose stem
    both a cracked and a sound picture have is that of the cracked one.
    """
    of: dict[str, str] = {}
    files: set[str] = set()
    cracked = _cracked_stems(walked, layout)
    for folder, names in walked.items():
        stems = {_stem(name) for name in names}
        beside = {name: stem for name in names if (stem := masked_by(_stem(name))) is not None and stem in stems}
        own = {stem: os.path.join(folder, name) for name, stem in beside.items()}
        files.update(os.path.join(folder, name) for name in beside)
        masks = _masks_for(Path(folder), layout, cracked) | own
        for name in names:
            mask = masks.get(_stem(name))
            if name not in beside and mask is not None:
                of[os.path.join(folder, name)] = mask
    used = set(of.values())
    unused = [mask for folder in mask_folders for mask in _below(folder) if mask not in used]
    return Masks(of, frozenset(files), tuple(sorted(unused, key=natural)))


def _stem(name: str) -> str:
    return Path(name).stem.casefold()


def _cracked_stems(walked: Mapping[str, Sequence[str]], layout: Layout) -> dict[Path, set[str]]:
    """The stems in the cracked classes of each folder of class folders."""
    stems: dict[Path, set[str]] = {}
    for folder, names in walked.items():
        if label_of(Path(folder).name, layout) == "crack":
            stems.setdefault(Path(folder).parent, set()).update(map(_stem, names))
    return stems


def _masks_for(folder: Path, layout: Layout, cracked: Mapping[Path, set[str]]) -> dict[str, str]:
    """Masks in folders of masks, by the stem of their picture, for a folder of pictures that may have some."""
    if plain(folder.name) in IMAGE_FOLDERS:
        return _masks_in(folder.parent) or {}
    label = label_of(folder.name, layout)
    if label is None:
        return {}
    within = _masks_in(folder)
    if within is not None:
        return within
    others = cracked.get(folder.parent, set()) if label == "sound" else set()
    return {stem: mask for stem, mask in (_masks_in(folder.parent) or {}).items() if stem not in others}


def _masks_in(folder: Path) -> dict[str, str] | None:
    for other in sorted(folder.iterdir()):
        if plain(other.name) in MASK_FOLDERS and other.is_dir():
            masks = sorted(mask for mask in other.iterdir() if may_be_picture(mask.name) and mask.is_file())
            exact = {_stem(mask.name): str(mask) for mask in masks}
            return {stem: str(mask) for mask in masks if (stem := masked_by(_stem(mask.name)))} | exact
    return None


def _below(folder: str) -> list[str]:
    return [os.path.join(here, name) for here, _, names in os.walk(folder) for name in names if may_be_picture(name)]
