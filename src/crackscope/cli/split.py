"""`split`: a data set dealt into parts."""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crackscope.cli.as_named import as_typed
from crackscope.cli.console import name_some, print_json, print_table, progress, say, unread_line, warn
from crackscope.cli.labelled import Labelled, tell_of_groups, tell_of_unlabelled
from crackscope.cli.options import out, shared, underscored
from crackscope.cli.state import State
from crackscope.errors import several
from crackscope.files import file_to_be

if TYPE_CHECKING:
    from crackscope.datasets import Split
    from crackscope.records import Label

KINDS: "tuple[Label, ...]" = ("crack", "sound")


@dataclass(frozen=True, kw_only=True)
class Asked(Labelled):
    """The options of one call of `split`."""

    data: str
    out: str
    parts: tuple[float, float, float]
    force: bool


if TYPE_CHECKING:
    ParamOfThree = click.ParamType[tuple[float, float, float]]
else:
    ParamOfThree = click.ParamType  # before click 8.4 it takes no type


class Shares(ParamOfThree):
    """Three numbers with colons between them."""

    name = "TRAIN:VAL:TEST"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float, float]:
        """Read `60:20:20`."""
        if isinstance(value, tuple):
            return value
        for number in str(value).split(":"):
            if fault := underscored(number):
                raise click.UsageError(f"--parts: {fault}", ctx)
        try:
            train, val, test = (float(number) for number in str(value).split(":"))
        except ValueError:
            raise click.UsageError(f"--parts {value!r} is not three numbers, write them as 60:20:20", ctx) from None
        return train, val, test


@click.command()
@click.argument("data", metavar="DATA|SPLIT.csv|EXPORT.json")
@out("SPLIT.csv", "File to write.", required=True)
@click.option("--parts", type=Shares(), default="60:20:20", show_default=True, help="Shares of train, val and test.")
@click.option("--force", is_flag=True, help="Write over a SPLIT.csv that is there already; over nothing else.")
@shared("random", "group_by", "positive", "negative", "threads", "seed", "quiet", "json")
@click.pass_obj
def split(state: State, /, **options: Any) -> None:
    """Deal a data set into train, val and test, every label with its share in each.

    Near-copies of one picture stay on one side unless --random is given, and so does what --group-by names, or without
    it the patches that `crackscope suggest` cut from one photo. Parts that DATA has already, as folders train, val and
    test or in a column, are not kept: to use those, give DATA itself to train and evaluate. The same call gives the
    same split again; a SPLIT.csv that says something else is written over only with --force. EXPORT.json is what Label
    Studio exports as JSON, saved beside the patches.
    """
    asked = Asked(**options)
    from crackscope.datasets import refuse_other_pictures, refuse_strangers, watched, write_split
    from crackscope.datasets import split as deal

    refuse_strangers(file_to_be(asked.out))
    if os.path.exists(asked.out) and not asked.force:
        refuse_other_pictures(asked.out, asked.data, asked.layout)
        warn(
            f"{asked.out} is there already: it stays unless this deals the same; --force writes over it",
            quiet=asked.silent,
        )
    with progress("opening pictures", None, quiet=asked.silent) as tell, watched(tell, asked.threads):
        dealt = deal(
            asked.data,
            parts=asked.parts,
            random=asked.random,
            group_by=asked.group_by,
            seed=asked.seed or 0,
            layout=asked.layout,
        )
    write_split(dealt, Path(asked.out), force=asked.force)
    state.status = 1 if dealt.unreadable else 0
    if asked.as_json:
        print_json(_summary(dealt, asked.out))
    elif asked.quiet:
        _tell_left_out(dealt)
    else:
        _show(dealt, asked)


def _counts(dealt: "Split") -> dict[str, dict[str, int]]:
    from crackscope.records import PARTS

    counted = Counter((row.part, row.label) for row in dealt.rows)
    return {part: {label: counted[part, label] for label in KINDS} for part in PARTS}


def _summary(dealt: "Split", path: str) -> dict[str, object]:
    from crackscope.datasets import remarks

    return {
        "path": path,
        "parts": _counts(dealt),
        "random": dealt.random,
        "seed": dealt.seed,
        "leak_share": dealt.leak_share,
        "had_part": dealt.had_part,
        "moved": dealt.moved,
        "conflicts": dealt.conflicts,
        "mask_conflicts": dealt.mask_conflicts,
        "unlabelled": dealt.unlabelled,
        "photos": dealt.photos,
        "untested": dealt.untested,
        "likely_groups": dealt.likely_groups,
        "remarks": remarks(dealt.rows),
        "fingerprint": dealt.fingerprint,
        "unreadable": dealt.unreadable,
    }


def _show(dealt: "Split", asked: Asked) -> None:
    from crackscope.datasets import copies_told, remarks, untested_told

    rows = [(part, counts["crack"], counts["sound"]) for part, counts in _counts(dealt).items()]
    print_table("", ("part", ">crack", ">sound"), rows)
    if dealt.leak_share is not None:
        say(copies_told(dealt.leak_share, random=dealt.random))
    if dealt.photos and not dealt.random:
        say(f"patches that `suggest` cut from one photo ({dealt.photos} in all) stay on one side, too")
    if dealt.moved:
        say(_moved(dealt, asked.data))
    if dealt.conflicts:
        groups = several(dealt.conflicts, "group of copies holds", "groups of copies hold")
        say(f"{groups} both labels: `crackscope scan {as_typed(asked.data)}` names them and says what to do")
    if dealt.mask_conflicts:
        some = several(dealt.mask_conflicts, "picture is", "pictures are")
        say(f"{some} labelled other than a mask says: `crackscope scan {as_typed(asked.data)}` names them")
    _tell_left_out(dealt)
    if not dealt.random:
        tell_of_groups(dealt.likely_groups)
    tell_of_unlabelled(dealt.unlabelled)
    for remark in filter(None, (*remarks(dealt.rows), untested_told(dealt.untested))):
        say(remark)
    say(f"written: {asked.out}")


def _tell_left_out(dealt: "Split") -> None:
    name_some("left out", [unread_line(unread) for unread in dealt.unreadable], warn)


def _moved(dealt: "Split", data: str) -> str:
    """That the parts which a data set came in are its parts no more."""
    of = several(dealt.had_part, "picture") if dealt.had_part == len(dealt.rows) else f"{dealt.had_part} that had one"
    return (
        f"the parts of {data} were dealt anew: {dealt.moved} of {of} moved; to keep them, give {as_typed(data)} "
        "itself to train and evaluate"
    )
