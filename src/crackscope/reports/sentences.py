"""What an evaluation found, in sentences: the same in a terminal and on a page."""

from typing import Literal

from crackscope.errors import printable
from crackscope.judging import AtPrevalence, CalibrationFacts, Evaluation, Matrix, Stated
from crackscope.records import Measure
from crackscope.reports.formatting import count, percent, percent_interval
from crackscope.reports.met_sentences import met_sentence
from crackscope.reports.suggested_sentences import suggested_sentence

_HUNDRED = 100


def conclusions(evaluation: Evaluation) -> list[str]:
    """What to tell of an evaluation in a terminal: threshold, prevalence if one was named, refusals."""
    stated = evaluation.bundle.stated if evaluation.bundle else None
    restated = evaluation.at_prevalence
    told = [
        met_sentence(evaluation),
        suggested_sentence(evaluation),
        threshold_sentence(evaluation),
        stated_sentence(stated) if stated else "",
        excess_sentence(evaluation),
        alarms_sentence(evaluation),
        *(prevalence_sentences(restated) if restated else ()),
        refusal_sentence(evaluation),
    ]
    return [sentence for sentence in told if sentence]


def refusing_sentence(matrix: Matrix) -> str:
    """What cells that leave out rows mean for a comparison of classifiers; "" where all judged the same number."""
    left_out: dict[str, set[int]] = {column.name: set() for column in matrix.columns}
    for cell in matrix.cells:
        left_out[cell.column].add(cell.not_judged)
    unequal = [printable(name) for name, counts in left_out.items() if len(counts) > 1]
    if not unequal:
        return ""
    return (
        f"On {', '.join(unequal)} not all classifiers judged as many rows: what one refuses enters none of its "
        "figures, and differences of a few rows may come of that alone."
    )


def threshold_sentence(evaluation: Evaluation) -> str:
    """What the threshold was chosen for, and what it misses and alarms here."""
    stated = evaluation.bundle.stated if evaluation.bundle else None
    chosen = ""
    if stated is not None and stated.miss_rate:
        chosen = f", chosen to miss at most {_asked(stated.miss_rate)} of held-out cracked pictures"
    here = []
    if evaluation.miss_rate.value is not None:
        here.append(f"misses {_spelt(evaluation.miss_rate)} of the cracked pictures")
    if evaluation.false_alarm_rate.value is not None:
        here.append(f"gives false alarms on {_spelt(evaluation.false_alarm_rate)} of the sound ones")
    known = [one.threshold for one in (evaluation.bundle.surfaces if evaluation.bundle else ()) if one.fitted_on]
    own = f", and {_range(known)} where pictures look like what the bundle knows" if known else ""
    subject = "the verdict" if known else "it"
    return f"Threshold {evaluation.threshold:g}{chosen}{own}; here {subject} {' and '.join(here)}."


def _range(values: list[float]) -> str:
    low, high = min(values), max(values)
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _aimed(evaluation: Evaluation) -> float | None:
    """The share that the thresholds these pictures met were chosen to miss, as far as the bundle says."""
    stated = evaluation.bundle.stated if evaluation.bundle else None
    common = (stated.miss_rate or stated.misses) if stated else None
    return None if common is None else _over_surfaces(evaluation, "misses", common)


def _over_surfaces(evaluation: Evaluation, name: Literal["misses", "false_alarms"], common: float) -> float:
    """The mean of this share over what these pictures look like: that of each surface for which the bundle states one,
    else the common one."""
    surfaces = evaluation.bundle.surfaces if evaluation.bundle else ()
    known: dict[str, float] = {one.name: share for one in surfaces if (share := getattr(one, name)) is not None}
    read = [(known.get(name, common), number) for met in evaluation.read_as.values() for name, number in met.items()]
    return sum(share * number for share, number in read) / sum(number for _, number in read) if read else common


