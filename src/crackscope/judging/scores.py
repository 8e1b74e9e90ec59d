"""From labelled rows and probabilities to an evaluation: nothing is read, nothing is run."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from crackscope.arguments import WHOLE, refuse_wrong
from crackscope.errors import JudgingError
from crackscope.judging.baselines import baselines
from crackscope.judging.evaluation import (
    FIGURES,
    RATES,
    UNKNOWN,
    BundleFacts,
    ByClass,
    ClassFigures,
    Evaluation,
    Intervals,
    Judged,
    MetBefore,
    ReliabilityBin,
    SplitFacts,
    Subset,
)
from crackscope.judging.few import few_ends
from crackscope.judging.figures import confusion, confusion_figures, figures, or_none
from crackscope.judging.intervals import LEVEL, METHOD, bound, draws, exact, has_no_spread, measured, spread
from crackscope.judging.refusals import reason_kind, refused
from crackscope.judging.sample import BINS, Sample, checked_probabilities, number_groups, sample
from crackscope.records import Label, Measure, Row, Unread, Verdict


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """How intervals are drawn: how many resamples, from 1 on, from which seed, 0 or more. JudgingError for others."""

    resamples: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        refuse_wrong(resamples=(self.resamples, WHOLE), seed=(self.seed, WHOLE))
        if self.resamples < 1:
            raise JudgingError(f"{self.resamples} resamples give no interval: ask for at least 1, better 1000")
        if self.seed < 0:
            raise JudgingError(f"the seed of the resamples is {self.seed}: it must be 0 or more")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where scores come from, as far as it is known: it is told, and changes no figure.

    reasons: why each row could not be judged, "" where it could; empty when nothing is known of it. read_as: by surface
    of the rows, how many were read as which surface of the bundle. suggested: how many of the rows `suggest` chose.
    """

    bundle: BundleFacts | None = None
    split: SplitFacts | None = None
    part: str | None = None
    unread: tuple[Unread, ...] = ()
    reasons: tuple[str, ...] = ()
    read_as: dict[str, dict[str, int]] = field(default_factory=dict)
    met_before: MetBefore | None = None
    suggested: int = 0


def evaluate_scores(
    rows: Sequence[Row],
    probabilities: NDArray[np.float64] | Sequence[float],
    threshold: float = 0.5,
    *,
    verdicts: Sequence[Verdict] | None = None,
    bootstrap: Bootstrap | None = None,
    origin: Origin | None = None,
) -> Evaluation:
    """Judge the probabilities of crack, one a row, against the labels of the rows.

    probabilities: float64 [n], 0 to 1. threshold: a row is called crack when its probability reaches it. verdicts: what
    was said, if the threshold alone did not decide; rows with `cannot judge` are counted apart and enter no figure.
    Rows with a group are resampled together; a row without one is a group of its own.

    Raises JudgingError when there is no row left to judge, or a number is out of its range.
    """
    values = checked_probabilities(probabilities, len(rows))
    if not 0 <= threshold <= 1:
        raise JudgingError(f"the threshold is {threshold}: it must lie between 0 and 1")
    said = verdicts if verdicts is not None else _by_threshold(values, threshold)
    known = origin or Origin()
    return judge(judged(rows, values, said, known.reasons), threshold, bootstrap or Bootstrap(), known)


def judged(
    rows: Sequence[Row],
    probabilities: NDArray[np.float64] | Sequence[float],
    verdicts: Sequence[Verdict],
    reasons: Sequence[str] = (),
) -> tuple[Judged, ...]:
    """Rows with what was said of each. reasons: as `Origin` has them. JudgingError where they do not fit the rows."""
    values = checked_probabilities(probabilities, len(rows))
    reasons = reasons or ("",) * len(rows)
    for what, given in (("verdicts", verdicts), ("reasons", reasons)):
        if len(given) != len(rows):
            raise JudgingError(f"{len(rows)} rows cannot be judged by {len(given)} {what}: give one a row")
    return tuple(
        _judged(row, float(value), verdict, reason)
        for row, value, verdict, reason in zip(rows, values, verdicts, reasons, strict=True)
    )


def judge(predictions: tuple[Judged, ...], threshold: float, bootstrap: Bootstrap, origin: Origin) -> Evaluation:
    """Figure what was predicted. JudgingError when no row has a verdict."""
    told = [one for one in predictions if one.correct is not None]
    if not told:
        raise JudgingError(_nothing(predictions))
    whole = as_sample(told)
    measures, bounded = measures_of(whole, bootstrap)
    return Evaluation(
        bundle=origin.bundle,
        split=origin.split,
        part=origin.part,
        met_before=origin.met_before,
        n=whole.n,
        support=support_of(told),
        groups=whole.groups,
        threshold=threshold,
        accuracy=measures["accuracy"],
        precision=measures["precision"],
        recall=measures["recall"],
        f1=measures["f1"],
        balanced_accuracy=measures["balanced_accuracy"],
        mcc=measures["mcc"],
        roc_auc=measures["roc_auc"],
        average_precision=measures["average_precision"],
        ece=measures["ece"],
        log_loss=measures["log_loss"],
        miss_rate=measures["miss_rate"],
        false_alarm_rate=measures["false_alarm_rate"],
        confusion=confusion(whole),
        by_class=_by_class(whole),
        baselines=baselines(float(whole.crack.mean())),
        by_surface=_by_surface(told, bootstrap),
        reliability=_reliability(whole),
        cannot_judge=support_of([one for one in predictions if one.correct is None]),
        refused=refused(predictions, bootstrap.resamples, bootstrap.seed),
        read_as=origin.read_as,
        suggested=origin.suggested,
        unread=origin.unread,
        intervals=Intervals(
            level=LEVEL, method=METHOD, resamples=bootstrap.resamples, seed=bootstrap.seed, bounded=bounded
        ),
        predictions=predictions,
    )


