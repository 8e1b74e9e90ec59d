"""Laying lines onto the valleys of grey values that cracks are."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.evidence import Floats
from crackscope.inspection.fitting import Doubles
from crackscope.inspection.polylines import resampled, smoothed_evenly, without_hairpins
from crackscope.inspection.profiles import averaged, medians, normals, parts, strip
from crackscope.inspection.skeleton import Line

_SAMPLES = 33
"""Grey values across the line at each point."""
_FOLLOW_PX = 0.6
"""Deviation of the Gaussian that profiles are averaged by along a line, and by which its course is smoothed."""
_STIFF, _LIMBER_PX = 0.2, 6.0
"""Share of what half the width has beyond so many px. Of drawn cracks with ragged edges, 60 to 118 px wide, shares of
0, .1, .2 and .3 of the half itself gave 1.09 to 1.71, 1.04 to 1.12, 1.03 to 1.06 and 1.01 to 1.05 times the length."""
_THIN_PX = 4.5
"""Half the width up to which a crack is followed as a whole."""
_LEAST_POINTS = 5
"""Lines of fewer points stay where they are."""
_OFFSET_PX = 0.5
"""Between the places beside a line that its course may take."""
_ASIDE_PX = (3.0, 12.0)
"""How far aside the farthest of them lie, at least and at most."""
_BENT = 0.15
"""What a course that moves aside by a px from point to point loses, as a share of what the line shows at its best."""
_AT_ONCE_PX, _OVERLAP_PX = 64, 16
"""Points of a piece of a line whose course is looked for, and how far it is looked for beyond either end."""


class Laid(NamedTuple):
    """A line: points [k, 2], how far to look to either side, and half the width of the crack's mask, float64 [k] each,
    px."""

    points: Line
    reach: Doubles
    wide: Doubles

    @property
    def thin(self) -> bool:
        """Whether the line is followed as a whole."""
        return float(medians(self.wide)) < _THIN_PX

    @property
    def stiffness_px(self) -> float:
        """Deviation of the Gaussian that its course is smoothed by: a wide crack turns no faster than it is wide."""
        return max(_FOLLOW_PX, _STIFF * (float(medians(self.wide)) - _LIMBER_PX))


def onto_valley(pixels: NDArray[np.uint8], lines: Sequence[Laid], blur_px: float) -> list[Line]:
    """Move the points of each line across it into the middle of what is dark there (or pale), and smooth.

    Thin cracks are followed through the grain as a whole first, so that a pore beside the line does not draw it there.
    """
    out = [line.points for line in lines]
    thin = [place for place, line in enumerate(lines) if len(line.points) >= _LEAST_POINTS and line.thin]
    wide = [place for place, line in enumerate(lines) if len(line.points) >= _LEAST_POINTS and not line.thin]
    for rounds, some in ((1, thin), (2, wide)):
        laid = [lines[place] for place in some]
        if laid and rounds == 1:
            laid = _darkest_course(pixels, laid, blur_px)
        for _ in range(rounds if laid else 0):
            laid = _into_middle(pixels, laid, blur_px, rounds == 1)
        for place, line in zip(some, laid, strict=True):
            out[place] = line.points
    return out


def _into_middle(pixels: NDArray[np.uint8], lines: Sequence[Laid], blur_px: float, thin: bool) -> list[Laid]:
    counts = [len(line.points) for line in lines]
    points, reach, wide = (np.concatenate(some) for some in zip(*lines, strict=True))
    values = averaged(strip(pixels, points, counts, reach, _SAMPLES), counts, _FOLLOW_PX)
    place = reach[:, None] * np.linspace(-1, 1, _SAMPLES)
    off, sign = _against_rims(values, counts, 6)
    scale = np.maximum(wide, 1) / 2 + blur_px / 2 if thin else wide + blur_px
    near = np.exp(-0.5 * (place / scale[:, None]) ** 2)
    mass = np.maximum(sign * off, 0) ** 2 * near
    shift = (mass * place).sum(1) / np.maximum(mass.sum(1), 1e-6)
    farthest = wide + blur_px
    return _shifted(pixels, lines, _steady(np.clip(shift, -farthest, farthest), lines))


def _against_rims(values: Floats, counts: Sequence[int], broad: int) -> tuple[Floats, Floats]:
    """Profiles less the grey values at their rims, `broad` samples each, and for each, float32 [k, 1], -1 if the middle
    of its line is darker, else 1."""
    rim = np.concatenate([values[:, :broad], values[:, -broad:]], 1)
    off = values - medians(rim)[:, None]
    middle = off[:, values.shape[1] // 2]
    signs = [-1.0 if float(medians(middle[some])) < 0 else 1.0 for some in parts(counts)]
    return off, np.repeat(np.array(signs, np.float32), counts)[:, None]


def _steady(shift: Doubles, lines: Sequence[Laid]) -> Doubles:
    """Shifts along lines, without what notches in the edges of a wide crack do to its middle."""
    from scipy.ndimage import gaussian_filter1d

    steady = shift.copy()
    for line, some in zip(lines, parts([len(line.points) for line in lines]), strict=True):
        if line.stiffness_px > _FOLLOW_PX:
            steady[some] = gaussian_filter1d(shift[some], line.stiffness_px, mode="nearest")
    return steady


def _shifted(pixels: NDArray[np.uint8], lines: Sequence[Laid], shift: Doubles) -> list[Laid]:
    counts = [len(line.points) for line in lines]
    points = np.concatenate([line.points for line in lines])
    moved = points + shift[:, None] * normals(points, counts)
    moved = np.clip(moved, 0, (pixels.shape[1] - 1, pixels.shape[0] - 1))
    evenly = [resampled(without_hairpins(resampled(moved[some], 1.0)), 1.0) for some in parts(counts)]
    smooth = _smoothed(evenly, [line.stiffness_px for line in lines])
    return [line._replace(points=_same_count(new, len(line.points))) for line, new in zip(lines, smooth, strict=True)]


def _smoothed(evenly: Sequence[Line], sigmas_px: Sequence[float]) -> list[Line]:
    """Lines of points 1 px apart, each smoothed by its own deviation; all that share one at once."""
    out = list(evenly)
    for sigma_px in sorted(set(sigmas_px)):
        same = [place for place, own in enumerate(sigmas_px) if own == sigma_px]
        for place, line in zip(same, smoothed_evenly([evenly[place] for place in same], sigma_px), strict=True):
            out[place] = line
    return out


def _same_count(points: Line, count: int) -> Line:
    place = np.linspace(0, len(points) - 1, count)
    index = np.arange(len(points))
    return np.stack([np.interp(place, index, points[:, axis]) for axis in (0, 1)], 1)


def _darkest_course(pixels: NDArray[np.uint8], lines: Sequence[Laid], blur_px: float) -> list[Laid]:
    """The course beside each line that gathers most darkness and bends least, found as a whole (Viterbi 1967)."""
    steps = [round(float(np.clip(1.2 * line.wide.max(), *_ASIDE_PX)) / _OFFSET_PX) for line in lines]
    counts = [len(line.points) for line in lines]
    # Where a line is not to go, whatever it is has no end of badness.
    gains = np.full((sum(counts), 2 * max(steps) + 1), -np.inf, np.float32)
    rows = list(parts(counts))
    for width in sorted(set(steps)):
        same = [place for place, step in enumerate(steps) if step == width]
        found = _gains(pixels, [lines[place].points for place in same], width, blur_px)
        for place, gain in zip(same, found, strict=True):
            gains[rows[place], : 2 * width + 1] = gain
    course = best_course(gains, counts)
    shift = (course - np.repeat(steps, counts)).astype(np.float64) * _OFFSET_PX
    return _shifted(pixels, lines, shift)


def _gains(pixels: NDArray[np.uint8], lines: Sequence[Line], steps: int, blur_px: float) -> list[Floats]:
    """What each place beside lines gains, so many steps to either side."""
    from scipy.ndimage import gaussian_filter1d

    counts = [len(points) for points in lines]
    aside, count = np.full(sum(counts), steps * _OFFSET_PX), 2 * steps + 1
    values = averaged(strip(pixels, np.concatenate(lines), counts, aside, count), counts, _FOLLOW_PX)
    off, sign = _against_rims(values, counts, 3)
    shown = np.asarray(gaussian_filter1d(sign * off, 0.7 * blur_px / _OFFSET_PX, axis=1), np.float32)
    largest = shown.max(1)
    return [shown[some] / np.float32(max(1.0, float(medians(largest[some])))) for some in parts(counts)]


def best_course(gain: Floats, counts: Sequence[int]) -> NDArray[np.int64]:
    """The column of each row of gains [k, m] on the best way down each line, in pieces that overlap, all at once.

    A piece more or less far back changes nothing: all good ways have met long before.
    """
    gains = _pieces(gain, counts)
    height, pieces, wide = gains.shape
    near, far = _BENT * _OFFSET_PX**2, _BENT * (2 * _OFFSET_PX) ** 2
    total = np.full((height, pieces, wide + 4), -np.inf)
    total[0, :, 2:-2] = gains[0]
    for step in range(1, height):
        last, here = total[step - 1], total[step, :, 2:-2]
        np.maximum(last[:, 1:-3], last[:, 3:-1], out=here)
        here -= near
        np.maximum(here, np.maximum(last[:, :-4], last[:, 4:]) - far, out=here)
        np.maximum(here, last[:, 2:-2], out=here)
        here += gains[step]
    # Of equal ways the straightest, which comes first, is taken.
    moves, price = np.array([0, -1, 1, -2, 2]), np.array([0, near, near, far, far])
    course, every = np.empty((height, pieces), np.int64), np.arange(pieces)[:, None]
    course[-1] = total[-1].argmax(1)
    for step in range(height - 1, 0, -1):
        before = course[step][:, None] + moves
        course[step - 1] = course[step] + moves[(total[step - 1][every, before] - price).argmax(1)]
    kept = course[_OVERLAP_PX : _OVERLAP_PX + _AT_ONCE_PX].T - 2
    first = np.cumsum([0, *(-(-count // _AT_ONCE_PX) for count in counts)])
    return np.concatenate([kept[a:b].ravel()[:count] for (a, b), count in zip(pairwise(first), counts, strict=True)])


def _pieces(gain: Floats, counts: Sequence[int]) -> Floats:
    """The gains [k, m] of lines in pieces [rows of a piece, pieces, m]; 0 beyond the ends of a line."""
    begins = [np.arange(some.start, some.stop, _AT_ONCE_PX) for some in parts(counts)]
    line = np.repeat(np.arange(len(counts)), [len(some) for some in begins])
    ends = np.cumsum(counts)
    low, high = (ends - counts)[line], ends[line]
    rows = np.arange(-_OVERLAP_PX, _AT_ONCE_PX + _OVERLAP_PX)[:, None] + np.concatenate(begins)
    found = gain[np.clip(rows, low, high - 1)]
    found[((rows < low) | (rows >= high))[..., None] & (found > -np.inf)] = 0
    return np.asarray(found, np.float32)