def _expected(evaluation: Evaluation, aimed: float) -> str:
    """The share that the thresholds were to miss, and where pictures are read by several, how it comes about."""
    bundle = evaluation.bundle
    own = {one.name for one in (bundle.surfaces if bundle else ()) if one.misses is not None}
    if not any(name in own for met in evaluation.read_as.values() for name in met):
        return f"the {_asked(aimed)} that its threshold stands for"
    return (
        f"the {percent(aimed)} that is to be expected of its thresholds (a mean over what these pictures look like: of "
        "the common one what it was chosen to miss, of each surface that the bundle knows what it missed there when "
        "held out, since those were set for the fewest errors)"
    )


def stated_sentence(stated: Stated) -> str:
    """What the bundle says that its common threshold gave on the pictures it was fitted with, of all surfaces and
    generated ones: what it states of a surface is another figure."""
    parts = []
    if stated.misses is not None:
        parts.append(f"missed {percent_interval(stated.missed)} of the cracked")
    if stated.false_alarms is not None:
        parts.append(f"gave false alarms on {percent_interval(stated.alarmed)} of the sound")
    of = count(stated.pictures, "held-out picture") if stated.pictures else "held-out pictures"
    return (
        f"Of the {of}, real and generated and of all surfaces together, that its common threshold was fitted with, the "
        f"bundle states, that threshold {' and '.join(parts)}."
    )


def excess_sentence(evaluation: Evaluation) -> str:
    """A warning where more is missed than the threshold was chosen for, beyond chance; else ""."""
    aimed, low = _aimed(evaluation), evaluation.miss_rate.low
    if aimed is None or low is None or low <= aimed:
        return ""
    return (
        f"The bundle misses more than {_expected(evaluation, aimed)}, and chance does not explain it"
        f"{_why(evaluation, 'these pictures are unlike the held-out ones', 'missed ones')}"
    )


def alarms_sentence(evaluation: Evaluation) -> str:
    """A warning where false alarms are more than the bundle states of such surfaces, beyond chance; else ""."""
    stated = evaluation.bundle.stated if evaluation.bundle else None
    low = evaluation.false_alarm_rate.low
    if stated is None or stated.false_alarms is None or low is None:
        return ""
    expected = _over_surfaces(evaluation, "false_alarms", stated.false_alarms)
    if low <= expected:
        return ""
    return (
        f"The bundle gives false alarms on {_spelt(evaluation.false_alarm_rate)} of the sound pictures here, more than "
        f"the {percent(expected)} that it states of held-out pictures of what these look like, and chance does not "
        f"explain it{_why(evaluation, 'they are unlike those', 'false alarms')}"
    )


def _why(evaluation: Evaluation, unlike: str, first: str) -> str:
    """What explains such an excess, and what to do: pictures that were suggested are hard on any surface."""
    look = f"Look at the {first} first"
    if not evaluation.suggested:
        return f": {unlike}. {look}; if their labels are right, adapt the bundle to this surface."
    every = evaluation.suggested >= evaluation.n + sum(evaluation.cannot_judge.values())
    chosen = "these pictures were" if every else f"{evaluation.suggested:,} of these pictures were"
    return (
        f"; that {chosen} chosen as hard or likely cracked may. {look}; whether it is so on this surface, only photos "
        "that were not suggested tell."
    )


def prevalence_sentences(restated: AtPrevalence) -> list[str]:
    """What an alarm and what silence mean where the named share of the pictures is cracked."""
    where = f"Where {_asked(restated.prevalence)} of the pictures are cracked"
    if restated.npv.value is None and restated.precision.value is None:
        return [f"{where}: precision is not defined, it needs judged pictures of both labels."]
    alarms = "no picture gives an alarm"
    if restated.precision.value is not None:
        verb = "is a crack" if _of(restated.precision.value, _HUNDRED) == "1" else "are cracks"
        alarms = f"of 100 alarms, {_counted(restated.precision, _HUNDRED, verb)}"
    missed = _other(restated.npv)
    passed = "nothing is let pass"
    if missed.value is not None:
        verb = "is cracked" if _of(missed.value, 10 * _HUNDRED) == "1" else "are cracked"
        passed = f"of 1,000 pictures let pass, {_counted(missed, 10 * _HUNDRED, verb)}"
    return [
        f"{where}: {alarms}; {passed}.",
        f"Precision there is {_spelt(restated.precision)}, negative predictive value {_spelt(restated.npv)}; "
        f"{_spelt(restated.alarm_share)} of all pictures give an alarm.",
    ]


