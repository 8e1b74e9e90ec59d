"""`explain`: the evidence for what is said of a picture, as pictures and figures."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crackscope.cli.bundle_names import bundle_folder
from crackscope.cli.console import print_json, print_table, say
from crackscope.cli.folders import apart, vacant
from crackscope.cli.inspection_asked import refuse_rate
from crackscope.cli.options import WholeRange, out, shared
from crackscope.errors import several

if TYPE_CHECKING:
    from crackscope.inspection import Evidence, Explanation, Painted, Photo
    from crackscope.records import Prediction
    from crackscope.reports import ExplanationFacts

ORIGINAL, ACTIVATION = "photo.jpg", "activation.jpg"
ALL_PAINTED = "all-zones-painted-over.jpg"
WHY_THEY_DIFFER = (
    "The two may differ: as a patch it is seen once, {seen}, and held against a threshold chosen on patches; "
    "as a photo it is seen at every scale that the model has for photos, and its most suspicious place counts. For "
    "patches go by predict, for photos by inspect."
)
AS_IT_IS, IN_GREY = "as it is", "in grey, since its light has a strong colour"


@dataclass(frozen=True)
class Asked:
    """The options of one call."""

    picture: str
    out: str
    zone: int | None
    false_alarms: float
    bundle: str | None
    threads: int | None
    quiet: bool
    as_json: bool


@click.command()
@click.argument("picture", metavar="PICTURE")
@out("OUT", "New or empty folder for what is written.", required=True)
@click.option("--zone", type=WholeRange(min=1), metavar="N", help="Only this zone, by its number in the findings.")
@shared("false_alarms", "bundle", "threads", "quiet", "json")
def explain(**options: Any) -> None:
    """Show what a verdict rests on: where a crack is seen, and what is said once a zone is painted over.

    Writes index.html with its pictures (activation.jpg, and for each zone its surroundings as they are and with the
    zone painted over) and explain.json. Zones have the numbers of the findings of inspect, 1 for the widest;
    without --zone the eight widest are painted over. The control paints the same shape over a sound place instead: what
    it changes is the painting's doing, not the crack's. Of a picture that predict takes for one patch it says both what
    predict says, as of a patch, and what inspect says, as of a photo.
    """
    asked = Asked(**options)
    if asked.picture == "-":
        raise click.UsageError("a picture on standard input has no name for the page, name a file")
    if not asked.picture:
        raise click.UsageError("PICTURE is empty, name a file")
    from crackscope.files import written_together
    from crackscope.inspection import InspectOptions, open_photo
    from crackscope.inspection import explain as look
    from crackscope.scoring import load

    apart(asked.out, [asked.picture])
    folder = vacant(asked.out)
    photo = open_photo(asked.picture)
    model = load(bundle_folder(asked.bundle), threads=asked.threads)
    refuse_rate(model.manifest)
    settings = InspectOptions(false_alarms=asked.false_alarms)
    evidence = look(model, photo, asked.zone, settings)
    with written_together(folder, "index.html") as draft:
        files = _write(evidence, photo, model.manifest.name, draft)
    if asked.as_json:
        print_json({"out": asked.out, **_facts(evidence.explanation), "files": files})
    elif not asked.quiet:
        _show(evidence.explanation)
        say(f"page: {folder / 'index.html'}")


def _facts(explanation: "Explanation") -> dict[str, object]:
    import msgspec

    photo = explanation.photo
    return {
        "path": photo.path,
        "verdict": photo.verdict,
        "probability": photo.probability,
        "reason": photo.reason,
        "chance": explanation.chance,
        "in_grey": photo.in_grey,
        "rule": msgspec.to_builtins(explanation.rule),
        "zones": len(photo.zones),
        "painted": [{**msgspec.to_builtins(one), "patch": _patch(one.patch)} for one in explanation.painted],
        "patch": _patch(explanation.patch),
    }


def _patch(said: "Prediction | None") -> dict[str, object] | None:
    """What `predict` says of a patch; None of pictures that it takes for photos."""
    names = ("verdict", "probability", "threshold", "reason")
    return None if said is None else {name: getattr(said, name) for name in names}


def _rule(explanation: "Explanation") -> str:
    """By what the photo is called as it is, in words."""
    from crackscope.wording import of_100

    rule, photo = explanation.rule, explanation.photo
    if photo.verdict == "cannot judge":
        what = "it" if explanation.patch is None else "as a photo it"
        return f"What decided: {what} cannot be judged, {photo.reason}. The rule for what is cracked was not asked."
    which = "The rule" if explanation.patch is None else "The rule for photos"
    if explanation.chance is None:
        return f"{which}: cracked from a probability of {rule.threshold:.3f} on."
    return (
        f"{which}: cracked where at most {of_100(rule.false_alarms)} sound photos of this size would show as much as "
        f"its most suspicious place; here {of_100(explanation.chance)} would."
    )


def _write(evidence: "Evidence", photo: "Photo", bundle: str, folder: Path) -> list[str]:
    from crackscope.encoding import encode_line
    from crackscope.files import write_whole
    from crackscope.images import write_jpeg, write_like, write_png
    from crackscope.reports import write_explanation

    pixels = photo.upright()
    write_like(pixels, folder / ORIGINAL, photo.path)
    write_jpeg(evidence.overlay, folder / ACTIVATION)
    names = [ORIGINAL, ACTIVATION]
    for painted in evidence.explanation.painted:
        before, after = _names(painted.zone)
        if painted.zone:
            left, top, width, height = painted.window
            write_png(pixels[top : top + height, left : left + width], folder / before)
            write_png(evidence.pictures[painted.zone], folder / after)
            names += [before, after]
        else:
            write_jpeg(evidence.pictures[0], folder / after)
            names.append(after)
    write_whole(folder / "explain.json", encode_line(_facts(evidence.explanation)))
    page = write_explanation(folder, _page(evidence.explanation, bundle))
    return [*page, *names, "explain.json"]


def _page(explanation: "Explanation", bundle: str) -> "ExplanationFacts":
    from crackscope.reports import ExplanationFacts, PaintedFacts

    painted = []
    for one in explanation.painted:
        before, after = _names(one.zone)
        painted.append(
            PaintedFacts(
                zone=one.zone,
                picture=after,
                before=before,
                window=one.window,
                probability=one.probability,
                verdict=one.verdict,
                zone_before=one.zone_before,
                zone_after=one.zone_after,
                control=one.control,
                patch=one.patch,
            )
        )
    return ExplanationFacts(
        photo=explanation.photo,
        rule=_rule(explanation),
        bundle=bundle,
        original=ORIGINAL,
        activation=ACTIVATION,
        painted=tuple(painted),
        patch=explanation.patch,
        why_they_differ="" if explanation.patch is None else _why_they_differ(explanation.patch),
    )


def _why_they_differ(patch: "Prediction") -> str:
    """Why as a patch and as a photo not the same is said, in sentences."""
    return WHY_THEY_DIFFER.format(seen=IN_GREY if patch.in_grey else AS_IT_IS)


def _names(zone: int) -> tuple[str, str]:
    """The pictures of a zone as it is and painted over; 0 for all of them."""
    return (f"zone-{zone}.png", f"zone-{zone}-painted-over.png") if zone else (ORIGINAL, ALL_PAINTED)


def _show(explanation: "Explanation") -> None:
    from crackscope.wording import first_of, read_as, seen_in_grey, seen_smaller

    photo, patch = explanation.photo, explanation.patch
    # Why a photo cannot be judged stands in the sentence on what decided.
    said = [photo.verdict, f"probability of a crack {photo.probability:.3f}", seen_smaller(photo)]
    told = ", ".join(filter(None, [*said, first_of(photo.pages), read_as(photo.bits), seen_in_grey(photo)]))
    if patch is None:
        say(f"{photo.path}: {told}")
    else:
        limit = "" if patch.threshold is None else f"cracked from {patch.threshold:.3f} on"
        why = patch.reason if patch.reason != photo.reason else ""
        as_patch = [patch.verdict, f"probability of a crack {patch.probability:.3f}", limit, why]
        say(f"{photo.path}, as a patch (predict): {', '.join(filter(None, as_patch))}")
        say(f"{photo.path}, as a photo (inspect): {told}")
        say(_why_they_differ(patch))
    say(_rule(explanation))
    columns = ["painted over", ">crack probability", "verdict", ">in the zone before", ">after", ">control"]
    if patch is not None:
        columns += [">as a patch", "verdict"]
    if explanation.painted:
        single = sum(one.zone > 0 for one in explanation.painted)
        if single < len(photo.zones):
            which = ", the widest ones" if single > 1 else ""
            say(f"{single} of {several(len(photo.zones), 'zone')} painted over{which}")
        print_table("", columns, [_row(one) for one in explanation.painted])
    else:
        say("no zone was found in it, so there is nothing to paint over")


def _row(painted: "Painted") -> tuple[object, ...]:
    return (
        f"zone {painted.zone}" if painted.zone else "all zones",
        f"{painted.probability:.3f}",
        painted.verdict,
        f"{painted.zone_before:.3f}",
        f"{painted.zone_after:.3f}",
        "" if painted.control is None else f"{painted.control:.3f}",
        *(() if painted.patch is None else (f"{painted.patch.probability:.3f}", painted.patch.verdict)),
    )
