"""Rectangles that cover what is wanted of a photo, at the least cost."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Rectangle(NamedTuple):
    """Rows and columns of squares, the ends not included."""

    top: int
    bottom: int
    left: int
    right: int


def cover(wanted: NDArray[np.bool_], margin: float) -> list[Rectangle]:
    """Return rectangles that hold all wanted squares. margin: squares that are worked out beside each rectangle, both
    sides together; a rectangle is parted, at its best place, as long as its parts with their margins are smaller.
    """
    rows, columns = np.flatnonzero(wanted.any(1)), np.flatnonzero(wanted.any(0))
    if not len(rows):
        return []
    whole = Rectangle(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)
    inside = wanted[whole.top : whole.bottom, whole.left : whole.right]
    price = (inside.shape[0] + margin) * (inside.shape[1] + margin)
    parts = [(*_best_cut(turned, margin), axis) for axis, turned in ((0, inside), (1, inside.T))]
    cost, place, axis = min(parts)
    if cost >= price:
        return [whole]
    halves = (inside[:place], inside[place:]) if axis == 0 else (inside[:, :place], inside[:, place:])
    found = []
    for number, half in enumerate(halves):
        down, right = (place * number, 0) if axis == 0 else (0, place * number)
        for part in cover(half, margin):
            top, left = whole.top + down, whole.left + right
            found.append(Rectangle(part.top + top, part.bottom + top, part.left + left, part.right + left))
    return found


def _best_cut(inside: NDArray[np.bool_], margin: float) -> tuple[float, int]:
    """The least cost of two parts above and below a cut, each shrunk to what is wanted in it, and the cut's place."""
    if len(inside) < 2:
        return np.inf, 0
    above, below = _prices(inside, margin)[:-1], _prices(inside[::-1], margin)[::-1][1:]
    costs = above + below
    place = int(costs.argmin())
    return float(costs[place]), place + 1


def _prices(inside: NDArray[np.bool_], margin: float) -> NDArray[np.float64]:
    """What the first 1, 2, ... rows cost, shrunk to their wanted squares."""
    seen = np.logical_or.accumulate(inside, axis=0)
    numbers = np.arange(len(inside))
    some = inside.any(1)
    last = np.maximum.accumulate(np.where(some, numbers, -1))
    first = np.argmax(some) if some.any() else 0
    left, right = seen.argmax(1), inside.shape[1] - seen[:, ::-1].argmax(1)
    return np.where(last >= 0, (last - first + 1 + margin) * (right - left + margin), 0.0)
