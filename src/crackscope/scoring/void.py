"""Where a photo shows nothing: the black or white around an orthophoto, a letterbox, a frame, a round mask, a gap.

A void is black or white throughout, lies along the photo's border at least as far as it reaches, and ends abruptly.
What is clipped by light or shadow fades, and a gaping crack runs away from the border. Elsewhere it is what the file
declares to show nothing, and gaps (see `gaps.py`). A network takes a void for part of the surface and its edge for one,
so it is filled before anything is scored: inside the rectangle that bounds the surface by the surface's median colour,
outside of it by a mirror, as a photo is continued beyond its own borders.
"""

from collections.abc import Iterator
from math import isqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.scoring.gaps import gap_starts, is_gap

BLACK, WHITE = 1, 2
"""In a void, what a pixel is; 0 is surface."""
_VALUES = {BLACK: 0, WHITE: 255}

_SHORTEST_RUN_PX = 32
"""Of the outermost pixels, so many of one colour in a row make it worth while to look further."""
_LEAST_PX, _LEAST_SHARE = 1000, 0.001
"""A void has so many px, and this share of the photo."""
_TIGHT, _LOOSE = 6, 24
"""Grey values off black or white in a void, and in the rings that JPEG leaves at its edge."""
_RINGS_PX = 8
"""How far the rings reach: a block of JPEG."""
_STEP = 30
"""Grey values by which the surface differs from the void just outside its edge."""
_MARGINS_PX = (0, 1, 2, 4, 6, 8, 10, 12)
"""What may be taken off the surface along the edge, where both colours are mixed: the least beside which the picture
has so much of the step as `_FAR_PX` away."""
_SETTLED = 0.8
_DECLARED_MARGIN_PX = 2
"""At least so much, beside what the file says to show nothing: resampling has mixed the two, in whatever colours."""
_FAR_PX = 16
_LOOKED_AT, _AROUND_PX = 48, 24
"""At so many places along an edge the picture beside it is looked at, and so far around each."""
_SPECK = 0.05
"""Islands in the void smaller than this share of the largest piece of surface are no surface: a caption in a bar."""
_COARSE_PX = 4
_BAND_PX = 256
"""So many rows are filled at a time."""

Pixels = NDArray[np.uint8]


class Surface(NamedTuple):
    """A photo as it is to be seen. pixels: uint8 [h, w, 3], its void filled. void: uint8 [h, w], BLACK and WHITE where
    it had one, else 0; None where it had none, and the pixels are the very ones that were given. covered: uint8 [n, 3],
    what was there, row by row; black or white where the file says that nothing was seen."""

    pixels: Pixels
    void: Pixels | None
    covered: Pixels | None = None

    @property
    def hidden(self) -> NDArray[np.bool_] | None:
        """Where it shows nothing; None for nowhere."""
        return None if self.void is None else self.void > 0

    @property
    def bounded(self) -> Pixels:
        """The part of the pixels, a view, that holds all of the surface."""
        return self.pixels if self.void is None else self.pixels[bounds(self.void > 0)]


def surface_of(pixels: Pixels, declared: NDArray[np.bool_] | None = None, *, over: bool = False) -> Surface:
    """A photo, uint8 [h, w, 3], with its void filled: in a new array, where it has one, or in these very pixels.
    declared: bool [h, w], what its file says to show nothing. over: the pixels may be written over."""
    void = find_void(pixels, declared)
    if void is None:
        return Surface(pixels, None)
    covered = np.empty((np.count_nonzero(void), 3), np.uint8)
    for rows, part in _bands(void):
        hidden = void[rows] > 0
        covered[part] = pixels[rows][hidden]
        if declared is not None:
            # What a file stores where it shows nothing is anything at all.
            unseen, kinds = declared[rows][hidden], void[rows][hidden]
            for kind, value in _VALUES.items():
                covered[part][unseen & (kinds == kind)] = value
    filled = pixels if over else pixels.copy()
    _fill(filled, void > 0)
    return Surface(filled, void, covered)


def put_back(pixels: Pixels, void: Pixels, covered: Pixels, *, over: bool = False) -> Pixels:
    """A filled photo with what its void covered, in a new array. over: in these very pixels."""
    shown = pixels if over else pixels.copy()
    for rows, part in _bands(void):
        shown[rows][void[rows] > 0] = covered[part]
    return shown


def _bands(void: Pixels) -> Iterator[tuple[slice, slice]]:
    """Rows of a photo, and which of the pixels of its void, row by row, lie in them. A band at a time, since NumPy
    takes 16 bytes for each pixel that a mask names."""
    end = 0
    for top in range(0, len(void), _BAND_PX):
        rows = slice(top, top + _BAND_PX)
        start, end = end, end + int(np.count_nonzero(void[rows]))
        yield rows, slice(start, end)


