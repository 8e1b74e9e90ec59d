"""Tensors over a photo of which a window of rows is kept, continued beyond the photo's borders by reflection."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crackscope.scoring.operators import Grid

Array = NDArray[Any]
_TYPES: dict[int, np.dtype[Any]] = {1: np.dtype(np.float32), 2: np.dtype(np.uint8), 3: np.dtype(np.int8)}


def empty(shape: tuple[int, ...], grid: Grid) -> Array:
    """An array of zeros with the element type of a grid."""
    return np.zeros(shape, _TYPES[grid.kind])


def mirrored(low: int, high: int, length: int) -> NDArray[np.intp]:
    """Where the cells low <= i < high are found among `length`, each border being a mirror (.. 1 0 | 0 1 ..)."""
    turned = np.arange(low, high) % (2 * length)
    return np.minimum(turned, 2 * length - 1 - turned)


def runs(places: NDArray[np.intp]) -> Iterator[tuple[slice, slice]]:
    """Split places into runs up or down by one; yields (where they go, where they come from)."""
    if (places[1:] - places[:-1] == 1).all():
        yield slice(0, len(places)), slice(int(places[0]), int(places[-1]) + 1, 1)
        return
    breaks = np.flatnonzero(np.diff(np.diff(places, prepend=places[:1])) != 0)
    start = 0
    while start < len(places):
        step = int(places[start + 1] - places[start]) if start + 1 < len(places) else 1
        if abs(step) != 1:
            stop = start + 1
            step = 1
        else:
            later = breaks[breaks > start]
            stop = int(later[0]) + 1 if len(later) else len(places)
        first, last = int(places[start]), int(places[stop - 1])
        end = last + step
        yield slice(start, stop), slice(first, None if end < 0 else end, step)
        start = stop


class Rows:
    """The rows of one grid that are still needed. done: px of the photo that it has been worked out for."""

    def __init__(self, grid: Grid, height: int, width: int) -> None:
        """height, width: px, multiples of the grid's stride."""
        self.grid = grid
        self.done = 0
        self._height, self._width = height // grid.stride, width // grid.stride
        self._kept: Array = empty((grid.channels, 0, self._width), grid)

    def open(self, done: int, needed: int) -> None:
        """Make room for the rows up to `done` px; those above `needed` px may go."""
        rows, low, stride = self._kept.shape[1], needed // self.grid.stride, self.grid.stride
        first, last = self.done // stride, done // stride
        if last - low > rows:
            grown = empty((self.grid.channels, last - low, self._width), self.grid)
            for number in range(max(low, first - rows), first):
                grown[:, number % (last - low)] = self._kept[:, number % rows]
            self._kept = grown
        self.done = done

    def take(self, rows: tuple[int, int], columns: tuple[int, int]) -> Array:
        """Cells of a rectangle given in px, [1, c, h, w]; what lies outside the photo is mirrored."""
        stride = self.grid.stride
        down = mirrored(rows[0] // stride, rows[1] // stride, self._height) % self._kept.shape[1]
        right = mirrored(columns[0] // stride, columns[1] // stride, self._width)
        piece = np.empty((1, self.grid.channels, len(down), len(right)), self._kept.dtype)
        across = list(runs(right))
        for to_rows, from_rows in runs(down):
            for to_columns, from_columns in across:
                piece[0, :, to_rows, to_columns] = self._kept[:, from_rows, from_columns]
        return piece

    def put(self, rows: tuple[int, int], columns: tuple[int, int], cells: Array) -> None:
        """Lay cells [c, h, w] into a rectangle given in px."""
        stride = self.grid.stride
        down = np.arange(rows[0] // stride, rows[1] // stride) % self._kept.shape[1]
        for source, target in runs(down):
            self._kept[:, target, columns[0] // stride : columns[1] // stride] = cells[:, source]


class Photo:
    """The photo itself, as the first stage reads it."""

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        self._pixels = pixels

    def take(self, rows: tuple[int, int], columns: tuple[int, int]) -> Array:
        """A rectangle, uint8 [1, h, w, 3]; what lies outside the photo is mirrored."""
        down = mirrored(*rows, self._pixels.shape[0])
        right = mirrored(*columns, self._pixels.shape[1])
        piece = np.empty((1, len(down), len(right), 3), np.uint8)
        across = list(runs(right))
        for to_rows, from_rows in runs(down):
            for to_columns, from_columns in across:
                piece[0, to_rows, to_columns] = self._pixels[from_rows, from_columns]
        return piece
