"""`scan`: what a data set holds, and what is wrong with it."""

from typing import TYPE_CHECKING, Any

import click

from crackscope.cli.console import NAMED, name_some, print_json, print_table, progress, say, unread_line
from crackscope.cli.doubts import Doubting, find_doubts, show_doubts, with_doubts
from crackscope.cli.folders import outside, unused
from crackscope.cli.labelled import tell_of_groups
from crackscope.cli.options import shared
from crackscope.cli.state import State
from crackscope.errors import several

if TYPE_CHECKING:
    from crackscope.datasets import Copies, Member, ScanReport


@click.command()
@click.argument("data", metavar="DATA|SPLIT.csv|EXPORT.json")
@click.option("--doubts", metavar="DIR", help="With --bundle: write doubts.csv and a contact sheet of the worst there.")
@click.option(
    "--bundle",
    metavar="BUNDLE|RUN|default",
    help="Name labels that this trained model doubts; best take one that did not learn from these pictures.",
)
@shared("group_by", "positive", "negative", "threads", "seed", "quiet", "json")
@click.pass_obj
def scan(state: State, /, **options: Any) -> None:
    """Say what a data set holds, and what is wrong with it.

    Every picture is opened; copies (mirrored, turned, encoded anew, cropped a little) are found, and labels that
    contradict each other. EXPORT.json is what Label Studio exports as JSON, saved beside the patches. With --bundle
    labels that are probably wrong are named, too. --json says everything, with every name.
    """
    asked = Doubting(**options)
    if asked.doubts is not None and asked.bundle is None:
        raise click.UsageError("--doubts needs a network to doubt by: give --bundle BUNDLE, or --bundle default")
    if asked.seed is not None and asked.bundle is None:
        raise click.UsageError("--seed is for the doubts of a network: give --bundle BUNDLE, or leave it out")
    if asked.doubts is not None:
        outside(asked.doubts, [asked.data])
        unused(asked.doubts, "doubts.jpg", "a sheet of doubts", ("doubts.csv",))
    import msgspec

    from crackscope.datasets import scan as look
    from crackscope.datasets import scan_and_load, watched

    doubts = None
    with progress("opening pictures", None, quiet=asked.silent) as tell, watched(tell, asked.threads):
        if asked.bundle is None:
            report = look(asked.data, group_by=asked.group_by, layout=asked.layout)
        else:
            report, split = scan_and_load(asked.data, group_by=asked.group_by, layout=asked.layout)
    state.status = 1 if report.unreadable else 0
    if asked.bundle is not None:
        doubts = find_doubts(asked, report, split)
    if doubts is not None and doubts.problem:
        report = msgspec.structs.replace(report, problems=(doubts.problem, *report.problems))
    if asked.as_json:
        print_json(report if doubts is None else with_doubts(report, doubts))
        return
    print_table(f"{report.data}: {report.kind}", ("", ">crack", ">sound"), _count_rows(report))
    print_table("", ("", "what is there"), _fact_rows(report))
    name_some("unreadable", [unread_line(one) for one in report.unreadable])
    name_some("copies with both labels", [_members(group) for group in report.conflicts])
    name_some("labelled other than the mask says", list(report.mask_conflicts))
    if doubts is not None:
        show_doubts(doubts, asked)
    for problem in report.problems:
        say(f"problem: {problem}")
    if not report.problems:
        besides = " besides the labels that are probably wrong" if doubts is not None and doubts.count else ""
        copies = "; `crackscope split` keeps the copies on one side" if report.near.pictures else ""
        say(f"no problems found{besides}{copies}", quiet=asked.quiet)
    tell_of_groups(report.likely_groups, quiet=asked.quiet)


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
        (
            "leak of a random split",
            f"{report.leak_share:.1%} of its test pictures have a copy among those trained on, on average",
        ),
    ]
    if report.leak_share_now is not None:
        rows.append(("leak of the parts as given", f"{report.leak_share_now:.1%}"))
    if report.photos:
        rows.append(
            ("cut by `suggest`", f"from {several(report.photos, 'photo')}; `crackscope split` keeps each on one side")
        )
    return rows


def _copies(found: "Copies") -> str:
    return f"{several(found.pictures, 'picture')} in {several(found.groups, 'group')}"


def _members(group: "tuple[Member, ...]") -> str:
    named = ", ".join(f"{member.path} ({member.label})" for member in group[:NAMED])
    return f"{named} and {len(group) - NAMED} more" if len(group) > NAMED else named
