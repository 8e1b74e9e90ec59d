"""What judging a bundle gives: the record that `metrics.json` is, and the rows of `predictions.csv`."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from crackscope.brief import brief
from crackscope.datasets import LikelyGroups
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

RATES: tuple[str, ...] = ("miss_rate", "false_alarm_rate")
"""What the shipped threshold costs: share of the cracked rows that it misses, of the sound rows that it calls crack."""

UNKNOWN = Measure(value=None, low=None, high=None)
"""A figure that is not defined, or was not counted."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `predictions.csv`. correct: None where the bundle could not judge. reason: why it could not, or ""."""

    path: str
    label: Label
    group: str
    surface: str
    probability: float
    verdict: Verdict
    correct: bool | None
    reason: str = ""


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


class Stated(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle says of its own threshold. Shares 0 to 1; None where it says nothing.

    miss_rate: of the held-out cracked pictures, what the threshold may miss at most. misses, false_alarms: shares of
    the held-out cracked and sound pictures that it then missed and called crack. pictures: held out, of both labels.
    *_low, *_high: exact 95 % bounds of these shares, one trial a picture.
    """

    miss_rate: float | None = None
    misses: float | None = None
    false_alarms: float | None = None
    pictures: int | None = None
    misses_low: float | None = None
    misses_high: float | None = None
    false_alarms_low: float | None = None
    false_alarms_high: float | None = None

    @property
    def missed(self) -> Measure:
        """The share of misses with its bounds."""
        return Measure(value=self.misses, low=self.misses_low, high=self.misses_high)

    @property
    def alarmed(self) -> Measure:
        """The share of false alarms with its bounds."""
        return Measure(value=self.false_alarms, low=self.false_alarms_low, high=self.false_alarms_high)


class CalibrationFacts(msgspec.Struct, frozen=True, kw_only=True):
    """How the probabilities of a bundle were fitted: by which method, "none" for not at all, on how many pictures.
    before_adapting: the bundle was adapted since, which changed its scores and how they are read."""

    method: str
    fitted_on: int
    before_adapting: bool = False


class SurfaceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """How a bundle reads scores on a surface that it knows: probability = sigmoid(scale * score + shift), and the
    threshold. fitted_on: held-out pictures of it, 0 where all three are the bundle's own. misses, false_alarms: shares
    of those, cross-validated, None where the bundle says nothing.
    """

    name: str
    scale: float
    shift: float
    threshold: float
    fitted_on: int = 0
    misses: float | None = None
    false_alarms: float | None = None


class BundleFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Which bundle was judged, and what it says of itself. fingerprint: sha256 of its bundle.json.
    started_from: the named sets that its starting weights learnt from, where those are of a bundle."""

    name: str
    fingerprint: str
    precision: str = ""
    stated: Stated | None = None
    calibration: CalibrationFacts | None = None
    surfaces: tuple[SurfaceFacts, ...] = ()
    started_from: tuple[str, ...] = ()


class SplitFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Which split was judged on.

    leak_share: of the test rows, the share (0 to 1) with a near-copy among the training rows of a random split; None
    when not known. random: the split did not keep groups together. seed: None for a split that was given.
    likely_groups: photos that file names tell and the split does not, so that patches of one count apart.
    """

    fingerprint: str
    random: bool
    seed: int | None = None
    leak_share: float | None = None
    likely_groups: LikelyGroups | None = None


By = Literal["split", "pictures", "name", "weights", "weights_split", "look"]


class MetBefore(msgspec.Struct, frozen=True, kw_only=True):
    """Data that a bundle learnt from. by: `split`, the very split that it was trained on; `pictures`, some of those in
    its run or that it was adapted to; `name`, a set of the same name; `weights`, such a set that its starting weights,
    those of an earlier bundle, learnt from, or some of its pictures; `weights_split`, the very split that these were
    trained on; `look`, a set that most of the data were read as. sets: as the bundle names
    them, none where it has no name for them. pictures: that it learnt from, of these sets; of_each: of each that has a
    name (empty in evaluations written before that was told).

    learnt_from, chosen_on: how many of the `judged` rows are pictures of its training, or of that of its starting
    weights, or adapted to, and of the validation part of its run, the latter chose epoch and threshold; all three 0
    where none is known again."""

    by: By
    sets: tuple[str, ...]
    pictures: int
    of_each: dict[str, int] = {}
    learnt_from: int = 0
    chosen_on: int = 0
    judged: int = 0


class Intervals(msgspec.Struct, frozen=True, kw_only=True):
    """How the intervals were made.

    bounded: the figures whose bootstrap gave no spread at all, so that an exact bound stands in its place.
    """

    level: float
    method: str
    resamples: int
    seed: int
    bounded: tuple[str, ...] = ()


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """What the bundle would not judge.

    crack, sound: share of the cracked and of the sound rows. reasons: how many rows of each label, by the reason up to
    its colon, the most frequent first.
    """

    crack: Measure = UNKNOWN
    sound: Measure = UNKNOWN
    reasons: dict[str, dict[Label, int]] = {}


class AtPrevalence(msgspec.Struct, frozen=True, kw_only=True):
    """What verdicts are worth where another share of the pictures is cracked than among the rows judged.

    prevalence: that share. precision: share of the alarms that are cracks. npv: share of what is let pass that is
    sound (negative predictive value). alarm_share: share of all pictures that give an alarm. All 0 to 1.
    """

    prevalence: float
    precision: Measure
    npv: Measure
    alarm_share: Measure


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle judged on labelled rows. Every field but `predictions` is a key of `metrics.json`.

    n, support, groups: of the rows that have a verdict; `cannot_judge` counts the others by label, and `unread` names
    the pictures that could not be read. confusion: [[tn, fp], [fn, tp]], rows are labels, columns verdicts.
    ece: expected calibration error over 15 bins. log_loss: natural logarithm, mean of a row. miss_rate: 1 - recall.
    false_alarm_rate: share of the sound rows that are called crack. at_prevalence: None unless a share was named.
    read_as: for each surface of the rows, how many were read as which of the bundle's surfaces ("" as none of them);
    empty for a bundle that knows none. `threshold` is the bundle's own. met_before: what the bundle learnt from, where
    these data seem to be that. suggested: how many of the rows `suggest` chose, those without a verdict among them.
    """

    format: Literal[1] = 1
    bundle: BundleFacts | None = None
    split: SplitFacts | None = None
    part: str | None = None
    met_before: MetBefore | None = None
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
    miss_rate: Measure = UNKNOWN
    false_alarm_rate: Measure = UNKNOWN
    at_prevalence: AtPrevalence | None = None
    refused: Refused = Refused()
    read_as: dict[str, dict[str, int]] = {}
    suggested: int = 0
    unread: tuple[Unread, ...]
    intervals: Intervals
    predictions: tuple[Judged, ...] = ()

    __repr__ = brief

    @property
    def told(self) -> tuple[Judged, ...]:
        """The rows that have a verdict, which all figures but the shares refused are of."""
        return tuple(one for one in self.predictions if one.correct is not None)

    @property
    def figures(self) -> Mapping[str, Measure]:
        """The figures by name, in the order of `FIGURES`."""
        return {name: getattr(self, name) for name in FIGURES}
