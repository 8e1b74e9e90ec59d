"""Rings around the pixels of a zone, and around the holes in it."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.groups import Groups
from crackscope.inspection.skeleton import group_mask
from crackscope.inspection.window import Window
from crackscope.records import Point

_LARGEST_PX, _FINE_PX = 16_000_000, 2_000_000
"""Pixels around a zone above which its rings follow cells of several px, and up to which they follow halves of one."""
_BAND_PX = 1024
"""Rows that are looked at at a time."""
_SIMPLIFIED_PX = 0.7
"""So far a ring may lie off the cells that it runs around, in cells."""
_LEAST_HOLE_PX = 25
"""Holes of fewer px are gaps that grain leaves in a mask, not slabs: corners without a use."""

Ring = tuple[Point, ...]
Contour = NDArray[np.int32]
"""Corners of cells, int32 [k, 1, 2], x and y, as OpenCV keeps them."""


class Shape(NamedTuple):
    """Rings around a zone's pixels and around the holes in it, its box (left, top, width, height), and how many pixels
    it has."""

    rings: tuple[Ring, ...]
    holes: tuple[Ring, ...]
    box: tuple[int, int, int, int]
    area_px: int


def shape_of(mask: NDArray[np.bool_], groups: Groups, numbers: Iterable[int]) -> Shape:
    """Outline the groups that make a zone; each of its pieces has a ring, and each of its holes from 25 px on.

    Rings run a quarter of a pixel inside the outermost pixels' borders, so that even a line of single pixels has an
    area; around what is larger than 2 megapixels half a pixel, and from 16 megapixels on they are coarser. Those around
    holes run as far inside the hole: what the one lacks of the crack's area the other adds (0 to 6 % off for rings and
    maps of cracks, inside the crack 2 to 15 %). Coarse cells are larger than the crack in them by so much that there
    they run inside the crack as well.
    """
    rings: list[Ring] = []
    holes: list[Ring] = []
    corners, area = [], 0
    for number in sorted(numbers):
        window = groups.windows[number - 1]
        found, step = _crop(mask, groups, number, window)
        outer, inner = _rings(found, (window.left, window.top), step)
        rings, holes = rings + outer, holes + inner
        columns, rows = np.flatnonzero(found.any(0)), np.flatnonzero(found.any(1))
        ends = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.int64)
        corners.append(ends * step + _corner(window))
        area += _area(mask, groups, number, window)
    low, high = np.min(corners, 0)[:2], np.max(corners, 0)[2:]
    high = np.minimum(high, mask.shape[::-1])
    box = (int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))
    return Shape(tuple(rings), tuple(holes), box, area)


def _corner(window: Window) -> NDArray[np.int64]:
    return np.array([window.left, window.top, window.left, window.top], np.int64)


def _bands(window: Window) -> list[Window]:
    return [
        Window(window.left, top, window.right, min(top + _BAND_PX, window.bottom))
        for top in range(window.top, window.bottom, _BAND_PX)
    ]


def _area(mask: NDArray[np.bool_], groups: Groups, number: int, window: Window) -> int:
    return sum(int(np.count_nonzero(group_mask(mask, groups, number, band))) for band in _bands(window))


def _crop(mask: NDArray[np.bool_], groups: Groups, number: int, window: Window) -> tuple[NDArray[np.uint8], int]:
    """The pixels of a group uint8 [h, w], and how many px of the photo one of them stands for."""
    high, wide = window.bottom - window.top, window.right - window.left
    step = 1
    while high * wide > _LARGEST_PX * step * step:
        step *= 2
    out = np.zeros((-(-high // step), -(-wide // step)), np.uint8)
    for band in _bands(window):
        part = group_mask(mask, groups, number, band)
        rows, columns = (-(-side // step) * step for side in part.shape)
        padded = np.zeros((rows, columns), np.bool_)
        padded[: part.shape[0], : part.shape[1]] = part
        first = (band.top - window.top) // step
        blocks = padded.reshape(rows // step, step, columns // step, step).any((1, 3))
        out[first : first + rows // step] = blocks
    return out, step


def _rings(found: NDArray[np.uint8], corner: tuple[int, int], step: int) -> tuple[list[Ring], list[Ring]]:
    """The rings around pieces, anticlockwise as they are seen, and those around holes, clockwise."""
    import cv2

    fine = 2 if step == 1 and found.size <= _FINE_PX else 1
    seen = np.repeat(np.repeat(found, fine, 0), fine, 1) if fine > 1 else found
    contours, nesting = cv2.findContours(seen, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
    parents = np.zeros(0, np.intp) if nesting is None else np.asarray(nesting, np.intp)[0, :, 3]
    depths = _depths(parents)
    holes: dict[int, Contour] = {}
    for at in np.flatnonzero(depths % 2).tolist():
        hole = _hole(seen, np.asarray(contours[at], np.int32), _LEAST_HOLE_PX * (fine / step) ** 2, grown=step > 1)
        if hole is not None:
            holes[at] = hole
    # What lies within a hole that is left out is left out with it.
    pieces = [
        np.asarray(contours[at], np.int32)
        for at in np.flatnonzero(depths % 2 == 0).tolist()
        if depths[at] == 0 or parents[at] in holes
    ]
    outer, inner = _told(pieces, corner, step, fine), _told(holes.values(), corner, step, 2 if step > 1 else fine)
    return outer, [ring[::-1] for ring in inner]


def _depths(parents: NDArray[np.intp]) -> NDArray[np.intp]:
    """How many contours lie around each, by the contour right around it, -1 for none: odd for holes."""
    depths, above = np.zeros(len(parents), np.intp), parents
    while (above >= 0).any():
        depths += above >= 0
        above = np.where(above >= 0, parents[above], -1)
    return depths


def _hole(seen: NDArray[np.uint8], around: Contour, least: float, *, grown: bool) -> Contour | None:
    """The contour of a hole's own outermost cells, by that of the crack's cells around it; None where the hole has
    fewer than `least` cells. grown: by half a cell, and told in halves of cells."""
    import cv2

    # The contour around a hole has at least the hole's area: most pinholes go by it, without being painted.
    if cv2.contourArea(around) < least:
        return None
    left, top, width, height = cv2.boundingRect(around)
    cells = np.zeros((height, width), np.uint8)
    cv2.drawContours(cells, [around], -1, 1, cv2.FILLED, offset=(-left, -top))
    cells[seen[top : top + height, left : left + width] > 0] = 0
    if np.count_nonzero(cells) < least:
        return None
    if grown:
        left, top = 2 * left, 2 * top
        cells = np.asarray(cv2.dilate(np.repeat(np.repeat(cells, 2, 0), 2, 1), np.ones((3, 3), np.uint8)), np.uint8)
    contours, _ = cv2.findContours(cells, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE, offset=(left, top))
    return np.asarray(max(contours, key=cv2.contourArea), np.int32)


def _told(contours: Iterable[Contour], corner: tuple[int, int], step: int, fine: int) -> list[Ring]:
    """Contours with no more corners than they need, in px of the photo; those without a surface are left out."""
    import cv2

    rings = []
    for contour in contours:
        simple = cv2.approxPolyDP(contour, _SIMPLIFIED_PX * fine, True)[:, 0]
        if len(simple) < 3:
            simple = contour[:, 0]
        if len(simple) < 3:
            continue
        # Multiples of a quarter, which need no rounding to be short.
        places = (simple + 0.5) * (step / fine) - 0.5 + corner
        rings.append(tuple(map(tuple, places.tolist())))
    return rings
