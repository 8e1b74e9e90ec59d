"""Widths along a crack summed up, each figure with where the true one lies."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.fitting import Doubles
from crackscope.inspection.places import EVERY
from crackscope.inspection.widths import Course
from crackscope.records import NORMAL_95, Estimate
from crackscope.scoring import Quality

_APART_PX = 12.0
"""Widths so far apart along a crack err by themselves: nearer ones rest on some of the same pixels."""
_FLOOR_PX, _SHARE, _BLUR_SHARE = 0.1, 0.03, 0.1
"""Deviations that each figure has whatever the grain: px, a share of the width, and a share of the photo's blur."""
_LEAST_BLUR_PX = 1.0
"""A blur below this counts as this: how sharp a sharp photo is is told to a tenth of a pixel at best."""
_GAPING_PX, _GAPING_SHARE = 30.0, 0.08
"""What gapes wider is told up to a tenth too wide (`benchmarks/widest.txt`): of that more than so many px so large a
share is one more deviation."""
_TAIL = 0.2
"""The largest figures are off by so large a share, too, of what lies between them and the ones before."""
_PLACES = 5
"""Successive places along a line, of which most must reach a width that is told as the largest."""
_STOUT, _STOUTER = 2.0, 4.0
"""A stretch shorter than so many times its own width, and so many times as wide as the crack, is no part of it."""
_MEAN_SHARE = 0.85
"""Of what all places share, the mean is off by less than single places are: with all of it, its interval held in 99 of
100 zones of generated photos."""


class Widths(NamedTuple):
    """Widths of a zone in px."""

    mean: Estimate
    median: Estimate
    p95: Estimate
    max: Estimate


def summed_up(courses: Sequence[Course], quality: Quality) -> Widths:
    """Sum up the widths along the centre lines of a zone.

    The deviation of each figure joins three: the grain and the scatter along the line, which many places average out;
    what is not known of depth and blur, which they share; and what a box seen through a blur leaves out of real
    profiles (crumbled edges, lit walls), a floor that was set on generated photos with known truth
    (`proofs/measures.py`). Figures and their intervals ascend from the median to the largest.
    """
    courses = _slender(courses)
    width = np.concatenate([course.fit.width for course in courses])
    stat = np.concatenate([course.fit.stat for course in courses])
    shared = float(np.median(np.concatenate([course.fit.shared for course in courses])))
    many = max(1.0, len(width) * EVERY / _APART_PX)
    blur_px = max(quality.sharpness_px, _LEAST_BLUR_PX)
    base = float(np.hypot(shared, np.hypot(_FLOOR_PX, _BLUR_SHARE * blur_px)))
    grain = float(np.median(stat))
    scatter = 1.4826 * float(np.median(np.abs(width - np.median(width))))
    inner = float(np.hypot(grain, scatter) / np.sqrt(many))
    mean, median, p95 = float(width.mean()), float(np.median(width)), float(np.percentile(width, 95))
    upper = _near(width, p95)
    tail = max(float(stat[upper].mean()), _TAIL * (p95 - median))
    top = max(p95, _held(courses))
    return Widths(
        _estimate(mean, (inner, _MEAN_SHARE * base)),
        *in_order(
            _estimate(median, (1.25 * inner, base)),
            _estimate(p95, (2.1 * inner, base, tail)),
            _largest((median, p95, top), float(stat[_near(width, top)].mean()), base),
        ),
    )


def widest_place(courses: Sequence[Course]) -> Doubles:
    """Where a crack is widest, float64 [2], px: where three of five successive places along a line reach most, or,
    where no line has three, the widest place."""
    slender = [course for course in _slender(courses) if len(course.at)]
    held = [_held_widths(course) for course in slender]
    if not any(widths.any() for widths in held):
        held = [course.fit.width for course in slender]
    most = int(np.argmax([widths.max() for widths in held]))
    return np.asarray(slender[most].points[slender[most].at[held[most].argmax()]], np.float64)


def _slender(courses: Sequence[Course]) -> list[Course]:
    """The courses without their places in a hole, a pore or a dark thing that the crack runs into: stretches hardly
    longer than they are wide, and many times wider than the crack is."""
    least = _STOUTER * float(np.median(np.concatenate([course.fit.width for course in courses])))
    return [course.only(_slender_places(course, least)) for course in courses]


def _slender_places(course: Course, least: float) -> NDArray[np.bool_]:
    """Which of the places of a course, bool [n], lie in no stretch of that width that is hardly longer than wide."""
    width = course.fit.width
    kept = np.ones(len(width), np.bool_)
    ends = np.flatnonzero(np.diff(width >= least, prepend=False, append=False))
    for begin, end in zip(ends[::2], ends[1::2], strict=True):
        long = course.at[end - 1] - course.at[begin] + EVERY
        kept[begin:end] = long >= _STOUT * np.median(width[begin:end])
    return kept


def in_order(*ascending: Estimate) -> list[Estimate]:
    """Estimates of figures of which none can be smaller than the one before, so that neither are their ends.

    What one of them surely is, the next is at least; and as far as the one may reach, the next may.
    """
    ordered: list[Estimate] = []
    for one in ascending:
        least = ordered[-1] if ordered else one
        ordered.append(
            Estimate(value=max(one.value, least.value), low=max(one.low, least.low), high=max(one.high, least.high))
        )
    return ordered


def _held(courses: Sequence[Course]) -> float:
    """The largest width that three of five successive places along a line reach; 0 where no line has three.

    The largest of many noisy fits says how noisy they are; a crack that is wide is so for more than a few px.
    """
    return float(max(_held_widths(course).max(initial=0.0) for course in courses))


def _held_widths(course: Course) -> Doubles:
    """The width that three of the five places around each reach, float64 [n]; 0 where there are no three."""
    from scipy.ndimage import median_filter

    return np.asarray(median_filter(course.fit.width, _PLACES, mode="constant"), np.float64)


def _largest(figures: tuple[float, float, float], stat: float, base: float) -> Estimate:
    """The largest width, from the median, the 95th percentile, and the largest measured, whose grain is `stat`.

    The largest of many measured widths is larger than the largest true one: what is told lies half way between it and
    the 95th percentile. Downwards it may be off by most of what lies between the two; upwards the true one lies beyond
    the largest measured only by as much as that is off itself.
    """
    median, p95, top = figures
    tail = _TAIL * (top - median)
    told = _estimate((top + p95) / 2, (max(stat, 0.6 * (top - p95)), base, tail))
    return Estimate(value=told.value, low=told.low, high=_estimate(top, (stat, base, _TAIL * (top - p95))).high)


def _near(width: Doubles, value: float) -> NDArray[np.bool_]:
    away = np.abs(width - value)
    return np.asarray(away <= np.partition(away, min(4, len(away) - 1))[min(4, len(away) - 1)])


def _estimate(value: float, deviations: tuple[float, ...]) -> Estimate:
    half = NORMAL_95 * math.hypot(*deviations, _SHARE * value, _GAPING_SHARE * max(0.0, value - _GAPING_PX))
    return Estimate(value=value, low=max(0.0, value - half), high=value + half)
