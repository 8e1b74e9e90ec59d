"""The report of an evaluation: one page, the plots as files, and the figures as data."""

import os
import shlex
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crackscope.datasets import LikelyGroups
from crackscope.errors import printable
from crackscope.files import write_whole, written_together
from crackscope.judging import (
    FIGURES,
    RATES,
    SMALLER_IS_BETTER,
    Curves,
    Evaluation,
    Judged,
    SplitFacts,
    curves,
    save,
)
from crackscope.records import LABELS, Label
from crackscope.reports import gallery
from crackscope.reports.charts import curve_charts, score_chart
from crackscope.reports.formatting import TITLES, count, number, percent, within_sentence
from crackscope.reports.history import HISTORY, history_charts, read_history, read_summary
from crackscope.reports.met_sentences import met_sentence
from crackscope.reports.plots import write_plots
from crackscope.reports.rendering import render, script_data
from crackscope.reports.scale import scale_for
from crackscope.reports.sentences import (
    CALIBRATED,
    alarms_sentence,
    bias_sentence,
    excess_sentence,
    fitting_sentence,
    prevalence_sentences,
    stated_sentence,
    threshold_sentence,
)
from crackscope.reports.suggested_sentences import suggested_sentence

REPORT = "report.html"

_OF_LABEL: dict[Label, str] = {"sound": "sound", "crack": "cracked"}
_FEW_GROUPS = 30
_UNREAD_SHOWN = 200


def write_evaluation(evaluation: Evaluation, folder: str | Path) -> Path:
    """Write an evaluation into a folder: report.html, metrics.json, predictions.csv and five plots (PNG).

    In a folder that lies in a run, that run's training is shown. Pictures are read again for the thumbnails; one that
    has gone is said to be gone. The files appear together, or none. Returns the path of report.html.

    Raises OutputError when something cannot be written, JudgingError when the run's history is damaged.
    """
    target = Path(folder)
    lines = curves(evaluation)
    samples = gallery.samples(evaluation)
    values = page_values(evaluation, lines, samples, _run_around(target))
    with written_together(target, REPORT) as draft:
        save(evaluation, draft)
        write_plots(evaluation, lines, samples, draft)
        write_whole(draft / REPORT, render("evaluation.html", page_title(evaluation), values))
    return target / REPORT


def page_title(evaluation: Evaluation) -> str:
    """Which bundle was judged, and on what: a bundle is often called as its recipe alone."""
    name = evaluation.bundle.name if evaluation.bundle else "Evaluation"
    data = os.path.basename(_data_folder(evaluation))
    return f"{name} on {data}" if data else name


def _data_folder(evaluation: Evaluation) -> str:
    """The folder that all pictures judged lie below; "" where there is none but the root, or one label alone."""
    if len({one.label for one in evaluation.predictions}) < len(LABELS):
        return ""
    try:
        return os.path.commonpath([os.path.dirname(one.path) for one in evaluation.predictions])
    except ValueError:
        return ""


def _run_around(folder: Path) -> Path | None:
    parent = folder.resolve().parent
    return parent if (parent / HISTORY).is_file() else None


def _training(run: Path | None) -> dict[str, Any]:
    history = read_history(run) if run else None
    return {
        "history_charts": history_charts(history) if history else [],
        "summary": read_summary(run) if run else None,
    }


