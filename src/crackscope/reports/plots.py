"""The same plots as picture files, for slides and papers."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from crackscope.files import write_whole
from crackscope.judging import Band, Curves, Evaluation, Judged
from crackscope.reports.contact_sheet import show_picture
from crackscope.reports.formatting import interval, number, percent
from crackscope.reports.history import History, loss_by_powers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_CRACK, _SOUND, _INK, _GREY = "#c2410c", "#1d4ed8", "#1f2933", "#7b8794"
_COLUMNS = 6


def write_plots(evaluation: Evaluation, lines: Curves, shown: Sequence[Judged], folder: Path) -> None:
    """Write confusion_matrix.png, roc.png, pr.png, reliability.png and samples.png. OutputError when that cannot be."""
    _write(_confusion(evaluation), folder / "confusion_matrix.png")
    _write(_roc(evaluation, lines.roc), folder / "roc.png")
    _write(_pr(evaluation, lines.pr), folder / "pr.png")
    _write(_reliability(evaluation), folder / "reliability.png")
    _write(_samples(shown), folder / "samples.png")


def write_history_plot(history: History, path: Path) -> None:
    """Write loss and accuracy by epoch side by side. OutputError when that cannot be."""
    from matplotlib.ticker import MaxNLocator

    figure = _figure(9.0, 3.8)
    epochs = np.arange(1, history.epochs + 1)
    pairs = (("loss", history.train_loss, history.val_loss), ("accuracy", history.train_accuracy, history.val_accuracy))
    for place, (name, train, val) in enumerate(pairs, start=1):
        axes = figure.add_subplot(1, 2, place)
        axes.plot(epochs, train, color=_GREY, marker="o", markersize=3, label="training")
        axes.plot(epochs, val, color=_SOUND, marker="o", markersize=3, label="validation")
        if name == "loss" and loss_by_powers(history):
            axes.set_yscale("log")
        for turn in history.turns:
            axes.axvline(turn + 0.5, color=_GREY, linestyle=":", linewidth=1)
        axes.set_xlabel("epoch")
        axes.set_ylabel(name)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(frameon=False)
        _plain(axes)
    _write(figure, path)


def _figure(width: float, height: float) -> "Figure":
    """A figure of its own, in inches: no global state, so that several threads can draw."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=140, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _write(figure: "Figure", path: Path) -> None:
    content = io.BytesIO()
    figure.savefig(content, format="png", metadata={"Software": None})
    write_whole(path, content.getvalue())


def _plain(axes: "Axes") -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e4e7eb", linewidth=0.6)
    axes.set_axisbelow(True)


def _confusion(evaluation: Evaluation) -> "Figure":
    figure = _figure(4.6, 4.2)
    axes = figure.add_subplot()
    counts = np.array(evaluation.confusion, dtype=np.float64)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if shares[row, column] > 0.5 else _INK
        text = f"{int(count):,}\n{percent(float(shares[row, column]))}"
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=13)
    axes.set_xticks([0, 1], ["sound", "crack"])
    axes.set_yticks([0, 1], ["sound", "crack"])
    axes.set_xlabel("verdict")
    axes.set_ylabel("label")
    axes.set_title(f"{evaluation.n:,} rows, threshold {evaluation.threshold:g}", fontsize=11)
    return figure


def _roc(evaluation: Evaluation, line: Band | None) -> "Figure":
    figure, axes = _square("false positive rate", "true positive rate")
    axes.plot([0, 1], [0, 1], color=_GREY, linestyle="--", linewidth=1, label="guessing")
    _draw(axes, line, f"AUC {number(evaluation.roc_auc.value)} ({interval(evaluation.roc_auc)})")
    return figure


def _pr(evaluation: Evaluation, line: Band | None) -> "Figure":
    figure, axes = _square("recall", "precision")
    share = evaluation.support["crack"] / evaluation.n
    axes.axhline(share, color=_GREY, linestyle="--", linewidth=1, label="guessing")
    _draw(axes, line, f"AP {number(evaluation.average_precision.value)} ({interval(evaluation.average_precision)})")
    return figure


def _square(x_name: str, y_name: str) -> "tuple[Figure, Axes]":
    figure = _figure(4.8, 4.6)
    axes = figure.add_subplot()
    axes.set_xlabel(x_name)
    axes.set_ylabel(y_name)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    _plain(axes)
    return figure, axes


def _draw(axes: "Axes", line: Band | None, label: str) -> None:
    if line is None:
        axes.text(0.5, 0.5, "not defined:\nrows of one class only", ha="center", va="center", color=_GREY)
    else:
        if np.isfinite(line.low).all():
            axes.fill_between(line.at, line.low, line.high, color=_SOUND, alpha=0.18, linewidth=0, label="95 % band")
        axes.plot(line.x, line.y, color=_SOUND, linewidth=1.8, label=label)
    axes.legend(frameon=False, loc="lower center", fontsize=9)


def _reliability(evaluation: Evaluation) -> "Figure":
    figure, axes = _square("stated probability of a crack", "share that is cracked")
    filled = [one for one in evaluation.reliability if one.count]
    stated = [one.mean_probability or 0.0 for one in filled]
    share = [one.crack_share or 0.0 for one in filled]
    sizes = 160 * np.array([one.count for one in filled]) / max(one.count for one in filled) + 8
    axes.plot([0, 1], [0, 1], color=_GREY, linestyle="--", linewidth=1, label="kept promise")
    low, high = (
        [end or 0.0 for end in ends] for ends in zip(*((b.share_low, b.share_high) for b in filled), strict=True)
    )
    axes.vlines(stated, low, high, color=_SOUND, alpha=0.5)
    axes.scatter(stated, share, s=sizes, color=_SOUND, alpha=0.75, zorder=3, clip_on=False)
    axes.set_title(f"calibration error {number(evaluation.ece.value)} ({interval(evaluation.ece)})", fontsize=10)
    # Dots may lie anywhere, so no corner of the axes is free for sure.
    figure.legend(frameon=False, loc="outside lower center", fontsize=9)
    return figure


def _samples(shown: Sequence[Judged]) -> "Figure":
    lines = max(1, -(-len(shown) // _COLUMNS))
    figure = _figure(1.5 * _COLUMNS, 1.9 * lines)
    for place, row in enumerate(shown, start=1):
        axes = figure.add_subplot(lines, _COLUMNS, place)
        show_picture(axes, row.path)
        wrong = row.correct is False
        words = f"{row.verdict} {number(row.probability)}\n{'wrong: ' if wrong else ''}labelled {row.label}"
        axes.set_title(words, fontsize=7, color=_CRACK if wrong else _INK)
        for spine in axes.spines.values():
            spine.set(color=_CRACK if wrong else "#cbd2d9", linewidth=2 if wrong else 0.8)
    return figure
