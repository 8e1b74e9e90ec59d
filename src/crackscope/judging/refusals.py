"""What a bundle would not judge: how large a share of each label, and why."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from crackscope.judging.evaluation import UNKNOWN, Judged, Refused
from crackscope.judging.few import rate
from crackscope.judging.figures import Values
from crackscope.judging.intervals import draws, measured
from crackscope.judging.sample import counts_by_group, number_groups
from crackscope.records import Label, Measure

NO_REASON = "no reason given"


def reason_kind(reason: str) -> str:
    """A reason without what is particular to one picture: what stands before its colon."""
    return reason.partition(":")[0].strip() or NO_REASON


def refused(predictions: Sequence[Judged], resamples: int, seed: int) -> Refused:
    """Count what has the verdict `cannot judge`, with intervals by groups as for every other figure.

    The groups are those of all rows, refused or not.
    """
    if not predictions:
        return Refused()
    group = number_groups([one.group for one in predictions])
    crack = np.array([one.label == "crack" for one in predictions])
    left = np.array([one.correct is None for one in predictions])
    sums = counts_by_group(group, crack, left)
    drawn = np.concatenate([counts @ sums for counts in draws(len(sums), resamples, seed)])
    return Refused(
        crack=_share(sums[:, :2], drawn[:, :2]), sound=_share(sums[:, 2:], drawn[:, 2:]), reasons=_reasons(predictions)
    )


def _share(sums: Values, drawn: Values) -> Measure:
    """The share of refused rows. sums: float64 [groups, 2], refused rows and all; drawn: [resamples, 2]."""
    if not sums[:, 1].any():
        return UNKNOWN
    value = float(sums[:, 0].sum() / sums[:, 1].sum())
    with np.errstate(invalid="ignore"):
        resampled = drawn[:, 0] / drawn[:, 1]
    found = rate(sums[:, 0], sums[:, 1], resampled)
    return measured(value, found.ends if found else None)


def _reasons(predictions: Sequence[Judged]) -> dict[str, dict[Label, int]]:
    refused = [(reason_kind(one.reason), one.label) for one in predictions if one.correct is None]
    both = Counter(refused)
    often = Counter(kind for kind, _ in refused)
    ranked = sorted(often, key=lambda kind: (-often[kind], kind))
    return {kind: {"sound": both[kind, "sound"], "crack": both[kind, "crack"]} for kind in ranked}
