"""Options that several commands share, said once."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from crackscope.cli.state import State
from crackscope.processors import MOST_THREADS

F = TypeVar("F", bound=Callable[..., Any])

if TYPE_CHECKING:
    ParamOfText = click.ParamType[str]
else:
    ParamOfText = click.ParamType  # before click 8.4 it takes no type

MOST_SEED = 2**32 - 1
"""What a recipe takes, so that no command takes a seed that another refuses."""


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def underscored(value: Any, *, whole: bool = False) -> str:
    """What is to be said of a number with underscores; "" of any other. whole: where only whole ones are taken.

    Python takes 1_500 for 1500, but whoever writes it for a scale may as well have missed the point of 1.500.
    """
    text = str(value)
    if "_" not in text or not _is_number(text):
        return ""
    pointed = text.replace("_", ".")
    plain = text.replace("_", "")
    return f"{text!r} has an underscore: write {plain}{f' or {pointed}' * (not whole and _is_number(pointed))}"


class Number(click.types.FloatParamType):
    """A number as a person writes it: without underscores."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number. Raises click.BadParameter."""
        if fault := underscored(value):
            self.fail(fault, param, ctx)
        return super().convert(value, param, ctx)


class WholeRange(click.IntRange):
    """A whole number within bounds, without underscores."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number. Raises click.BadParameter."""
        if fault := underscored(value, whole=True):
            self.fail(fault, param, ctx)
        return super().convert(value, param, ctx)


class FiniteRange(click.FloatRange):
    """A number within bounds, without underscores; NaN, which lies within any, and infinity are refused."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number. Raises click.BadParameter."""
        if fault := underscored(value):
            self.fail(fault, param, ctx)
        if not math.isfinite(click.FLOAT.convert(value, param, ctx)):
            self.fail(f"{value} is no number to go by.", param, ctx)
        return super().convert(value, param, ctx)


class FileName(ParamOfText):
    """The name of a file or folder to write. An empty one would stand for the folder that one is in."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name as it is. Raises click.UsageError for an empty one."""
        if not str(value).strip():
            said = " / ".join(param.opts) if param is not None else "it"
            raise click.UsageError(f"the name behind {said} is empty, say where to write", ctx)
        return str(value)


def out(metavar: str, tells: str, **how: Any) -> Callable[[F], F]:
    """Add `-o`, which says where to write; how: what else click is to know of it, such as `required`."""
    return click.option("-o", "--out", type=FileName(), metavar=metavar, help=tells, **how)


def _debug(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and isinstance(ctx.obj, State):
        ctx.obj.debug = True


_OPTIONS: dict[str, Callable[[F], F]] = {
    "bundle": click.option(
        "--bundle", metavar="BUNDLE|RUN|default", help="Trained model to use; default: the one in the package."
    ),
    "threads": click.option(
        "--threads",
        type=WholeRange(1, MOST_THREADS),
        metavar="N",
        help="Processor threads to use; default: all there are.",
    ),
    "seed": click.option("--seed", type=WholeRange(0, MOST_SEED), metavar="N", help="Seed of everything drawn."),
    "quiet": click.option(
        "--quiet", "-q", is_flag=True, help="No progress, no remarks; what cannot be read is still named."
    ),
    "json": click.option("--json", "as_json", is_flag=True, help="Write JSON, for programs."),
    "false_alarms": click.option(
        "--false-alarms",
        type=FiniteRange(0.0001, 1, max_open=True),
        default=0.05,
        show_default=True,
        metavar="RATE",
        help="Share of sound photos that may be called cracked; a small share rests on few sound pictures.",
    ),
    "positive": click.option(
        "--positive", multiple=True, metavar="NAME", help="Folder name or label that means crack, besides those known."
    ),
    "negative": click.option(
        "--negative", multiple=True, metavar="NAME", help="Folder name or label that means sound, besides those known."
    ),
    "group_by": click.option(
        "--group-by",
        metavar="COLUMN|PATTERN",
        help="Keep together what has one value in this column, or whose file names agree in this regular expression "
        r"(in its first brackets, as '^wall-(\d+)-') or in the first star of this glob, as 'wall-*-*.jpg'.",
    ),
    "random": click.option(
        "--random",
        is_flag=True,
        help="Deal pictures one by one, near-copies apart: the published kind of split, which flatters.",
    ),
    "debug": click.option(
        "--debug",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_debug,
        help="Show the traceback of an error.",
    ),
}


def shared(*names: str) -> Callable[[F], F]:
    """Add the options of these names, in this order, and `--debug` at the end."""

    def add(command: F) -> F:
        for name in reversed((*names, "debug")):
            command = _OPTIONS[name](command)
        return command

    return add