def as_sample(told: Sequence[Judged], grouped_as: Sequence[Judged] | None = None) -> Sample:
    """Lay out rows that have a verdict for figuring. grouped_as: the same rows with the groups to take, if others."""
    return sample(
        np.array([one.label == "crack" for one in told], dtype=np.bool_),
        np.array([one.verdict == "crack" for one in told], dtype=np.bool_),
        np.array([one.probability for one in told], dtype=np.float64),
        number_groups([one.group for one in grouped_as or told]),
    )


def _by_threshold(values: NDArray[np.float64], threshold: float) -> list[Verdict]:
    return ["crack" if value >= threshold else "sound" for value in values]


def _nothing(predictions: Sequence[Judged]) -> str:
    if not predictions:
        return "there is nothing to judge: no row was read and given a verdict"
    kinds = " and ".join(sorted({reason_kind(one.reason) for one in predictions}))
    rows = "the only row was" if len(predictions) == 1 else f"all {len(predictions)} rows were"
    return f"there is nothing to judge: {rows} refused ({kinds}); check the pictures"


def _judged(row: Row, probability: float, verdict: Verdict, reason: str) -> Judged:
    return Judged(
        path=row.path,
        label=row.label,
        group=row.group,
        surface=row.surface,
        probability=probability,
        verdict=verdict,
        correct=None if verdict == "cannot judge" else verdict == row.label,
        reason=reason,
    )


def support_of(rows: Sequence[Judged]) -> dict[Label, int]:
    """How many rows there are of each label."""
    cracks = sum(row.label == "crack" for row in rows)
    return {"sound": len(rows) - cracks, "crack": cracks}


def measures_of(
    rows: Sample, bootstrap: Bootstrap, names: Sequence[str] = (*FIGURES, *RATES)
) -> tuple[dict[str, Measure], tuple[str, ...]]:
    """The figures of these names with their intervals, and the names of those whose interval is a bound."""
    values = figures(rows, np.ones((1, rows.groups), dtype=np.int32))
    pieces = [figures(rows, counts) for counts in draws(rows.groups, bootstrap.resamples, bootstrap.seed)]
    drawn = {name: np.concatenate([one[name] for one in pieces]) for name in values}
    measures: dict[str, Measure] = {}
    bounded: list[str] = []
    for name in names:
        value = float(values[name][0])
        if np.isnan(value):
            measures[name] = UNKNOWN
            continue
        if has_no_spread(drawn[name]):
            ends = bound(name, rows, value)
            bounded.append(name)
        else:
            ends = few_ends(name, rows, drawn) or spread(drawn[name])
        measures[name] = measured(value, ends)
    return measures, tuple(bounded)


def _by_class(rows: Sample) -> ByClass:
    (tn, fp), (fn, tp) = confusion(rows)
    crack = _class_figures(tn, fp, fn, tp)
    sound = _class_figures(tp, fn, fp, tn)
    both = (sound, crack)
    return ByClass(
        sound=sound,
        crack=crack,
        macro=_average(both, (0.5, 0.5)) if sound.support and crack.support else _undefined(rows.n),
        weighted=_average(both, (sound.support / rows.n, crack.support / rows.n)),
    )


def _class_figures(tn: int, fp: int, fn: int, tp: int) -> ClassFigures:
    values = confusion_figures(*(np.array([float(cell)]) for cell in (tn, fp, fn, tp)))
    precision, recall, f1 = (or_none(values[name][0]) for name in ("precision", "recall", "f1"))
    return ClassFigures(precision=precision, recall=recall, f1=f1, support=fn + tp)


def _average(classes: tuple[ClassFigures, ClassFigures], shares: tuple[float, float]) -> ClassFigures:
    precision, recall, f1 = (
        sum((getattr(one, name) or 0.0) * share for one, share in zip(classes, shares, strict=True))
        for name in ("precision", "recall", "f1")
    )
    return ClassFigures(precision=precision, recall=recall, f1=f1, support=classes[0].support + classes[1].support)


def _undefined(support: int) -> ClassFigures:
    return ClassFigures(precision=None, recall=None, f1=None, support=support)


def _by_surface(told: Sequence[Judged], bootstrap: Bootstrap) -> dict[str, Subset]:
    """Figures by surface where rows name more than one; rows without a surface stand under \"\"."""
    names = sorted({one.surface for one in told})
    if len(names) < 2:
        return {}
    return {name: _subset([one for one in told if one.surface == name], bootstrap) for name in names}


def _subset(told: Sequence[Judged], bootstrap: Bootstrap) -> Subset:
    rows = as_sample(told)
    measures, _ = measures_of(rows, bootstrap)
    return Subset(n=rows.n, support=support_of(told), groups=rows.groups, confusion=confusion(rows), figures=measures)


def _reliability(rows: Sample) -> tuple[ReliabilityBin, ...]:
    return tuple(_bin(rows, place) for place in range(BINS))


def _bin(rows: Sample, place: int) -> ReliabilityBin:
    inside = rows.bin == place
    count = int(inside.sum())
    share = float(rows.crack[inside].mean()) if count else None
    ends = (None, None) if share is None else exact(share, len(np.unique(rows.group[inside])))
    return ReliabilityBin(
        low=place / BINS,
        high=(place + 1) / BINS,
        count=count,
        mean_probability=float(rows.probability[inside].mean()) if count else None,
        crack_share=share,
        share_low=ends[0],
        share_high=ends[1],
    )
