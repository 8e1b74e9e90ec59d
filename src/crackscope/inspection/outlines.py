"""Rings around the pixels of a zone."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.groups import Groups
from crackscope.inspection.skeleton import group_mask
from crackscope.inspection.window import Window
from crackscope.records import Point

_LARGEST_PX = 16_000_000
_FINE_PX = 2_000_000
_BAND_PX = 1024
_SIMPLIFIED_PX = 0.7
_DECIMALS = 2


class Shape(NamedTuple):
    """Rings around a zone's pixels, its box (left, top, width, height), and how many pixels it has."""

    rings: tuple[tuple[Point, ...], ...]
    box: tuple[int, int, int, int]
    area_px: int


def shape_of(mask: NDArray[np.bool_], groups: Groups, numbers: Iterable[int]) -> Shape:
    """Outline the groups that make a zone; each of its pieces has a ring, holes are left out.

    Rings run a quarter of a pixel inside the outermost pixels' borders, so that even a line of single pixels has an
    area; around what is larger than 16 megapixels they are coarser.
    """
    rings: list[tuple[Point, ...]] = []
    corners, area = [], 0
    for number in sorted(numbers):
        window = groups.windows[number - 1]
        found, step = _crop(mask, groups, number, window)
        rings += _rings(found, (window.left, window.top), step)
        columns, rows = np.flatnonzero(found.any(0)), np.flatnonzero(found.any(1))
        ends = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.int64)
        corners.append(ends * step + _corner(window))
        area += _area(mask, groups, number, window)
    low, high = np.min(corners, 0)[:2], np.max(corners, 0)[2:]
    high = np.minimum(high, mask.shape[::-1])
    box = (int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))
    return Shape(tuple(rings), box, area)


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


def _rings(found: NDArray[np.uint8], corner: tuple[int, int], step: int) -> list[tuple[Point, ...]]:
    import cv2

    fine = 2 if step == 1 and found.size <= _FINE_PX else 1
    seen = np.repeat(np.repeat(found, fine, 0), fine, 1) if fine > 1 else found
    contours, _ = cv2.findContours(seen, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    rings = []
    for contour in contours:
        simple = cv2.approxPolyDP(contour, _SIMPLIFIED_PX * fine, True)[:, 0]
        if len(simple) < 3:
            simple = contour[:, 0]
        if len(simple) < 3:
            continue
        places = (simple + 0.5) * (step / fine) - 0.5 + corner
        rings.append(tuple((round(float(x), _DECIMALS), round(float(y), _DECIMALS)) for x, y in places))
    return rings
