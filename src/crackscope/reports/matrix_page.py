"""The page of a cross-surface matrix, and the same as JSON and CSV."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crackscope.encoding import encode_json
from crackscope.errors import printable
from crackscope.files import write_whole, written_together
from crackscope.judging import MATRIX_FIGURES, Matrix, MatrixCell, MetBefore, matrix_csv
from crackscope.records import Measure
from crackscope.reports.formatting import MEANINGS, TITLES, count, number
from crackscope.reports.met_sentences import met_before_sentences
from crackscope.reports.rendering import render
from crackscope.reports.sentences import refusing_sentence
from crackscope.reports.suggested_sentences import suggested_by_surface

PAGE = "matrix.html"

_KNOWN_BY = (
    "What a classifier learnt from stands below its name. That a surface was part of it is told by the names of sets, "
    "by splits, by lists of pictures, and by what pictures look like to a bundle that knows several surfaces."
)
_STARTED = " Starting weights may have learnt from some of them, see the note: then these figures flatter."
_MAY_HAVE_MET, _MAY_HAVE_STARTED = "learnt from it?", "starting weights learnt from it?"
_PLACES, _MORE_PLACES, _NEAR_ONE = 3, 5, 0.0005
"""Decimals of a table, and where a figure of it is so near to 1 that these would hide how near."""
_UNREAD_SHOWN = 3
_WORST_IS_HALF = ("roc_auc", "balanced_accuracy")


@dataclass(frozen=True, slots=True)
class Tinted:
    """A cell as drawn. good: 0 worst, 1 best, for its colour. met: that it, or what it started from, learnt or may have
    learnt from what it was judged on, or ""."""

    value: str
    interval: str
    good: float
    own: bool
    judged: int
    not_judged: int
    met: str


@dataclass(frozen=True, slots=True)
class Plot:
    """The heatmap of one figure: a line a row of the matrix. tint: what the strength of its colour says."""

    title: str
    meaning: str
    tint: str
    lines: tuple[tuple[str, tuple[Tinted, ...]], ...]
    baselines: tuple[tuple[str, tuple[str, ...]], ...]


def write_matrix(matrix: Matrix, folder: str | Path) -> Path:
    """Write matrix.html, matrix.json and matrix.csv into a folder, and return the path of the page.

    Raises OutputError when something cannot be written.
    """
    target = Path(folder)
    values = {
        "matrix": matrix,
        "plots": [_plot(matrix, name) for name in MATRIX_FIGURES],
        "sentence": _sentence(matrix),
        "known_by": _KNOWN_BY,
        "ringed": any(cell.own for cell in matrix.cells),
        "marks": _marks(matrix),
        "notes": [*met_before_sentences(matrix), *suggested_by_surface(matrix), *_unread_notes(matrix)],
        "refusing": refusing_sentence(matrix),
    }
    with written_together(target, PAGE) as draft:
        write_whole(draft / "matrix.json", encode_json(matrix))
        write_whole(draft / "matrix.csv", matrix_csv(matrix))
        write_whole(draft / PAGE, render("matrix.html", "Across surfaces", values))
    return target / PAGE


def _unread_notes(matrix: Matrix) -> list[str]:
    """A note on each surface of which pictures could not be read."""
    notes = []
    for column in matrix.columns:
        if column.unread:
            some = "; ".join(one.error.message for one in column.unread[:_UNREAD_SHOWN])
            more = f"; and {len(column.unread) - _UNREAD_SHOWN:,} more" * (len(column.unread) > _UNREAD_SHOWN)
            lacking = f"{printable(column.name)}: {count(len(column.unread), 'picture')} left out as unreadable"
            notes.append(f"{lacking} ({printable(some)}{more}); matrix.json names them all.")
    return notes


def _plot(matrix: Matrix, name: str) -> Plot:
    near_one = any(0 < 1 - (cell.figures[name].value or 0) < _NEAR_ONE for cell in matrix.cells)
    places = _MORE_PLACES if near_one else _PLACES
    lines = []
    for row in matrix.rows:
        cells = [matrix.cell(row, column.name) for column in matrix.columns]
        lines.append((row, tuple(_tinted(one, name, places, row in matrix.started_from) for one in cells)))
    baselines = tuple(
        (one, tuple(_fixed(matrix.baseline(one, column, name), places) for column in matrix.columns))
        for one in matrix.baselines
    )
    return Plot(TITLES[name], MEANINGS[name], _tint(name), tuple(lines), baselines)


def _tinted(cell: MatrixCell, name: str, places: int, started: bool) -> Tinted:
    figure = cell.figures[name]
    ends = [_fixed(end, places) for end in (figure.low, figure.high)]
    interval = " to ".join(ends) if figure.low is not None else ends[0]
    judged = sum(cell.support.values())
    met = _met(cell.met_before) or _MAY_HAVE_STARTED * started
    return Tinted(_fixed(figure.value, places), interval, _good(name, figure), cell.own, judged, cell.not_judged, met)


def _fixed(value: float | None, places: int) -> str:
    """A figure with as many decimals as all others of its table; never rounded up to 1."""
    if value is None:
        return "–"
    return f"{min(value, 1 - 10**-places) if value < 1 else value:.{places}f}"


def _met(met: MetBefore | None) -> str:
    if met is None:
        return ""
    return f"{met.learnt_from + met.chosen_on:,} of {met.judged:,} met before" if met.judged else _MAY_HAVE_MET


def _marks(matrix: Matrix) -> list[tuple[str, str]]:
    """What stands in cells beside their figures, and what it means; only what does stand there."""
    met = [_met(cell.met_before) for cell in matrix.cells]
    started = any(not _met(cell.met_before) and cell.row in matrix.started_from for cell in matrix.cells)
    pictures = "learnt from pictures so named, or alike, perhaps from these: see the note"
    marks = []
    if any(said and said != _MAY_HAVE_MET for said in met):
        marks.append(("met before", "so many of the pictures judged took part in its training: the figure flatters"))
    if _MAY_HAVE_MET in met:
        marks.append((_MAY_HAVE_MET, f"it {pictures}"))
    if started:
        marks.append((_MAY_HAVE_STARTED, f"what its training began with {pictures}"))
    return marks


def _good(name: str, measure: Measure) -> float:
    """0 for what guessing gives or worse, 1 for the best there is."""
    if measure.value is None:
        return 0.0
    if name in _WORST_IS_HALF:
        return max(0.0, 2 * measure.value - 1)
    return max(0.0, 1 - 2 * measure.value) if name == "false_alarm_rate" else measure.value


def _tint(name: str) -> str:
    """How `_good` is to be read."""
    if name == "false_alarm_rate":
        return "The stronger the blue, the fewer false alarms: palest from 0.5 up, as tossing a coin gives"
    least = "0.5 or less, as guessing gives" if name in _WORST_IS_HALF else "0"
    return f"The stronger the blue, the better: palest at {least}"


def _sentence(matrix: Matrix) -> str:
    """How the surfaces met in training compare with the others."""
    own = _known(matrix, own=True)
    others = _known(matrix, own=False)
    if not others:
        unmet = any(not one.own and one.met_before is None for one in matrix.cells)
        undefined = ", or where balanced accuracy is not defined" * unmet
        return (
            "This says nothing of surfaces that a classifier never met: each was judged on its own surface, or on one "
            f"that it may have learnt from{undefined}."
        )
    several = len(others) > 1
    average = number(_mean(others)) + " on average" * several
    words = f"On surfaces that {_whose(matrix)} not trained on here, balanced accuracy is {average}"
    if own:
        worst = f" (worst {number(min(others))})" if several else ""
        said = f"{words}{worst}; on its own, by pictures kept out of its training, it is {number(_mean(own))}."
    else:
        ends = f", {number(min(others))} at worst, {number(max(others))} at best" if several else ""
        said = f"{words}{ends}."
    started = any(not one.own and one.met_before is None and one.row in matrix.started_from for one in matrix.cells)
    return f"{said}{_STARTED * started}"


def _whose(matrix: Matrix) -> str:
    """Whose figures on other surfaces these are, with the verb: those that have none are not meant."""
    if len(matrix.rows) == 1:
        return "it was"
    having = {cell.row for cell, _ in _cells(matrix, own=False)}
    names = [printable(row) for row in matrix.rows if row in having]
    if len(names) == len(matrix.rows):
        return "a classifier was"
    return f"{names[0]} was" if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]} were"


def _known(matrix: Matrix, *, own: bool) -> list[float]:
    return [value for _, value in _cells(matrix, own=own)]


def _cells(matrix: Matrix, *, own: bool) -> list[tuple[MatrixCell, float]]:
    """The cells of own surfaces, or of such as were never met, each with its balanced accuracy where it has one."""
    cells = (cell for cell in matrix.cells if cell.own == own and (own or cell.met_before is None))
    found = ((cell, cell.figures["balanced_accuracy"].value) for cell in cells)
    return [(cell, value) for cell, value in found if value is not None]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
