"""Judging a bundle for a command: the figures, their table, and the report on disk."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crackscope.cli.console import print_table, progress, say, tell_unread
from crackscope.cli.folders import unused
from crackscope.errors import several

if TYPE_CHECKING:
    from crackscope.datasets import Split
    from crackscope.judging import Difference, Evaluation
    from crackscope.records import Measure, Part, Row

_BEFORE_REPORT = (
    *("metrics.json", "predictions.csv"),
    *("confusion_matrix.png", "roc.png", "pr.png", "reliability.png", "samples.png"),
)
"""The files that an evaluation writes before its report."""


@dataclass(frozen=True)
class Sitting:
    """How to judge. part: None for all rows. out: folder of the report, None for none. prevalence: see `evaluate`. new:
    whether there may be no report in it yet."""

    part: "Part | None" = "test"
    out: Path | None = None
    threads: int | None = None
    seed: int = 0
    quiet: bool = False
    prevalence: float | None = None
    new: bool = False

    def rows_of(self, split: "Split") -> "Sequence[Row]":
        """The rows of a split that are judged."""
        return split.rows if self.part is None else split.part(self.part)


@dataclass(frozen=True)
class Judgement:
    """What came out, and the page that shows it, if one was asked for."""

    evaluation: "Evaluation"
    report: Path | None


def unjudged(folder: str | Path) -> None:
    """Raise OutputError where an evaluation, or anything but half of one, is in this folder."""
    unused(folder, "report.html", "an evaluation", _BEFORE_REPORT)


def judge(bundle: str | Path, split: "Split", sitting: Sitting) -> Judgement:
    """Judge the bundle on one part of the split, as a user would run it, and write the report if one is asked for."""
    from crackscope.judging import evaluate

    with progress("judging", len(sitting.rows_of(split)), quiet=sitting.quiet) as tell:
        evaluation = evaluate(
            bundle,
            split,
            part=sitting.part,
            threads=sitting.threads,
            seed=sitting.seed,
            progress=tell,
            prevalence=sitting.prevalence,
        )
    if sitting.out is None:
        return Judgement(evaluation, None)
    if sitting.new:  # Another call may have written there meanwhile.
        unjudged(sitting.out)
    from crackscope.reports import write_evaluation

    return Judgement(evaluation, write_evaluation(evaluation, sitting.out))


def show(judgement: Judgement, *, quiet: bool) -> None:
    """Print the figures with their intervals and baselines, the confusion matrix, and what follows."""
    from crackscope.reports import conclusions

    evaluation = judgement.evaluation
    print_table(_title(evaluation), ("figure", ">value", ">95 % interval", ">best without looking"), _rows(evaluation))
    print_table("by class", ("", ">precision", ">recall", ">f1", ">pictures"), _by_class(evaluation))
    (tn, fp), (fn, tp) = evaluation.confusion
    say(f"cracked: {tp} found, {fn} missed; sound: {tn} let pass, {several(fp, 'false alarm')}", quiet=quiet)
    for sentence in filter(None, (_leak(evaluation), *conclusions(evaluation))):
        say(sentence, quiet=quiet)
    tell_unread(evaluation.unread)


def tell_report(judgement: Judgement) -> None:
    """Name the page, as the last line, if one was asked for."""
    if judgement.report is not None:
        say(f"report: {judgement.report}")


def _leak(evaluation: "Evaluation") -> str:
    """That pictures of the test part have near-copies among those trained on; "" where none are known to have any."""
    split = evaluation.split
    if evaluation.part != "test" or split is None or not split.random or not split.leak_share:
        return ""
    return (
        f"{split.leak_share:.1%} of the test pictures have a near-copy in the train part of this split: accuracy of a "
        "bundle trained on that may flatter by up to as much"
    )


def _title(evaluation: "Evaluation") -> str:
    part = f"{evaluation.part} part: " if evaluation.part else ""
    cracked, sound = evaluation.support["crack"], evaluation.support["sound"]
    whole, groups = several(evaluation.n, "picture"), several(evaluation.groups, "group")
    return f"{part}{whole}, {cracked} cracked, {sound} sound, {groups}"


def _by_class(evaluation: "Evaluation") -> list[tuple[object, ...]]:
    by_class = evaluation.by_class
    named = (
        ("sound", by_class.sound),
        ("crack", by_class.crack),
        ("macro average", by_class.macro),
        ("weighted average", by_class.weighted),
    )
    return [
        (name, spell_number(one.precision), spell_number(one.recall), spell_number(one.f1), one.support)
        for name, one in named
    ]


def _rows(evaluation: "Evaluation") -> list[tuple[str, str, str, str]]:
    from crackscope.judging import SMALLER_IS_BETTER

    rows = []
    for name, measure in evaluation.figures.items():
        others = [getattr(baseline, name) for baseline in evaluation.baselines.values()]
        known = [value for value in others if value is not None]
        best = (min if name in SMALLER_IS_BETTER else max)(known, default=None)
        rows.append((name.replace("_", " "), spell_number(measure.value), _interval(measure), spell_number(best)))
    return rows


def spell_figure(figure: "Measure | Difference") -> str:
    """A figure with its interval in one cell."""
    interval = _interval(figure)
    return f"{spell_number(figure.value)} ({interval})" if interval else spell_number(figure.value)


def spell_number(value: float | None) -> str:
    """A figure without its interval, as the pages have it: never rounded up to 1."""
    from crackscope.reports import number

    return "not defined" if value is None else number(value)


def _interval(measure: "Measure | Difference") -> str:
    """Its ends, "" where there are none."""
    return (
        ""
        if measure.low is None or measure.high is None
        else f"{spell_number(measure.low)} to {spell_number(measure.high)}"
    )