def bounds(hidden: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Rows and columns of the smallest rectangle that holds all that is not hidden, bool [h, w], at least some."""
    rows, columns = np.flatnonzero(~hidden.all(1)), np.flatnonzero(~hidden.all(0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def find_void(pixels: Pixels, declared: NDArray[np.bool_] | None = None) -> Pixels | None:
    """The void of a photo, uint8 [h, w, 3]: uint8 [h, w], BLACK, WHITE, or 0 for surface; None where it has none, or
    nothing else.

    declared: as in `surface_of`. Where no long run of the outermost pixels is black or white, and no square within,
    nothing else is looked at.
    """
    void: Pixels | None = None
    for kind, value in _VALUES.items():
        starts = _starts(pixels, kind) + gap_starts(pixels, value)
        found = _areas(pixels, kind, starts) if starts else None
        if found is not None:
            void = np.zeros(pixels.shape[:2], np.uint8) if void is None else void
            void[found] = kind
    if void is not None:
        _drown_specks(void)
    if declared is not None and declared.any():
        void = np.zeros(pixels.shape[:2], np.uint8) if void is None else void
        _add_declared(void, pixels, declared)
    return void if void is not None and not void.all() else None


def _add_declared(void: Pixels, pixels: Pixels, declared: NDArray[np.bool_]) -> None:
    """Take what the file says to show nothing into the void, in place, as black or white as most of it is."""
    kind = BLACK if pixels[declared].mean() < 128 else WHITE
    area = declared.view(np.uint8)
    margin = max(_DECLARED_MARGIN_PX, _margin(pixels, area, kind) or 0)
    void[(_grown(area, margin) > 0) & (void == 0)] = kind


def _starts(pixels: Pixels, kind: int) -> list[tuple[int, int]]:
    """Where, x and y, long runs of black or white begin among the outermost pixels."""
    height, width = pixels.shape[:2]
    lines = (
        (pixels[0], lambda at: (at, 0)),
        (pixels[-1], lambda at: (at, height - 1)),
        (pixels[:, 0], lambda at: (0, at)),
        (pixels[:, -1], lambda at: (width - 1, at)),
    )
    found = []
    for line, place in lines:
        low, high = _range(kind, _TIGHT)
        flags = np.concatenate([[False], ((line >= low) & (line <= high)).all(1), [False]])
        ends = np.flatnonzero(flags[1:] != flags[:-1])
        found += [place(int(a)) for a, b in zip(ends[::2], ends[1::2], strict=True) if b - a >= _SHORTEST_RUN_PX]
    return found


def _range(kind: int, off: int) -> tuple[int, int]:
    return (0, off) if kind == BLACK else (255 - off, 255)


def _areas(pixels: Pixels, kind: int, starts: list[tuple[int, int]]) -> NDArray[np.bool_] | None:
    """The void of one colour, bool [h, w], what is mixed with it at its edge taken along; None for none."""
    import cv2

    alike = _within(pixels, _range(kind, _TIGHT))
    new, seen = 64, 128
    least = max(_LEAST_PX, _LEAST_SHARE * alike.size)
    void: NDArray[np.bool_] | None = None
    for start in starts:
        if alike[start[1], start[0]] != 255:
            continue
        area, _, _, (left, top, wide, high) = cv2.floodFill(alike, None, start, (new,))
        along = sum(np.count_nonzero(line == new) for line in (alike[0], alike[-1], alike[1:-1, 0], alike[1:-1, -1]))
        reach = _RINGS_PX + _FAR_PX + 1
        part = (slice(max(0, top - reach), top + high + reach), slice(max(0, left - reach), left + wide + reach))
        one = (
            _with_rings(alike[part] == new, _within(pixels[part], _range(kind, _LOOSE))) if area >= _LEAST_PX else None
        )
        around = area >= least and along >= max(wide, high)
        if one is not None and (around or is_gap(pixels[part], one, _VALUES[kind])):
            margin = _margin(pixels[part], one, kind)
            if margin is not None:
                void = np.zeros(alike.shape, np.bool_) if void is None else void
                void[part] |= _grown(one, margin).view(np.bool_)
        del one
        np.putmask(alike[part], alike[part] == new, seen)
    return void


def _within(pixels: Pixels, limits: tuple[int, int]) -> Pixels:
    """Where all three channels lie within limits, uint8, 0 or 255."""
    import cv2

    low, high = limits
    return np.asarray(cv2.inRange(pixels, (low,) * 3, (high,) * 3), np.uint8)


def _margin(pixels: Pixels, area: Pixels, kind: int) -> int | None:
    """How many px beside an area, uint8, 0 or 1, its colour still fades into the surface's; None where it has no edge,
    or one that is no step."""
    beyond = _grown(area, 1)
    beyond ^= area
    edge = np.flatnonzero(beyond)
    del beyond
    if not len(edge):
        return None
    chosen = edge[np.linspace(0, len(edge) - 1, min(len(edge), _LOOKED_AT)).astype(np.intp)]
    parts = [_profile(pixels, area, divmod(int(place), area.shape[1])) for place in chosen]
    px, grey = (np.concatenate(some) for some in zip(*parts, strict=True))
    steps = np.abs(grey - _VALUES[kind])

    def step(least: int, most: int) -> float:
        there = steps[(px > least) & (px <= most)]
        return float(np.median(there)) if len(there) else 0.0

    if step(2, 3) <= _STEP:
        return None
    whole = step(_FAR_PX - 2, _FAR_PX + 1)
    return next((px for px in _MARGINS_PX if step(px, px + 1) >= _SETTLED * whole), _MARGINS_PX[-1])


def _profile(pixels: Pixels, area: Pixels, place: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """How far from an area the px around a place, row and column, lie, and their grey values."""
    import cv2

    reach = _FAR_PX + 1
    top, left = (max(0, at - _AROUND_PX - reach) for at in place)
    window = (slice(top, place[0] + _AROUND_PX + reach), slice(left, place[1] + _AROUND_PX + reach))
    away = np.asarray(cv2.distanceTransform(1 - area[window], cv2.DIST_L2, 3), np.float32)
    rows, columns = np.nonzero((away > 0) & (away <= reach))
    near = (abs(rows + top - place[0]) <= _AROUND_PX) & (abs(columns + left - place[1]) <= _AROUND_PX)
    rows, columns = rows[near], columns[near]
    return away[rows, columns], np.asarray(pixels[window][rows, columns].mean(1), np.float64)


def _with_rings(area: NDArray[np.bool_], near: Pixels) -> Pixels:
    """An area with what is nearly of its colour close by, uint8, 0 or 1."""
    grown = _grown(area.view(np.uint8), _RINGS_PX)
    grown &= near
    grown |= area.view(np.uint8)
    return grown


def _grown(area: Pixels, by: int) -> Pixels:
    import cv2

    return np.asarray(cv2.dilate(area, np.ones((2 * by + 1, 2 * by + 1), np.uint8)), np.uint8)


def _drown_specks(void: Pixels) -> None:
    """Take small islands of surface into the void, in place, as black as they are white."""
    import cv2

    small = np.ascontiguousarray(void[::_COARSE_PX, ::_COARSE_PX] == 0).view(np.uint8)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(small, connectivity=8)
    if count <= 2:
        return
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = areas[1:].max()
    specks = _grown((areas < _SPECK * areas[0])[parts].view(np.uint8), 1)
    for row in np.flatnonzero(specks.any(1)):
        rows = void[_COARSE_PX * row : _COARSE_PX * (row + 1)]
        rows[(rows == 0) & (np.repeat(specks[row], _COARSE_PX)[: void.shape[1]] > 0)] = BLACK


def _fill(pixels: Pixels, hidden: NDArray[np.bool_]) -> None:
    """Fill the void of a photo, in place, as the top of this file says."""
    import cv2

    part = bounds(hidden)
    step = 1 + isqrt(hidden.size) // 1024
    sample = pixels[part][::step, ::step][~hidden[part][::step, ::step]]
    inside, holes = pixels[part], hidden[part]
    if len(sample) and holes.any():
        colour = np.full((_BAND_PX, inside.shape[1], 3), np.median(sample, 0).astype(np.uint8))
        for top in range(0, len(inside), _BAND_PX):
            band = inside[top : top + _BAND_PX]
            cv2.copyTo(colour[: len(band)], holes[top : top + _BAND_PX].astype(np.uint8), band)
    rows, columns = (_mirrored(one, side) for one, side in zip(part, hidden.shape, strict=True))
    beside = np.flatnonzero(columns != np.arange(len(columns)))
    if len(beside):
        for top in range(part[0].start, part[0].stop, _BAND_PX):
            band = pixels[top : min(top + _BAND_PX, part[0].stop)]
            band[:, beside] = band[:, columns[beside]]
    for row in np.flatnonzero(rows != np.arange(len(rows))):
        pixels[row] = pixels[rows[row]]


def _mirrored(part: slice, side: int) -> NDArray[np.intp]:
    """Of each place along a side of so many px, the place within the part that is seen there, mirrored at its ends."""
    return np.pad(np.arange(part.start, part.stop), (part.start, side - part.stop), mode="symmetric")
