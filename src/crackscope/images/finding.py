"""Which pictures are meant by what was typed: files, folders and patterns."""

import glob
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from crackscope.arguments import PATH, Wanted, refuse_wrong
from crackscope.errors import ImageError, printable
from crackscope.images.formats import begins_as_picture
from crackscope.images.limits import DEFAULT_LIMITS, Limits
from crackscope.images.natural_order import Natural, natural
from crackscope.images.our_folders import is_ours
from crackscope.images.wholeness import seems_whole

PICTURE_SUFFIXES = (
    ".jpg",
    ".jpeg",
    ".jpe",
    ".jfif",
    ".mpo",
    ".png",
    ".apng",
    ".webp",
    ".bmp",
    ".dib",
    ".tif",
    ".tiff",
    ".heic",
    ".heif",
    ".hif",
)
"""Suffixes, in lower case, by which pictures are found in folders. A file that is named by itself may have any."""

_HEIF_SUFFIXES = (".heic", ".heif", ".hif")
"""Read with an extra alone. Where a JPEG has the same name they are two of one shot, and the JPEG is taken if it can be
read: so a folder of whole files gives the same on every machine."""

FOREIGN_SUFFIXES = (
    *(".avif", ".gif", ".jp2", ".jxl"),
    *(".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".raf", ".rw2"),
)
"""Suffixes, in lower case, of photos that are not read: found in folders all the same, so that none is passed over
without a word."""

_SEPARATORS = re.compile(r"[/\\]")


Tell = Callable[[str], object]
Name = str | os.PathLike[str]


class _Told(NamedTuple):
    """Who is told of what is left out: files without a name of a picture, and folders that crackscope wrote."""

    misnamed: Tell
    ours: Tell


def _nobody(name: str) -> None:
    """Is told, and says nothing."""


def find(
    arguments: Name | Sequence[Name],
    pass_over: Tell | None = None,
    misnamed: Tell | None = None,
    limits: Limits = DEFAULT_LIMITS,
    ours: Tell | None = None,
) -> list[str]:
    """The pictures that `arguments`, or one alone, stand for, each once, however it is spelt, in their order.

    A file stands for itself; a folder for the pictures in it and below, sorted as people count (2 before 10), hidden
    ones left out, links followed but no folder entered twice, folders below it that crackscope wrote passed over; a
    pattern (`*`, `?`, `[]`, `**`) for the pictures and folders it matches; "-" for itself. A name that exists is
    never taken as a pattern. Photos of formats that are not read are found, too, so that reading them gives the error,
    unless the same stem lies beside them in a file that can be read (raw and JPEG); HEIF gives way likewise. Such files
    are opened, no others: their headers, and the ends of JPEGs, tell. A folder that may not be entered stands for
    itself, so that reading it gives the error. Raises `ImageError` missing for an argument that stands for nothing.

    pass_over: told each photo that is left out because one of its stem is found that can be read: they are of one shot
    in most folders, but need not be. misnamed: told each file in a folder that begins as a picture does and has no name
    of one, so that it is left out (`photo`, `..jpg`, `wall.jpg~`); what is hidden is not told. limits: a file beyond
    them cannot be read. ours: told each folder that is left out as what crackscope wrote.
    """
    refuse_wrong(arguments=(arguments, Wanted((*PATH.types, Iterable), "a path, or a list of them", PATH)))
    found: dict[str, str] = {}
    passed: dict[str, str] = {}
    told = _Told(misnamed or _nobody, ours or _nobody)
    for argument in [arguments] if isinstance(arguments, str | os.PathLike) else arguments:
        every = [argument] if argument == "-" else _expanded(os.fspath(argument), told)
        names = _without_twins(every, limits) if os.path.isdir(argument) or not os.path.lexists(argument) else every
        for some, kept in ((names, found), (every, passed)):
            for name in some:
                kept.setdefault(one_spelling(name), name)
    for place, name in passed.items():
        if pass_over is not None and place not in found:
            pass_over(name)
    return list(found.values())


def one_spelling(name: str) -> str:
    """A path as all its spellings are (`a.jpg`, `./a.jpg`, from the root); links are not followed, "-" stays."""
    try:
        return name if name == "-" else os.path.abspath(name)
    except OSError:  # the folder that this runs in is gone
        return name


def _expanded(argument: str, told: _Told) -> list[str]:
    if os.path.isdir(argument):
        return _in_folder(argument, told)
    if os.path.lexists(argument):
        return [argument]
    if glob.has_magic(argument):
        names = [name for match in _matches(argument) for name in _from_match(match, told)]
        if names:
            return names
        raise ImageError("missing", f"{printable(argument)}: the pattern matches no picture; check it, and the folder")
    if not argument:
        raise ImageError("missing", "an empty name stands for no picture; name a file or a folder")
    raise ImageError("missing", f"{printable(argument)}: there is no such file or folder; check the path")


def _in_folder(folder: str, told: _Told) -> list[str]:
    ours: list[str] = []
    names = sorted(_below(folder, told._replace(ours=ours.append)), key=_counted)
    if not names and ours:
        there = f"{printable(min(ours))}{', ...' * (len(ours) > 1)}"
        raise ImageError(
            "missing",
            f"{printable(folder)}: there are no pictures in this folder but those that crackscope wrote ({there}); "
            "name the folder that they lie in",
        )
    if not names:
        suffixes = " ".join(PICTURE_SUFFIXES)
        raise ImageError("missing", f"{printable(folder)}: there are no pictures in this folder ({suffixes})")
    for one in sorted(ours, key=_counted):
        told.ours(one)
    return names


def _matches(pattern: str) -> list[str]:
    try:
        return sorted(glob.glob(pattern, recursive=True), key=_counted)
    except (OSError, ValueError, re.error):
        return []


def _from_match(name: str, told: _Told) -> list[str]:
    if os.path.isdir(name):
        return sorted(_below(name, told), key=_counted)
    return [name] if _is_picture(name) else []


def _below(folder: str, told: _Told) -> Iterator[str]:
    entered: set[tuple[int, int]] = set()
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            facts = os.stat(here)
            if (facts.st_dev, facts.st_ino) in entered:
                continue
            entered.add((facts.st_dev, facts.st_ino))
            if here != folder and is_ours(here):
                told.ours(here)
                continue
            with os.scandir(here) as entries:
                for entry in entries:
                    if _hidden(entry.name):
                        continue
                    if os.path.isdir(entry.path):
                        waiting += [entry.path] * (not entry.name.startswith("."))
                    elif _is_picture(entry.name):
                        yield entry.path
                    # Not `entry.is_file`: it raises for a link to itself, and what follows in the folder would be lost.
                    elif told.misnamed is not _nobody and os.path.isfile(entry.path) and _holds_picture(entry.path):
                        told.misnamed(entry.path)
        except OSError:
            yield here


def _hidden(name: str) -> bool:
    """With a dot before it, but for `..jpg` and the like: what is left of a name that was lost."""
    return name.startswith(".") and (not name.startswith("..") or _is_picture(name))


def _holds_picture(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return begins_as_picture(file.read(18))
    except OSError:
        return False


def _is_picture(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in (*PICTURE_SUFFIXES, *FOREIGN_SUFFIXES)


def _without_twins(names: list[str], limits: Limits) -> list[str]:
    """Without photos that give way to another of their stem that can be read."""
    beside: dict[str, list[str]] = {}
    for name in names:
        beside.setdefault(os.path.splitext(name)[0].casefold(), []).append(name)
    seen: dict[str, bool] = {}

    def readable(name: str) -> bool:
        if name not in seen:
            seen[name] = seems_whole(name, limits)
        return seen[name]

    def gives_way(name: str, others: list[str]) -> bool:
        rank = _rank(name)
        return any(readable(other) for other in sorted(others, key=_rank) if _rank(other) < rank)

    return [name for name in names if not gives_way(name, beside[os.path.splitext(name)[0].casefold()])]


def _rank(name: str) -> int:
    """Of photos of one stem those of a higher rank give way to those of a lower one; never those of the same."""
    suffix = os.path.splitext(name)[1].lower()
    return 2 if suffix in FOREIGN_SUFFIXES else 1 if suffix in _HEIF_SUFFIXES else 0


def _counted(name: str) -> list[tuple[Natural, str]]:
    return [(natural(part.casefold()), part) for part in _SEPARATORS.split(name)]
