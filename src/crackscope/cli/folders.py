"""Where results go: folders that are new, empty or our own, never somebody else's."""

import os
from pathlib import Path

from crackscope.errors import OutputError


def fresh(folder: str | Path) -> Path:
    """Make this folder, which may exist only if it is empty; OutputError otherwise."""
    path = vacant(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise OutputError(f"a file is in the way of the folder, {path}, name another one") from None
    except PermissionError:
        raise OutputError(f"not allowed to write there, {path}, name another folder") from None
    except OSError as error:
        raise OutputError(f"the folder cannot be made ({error.strerror}), {path}, name another one") from None
    return path


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


def writable(folder: str | Path) -> Path:
    """This folder, if something can be written into it once it is made; nothing is made yet. OutputError otherwise.

    Asked before long work, whose result would have nowhere to go.
    """
    path = Path(folder)
    there = next(one for one in (path, *path.absolute().parents) if os.path.lexists(one))
    if not there.is_dir():
        raise OutputError(f"a file is in the way of the folder, {path}, name another one")
    if not os.access(there, os.W_OK | os.X_OK):
        raise OutputError(f"not allowed to write there, {path}, name another folder")
    return path
