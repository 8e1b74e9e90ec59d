"""`scan` and `split`: what a data set holds, and how it is dealt into parts."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crackscope.cli.console import print_json, print_table, progress, say, unread_line, warn
from crackscope.cli.doubts import Doubting, find_doubts, show_doubts, with_doubts
from crackscope.cli.labelled import Labelled
from crackscope.cli.options import out, shared, underscored
from crackscope.cli.state import State
from crackscope.errors import several
from crackscope.files import writable

if TYPE_CHECKING:
    from crackscope.datasets import Copies, Member, ScanReport, Split
    from crackscope.records import Label, Part

PARTS: "tuple[Part, ...]" = ("train", "val", "test")
KINDS: "tuple[Label, ...]" = ("crack", "sound")
NAMED = 5
"""So many of a kind are named in what is written for people."""


@dataclass(frozen=True, kw_only=True)
class Asked(Labelled):
    """The options of one call of `split`."""

    data: str
    out: str
    parts: tuple[float, float, float]
    force: bool


class Shares(click.ParamType[tuple[float, float, float]]):
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
@click.argument("data", metavar="DATA|SPLIT.csv")
@click.option("--doubts", metavar="DIR", help="With --bundle: write doubts.csv and a contact sheet of the worst there.")
@click.option(
    "--bundle",
    metavar="BUNDLE|RUN|default",
    help="Name labels that this trained model doubts, best one that did not learn from these; without it none are.",
)
@shared("group_by", "positive", "negative", "threads", "seed", "quiet", "json")
@click.pass_obj
def scan(state: State, /, **options: Any) -> None:
    """Say what a data set holds, and what is wrong with it.

    Every picture is opened; copies (mirrored, turned, encoded anew, cropped a little) are found, and labels that
    contradict each other. With --bundle labels that are probably wrong are named, too. --json says everything, with
    every name.
    """
    asked = Doubting(**options)
    if asked.doubts is not None and asked.bundle is None:
        raise click.UsageError("--doubts needs a network to doubt by: give --bundle BUNDLE, or --bundle default")
    if asked.doubts is not None:
        writable(asked.doubts)
    import msgspec

    from crackscope.datasets import scan as look
    from crackscope.datasets import watched

    with progress("opening pictures", None, quiet=asked.silent) as tell, watched(tell, asked.threads):
        report = look(asked.data, layout=asked.layout)
    state.status = 1 if report.unreadable else 0
    doubts = find_doubts(asked, report) if asked.bundle is not None else None
    if doubts is not None and doubts.problem:
        report = msgspec.structs.replace(report, problems=(doubts.problem, *report.problems))
    if asked.as_json:
        print_json(report if doubts is None else with_doubts(report, doubts))
        return
    print_table(f"{report.data}: {report.kind}", ("", ">crack", ">sound"), _count_rows(report))
    print_table("", ("", "what is there"), _fact_rows(report))
    _name_some("unreadable", [unread_line(one) for one in report.unreadable])
    _name_some("copies with both labels", [_members(group) for group in report.conflicts])
    _name_some("labelled other than the mask says", list(report.mask_conflicts))
    if doubts is not None:
        show_doubts(doubts, asked)
    for problem in report.problems:
        say(f"problem: {problem}")
    if not report.problems:
        besides = " besides the labels that are probably wrong" if doubts is not None and doubts.count else ""
        copies = "; `crackscope split` keeps the copies on one side" if report.near.pictures else ""
        say(f"no problems found{besides}{copies}", quiet=asked.quiet)


def _count_rows(report: "ScanReport") -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [("all", report.labels["crack"], report.labels["sound"])]
    for name, counts in (*report.parts.items(), *report.surfaces.items()):
        if name and counts != report.labels:
            rows.append((name, counts["crack"], counts["sound"]))
    return rows


def _fact_rows(report: "ScanReport") -> list[tuple[str, object]]:
    sizes = [f"{size.width} x {size.height} ({size.count})" for size in report.sizes[:NAMED]]
    more = f" and {several(len(report.sizes) - NAMED, 'other size')}" if len(report.sizes) > NAMED else ""
    exact, near = report.exact, report.near
    rows: list[tuple[str, object]] = [
        ("pictures", report.pictures),
        ("sizes in px", ", ".join(sizes) + more),
        ("unreadable", f"{len(report.unreadable)} ({report.unreadable_share:.1%})"),
        ("exact copies", _copies(exact)),
        ("with near-copies", f"{_copies(near)}, the largest of {near.largest}"),
        ("leak of a random split", f"{report.leak_share:.1%} of its test pictures have a copy among those trained on"),
    ]
    if report.leak_share_now is not None:
        rows.append(("leak of the parts as given", f"{report.leak_share_now:.1%}"))
    return rows


def _copies(found: "Copies") -> str:
    return f"{several(found.pictures, 'picture')} in {several(found.groups, 'group')}"


def _members(group: "tuple[Member, ...]") -> str:
    named = ", ".join(f"{member.path} ({member.label})" for member in group[:NAMED])
    return f"{named} and {len(group) - NAMED} more" if len(group) > NAMED else named


def _name_some(what: str, lines: list[str]) -> None:
    for line in lines[:NAMED]:
        say(f"{what}: {line}")
    if len(lines) > NAMED:
        say(f"{what}: {len(lines) - NAMED} more, --json names them all")


@click.command()
@click.argument("data", metavar="DATA|SPLIT.csv")
@out("SPLIT.csv", "File to write.", required=True)
@click.option("--parts", type=Shares(), default="60:20:20", show_default=True, help="Shares of train, val and test.")
@click.option("--force", is_flag=True, help="Write over another split; over nothing else.")
@shared("random", "group_by", "positive", "negative", "threads", "seed", "quiet", "json")
@click.pass_obj
def split(state: State, /, **options: Any) -> None:
    """Deal a data set into train, val and test, every label with its share in each.

    Near-copies of one picture, and what --group-by names, stay on one side unless --random is given. A split that is
    there already is left as it is unless --force is given; the same call gives the same split again.
    """
    asked = Asked(**options)
    from crackscope.datasets import refuse_strangers, watched, write_split
    from crackscope.datasets import split as deal

    refuse_strangers(Path(asked.out))
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
    elif not asked.quiet:
        _show(dealt, asked.out)


def _counts(dealt: "Split") -> dict[str, dict[str, int]]:
    counted = Counter((row.part, row.label) for row in dealt.rows)
    return {part: {label: counted[part, label] for label in KINDS} for part in PARTS}


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


def _show(dealt: "Split", path: str) -> None:
    rows = [(part, counts["crack"], counts["sound"]) for part, counts in _counts(dealt).items()]
    print_table("", ("part", ">crack", ">sound"), rows)
    if dealt.leak_share is not None:
        say(_leak(dealt.leak_share, random=dealt.random))
    for unread in dealt.unreadable:
        warn(f"left out: {unread_line(unread)}")
    say(f"written: {path}")


def _leak(share: float, *, random: bool) -> str:
    """What near-copies do, or would do, to figures on the test part."""
    spelt = f"{share:.1%}" if share >= 0.0005 else "less than 0.1%"
    having = f"{spelt} of the test pictures" if share else "no test picture"
    if not random:
        return f"near-copies stay on one side; dealt at random, {having} would have one among those trained on"
    if not share:
        return f"dealt one by one: {having} has a near-copy among those trained on, so none makes figures flatter"
    return (
        f"dealt one by one: {having} have a near-copy among those trained on, so accuracy on them may flatter by up to "
        "as much"
    )
