"""Every way a call can fail, as one line that says what, where and what to do, and an exit status."""

import contextlib
import errno
import os
import re
import sys
from collections.abc import Sequence

import click

from crackscope.cli import INTERRUPTED
from crackscope.cli.as_named import as_named, as_typed
from crackscope.errors import CrackscopeError, printable

EXTRAS = {
    "torch": "train",
    "safetensors": "train",
    "h5py": "train",
    "onnxscript": "train",
    "timm": "timm",
    "tensorboard": "tensorboard",
}
"""Module -> the extra of the package that brings it."""


class Interrupted(Exception):  # noqa: N818  (it is wanted, and no error)
    """Ctrl-C or SIGTERM, with a word on what is kept and how to go on."""


class ReaderLeft(Exception):  # noqa: N818  (a reader may leave: no error)
    """Whoever read our output has closed it, as `head` does."""


def explain(error: BaseException, arguments: Sequence[str]) -> tuple[int, str]:
    """Exit status and line (without line breaks) for an error that ended a call with these arguments."""
    status, text = _explain(error, arguments)
    return status, " ".join(printable(text).split())


def _explain(error: BaseException, arguments: Sequence[str]) -> tuple[int, str]:
    if isinstance(error, Interrupted):
        return INTERRUPTED, str(error)
    # Python 3.11 wraps in a RuntimeError what comes while a class is made.
    if isinstance(error, KeyboardInterrupt | click.Abort) or isinstance(error.__cause__, KeyboardInterrupt):
        return INTERRUPTED, "interrupted"
    if isinstance(error, CrackscopeError):
        return error.exit_code, as_named(str(error), arguments)
    if isinstance(error, click.ClickException):
        return 2, _usage(error, arguments)
    if isinstance(error, MemoryError) or "can't allocate memory" in str(error):
        return 2, "memory ran out, close other programs or ask for less (smaller pictures, batch or --threads)"
    if isinstance(error, ModuleNotFoundError) and error.name in EXTRAS:
        extra = EXTRAS[error.name]
        return (
            2,
            f"this needs {error.name}, which is not there, run in the folder of the sources: pip install '.[{extra}]'",
        )
    if isinstance(error, OSError):
        return 2, _system(error)
    command = next((word for word in arguments if not word.startswith("-")), "crackscope")
    return 2, (
        f"{type(error).__name__}: {error or 'no more is known'}, in {command}: a defect of crackscope, "
        "please report it with what --debug shows"
    )


def _usage(error: click.ClickException, arguments: Sequence[str]) -> str:
    text = error.format_message().rstrip(".")
    if isinstance(error, click.NoSuchOption):
        text = f"there is no option {error.option_name}"
        if error.possibilities:
            text += f", did you mean {_nearest(error.option_name, error.possibilities)}?"
    elif found := _NO_NUMBER.search(text):
        text = f"{text[: found.start()]}{found[1]!r} is {_instead(found[1], whole=found[2] == 'integer')}"
    elif text.startswith("Got unexpected extra argument"):
        text = f"there are more arguments than are taken, beginning with {_first_extra(text, arguments)}"
        if taken := _taken(error):
            text = f"it takes {taken} alone: {text}"
    elif isinstance(error, click.MissingParameter) and error.param is not None:
        name = error.param.make_metavar(error.ctx) if error.ctx else error.param.name
        name = name if error.param.param_type_name == "argument" else f"the option {' / '.join(error.param.opts)}"
        text = f"{name} is missing"
    if dashed := _dashed(error, arguments):
        text += f", for the file of that name write {as_typed(dashed)}"
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None or context.parent is None:
        return text
    return f"{text} ({context.command_path} --help says more)"


def _taken(error: click.ClickException) -> str:
    """What a command takes besides options, as its help calls it; "" for nothing."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None:
        return ""
    arguments = [one for one in context.command.params if isinstance(one, click.Argument)]
    return " and ".join(one.make_metavar(context) for one in arguments)


def _dashed(error: click.ClickException, arguments: Sequence[str]) -> str:
    """The file or folder among the arguments that was taken for an option, and so for this error; "" for none."""
    taken: Sequence[str] = ()
    if isinstance(error, click.NoSuchOption):
        taken = [error.option_name]
    elif isinstance(error, click.BadParameter) and error.param is not None:
        taken = error.param.opts
    begun = (word for word in arguments if word.startswith((*taken,)) and word not in taken)
    return next(filter(os.path.lexists, begun), "")


_NO_NUMBER = re.compile(r"'([^']*)' is not a valid (float|integer)(?: range)?$")
"""What click says of a word where it wants a number."""


def _instead(word: str, *, whole: bool) -> str:
    """What is wrong with a word that is no number, and how to write it."""
    if whole:
        return "no whole number, write one such as 2"
    pointed = word.replace(",", ".")
    try:
        float(pointed)
    except ValueError:
        return "no number, write one such as 0.2"
    return f"no number, decimals stand behind a point: write {pointed}"


def _first_extra(text: str, arguments: Sequence[str]) -> str:
    """The first of the arguments that click lists in brackets with blanks between them, which names may have, too."""
    listed = text.partition("(")[2].removesuffix(")")
    begin = [word for word in arguments if f"{listed} ".startswith(f"{word} ")]
    return max(begin, key=len, default=listed.partition(" ")[0])


def _nearest(word: str, names: Sequence[str]) -> str:
    import difflib

    return difflib.get_close_matches(word, names, n=1, cutoff=0)[0]


def _system(error: OSError) -> str:
    where = os.fspath(error.filename) if error.filename is not None else "while writing the output"
    if isinstance(where, bytes):
        where = os.fsdecode(where)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"no room left on the disk, {where}, free some or write elsewhere"
    if isinstance(error, PermissionError):
        return f"not allowed to open it, {where}, check its rights"
    if isinstance(error, FileNotFoundError):
        return f"it does not exist, {where}, check the name"
    return f"{(error.strerror or str(error)).lower()}, {where}, check the path and the disk"


def give_up_stdout() -> None:
    """Point stdout nowhere, so that what is still buffered for a reader that has gone raises no second error."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
