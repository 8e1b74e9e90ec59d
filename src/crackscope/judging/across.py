"""Trained on row, judged on column: what a classifier of one surface is worth on every other."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from crackscope.arguments import CALL, TEXT, list_of, record, refuse_wrong
from crackscope.encoding import encode_csv
from crackscope.errors import JudgingError
from crackscope.judging.bundle import Answers, answers, suggested_among
from crackscope.judging.evaluation import UNKNOWN, MetBefore
from crackscope.judging.intervals import LEVEL, METHOD
from crackscope.judging.met_sets import names_of_weights
from crackscope.judging.sample import number_groups
from crackscope.judging.scores import Bootstrap, as_sample, measures_of, support_of
from crackscope.records import LABELS, Label, Measure, Part, Row, Unread

if TYPE_CHECKING:
    from crackscope.datasets import Split
    from crackscope.scoring import Model

MATRIX_FIGURES: tuple[str, ...] = ("roc_auc", "balanced_accuracy", "recall", "false_alarm_rate")
"""The figures of a cell, in the order in which they are shown."""

BASELINES: Mapping[str, Mapping[str, float]] = {
    "always crack": {"roc_auc": 0.5, "balanced_accuracy": 0.5, "recall": 1.0, "false_alarm_rate": 1.0},
    "never crack": {"roc_auc": 0.5, "balanced_accuracy": 0.5, "recall": 0.0, "false_alarm_rate": 0.0},
}
"""What is had without looking, on every surface that a figure is defined on: see `Matrix.baseline`."""

_NEEDS: Mapping[str, tuple[Label, ...]] = {"recall": ("crack",), "false_alarm_rate": ("sound",)}
"""The labels that a figure needs, where it does not need both."""

_COLUMNS = (
    *("trained_on", "judged_on", "part", "own", "figure", "value", "low", "high"),
    *("cracked", "sound", "not_judged"),
)


class MatrixColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A surface that is judged on. part: its rows that were taken, None for all. support: these rows by label, whether
    or not a classifier judges them. groups: of near-copies or photos, among these rows. unread: its pictures that
    could not be read. suggested: how many of these rows `suggest` chose.
    """

    name: str
    part: Part | None
    support: dict[Label, int]
    groups: int
    fingerprint: str
    unread: tuple[Unread, ...] = ()
    suggested: int = 0


