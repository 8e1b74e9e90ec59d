"""Laying a line onto the valley of grey values that a crack is."""

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.evidence import Floats
from crackscope.inspection.fitting import Doubles
from crackscope.inspection.polylines import resampled, smoothed, without_hairpins
from crackscope.inspection.profiles import averaged, normals, strip
from crackscope.inspection.skeleton import Line

_SAMPLES = 33
_FOLLOW_PX = 0.6
_THIN_PX = 4.5
_OFFSET_PX = 0.5
_ASIDE_PX = (3.0, 12.0)
_BENT = 0.15
_AT_ONCE_PX, _OVERLAP_PX = 64, 16


def onto_valley(pixels: NDArray[np.uint8], points: Line, sizes: tuple[Doubles, Doubles], blur_px: float) -> Line:
    """Move points [k, 2] across their line into the middle of what is dark there (or pale), and smooth.

    sizes: how far to look to either side, and half the width of the crack's mask, float64 [k] each, px. Thin cracks
    are followed through the grain as a whole first, so that a pore beside the line does not draw it there.
    """
    reach, wide = sizes
    if len(points) < 5:
        return points
    thin = float(np.median(wide)) < _THIN_PX
    if thin:
        points = _darkest_course(pixels, points, float(np.clip(1.2 * wide.max(), *_ASIDE_PX)), blur_px)
    for _ in range(1 if thin else 2):
        values = averaged(strip(pixels, points, reach, _SAMPLES), _FOLLOW_PX)
        place = reach[:, None] * np.linspace(-1, 1, _SAMPLES)
        off, sign = _against_rims(values, 6)
        scale = np.maximum(wide, 1) / 2 + blur_px / 2 if thin else wide + blur_px
        near = np.exp(-0.5 * (place / scale[:, None]) ** 2)
        mass = np.maximum(sign * off, 0) ** 2 * near
        shift = (mass * place).sum(1) / np.maximum(mass.sum(1), 1e-6)
        farthest = wide + blur_px
        points = _shifted(pixels, points, np.clip(shift, -farthest, farthest))
    return points


def _against_rims(values: Floats, broad: int) -> tuple[Floats, float]:
    """Profiles less the grey values at their rims, `broad` samples each, and -1 if their middle is darker, else 1."""
    rim = np.concatenate([values[:, :broad], values[:, -broad:]], 1)
    off = values - np.median(rim, 1)[:, None]
    return off, -1.0 if float(np.median(off[:, values.shape[1] // 2])) < 0 else 1.0


def _shifted(pixels: NDArray[np.uint8], points: Line, shift: Doubles) -> Line:
    moved = points + shift[:, None] * normals(points)
    moved = np.clip(moved, 0, (pixels.shape[1] - 1, pixels.shape[0] - 1))
    return _same_count(smoothed(without_hairpins(resampled(moved, 1.0)), _FOLLOW_PX), len(points))


def _same_count(points: Line, count: int) -> Line:
    place = np.linspace(0, len(points) - 1, count)
    index = np.arange(len(points))
    return np.stack([np.interp(place, index, points[:, axis]) for axis in (0, 1)], 1)


def _darkest_course(pixels: NDArray[np.uint8], points: Line, aside_px: float, blur_px: float) -> Line:
    """The course beside a line that gathers most darkness and bends least, found as a whole (Viterbi 1967)."""
    from scipy.ndimage import gaussian_filter1d

    steps = round(aside_px / _OFFSET_PX)
    count = 2 * steps + 1
    values = averaged(strip(pixels, points, np.full(len(points), steps * _OFFSET_PX), count), _FOLLOW_PX)
    off, sign = _against_rims(values, 3)
    shown = np.asarray(gaussian_filter1d(sign * off, 0.7 * blur_px / _OFFSET_PX, axis=1), np.float32)
    best = _best_course(shown / np.float32(max(1.0, float(np.median(shown.max(1))))))
    return _shifted(pixels, points, (best - steps).astype(np.float64) * _OFFSET_PX)


def _best_course(gain: Floats) -> NDArray[np.int64]:
    """The column of each row of gains [k, m] on the best way down, in pieces that overlap, all at once.

    A piece more or less far back changes nothing: all good ways have met long before.
    """
    length, count = gain.shape
    begins = np.arange(0, length, _AT_ONCE_PX)
    rows = begins[:, None] + np.arange(-_OVERLAP_PX, _AT_ONCE_PX + _OVERLAP_PX)
    inside = (rows >= 0) & (rows < length)
    gains = np.where(inside[..., None], gain[np.clip(rows, 0, length - 1)], 0)
    # Of equal ways the straightest, which comes first, is taken.
    moves = np.array([0, -1, 1, -2, 2])
    origin = np.clip(np.arange(count)[:, None] + moves, 0, count - 1)
    price = _BENT * (moves * _OFFSET_PX) ** 2
    total = gains[:, 0]
    back = np.zeros((rows.shape[1], len(begins), count), np.int64)
    for step in range(1, rows.shape[1]):
        ways = total[:, origin] - price
        choice = ways.argmax(2)
        back[step] = origin[np.arange(count), choice]
        total = np.take_along_axis(ways, choice[..., None], 2)[..., 0] + gains[:, step]
    course = np.empty(rows.shape, np.int64)
    here = total.argmax(1)
    for step in range(rows.shape[1] - 1, -1, -1):
        course[:, step] = here
        here = back[step][np.arange(len(begins)), here]
    return course[:, _OVERLAP_PX : _OVERLAP_PX + _AT_ONCE_PX].reshape(-1)[:length]