def refusal_sentence(evaluation: Evaluation) -> str:
    """Which share of each label the bundle would not judge, and why; "" when it judged all."""
    refused = evaluation.refused
    total = sum(evaluation.cannot_judge.values())
    if not total:
        return ""
    shares = []
    for label, words in (("crack", "cracked"), ("sound", "sound")):
        share: Measure = getattr(refused, label)
        if share.value is not None:
            shares.append(f"{_spelt(share)} of the {words}")
    reasons = ", ".join(f"{kind} {sum(by_label.values()):,}" for kind, by_label in refused.reasons.items())
    return f"Cannot judge {count(total, 'picture')}: {' and '.join(shares)} pictures; {reasons}."


CALIBRATED = (
    "A probability is calibrated when it means what it says: of all pictures said to be cracked with a probability of "
    "80 %, 80 % are. Every dot of the diagram then lies on the dashed line, and the calibration error, the mean "
    "distance from it, is 0."
)


def fitting_sentence(fitted: CalibrationFacts) -> str:
    """How the probabilities of the bundle were made from its scores."""
    before = ", before it was adapted" if fitted.before_adapting else ""
    on = f"on {count(fitted.fitted_on, 'picture')}"
    if fitted.method == "none":
        return "This bundle is not calibrated: its probability is the plain sigmoid of its score."
    if fitted.method == "Platt":
        return (
            "This bundle's were fitted by Platt scaling (a sigmoid of scale × score + shift) "
            f"{on} that no weight was fitted to{before}, cracked and sound ones "
            "weighing the same: they hold as if half of the pictures were cracked, and are too high where cracks are "
            "rare."
        )
    return f"This bundle's were fitted by {fitted.method} {on}{before}."


def bias_sentence(evaluation: Evaluation) -> str:
    """The mean probability beside the share of cracks."""
    told = [one.probability for one in evaluation.told]
    if not told:
        return ""
    share = evaluation.support["crack"] / evaluation.n
    return f"Here it states {percent(sum(told) / len(told))} on average, and {percent(share)} are cracked."


def _spelt(measure: Measure) -> str:
    return percent_interval(measure) if measure.value is not None else "not defined"


def _asked(share: float) -> str:
    """A share that somebody chose, in as many digits as they did."""
    return f"{100 * share:.6g} %"


def _other(measure: Measure) -> Measure:
    """One less a measure."""
    if measure.value is None:
        return measure
    low = None if measure.high is None else 1 - measure.high
    high = None if measure.low is None else 1 - measure.low
    return Measure(value=1 - measure.value, low=low, high=high)


def _counted(measure: Measure, out_of: int, verb: str) -> str:
    """So many of a hundred or a thousand, with the interval in the same count."""
    assert measure.value is not None
    text = f"{_of(measure.value, out_of)} {verb}"
    if measure.low is None or measure.high is None:
        return text
    return f"{text} ({_of(measure.low, out_of)} to {_of(measure.high, out_of)})"


def _of(share: float, out_of: int) -> str:
    """Whole numbers; a decimal where rounding would claim none or all, or where there are few."""
    number = share * out_of
    near = min(number, out_of - number)
    if near < 1e-9 or near >= 9.5:
        return f"{number:.0f}"
    if near < 0.05:
        return "fewer than 0.1" if number < out_of / 2 else f"more than {out_of - 0.1:.1f}"
    return f"{number:.1f}".removesuffix(".0")