class MatrixCell(msgspec.Struct, frozen=True, kw_only=True):
    """One classifier on one surface.

    own: it was trained on other rows of the same set. support: rows that it judged, by label. not_judged: those left
    out of the rows of the column, because they could not be read or got no verdict. figures: as named in
    MATRIX_FIGURES, with 95 % intervals. met_before: what the classifier learnt from, where the surface seems to be
    that.
    """

    row: str
    column: str
    own: bool
    support: dict[Label, int]
    not_judged: int
    met_before: MetBefore | None = None
    figures: dict[str, Measure]


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """All cells, row by row. rows: names of what was judged; trained_on: what each of them learnt from, in words.

    started_from: of those rows whose training started with the weights of a bundle, the named sets that these learnt
    from.
    """

    format: Literal[1] = 1
    rows: tuple[str, ...]
    trained_on: dict[str, str]
    started_from: dict[str, tuple[str, ...]] = {}
    columns: tuple[MatrixColumn, ...]
    cells: tuple[MatrixCell, ...]
    baselines: dict[str, dict[str, float]]
    level: float = LEVEL
    method: str = METHOD
    resamples: int
    seed: int

    def cell(self, row: str, column: str) -> MatrixCell:
        """The cell of a row and a column. Raises KeyError."""
        for one in self.cells:
            if (one.row, one.column) == (row, column):
                return one
        raise KeyError((row, column))

    def baseline(self, name: str, column: MatrixColumn, figure: str) -> float | None:
        """What a baseline gives on a column; None where the column lacks a label that the figure needs. KeyError."""
        defined = all(column.support[label] for label in _NEEDS.get(figure, LABELS))
        return self.baselines[name][figure] if defined else None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A row to be: a model, and what it learnt from: in words, and by the name of a column, "" for none of them."""

    name: str
    model: "Model"
    trained_on: str
    column: str = ""

    def __post_init__(self) -> None:
        from crackscope.scoring import LOADED

        refuse_wrong(name=(self.name, TEXT), model=(self.model, LOADED), trained_on=(self.trained_on, TEXT))
        refuse_wrong(column=(self.column, TEXT))


class Surface(msgspec.Struct, frozen=True, kw_only=True):
    """A column to be: labelled rows, and which part of them to judge on; None for all."""

    name: str
    split: "Split"
    part: Part | None

    def __post_init__(self) -> None:
        from crackscope.datasets import Split

        refuse_wrong(name=(self.name, TEXT), split=(self.split, record(Split)), part=(self.part, TEXT.or_none))


def matrix(
    entries: Sequence[Entry],
    surfaces: Sequence[Surface],
    *,
    bootstrap: Bootstrap | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Matrix:
    """Judge every entry on every surface; all of one column are given the same pictures.

    A figure is of those that an entry judges: what it refuses is part of what it is, and each cell says how many are
    left; where all are refused, its figures are not defined. progress: called with how many pictures are done, and of
    how many. Raises JudgingError when names repeat, a surface has nothing to judge or none of its pictures can be read.
    """
    refuse_wrong(entries=(entries, list_of(Entry)), surfaces=(surfaces, list_of(Surface)))
    refuse_wrong(bootstrap=(bootstrap, record(Bootstrap).or_none), progress=(progress, CALL.or_none))
    _refuse_repeated([one.name for one in entries], [one.name for one in surfaces])
    setting = bootstrap or Bootstrap()
    counts = [len(_rows_of(surface)) for surface in surfaces]
    for surface, count in zip(surfaces, counts, strict=True):
        if not count:
            raise JudgingError(f"{surface.name} holds no {surface.part or 'labelled'} rows to judge on: leave it out")
    cells: list[MatrixCell] = []
    unread: dict[str, dict[str, Unread]] = {surface.name: {} for surface in surfaces}
    done = 0
    for entry in entries:
        for surface, count in zip(surfaces, counts, strict=True):
            told = _after(progress, done, len(entries) * sum(counts))
            said = answers(entry.model, surface.split, surface.part, called=surface.name, progress=told)
            done += count
            unread[surface.name] |= {one.path: one for one in said.origin.unread}
            cells.append(_cell(entry, surface, said, setting))
    return Matrix(
        rows=tuple(entry.name for entry in entries),
        trained_on={entry.name: entry.trained_on for entry in entries},
        started_from={entry.name: names for entry in entries if (names := names_of_weights(entry.model.manifest))},
        columns=tuple(_column(surface, tuple(unread[surface.name].values())) for surface in surfaces),
        cells=tuple(cells),
        baselines={name: dict(values) for name, values in BASELINES.items()},
        resamples=setting.resamples,
        seed=setting.seed,
    )


def _refuse_repeated(rows: Sequence[str], columns: Sequence[str]) -> None:
    if not rows or not columns:
        raise JudgingError("a matrix needs something to judge and surfaces to judge on: name both")
    for names, what in ((rows, "classifiers"), (columns, "surfaces")):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise JudgingError(f"two {what} are called {twice[0]!r}: give each a name of its own")


def _rows_of(surface: Surface) -> Sequence[Row]:
    return surface.split.rows if surface.part is None else surface.split.part(surface.part)


def _after(progress: Callable[[int, int], None] | None, before: int, total: int) -> Callable[[int, int], None] | None:
    return None if progress is None else lambda done, _: progress(before + done, total)


def _column(surface: Surface, unread: tuple[Unread, ...]) -> MatrixColumn:
    rows = _rows_of(surface)
    cracked = sum(row.label == "crack" for row in rows)
    return MatrixColumn(
        name=surface.name,
        part=surface.part,
        support={"sound": len(rows) - cracked, "crack": cracked},
        groups=int(number_groups([row.group for row in rows]).max()) + 1,
        fingerprint=surface.split.fingerprint,
        unread=unread,
        suggested=suggested_among(rows),
    )


def _cell(entry: Entry, surface: Surface, said: Answers, setting: Bootstrap) -> MatrixCell:
    told = [one for one in said.rows if one.correct is not None]
    figures = (
        measures_of(as_sample(told), setting, MATRIX_FIGURES)[0] if told else dict.fromkeys(MATRIX_FIGURES, UNKNOWN)
    )
    return MatrixCell(
        row=entry.name,
        column=surface.name,
        own=entry.column == surface.name,
        support=support_of(told),
        not_judged=len(_rows_of(surface)) - len(told),
        met_before=said.origin.met_before,
        figures=figures,
    )


def matrix_csv(table: Matrix) -> bytes:
    """A line a cell and figure, the baselines among them."""
    parts = {column.name: column.part or "all" for column in table.columns}
    lines: list[tuple[object, ...]] = []
    for cell in table.cells:
        for name, one in cell.figures.items():
            own = str(cell.own).lower()
            counts = (cell.support["crack"], cell.support["sound"], cell.not_judged)
            lines.append((cell.row, cell.column, parts[cell.column], own, name, one.value, one.low, one.high, *counts))
    for baseline, values in table.baselines.items():
        for column in table.columns:
            for name in values:
                value = table.baseline(baseline, column, name)
                lines.append((baseline, column.name, parts[column.name], "false", name, value, *[None] * 5))
    return encode_csv(_COLUMNS, lines)
