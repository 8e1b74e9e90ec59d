"""Cracks so wide that the network sees their two edges and no crack between them.

Its map lights up along each lip of what gapes by 50 px and more, and the dark between them looks to it like a surface
of its own. What lies between is crack where it is as dark as the lips say, and lips run along most of its border: a
shadow or a stain beside a crack has its other sides elsewhere.
"""

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.evidence import CELL_PX
from crackscope.inspection.window import Window, window_around

Cells = NDArray[np.bool_]

MOST_PX = 240
"""What is wider is a gap or a window, no crack."""
_LEAST_PX = 20
"""Whether narrower dark parts are crack is left to what graded their pixels."""
_LIPS = 0.6
"""Share of the border that lips run along: .66 to 1.0 of generated cracks of 60 to 100 px, up to .55 of what is dark
between cracks on photos and generated surfaces, torn edges of mortar apart."""
_ENCLOSED = 0.95
"""The same of what is too small to gape by itself: a dark hole in a crack, which lips enclose."""
_AS_DARK = 0.8
"""Share of the darkness of what encloses a hole that it has at least, to be crack and no stone."""
_LEAST_HOLE_PX = 8
"""Side of a square as large as the smallest of them: around what is smaller, cells say little of a thin crack."""
_LEAST_SHADE = 8.0
"""Grey levels that what lies in a crack is darker than the surface at least."""
_SLENDERNESS = 3.5
"""Somewhat more than a crack must have to be kept, so that none is lost by being filled."""
_NEAR_CELLS = 12
"""Deviation of the Gaussian by which what lips say of darkness reaches into the dark, in cells."""
_REACH_CELLS = 4 * _NEAR_CELLS
"""As far as OpenCV lets a Gaussian of floats reach."""
_BAND_CELLS = 512
"""So many rows of cells are held against their lips at a time: of 100 megapixels all cells take 25 MB as floats, and
there are five arrays of them."""
_LEAST_WEIGHT = 1e-3
"""Where they weigh less they say nothing."""
_BESIDE_CELLS = 7
"""Side of the square around a cell between lips in which faint lips belong to it."""
_GAP_PX = 25
"""Between lips and what lies between them some px are neither."""


def between_lips(pixels: NDArray[np.uint8], found: Cells, nearly: Cells | None = None) -> Cells:
    """The cells [ceil(h / 4), ceil(w / 4)] of a photo, uint8 [h, w, 3], that lie in a gaping crack, but not `found`.

    found: where crack was found, in the same cells. nearly: where it nearly was; what of it hangs together with what
    was found is lip, too, and filled with what lies between.
    """
    inner = _between(pixels, found, holes=True)
    if nearly is None:
        return inner
    lips = _with_faint(found, nearly)
    more = _between(pixels, lips, holes=False)
    # Where lips that were found say enough, faint ones only roughen what they enclose.
    more = _apart(more | (lips & ~found & _around(more)), inner) if more.any() else more
    return np.asarray(inner | more)


def _apart(cells: Cells, known: Cells) -> Cells:
    """The parts of these cells that touch none of the known ones."""
    import cv2

    parts = np.asarray(cv2.connectedComponents((cells | known).view(np.uint8), connectivity=8)[1])
    touched = np.zeros(int(parts.max()) + 1, np.bool_)
    touched[parts[known]] = True
    return np.asarray(cells & ~touched[parts])


def _between(pixels: NDArray[np.uint8], lips: Cells, holes: bool) -> Cells:
    """holes: fill, too, what is too small to gape by itself."""
    import cv2

    inner = np.zeros_like(lips)
    if not lips.any():
        return inner
    window = window_around(lips).around(MOST_PX // CELL_PX, lips.shape)
    beside = window.of(lips)
    # Lips are half crack, half surface.
    dark, nearly_dark = _dark(_shade(pixels, window), beside)
    if holes:
        window.of(inner)[...] = _enclosed(nearly_dark, beside)
    del nearly_dark
    _, parts, facts, _ = cv2.connectedComponentsWithStats(dark.view(np.uint8), connectivity=4)
    large = facts[:, cv2.CC_STAT_AREA] * CELL_PX**2 >= _LEAST_PX**2
    large[0] = False
    for number in np.flatnonzero(large).tolist():
        left, top, wide, high, _area = facts[number].tolist()
        place = Window(left, top, left + wide, top + high).around(2, dark.shape)
        part = place.of(parts) == number
        if _gapes(part, place.of(beside)):
            place.of(window.of(inner))[part] = True
    del dark, parts
    return _in_slender(lips, inner) if inner.any() else inner


def _dark(shade: NDArray[np.uint8], lips: Cells) -> tuple[Cells, Cells]:
    """Which cells beside lips are plainly dark, and as dark as the lips around them, and which nearly so."""
    import cv2

    dark, nearly = np.zeros_like(lips), np.zeros_like(lips)
    for top in range(0, len(lips), _BAND_CELLS):
        first = max(0, top - _REACH_CELLS)
        seen, rows = slice(first, top + _BAND_CELLS + _REACH_CELLS), slice(top, top + _BAND_CELLS)
        kept = slice(top - first, top - first + _BAND_CELLS)
        near = lips[seen].astype(np.float32)
        weight = cv2.GaussianBlur(near, (0, 0), _NEAR_CELLS)[kept]
        usual = cv2.GaussianBlur(shade[seen] * near, (0, 0), _NEAR_CELLS)[kept]
        plain = (shade[rows] > _LEAST_SHADE) & (weight > _LEAST_WEIGHT) & ~lips[rows]
        weight *= shade[rows]
        dark[rows], nearly[rows] = (weight > usual) & plain, (weight > _AS_DARK * usual) & plain
    return dark, nearly


def _around(inner: Cells) -> Cells:
    import cv2

    return np.asarray(cv2.dilate(inner.astype(np.uint8), np.ones((_BESIDE_CELLS, _BESIDE_CELLS), np.uint8)) > 0)


def _with_faint(found: Cells, nearly: Cells) -> Cells:
    """Lips, which fade in and out along a broad dark gap: what was found, and what is nearly crack and touches it."""
    import cv2

    parts = np.asarray(cv2.connectedComponents((found | nearly).view(np.uint8), connectivity=8)[1])
    kept = np.zeros(int(parts.max()) + 1, np.bool_)
    kept[parts[found]] = True
    return np.asarray(kept[parts])


def closed_around(crack: Cells, inner: Cells) -> Cells:
    """What lies in a gaping crack and the gaps between it and its lips, in px: bool [h, w].

    crack: pixels that were found. inner: what lies between the lips, to the cell.
    """
    import cv2

    whole = (crack | inner).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_GAP_PX, _GAP_PX))
    near = cv2.dilate(inner.astype(np.uint8), disc) > 0
    return np.asarray((cv2.morphologyEx(whole, cv2.MORPH_CLOSE, disc) > 0) & near | inner)


