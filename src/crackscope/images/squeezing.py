"""A whole picture squeezed into a small square by averaging areas, parts of pixels included.

Pillow's box filter takes or leaves whole pixels: at sizes that do not divide, and on the coarse grid of a JPEG draft,
that is wrong by several levels, and differs between a picture and its mirror image.
"""

from typing import Any

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
    rows = _averaged(to_array(grey).astype(np.float32), extent[1], side)
    result: NDArray[np.uint8] = (_averaged(rows.T, extent[0], side).T + 0.5).astype(np.uint8)
    return np.ascontiguousarray(result)


def _averaged(values: NDArray[np.floating[Any]], extent: float, parts: int) -> NDArray[np.float64]:
    """Means over `parts` equal stretches of `extent` rows: [n, m] to [parts, m].

    By running sums rather than as a product of matrices: BLAS would start threads of its own in every thread of ours,
    and they would spend forty times the work waiting for each other.
    """
    sums = np.zeros((len(values) + 1, values.shape[1]))
    np.cumsum(values, axis=0, dtype=np.float64, out=sums[1:])
    edges = np.linspace(0, extent, parts + 1)
    low = np.minimum(edges.astype(np.int64), len(values) - 1)
    up_to = sums[low] + (edges - low)[:, None] * values[low]
    means: NDArray[np.float64] = np.diff(up_to, axis=0) * (parts / extent)
    return means
