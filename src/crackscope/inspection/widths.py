"""Widths along the centre lines of a crack, and what can be said of them as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.centreline import Network
from crackscope.inspection.fitting import DARK, PALE, DepthPrior, Doubles, Fit, Look, Profiles, fit_profiles
from crackscope.inspection.forks import hidden_in_forks
from crackscope.inspection.places import Scene, measured_places
from crackscope.inspection.polylines import smoothed
from crackscope.inspection.profiles import averaged, medians, parts, strip
from crackscope.inspection.roughness import rough_length
from crackscope.inspection.skeleton import Line, Stretch
from crackscope.inspection.valley import Laid, onto_valley
from crackscope.scoring import Quality

_SAMPLES = 33
"""Grey values across the line at each place."""
_PIXEL = 1 / 12
"""Square of the blur, in px, that a square pixel makes of a step."""
_ALONG_PX = 4.0
"""Deviation of the Gaussian along the line that profiles are averaged by."""
# Of the next seven no other values are known to have been tried.
_RAGGED_PX = 0.35
"""Blur that is added to the photo's own, for edges that are no straight lines."""
_WITHIN = 0.07
"""Deviation of the depth along one crack, share of the background: so little does its best place say of the others."""
_SHALLOW = 0.4
"""Share of the expected depth that a place of the crack has at least."""
_OUTSTANDING = 1.8
"""Times the median width (around, or of the crack) from which on, and 1 px more, a place is far wider."""
_SHADE = 0.7
"""Share of the crack's median depth below which a far wider place is a stain."""
_RAGGED_SHARE = 0.06
"""Deviation by grain, as a share of its width, up to which a far wider place is the crack."""
_RAGGED_TIMES = 3
"""The same, in median deviations of the crack: the larger of both counts."""
_LIT_WALL = 0.05
"""Share of a width beyond 3 px, of the photo as it was taken, that a lit wall hides, set on generated photos
(`proofs/measures.py` came with it)."""
_LIT_FROM_PX, _LIT_TO_PX = 3.0, 30.0
"""Of wider ones than were measured when it was set, no more is added: they are told wide enough without."""
_UNSEEN_PX = 5.0
"""Thin cracks may well be off by more than their width; by so many px more none is that is seen at all."""
_ROUGH_STEPS = 7
"""Steps of the first fit, which only the depth is taken from."""
_AT_ONCE = 2048
"""Points of lines that are laid onto their valleys together, since profiles take memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """A centre line on the valley of the grey profile, points float64 [k, 2] 1 px apart, and the widths along it.

    length_px: of the line, with what blur and forks hide of it. at: places in points that were measured, int64
    [n], away from junctions where there is anywhere else; none where no place of it can be trusted. fit: the profiles
    there.
    """

    points: Line
    length_px: float
    at: NDArray[np.int64]
    fit: Fit

    def only(self, places: NDArray[np.bool_]) -> "Course":
        """The same with some of the places that were measured, bool [n]."""
        return replace(self, at=self.at[places], fit=self.fit.only(places))


def measure_courses(scene: Scene, networks: Sequence[Network], quality: Quality, times: int = 1) -> list[list[Course]]:
    """Lay each line of some cracks onto its valley and measure across it; the courses of each crack.

    Twice: what the well resolved places show of the depth is known of the thin ones in the second round. times: how
    many times smaller the photo is than it was taken.
    """
    if not networks:
        return []
    blur_px = float(np.sqrt(quality.sharpness_px**2 + _PIXEL + _RAGGED_PX**2))
    lines = _strips(scene, [one for network in networks for one in _knotted(network)], blur_px)
    strips = [lines[some] for some in parts([len(network.lines) for network in networks])]
    for network, some in zip(networks, strips, strict=True):
        _with_forks(some, network)
    tones = [_tone(some) for some in strips]
    # All profiles of all cracks at once: the fitting of few costs as much as that of many.
    third = [[_every_third(one.profiles) for one in some] for some in strips]
    first = _fitted(third, tones, blur_px, _ROUGH_STEPS)
    tones = [(sign, _learned(_whole(fits), prior)) for fits, (sign, prior) in zip(first, tones, strict=True)]
    fitted = _fitted([[one.profiles for one in some] for some in strips], tones, blur_px)
    return [
        _trusted(
            [Course(one.points, one.length_px, one.at, fit) for one, fit in zip(some, fits, strict=True)], prior, times
        )
        for some, fits, (_, prior) in zip(strips, fitted, tones, strict=True)
    ]


def _with_forks(strips: Sequence["_Strip"], network: Network) -> None:
    """Add to the lengths of a crack's lines, in place, what its forks hide."""
    if network.junctions:
        hidden = hidden_in_forks(network.lines, [one.points for one in strips], network.junctions)
        for one, px in zip(strips, hidden.tolist(), strict=True):
            one.length_px += px


