"""Numbers and names as people read them."""

from crackscope.records import Measure

_LITTLE = 0.0005

TITLES: dict[str, str] = {
    "accuracy": "Accuracy",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "balanced_accuracy": "Balanced accuracy",
    "mcc": "Matthews correlation",
    "roc_auc": "ROC AUC",
    "average_precision": "Average precision",
    "ece": "Calibration error",
    "log_loss": "Log loss",
    "miss_rate": "Miss rate",
    "false_alarm_rate": "False alarm rate",
}

MEANINGS: dict[str, str] = {
    "accuracy": "share of all rows that are called rightly",
    "precision": "of what is called crack, the share that is cracked",
    "recall": "of what is cracked, the share that is found",
    "f1": "harmonic mean of precision and recall",
    "balanced_accuracy": "mean of the shares of cracked and of sound rows called rightly",
    "mcc": "correlation of label and verdict, -1 to 1, guessing is 0",
    "roc_auc": "chance that a cracked row scores above a sound one, guessing is .5",
    "average_precision": "precision averaged over all thresholds",
    "ece": "distance of stated probability and share of cracks, 15 bins; 0 is best",
    "log_loss": "mean negative logarithm of the probability given to the label; 0 is best",
    "miss_rate": "of what is cracked, the share that is not found; 0 is best",
    "false_alarm_rate": "of what is sound, the share that is called cracked; 0 is best",
}


def number(value: float | None, digits: int = 4) -> str:
    """A figure with fixed decimals, two more where little is left to 1; a dash where there is none.

    Never rounded up to 1.
    """
    if value is None:
        return "–"
    places = digits + 2 if 0 < 1 - value < _LITTLE else digits
    text = f"{value:.{places}f}"
    if value < 1 and float(text) == 1:
        return f"{1 - 10**-places:.{places}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def interval(measure: Measure) -> str:
    """The 95 % interval of a figure in words, a dash where there is none."""
    if measure.low is None or measure.high is None:
        return "–"
    return f"{number(measure.low)} to {number(measure.high)}"


def percent(share: float | None) -> str:
    """A share (0 to 1) in per cent, with a digit more where little is left to 0 or 100; never rounded to either."""
    if share is None:
        return "–"
    return f"{_of_100(share, _percent_digits(share))} %"


def _percent_digits(share: float) -> int:
    return 0 if share in (0, 1) else 2 if min(share, 1 - share) < 0.01 else 1


def _of_100(share: float, digits: int) -> str:
    if share in (0, 1):
        return f"{100 * share:.0f}"
    text = f"{100 * share:.{digits}f}"
    if float(text) == 0:
        return f"< {10**-digits:.{digits}f}"
    return f"> {100 - 10**-digits:.{digits}f}" if float(text) == 100 else text


def percent_interval(measure: Measure) -> str:
    """A share with its 95 % interval in per cent: `4.1 % (2.9 to 5.6 %)`; a dash where it is not defined."""
    if measure.value is None or measure.low is None or measure.high is None:
        return percent(measure.value)
    digits = max(_percent_digits(share) for share in (measure.value, measure.low, measure.high))
    value, low, high = (_of_100(share, digits) for share in (measure.value, measure.low, measure.high))
    return f"{value} % ({low} to {high} %)"


def p_value(p: float | None) -> str:
    """A p value, not more exact than it is worth."""
    if p is None:
        return "–"
    return "< .001" if p < 0.001 else f"{p:.3f}"


def signed(value: float | None) -> str:
    """A difference with its sign."""
    return "–" if value is None else "0.0000" if abs(value) < 5e-5 else f"{value:+.4f}".replace("-", "−")


def within_sentence(name: str) -> str:
    """The title of a figure as it stands within a sentence: small, but for what is a name or short for something."""
    title = TITLES[name]
    return title if name == "mcc" or not title[1].islower() else title[0].lower() + title[1:]


def count(value: int, one: str, many: str | None = None) -> str:
    """A count with its noun: `1 row`, `1,600 rows`."""
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def elided(name: str, letters: int) -> str:
    """A name in at most so many letters, 3 or more. What is too much goes from its middle: names of one series differ
    in their ends."""
    if len(name) <= letters:
        return name
    end = letters // 2
    return f"{name[: letters - end - 1]}…{name[-end:]}"
