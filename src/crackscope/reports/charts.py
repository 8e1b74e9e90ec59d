"""The charts of an evaluation: ROC, precision-recall, reliability, and the scores themselves."""

from dataclasses import replace

import numpy as np

from crackscope.judging import Band, Curves, Evaluation, ReliabilityBin
from crackscope.reports.chart import Chart, Dot, Frame, Mark, Panel
from crackscope.reports.formatting import count, interval, number

_FRAME = Frame(left=46, top=12, right=346, bottom=272)
_FIFTHS = [0, 0.2, 0.4, 0.6, 0.8, 1]
_FIFTHS_TEXT = ["0", ".2", ".4", ".6", ".8", "1"]
_CORNER = 0.05  # what the inset of a nearly perfect curve shows
_NEARLY_PERFECT = 0.98
_HISTOGRAM_BINS = 40


Place = tuple[float, float, str]
"""A point of a curve in data, and what it is."""


def curve_charts(evaluation: Evaluation, lines: Curves) -> list[Chart]:
    """ROC and precision-recall where both classes were judged, and reliability always."""
    charts = []
    (tn, fp), (fn, tp) = evaluation.confusion
    if lines.roc is not None:
        chance = Mark("guess", _FRAME.line(np.array([0.0, 1.0]), np.array([0.0, 1.0])))
        shipped: Place | None = _here(fp / (fp + tn), tp / (tp + fn), evaluation.threshold)
        says = f"ROC AUC {_figure(evaluation, 'roc_auc')}"
        charts.append(_curve(("roc", "ROC curve", says), lines.roc, chance, shipped, inset=(0.0, 1 - _CORNER)))
    if lines.pr is not None:
        share = evaluation.support["crack"] / evaluation.n
        chance = Mark("guess", _FRAME.line(np.array([0.0, 1.0]), np.array([share, share])))
        shipped = _here(tp / (tp + fn), tp / (tp + fp), evaluation.threshold) if tp + fp else None
        says = f"Average precision {_figure(evaluation, 'average_precision')}"
        charts.append(
            _curve(("pr", "Precision and recall", says), lines.pr, chance, shipped, inset=(1 - _CORNER, 1 - _CORNER))
        )
    charts.append(reliability_chart(evaluation))
    return charts


_AXES = {"roc": ("false alarms among sound", "cracks found"), "pr": ("cracks found (recall)", "precision")}


def _figure(evaluation: Evaluation, name: str) -> str:
    measure = evaluation.figures[name]
    return f"{number(measure.value)} ({interval(measure)})"


def _here(x: float, y: float, threshold: float) -> Place:
    return x, y, f"at the threshold of {threshold:g}"


def _curve(
    words: tuple[str, str, str],
    line: Band,
    chance: Mark,
    here: Place | None,
    *,
    inset: tuple[float, float],
) -> Chart:
    """A curve with its band; one that hugs its corner is shown enlarged there."""
    name, title, says = words
    marks = (
        chance,
        Mark("band", _FRAME.band(line.at, line.low, line.high)),
        Mark("curve", _FRAME.line(line.x, line.y)),
    )
    panels = [
        Panel(
            frame=_FRAME,
            x_ticks=_FRAME.x_ticks(_FIFTHS, _FIFTHS_TEXT),
            y_ticks=_FRAME.y_ticks(_FIFTHS, _FIFTHS_TEXT),
            marks=marks,
            dots=_dots(_FRAME, here),
            legend=(("curve", "this bundle"), ("guess", "guessing"), ("here", "as shipped")),
        )
    ]
    if _area(line) > _NEARLY_PERFECT:
        panels.append(_inset(line, inset, here))
    x_name, y_name = _AXES[name]
    return Chart(name=name, title=title, says=says, x_name=x_name, y_name=y_name, panels=tuple(panels))


def _area(line: Band) -> float:
    return float(np.trapezoid(line.y, line.x))


def _inset(line: Band, start: tuple[float, float], here: Place | None) -> Panel:
    (x, y) = start
    frame = Frame(left=138, top=88, right=298, bottom=212, x=(x, x + _CORNER), y=(y, y + _CORNER))
    inside = (line.at >= x - 0.01) & (line.at <= x + _CORNER + 0.01)
    ends = [x, x + _CORNER]
    return Panel(
        frame=frame,
        x_ticks=frame.x_ticks(ends, [f"{end:g}" for end in ends]),
        y_ticks=frame.y_ticks([y, y + _CORNER], [f"{y:g}", f"{y + _CORNER:g}"]),
        marks=(
            Mark("band", frame.band(line.at[inside], line.low[inside], line.high[inside])),
            Mark("curve", _clipped(frame, line)),
        ),
        dots=tuple(dot for dot in _dots(frame, here) if here and _within(frame, here)),
    )


