"""Intervals where few groups hold an error: resamples then hold too few of other numbers of them.

With one error among a hundred rows most resamples hold none to three, and their percentiles end at three, where five
may well be behind it: the interval would be narrower than that of no error at all. Shares get the interval of Clopper
and Pearson (1934) instead, and what follows from two shares their distances, added in squares (Zou and Donner,
"Construction of confidence limits about effect measures", 2008).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.judging.figures import Values, confusion_figures
from crackscope.judging.intervals import Bounds, exact, has_no_spread, spread
from crackscope.judging.sample import Sample

FEW = 10
"""Groups with an error, and groups without, from which on resamples are taken: the percentiles of these hold a share
that gives four errors in 91 of 100 cases, one that gives ten or more in 94 or more; exact intervals in 96 or more."""

_OF_TWO = ("f1", "balanced_accuracy", "mcc")


class Rate(NamedTuple):
    """A share with its interval, all 0 to 1. few: whether this comes of few groups, not of resamples."""

    value: float
    ends: Bounds
    few: bool


def of_few(hits: Values, of: Values) -> Bounds | None:
    """The exact interval of a share of which few groups hold a hit, or few a miss; None where many hold both, and where
    none holds one of them.

    hits, of: float64 [groups], how many rows of each group are hits, and how many there are. As many rows are one trial
    as their errors hang together (`together`).
    """
    rarer = min((hits, of - hits), key=np.count_nonzero)
    if not 0 < np.count_nonzero(rarer) < FEW:
        return None
    return exact(float(hits.sum() / of.sum()), float(of.sum()) / together(rarer, of))


def together(hits: Values, of: Values) -> float:
    """How many rows are worth one witness, from 1 on, by how far hits keep to the same groups (the design effect of
    Kish, "Survey Sampling", 1965): 1 where they fall as by chance, a group's rows where all of them are hits or none.

    hits, of: float64 [groups], how many rows of each group are hits, and how many there are; some are hits, not all.
    """
    share = float(hits.sum() / of.sum())
    beside, by_chance = (float((rows * (rows - 1)).sum() / rows.sum()) for rows in (hits, of))
    return 1 + max(0.0, beside - share * by_chance) / (1 - share)


def rate(hits: Values, of: Values, resampled: Values) -> Rate | None:
    """A share with its interval; None without rows. resampled: float64 [r], the share in resamples of the groups."""
    if not of.any():
        return None
    value = float(hits.sum() / of.sum())
    if has_no_spread(resampled):
        return Rate(value, exact(value, int(np.count_nonzero(of))), few=True)
    few = of_few(hits, of)
    return Rate(value, few or spread(resampled) or (0.0, 1.0), few=few is not None)


def few_ends(name: str, sample: Sample, resampled: dict[str, Values]) -> Bounds | None:
    """The interval of a figure that counts errors where few groups hold one; None where resamples are to be taken.

    resampled: float64 [r] by name, the figures of the resamples.
    """
    shares = {
        "accuracy": (sample.crack == sample.said, np.ones(sample.n, dtype=np.bool_)),
        "precision": (sample.crack & sample.said, sample.said),
        "recall": (sample.crack & sample.said, sample.crack),
        "miss_rate": (sample.crack & ~sample.said, sample.crack),
        "false_alarm_rate": (~sample.crack & sample.said, ~sample.crack),
    }
    if name in shares:
        return of_few(*(_by_group(sample, rows) for rows in shares[name]))
    if name not in _OF_TWO:
        return None
    found, alarms = (
        rate(_by_group(sample, shares[one][0]), _by_group(sample, shares[one][1]), resampled[one])
        for one in ("recall", "false_alarm_rate")
    )
    cracks = float(sample.crack.mean())

    def figure(recall: Values, false_alarms: Values) -> Values:
        sounds = 1 - cracks
        cells = sounds * (1 - false_alarms), sounds * false_alarms, cracks * (1 - recall), cracks * recall
        return confusion_figures(*cells)[name]

    return joined(figure, found, alarms, least=-1.0 if name == "mcc" else 0.0)


def joined(
    figure: Callable[[Values, Values], Values], first: Rate | None, second: Rate | None, least: float = 0.0
) -> Bounds | None:
    """The interval of what follows from two shares, moved to their ends one by one, between the least that it can be
    and 1; None unless either share is of few."""
    if first is None or second is None or not (first.few or second.few):
        return None
    moved = [(first.value, second.value)]
    moved += [(end, second.value) for end in first.ends] + [(first.value, end) for end in second.ends]
    value, *others = figure(*np.array(moved).T)
    away = np.nan_to_num(np.array(others) - value).reshape(2, 2)
    down, up = (float(np.hypot(*np.maximum(0.0, side.max(axis=1)))) for side in (-away, away))
    return max(least, float(value) - down), min(1.0, float(value) + up)


def _by_group(sample: Sample, rows: NDArray[np.bool_]) -> Values:
    """How many of these rows, bool [n], each group has: float64 [groups]."""
    return np.bincount(sample.group[rows], minlength=sample.groups).astype(np.float64)