def _in_slender(lips: Cells, inner: Cells) -> Cells:
    """Of what lies between lips that which makes a slender whole with them: a crack, and no dark square with edges."""
    import cv2

    whole = lips | inner
    joined = cv2.dilate(whole.view(np.uint8), np.ones((3, 3), np.uint8))
    count, parts, facts, _ = cv2.connectedComponentsWithStats(joined, connectivity=4)
    kept = inner.copy()
    for number in range(1, count):
        left, top, wide, high, _area = (int(fact) for fact in facts[number])
        place = Window(left, top, left + wide, top + high)
        mine = place.of(parts) == number
        if (place.of(inner) & mine).any() and not _slender(place.of(whole) & mine):
            place.of(kept)[mine] = False
    return kept


def _slender(cells: Cells) -> bool:
    """Whether cells are longer than wide, by their second moments, as `groups.py` will ask of their pixels."""
    import cv2

    moments = cv2.moments(cells.astype(np.uint8), binaryImage=True)
    xx, yy, xy = (moments[name] / moments["m00"] for name in ("mu20", "mu02", "mu11"))
    largest = (xx + yy) / 2 + np.hypot((xx - yy) / 2, xy)
    return bool(12 * largest >= _SLENDERNESS * moments["m00"])


def _shade(pixels: NDArray[np.uint8], window: Window) -> NDArray[np.uint8]:
    """How much darker than the surface around each cell of a window is, in grey levels."""
    import cv2

    size = (window.right - window.left, window.bottom - window.top)
    there = pixels[window.top * CELL_PX : window.bottom * CELL_PX, window.left * CELL_PX : window.right * CELL_PX]
    grey = cv2.cvtColor(cv2.resize(there, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    side = MOST_PX // CELL_PX + 1
    surface = cv2.morphologyEx(grey, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    return np.asarray(cv2.subtract(surface, grey), np.uint8)


def _enclosed(dark: Cells, lips: Cells) -> Cells:
    """Which dark parts lips enclose, those apart that are too small for a hole."""
    import cv2

    count, labels, facts, _ = cv2.connectedComponentsWithStats(dark.view(np.uint8), connectivity=4)
    parts = np.asarray(labels, np.int32)
    own, along = np.pad(dark, 1), np.pad(lips, 1)
    steps, led = np.zeros(count), np.zeros(count)
    for down, right in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        beside = (slice(1 + down, own.shape[0] - 1 + down), slice(1 + right, own.shape[1] - 1 + right))
        # Where parts touch they are one: each ends where the dark does.
        out = dark & ~own[beside]
        steps += np.bincount(parts[out], minlength=count)
        led += np.bincount(parts[out], along[beside][out], count)
    area_px = facts[:, cv2.CC_STAT_AREA] * CELL_PX**2
    holes = (led >= _ENCLOSED * steps) & (area_px >= _LEAST_HOLE_PX**2)
    holes[0] = False
    return np.asarray(holes[parts], np.bool_)


def _gapes(part: Cells, lips: Cells) -> bool:
    """Whether lips run along the border of a dark part, and it is as wide as a gaping crack."""
    import cv2

    # Where it ends at the photo's border there is no lip.
    part, lips = np.pad(part, 1), np.pad(lips, 1)
    widest = 2 * float(cv2.distanceTransform(part.astype(np.uint8), cv2.DIST_L2, 5).max()) * CELL_PX
    border = (cv2.dilate(part.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0) & ~part
    along = cv2.dilate(lips.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return _LEAST_PX <= widest <= MOST_PX and bool(along[border].mean() >= _LIPS)
