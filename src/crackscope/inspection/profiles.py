"""Grey profiles across a line."""

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.evidence import Floats
from crackscope.inspection.skeleton import Line

_CHUNK = 192


def normals(points: Line) -> Line:
    """Unit vectors [k, 2] to the left of a line's way at each of its points, from the two points around each."""
    way = np.gradient(points, axis=0)
    way /= np.maximum(np.hypot(way[:, 0], way[:, 1]), 1e-9)[:, None]
    return np.stack([way[:, 1], -way[:, 0]], 1)


def strip(pixels: NDArray[np.uint8], points: Line, reach: NDArray[np.float64], count: int) -> Floats:
    """Grey values float32 [k, count] across a line, from -reach to reach px along its normals.

    pixels: uint8 [h, w, 3]. reach: float64 [k], px. Cubic interpolation: the linear one would blur.
    """
    import cv2

    across = normals(points)
    place = np.linspace(-1, 1, count)
    out = np.empty((len(points), count), np.float32)
    for first in range(0, len(points), _CHUNK):
        some = slice(first, min(first + _CHUNK, len(points)))
        offset = reach[some, None] * place
        x = points[some, :1] + offset * across[some, :1]
        y = points[some, 1:] + offset * across[some, 1:]
        left, top = max(0, int(x.min()) - 3), max(0, int(y.min()) - 3)
        right, bottom = int(x.max()) + 4, int(y.max()) + 4
        grey = cv2.cvtColor(np.ascontiguousarray(pixels[top:bottom, left:right]), cv2.COLOR_RGB2GRAY)
        seen = cv2.remap(
            grey.astype(np.float32),
            (x - left).astype(np.float32),
            (y - top).astype(np.float32),
            cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        out[some] = seen
    return out


def averaged(values: Floats, sigma_px: float) -> Floats:
    """Profiles [k, m] averaged along the line with Gaussian weights; at its ends over what there is."""
    from scipy.ndimage import gaussian_filter1d

    ones = gaussian_filter1d(np.ones(len(values), np.float32), sigma_px, mode="constant")
    mixed = gaussian_filter1d(values, sigma_px, axis=0, mode="constant")
    return np.asarray(mixed / ones[:, None], np.float32)