def _every_third(profiles: Profiles) -> Profiles:
    return Profiles(profiles.values[::3], profiles.reach[::3], profiles.most[::3])


def _fitted(
    cracks: Sequence[Sequence[Profiles]], tones: Sequence[tuple[int, DepthPrior]], blur_px: float, steps: int = 10
) -> list[list[Fit]]:
    """The fits of the lines of each crack, whose tone and depth before looking are given."""
    counts = [[len(line.values) for line in crack] for crack in cracks]
    known = np.array([(prior.mean, prior.deviation, sign) for sign, prior in tones])
    look = Look(*np.repeat(known, [sum(some) for some in counts], 0).T)
    values, reach, most = (
        np.concatenate(all_) for all_ in zip(*(line for crack in cracks for line in crack), strict=True)
    )
    fit = fit_profiles(Profiles(values, reach, most), blur_px, look, steps)
    lines = iter([fit.only(some) for some in parts([count for some in counts for count in some])])
    return [[next(lines) for _ in some] for some in counts]


def _whole(fits: Sequence[Fit]) -> Fit:
    return Fit(*(np.concatenate([getattr(fit, field.name) for fit in fits]) for field in fields(Fit)))


_Knotted = tuple[Stretch, frozenset[int]]
"""A line, and the nodes where lines meet."""


def _knotted(network: Network) -> list[_Knotted]:
    """The lines of a crack. All of them ask for its junctions, of which a net of cracks has thousands."""
    junctions = frozenset(network.junctions)
    return [(line, junctions) for line in network.lines]


@dataclass(slots=True, eq=False)
class _Strip:
    """A line and the grey values across it."""

    points: Line
    length_px: float
    profiles: Profiles
    at: NDArray[np.int64]


def _strips(scene: Scene, lines: Sequence[_Knotted], blur_px: float) -> list[_Strip]:
    """Lines on their valleys, some thousand points at a time."""
    found: list[_Strip] = []
    first, points = 0, 0
    for place, (line, _) in enumerate(lines, 1):
        points += len(line.points)
        if points >= _AT_ONCE or place == len(lines):
            found += _laid(scene, lines[first:place], blur_px)
            first, points = place, 0
    return found


def _laid(scene: Scene, knotted: Sequence[_Knotted], blur_px: float) -> list[_Strip]:
    pixels = scene.pixels
    lines = [_begun(line, pixels.shape, blur_px) for line, _ in knotted]
    moved = onto_valley(pixels, lines, blur_px)
    counts = [len(points) for points in moved]
    reach = np.concatenate([line.reach for line in lines])
    values = averaged(strip(pixels, np.concatenate(moved), counts, reach, _SAMPLES), counts, _ALONG_PX)
    found = []
    for points, line, (stretch, knots), some in zip(moved, lines, knotted, parts(counts), strict=True):
        at = measured_places(scene, line._replace(points=points), stretch.nodes, knots)
        length_px = rough_length(points, float(medians(line.wide)))
        found.append(_Strip(points, length_px, Profiles(values[some][at], line.reach[at], 2.4 * line.wide[at] + 2), at))
    return found


def _begun(line: Stretch, shape: tuple[int, ...], blur_px: float) -> Laid:
    """A line of the skeleton without its steps, and how far to look to either side."""
    points = smoothed(line.points, min(max(0.5 * float(medians(line.half)), 1.5), 8.0))
    points = np.clip(points, 0, (shape[1] - 1, shape[0] - 1))
    wide = _running(line.half, len(points))
    return Laid(points, np.asarray(1.6 * wide + 3 * blur_px + 2.5), wide)


