"""Gaps within a photo: black or white where a mosaic had no picture, though no file says so.

A dark opening, a gaping crack and a lamp that is overexposed are dark or white as well, but never this exactly, and the
photo's blur takes them into the surface over some px. Where there is any doubt there is no gap.
"""

import numpy as np
from numpy.typing import NDArray

from crackscope.images import edge_steps

_BLOCK_PX = 8
"""Side of a block of JPEG: what it leaves at an edge reaches no farther."""
_BLOCKS = 2
"""A gap holds a square of so many blocks a side of its very colour: JPEG may leave nothing of narrower ones, and what
is as slender as most cracks is none."""
_CONSTANT = 0.9
"""Of what lies a block and more within a gap, so much is of its very colour: beyond that goes what JPEG does to colours
alone, where it keeps them at half the resolution."""
_MEDIAN, _TENTH = 0.95, 0.6
"""What pixels beside a gap have of the step to the surface, at half of its edge and at nine tenths. Beside a dark
opening whose light was clipped, in a photo blurred by 0.7 px, it is .75 at most at half, and .91 in one blurred by 0.5,
of which there are hardly any (`proofs/gaps.txt`)."""
_LEAST_STEP = 48
"""Grey values between a gap and what lies beside it, twice of what JPEG may add to black: in darker pictures a surface
may be as black as a gap with the rings at its edge."""

Pixels = NDArray[np.uint8]


def gap_starts(pixels: Pixels, value: int) -> list[tuple[int, int]]:
    """A place, x and y, in each area of a photo, uint8 [h, w, 3], that may be a gap of this value, 0 or 255."""
    import cv2

    if not _may_hold(pixels, value):
        return []
    exact = np.asarray(cv2.inRange(pixels, (value,) * 3, (value,) * 3))
    rows, columns = (side // _BLOCK_PX for side in exact.shape)
    whole = exact[: rows * _BLOCK_PX, : columns * _BLOCK_PX].reshape(rows, _BLOCK_PX, columns, _BLOCK_PX)
    blocks = np.ascontiguousarray(whole.min((1, 3)))
    squares = cv2.erode(blocks, np.ones((_BLOCKS, _BLOCKS), np.uint8), borderValue=0)
    _, parts = cv2.connectedComponents(squares)
    numbers, first = np.unique(parts, return_index=True)
    return [(at % columns * _BLOCK_PX, at // columns * _BLOCK_PX) for at in first[numbers > 0].tolist()]


def _may_hold(pixels: Pixels, value: int) -> bool:
    """Whether there may be a square of whole blocks of a value: told by few pixels, since to ask all of a photo of 12
    megapixels takes 40 ms."""
    import cv2

    side = _BLOCKS * _BLOCK_PX
    if not (pixels[::side, ::side] == value).all(2).any():
        return False
    corners = (pixels[::_BLOCK_PX, ::_BLOCK_PX] == value).all(2).astype(np.uint8)
    return bool(cv2.erode(corners, np.ones((_BLOCKS, _BLOCKS), np.uint8), borderValue=0).any())


def is_gap(pixels: Pixels, area: Pixels, value: int) -> bool:
    """Whether an area, uint8 [h, w], 0 or 1, of nearly this value is a gap. pixels: of as much of the photo."""
    import cv2

    side = 2 * _BLOCK_PX + 1
    within = cv2.erode(area, np.ones((side, side), np.uint8)) > 0
    if within.any() and float(np.mean((pixels[within] == value).all(1))) < _CONSTANT:
        return False
    beside = (cv2.dilate(area, np.ones((side, side), np.uint8)) > 0) & (area == 0)
    if not beside.any() or abs(float(pixels[beside].mean()) - value) < _LEAST_STEP:
        return False
    tenth, median = np.quantile(edge_steps(pixels, area > 0), (0.1, 0.5))
    return bool(tenth >= _TENTH and median >= _MEDIAN)
