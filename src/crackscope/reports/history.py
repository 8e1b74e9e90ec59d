"""What a run left of its training: the rows of `history.csv` and the model summary."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crackscope.errors import JudgingError
from crackscope.reports.chart import Chart, Dot, Frame, Mark, Numbers, Panel, nice_ticks
from crackscope.reports.formatting import count

HISTORY = "history.csv"
SUMMARY = "summary.txt"

_MANY_TIMES = 30.0  # from this ratio of the largest to the smallest loss on, a logarithmic axis


@dataclass(frozen=True, slots=True)
class History:
    """A training by epoch, phases in a row. All arrays [epochs]; NaN where the run wrote nothing."""

    phase: Numbers
    train_loss: Numbers
    val_loss: Numbers
    train_accuracy: Numbers
    val_accuracy: Numbers

    @property
    def epochs(self) -> int:
        """How many epochs there are."""
        return len(self.phase)

    @property
    def best(self) -> int | None:
        """The epoch (from 0) of the lowest validation loss."""
        return int(np.nanargmin(self.val_loss)) if np.isfinite(self.val_loss).any() else None

    @property
    def turns(self) -> list[int]:
        """The epochs (from 0) at which a new phase begins."""
        return [place for place in range(1, self.epochs) if self.phase[place] != self.phase[place - 1]]


def read_history(run: Path) -> History | None:
    """Read a run's `history.csv`; None when there is none or it is empty, JudgingError when it is damaged."""
    try:
        with (run / HISTORY).open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        if not rows:
            return None
        return History(
            phase=_column(rows, "phase"),
            train_loss=_column(rows, "train_loss"),
            val_loss=_column(rows, "val_loss"),
            train_accuracy=_column(rows, "train_accuracy"),
            val_accuracy=_column(rows, "val_accuracy"),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, csv.Error) as error:
        raise JudgingError(f"{run / HISTORY} cannot be read ({error}): leave the run away, or train again") from None


def _column(rows: list[dict[str, str]], name: str) -> Numbers:
    return np.array([float(row.get(name) or "nan") for row in rows], dtype=np.float64)


def read_summary(run: Path) -> str | None:
    """The model summary of a run, layer by layer, or None."""
    try:
        return (run / SUMMARY).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def loss_by_powers(history: History) -> bool:
    """Whether the losses, training and validation, fall so far that they want a logarithmic axis."""
    losses = _known_losses(history)
    return len(losses) > 0 and bool(0 < losses.min() * _MANY_TIMES < losses.max())


def _known_losses(history: History) -> Numbers:
    losses: Numbers = np.concatenate([history.train_loss, history.val_loss])
    known: Numbers = losses[np.isfinite(losses)]
    return known


def history_charts(history: History) -> list[Chart]:
    """Loss and accuracy by epoch, training and validation."""
    finite = _known_losses(history)
    charts = []
    if len(finite):
        lowest, highest = float(finite.min()), float(finite.max())
        by_powers = loss_by_powers(history)
        span = (lowest * 0.8, highest * 1.2) if by_powers else (min(0.0, lowest), highest * 1.05 or 1.0)
        lines = (history.train_loss, history.val_loss)
        charts.append(_chart(history, "loss", lines, span, by_powers=by_powers))
    shares = np.concatenate([history.train_accuracy, history.val_accuracy])
    finite = shares[np.isfinite(shares)]
    if len(finite):
        room = max(0.002, (1 - float(finite.min())) * 0.08)
        span = (max(0.0, float(finite.min()) - room), min(1.0, float(finite.max()) + room))
        charts.append(_chart(history, "accuracy", (history.train_accuracy, history.val_accuracy), span))
    return charts


def _chart(
    history: History,
    name: str,
    lines: tuple[Numbers, Numbers],
    span: tuple[float, float],
    *,
    by_powers: bool = False,
) -> Chart:
    epochs = np.arange(1, history.epochs + 1, dtype=np.float64)
    ends = (0.5, history.epochs + 0.5) if history.epochs < 3 else (1.0, float(history.epochs))
    frame = Frame(58, 12, 506, 232, x=ends, y=tuple(np.log10(span)) if by_powers else span)
    train, val = (np.log10(np.clip(line, span[0], None)) if by_powers else line for line in lines)
    places = _powers(span) if by_powers else nice_ticks(*span)
    heights = [float(np.log10(place)) for place in places] if by_powers else places
    x_places = [place for place in nice_ticks(*ends, about=6) if place >= 1 and float(place).is_integer()]
    alone = history.epochs == 1
    dots = [Dot("here", *_place(frame, epochs, val, history.best), 4.5, _best_title(history, lines[1], name))]
    if alone:
        dots.append(Dot("train", *_place(frame, epochs, train, 0), 4.0, f"training: {lines[0][0]:.4g}"))
    panel = Panel(
        frame=frame,
        x_ticks=frame.x_ticks(x_places, [f"{int(place)}" for place in x_places]),
        y_ticks=frame.y_ticks(heights, [f"{place:g}" for place in places]),
        marks=(
            *(Mark("turn", _upright(frame, turn + 0.5)) for turn in history.turns),
            Mark("train", frame.line(epochs, train)),
            Mark("curve", frame.line(epochs, val)),
        ),
        dots=tuple(dot for dot in dots if np.isfinite(dot.y)),
        legend=(("train", "training"), ("curve", "validation"), ("here", "lowest validation loss"))
        + ((("turn", "next phase"),) if history.turns else ()),
    )
    best = history.best
    says = f"{name.capitalize()} over {count(history.epochs, 'epoch')}"
    if best is not None and np.isfinite(lines[1][best]):
        says += f"; validation {lines[1][best]:.4g} at epoch {best + 1}, the one of the lowest validation loss"
    return Chart(name, f"{name.capitalize()} by epoch", says, "epoch", name, (panel,), width=520, height=280)


def _place(frame: Frame, epochs: Numbers, line: Numbers, at: int | None) -> tuple[float, float]:
    if at is None or not np.isfinite(line[at]):
        return float("nan"), float("nan")
    return float(frame.across(epochs[at])), float(frame.down(line[at]))


def _best_title(history: History, line: Numbers, name: str) -> str:
    best = history.best
    return "" if best is None else f"epoch {best + 1}: validation {name} {line[best]:.4g}"


def _upright(frame: Frame, at: float) -> str:
    x = float(frame.across(at))
    return f"M{x:.1f} {frame.top:.1f}V{frame.bottom:.1f}"


def _powers(span: tuple[float, float]) -> list[float]:
    """1, 2 and 5 times powers of ten inside a range, the powers alone where that would be many."""
    first, last = int(np.floor(np.log10(span[0]))), int(np.ceil(np.log10(span[1])))
    powers = [factor * 10.0**power for power in range(first, last + 1) for factor in (1, 2, 5)]
    inside = [round(place, 12) for place in powers if span[0] <= place <= span[1]]
    return inside if len(inside) <= 7 else [place for place in inside if np.log10(place) % 1 < 1e-9]
