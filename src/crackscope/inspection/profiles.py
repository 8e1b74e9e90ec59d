"""Grey profiles across lines.

Most lines are short, and many are looked at one after the other: what is done with each of their points is done for all
lines at once, whose points, float64 [k, 2] in all, follow each other; `counts` says how many each line has.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.evidence import Floats
from crackscope.inspection.skeleton import Line

_CHUNK = 192
_REACH_DEVIATIONS = 4.0


def normals(points: Line, counts: Sequence[int] | None = None) -> Line:
    """Unit vectors [k, 2] to the left of a line's way at each of its points, from the two points around each.

    counts: of points of each line, two or more; None for a single line.
    """
    way = np.empty(points.shape)
    way[1:-1] = (points[2:] - points[:-2]) / 2
    last = np.cumsum([len(points)] if counts is None else counts) - 1
    first = np.concatenate([[0], last[:-1] + 1])
    way[first] = points[first + 1] - points[first]
    way[last] = points[last] - points[last - 1]
    way /= np.maximum(np.hypot(way[:, 0], way[:, 1]), 1e-9)[:, None]
    return np.stack([way[:, 1], -way[:, 0]], 1)


def medians(values: NDArray[Any]) -> NDArray[Any]:
    """The median along the last axis, as `np.median` has it, without what that costs for few values."""
    count = values.shape[-1]
    half = count // 2
    if count % 2:
        return np.asarray(np.partition(values, half, -1)[..., half])
    part = np.partition(values, (half - 1, half), -1)
    return np.asarray((part[..., half - 1] + part[..., half]) / 2)


def parts(counts: Sequence[int]) -> Iterator[slice]:
    """Where the points of each line are."""
    begin = 0
    for count in counts:
        yield slice(begin, begin + count)
        begin += count


def strip(
    pixels: NDArray[np.uint8], points: Line, counts: Sequence[int], reach: NDArray[np.float64], count: int
) -> Floats:
    """Grey values float32 [k, count] across lines, from -reach to reach px along their normals.

    pixels: uint8 [h, w, 3]. reach: float64 [k], px. Cubic interpolation: the linear one would blur.
    """
    import cv2

    across = normals(points, counts)
    offset = reach[:, None] * np.linspace(-1, 1, count)
    x = points[:, :1] + offset * across[:, :1]
    y = points[:, 1:] + offset * across[:, 1:]
    # Along a straight normal the ends are the outermost.
    low_x, high_x = np.minimum(x[:, 0], x[:, -1]), np.maximum(x[:, 0], x[:, -1])
    low_y, high_y = np.minimum(y[:, 0], y[:, -1]), np.maximum(y[:, 0], y[:, -1])
    out = np.empty((len(points), count), np.float32)
    for some in _chunks(counts):
        left, top = max(0, int(low_x[some].min()) - 3), max(0, int(low_y[some].min()) - 3)
        right, bottom = int(high_x[some].max()) + 4, int(high_y[some].max()) + 4
        grey = cv2.cvtColor(np.ascontiguousarray(pixels[top:bottom, left:right]), cv2.COLOR_RGB2GRAY)
        out[some] = cv2.remap(
            grey.astype(np.float32),
            (x[some] - left).astype(np.float32),
            (y[some] - top).astype(np.float32),
            cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )
    return out


def _chunks(counts: Sequence[int]) -> Iterator[slice]:
    for line in parts(counts):
        for first in range(line.start, line.stop, _CHUNK):
            yield slice(first, min(first + _CHUNK, line.stop))


def averaged(values: Floats, counts: Sequence[int], sigma_px: float) -> Floats:
    """Profiles [k, m] averaged along each line with Gaussian weights; at its ends over what there is."""
    from scipy.ndimage import gaussian_filter1d

    # Nothing lies between lines: so far apart, none reaches into the next.
    apart = int(_REACH_DEVIATIONS * sigma_px + 0.5)
    place = np.arange(len(values)) + apart * np.repeat(np.arange(len(counts)), counts)
    spaced = np.zeros((int(place[-1]) + 1, values.shape[1]), np.float32)
    ones = np.zeros(len(spaced), np.float32)
    spaced[place], ones[place] = values, 1
    mixed = gaussian_filter1d(spaced, sigma_px, axis=0, mode="constant", truncate=_REACH_DEVIATIONS)
    whole = gaussian_filter1d(ones, sigma_px, mode="constant", truncate=_REACH_DEVIATIONS)
    return np.asarray(mixed[place] / whole[place, None], np.float32)
