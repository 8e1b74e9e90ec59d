"""What people see: tables and remarks on stdout and stderr, progress on stderr, file names always literally."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

import click

from crackscope.cli.as_named import as_named
from crackscope.cli.interrupts import raise_if_lost
from crackscope.cli.state import State
from crackscope.cli.streams import json_shown, shown
from crackscope.errors import printable, some_of
from crackscope.errors import several as counted

if TYPE_CHECKING:
    from rich.console import Console

    from crackscope.records import Unread

WIDE = 200
"""Columns of a table that goes to a file or a pipe, where no terminal says how many there are."""
NAMED = 5
"""So many of a kind are named in what is written for people."""


def console(stream: TextIO | None = None) -> "Console":
    """A rich console on this stream (default stdout) that reads no markup in what it prints; obeys NO_COLOR."""
    from rich.console import Console

    class Plain(Console):
        def on_broken_pipe(self) -> None:
            # rich would end the process here; what to do when a reader has gone is decided in one place.
            raise BrokenPipeError

    stream = sys.stdout if stream is None else stream
    width = None if stream.isatty() else WIDE
    return Plain(file=stream, markup=False, emoji=False, highlight=False, width=width, soft_wrap=False)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table on stdout. A column whose name begins with `>` is set flush right; names are never cut.

    On a terminal too narrow for it each row becomes a few lines, the first of which says what it is of. What goes to a
    file or a pipe begins with the heads above a rule of WIDE columns at most, has a line a row however long, and no
    line ends in blanks.
    """
    from rich.text import Text

    from crackscope.cli.tables import as_blocks, as_table, fits, natural_width, with_short_rule, without_rims

    cells = [[cell if isinstance(cell, Text) else Text(shown(str(cell), sys.stdout)) for cell in row] for row in rows]
    if title:
        say(title)
    paper = console()
    if not sys.stdout.isatty():
        paper.width = max(paper.width, natural_width(columns, cells))
        with paper.capture() as drawn:
            paper.print(as_table(columns, cells))
        sys.stdout.write(with_short_rule(without_rims(drawn.get()), WIDE))
    elif fits(columns, cells, paper.width):
        paper.print(as_table(columns, cells))
    else:
        for block in as_blocks(columns, cells):
            paper.print(block)


def say(text: str = "", *, quiet: bool = False) -> None:
    """Print one remark for people on stdout, whole and literally."""
    if not quiet:
        print(shown(text, sys.stdout), file=sys.stdout, flush=True)


def warn(text: str, *, quiet: bool = False) -> None:
    """Print one remark on stderr."""
    if not quiet:
        print(shown(text, sys.stderr), file=sys.stderr, flush=True)


def crack_probability(verdict: str, probability: float) -> str:
    """The probability of a crack as a cell of a table; empty where nothing is said of a picture."""
    return "" if verdict == "cannot judge" else f"{probability:.3f}"


def unread_line(unread: "Unread") -> str:
    """The name of a picture that could not be read, and why; messages begin with the name in most cases."""
    message = unread.error.message
    for name in (unread.path, printable(unread.path), "<bytes>", "<stdin>"):
        message = message.removeprefix(f"{name}: ")
    return f"{unread.path}: {message}"


def name_some(what: str, lines: Sequence[str], tell: Callable[[str], None] = say) -> None:
    """Tell the first NAMED of these lines, with files called as in the call, and how many more of them --json has."""
    context = click.get_current_context(silent=True)
    state = context.find_object(State) if context else None
    for line in lines[:NAMED]:
        tell(f"{what}: {as_named(line, state.given if state else ())}")
    if len(lines) > NAMED:
        tell(f"{what}: {len(lines) - NAMED} more, --json names them all")


def tell_unread(unread: "Sequence[Unread]") -> None:
    """Warn of the pictures that could not be read: how many, and a few of them with the reason."""
    if unread:
        warn(f"left out: {counted(len(unread), 'picture')} that cannot be read")
        name_some("unreadable", [unread_line(one) for one in unread], warn)


def tell_of_pages(several: int, *, quiet: bool, done: str = "judged") -> None:
    """Say that of so many files only the first page was judged, or what else was done; nothing of none."""
    if several:
        what = f"1 file has several pages, of which the first alone was {done}"
        if several > 1:
            what = f"{several} files have several pages, of each of which the first alone was {done}"
        say(f"{what}: save the others as files of their own to have them {done}", quiet=quiet)


def tell_of_pages_in(paths: Iterable[str], *, quiet: bool, done: str = "judged") -> None:
    """The same, once the pictures at these paths are counted by their beginnings."""
    if not quiet:
        from crackscope.images import count_pages

        tell_of_pages(sum(count_pages(path) > 1 for path in paths), quiet=quiet, done=done)


def tell_of_grey(seen: Sequence[str], total: int, *, quiet: bool, one: str = "picture") -> None:
    """Say that these of so many pictures were seen in grey, and name one; nothing where none was."""
    if seen:
        alone = len(seen) == 1
        some = f"{seen[0]}{', ...' * (not alone)}"
        say(
            f"{some_of(len(seen), total, one, 'was', 'were')} seen in grey ({some}): "
            f"{'its' if alone else 'their'} light has a strong colour",
            quiet=quiet,
        )


def print_json(record: object) -> None:
    """Write a record as one line of JSON on stdout."""
    sys.stdout.write(json_shown(json_line(record), sys.stdout))
    sys.stdout.flush()


def json_line(record: object) -> str:
    """A record (struct, dataclass, dict) as one line of JSON, with its line break; odd file names as in `files`."""
    from crackscope.encoding import encode_line

    return encode_line(record).decode()


class Tell(Protocol):
    """Hears how many are done, one of which may be so in part, and of how many where that was not known before; a label
    where other work begins."""

    def __call__(self, done: float, total: int | None = None, /, *, label: str | None = None) -> None:
        """Draw it."""


@contextmanager
def progress(label: str, total: int | None, *, quiet: bool = False) -> Iterator[Tell]:
    """Give a function that is told how many are done; draws a bar with the time left on stderr, on a terminal only.

    It raises KeyboardInterrupt where one was lost: whatever takes long tells how far it is.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda done, total=None, /, *, label=None: raise_if_lost()
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    columns: list[ProgressColumn] = [TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn()]
    columns.append(TimeRemainingColumn())
    with Progress(*columns, console=console(sys.stderr), transient=True) as bar:
        task = bar.add_task(label, total=total)

        def tell(done: float, total: int | None = None, /, *, label: str | None = None) -> None:
            raise_if_lost()
            if label is not None and label != bar.tasks[0].description:
                bar.reset(task, total=total, description=label)
            bar.update(task, completed=done, total=total)

        yield tell
