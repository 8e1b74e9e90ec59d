"""Painting over what was found in a photo, and where else that could be done.

What is painted over is filled in by what lies around: inpainting by fast marching (Telea, J. Graphics Tools 9, 2004).
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.window import Window, window_around
from crackscope.records import Point, Zone

_INPAINT_RADIUS_PX = 5.0
"""From so far around it a pixel that is painted over takes its colour."""
_MARGIN_PX = 3
"""Painted beyond the mask on each side: a crack's blurred edge must go too."""
_PLACES_A_SIDE = 16
"""Places along each side of the photo where the control is tried."""
_SHOWN_AROUND, _LEAST_SHOWN_PX, _SLIMMEST = 0.2, 240, 2 / 3
"""A zone is shown with a fifth of its longer side around it, in a picture of so many px at least."""


def shape_of(zones: Sequence[Zone], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """The pixels of these zones and a margin around them, bool [h, w], of a photo of (h, w) px as it is."""
    import cv2

    canvas = np.zeros(shape, np.uint8)
    for zone in zones:
        # Drawn together, what lies in one more ring is outside again.
        rings = [np.rint(np.array(ring)).astype(np.int32) for ring in (*zone.outline, *_wide_holes(zone))]
        cv2.drawContours(canvas, rings, -1, 1, cv2.FILLED)
    size = 2 * _MARGIN_PX + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(cv2.dilate(canvas, disc), np.bool_)


def _wide_holes(zone: Zone) -> list[tuple[Point, ...]]:
    """The holes of a zone that hold some of the surface: narrower ones lie within the crack, and what is left of it
    there would be smeared all over the place when it is painted over."""
    import cv2

    least = zone.width_max_px.value**2
    return [hole for hole in zone.holes if cv2.contourArea(np.array(hole, np.float32)) >= least]


def paint_over(pixels: NDArray[np.uint8], shape: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The photo, uint8 [h, w, 3], with these pixels, bool [h, w], filled in from what lies around them."""
    import cv2

    if not shape.any():
        return pixels.copy()
    window = window_around(shape).around(4 * int(_INPAINT_RADIUS_PX), shape.shape)
    painted = pixels.copy()
    part = np.ascontiguousarray(window.of(pixels))
    there = window.of(shape).astype(np.uint8)
    window.of(painted)[...] = cv2.inpaint(part, there, _INPAINT_RADIUS_PX, cv2.INPAINT_TELEA)
    return painted


def surroundings(box: Window, shape: tuple[int, ...]) -> Window:
    """The part of a photo of (h, w) px that shows a zone in this box and where it lies: no slimmer than 2 to 3."""
    grown = [round((1 + 2 * _SHOWN_AROUND) * side) for side in (box.bottom - box.top, box.right - box.left)]
    least = round(max(_LEAST_SHOWN_PX, _SLIMMEST * max(grown)))
    top, bottom = _within((box.top + box.bottom) // 2, max(least, grown[0]), shape[0])
    left, right = _within((box.left + box.right) // 2, max(least, grown[1]), shape[1])
    return Window(left, top, right, bottom)


def _within(centre: int, side: int, whole: int) -> tuple[int, int]:
    """Where a stretch of `side` px about a centre starts and ends, moved to lie within `whole` px."""
    side = min(side, whole)
    start = min(max(0, centre - side // 2), whole - side)
    return start, start + side


def places(box: Window, shape: tuple[int, ...]) -> Iterator[Window]:
    """Where a box fits elsewhere in a photo of (h, w) px, near places first."""
    high, wide = box.bottom - box.top, box.right - box.left
    corners = {
        (round(y), round(x))
        for y in np.linspace(0, shape[0] - high, _PLACES_A_SIDE)
        for x in np.linspace(0, shape[1] - wide, _PLACES_A_SIDE)
    }
    for y, x in sorted(corners, key=lambda corner: (corner[0] - box.top) ** 2 + (corner[1] - box.left) ** 2):
        yield Window(x, y, x + wide, y + high)
