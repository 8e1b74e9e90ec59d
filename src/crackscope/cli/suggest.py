"""`suggest`: the patches whose labels would help most, as a folder to sort."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crackscope.cli.as_named import as_typed
from crackscope.cli.bundle_names import bundle_folder, refuse_swapped
from crackscope.cli.console import print_json, progress, say, tell_of_pages_in, tell_unread, warn
from crackscope.cli.folders import apart, vacant
from crackscope.cli.gathering import tell_of_ours
from crackscope.cli.options import WholeRange, out, shared
from crackscope.cli.state import State
from crackscope.errors import several

if TYPE_CHECKING:
    from crackscope.adaptation import Suggestions, Unfit

_HARDLY_ENOUGH = 3
"""Below so many times what `adapt` needs of one label, two labels will hardly both have as many."""


@dataclass(frozen=True)
class Asked:
    """The options of one call."""

    bundle: str
    photos: tuple[str, ...]
    out: str
    count: int
    labelled: tuple[str, ...]
    threads: int | None
    quiet: bool
    as_json: bool


@dataclass(frozen=True)
class Handed:
    """What was written, by names within OUT. files: of all patches together; patches: of each, in order."""

    files: list[str]
    patches: list[str]


@click.command()
@click.argument("bundle", metavar="BUNDLE|RUN|default")
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO...")
@out("OUT", "New or empty folder to write to.", required=True)
@click.option(
    "-n", "--count", type=WholeRange(1, 1_000_000), metavar="N", default=20, show_default=True, help="How many patches."
)
@click.option(
    "--labelled",
    multiple=True,
    metavar="DATA",
    help="Patches that are labelled already, not to be named again: a folder that was sorted, a CSV or an export of "
    "Label Studio; may be given again.",
)
@shared("threads", "quiet", "json")
@click.pass_obj
def suggest(state: State, /, **options: Any) -> None:
    """Name the patches of unlabelled photos whose labels would help most: unsure ones that differ from each other, and
    some that score highest, so that cracks are among them where most is sound.

    OUT gets the patches in unsorted/, empty folders crack/ and sound/ to sort them into (then `crackscope adapt BUNDLE
    OUT` takes it), tasks for Label Studio (whose JSON export, saved into OUT, is taken by all commands that take
    labelled pictures), and a contact sheet. Photos of any size are cut; patches are taken whole. Pictures, and patches
    of others, that cannot be judged (blurred, too dark, overexposed, too small) are left out, and so are folders among
    the photos that crackscope wrote. In which order the photos are named makes no difference.
    """
    asked = Asked(**options)
    refuse_swapped(asked.bundle, asked.photos)
    if "-" in asked.photos:
        raise click.UsageError("a photo on standard input has no name for its patches, name a file")
    from crackscope.images import find

    ours: dict[str, None] = {}
    paths = find(asked.photos, ours=ours.setdefault)
    tell_of_ours(list(ours), asked.photos, quiet=asked.quiet)
    found, handed = _suggest(asked, paths)
    state.status = 1 if found.unread else 0
    if asked.as_json:
        print_json({"out": asked.out, **_facts(found, handed)})
        return
    tell_unread(found.unread)
    if found.unfit:
        warn(_unfit_line(found.unfit, "picture", "pictures"), quiet=asked.quiet)
    if found.unfit_patches:
        warn(_unfit_line(found.unfit_patches, "patch", "patches"), quiet=asked.quiet)
    _show(asked, found)
    tell_of_pages_in(paths, quiet=asked.quiet, done="looked at")


def _show(asked: Asked, found: "Suggestions") -> None:
    from crackscope.adaptation import LEAST_A_LABEL
    from crackscope.datasets import CONTACT_SHEET, UNSORTED

    out = Path(asked.out)
    if asked.labelled:
        say(f"left out: {several(found.labelled, 'patch', 'patches')} labelled already", quiet=asked.quiet)
    seen = several(found.seen, "patch", "patches")
    say(f"{len(found.patches)} of {seen} to label: {out / UNSORTED}", quiet=asked.quiet)
    there = len(found.patches) + found.labelled
    if there < _HARDLY_ENOUGH * LEAST_A_LABEL:
        say(
            f"`crackscope adapt` needs at least {LEAST_A_LABEL} cracked and {LEAST_A_LABEL} sound patches, which are "
            f"hardly among {there}: ask for more (-n 20, say), or name more photos",
            quiet=asked.quiet,
        )
    say(f"to look at: {out / CONTACT_SHEET}", quiet=asked.quiet)
    adapt = f"crackscope adapt {as_typed(asked.bundle)} {as_typed(asked.out)} -o NEW-BUNDLE"
    say(f"sort them into {out / 'crack'} and {out / 'sound'}, then: {adapt}", quiet=asked.quiet)
    say(
        f"or label them in Label Studio (import label-studio.json), save its JSON export into {out} and name that file",
        quiet=asked.quiet,
    )


def _suggest(asked: Asked, paths: list[str]) -> tuple["Suggestions", Handed]:
    from crackscope.adaptation import hand_out
    from crackscope.adaptation import suggest as choose
    from crackscope.datasets import CONTACT_SHEET, SUGGESTIONS, read_rows
    from crackscope.files import written_together
    from crackscope.reports import Print, write_contact_sheet
    from crackscope.scoring import load

    apart(asked.out, paths)
    vacant(asked.out)
    labelled = list({os.path.realpath(row.path): row for data in asked.labelled for row in read_rows(data)}.values())
    model = load(bundle_folder(asked.bundle), threads=asked.threads)
    with progress("looking at photos", len(paths) + len(labelled), quiet=asked.quiet or asked.as_json) as tell:
        found = choose(model, paths, asked.count, labelled=labelled, progress=tell)
    with written_together(asked.out, SUGGESTIONS) as draft:
        names = hand_out(found.patches, draft, model.manifest.name)
        prints = [
            Print(name, f"{one.rank}: crack {one.probability:.2f}")
            for name, one in zip(names, found.patches, strict=True)
        ]
        wanted = several(len(prints), "patch", "patches")
        write_contact_sheet(prints, draft / CONTACT_SHEET, f"{wanted} to label, the most wanted first")
        files = sorted(one.name for one in draft.iterdir() if one.is_file())
        patches = [Path(name).relative_to(draft).as_posix() for name in names]
    return found, Handed(files, patches)


def _unfit_line(unfit: "Sequence[Unfit]", one: str, more: str) -> str:
    """How many pictures, or patches of others, were left out, and how many of them for each reason."""
    reasons = Counter(left_out.reason.partition(":")[0] for left_out in unfit)
    why = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    return f"left out: {several(len(unfit), one, more)} that cannot be judged ({why})"


def _facts(found: "Suggestions", handed: Handed) -> dict[str, object]:
    import msgspec

    facts: dict[str, object] = msgspec.to_builtins(found)
    patches = zip(found.patches, handed.patches, strict=True)
    named = [{**msgspec.to_builtins(one), "patch": name} for one, name in patches]
    return {**facts, "patches": named, "files": handed.files}
