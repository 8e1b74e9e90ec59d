"""The figures of a sample, for many resamples at once.

A resample is how often each group was drawn. Rows are sorted by score once, so that ROC AUC and average precision of a
resample are cumulative sums. scikit-learn gives the same figures one resample at a time, too slowly for intervals; the
tests hold both side by side, ties and weights included.
"""

import numpy as np
from numpy.typing import NDArray

from crackscope.judging.sample import BINS, Sample

Counts = NDArray[np.int32]
Values = NDArray[np.float64]

_SMALLEST = float(np.finfo(np.float64).eps)


def figures(sample: Sample, counts: Counts) -> dict[str, Values]:
    """Figure every resample. counts: int [r, groups], how often each group was drawn. Values float64 [r].

    NaN where a figure is not defined: precision when nothing was called crack; recall and misses without crack rows;
    false alarms without sound rows; balanced accuracy, MCC, ROC AUC and average precision unless both classes are
    there. MCC is 0 when one verdict is given to all rows, as in scikit-learn.
    """
    sums: Values = counts.astype(np.float64) @ _sums_by_group(sample)
    tn, fp, fn, tp, loss = sums[:, :5].T
    total = sums[:, :4].sum(axis=1)
    ranked = _ranked(sample, counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            **confusion_figures(tn, fp, fn, tp),
            **ranked,
            "ece": np.abs(sums[:, 5:]).sum(axis=1) / total,
            "log_loss": loss / total,
        }


def confusion_figures(tn: Values, fp: Values, fn: Values, tp: Values) -> dict[str, Values]:
    """Figures that need the confusion matrix alone. All arrays float64 [r], counts or shares."""
    with np.errstate(invalid="ignore", divide="ignore"):
        recall, specificity = tp / (tp + fn), tn / (tn + fp)
        both = (tp + fn > 0) & (tn + fp > 0)
        under = np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
        mcc = np.clip(np.where(under > 0, (tp * tn - fp * fn) / under, 0.0), -1, 1)
        return {
            "accuracy": (tp + tn) / (tn + fp + fn + tp),
            "precision": tp / (tp + fp),
            "recall": recall,
            "f1": 2 * tp / (2 * tp + fp + fn),
            "balanced_accuracy": (recall + specificity) / 2,
            "mcc": np.where(both, mcc, np.nan),
            "miss_rate": fn / (tp + fn),
            "false_alarm_rate": fp / (tn + fp),
        }


def confusion(sample: Sample) -> tuple[tuple[int, int], tuple[int, int]]:
    """[[tn, fp], [fn, tp]] of the rows as they are."""
    crack, said = sample.crack, sample.said
    return (
        (int((~crack & ~said).sum()), int((~crack & said).sum())),
        (int((crack & ~said).sum()), int((crack & said).sum())),
    )


def log_losses(sample: Sample) -> Values:
    """Negative natural logarithm of the probability given to the label, float64 [n], at most 36."""
    given = np.where(sample.crack, sample.probability, 1 - sample.probability)
    losses: Values = -np.log(np.clip(given, _SMALLEST, 1 - _SMALLEST))
    return losses


def calibration_gaps(sample: Sample) -> Values:
    """Label less probability, each in the column of its bin: float64 [n, BINS].

    The absolute sum of a column over n is the bin's part of the expected calibration error of the crack probability
    (Naeini et al., "Obtaining Well Calibrated Probabilities Using Bayesian Binning", 2015; bins as Guo et al., 2017).
    """
    gaps = np.zeros((sample.n, BINS))
    gaps[np.arange(sample.n), sample.bin] = sample.crack - sample.probability
    return gaps


def _sums_by_group(sample: Sample) -> Values:
    """What adds up over rows, summed by group: tn, fp, fn, tp, loss, gaps. float64 [groups, 5 + BINS]."""
    crack, said = sample.crack, sample.said
    cells = np.stack([~crack & ~said, ~crack & said, crack & ~said, crack & said, log_losses(sample)], axis=1)
    sums = np.zeros((sample.groups, 5 + BINS))
    np.add.at(sums, sample.group, np.hstack([cells, calibration_gaps(sample)]))
    return sums


def _ranked(sample: Sample, counts: Counts) -> dict[str, Values]:
    """ROC AUC (ties count half) and average precision (a step a threshold, not interpolated)."""
    tp, called = rising_counts(sample, counts)
    fp = called - tp
    cracks, sounds = tp[:, -1], fp[:, -1]
    rise = np.diff(tp, prepend=0.0, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        area = (np.diff(fp, prepend=0.0, axis=1) * (tp - rise / 2)).sum(axis=1) / (cracks * sounds)
        steps = np.where(rise > 0, rise * tp / called, 0.0).sum(axis=1) / cracks
    return {"roc_auc": area, "average_precision": np.where((cracks > 0) & (sounds > 0), np.minimum(steps, 1), np.nan)}


def rising_counts(sample: Sample, counts: Counts) -> tuple[Values, Values]:
    """Cracks among, and size of, what is called crack as the threshold falls: two float64 [r, k], k = len(ties)."""
    weights = counts[:, sample.group]
    tp = np.cumsum(weights * sample.crack, axis=1, dtype=np.int32)[:, sample.ties]
    called = np.cumsum(weights, axis=1, dtype=np.int32)[:, sample.ties]
    return tp.astype(np.float64), called.astype(np.float64)


def or_none(value: float) -> float | None:
    """A figure, or None where it is not defined (NaN)."""
    return None if np.isnan(value) else float(value)