def page_values(evaluation: Evaluation, lines: Curves, samples: Sequence[Judged], run: Path | None) -> dict[str, Any]:
    """What the template shows."""
    errors = gallery.worst(evaluation)
    by_class = evaluation.by_class
    return {
        "evaluation": evaluation,
        "threshold": evaluation.threshold,
        "sentence": _sentence(evaluation),
        "notes": _notes(evaluation),
        "data_folder": _data_folder(evaluation),
        "split_kind": _split_kind(evaluation.split) if evaluation.split else "",
        "best_baseline": {name: _best_baseline(evaluation, name) for name in FIGURES},
        "scale": scale_for(evaluation.figures.items()),
        "by_class": [
            ("sound", by_class.sound),
            ("crack", by_class.crack),
            ("macro average", by_class.macro),
            ("weighted average", by_class.weighted),
        ],
        "charts": curve_charts(evaluation, lines),
        "has_curves": lines.roc is not None,
        "score_chart": score_chart(evaluation),
        "outcome": _outcome(evaluation),
        "scores": script_data(_scores(evaluation)),
        "errors": gallery.shown(errors),
        "close": gallery.shown([] if errors else gallery.close_calls(evaluation)),
        "samples": gallery.shown(samples),
        "shipped": _shipped(evaluation),
        "refused": gallery.shown(gallery.refused(evaluation)),
        **_training(run),
        "unread_shown": evaluation.unread[:_UNREAD_SHOWN],
        "bounded": _bounded(evaluation),
    }


def _shipped(evaluation: Evaluation) -> dict[str, Any]:
    """What the threshold as shipped does, in sentences, and how the probabilities were made."""
    bundle, restated = evaluation.bundle, evaluation.at_prevalence
    fitted = bundle.calibration if bundle else None
    calibration = [CALIBRATED, fitting_sentence(fitted) if fitted else "", bias_sentence(evaluation)]
    return {
        "threshold": threshold_sentence(evaluation),
        "stated": stated_sentence(bundle.stated) if bundle and bundle.stated else "",
        "prevalence": prevalence_sentences(restated) if restated else [],
        "calibration": [sentence for sentence in calibration if sentence],
    }


def _bounded(evaluation: Evaluation) -> dict[str, str]:
    """The figures and shares whose interval is an exact bound, by their keys, as a sentence calls them."""
    told = {name: within_sentence(name) for name in (*FIGURES, *RATES) if name in evaluation.intervals.bounded}
    alike = [label for label in LABELS if _refused_alike(evaluation, label)]
    return told | {f"refused_{label}": f"the share refused of {_OF_LABEL[label]} pictures" for label in alike}


def _refused_alike(evaluation: Evaluation, label: Label) -> bool:
    """Whether of each group the same share was refused, so that no resample differs."""
    groups: dict[str, list[bool]] = defaultdict(list)
    for place, row in enumerate(evaluation.predictions):
        if row.label == label:
            groups[row.group or f"\0{place}"].append(row.correct is None)
    return len({sum(refused) / len(refused) for refused in groups.values()}) == 1


def _sentence(evaluation: Evaluation) -> str:
    """The confusion matrix in words."""
    (tn, fp), (fn, tp) = evaluation.confusion
    parts = []
    if tp + fn:
        missed = "none was missed" if not fn else f"{fn:,} {'was' if fn == 1 else 'were'} missed"
        parts.append(f"Of {count(tp + fn, 'cracked picture')} {tp:,} {'was' if tp == 1 else 'were'} found and {missed}")
    if tn + fp:
        alarms = "none gave a false alarm" if not fp else f"{fp:,} gave a false alarm"
        parts.append(f"{'of' if parts else 'Of'} {count(tn + fp, 'sound one')} {alarms}")
    return "; ".join(parts) + "."


