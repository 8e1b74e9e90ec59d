"""An evaluation on disk: `metrics.json` and `predictions.csv`."""

import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import msgspec

from crackscope.encoding import decode_json, encode_csv, encode_json, original, originals
from crackscope.errors import JudgingError
from crackscope.files import write_whole
from crackscope.judging.evaluation import Evaluation, Judged
from crackscope.records import LABELS, Verdict

METRICS = "metrics.json"
PREDICTIONS = "predictions.csv"
COLUMNS = ("path", "label", "group", "surface", "probability", "verdict", "correct", "reason")


def save(evaluation: Evaluation, folder: str | Path) -> None:
    """Write `metrics.json` and `predictions.csv` into a folder, which is made if need be.

    Raises OutputError when that cannot be.
    """
    target = Path(folder)
    facts = msgspec.to_builtins(evaluation)
    del facts["predictions"]
    write_whole(target / PREDICTIONS, _table(evaluation.predictions))
    write_whole(target / METRICS, encode_json(facts))


def load(folder: str | Path) -> Evaluation:
    """Read what `save` wrote, names that are no UTF-8 as they were. A run's folder is taken for the `evaluation` in it.

    Raises JudgingError when there is no evaluation, or it is not one of ours.
    """
    if folder == "":
        raise JudgingError("the name of the evaluation is empty: name its folder, or a run")
    place = Path(folder)
    try:
        if not (place / METRICS).is_file() and (place / "evaluation" / METRICS).is_file():
            place = place / "evaluation"
        metrics = (place / METRICS).read_bytes()
        # Tables of before hold the bytes of names as they are.
        with (place / PREDICTIONS).open(newline="", encoding="utf-8", errors="surrogateescape") as file:
            predictions = tuple(_rows(csv.DictReader(file)))
        evaluation = msgspec.convert(originals(decode_json(metrics, Any)), Evaluation)
    except OSError as error:
        if os.path.isfile(folder):
            raise JudgingError(f"{folder} is a file: name the folder of an evaluation, or a run") from None
        if isinstance(error, FileNotFoundError) and not os.path.lexists(folder):
            raise JudgingError(f"there is no folder {folder}: name that of an evaluation, or a run") from None
        raise JudgingError(
            f"{folder} holds no evaluation ({error.strerror}: {Path(error.filename).name}): "
            "name a folder that `crackscope evaluate` or `crackscope train` wrote"
        ) from None
    except (ValueError, TypeError, csv.Error) as error:
        raise JudgingError(f"the evaluation in {place} cannot be read ({error}): evaluate again") from None
    whole = msgspec.structs.replace(evaluation, predictions=predictions)
    # A kill between the two files leaves new rows beside old figures.
    if (len(whole.told), len(predictions)) != (whole.n, whole.n + sum(whole.cannot_judge.values())):
        raise JudgingError(f"{METRICS} and {PREDICTIONS} in {place} are not of one evaluation: evaluate again")
    return whole


def _table(predictions: Sequence[Judged]) -> bytes:
    return encode_csv(COLUMNS, map(_cells, predictions))


def _cells(row: Judged) -> tuple[str, ...]:
    correct = "" if row.correct is None else str(row.correct).lower()
    return row.path, row.label, row.group, row.surface, repr(row.probability), row.verdict, correct, row.reason


def _rows(table: "csv.DictReader[str]") -> Iterator[Judged]:
    """The rows of the table. Raises ValueError for one that a spreadsheet has changed, or a copy cut short."""
    # Tables written before there were reasons have no such column.
    if lacking := [name for name in COLUMNS[:-1] if name not in (table.fieldnames or ())]:
        raise ValueError(f"{PREDICTIONS} has no column {', '.join(lacking)}")
    for row in table:
        if any(row[name] is None for name in table.fieldnames or ()):
            raise ValueError(f"{PREDICTIONS} is cut short in line {table.line_num}")
        yield _read_row(row)


def _read_row(row: Mapping[str, str]) -> Judged:
    label, verdict = row["label"], row["verdict"]
    if label not in LABELS or verdict not in get_args(Verdict):
        raise ValueError(f"{PREDICTIONS} has a row of label {label!r} and verdict {verdict!r}")
    probability = float(row["probability"])
    if not 0 <= probability <= 1:
        raise ValueError(f"{PREDICTIONS} has a row of probability {row['probability']!r}")
    return Judged(
        path=original(row["path"]),
        label=label,
        group=original(row["group"]),
        surface=original(row["surface"]),
        probability=probability,
        verdict=verdict,  # type: ignore[arg-type]  # mypy does not narrow a str by get_args
        correct=None if verdict == "cannot judge" else verdict == label,
        reason=row.get("reason", ""),
    )
