"""95 % intervals: a percentile bootstrap over groups, and an exact bound where that has no spread.

Near-copies and crops of one photo are no independent witnesses, so whole groups are drawn (Davison and Hinkley,
"Bootstrap Methods and their Application", 1997, chapter 3). When every resample gives the same figure (no error at all,
say) the bootstrap claims to know it exactly, which is not honest: there the interval is that of Clopper and Pearson
(1934), one trial a group. Where few groups hold an error, `few` gives the interval.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from crackscope.judging.figures import Counts, Values, confusion_figures
from crackscope.judging.sample import Sample
from crackscope.records import Measure

LEVEL = 0.95
METHOD = "percentile bootstrap over groups; Clopper-Pearson where it has no spread or few groups hold an error"

_TAIL = (1 - LEVEL) / 2
_AT_ONCE = 40  # resamples; more would leave the processor's cache, and another number would draw other resamples
_NO_SPREAD = 1e-12

Bounds = tuple[float, float]


def draws(groups: int, resamples: int, seed: int) -> Iterator[Counts]:
    """Draw groups with replacement: int32 [r, groups], r up to 40 at a time, `resamples` in all."""
    rng = np.random.default_rng(seed)
    for start in range(0, resamples, _AT_ONCE):
        rows = min(_AT_ONCE, resamples - start)
        drawn = rng.integers(0, groups, size=(rows, groups)) + np.arange(rows)[:, None] * groups
        yield np.bincount(drawn.ravel(), minlength=rows * groups).reshape(rows, groups).astype(np.int32)


def spread(values: Values) -> Bounds | None:
    """Percentile interval of a figure's resamples, those where it is not defined left out; None without any."""
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    low, high = np.quantile(known, [_TAIL, 1 - _TAIL])
    return float(low), float(high)


def has_no_spread(values: Values) -> bool:
    """Whether all resamples agree on the figure, so that its percentile interval is a point."""
    known = values[np.isfinite(values)]
    return bool(len(known)) and float(np.ptp(known)) < _NO_SPREAD


def measured(value: float, ends: Bounds | None) -> Measure:
    """A figure with its interval, which always holds the figure: percentiles of what grows under resampling, such as a
    calibration error, may miss it. NaN is not defined.
    """
    if np.isnan(value):
        return Measure(value=None, low=None, high=None)
    if ends is None:
        return Measure(value=value, low=None, high=None)
    return Measure(value=value, low=min(ends[0], value), high=max(ends[1], value))


def exact(share: float, trials: float) -> Bounds:
    """Clopper-Pearson interval of a share seen in so many trials; both counts may be fractional."""
    from scipy.special import betaincinv

    hits = share * trials
    misses = trials - hits
    low = 0.0 if hits <= _NO_SPREAD else float(betaincinv(hits, misses + 1, _TAIL))
    high = 1.0 if misses <= _NO_SPREAD else float(betaincinv(hits + 1, misses, 1 - _TAIL))
    return low, high


def bound(name: str, sample: Sample, value: float) -> Bounds | None:
    """An interval for a figure whose bootstrap has no spread; None for log loss, and for F1 without crack rows.

    Shares are trials, a group each. F1, balanced accuracy and MCC take the worst and the best that the bounds of the
    two recalls allow. A ROC AUC is the chance that a crack row outranks a sound one: as many independent trials as the
    rarer class has groups. Average precision is at least the product of the bounds of precision and recall.
    """
    shares = {
        "accuracy": np.ones(sample.n, dtype=np.bool_),
        "precision": sample.said,
        "recall": sample.crack,
        "miss_rate": sample.crack,
        "false_alarm_rate": ~sample.crack,
    }
    if name in shares:
        return exact(value, groups_with(sample, shares[name]))
    if name in ("f1", "balanced_accuracy", "mcc"):
        return _from_recalls(name, sample)
    cracks, sounds = groups_with(sample, sample.crack), groups_with(sample, ~sample.crack)
    if name == "roc_auc":
        return exact(value, min(cracks, sounds))
    if name == "average_precision":
        return exact(value, cracks)[0] * exact(value, min(cracks, sounds))[0], 1.0
    if name == "ece":
        slack = 1 - exact(1.0, sample.groups)[0]
        return max(0.0, value - slack), min(1.0, value + slack)
    return None


