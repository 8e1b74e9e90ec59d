"""Widths along a crack summed up, each figure with where the true one lies."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.fitting import Doubles
from crackscope.inspection.widths import Course
from crackscope.records import NORMAL_95, Estimate
from crackscope.scoring import Quality

_SPACING_PX = 3.0
_APART_PX = 12.0
_FLOOR_PX = 0.1
_SHARE = 0.03
_BLUR_SHARE = 0.1
_TAIL = 0.2


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
    (`proofs/measures.py`). The largest of many measured widths is larger than the largest true one: what is told lies
    half way between it and the 95th percentile.
    """
    width = np.concatenate([course.fit.width for course in courses])
    stat = np.concatenate([course.fit.stat for course in courses])
    shared = float(np.median(np.concatenate([course.fit.shared for course in courses])))
    many = max(1.0, len(width) * _SPACING_PX / _APART_PX)
    base = np.hypot(shared, np.hypot(_FLOOR_PX, _BLUR_SHARE * quality.sharpness_px))
    grain = float(np.median(stat))
    scatter = 1.4826 * float(np.median(np.abs(width - np.median(width))))
    inner = np.hypot(grain, scatter) / np.sqrt(many)
    mean, median, p95 = float(width.mean()), float(np.median(width)), float(np.percentile(width, 95))
    upper = _near(width, p95)
    top = float(width.max())
    return Widths(
        _estimate(mean, (inner, base)),
        _estimate(median, (1.25 * inner, base)),
        _estimate(p95, (2.1 * inner, np.hypot(base, max(float(stat[upper].mean()), _TAIL * (p95 - median))))),
        _estimate(
            (top + p95) / 2,
            (max(float(stat[width.argmax()]), 0.6 * (top - p95)), np.hypot(base, _TAIL * (top - median))),
        ),
    )


def _near(width: Doubles, value: float) -> NDArray[np.bool_]:
    away = np.abs(width - value)
    return np.asarray(away <= np.partition(away, min(4, len(away) - 1))[min(4, len(away) - 1)])


def _estimate(value: float, deviations: tuple[float, float]) -> Estimate:
    deviation = float(np.hypot(np.hypot(*deviations), _SHARE * value))
    return Estimate(value=value, low=max(0.0, value - NORMAL_95 * deviation), high=value + NORMAL_95 * deviation)
