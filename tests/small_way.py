"""The whole way by the command line, gone once for many tests: generated surfaces, a split of them, a run."""

import contextlib
import io
import json
import shlex
from dataclasses import dataclass
from pathlib import Path

from crackscope.cli import main

SMALL = shlex.split(
    "--recipe probe --weights none --set input=64 --set phases.0.epochs=2 --set phases.0.batch=8 --threads 2"
)

FEW = (
    "few pictures of a class: val 4 crack and 4 sound, test 4 crack and 4 sound; what is learnt from or measured on "
    "fewer than 10 (a group counts once) means little\n"
)
"""What `train` says first of so few."""


@dataclass(frozen=True)
class Way:
    """What the fixture made: pictures in class folders, a split of them, a run, and what `train` said of it."""

    data: Path
    split: Path
    run: Path
    told: str

    @property
    def bundle(self) -> str:
        return str(self.run / "bundle")


def go_the_way(folder: Path) -> Way:
    """Draw surfaces, split them and train on them, below this folder."""
    data, split, run = folder / "data", folder / "split.csv", folder / "run"
    assert main(["generate", "-o", str(data), "-n", "40", "--size", "64", "--seed", "7", "--quiet"]) == 0
    assert main(["split", str(data), "-o", str(split), "--quiet"]) == 0
    with contextlib.redirect_stdout(io.StringIO()) as told, contextlib.redirect_stderr(io.StringIO()) as remarks:
        assert main(["train", str(split), "-o", str(run), *SMALL]) == 0
    assert remarks.getvalue() == FEW
    return Way(data, split, run, told.getvalue())


def lines(text: str) -> list[dict]:
    """What was written as JSON lines."""
    return [json.loads(line) for line in text.splitlines()]


def pictures(way: Way, label: str) -> list[Path]:
    return sorted((way.data / label).glob("*.png"))