def gap_bound(name: str, sample: Sample, clump: float | None = None) -> float:
    """How far two classifiers may differ in a figure though no resample shows it, 0 to 1; `sample` is of either.

    What was not seen in any of so many groups may be in a share of them up to the bound of Clopper and Pearson. For F1
    and balanced accuracy both recalls may move by theirs at once, either way; ROC AUC and average precision as in
    `bound`. clump: how many rows differ together, where some do: so many are then a trial, in the place of a group.
    """

    def trials(rows: NDArray[np.bool_]) -> float:
        return groups_with(sample, rows) if clump is None else float(rows.sum()) / clump

    cracks, sounds = (trials(rows) for rows in (sample.crack, ~sample.crack))
    if name == "accuracy":
        return _unseen(trials(np.ones(sample.n, dtype=np.bool_)))
    if name == "roc_auc":
        return _unseen(min(cracks, sounds))
    if name == "average_precision":
        return 1 - (1 - _unseen(cracks)) * (1 - _unseen(min(cracks, sounds)))
    recall = _moved(sample.said[sample.crack], _unseen(cracks))
    specificity = _moved(~sample.said[~sample.crack], _unseen(sounds))
    values = _over_recalls(name, float(sample.crack.mean()), recall, specificity)
    return float(np.nanmax(np.abs(values - values[0])))


def widened(ends: Bounds, value: float, by: float) -> Bounds:
    """An interval of a value, and an uncertainty of its own that this does not hold, to either side: the distances from
    the value are added in squares (Zou and Donner, "Construction of confidence limits about effect measures", 2008)."""
    low, high = (float(np.hypot(max(0.0, reach), by)) for reach in (value - ends[0], ends[1] - value))
    return value - low, value + high


def _unseen(trials: float) -> float:
    """The greatest share of trials that may have what none of so many had."""
    return exact(0.0, trials)[1]


def _moved(right: NDArray[np.bool_], by: float) -> tuple[float, float, float]:
    """The share of rows that are right, bool [n], and that share moved down and up."""
    share = float(right.mean()) if len(right) else 0.0
    return share, max(0.0, share - by), min(1.0, share + by)


def groups_with(sample: Sample, rows: NDArray[np.bool_]) -> int:
    """How many groups have a row among these, bool [n]."""
    return len(np.unique(sample.group[rows]))


def _from_recalls(name: str, sample: Sample) -> Bounds | None:
    """The extremes of a figure over the bounds of both recalls, at the share of cracks among the rows.

    None without crack rows: an F1 of 0 then says nothing about cracks.
    """
    crack, said = sample.crack, sample.said
    cracks = float(crack.mean())
    if cracks == 0:
        return None
    found = exact(float(said[crack].mean()), groups_with(sample, crack))
    cleared = exact(float((~said[~crack]).mean()), groups_with(sample, ~crack)) if cracks < 1 else (0.0, 0.0)
    extremes = _over_recalls(name, cracks, found, cleared)
    known = extremes[np.isfinite(extremes)]
    return (float(known.min()), float(known.max())) if len(known) else None


def _over_recalls(name: str, cracks: float, recall: Sequence[float], specificity: Sequence[float]) -> Values:
    """A figure of every recall with every specificity, the first of both first, at this share of cracked rows."""
    found, cleared = (grid.ravel() for grid in np.meshgrid(recall, specificity))
    sounds = 1 - cracks
    figures = confusion_figures(sounds * cleared, sounds * (1 - cleared), cracks * (1 - found), cracks * found)
    return figures[name]
