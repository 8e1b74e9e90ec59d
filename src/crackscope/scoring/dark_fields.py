"""Whether a photo holds a broad dark field, as a gaping crack is one.

Asked in a copy that is 16 times smaller, which takes a few ms whatever the photo; a shadow, a door or a joint is one,
too, and costs a look that finds nothing.
"""

import numpy as np
from numpy.typing import NDArray

_TIMES = 16
_APART = 4
"""Every fourth px in every fourth row is enough to tell the mean of a cell by."""
_AROUND = 63
"""Cells that the ground is told from, the median of so many a side: 1,008 px, three times the widest crack."""
_DARK = 0.75
"""Times the ground's grey value from which down a cell is dark. Gaping cracks take .3 to .6 of it."""
_LEAST_CELLS = 12
"""Of a field two cells broad and more: 96 px long."""


def holds_dark_field(pixels: NDArray[np.uint8]) -> bool:
    """Whether a photo, uint8 [h, w, 3], holds a dark field some 40 px broad and 100 px long or more."""
    import cv2

    size = (max(1, pixels.shape[1] // _TIMES), max(1, pixels.shape[0] // _TIMES))
    some = np.ascontiguousarray(pixels[::_APART, ::_APART])
    grey = cv2.cvtColor(cv2.resize(some, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    ground = cv2.medianBlur(grey, _AROUND)
    dark = (grey < _DARK * ground).astype(np.uint8)
    broad = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    _, _, facts, _ = cv2.connectedComponentsWithStats(broad, connectivity=8)
    return bool((facts[1:, cv2.CC_STAT_AREA] >= _LEAST_CELLS).any())
