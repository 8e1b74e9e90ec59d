"""ROC, precision-recall and reliability curves of an evaluation, with bands drawn over its groups."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crackscope.judging.evaluation import Evaluation
from crackscope.judging.figures import Values, rising_counts
from crackscope.judging.intervals import LEVEL, draws
from crackscope.judging.sample import Sample
from crackscope.judging.scores import as_sample

_GRID = 200
_RESAMPLES = 400


@dataclass(frozen=True, slots=True)
class Band:
    """A line and its 95 % band, pointwise. x, y: float64 [k]; at, low, high: float64 [g]. All 0 to 1."""

    x: Values
    y: Values
    at: Values
    low: Values
    high: Values


@dataclass(frozen=True, slots=True)
class Curves:
    """roc: true over false positive rate. pr: precision over recall. None unless both classes were judged.

    Points are those of scikit-learn's `roc_curve` and `precision_recall_curve` with every threshold kept.
    """

    roc: Band | None
    pr: Band | None


def curves(evaluation: Evaluation) -> Curves:
    """The curves over all thresholds, from the predictions of an evaluation."""
    rows = as_sample(evaluation.told)
    if not rows.crack.any() or rows.crack.all():
        return Curves(None, None)
    counts = np.ones((1, rows.groups), dtype=np.int32)
    resamples = min(_RESAMPLES, evaluation.intervals.resamples)
    drawn = [_lines(rows, some) for some in draws(rows.groups, resamples, evaluation.intervals.seed)]
    fpr, recall, precision = (lines[0] for lines in _lines(rows, counts))
    at = np.linspace(0, 1, _GRID + 1)
    fprs, recalls, precisions = (np.concatenate([one[place] for one in drawn]) for place in range(3))
    known = np.isfinite(fprs[:, -1]) & np.isfinite(recalls[:, -1])
    # A ROC curve begins at the origin, however many rows share the highest probability.
    heights = [_at(at, np.append(0.0, x), np.append(0.0, y)) for x, y in zip(fprs[known], recalls[known], strict=True)]
    sharpness = [_at(at, x, y) for x, y in zip(recalls[known], precisions[known], strict=True)]
    start = precision[:1]
    return Curves(
        roc=_band(np.append(0.0, fpr), np.append(0.0, recall), at, heights),
        pr=_band(np.append(0.0, recall), np.append(start, precision), at, sharpness),
    )


def _lines(rows: Sample, counts: NDArray[np.int32]) -> tuple[Values, Values, Values]:
    """False positive rate, recall and precision as the threshold falls: float64 [r, k] each."""
    tp, called = rising_counts(rows, counts)
    fp = called - tp
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(called > 0, tp / called, 1.0)
        return fp / fp[:, -1:], tp / tp[:, -1:], precision


def _at(grid: Values, x: Values, y: Values) -> Values:
    """The height of a curve at every point of the grid, the last of the points that share an x taken."""
    last = np.append(x[1:] != x[:-1], True)
    heights: Values = np.interp(grid, x[last], y[last])
    return heights


def _band(x: Values, y: Values, at: Values, drawn: list[Values]) -> Band:
    if not drawn:
        return Band(x, y, at, np.full_like(at, np.nan), np.full_like(at, np.nan))
    low, high = np.quantile(np.stack(drawn), [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return Band(x, y, at, low, high)
