"""Where results go: folders that are new, empty or our own, never somebody else's."""

import os
from pathlib import Path

from crackscope.errors import OutputError
from crackscope.files import make_folder, writable


def fresh(folder: str | Path) -> Path:
    """Make this folder, which may exist only if it is empty; OutputError otherwise."""
    return make_folder(vacant(folder))


def vacant(folder: str | Path) -> Path:
    """This folder, if it is empty or can be made; nothing is made yet. OutputError otherwise."""
    path = writable(folder)
    try:
        occupied = path.exists() and any(path.iterdir())
    except PermissionError:
        raise OutputError(f"not allowed to look into it, {path}, name another folder") from None
    except OSError as error:
        raise OutputError(f"the folder cannot be used ({error.strerror}), {path}, name another one") from None
    if occupied:
        raise OutputError(f"the folder is not empty, {path}, name a new one or remove it")
    return path


def unused(folder: str | Path, last: str, what: str) -> Path:
    """This folder, which may hold anything but the file that such a call writes last: half a result may be written
    over, a whole one (`what`, with its article) not. Nothing is made yet. OutputError otherwise.
    """
    path = writable(folder)
    if os.path.lexists(path / last):
        raise OutputError(f"{what} is already in {path}, name a new folder or remove it")
    return path
