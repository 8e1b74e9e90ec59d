"""`adapt`: a new surface from a few labelled patches, in seconds."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crackscope.cli.as_named import as_typed
from crackscope.cli.bundle_names import bundle_folder, refuse_default, refuse_swapped
from crackscope.cli.console import NAMED, Tell, name_some, print_json, print_table, progress, say, tell_unread, warn
from crackscope.cli.judgement import spell_figure
from crackscope.cli.labelled import Labelled, tell_of_groups, tell_of_unlabelled
from crackscope.cli.options import FiniteRange, out, shared
from crackscope.cli.state import State
from crackscope.errors import printable, several

if TYPE_CHECKING:
    from crackscope.adaptation import Adapted, AdaptOptions, Curve, Worth


_TOLD = 0.01
"""A loss on old surfaces by so much is warned of: a bundle keeps a word of 400 pictures, some 200 of a label, and less
is fewer than two of these."""


@dataclass(frozen=True, kw_only=True)
class Asked(Labelled):
    """The options of one call."""

    bundle: str
    data: str
    out: str
    name: str
    curve: bool
    most_forgotten: float
    licence: str
    force: bool


@click.command()
@click.argument("bundle", metavar="BUNDLE|RUN|default")
@click.argument("data", metavar="DATA|SPLIT.csv|EXPORT.json")
@out("BUNDLE", "Folder of the adapted bundle.", required=True)
@click.option("--name", default="", metavar="NAME", help="Name of the adapted bundle; default: that of its folder.")
@click.option("--curve", is_flag=True, help="Say how much more labels would bring; takes a few times as long.")
@click.option(
    "--most-forgotten",
    type=FiniteRange(0, 1),
    default=0.05,
    show_default=True,
    metavar="SHARE",
    help="Refuse when the balanced accuracy on what the bundle knew falls by more.",
)
@click.option("--force", is_flag=True, help="Write over a bundle that was adapted before; over nothing else.")
@click.option("--licence", default="", metavar="TEXT", help="Licence of the patches, told by the bundle.")
@shared("group_by", "positive", "negative", "threads", "seed", "quiet", "json")
@click.pass_obj
def adapt(state: State, /, **options: Any) -> None:
    """Teach a bundle a new surface from labelled patches, at least 5 cracked and 5 sound ones.

    It takes a few seconds, some ten with hundreds of patches. Score and map change; what the bundle knew before holds
    it back, and what it lost there is told. A bundle that would get worse by more than the error of so few patches is
    not written; one that is no better within that error is written, and the call begins by saying so and how to go
    back. A bundle in 8 bits is refused: adapt the float32 one, then export it. Patches that cannot be judged (blurred,
    too dark, overexposed, too small) are left out and named. Of data with parts the test part is left alone, to be
    judged on afterwards. Patches that `crackscope suggest` cut from one photo count as one in the intervals.
    EXPORT.json is what Label Studio exports as JSON, saved beside the patches.
    """
    asked = Asked(**options)
    refuse_swapped(asked.bundle, [asked.data])
    refuse_default(asked.out)
    adapted = _adapt(asked)
    state.status = 1 if adapted.unread else 0
    if asked.as_json:
        print_json(adapted)
        return
    if told := no_better(adapted.before, adapted.after, asked.bundle, asked.out):
        warn(told)
    _show(adapted, asked.data, asked.quiet)


def _adapt(asked: Asked) -> "Adapted":
    from crackscope.adaptation import RefusedError
    from crackscope.adaptation import adapt as learn
    from crackscope.datasets import watched

    try:
        with progress("opening pictures", None, quiet=asked.silent) as tell, watched(tell, asked.threads):
            return learn(bundle_folder(asked.bundle), asked.data, Path(asked.out), _options(asked, tell))
    except RefusedError as refused:
        # How many labels are missing is asked above all where there are too few.
        if refused.curve is not None and asked.as_json:
            print_json({"refused": str(refused), "curve": refused.curve})
        elif refused.curve is not None:
            _show_curve(refused.curve)
        raise


def _options(asked: Asked, tell: Tell) -> "AdaptOptions":
    from crackscope.adaptation import AdaptOptions

    return AdaptOptions(
        # Of several bundles adapted from one, in a matrix say, each is known by where its user put it.
        name=asked.name or printable(Path(os.path.abspath(asked.out)).name),
        most_forgotten=asked.most_forgotten,
        curve=asked.curve,
        group_by=asked.group_by,
        layout=asked.layout,
        licence=asked.licence,
        force=asked.force,
        threads=asked.threads,
        seed=asked.seed or 0,
        progress=lambda done, total: tell(done, total, label="reading patches"),
        learning=lambda done, total: tell(done, total, label="learning"),
    )


def _show(adapted: "Adapted", data: str, quiet: bool) -> None:
    cracked, sound = adapted.labels["crack"], adapted.labels["sound"]
    judged = "learnt from before" if adapted.learnt_before else "judged on those left out in learning"
    title = (
        f"{cracked} cracked and {several(sound, 'sound patch', 'sound patches')}, "
        f"{several(adapted.groups, 'group')}; {judged}"
    )
    print_table(title, ("new surface", ">before", ">after"), _rows(adapted.before, adapted.after))
    if adapted.old_before is not None and adapted.old_after is not None:
        rows = _rows(adapted.old_before, adapted.old_after)
        known = several(adapted.old_pictures, "picture")
        print_table(f"what it knew, by {known} that it keeps a word of", ("old surfaces", ">before", ">after"), rows)
    else:
        say("what it lost on old surfaces is not known: this bundle keeps no word of them", quiet=quiet)
    if adapted.curve is not None:
        _show_curve(adapted.curve)
    if lost := _lost(adapted):
        warn(lost)
    _show_doubts(adapted, data, quiet)
    tell_of_unlabelled(adapted.unlabelled, quiet=quiet)
    tell_unread(adapted.unread)
    name_some("left out, as it cannot be judged", [f"{one.path}: {one.reason}" for one in adapted.unfit], warn)
    say(f"adapted in {adapted.seconds:.1f} s: {adapted.bundle}")


def _show_doubts(adapted: "Adapted", data: str, quiet: bool) -> None:
    """Say for what reasons the figures may not be those to be met elsewhere."""
    labelled = sum(adapted.labels.values())
    was = "was" if adapted.suggested == 1 else "were"
    if adapted.suggested:
        say(
            f"{adapted.suggested} of {several(labelled, 'patch', 'patches')} {was} suggested, from "
            f"{several(adapted.photos, 'photo')}, chosen as hard or likely cracked, so the figures on the new surface "
            "do not hold for ordinary photos: judge on photos that were not suggested",
            quiet=quiet,
        )
    if adapted.one_photo:
        warn(
            f"all patches{' of one label' * (adapted.photos > 1)} are of one photo, so the figures on the new surface "
            "flatter: they come from learning and judging on that same photo; label patches of others, too"
        )
    if adapted.learnt_before:
        warn(
            f"{adapted.parent} learnt from these very pictures before, so the figures on the new surface flatter: "
            "judge on pictures that neither bundle learnt from"
        )
    elif adapted.met_before is not None:
        from crackscope.reports import met_before_sentence

        warn(met_before_sentence(adapted.met_before, None))
    if adapted.adapted_before and not adapted.learnt_before:
        before = several(adapted.adapted_before, "patch", "patches")
        say(
            f"{adapted.parent} was adapted before, to {before}: if some of them are among these, the figures on the "
            "new surface flatter",
            quiet=quiet,
        )
    tell_of_groups(adapted.likely_groups, "counts each as one, else the figures may flatter", quiet=quiet)
    if adapted.conflicts:
        groups = several(adapted.conflicts, "group of copies holds", "groups of copies hold")
        advice = f": `crackscope scan {as_typed(data)}` names them and says what to do"
        if adapted.contradictions:
            advice = f" ({_pairs(adapted.contradictions)}): give copies the one right label, or remove them"
        warn(f"{groups} both labels{advice}")


def _pairs(contradictions: Sequence[tuple[str, str]]) -> str:
    """A few of them, with the folders that say their labels."""
    told = [" = ".join("/".join(Path(path).parts[-2:]) for path in pair) for pair in contradictions[:NAMED]]
    more = len(contradictions) - len(told)
    return ", ".join(told) + f" and {more} more" * (more > 0)


def no_better(before: "Worth", after: "Worth", bundle: str, out: str) -> str:
    """What of balanced accuracy and log loss is no better than before, each with both values, and how to go back; ""
    where both are better. It is written all the same by design: of so few patches most that come out so gain."""
    here, there = before.balanced_accuracy.value, after.balanced_accuracy.value
    if here == there == 1:
        return (
            "nothing to gain on these patches, all of which were called rightly before as well: label harder ones "
            "(`crackscope suggest` names them), or keep the old bundle"
        )
    said = []
    if here is not None and there is not None and there <= here:
        said.append(f"balanced accuracy ({here:.3f}, now {there:.3f})")
        said += _worse(before, after)
    if after.margin_loss >= before.margin_loss:
        said.append(f"log loss about the threshold ({before.margin_loss:.4f}, now {after.margin_loss:.4f})")
    if not said:
        return ""
    fell = here is not None and there is not None and there < here
    helped = "it did not help" if fell or len(said) > 1 else "it may not have helped"
    back = f"go on with {as_typed(bundle)}, which is as it was"
    if os.path.realpath(bundle_folder(bundle)) == os.path.realpath(out):
        back = f"adapt the bundle that it was made from anew: {as_typed(out)} is written over"
    return (
        f"{helped}: no better on these patches than before by {', '.join(said)}, within the error of so few, so it was "
        f"written all the same; to go back, {back}; or label more patches, or check the labels (`crackscope scan DATA "
        "--bundle BUNDLE` names doubtful ones)"
    )


def _worse(before: "Worth", after: "Worth") -> list[str]:
    """Which of its two rates got worse, each with both values."""
    pairs = (("recall", before.recall, after.recall, 1), ("false alarms", before.false_alarms, after.false_alarms, -1))
    return [
        f"{name} ({here.value:.3f}, now {there.value:.3f})"
        for name, here, there, sign in pairs
        if here.value is not None and there.value is not None and sign * (here.value - there.value) > 0
    ]


def _lost(adapted: "Adapted") -> str:
    """How much worse it became on the surfaces that it knew, and what to do; "" where it did not, or nobody knows."""
    before, after = adapted.old_before, adapted.old_after
    if before is None or after is None:
        return ""
    said = []
    for name, sign in (("balanced_accuracy", 1), ("recall", 1), ("false_alarms", -1)):
        here, there = getattr(before, name).value, getattr(after, name).value
        if here is not None and there is not None and sign * (here - there) >= _TOLD:
            said.append(f"{name.replace('_', ' ')} {here:.3f} (now {there:.3f})")
    if not said:
        return ""
    return (
        f"worse on the surfaces that it knew ({several(adapted.old_pictures, 'picture')} that it keeps a word of): "
        f"{', '.join(said)}; keep {adapted.parent} for those surfaces and take this one for the new surface alone, or "
        "label more patches (--most-forgotten 0.01, say, refuses such losses)"
    )


def _rows(before: "Worth", after: "Worth") -> list[tuple[str, str, str]]:
    names = ("balanced_accuracy", "recall", "false_alarms")
    rows = [
        (name.replace("_", " "), spell_figure(getattr(before, name)), spell_figure(getattr(after, name)))
        for name in names
    ]
    return [*rows, ("log loss about the threshold", f"{before.margin_loss:.4f}", f"{after.margin_loss:.4f}")]


def _show_curve(curve: "Curve") -> None:
    counted = "photos" if curve.of_photos else "patches"
    if not curve.points:
        more = "label patches of more of them" if curve.of_photos else "label more of other places"
        say(f"what more labels bring cannot be told from so few {counted}: {more}")
        return
    rows = [
        (point.a_label, spell_figure(point.balanced_accuracy), "measured" if point.measured else "to be expected")
        for point in curve.points
    ]
    print_table("what more labels bring", (f">{counted} a label", ">balanced accuracy", ""), rows)
    if all(point.measured for point in curve.points):
        say(f"what more of them would bring cannot be told from so few {counted}: label some more of each label")
