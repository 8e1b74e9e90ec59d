"""Where results go: folders that are new, empty or our own, never somebody else's."""

import os
from collections.abc import Collection, Iterable
from pathlib import Path

from crackscope.drafts import is_draft
from crackscope.errors import OutputError
from crackscope.files import make_folder, writable


def fresh(folder: str | Path) -> Path:
    """Make this folder, which may exist only if it is empty; OutputError otherwise."""
    return make_folder(vacant(folder))


def vacant(folder: str | Path, besides: Collection[str] = ()) -> Path:
    """This folder, if it is empty or can be made; nothing is made yet. OutputError otherwise.

    besides: names of what may be in it all the same, as may what a kill left half written.
    """
    path = writable(folder)
    try:
        occupied = path.exists() and any(not is_draft(one.name) and one.name not in besides for one in path.iterdir())
    except PermissionError:
        raise OutputError(f"not allowed to look into it, {path}, name another folder") from None
    except OSError as error:
        raise OutputError(f"the folder cannot be used ({error.strerror}), {path}, name another one") from None
    if occupied:
        raise OutputError(f"the folder is not empty, {path}, name a new one")
    return path


def unused(folder: str | Path, last: str, what: str, before: Collection[str]) -> Path:
    """This folder, if it is empty, can be made, or holds half of such a result, which may be written over.

    last, before: what such a call writes last, and before that; where the last is there, the result (`what`, with its
    article) is whole. Nothing is made yet. OutputError otherwise.
    """
    path = writable(folder)
    if os.path.lexists(path / last):
        raise OutputError(f"{what} is already in {path}, name a new folder")
    return vacant(path, before)


def apart(folder: str | Path, inputs: Iterable[str], unless: str = "") -> None:
    """Raise OutputError for a folder that one of these files, which are to be looked at, lies in.

    unless: a file by which the folder is known as a result of before, which may hold them.
    """
    place = Path(folder).resolve()
    if unless and os.path.isfile(place / unless):
        return
    for one in inputs:
        if Path(one).resolve().is_relative_to(place):
            raise OutputError(
                f"the folder is not empty, {folder}, it holds a picture of the call, {one}; name a new one"
            )


def outside(folder: str | Path, data: Collection[str]) -> None:
    """Raise OutputError for a folder that is, or lies in, one of these data sets: what is written would be of it."""
    place = Path(folder).resolve()
    for one in data:
        if os.path.isdir(one) and place.is_relative_to(Path(one).resolve()):
            raise OutputError(f"{folder} lies in the data set {one}, which it would change, name a folder outside")
