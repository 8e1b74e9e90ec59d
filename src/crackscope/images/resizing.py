"""Changing the size of pictures: areas are averaged where it shrinks, lines drawn between pixels where it grows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def size_within(width: int, height: int, longest: int) -> tuple[int, int]:
    """Width and height shrunk in proportion, to `longest` px on the longer side at most; never enlarged, at least 1."""
    share = min(1.0, longest / max(width, height))
    return max(1, round(width * share)), max(1, round(height * share))


def shrunk(pixels: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    """`pixels` (uint8 [h, w] or [h, w, c]), resized to `size_within`; those that are small enough are handed back."""
    size = size_within(pixels.shape[1], pixels.shape[0], longest)
    return pixels if size == pixels.shape[1::-1] else resize(pixels, *size)


def halved(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture, uint8 [h, w, 3], at half its size, sides rounded up: each pixel the mean of those that it covers."""
    return resize(pixels, -(-pixels.shape[1] // 2), -(-pixels.shape[0] // 2))


def resize(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """`pixels` (uint8 [h, w] or [h, w, c]) as uint8 [height, width] or [height, width, c]: always a new array.

    Area averaging along a side that shrinks, bilinear along one that grows; each side by itself. Raises ValueError for
    a size below 1 or another dtype.
    """
    import cv2

    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or 0 in pixels.shape:
        raise ValueError(f"wanted uint8 [h, w] or [h, w, c], got {pixels.dtype} {pixels.shape}")
    if width < 1 or height < 1:
        raise ValueError(f"a picture has at least 1 x 1 pixels, not {width} x {height}")
    shape = (height, width, *pixels.shape[2:])
    smaller = min(width, pixels.shape[1]), min(height, pixels.shape[0])
    result: NDArray[Any] = np.ascontiguousarray(pixels)
    if smaller != result.shape[1::-1]:
        result = cv2.resize(result, smaller, interpolation=cv2.INTER_AREA)
    if smaller != (width, height):
        result = cv2.resize(result, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.array(result, np.uint8, copy=result is pixels).reshape(shape)