def _notes(evaluation: Evaluation) -> list[str]:
    """What a reader must know before believing a figure."""
    notes = [said for said in (met_sentence(evaluation), suggested_sentence(evaluation)) if said]
    split = evaluation.split
    if split is not None and split.random and evaluation.part == "test":
        notes.append(_random_note(split.leak_share))
    if split is not None and split.likely_groups is not None:
        notes.append(_groups_note(split.likely_groups))
    if not all(evaluation.support.values()):
        only = "cracked" if evaluation.support["crack"] else "sound"
        notes.append(f"All rows are {only}. Figures that need both classes are not defined.")
    if evaluation.groups < _FEW_GROUPS:
        notes.append(
            f"The rows stand in only {count(evaluation.groups, 'group')}: the intervals are themselves uncertain. "
            f"Judge on rows from {_FEW_GROUPS} groups or more."
        )
    refused = sum(evaluation.cannot_judge.values())
    if refused:
        cracked = evaluation.cannot_judge["crack"]
        some = f"{cracked:,} of them cracked" if cracked else "none of them cracked"
        which = some if refused > 1 else "a cracked one" if cracked else "a sound one"
        notes.append(
            f"The bundle could not judge {count(refused, 'row')}, {which}: left out of all figures, see below."
        )
    notes += filter(None, (excess_sentence(evaluation), alarms_sentence(evaluation)))
    if evaluation.unread:
        unreadable = count(len(evaluation.unread), "picture is", "pictures are")
        notes.append(f"{unreadable} unreadable: left out of all figures, see below.")
    return notes


def _groups_note(likely: LikelyGroups) -> str:
    """That patches of one photo, by their names, were counted and dealt apart."""
    one, other = map(printable, likely.examples)
    return (
        f"File names look grouped by photo, {one} with {other}, {likely.groups:,} groups in all, and these rows were "
        "dealt and counted without: intervals may be too narrow, and figures of a bundle that was trained on other "
        f"parts of these pictures flatter. crackscope split --group-by {shlex.quote(likely.pattern)} holds them "
        "together."
    )


def _random_note(leak_share: float | None) -> str:
    """What it means that copies were not kept together, by the share of test rows that have one in training."""
    unlike = "The split does not keep copies together."
    if leak_share == 0:
        return f"{unlike} As it fell out, no test row has a near-copy among the training rows."
    share, much = "An unknown share", "the figures of a bundle trained on those flatter"
    if leak_share is not None:
        share, much = percent(leak_share), "accuracy of a bundle trained on those may flatter by up to as much"
    return (
        f"{unlike} {share} of the test rows have a near-copy among the training rows: {much}. Split by groups to know "
        "how the bundle does on what it has not met."
    )


def _split_kind(split: SplitFacts) -> str:
    """How the rows were dealt, as far as it is known: a split that was given need not be by groups."""
    if split.random:
        return "random" if split.seed is not None else "as given, copies on both sides"
    if split.seed is not None:
        return "by groups"
    return "as given" if split.leak_share is None else "as given, no copies on both sides"


def _best_baseline(evaluation: Evaluation, name: str) -> tuple[str, float | None]:
    """Which baseline does best by a figure, and how well; of equals the first."""
    values = [(who, getattr(one, name)) for who, one in evaluation.baselines.items()]
    known = [(who, value) for who, value in values if value is not None]
    choose = min if name in SMALLER_IS_BETTER else max
    return choose(known, key=lambda pair: pair[1], default=("no baseline", None))


def _outcome(evaluation: Evaluation) -> list[list[tuple[str, str, str]]]:
    """Counts and figures at the threshold as shipped, which the slider moves: key, name and value, a list a line."""
    (tn, fp), (fn, tp) = evaluation.confusion
    counts = [
        ("tp", "cracks found", tp),
        ("fn", "missed", fn),
        ("fp", "false alarms", fp),
        ("tn", "sound let pass", tn),
    ]
    figures = [(name, TITLES[name], number(evaluation.figures[name].value)) for name in FIGURES[:4]]
    alarms = ("false_alarm_rate", TITLES["false_alarm_rate"], number(evaluation.false_alarm_rate.value))
    return [[(key, name, f"{value:,}") for key, name, value in counts], [*figures[:3], alarms, *figures[3:]]]


def _scores(evaluation: Evaluation) -> dict[str, Any]:
    by_label = {
        label: sorted(row.probability for row in evaluation.told if row.label == label) for label in ("crack", "sound")
    }
    return {"threshold": evaluation.threshold, **by_label}
