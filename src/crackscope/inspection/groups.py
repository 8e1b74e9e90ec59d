"""Crack pixels that lie together: what is kept, and where it is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.evidence import CELL_PX
from crackscope.inspection.window import Window

_BAND_PX = 256 * CELL_PX
"""So many rows are looked at at a time, where cells are laid over pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """What lies together within a few px.

    labels: int32 [ceil(h / 4), ceil(w / 4)], the group of each cell of 4 px, from 1 on; 0 none. windows: where each
    group is, in px.
    """

    labels: NDArray[np.int32]
    windows: tuple[Window, ...]


def group_cells(grades: NDArray[np.uint8], tiles: Sequence[Window], shortest_px: float, slenderness: float) -> Groups:
    """Group graded pixels, and drop in place the groups that are weak, short or not slender.

    grades: uint8 [h, w], 0 sound, 1 weak, 2 strong; what is kept becomes 1. tiles: where grades may be set; they lie
    on the grid of the cells. Cells belong together when they touch, or when one empty cell lies between them.
    """
    height, width = grades.shape
    best = np.zeros((-(-height // CELL_PX), -(-width // CELL_PX)), np.uint8)
    area = np.zeros(best.shape, np.uint8)
    for tile in tiles:
        place = cells_of(tile)
        best[place], area[place] = _largest(tile.of(grades))
    cells, label, count = _labelled(best)
    weighed = _Cells(*cells, label, best[cells], area[cells])
    kept = _kept(weighed, count, (shortest_px, slenderness), best.shape)
    order = np.zeros(count, np.int32)
    order[kept] = np.arange(1, len(kept) + 1)
    labels = np.zeros(best.shape, np.int32)
    labels[cells] = order[label]
    for tile in tiles:
        part = tile.of(grades)
        np.multiply(part > 0, inside(labels[cells_of(tile)] > 0, part.shape), out=part, casting="unsafe")
    return Groups(labels, _windows(cells, order[label], len(kept), (height, width)))


class _Cells(NamedTuple):
    """Cells with a graded pixel, [n] each: where they are, what they belong to, their largest grade, and how many of
    their pixels are graded."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    label: NDArray[np.int32]
    best: NDArray[np.uint8]
    area: NDArray[np.uint8]


_Places = tuple[NDArray[np.intp], NDArray[np.intp]]


def _labelled(best: NDArray[np.uint8]) -> tuple[_Places, NDArray[np.int32], int]:
    """The rows and columns of the cells [h, w] that are not 0, row by row, what each belongs to, and the number of
    labels, 0 for none among them."""
    import cv2

    found = cv2.findNonZero(best)
    if found is None:
        return (np.zeros(0, np.intp), np.zeros(0, np.intp)), np.zeros(0, np.int32), 1
    columns, rows = found.reshape(-1, 2).T.astype(np.intp)
    # Most of most photos is empty: only around what is not is anything labelled.
    top, left = max(0, int(rows.min()) - 1), max(0, int(columns.min()) - 1)
    part = best[top : int(rows.max()) + 2, left : int(columns.max()) + 2]
    joined = cv2.dilate((part > 0).astype(np.uint8), np.ones((3, 3), np.uint8))
    count, labels = cv2.connectedComponents(joined, connectivity=4)
    return (rows, columns), np.asarray(labels, np.int32)[rows - top, columns - left], count


def inside(cells: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Cells to the pixels [h, w] that they cover, from a corner of cells on."""
    import cv2

    size = (cells.shape[1] * CELL_PX, cells.shape[0] * CELL_PX)
    wide = cv2.resize(cells.view(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    return wide[: shape[0], : shape[1]].view(np.bool_)


def pixels_of(mask: NDArray[np.bool_], groups: Groups, numbers: Iterable[int]) -> NDArray[np.bool_]:
    """The pixels of a photo's mask, bool [h, w], that belong to these groups."""
    kept = np.zeros(len(groups.windows) + 1, np.bool_)
    kept[list(numbers)] = True
    found = np.empty_like(mask)
    for top in range(0, len(mask), _BAND_PX):
        part = mask[top : top + _BAND_PX]
        cells = groups.labels[top // CELL_PX : (top + _BAND_PX) // CELL_PX]
        np.logical_and(part, inside(kept[cells], part.shape), out=found[top : top + _BAND_PX])
    return found


def cells_of(window: Window) -> tuple[slice, slice]:
    """Rows and columns of the cells that a window reaches into."""
    return (
        slice(window.top // CELL_PX, -(-window.bottom // CELL_PX)),
        slice(window.left // CELL_PX, -(-window.right // CELL_PX)),
    )


def _largest(part: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The largest grade in each cell, and how many pixels of it are graded."""
    height, width = part.shape
    padded = np.zeros((-(-height // CELL_PX) * CELL_PX, -(-width // CELL_PX) * CELL_PX), np.uint8)
    padded[:height, :width] = part
    return _over_cells(padded, np.maximum), _over_cells((padded > 0).astype(np.uint8), np.add)


def _over_cells(values: NDArray[np.uint8], combine: np.ufunc) -> NDArray[np.uint8]:
    """Combine the pixels of each cell: whole rows, then whole columns, which is quicker than cell by cell."""
    every = [slice(first, None, CELL_PX) for first in range(CELL_PX)]
    tall = reduce(combine, [values[some] for some in every])
    return np.asarray(reduce(combine, [tall[:, some] for some in every]), np.uint8)


def _kept(cells: _Cells, count: int, limits: tuple[float, float], shape: tuple[int, ...]) -> NDArray[np.intp]:
    """The numbers of the groups that are strong somewhere, long enough, and slender, of a photo of `shape` cells.

    Length and slenderness from the second moments: a line of length l has a deviation of l / sqrt(12) along itself,
    and its area divided by its length is its width. A bent or branched crack is longer than that says: never shorter.
    One that the photo's border cuts off goes on beyond it, and is as slender as with its mirror image there.
    """
    if not len(cells.rows):
        return np.zeros(0, np.intp)
    label, weight = cells.label, cells.area.astype(np.float64)

    def total(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(label, values * weight, count).astype(np.float64)

    whole = np.maximum(np.bincount(label, weight, count), 1)
    y, x = ((places * CELL_PX).astype(np.float64) for places in (cells.rows, cells.columns))
    mean_x, mean_y = total(x) / whole, total(y) / whole
    xx, yy = total(x * x) / whole - mean_x**2, total(y * y) / whole - mean_y**2
    xy = total(x * y) / whole - mean_x * mean_y
    largest = (xx + yy) / 2 + np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
    length = np.sqrt(12 * np.maximum(largest, 0)) + CELL_PX / 2
    strong = np.bincount(label[cells.best > 1], minlength=count) > 0
    shortest_px, slenderness = limits
    cut_off = np.isin(cells.rows, (0, shape[0] - 1)) | np.isin(cells.columns, (0, shape[1] - 1))
    mirrored = np.where(np.bincount(label[cut_off], minlength=count) > 0, 2, 1)
    good = strong & (length >= shortest_px) & (length * length * mirrored >= slenderness * whole)
    return np.flatnonzero(good)


def _windows(cells: _Places, label: NDArray[np.int32], count: int, shape: tuple[int, int]) -> tuple[Window, ...]:
    """Where each group is: the rows and columns of cells, and their groups [n], 0 for those that were dropped."""
    low = np.full((2, count + 1), np.iinfo(np.int64).max)
    high = np.zeros((2, count + 1), np.int64)
    for axis, places in enumerate(cells[::-1]):
        np.minimum.at(low[axis], label, places)
        np.maximum.at(high[axis], label, places + 1)
    low, high = low[:, 1:] * CELL_PX, high[:, 1:] * CELL_PX
    return tuple(
        Window(int(low[0, i]), int(low[1, i]), int(min(high[0, i], shape[1])), int(min(high[1, i], shape[0])))
        for i in range(count)
    )
