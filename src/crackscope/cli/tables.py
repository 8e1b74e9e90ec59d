"""A table as columns where they have room, and as a few lines a row where they have not."""

import re
from collections.abc import Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

_BETWEEN, _EDGES = 3, 2
"""Columns of a terminal between two of ours, and left and right of all."""
_LEAST_ROOM = 24
"""A longer column is not broken into lines shorter than this."""
_RULE = re.compile(r"^ ?[-─]+$", re.MULTILINE)
"""The first line that looks so stands below the heads."""

_PICTURES = ("picture", "photo")
"""Heads of columns that name what a row is of, wherever they stand; in tables without one the first column does."""

Cells = Sequence[Sequence[Text]]


def as_table(columns: Sequence[str], rows: Cells) -> Table:
    """The rows under their heads; a head that begins with `>` is set flush right, and so are its cells."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(name.lstrip(">"), justify="right" if name.startswith(">") else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def without_rims(drawn: str) -> str:
    """The lines of a table without the empty ones above its heads and the blanks behind its cells."""
    return "".join(f"{line.rstrip()}\n" for line in drawn.splitlines()).lstrip("\n")


def with_short_rule(lines: str, longest: int) -> str:
    """These lines, the rule below their heads cut to so many columns: a row may be much longer."""
    return _RULE.sub(lambda rule: rule[0][:longest], lines, count=1)


def natural_width(columns: Sequence[str], rows: Cells) -> int:
    """How many columns of a terminal a table takes with each row on a line."""
    wanted = _widths(columns, rows)
    return sum(wanted) + _BETWEEN * (len(wanted) - 1) + _EDGES


def fits(columns: Sequence[str], rows: Cells, width: int) -> bool:
    """Whether a table has room in so many columns of a terminal, its longest column broken into lines if need be."""
    wanted = _widths(columns, rows)
    longest = max(wanted)
    left = width - natural_width(columns, rows) + longest
    return left >= min(longest, _LEAST_ROOM)


def as_blocks(columns: Sequence[str], rows: Cells) -> Iterator[RenderableType]:
    """Each row as what it is of on a line of its own, a number behind its head, and the others below, each behind its
    head."""
    leading = next((place for place, name in enumerate(columns) if name in _PICTURES), 0)
    for row in rows:
        headed = [_headed(name, cell) for name, cell in zip(columns, row, strict=True)]
        below = [one for place, one in enumerate(headed) if place != leading and row[place].plain]
        first = headed[leading] if columns[leading].startswith(">") else row[leading]
        yield Text(first.plain, style=row[leading].style, overflow="fold")
        if below:
            yield Padding(Text(", ").join(below), (0, 0, 0, 2), expand=False)


def _headed(name: str, cell: Text) -> Text:
    return Text.assemble(f"{name.lstrip('>')} ".lstrip(), cell)


def _widths(columns: Sequence[str], rows: Cells) -> list[int]:
    """The longest cell of each column, its head among them."""
    heads = [Text(name.lstrip(">")).cell_len for name in columns]
    return [max([head, *(row[place].cell_len for row in rows)]) for place, head in enumerate(heads)]
