"""From the heatmap and the photo to the pixels of the cracks."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.evidence import CELL_PX, Floats, Level, Window, grade_tile
from crackscope.inspection.groups import Groups, group_cells
from crackscope.scoring import Heatmap

_TILE_PX = 256
_HALO_PX = 64


@dataclass(frozen=True, slots=True)
class MaskOptions:
    """How pixels become cracks.

    seed: a crack must somewhere exceed the threshold by this much, as a logit. shortest_px: what is shorter is no
    crack. slenderness: what is less than so many times as long as wide is a blob, not a crack.
    """

    seed: float = 2.0
    shortest_px: float = 16.0
    slenderness: float = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Cracks:
    """The cracks of a photo, to the pixel.

    mask: bool [h, w]. groups: what lies together within a few px, for the steps that follow.
    """

    mask: NDArray[np.bool_]
    groups: Groups

    @property
    def share(self) -> float:
        """Share of the photo's pixels that are crack."""
        return self.groups.area_px / self.mask.size


def find_cracks(
    pixels: NDArray[np.uint8], heat: Heatmap, threshold_logit: float, options: MaskOptions = MaskOptions()
) -> Cracks:
    """Find the crack pixels of a photo, uint8 [h, w, 3] RGB.

    heat: its heatmap. threshold_logit: logit from which a cell of it is crack. Only what the heatmap supports is
    looked at, in tiles of 256 px, so time and memory follow the cracks and not the photo.
    """
    height, width = pixels.shape[:2]
    grades = np.zeros((height, width), np.uint8)
    shift = float(np.log(max(1.0, heat.stride / 8)))
    level = Level(threshold_logit, options.seed, shift)
    tiles = list(_hot_tiles(heat, threshold_logit, (height, width)))
    for tile in tiles:
        part = _grade(pixels, heat, tile, level)
        grades[tile.top : tile.bottom, tile.left : tile.right] = part
    groups = group_cells(grades, tiles, options.shortest_px, options.slenderness)
    return Cracks(grades.view(np.bool_), groups)


def _hot_tiles(heat: Heatmap, threshold: float, shape: tuple[int, int]) -> Iterator[Window]:
    """The tiles that a hot cell reaches into, row by row. A cell's influence ends one cell away."""
    import cv2

    hot = cv2.dilate((heat.logits > threshold).astype(np.uint8), np.ones((3, 3), np.uint8))
    rows, columns = np.nonzero(hot)
    across = -(-shape[1] // _TILE_PX)
    first_row, last_row = rows * heat.stride // _TILE_PX, ((rows + 1) * heat.stride - 1) // _TILE_PX
    first_column, last_column = columns * heat.stride // _TILE_PX, ((columns + 1) * heat.stride - 1) // _TILE_PX
    ends = [a * across + b for a in (first_row, last_row) for b in (first_column, last_column)]
    for number in np.unique(np.concatenate(ends)):
        top, left = int(number) // across * _TILE_PX, int(number) % across * _TILE_PX
        if top < shape[0]:
            yield Window(left, top, min(left + _TILE_PX, shape[1]), min(top + _TILE_PX, shape[0]))


def _grade(pixels: NDArray[np.uint8], heat: Heatmap, tile: Window, level: Level) -> NDArray[np.uint8]:
    """Grade a tile, seen with a margin around it so that the cut does not matter."""
    import cv2

    height, width = pixels.shape[:2]
    left, top = max(0, tile.left - _HALO_PX), max(0, tile.top - _HALO_PX)
    right, bottom = min(width, tile.right + _HALO_PX), min(height, tile.bottom + _HALO_PX)
    grey = cv2.cvtColor(pixels[top:bottom, left:right], cv2.COLOR_RGB2GRAY)
    more = (-(bottom - top) % CELL_PX, -(right - left) % CELL_PX)
    grey = cv2.copyMakeBorder(grey, 0, more[0], 0, more[1], cv2.BORDER_REPLICATE).astype(np.float32)
    size = grey.shape
    fine = sampled(heat, (left, top), 1, (size[0], size[1]))
    coarse = sampled(heat, (left, top), CELL_PX, (size[0] // CELL_PX, size[1] // CELL_PX))
    grades = grade_tile(np.asarray(grey, np.float32), (fine, coarse), level)
    return grades[tile.top - top : tile.bottom - top, tile.left - left : tile.right - left]


def sampled(heat: Heatmap, corner: tuple[int, int], step: int, shape: tuple[int, int]) -> Floats:
    """Logits float32 of `shape`, linear between the cells' centres, at the centres of squares of `step` px.

    corner: x and y in px of the first square's corner.
    """
    import cv2

    scale = step / heat.stride
    offset = [((place + step / 2) / heat.stride) - 0.5 for place in corner]
    # Only the cells around are handed over: the routine takes no picture of more than 32,767 px a side.
    first = [max(0, int(np.floor(place)) - 1) for place in offset]
    last = [int(np.ceil(place + scale * count)) + 2 for place, count in zip(offset, shape[::-1], strict=True)]
    cells = np.ascontiguousarray(heat.logits[first[1] : last[1], first[0] : last[0]])
    way = np.array([[scale, 0, offset[0] - first[0]], [0, scale, offset[1] - first[1]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(cells, way, shape[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32)


def logits_at(heat: Heatmap, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logits at points [k, 2] of a photo, linear between the cells' centres."""
    rows, columns = heat.logits.shape
    x = np.clip((points[:, 0] + 0.5) / heat.stride - 0.5, 0, columns - 1)
    y = np.clip((points[:, 1] + 0.5) / heat.stride - 0.5, 0, rows - 1)
    left, top = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    right, bottom = np.minimum(left + 1, columns - 1), np.minimum(top + 1, rows - 1)
    along, down = x - left, y - top
    above = heat.logits[top, left] * (1 - along) + heat.logits[top, right] * along
    below = heat.logits[bottom, left] * (1 - along) + heat.logits[bottom, right] * along
    return np.asarray(above * (1 - down) + below * down)
