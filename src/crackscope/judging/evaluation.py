"""What judging a bundle gives: the record that `metrics.json` is, and the rows of `predictions.csv`."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from crackscope.records import Label, Measure, Unread, Verdict

FIGURES: tuple[str, ...] = (
    "accuracy",
    "precision",
    "recall",
    "f1",
    "balanced_accuracy",
    "mcc",
    "roc_auc",
    "average_precision",
    "ece",
    "log_loss",
)
"""The figures of an evaluation, in the order in which they are shown. `crack` is the positive class."""

SMALLER_IS_BETTER: frozenset[str] = frozenset({"ece", "log_loss"})


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `predictions.csv`. `correct` is None where the bundle could not judge."""

    path: str
    label: Label
    group: str
    surface: str
    probability: float
    verdict: Verdict
    correct: bool | None


class ClassFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the report by class. None where a figure is not defined; `support` counts rows."""

    precision: float | None
    recall: float | None
    f1: float | None
    support: int


class ByClass(msgspec.Struct, frozen=True, kw_only=True):
    """The report by class.

    macro: mean of the two classes, None when one has no rows. weighted: mean weighted by support. In both a figure
    that is not defined (nothing was called that class) counts as 0, as in scikit-learn.
    """

    sound: ClassFigures
    crack: ClassFigures
    macro: ClassFigures
    weighted: ClassFigures


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody would score on the same rows without looking at a picture."""

    accuracy: float | None
    precision: float | None
    recall: float | None
    f1: float | None
    balanced_accuracy: float | None
    mcc: float | None
    roc_auc: float | None
    average_precision: float | None
    ece: float | None
    log_loss: float | None


class ReliabilityBin(msgspec.Struct, frozen=True, kw_only=True):
    """Rows whose probability lies in (low, high], the first bin also holding 0.

    mean_probability, crack_share: 0 to 1, None in an empty bin. share_low, share_high: exact 95 % bounds of the share,
    one trial a group.
    """

    low: float
    high: float
    count: int
    mean_probability: float | None
    crack_share: float | None
    share_low: float | None
    share_high: float | None


class Subset(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of the rows of one surface."""

    n: int
    support: dict[Label, int]
    groups: int
    confusion: tuple[tuple[int, int], tuple[int, int]]
    figures: dict[str, Measure]


class BundleFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Which bundle was judged. fingerprint: sha256 over the hashes of its files."""

    name: str
    fingerprint: str
    precision: str = ""


class SplitFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Which split was judged on.

    leak_share: of the test rows, the share (0 to 1) with a near-copy among the training rows of a random split; None
    when not known. random: the split did not keep groups together. seed: None for a split that was given.
    """

    fingerprint: str
    random: bool
    seed: int | None = None
    leak_share: float | None = None


class Intervals(msgspec.Struct, frozen=True, kw_only=True):
    """How the intervals were made.

    bounded: the figures whose bootstrap gave no spread at all, so that an exact bound stands in its place.
    """

    level: float
    method: str
    resamples: int
    seed: int
    bounded: tuple[str, ...] = ()


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle judged on labelled rows. Every field but `predictions` is a key of `metrics.json`.

    n, support, groups: of the rows that have a verdict; `cannot_judge` counts the others by label, and `unread` names
    the pictures that could not be read. confusion: [[tn, fp], [fn, tp]], rows are labels, columns verdicts.
    ece: expected calibration error over 15 bins. log_loss: natural logarithm, mean of a row.
    """

    format: Literal[1] = 1
    bundle: BundleFacts | None = None
    split: SplitFacts | None = None
    part: str | None = None
    n: int
    support: dict[Label, int]
    groups: int
    threshold: float
    accuracy: Measure
    precision: Measure
    recall: Measure
    f1: Measure
    balanced_accuracy: Measure
    mcc: Measure
    roc_auc: Measure
    average_precision: Measure
    ece: Measure
    log_loss: Measure
    confusion: tuple[tuple[int, int], tuple[int, int]]
    by_class: ByClass
    baselines: dict[str, Baseline]
    by_surface: dict[str, Subset]
    reliability: tuple[ReliabilityBin, ...]
    cannot_judge: dict[Label, int]
    unread: tuple[Unread, ...]
    intervals: Intervals
    predictions: tuple[Judged, ...] = ()

    @property
    def figures(self) -> Mapping[str, Measure]:
        """The figures by name, in the order of `FIGURES`."""
        return {name: getattr(self, name) for name in FIGURES}