def _trusted(courses: Sequence[Course], prior: DepthPrior, times: int) -> list[Course]:
    """The lines of a crack without the places where what was fitted is not the crack, if enough others are left.

    A line of which none is left has no widths. What is held against the places of one line is the whole crack, since
    a short side line may have none but bad ones.
    """
    whole = _whole([course.fit for course in courses])
    usual = _usual(whole)
    good = [_is_crack(course.fit, usual, prior) for course in courses]
    if sum(int(some.sum()) for some in good) < max(1, len(whole.width) // 3):
        good = [np.ones(len(some), np.bool_) for some in good]
    kept = []
    for course, some in zip(courses, good, strict=True):
        fit = course.fit.only(some)
        kept.append(replace(course, at=course.at[some], fit=replace(fit, width=_steadied(fit.width, times))))
    return kept


class _Usual(NamedTuple):
    """The medians along a crack of what was fitted, as `Fit` has them."""

    width: float
    depth: float
    stat: float


def _usual(whole: Fit) -> _Usual:
    return _Usual(*(float(np.median(some)) for some in (whole.width, whole.depth, whole.stat)))


def _is_crack(fit: Fit, usual: _Usual, prior: DepthPrior) -> NDArray[np.bool_]:
    """Which places of a line were fitted to the crack: not far shallower than it, nor far wider than around.

    Nor far wider than the whole, and shallower or ragged at that: a crack is no paler for gaping. Nor is a place told
    of whose profile does not show where the crack ends: its width is off by more than itself.
    """
    from scipy.ndimage import median_filter

    around = median_filter(fit.width, min(15, len(fit.width)), mode="nearest")
    shade = _far_wider(fit, usual) & (fit.depth < _SHADE * usual.depth) | _ragged(fit, usual)
    ends_seen = fit.stat < fit.width + _UNSEEN_PX
    like_it = (fit.depth > _SHALLOW * prior.mean) & (fit.width < _OUTSTANDING * around + 1)
    return np.asarray(like_it & ends_seen & ~shade)


def _far_wider(fit: Fit, usual: _Usual) -> NDArray[np.bool_]:
    return np.asarray(fit.width > _OUTSTANDING * usual.width + 1)


def _ragged(fit: Fit, usual: _Usual) -> NDArray[np.bool_]:
    """Where no box as wide as the one that was fitted is seen: the crack and a stain or a chipped edge beside it.

    What truly gapes is well resolved, and its width is the surer.
    """
    unsure = fit.stat > np.maximum(_RAGGED_SHARE * fit.width, _RAGGED_TIMES * usual.stat)
    return np.asarray(_far_wider(fit, usual) & unsure)


def _steadied(width: Doubles, times: int) -> Doubles:
    """Widths with less of the grain, which shows in thin ones, and with the lit wall of wide ones added.

    Thin ones are averaged over some 15 px along the line, gaping ones over about their own width, so that a notch in
    an edge is not taken for the width of the crack. Where a crack gapes, the light falls on one of its walls, which
    then looks like the surface: a twentieth of what is wider than 3 px, on generated photos with known truth.
    """
    from scipy.ndimage import gaussian_filter1d

    if not len(width):
        return width
    middle = float(np.median(width))
    spread = float(np.clip(max(7 / max(middle, 0.5) - 0.7, middle / 6), 0, 2.5))
    steady = gaussian_filter1d(width, spread, mode="nearest") if spread > 0.3 else width
    hidden = _LIT_WALL * (np.clip(steady * times, _LIT_FROM_PX, _LIT_TO_PX) - _LIT_FROM_PX)
    return np.asarray(steady + hidden / times)


def _running(half: NDArray[np.float64], count: int) -> Doubles:
    """Half widths of the mask along a line, smoothed, at `count` places."""
    from scipy.ndimage import gaussian_filter1d, maximum_filter1d

    along = np.interp(np.linspace(0, 1, count), np.linspace(0, 1, len(half)), half)
    return np.asarray(gaussian_filter1d(maximum_filter1d(along, 15), 8.0, mode="nearest"))


def _tone(strips: Sequence[_Strip]) -> tuple[int, DepthPrior]:
    """Whether the crack is dark (1) or pale (-1), by the middle of its profiles against their rims."""
    values = np.concatenate([one.profiles.values for one in strips])
    rim = np.median(np.concatenate([values[:, :6], values[:, -6:]], 1), 1)
    middle = values[:, _SAMPLES // 2 - 1 : _SAMPLES // 2 + 2].mean(1)
    return (1, DARK) if float(np.median(middle - rim)) < 0 else (-1, PALE)


def _learned(fit: Fit, prior: DepthPrior) -> DepthPrior:
    """What the crack's own best resolved places say of its depth, joined with what was known before.

    What makes one place doubtful, above all the blur, makes all of them doubtful: their number does not help. Ragged
    places show the depth of a stain. Pale ones do count: in a faint crack only what gapes shows how faint it is.
    """
    ragged = _ragged(fit, _usual(fit))
    depth, seen = fit.depth[~ragged], fit.depth_seen[~ragged]
    best = np.argsort(seen)[: max(1, len(seen) // 5)]
    own = 1 / prior.deviation**2
    shown = 1 / (float(np.median(seen[best])) ** 2 + _WITHIN**2)
    mean = (prior.mean * own + float(np.median(depth[best])) * shown) / (own + shown)
    return DepthPrior(mean, float(np.sqrt(1 / (own + shown) + _WITHIN**2)))
