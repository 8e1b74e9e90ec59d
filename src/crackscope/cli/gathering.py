"""Which pictures a call names: files, folders, globs, a list of them; and what of it is passed over, which is told."""

import codecs
import glob
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

import click

from crackscope.cli.console import warn
from crackscope.encoding import western
from crackscope.errors import several
from crackscope.files import read_table

if TYPE_CHECKING:
    from crackscope.images import Limits
    from crackscope.records import Unread

STANDARD_INPUT = "-"
LIST_HELP = "Read names too, one a line, from this file; - is standard input. Lines that begin with '# ' are remarks."
_NAMED = 3
"""So many folders are named."""


def gather(
    named: Sequence[str], from_list: str | None, *, quiet: bool, limits: "Limits | None" = None, out: str = ""
) -> "list[str | Unread]":
    """All pictures that were named, in order and each once; a name that matches nothing becomes an unread one.

    from_list: a file that names more of them, - for standard input. What is passed over is told, unless quiet.
    limits: how large a picture may be for another of its name to be passed over; None for the usual ones. out: the
    folder of the result, of which it is not told that it is passed over.

    Raises ImageError when no name matches anything, UsageError when there is no name or standard input is wanted twice.
    """
    names = [*named, *(_listed(from_list, quiet=quiet) if from_list else [])]
    if not names and from_list:
        where = "standard input" if from_list == STANDARD_INPUT else from_list
        raise click.UsageError(f"the list names no picture: {where}, write one name a line into it")
    if not names:
        raise click.UsageError("PICTURE is missing: name files, folders or globs, or - for standard input")
    if names.count(STANDARD_INPUT) + (from_list == STANDARD_INPUT) > 1:
        raise click.UsageError("standard input can be read only once, name - a single time")
    if STANDARD_INPUT in names:
        standard_input()
    from crackscope.errors import ImageError
    from crackscope.images import DEFAULT_LIMITS, find, one_spelling
    from crackscope.records import Unread

    inputs: dict[str, str | Unread] = {}
    passed: dict[str, None] = {}
    misnamed: dict[str, None] = {}
    ours: dict[str, None] = {}
    last: ImageError | None = None
    for name in names:
        try:
            some = find([name], passed.setdefault, misnamed.setdefault, limits or DEFAULT_LIMITS, ours.setdefault)
            for path in some:
                inputs.setdefault(one_spelling(path), path)
        except ImageError as error:
            last = error
            inputs.setdefault(one_spelling(name), Unread.of(name, error))
    _tell_misnamed([path for path in misnamed if one_spelling(path) not in inputs], quiet)
    if last is not None and not any(isinstance(item, str) for item in inputs.values()):
        raise last
    _tell_passed([path for path in passed if one_spelling(path) not in inputs], quiet)
    tell_of_ours(list(ours), [*names, out], quiet=quiet)
    return list(inputs.values())


def tell_of_ours(passed: Sequence[str], named: Sequence[str], *, quiet: bool) -> None:
    """Say which folders were passed over, since crackscope wrote them, but of those that are named themselves; nothing
    where there is none."""
    from crackscope.images import one_spelling

    known = {one_spelling(one) for one in named if one}
    folders = [one for one in passed if one_spelling(one) not in known]
    if folders:
        more = len(folders) > 1
        some = ", ".join(folders[:_NAMED]) + ", ..." * (len(folders) > _NAMED)
        warn(
            f"passed over {several(len(folders), 'folder')} that crackscope wrote ({some}): "
            f"what lies in {'them' if more else 'it'} is no photo; to have it taken, name {'each' if more else 'it'} "
            "by itself",
            quiet=quiet,
        )


def _tell_passed(paths: Sequence[str], quiet: bool) -> None:
    if paths:
        more = len(paths) > 1
        warn(
            f"passed over {several(len(paths), 'photo')} in a format that is not read, or HEIF, as a readable one "
            f"of the same name lies beside {'each' if more else 'it'} ({paths[0]}{', ...' * more}); convert those that "
            "are other pictures, or name HEIF ones by themselves",
            quiet=quiet,
        )


def _tell_misnamed(paths: Sequence[str], quiet: bool) -> None:
    if paths:
        files = several(len(paths), "file that begins as a picture but has", "files that begin as pictures but have")
        warn(
            f"passed over {files} no name of one ({paths[0]}{', ...' * (len(paths) > 1)}): rename them, say to .jpg, "
            "or name them by themselves",
            quiet=quiet,
        )


def _listed(source: str, *, quiet: bool) -> list[str]:
    """The names in a list: one a line, or, as `find -print0` writes them, with a zero byte behind each.

    Lines that begin with a hash and a blank are remarks, unless something is called so. Names that are no UTF-8 and of
    nothing that is there are read in Windows' Western letters, in which editors there save, and with slashes for
    backslashes, if something is called so.
    """
    try:
        content = standard_input().read() if source == STANDARD_INPUT else read_table(source)
    except OSError as error:
        raise click.UsageError(f"{source}: cannot be read ({error.strerror}), name a list of pictures") from None
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # as PowerShell redirects
        text = content.decode("utf-16", "replace")
    else:
        text = content.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
    if "\0" in text:
        return [name for name in text.split("\0") if name.strip()]
    lines = text.replace("\r\n", "\n").split("\n")
    names = [_meant(line) for line in lines if line.strip() and not _is_remark(line)]
    if not all(map(_is_known, names)):
        warn(
            f"{source} is no UTF-8, and not all of its names are any in Windows' Western letters: save it as UTF-8",
            quiet=quiet,
        )
    return names


def _meant(name: str) -> str:
    """A name as it stands in a list, or as Windows writes it, if something is called so."""
    read = name if _is_known(name) else western(name.encode("utf-8", "surrogateescape"))
    spelt = (name, read, name.replace("\\", "/"), read.replace("\\", "/"))
    return next((one for one in spelt if os.path.lexists(one) or glob.glob(one)), name)


def _is_known(name: str) -> bool:
    """Whether a name is text, or odd bytes that something is called by."""
    return not any("\udc80" <= letter <= "\udcff" for letter in name) or os.path.lexists(name)


def _is_remark(line: str) -> bool:
    return (line == "#" or line.startswith("# ")) and not os.path.lexists(line)


def standard_input() -> BinaryIO:
    """What is piped in. Raises UsageError where the call was given none."""
    if sys.stdin is None:
        raise click.UsageError("standard input is closed, name a file, or pipe into the command what it is to read")
    return sys.stdin.buffer
