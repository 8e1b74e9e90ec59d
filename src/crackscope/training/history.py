"""The epochs of a training, as a file for people and as TensorBoard's events."""

import os
from pathlib import Path
from typing import Any

import msgspec

from crackscope.errors import TrainingError
from crackscope.training.records import Epoch

COLUMNS = tuple(field.name for field in msgspec.structs.fields(Epoch))


class History:
    """Keeps `history.csv` in step with the state; writes events beside it when asked to."""

    def __init__(self, folder: Path, tensorboard: bool) -> None:
        self._file = folder / "history.csv"
        self._events: Any = _writer(folder / "events") if tensorboard else None
        self._told = 0

    def epoch(self, history: list[Epoch]) -> None:
        """Write the whole history; the file is replaced, never appended to, so that no kill leaves half a row."""
        lines = [",".join(COLUMNS)]
        lines += [",".join(_cell(getattr(row, name)) for name in COLUMNS) for row in history]
        write_text(self._file, "\n".join(lines) + "\n")
        if self._events is not None:
            for number, row in enumerate(history[self._told :], self._told + 1):
                for name in ("train_loss", "train_accuracy", "val_loss", "val_accuracy", "learning_rate"):
                    if getattr(row, name) is not None:
                        self._events.add_scalar(name.replace("_", "/", 1), getattr(row, name), number)
            self._events.flush()
        self._told = len(history)


def write_text(path: Path, content: str) -> None:
    """Write UTF-8 text beside `path` and move it there."""
    written = path.with_name(path.name + ".writing")
    written.write_text(content, encoding="utf-8")
    os.replace(written, path)


def _cell(value: float | int | None) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.6g}"


def check_tensorboard() -> None:
    """Raise TrainingError where events cannot be written, before there is a folder for them."""
    try:
        import torch.utils.tensorboard  # noqa: F401  (whether it can be imported is the question)
    except ImportError:
        raise TrainingError(
            "--tensorboard needs a package, run in the folder of the sources: pip install '.[tensorboard]'"
        ) from None


def _writer(folder: Path) -> Any:
    from torch.utils.tensorboard import SummaryWriter

    # A training that goes on writes its history anew: what it wrote before would stand there twice.
    return SummaryWriter(str(folder), purge_step=1)