def _within(frame: Frame, here: Place) -> bool:
    return frame.x[0] <= here[0] <= frame.x[1] and frame.y[0] <= here[1] <= frame.y[1]


def _clipped(frame: Frame, line: Band) -> str:
    """The part of a curve inside a frame; the first points outside are put on its edge."""
    inside = (line.x >= frame.x[0]) & (line.x <= frame.x[1]) & (line.y >= frame.y[0]) & (line.y <= frame.y[1])
    grown = inside | np.append(inside[1:], False) | np.append(False, inside[:-1])
    return frame.line(line.x[grown], line.y[grown])


def _dots(frame: Frame, here: Place | None) -> tuple[Dot, ...]:
    if here is None:
        return ()
    x, y, title = here
    return (Dot("here", float(frame.across(x)), float(frame.down(y)), 4.5, title),)


def reliability_chart(evaluation: Evaluation) -> Chart:
    """The share of cracks over the stated probability, a dot a bin, its area growing with the rows in it."""
    filled = [one for one in evaluation.reliability if one.count]
    most = max(one.count for one in filled)
    stated = np.array([one.mean_probability or 0.0 for one in filled])
    share = np.array([one.crack_share or 0.0 for one in filled])
    dots = tuple(
        Dot(
            "bin",
            float(_FRAME.across(x)),
            float(_FRAME.down(y)),
            2.5 + 6.5 * float(np.sqrt(one.count / most)),
            f"{count(one.count, 'row')} stated at {x:.3f} on average: {y:.3f} cracked",
        )
        for one, x, y in zip(filled, stated, share, strict=True)
    )
    panel = Panel(
        frame=_FRAME,
        x_ticks=_FRAME.x_ticks(_FIFTHS, _FIFTHS_TEXT),
        y_ticks=_FRAME.y_ticks(_FIFTHS, _FIFTHS_TEXT),
        marks=(
            Mark("guess", _FRAME.line(np.array([0.0, 1.0]), np.array([0.0, 1.0]))),
            *(Mark("whisker", _whisker(one)) for one in filled),
        ),
        dots=dots,
        legend=(("bin", "rows, by area"), ("whisker", "95 %"), ("guess", "kept promise")),
    )
    return Chart(
        name="reliability",
        title="Reliability",
        says=f"Expected calibration error {_figure(evaluation, 'ece')}",
        x_name="stated probability of a crack",
        y_name="share that is cracked",
        panels=(panel,),
    )


def _whisker(one: ReliabilityBin) -> str:
    x, top, foot = (
        _FRAME.across(one.mean_probability or 0),
        _FRAME.down(one.share_high or 0),
        _FRAME.down(one.share_low or 0),
    )
    return f"M{x:.1f} {top:.1f}V{foot:.1f}"


def score_chart(evaluation: Evaluation) -> Chart:
    """How many rows of each label got which probability; heights are square roots, so that few rows are seen too."""
    wide = Chart(
        name="scores",
        title="Scores by label",
        says="How many cracked and how many sound rows got which probability of a crack; heights are square roots of "
        "the counts, so that a few rows are seen beside many",
        x_name="probability of a crack",
        y_name="rows, square root",
        panels=(_histogram(evaluation, Frame(left=50, top=10, right=1026, bottom=150)),),
        width=1040,
        height=192,
    )
    narrow = _histogram(evaluation, Frame(left=50, top=10, right=346, bottom=230))
    return replace(wide, narrow=replace(wide, panels=(narrow,), width=360, height=272))


def _histogram(evaluation: Evaluation, frame: Frame) -> Panel:
    counts = {
        label: np.histogram(
            [one.probability for one in evaluation.told if one.label == label], bins=_HISTOGRAM_BINS, range=(0, 1)
        )[0]
        for label in ("sound", "crack")
    }
    most = max(int(one.max()) for one in counts.values())
    frame = replace(frame, y=(0.0, float(np.sqrt(most)) * 1.05))
    edges = [(place / _HISTOGRAM_BINS, (place + 1) / _HISTOGRAM_BINS) for place in range(_HISTOGRAM_BINS)]
    marks = tuple(Mark(f"bars {label}", frame.bars(edges, np.sqrt(one).tolist())) for label, one in counts.items())
    tops = [top for top in (10, 100, 1000, 10_000, 100_000) if most / 60 < top < most * 0.7] + [most]
    return Panel(
        frame=frame,
        x_ticks=frame.x_ticks(_FIFTHS, _FIFTHS_TEXT),
        y_ticks=frame.y_ticks([float(np.sqrt(top)) for top in tops], [f"{top:,}" for top in tops]),
        marks=marks,
        legend=(("bars crack", "cracked"), ("bars sound", "sound")),
    )
