"""Precision where another share of the pictures is cracked than among the rows that were judged.

Recall and false alarm rate are properties of the bundle on a surface; precision is one of the collection too. By Bayes'
rule the one follows from the others and the share of cracked pictures (Altman and Bland, "Diagnostic tests 2:
predictive values", BMJ 1994).
"""

from functools import partial

import numpy as np

from crackscope.arguments import NUMBER, refuse_wrong
from crackscope.errors import JudgingError
from crackscope.judging.evaluation import AtPrevalence, Evaluation
from crackscope.judging.few import joined, rate
from crackscope.judging.figures import Values
from crackscope.judging.intervals import Bounds, draws, exact, groups_with, has_no_spread, measured, spread
from crackscope.judging.sample import Sample, counts_by_group
from crackscope.judging.scores import as_sample

_NAMES = ("precision", "npv", "alarm_share")


def checked_prevalence(prevalence: float | None) -> float | None:
    """Give it back; JudgingError unless it lies above 0 and below 1 or is None."""
    refuse_wrong(prevalence=(prevalence, NUMBER.or_none))
    if prevalence is not None and not 0 < prevalence < 1:
        raise JudgingError(f"the prevalence is {prevalence}: name a share above 0 and below 1, such as 0.02 for 2 %")
    return prevalence


def at_prevalence(evaluation: Evaluation, prevalence: float) -> AtPrevalence:
    """Restate an evaluation for pictures of which the share `prevalence` is cracked, from the same resamples.

    Where no resample differs, an interval takes the worst and the best that the exact bounds of recall and false alarm
    rate allow. Figures are None where rows of a label are missing; precision also where nothing would be called crack.

    Raises JudgingError unless the prevalence lies above 0 and below 1.
    """
    checked_prevalence(prevalence)
    rows = as_sample(evaluation.told)
    setting = evaluation.intervals
    sums = counts_by_group(rows.group, rows.crack, rows.said)
    values = restated(*_rates(sums.sum(axis=0, keepdims=True)), prevalence)
    resampled = [counts @ sums for counts in draws(rows.groups, setting.resamples, setting.seed)]
    rates = _rates(np.concatenate(resampled))
    drawn = restated(*rates, prevalence)
    box = _box(rows, prevalence)
    found, alarms = (rate(sums[:, place], sums[:, place + 1], one) for place, one in zip((0, 2), rates, strict=True))
    measures = {}
    for name in _NAMES:
        value = float(values[name][0])
        if has_no_spread(drawn[name]):
            ends = box.get(name)
        else:
            ends = joined(partial(_one, name, prevalence), found, alarms) or spread(drawn[name])
        measures[name] = measured(value, ends)
    return AtPrevalence(prevalence=prevalence, **measures)


def restated(recall: Values, false_alarms: Values, prevalence: float) -> dict[str, Values]:
    """Precision, negative predictive value and share of alarms from the two rates, float64 [r] each, all 0 to 1."""
    cracks, sounds = prevalence, 1 - prevalence
    alarms = cracks * recall + sounds * false_alarms
    passed = sounds * (1 - false_alarms)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "precision": cracks * recall / alarms,
            "npv": passed / (passed + cracks * (1 - recall)),
            "alarm_share": alarms,
        }


def _one(name: str, prevalence: float, recall: Values, false_alarms: Values) -> Values:
    return restated(recall, false_alarms, prevalence)[name]


def _rates(sums: Values) -> tuple[Values, Values]:
    """Recall and false alarm rate of every resample, float64 [r] each. sums: [r, 4] as `counts_by_group` has them."""
    found, cracks, alarms, sounds = sums.T
    with np.errstate(invalid="ignore"):
        return found / cracks, alarms / sounds


def _box(rows: Sample, prevalence: float) -> dict[str, Bounds]:
    """The extremes of each figure over the exact bounds of both rates."""
    crack, said = rows.crack, rows.said
    if not crack.any() or crack.all():
        return {}
    found = exact(float(said[crack].mean()), groups_with(rows, crack))
    alarms = exact(float(said[~crack].mean()), groups_with(rows, ~crack))
    recall, false_alarms = (grid.ravel() for grid in np.meshgrid(found, alarms))
    box = {}
    for name, extremes in restated(recall, false_alarms, prevalence).items():
        known = extremes[np.isfinite(extremes)]
        box[name] = (float(known.min()), float(known.max()))
    return box
