"""A whole picture squeezed into a small square by averaging areas, parts of pixels included.

Pillow's box filter takes or leaves whole pixels: at sizes that do not divide, and on the coarse grid of a JPEG draft,
that is wrong by several levels, and differs between a picture and its mirror image.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crackscope.images.modes import to_array

FINE_SIDE, FINE_TIMES = 512, 16
"""Large pictures are first averaged in whole pixels, but to no less than this, and so many times the result."""


def squeezed(grey: Image.Image, side: int, extent: tuple[float, float]) -> NDArray[np.uint8]:
    """A mode "L" image as uint8 [side, side]. `extent`: (width, height) of it that the picture covers, in pixels."""
    fine = max(FINE_SIDE, FINE_TIMES * side)
    factor = max(1, grey.width // fine), max(1, grey.height // fine)
    if factor != (1, 1):
        grey = grey.reduce(factor)
        extent = extent[0] / factor[0], extent[1] / factor[1]
    values = to_array(grey).astype(np.float32)
    down, across = _shares(grey.height, extent[1], side), _shares(grey.width, extent[0], side)
    result: NDArray[np.uint8] = (down @ values @ across.T + np.float32(0.5)).astype(np.uint8)
    return result


@lru_cache(maxsize=64)
def _shares(count: int, extent: float, side: int) -> NDArray[np.float32]:
    """[side, count]: the share that each of `count` pixels has in each of `side` equal parts of `extent` pixels."""
    edges = np.linspace(0, extent, side + 1)
    pixels = np.arange(count)
    ends = np.append(pixels[1:], extent)
    shares = np.clip(np.minimum(edges[1:, None], ends) - np.maximum(edges[:-1, None], pixels), 0, None)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float32)
