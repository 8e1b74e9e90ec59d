"""What a file declares to show nothing: what is transparent, and a value that stands where nothing was seen (nodata).

The surface may have such a value, too: 0 is nodata beside an orthophoto, and the deepest shadow in a crack. What was
not seen was cut out of the picture, which beside that edge is as it is farther off; into shadow it fades.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crackscope.images.header import Meaning

_OPAQUE = 128
"""Alpha from which on a pixel is seen: more of it is the picture's than the paper's."""
_LEAST_PX = 100
"""Smaller areas of a value that the surface may have as well are taken for surface."""
_MOST_AREAS = 1000
"""So many areas are looked at, the largest first."""
_FAR_PX, _AROUND_PX = 6, 8
"""How far from an area the picture is compared with itself, and how far along its edge."""
_CUT_OUT = 0.45
"""Of the step to the surface the pixels beside what was cut out have half or more, since resampling may have mixed
them; beside clipped shadow, in a photo blurred by 0.7 px, most have .38 at most."""


def parsed(text: str) -> float | None:
    """The value that GDAL's tag names, which may be nan; None where it names none."""
    try:
        return float(text)
    except ValueError:
        return None


def is_nothing(values: NDArray[Any], nodata: float) -> NDArray[np.bool_]:
    """Where stored values, of any shape and type, stand for nothing."""
    if math.isnan(nodata):
        return np.asarray(np.isnan(values), np.bool_)
    with np.errstate(over="ignore"):
        return np.asarray(values == (values.dtype.type(nodata) if values.dtype.kind == "f" else nodata), np.bool_)


def hidden_in(
    image: Image.Image, shown: Image.Image, meaning: Meaning, mask: Image.Image | None
) -> NDArray[np.bool_] | None:
    """Where a picture shows nothing, bool [h, w]; None for nowhere.

    image: as decoded; shown: the same as mode "L" or "RGB". mask: of the file, not 0 where there is something to see.
    """
    masked = None if mask is None else np.asarray(mask) == 0
    parts = (_transparent(image, meaning), _without_data(image, shown, meaning), masked)
    hidden: NDArray[np.bool_] | None = None
    for part in parts:
        if part is not None and part.any():
            hidden = part if hidden is None else hidden | part
    return hidden


def clear_in(alpha: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where an alpha band lets nothing be seen."""
    return np.asarray(alpha < _OPAQUE)


def _transparent(image: Image.Image, meaning: Meaning) -> NDArray[np.bool_] | None:
    key, bands = meaning.transparency, image.getbands()
    if bands[-1] in "Aa" and len(bands) > 1:
        return clear_in(np.asarray(image.getchannel(len(bands) - 1)))
    if key is None:
        return None
    if image.mode == "P":
        bare = image.copy()
        bare.info = {"transparency": key}
        return clear_in(np.asarray(bare.convert("RGBA").getchannel("A")))
    return keyed_in(image, key)


def keyed_in(image: Image.Image, key: bytes | int | tuple[int, ...]) -> NDArray[np.bool_]:
    """Where an image without a palette has the one value or colour that is transparent."""
    values = np.asarray(image.convert("L") if image.mode == "1" else image)
    return np.asarray(values == key if values.ndim == 2 else (values == np.asarray(key)).all(2))


def _without_data(image: Image.Image, shown: Image.Image, meaning: Meaning) -> NDArray[np.bool_] | None:
    nodata = meaning.nodata
    if nodata is None:
        return None
    values = np.asarray(image)
    if values.ndim == 2 and image.mode not in ("1", "P"):
        empty = is_nothing(values, nodata)
        beyond = math.isnan(nodata) or not 0 <= nodata <= _white(values, empty, meaning)
        return empty if beyond else _cut_out(np.asarray(shown), empty)
    if image.mode == "RGB":
        return _cut_out(np.asarray(shown), np.asarray(is_nothing(values, nodata).all(2)))
    return None


def _white(values: NDArray[Any], empty: NDArray[np.bool_], meaning: Meaning) -> float:
    """The largest value that the surface may have, in values [h, w] of which these are empty."""
    if values.dtype.kind == "f":
        return 1.0 if values.max(initial=0, where=~empty) <= 1 else 255.0
    return meaning.top or math.inf


def _cut_out(shown: NDArray[np.uint8], empty: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The areas of one value in a picture, uint8 [h, w] or [h, w, 3], that were cut out of it."""
    import cv2

    count, parts, stats, _ = cv2.connectedComponentsWithStats(empty.view(np.uint8), connectivity=8)
    sizes = stats[1:, cv2.CC_STAT_AREA]
    kept = np.zeros(count, np.bool_)
    for number in 1 + np.argsort(-sizes)[:_MOST_AREAS]:
        left, top, wide, high, size = stats[number]
        if size < _LEAST_PX:
            break
        reach = _FAR_PX + 1
        box = slice(max(0, top - reach), top + high + reach), slice(max(0, left - reach), left + wide + reach)
        kept[number] = np.median(edge_steps(shown[box], parts[box] == number)) >= _CUT_OUT
    return np.asarray(kept[parts], np.bool_)


def edge_steps(shown: NDArray[np.uint8], area: NDArray[np.bool_]) -> NDArray[np.float32]:
    """At each place along the edge of an area, bool [h, w], of one colour, how much of the step to what lies farther
    off the pixels right beside it have: 1 where it was cut out, less where it fades. 1 alone for one without an edge.

    shown: uint8 [h, w] or [h, w, 3], with some px around the area.
    """
    import cv2

    grey = shown.astype(np.float32) if shown.ndim == 2 else shown.mean(2, dtype=np.float32)
    step = np.abs(grey - grey[area].mean())
    inside = area.view(np.uint8)
    grown = {px: cv2.dilate(inside, np.ones((2 * px + 1, 2 * px + 1), np.uint8)) for px in (1, 3, _FAR_PX)}
    edge = grown[1] > inside

    def along(ring: NDArray[np.bool_]) -> NDArray[np.float32]:
        """The mean step on the pixels of a ring that lie near each pixel of the edge; nan where there are none."""
        window, there = (2 * _AROUND_PX + 1, 2 * _AROUND_PX + 1), ring.astype(np.float32)
        sums, counts = (cv2.boxFilter(a, -1, window, normalize=False)[edge] for a in (there * step, there))
        return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0.5)

    shares = along(edge) / np.maximum(along(grown[_FAR_PX] > grown[3]), 1e-3)
    known = np.isfinite(shares)
    return np.asarray(shares[known] if known.any() else [1], np.float32)
