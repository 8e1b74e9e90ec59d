"""Stones and crumbs that lie within a crack: a middle line around both sides of each would be twice as long."""

import numpy as np
from numpy.typing import NDArray

_OF_WIDTH_SQUARED = 0.5
"""A hole is an island up to this share of the squared width of the crack around it. Of a crack full of stones on
asphalt, enlarged three times, .25, .5 and 2 gave 1.32, 1.21 and 1.21 times the length before, and none filled 1.55."""

_LONGEST_BORDER_PX = 2000
"""Holes with longer borders are slabs: no crack around them is wide enough to fill them."""


def without_islands(part: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Fill the holes of a crack, bool [h, w], that are small for its width beside them.

    The width is twice the largest distance to an edge within a hole's own size around it, so what is told of one place
    follows from what lies near it.
    """
    import cv2

    seen = part.view(np.uint8)
    borders, tree = cv2.findContours(seen, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    holes = [number for number in range(len(borders)) if tree[0, number, 3] >= 0]
    if not holes:
        return part
    away = cv2.distanceTransform(seen, cv2.DIST_L2, 5)
    filled = seen.copy()
    for number in holes:
        border = borders[number]
        if len(border) > _LONGEST_BORDER_PX:
            continue
        # Pick's theorem: the border runs over crack pixels, what it encloses is the hole.
        area = cv2.contourArea(border) - len(border) / 2 + 1
        left, top, wide, high = cv2.boundingRect(border)
        beside = away[max(0, top - high) : top + 2 * high, max(0, left - wide) : left + 2 * wide]
        if area <= _OF_WIDTH_SQUARED * (2 * float(beside.max())) ** 2:
            cv2.drawContours(filled, borders, number, 1, cv2.FILLED)
    return filled.view(np.bool_)
