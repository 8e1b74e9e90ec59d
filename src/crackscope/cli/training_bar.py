"""The progress of a training: on a terminal one bar that says where it stands and how long that stage still takes;
where nobody watches, a line an epoch for the log, and where one takes long, how far it is and how long it takes."""

import sys
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING

from crackscope.cli.console import console, say, warn
from crackscope.cli.interrupts import raise_if_lost

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from crackscope.training import Progress

_STAGES = {
    "reading": "reading pictures",
    "weights": "downloading weights, KiB",
    "features": "frozen layers",
    "training": "training",
    "fitting": "scoring pictures to fit probability and verdict to",
    "writing": "writing the bundle",
}


_SILENCE = 30.0
"""Seconds without a line after which a log says how far the training is; then twice as long each time."""
_LONGEST_SILENCE = 600.0


class TrainingBar:
    """Call it with each `Progress` of a training. Draws on stderr, on a terminal only.

    lines: where it is none, say on stdout what each epoch came to, and where it stands after so many seconds of
    silence. Remarks on the data are said at once.
    """

    def __init__(self, *, quiet: bool, lines: bool = False, silence: float = _SILENCE) -> None:
        self._silence, self._said_at = silence, monotonic()
        self._bar: Bar | None = None
        self._quiet = quiet
        self._lines = lines and not quiet and not sys.stderr.isatty()
        self._task: TaskID | None = None
        if not quiet and sys.stderr.isatty():
            self._bar = _bar()

    def __enter__(self) -> "TrainingBar":
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task("starting", total=None, left="", figures="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, progress: "Progress") -> None:
        """Draw where the training stands, or say it when an epoch is done; KeyboardInterrupt where one was lost."""
        raise_if_lost()
        if progress.remark:
            warn(progress.remark, quiet=self._quiet)
        # A remark before the first epoch is of none.
        if self._lines and progress.epoch and progress.stage == "training" and progress.done == progress.total:
            self._say(f"{_epoch(progress)}: {', '.join(filter(None, (_figures(progress.figures), _left(progress))))}")
        elif self._lines and progress.stage == "fitting" and _passes_a_quarter(progress):
            self._say(_standing(progress))
        elif self._lines and progress.seconds_left and monotonic() - self._said_at >= self._silence:
            self._silence = min(2 * self._silence, _LONGEST_SILENCE)
            self._say(_standing(progress))
        if self._bar is None or self._task is None:
            return
        self._bar.update(
            self._task,
            description=_where(progress),
            completed=progress.done,
            total=progress.total or None,
            left=_left(progress),
            figures=_figures(progress.figures),
        )

    def _say(self, line: str) -> None:
        say(line)
        self._said_at = monotonic()


def spell_time(seconds: float) -> str:
    """A duration for people: `8 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _bar() -> "Bar":
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    return Bar(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[left]}", markup=False),
        TextColumn("{task.fields[figures]}", markup=False),
        console=console(sys.stderr),
        transient=True,
    )


def _passes_a_quarter(progress: "Progress") -> bool:
    """Whether this picture is the first of a quarter of them: lines are few, and never minutes apart."""
    return not progress.done or progress.done * 4 // progress.total > (progress.done - 1) * 4 // progress.total


def _left(progress: "Progress") -> str:
    """How long the stage at hand still takes, and of what more there is; "" where it is not known, or done."""
    if not progress.seconds_left:
        return ""
    of = " of this phase" * (progress.phases > 1) if progress.stage == "training" else " of this step"
    return f"{spell_time(progress.seconds_left)} left{of}"


def _standing(progress: "Progress") -> str:
    """A line of how far the stage at hand is, and how long it still takes where that is known."""
    where = f"{_where(progress)}: {progress.done:,} of {progress.total:,}"
    return ", ".join(filter(None, (where, _left(progress))))


def _where(progress: "Progress") -> str:
    stage = _STAGES.get(progress.stage, progress.stage)
    return f"{_epoch(progress)}, {stage}" if progress.epoch else stage


def _epoch(progress: "Progress") -> str:
    phase = f"phase {progress.phase} of {progress.phases}, " if progress.phases > 1 else ""
    return f"{phase}epoch {progress.epoch} of {progress.epochs}"


def _figures(figures: dict[str, float]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in figures.items())
