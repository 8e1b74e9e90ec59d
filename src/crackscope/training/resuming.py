"""Whether a training goes on with a run, and that it is the same training: of the same recipe, on the same data."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from crackscope import datasets
from crackscope.datasets import Layout, Split
from crackscope.drafts import is_draft
from crackscope.encoding import decode_json
from crackscope.errors import DatasetError, TrainingError, printable, several, some_of
from crackscope.files import writable
from crackscope.recipes import Recipe
from crackscope.records import Row
from crackscope.training.checkpoints import Counters
from crackscope.training.records import Run, TrainOptions

RUN, SPLIT, STATE = "run.json", "split.csv", "checkpoints/last.safetensors"
_BEFORE_RUN = frozenset({"checkpoints", SPLIT, "summary.txt", "summary.txt.writing", f"{RUN}.writing"})
"""What a training leaves that is killed before it has written RUN."""


def begun(folder: Path, recipe: Recipe, options: TrainOptions) -> dict[str, Any] | None:
    """The facts of a run that is to go on; None for a new one.

    Raises:
        TrainingError: a run is in the way, or what is in the way is none, or it was begun with another recipe.
        OutputError: nothing can be written there.
    """
    file = writable(folder) / RUN
    if not options.resume:
        if folder.exists() and any(folder.iterdir()):
            what = "holds a run already: go on with --resume, or" if file.exists() else "is not empty:"
            also = "" if file.exists() else " (or --resume, if a training was stopped there before its first step)"
            raise TrainingError(f"{folder} {what} choose another folder with -o{also}")
        return None
    if not file.exists():
        _refuse_in_the_way(folder)
        return None
    try:
        facts = decode_json(file.read_bytes(), dict[str, Any])
        before = msgspec.convert(facts["recipe"], Recipe)
    except (OSError, KeyError, msgspec.MsgspecError) as error:
        raise TrainingError(f"{file}: cannot be read as a run ({error}); start anew in another folder") from None
    if before != recipe:
        changed = [f.name for f in msgspec.structs.fields(Recipe) if getattr(before, f.name) != getattr(recipe, f.name)]
        raise TrainingError(
            f"{folder} was begun with another recipe ({', '.join(changed)} differ); go on with that, or use another -o"
        )
    return facts


def _refuse_in_the_way(folder: Path) -> None:
    """Raise TrainingError where more lies in a folder without a run than a training leaves before its first step."""
    if (folder / STATE).exists():
        raise TrainingError(
            f"{folder} holds the state of a training, but no {RUN} to say of what: put that back, or use another -o"
        )
    if folder.exists() and any(one.name not in _BEFORE_RUN and not is_draft(one.name) for one in folder.iterdir()):
        raise TrainingError(f"{folder} is not empty, and holds no run to go on with: choose another folder with -o")


def kept_options(options: TrainOptions) -> dict[str, Any]:
    """What `run.json` keeps of how the pictures were dealt and are licensed."""
    return {"random": options.random, "group_by": options.group_by, "licences": options.licences}


def as_begun(folder: Path, facts: dict[str, Any], options: TrainOptions) -> TrainOptions:
    """The options of a call that goes on with a run: licences that it does not name are those of the call that began.

    Raises TrainingError where it says otherwise than that one how pictures are dealt or licensed.
    """
    before = facts.get("options")
    if not isinstance(before, dict):  # a run of before that was written down
        return options
    names = {"random": "--random", "group_by": "--group-by", "licences": "--licence"}
    for key, value in kept_options(options).items():
        if value and value != before.get(key):
            was = f"with another {names[key]}" if before.get(key) else f"without {names[key]}"
            raise TrainingError(f"{folder} was begun {was}: leave it away to go on as it began, or use another -o")
    return msgspec.structs.replace(options, licences=before.get("licences") or {})


def refuse_meanwhile(folder: Path, before: dict[str, Any] | None, recipe: Recipe, options: TrainOptions) -> None:
    """Raise TrainingError where another training wrote into the folder since `begun` said what was there."""
    if (begun(folder, recipe, options) is None) != (before is None):
        raise TrainingError(f"another training has begun in {folder} meanwhile: call again, or name another -o")


def refuse_other_data(folder: Path, facts: dict[str, Any], data: str | Path | Split, layout: Layout) -> None:
    """Raise TrainingError where a run cannot go on with these pictures: it was begun on others, or its own have gone.

    The same pictures are those of the same names, labels, sizes and, where the data give any, parts, wherever they lie:
    a run may go on from a split that was made of its folder. It reads those that its own split names, so unless it is
    finished all of these must be where they were. DatasetError: no such data, though all of these are there.
    """
    try:
        before = datasets.read_rows(folder / SPLIT)
    except DatasetError as error:
        raise TrainingError(f"{folder}: its split cannot be read ({error}); start anew in another folder") from None
    there = [row for row in before if os.path.exists(row.path)]
    lost = _gone(folder, before, there) if len(there) < len(before) and not facts.get("finished") else ""
    try:
        rows = list(data.rows) if isinstance(data, Split) else datasets.read_rows(data, layout)
    except DatasetError:
        if lost:
            raise TrainingError(lost) from None
        raise
    said = facts.get("data", {})
    if not _same(before, there, rows, int(said.get("unreadable", 0))):
        name = printable(str(said.get("name", "")))
        begun_on = f"{name}, {several(len(before), 'picture')}" if name else several(len(before), "picture")
        raise TrainingError(f"{folder} was begun on other data ({begun_on}): name that, or another -o")
    if lost:
        raise TrainingError(lost)


def _gone(folder: Path, before: Sequence[Row], there: Sequence[Row]) -> str:
    """That pictures of a run have gone, without which it would not end as it would have: which, and what to do."""
    kept = {row.path for row in there}
    gone = [row.path for row in before if row.path not in kept]
    lay_in = printable(os.path.commonpath([os.path.dirname(os.path.abspath(path)) for path in gone]))
    first = f" (the first: {printable(gone[0])})" if there else ""
    which = some_of(len(gone), len(before), "picture", "has", "have")
    return (
        f"{folder} goes on with the pictures that it began with, and {which} gone from {lay_in}{first}: move "
        f"{'it' if len(gone) == 1 else 'them'} back, or begin anew with another -o"
    )


def _same(before: Sequence[Row], there: Sequence[Row], rows: Sequence[Row], unreadable: int) -> bool:
    """Whether the pictures of a run, of which some are still there, are those of the data, but for those that could not
    be read when it began, or that have gone since."""
    parted = all(row.part for row in rows)
    # Where all have gone, nothing but their names can be compared: enough to give a finished run back.
    wanted = Counter(_known_by(row, parted, sized=bool(there)) for row in there or before)
    given = Counter(_known_by(row, parted, sized=bool(there)) for row in rows)
    return not wanted - given and (given - wanted).total() <= unreadable + len(before) - len(there or before)


def _known_by(row: Row, parted: bool, *, sized: bool) -> tuple[str, str, str, int]:
    name = os.path.basename(row.path)
    size = os.path.getsize(row.path) if sized and os.path.exists(row.path) else -1
    return name, row.label, (row.part or "") if parted else "", size


def going_on(recipe: Recipe, counters: Counters) -> str:
    """With which epoch a run goes on, in a line."""
    if not counters.total:
        return "it begins with its first epoch: none was done before"
    done = f"{several(counters.total, 'epoch')} done before"
    epochs = recipe.phases[counters.phase].epochs if counters.phase < len(recipe.phases) else 0
    if counters.stopped or counters.epoch >= epochs:
        return f"it goes on with what follows the {done}"
    phase = f"phase {counters.phase + 1} of {len(recipe.phases)}, " if len(recipe.phases) > 1 else ""
    return f"it goes on with {phase}epoch {counters.epoch + 1} of {epochs}, {done}"


def finished(facts: dict[str, Any], folder: Path) -> Run:
    """A run as it was when it ended, in the folder where it lies now."""
    places = {"folder": str(folder), "bundle": str(folder / "bundle"), "split": str(folder / SPLIT)}
    return msgspec.convert(facts | places, Run)
