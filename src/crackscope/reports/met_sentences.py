"""Warnings that a bundle was judged on what it, or what it started from, had learnt from, in sentences."""

from collections.abc import Mapping, Sequence

from crackscope.errors import printable
from crackscope.judging import Contender, Evaluation, Matrix, MatrixCell, MetBefore
from crackscope.records import Part
from crackscope.reports.formatting import count


def met_sentence(evaluation: Evaluation) -> str:
    """A warning where the bundle, or what its training started from, learnt from what it was judged on, or may have;
    else ""."""
    started = evaluation.bundle.started_from if evaluation.bundle else ()
    return _met_or_started(evaluation.met_before, evaluation.part, started)


def met_sentences(contenders: Sequence[Contender]) -> list[str]:
    """The same warnings for the bundles of a comparison, each once with the names of those that it is of."""
    alike: dict[str, list[str]] = {}
    for one in contenders:
        alike.setdefault(_met_or_started(one.met_before, one.part, one.started_from), []).append(one.name)
    return [f"{', '.join(map(printable, names))}: {said}" for said, names in alike.items() if said]


def _met_or_started(met: MetBefore | None, part: str | None, started: tuple[str, ...]) -> str:
    return met_before_sentence(met, part) if met is not None or not started else _started_sentence(started)


def _started_sentence(started: tuple[str, ...]) -> str:
    return (
        f"The bundle's starting weights, those of an earlier bundle, learnt from {', '.join(map(printable, started))}: "
        "where pictures of these are among those judged, the figures flatter."
    )


def met_before_sentence(met: MetBefore | None, part: str | None) -> str:
    """A warning where a bundle was judged on what it learnt from, or may have been; else ""."""
    if met is None:
        return ""
    before, after = _met_said(met, part)
    return before + _met(met, part) + after


def _met(met: MetBefore, part: str | None) -> str:
    """What a bundle met of the data before, as it stands within its warning."""
    if met.by in ("split", "weights_split") and part == "val":
        return ""
    if not met.judged or met.by == "split":
        return _of_sets(met)
    judged = f"of the {count(met.judged, 'picture')} judged"
    if not met.learnt_from:
        return f"none {judged}, but {met.chosen_on:,} of them chose its epoch and threshold"
    chose = f", and {met.chosen_on:,} chose its epoch and threshold" if met.chosen_on else ""
    return f"{met.learnt_from:,} {judged}{chose}"


def _of_sets(met: MetBefore) -> str:
    """How many pictures of each set: they may differ a hundredfold."""
    if len(met.of_each) < 2:
        return f"{count(met.pictures, 'picture')}" + " of " * bool(met.sets) + ", ".join(map(printable, met.sets))
    (first, known), *others = ((printable(name), pictures) for name, pictures in met.of_each.items())
    named = [f"{count(known, 'picture')} of {first}", *(f"{pictures:,} of {name}" for name, pictures in others)]
    nameless = met.pictures - sum(met.of_each.values())
    return ", ".join(named) + f", {nameless:,} of no name" * bool(nameless)


def _met_said(met: MetBefore, part: str | None) -> tuple[str, str]:
    """What a warning says before and after it says what was met."""
    others = "Judge on the test part of the split that it was trained on, or on pictures that it never met."
    weights = "The bundle's starting weights, those of an earlier bundle,"
    neither = "Judge on pictures that neither has met."
    flatter = "where they are the same pictures, the figures flatter"
    if met.by == "split":
        chosen = "its epoch and threshold were chosen on the val part" if part == "val" else "it learnt from "
        said = f"The bundle was trained on this very split, and {chosen}"
        return said, ": the figures flatter. Judge on its test part."
    if met.by == "pictures":
        return "The bundle learnt from ", f": these figures flatter. {others}"
    if met.by == "weights_split":
        chosen = "their epoch was chosen on the val part" if part == "val" else "learnt from "
        return f"{weights} were trained on this very split, and {chosen}", f": the figures flatter. {neither}"
    if met.by == "weights" and met.judged:
        return f"{weights} learnt from ", f": these figures flatter. {neither}"
    if met.by == "weights":
        return f"{weights} learnt from ", f", as these data are called: {flatter}. {neither}"
    if met.by == "look":
        return (
            "Most of these data look to the bundle like what it learnt from, ",
            f": {flatter}, and where they are others of that surface, they say nothing of surfaces it never met.",
        )
    return "The bundle learnt from ", f", as these data are called: {flatter}. {others}"


def met_labels_sentence(met: MetBefore | None) -> str:
    """A warning where a bundle that is asked to doubt labels learnt from these very pictures, or may have; else ""."""
    if met is None or (met.judged and not met.learnt_from):
        return ""
    known = met.judged or met.by in ("split", "weights_split")
    where = "" if known else "where they are the same pictures, "
    return (
        f"{_met_said(met, None)[0]}{_met(met, None)}: {where}wrong labels among them were learnt, too, and are hardly "
        "doubted. Name a bundle that never met them."
    )


def met_before_sentences(matrix: Matrix) -> list[str]:
    """A warning for the cells of a matrix whose classifier learnt, or may have learnt, from what it was judged on: one
    for all of which the same is said but for what was met. Of other cells, what starting weights learnt from."""
    parts = {column.name: column.part for column in matrix.columns}
    alike: dict[tuple[str, str], list[MatrixCell]] = {}
    for cell in matrix.cells:
        if cell.met_before is not None:
            alike.setdefault(_met_said(cell.met_before, parts[cell.column]), []).append(cell)
    started: dict[tuple[str, ...], list[str]] = {}
    for row, sets in matrix.started_from.items():
        if any(cell.row == row and cell.met_before is None for cell in matrix.cells):
            started.setdefault(sets, []).append(printable(row))
    return [
        *(_met_by_all(said, cells, parts) for said, cells in alike.items()),
        *(f"{', '.join(rows)}: {_started_sentence(sets)}" for sets, rows in started.items()),
    ]


def _met_by_all(said: tuple[str, str], cells: Sequence[MatrixCell], parts: Mapping[str, Part | None]) -> str:
    """A warning for several cells, a classifier at a time: what each met stands once, or behind the name of the surface
    where they met different things."""
    met = [_met(cell.met_before, parts[cell.column]) for cell in cells if cell.met_before is not None]
    same = len(set(met)) == 1
    judged: dict[str, list[str]] = {}
    for cell, what in zip(cells, met, strict=True):
        judged.setdefault(cell.row, []).append(printable(cell.column) + f" ({what})" * (not same))
    who = "; ".join(f"{printable(row)} on {', '.join(columns)}" for row, columns in judged.items())
    before, after = said
    return f"{who}: {before}{met[0] if same else 'these pictures'}{after}"
