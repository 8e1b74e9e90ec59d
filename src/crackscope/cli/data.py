"""`scan` and `split`: what a data set holds, and how it is dealt into parts."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crackscope.cli.console import print_json, print_table, progress, say, warn
from crackscope.cli.options import shared
from crackscope.cli.state import State

if TYPE_CHECKING:
    from crackscope.datasets import Split

PARTS = ("train", "val", "test")


@dataclass(frozen=True)
class Asked:
    """The options of one call of `split`."""

    data: str
    out: str
    parts: tuple[float, float, float]
    random: bool
    group_by: str | None
    positive: tuple[str, ...]
    negative: tuple[str, ...]
    seed: int | None
    quiet: bool
    as_json: bool


class Shares(click.ParamType[tuple[float, float, float]]):
    """Three numbers with colons between them."""

    name = "TRAIN:VAL:TEST"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float, float]:
        """Read `60:20:20`."""
        if isinstance(value, tuple):
            return value
        try:
            train, val, test = (float(number) for number in str(value).split(":"))
        except ValueError:
            raise click.UsageError(f"--parts {value!r} is not three numbers, write them as 60:20:20", ctx) from None
        return train, val, test


@click.command()
@click.argument("data", metavar="DATA|SPLIT.csv")
@click.option("-o", "--out", required=True, metavar="SPLIT.csv", help="File to write.")
@click.option("--parts", type=Shares(), default="60:20:20", show_default=True, help="Shares of train, val and test.")
@shared("random", "group_by", "positive", "negative", "seed", "quiet", "json")
@click.pass_obj
def split(state: State, /, **options: Any) -> None:
    """Deal a data set into train, val and test, every label with its share in each.

    Near-copies of one picture, and what --group-by names, stay on one side unless --random is given.
    """
    asked = Asked(**options)
    from crackscope.datasets import Layout, write_split
    from crackscope.datasets import split as deal

    with progress("opening pictures", None, quiet=asked.quiet or asked.as_json) as tell:
        dealt = deal(
            asked.data,
            parts=asked.parts,
            random=asked.random,
            group_by=asked.group_by,
            seed=asked.seed or 0,
            layout=Layout(positive=asked.positive, negative=asked.negative),
            progress=tell,
        )
    write_split(dealt, Path(asked.out))
    state.status = 1 if dealt.unreadable else 0
    if asked.as_json:
        print_json(_summary(dealt, asked.out))
    else:
        _show(dealt, asked)


def _counts(dealt: "Split") -> dict[str, dict[str, int]]:
    counted = Counter((row.part, row.label) for row in dealt.rows)
    return {part: {label: counted[part, label] for label in ("crack", "sound")} for part in PARTS}  # type: ignore[index]


def _summary(dealt: "Split", path: str) -> dict[str, object]:
    return {
        "path": path,
        "parts": _counts(dealt),
        "random": dealt.random,
        "seed": dealt.seed,
        "leak_share": dealt.leak_share,
        "fingerprint": dealt.fingerprint,
        "unreadable": dealt.unreadable,
    }


def _show(dealt: "Split", asked: Asked) -> None:
    rows = [(part, counts["crack"], counts["sound"]) for part, counts in _counts(dealt).items()]
    print_table("", ("part", ">crack", ">sound"), rows)
    if dealt.leak_share is not None:
        share = f"{dealt.leak_share:.1%} of the test pictures"
        say(
            f"dealt one by one: {share} have a near-copy among those trained on, so figures on them flatter"
            if dealt.random
            else f"near-copies stay on one side; dealt at random, {share} would have one among those trained on",
            quiet=asked.quiet,
        )
    for unread in dealt.unreadable:
        warn(f"left out: {unread.path}: {unread.error.message}")
    say(f"written: {asked.out}", quiet=asked.quiet)
