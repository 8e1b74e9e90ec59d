"""From the heatmap and the photo to the pixels of the cracks."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.centreline import Own, centre_lines, own_lines
from crackscope.inspection.evidence import CELL_PX, Level, grade_tile
from crackscope.inspection.faint_ends import Sight, followed_ends
from crackscope.inspection.gaping import between_lips, closed_around
from crackscope.inspection.groups import Groups, cells_of, group_cells, inside
from crackscope.inspection.sampling import sampled
from crackscope.inspection.skeleton import Line
from crackscope.inspection.window import Window
from crackscope.scoring import LARGE_BYTES, Heatmap, trim_heap

FINE_STRIDE = 8
"""Up to cells of so many px a map says by itself which pixels are crack; under coarser ones the grey values do."""

_TILE_PX, _HALO_PX = 256, 64
"""Side of the tiles whose pixels are graded, and what is seen around each: as far as the widest average reaches."""
_NEARLY_LOGITS = 1.0
"""What lies so little below the threshold is nearly crack. Of ten generated cracks of 75 and 90 px, in photos too small
to be looked at from afar, eight are filled so."""
_AROUND_PX = 3 * CELL_PX
"""So near to a line that is drawn a group may become part of another, since groups reach over an empty cell."""


@dataclass(frozen=True, slots=True)
class MaskOptions:
    """How pixels become cracks.

    seed: a crack must somewhere exceed the threshold by this much, as a logit. shortest_px: what is shorter is no
    crack. slenderness: what is less than so many times as long as wide is a blob, not a crack. threads: how many tiles
    are looked at at once.
    """

    seed: float = 2.0
    shortest_px: float = 16.0
    slenderness: float = 3.0
    threads: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Cracks:
    """The cracks of a photo, to the pixel.

    mask: bool [h, w]. groups: what lies together within a few px, for the steps that follow. known: the lines of groups
    that were looked for on the way, by where the group is.
    """

    mask: NDArray[np.bool_]
    groups: Groups
    known: Mapping[Window, Own] | None = None


def find_cracks(
    pixels: NDArray[np.uint8], heat: Heatmap, threshold_logit: float, options: MaskOptions = MaskOptions()
) -> Cracks:
    """Find the crack pixels of a photo, uint8 [h, w, 3] RGB.

    heat: its heatmap. threshold_logit: logit from which a cell of it is crack. Only what the heatmap supports is
    looked at, in tiles of 256 px, so time and memory follow the cracks and not the photo.
    """
    _settle(pixels)
    height, width = pixels.shape[:2]
    grades = np.zeros((height, width), np.uint8)
    level = Level(threshold_logit, options.seed, heat.stride > FINE_STRIDE)
    tiles = list(_hot_tiles(heat, threshold_logit, (height, width)))

    def grade(tile: Window) -> None:
        tile.of(grades)[...] = _grade(pixels, heat, tile, level)

    mask = grades.view(np.bool_)
    with ThreadPoolExecutor(options.threads) as pool:
        deque(pool.map(grade, tiles), maxlen=0)
        groups = group_cells(grades, tiles, options.shortest_px, options.slenderness)
        _settle(pixels)
        # Few cracks gape, so lines are looked for meanwhile, and once more where some do.
        lines = pool.submit(own_lines, mask, groups)
        nearly = _nearly(heat, threshold_logit) if groups.windows else None
        inner = pool.submit(between_lips, pixels, groups.labels > 0, nearly).result()
        owned = lines.result()
    _settle(pixels)
    # The labels are as large as a quarter of the photo: the old ones go before there are new ones, here and below.
    if inner.any():
        del groups
        tiles = _tiles_at(_strong(grades, tiles) | _filled(grades, inner), grades.shape)
        groups = group_cells(grades, tiles, options.shortest_px, options.slenderness)
        owned = own_lines(mask, groups)
    sight, windows = Sight(pixels, heat, threshold_logit, mask), groups.windows
    more = followed_ends(sight, centre_lines(owned))
    if more:
        del groups
        tiles = _tiles_at(_strong(grades, tiles) | _painted(grades, more), grades.shape)
        groups = group_cells(grades, tiles, options.shortest_px, options.slenderness)
    # No two groups have the same window: each would have to cross the other to reach all of its sides.
    same = zip(windows, owned, _near(windows, more), strict=True)
    return Cracks(mask, groups, {window: own for window, own, near in same if not near})


def _settle(pixels: NDArray[np.uint8]) -> None:
    """Hand back what a step leaves in the heap: of 100 megapixels 40 MB."""
    if pixels.nbytes >= LARGE_BYTES:
        trim_heap()


def _nearly(heat: Heatmap, threshold: float) -> NDArray[np.bool_] | None:
    """Cells that are crack or nearly so; None where those of the map are coarser than those of groups."""
    return heat.logits > threshold - _NEARLY_LOGITS if heat.stride == CELL_PX else None


def _near(windows: Sequence[Window], lines: Sequence[Line]) -> NDArray[np.bool_]:
    """In which windows a group may no longer be what it was before these lines were drawn: bool [len(windows)]."""
    first = np.array([line.min(0) for line in lines]).reshape(-1, 2) - _AROUND_PX
    last = np.array([line.max(0) for line in lines]).reshape(-1, 2) + _AROUND_PX
    near = (
        ((first < (window.right, window.bottom)) & (last > (window.left, window.top))).all(1).any()
        for window in windows
    )
    return np.fromiter(near, np.bool_, len(windows))


def _hot_tiles(heat: Heatmap, threshold: float, shape: tuple[int, int]) -> Iterator[Window]:
    """The tiles that a hot cell reaches into, row by row. A cell's influence ends one cell away."""
    import cv2

    hot = cv2.dilate((heat.logits > threshold).astype(np.uint8), np.ones((3, 3), np.uint8))
    rows, columns = np.nonzero(hot.view(np.bool_))
    across = -(-shape[1] // _TILE_PX)
    first_row, last_row = rows * heat.stride // _TILE_PX, ((rows + 1) * heat.stride - 1) // _TILE_PX
    first_column, last_column = columns * heat.stride // _TILE_PX, ((columns + 1) * heat.stride - 1) // _TILE_PX
    ends = [a * across + b for a in (first_row, last_row) for b in (first_column, last_column)]
    for number in np.unique(np.concatenate(ends)):
        top, left = int(number) // across * _TILE_PX, int(number) % across * _TILE_PX
        if top < shape[0]:
            yield _tile_at(top, left, shape)


def _tile_at(top: int, left: int, shape: tuple[int, ...]) -> Window:
    """The tile with this corner, cut at a photo of (h, w) px."""
    return Window(left, top, min(left + _TILE_PX, shape[1]), min(top + _TILE_PX, shape[0]))


def _grade(pixels: NDArray[np.uint8], heat: Heatmap, tile: Window, level: Level) -> NDArray[np.uint8]:
    """Grade a tile, seen with a margin around it so that the cut does not matter."""
    import cv2

    seen = tile.around(_HALO_PX, pixels.shape)
    grey = cv2.cvtColor(seen.of(pixels), cv2.COLOR_RGB2GRAY)
    more = (-grey.shape[0] % CELL_PX, -grey.shape[1] % CELL_PX)
    grey = cv2.copyMakeBorder(grey, 0, more[0], 0, more[1], cv2.BORDER_REPLICATE).astype(np.float32)
    size = grey.shape
    corner = (seen.left, seen.top)
    fine = sampled(heat, corner, 1, (size[0], size[1]))
    coarse = sampled(heat, corner, CELL_PX, (size[0] // CELL_PX, size[1] // CELL_PX))
    return tile.within(seen).of(grade_tile(np.asarray(grey, np.float32), (fine, coarse), level))


Corners = set[tuple[int, int]]
"""Of tiles: the top and the left of each, px."""


def _strong(grades: NDArray[np.uint8], tiles: Sequence[Window]) -> Corners:
    """Grade what was grouped, and so kept, as strong, in place; returns where the tiles are."""
    for tile in tiles:
        tile.of(grades)[...] *= 2
    return {(tile.top, tile.left) for tile in tiles}


def _tiles_at(corners: Corners, shape: tuple[int, ...]) -> list[Window]:
    return [_tile_at(top, left, shape) for top, left in sorted(corners)]


def _filled(grades: NDArray[np.uint8], inner: NDArray[np.bool_]) -> Corners:
    """Fill cells into grades as strong, in place, with the gaps between them and what is crack around them; returns
    the tiles that they lie in."""
    rows, columns = (places * CELL_PX // _TILE_PX * _TILE_PX for places in np.nonzero(inner))
    corners = set(zip(rows.tolist(), columns.tolist(), strict=True))
    for tile in _tiles_at(corners, grades.shape):
        seen = tile.around(_HALO_PX, grades.shape)
        closed = closed_around(seen.of(grades) > 0, inside(inner[cells_of(seen)], seen.of(grades).shape))
        part = tile.of(grades)
        np.maximum(part, 2 * tile.within(seen).of(closed).view(np.uint8), out=part)
    return corners


def _painted(grades: NDArray[np.uint8], lines: Sequence[Line]) -> Corners:
    """Draw lines into grades as weak, in place; returns the tiles that they may lie in."""
    import cv2

    corners: Corners = set()
    for line in lines:
        left, top = np.floor(line.min(0)).astype(int) - 2
        left, top = max(0, int(left)), max(0, int(top))
        right, bottom = (int(value) + 3 for value in np.ceil(line.max(0)))
        part = grades[top:bottom, left:right]
        drawn = np.zeros(part.shape, np.uint8)
        cv2.polylines(drawn, [np.rint(line - (left, top)).astype(np.int32)], False, 1, 1)
        np.maximum(part, drawn, out=part)
        bottom, right = top + part.shape[0], left + part.shape[1]
        corners |= {
            (row * _TILE_PX, column * _TILE_PX)
            for row in range(top // _TILE_PX, -(-bottom // _TILE_PX))
            for column in range(left // _TILE_PX, -(-right // _TILE_PX))
        }
    return corners
