"""Crack pixels cut to the widths that the grey profiles tell.

The heatmap lights up a few px beside a crack, and where grain hides the crack's edge, the mask keeps them. The fitted
widths know better: on pictures that nothing was learnt from the mask so cut lies nearer to the truth
(`proofs/masks.txt`).
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.groups import Groups
from crackscope.inspection.skeleton import group_mask
from crackscope.inspection.widths import Course
from crackscope.inspection.window import Window

_RIM_PX = 0.5
"""So far beyond half the width the middle of a pixel may lie: what the crack's edge crosses still counts."""
_EVERY_PX = 2
_FIXED_BITS = 4
"""OpenCV draws to a sixteenth of a pixel."""
_BAND_PX = 1024
"""Rows that are cut at a time, a multiple of a cell's: a crack across a large photo lies in a window as large as it."""

MeasuredZone = tuple[frozenset[int], Sequence[Course]]


def trimmed(mask: NDArray[np.bool_], groups: Groups, zones: Iterable[MeasuredZone]) -> NDArray[np.bool_]:
    """A copy of a mask, bool [h, w], without what lies beyond a crack's edges: farther from every centre line than half
    the width there and half a pixel.

    zones: the groups that each is made of, and its measured lines, one at least with widths. What belongs to no zone
    stays as it is, and so does a group of which nothing would be left.
    """
    near, measured = np.zeros(mask.shape, np.uint8), set[int]()
    for owners, courses in zones:
        usual = float(np.median(np.concatenate([course.fit.width for course in courses])))
        for course in courses:
            _draw(near, course, usual)
        measured |= owners
    out = mask.copy()
    for number in measured:
        _cut(out, near.view(np.bool_), groups, number)
    return out


def _cut(mask: NDArray[np.bool_], near: NDArray[np.bool_], groups: Groups, number: int) -> None:
    """Leave of a group's pixels in a mask, in place, those that are near, if there are any."""
    bands = list(_bands(groups.windows[number - 1]))
    if any((group_mask(mask, groups, number, band) & band.of(near)).any() for band in bands):
        for band in bands:
            part = band.of(mask)
            np.logical_and(part, band.of(near), out=part, where=group_mask(mask, groups, number, band))


def _bands(window: Window) -> Iterator[Window]:
    for top in range(window.top, window.bottom, _BAND_PX):
        yield Window(window.left, top, window.right, min(top + _BAND_PX, window.bottom))


def _draw(near: NDArray[np.uint8], course: Course, usual: float) -> None:
    """A line and discs along it, as wide as it was measured: between and beyond the measured places as beside them, and
    where there are none as usual."""
    import cv2

    scale = 1 << _FIXED_BITS
    places = np.rint(course.points * scale).astype(np.int32)
    cv2.polylines(near, [places], False, 1, 1, cv2.LINE_8, _FIXED_BITS)
    some = np.arange(0, len(places), _EVERY_PX)
    width = np.interp(some, course.at, course.fit.width) if len(course.at) else np.full(len(some), usual)
    radius = np.rint((width / 2 + _RIM_PX) * scale).astype(int).tolist()
    for place, wide in zip(places[some].tolist(), radius, strict=True):
        cv2.circle(near, place, wide, 1, cv2.FILLED, cv2.LINE_8, _FIXED_BITS)
