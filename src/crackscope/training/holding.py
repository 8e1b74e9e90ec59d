"""One training at a time writes into a run: whoever comes second is told so, before and while it is written."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from crackscope.drafts import lock, remove_drafts
from crackscope.errors import TrainingError
from crackscope.files import make_folder


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Make the folder, and keep other trainings out of it for as long as this lasts or this process lives. What a kill
    left half written in it goes.

    Raises TrainingError where another training is writing there, OutputError where the folder cannot be made.
    """
    descriptor = _locked(make_folder(folder))
    try:
        remove_drafts(folder)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def refuse_held(folder: Path) -> None:
    """Raise TrainingError where another training is writing into this folder, which need not be there."""
    if folder.is_dir():
        descriptor = _locked(folder)
        if descriptor is not None:
            os.close(descriptor)


def _locked(folder: Path) -> int | None:
    """The folder itself, locked until it is closed; None where it cannot be opened, which says nothing of others."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    if lock(descriptor) is False:
        os.close(descriptor)
        raise TrainingError(f"another training is writing into {folder}: wait for it, or name another folder with -o")
    return descriptor
