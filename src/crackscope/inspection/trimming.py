"""Crack pixels cut to the widths that the grey profiles tell.

The heatmap lights up a few px beside a crack, and where grain hides the crack's edge, the mask keeps them. The fitted
widths know better: on pictures that nothing was learnt from the mask so cut lies nearer to the truth
(`proofs/masks.txt`).
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.groups import Groups, cells_of, inside
from crackscope.inspection.widths import Course

_RIM_PX = 0.5
"""So far beyond half the width the middle of a pixel may lie: what the crack's edge crosses still counts."""
_EVERY_PX = 2
_FIXED_BITS = 4
"""OpenCV draws to a sixteenth of a pixel."""

Zone = tuple[frozenset[int], Sequence[Course]]


def trimmed(mask: NDArray[np.bool_], groups: Groups, zones: Iterable[Zone]) -> NDArray[np.bool_]:
    """A copy of a mask, bool [h, w], without what lies farther from a centre line than half the width there.

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
        window = groups.windows[number - 1]
        part = window.of(out)
        mine = inside(groups.labels[cells_of(window)] == number, part.shape)
        kept = part & window.of(near).view(np.bool_)
        if (kept & mine).any():
            np.copyto(part, kept, where=mine)
    return out


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
