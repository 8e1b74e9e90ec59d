"""The pictures of a report: the photo, a small one, its heatmap, and the one with marks."""

import os
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crackscope import images
from crackscope.bundles import logistic
from crackscope.errors import ImageError, OutputError
from crackscope.files import make_folder, write_whole
from crackscope.records import Inspected, Unread
from crackscope.reports.inspection_facts import InspectionFacts
from crackscope.reports.inspection_names import picture_names, possible_names
from crackscope.reports.overlays import draw_overlay

PHOTOS, SMALL, OVERLAYS, HEAT = "photos", "thumbs", "overlays", "heat"
SMALL_SIDE = 960
"""Longest side of a small picture, px: sharp on a page of two columns and on a phone."""
_SMALL_QUALITY = 80
_SHOWN_AS_THEY_ARE = ("RGB", "L")
_HOT = np.array([235, 60, 20], np.float32)
_WARM = np.array([255, 200, 60], np.float32)
_STRONGEST = 0.75
_STEPS = 16
"""Paints for each logit: from -8 on, where nothing is seen, to 8, where nothing more is."""

Pixels = NDArray[np.uint8]


@cache
def _paints() -> Pixels:
    """From the paint for a logit of -128 / _STEPS to that for 127 / _STEPS: uint8 [256, 4]."""
    probability = logistic(np.arange(-128, 128) / _STEPS)[:, None]
    # Few levels make a small file; nobody sees more of them.
    alpha = np.round(probability * 16) / 16 * _STRONGEST * 255
    paints = np.concatenate([_WARM + (_HOT - _WARM) * probability, alpha], axis=1).astype(np.uint8)
    paints[paints[:, 3] == 0] = 0
    return paints


def write_photo(
    pixels: Pixels,
    source: images.Source,
    folder: str | Path,
    name: str,
    heat: tuple[NDArray[np.float32], int] | None = None,
) -> None:
    """Write photos/NAME.jpg, thumbs/NAME.jpg and, where a heatmap is given, heat/NAME.png into a report's folder.

    pixels: uint8 [h, w, 3], upright. source: an upright JPEG is copied as it is, anything else becomes a JPEG that
    keeps its EXIF block. heat: crack logits float32 [rows, columns] and their stride in px. Raises OutputError.
    """
    home = Path(folder)
    for part in (PHOTOS, SMALL, *((HEAT,) if heat else ())):
        make_folder(home / part)
    target = home / PHOTOS / f"{name}.jpg"
    if not (isinstance(source, str | Path) and _copied(Path(source), target)):
        images.write_like(pixels, target, source)
    images.write_jpeg(images.shrunk(pixels, SMALL_SIDE), home / SMALL / f"{name}.jpg", _SMALL_QUALITY)
    if heat is not None:
        height, width = pixels.shape[:2]
        images.write_png(heat_picture(*heat, (width, height)), home / HEAT / f"{name}.png")


def _copied(source: Path, target: Path) -> bool:
    """Copy a file that every browser shows upright as it is; False for others, and for what can no longer be read."""
    try:
        header = images.read_header(source)
        if header.format != "JPEG" or header.orientation != 1 or header.mode not in _SHOWN_AS_THEY_ARE:
            return False
        content = images.read_file(os.fspath(source))
    except ImageError:
        return False
    write_whole(target, content)
    return True


def heat_picture(logits: NDArray[np.float32], stride: int, size: tuple[int, int]) -> Pixels:
    """A heatmap as a picture to lay over a photo of `size` (width, height): uint8 [rows, columns, 4].

    Yellow to red, and transparent where the network sees no crack. It is the network's own map: what is drawn as even
    odds, where masks begin, may be calibrated to a smaller probability.
    """
    import cv2

    rows, columns = logits.shape
    width, height = size
    # The last row and column of cells may reach over the edge of the photo; the picture shall not.
    across, down = width / (columns * stride), height / (rows * stride)
    turn = np.array([[across, 0, (across - 1) / 2], [0, down, (down - 1) / 2]])
    inverse = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
    fitted: Any = cv2.warpAffine(logits, turn, (columns, rows), flags=inverse, borderMode=cv2.BORDER_REPLICATE)
    # In place: of 100 megapixels each array takes 25 MB.
    fitted *= np.float32(_STEPS)
    np.rint(fitted, out=fitted)
    fitted += 128
    level = np.clip(fitted, 0, 255, out=fitted).astype(np.uint8)
    del fitted
    picture: Pixels = _paints()[level]
    return picture


def complete_pictures(
    folder: Path, photos: Sequence[Inspected | Unread], names: Mapping[str, str], facts: InspectionFacts
) -> dict[str, set[str]]:
    """Write the pictures that are not there yet from the photos themselves, and say which are there, by kind.

    A photo that can no longer be read stays without. Raises OutputError.
    """
    there = {part: _names_in(folder / part) for part in (PHOTOS, SMALL, OVERLAYS, HEAT)}
    for photo in photos:
        if isinstance(photo, Unread):
            continue
        name = names[photo.path]
        missing = [part for part in (PHOTOS, SMALL, OVERLAYS) if name not in there[part]]
        if not missing:
            continue
        try:
            pixels = images.read(photo.path).pixels
        except ImageError:
            continue
        if PHOTOS in missing or SMALL in missing:
            write_photo(pixels, photo.path, folder, name)
        if OVERLAYS in missing:
            draw_overlay(pixels, photo, None, photo.path, folder / OVERLAYS / f"{name}.jpg", facts)
        for part in missing:
            there[part].add(name)
    return there


def remove_pictures(folder: str | Path, shown: Collection[str], others: Collection[str]) -> set[str]:
    """Remove from a report's folder the pictures of photos that it does not show.

    shown: paths of the photos whose pictures stay. others: paths of all that may have had pictures there. A file that
    is itself one of these photos stays, too. Returns the paths of those that had pictures. Raises
    OutputError.
    """
    home, paths = Path(folder), {*shown, *others}
    names = picture_names(sorted(paths))
    kept = {names[path] for path in shown}
    gone = {name for path in paths for name in possible_names(path)} - kept
    originals = {os.path.realpath(path) for path in paths}
    removed: set[str] = set()
    for part, suffix in ((PHOTOS, ".jpg"), (SMALL, ".jpg"), (OVERLAYS, ".jpg"), (HEAT, ".png")):
        for name in sorted(gone & _names_in(home / part)):
            picture = home / part / f"{name}{suffix}"
            if os.path.realpath(picture) in originals:
                continue
            try:
                picture.unlink(missing_ok=True)
            except OSError as error:
                raise OutputError(f"cannot remove {picture}: {error.strerror or error}; check its rights") from None
            removed.add(name)
    return {path for path in paths if names[path] in removed}


def _names_in(folder: Path) -> set[str]:
    try:
        return {entry.name.rpartition(".")[0] for entry in os.scandir(folder)}
    except OSError:
        return set()
