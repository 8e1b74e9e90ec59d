"""`inspect`: photos in; where they are cracked, how long and how wide, in one folder."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crackscope.cli.bundle_figures import known_limits, known_surfaces, learnt_from, limits_of_map, measured
from crackscope.cli.bundle_names import bundle_folder
from crackscope.cli.console import print_json, progress, say, warn
from crackscope.cli.failures import Interrupted
from crackscope.cli.folders import apart
from crackscope.cli.gathering import LIST_HELP, STANDARD_INPUT, gather
from crackscope.cli.inspection_asked import (
    Asked,
    check,
    may_be_georeferenced,
    picture_limits,
    refuse_rate,
    refuse_to_replace,
    refuse_without_scale,
    settings_of,
    title_of,
)
from crackscope.cli.inspection_summary import Summary, show, summarise
from crackscope.cli.mask_folders import tell_of_masks
from crackscope.cli.options import FiniteRange, Number, out, shared
from crackscope.cli.remarks import tell_of_gone
from crackscope.cli.state import State
from crackscope.errors import several, some_of

if TYPE_CHECKING:
    from crackscope.bundles import Manifest
    from crackscope.inspection import Findings, Inspection, InspectOptions, Journal, Keep, Work
    from crackscope.records import Unread
    from crackscope.reports import InspectionFacts
    from crackscope.scoring import Model


@click.command()
@click.argument("photos", nargs=-1, metavar="PHOTO...")
@out("OUT", "Folder for report, findings and overlays.", required=True)
@click.option("--from-list", metavar="FILE", help=LIST_HELP)
@click.option("--resume", is_flag=True, help="Go on with the inspection in OUT where it stopped.")
@click.option("--mm-per-px", type=Number(), metavar="X", help="Scale of all photos: mm on the surface for one px.")
@click.option("--scale", metavar="FILE.csv", help="Scale of each photo: columns path,mm_per_px[,relative_error].")
@click.option("--marker-mm", type=Number(), metavar="X", help="Side in mm of an ArUco marker on the surface.")
@click.option("--marker-dictionary", metavar="NAME", help="Dictionary of the marker; default: 4X4_50.")
@click.option(
    "--distance-m", type=Number(), metavar="X", help="Distance from camera to surface; needs the focal length in EXIF."
)
@click.option(
    "--scale-error",
    type=FiniteRange(0, 1, max_open=True),
    metavar="X",
    help="Standard deviation of that scale as a share, 0.02 for 2 %: intervals in mm are so much wider.",
)
@click.option("--classes", metavar="MM,MM,...", help="Limits of the width classes; default: 0.1,0.2,0.3,0.5,1.")
@click.option("--preset", metavar="NAME", help="Limits of the width classes as in eurocode2 or aci224r: a guide.")
@click.option(
    "--coarse",
    is_flag=True,
    help="Look closely only at what half the resolution leaves in doubt: two to three times as fast, "
    "but some hairlines are missed.",
)
@click.option("--all-zones", is_flag=True, help="Keep the zones of photos that are not judged cracked, too.")
@click.option(
    "--least-probability",
    type=FiniteRange(0, 1),
    default=0.0,
    metavar="P",
    help="Leave zones of a lower probability out of all files, say 0.5 against torn edges of mortar; the verdicts "
    "stay. The report can leave them out by itself, for looking.",
)
@click.option(
    "--decimal-comma",
    is_flag=True,
    help="Write findings.csv with decimal commas, and semicolons between the cells, for spreadsheets set to German, "
    "French and the like; --resume keeps to it.",
)
@click.option(
    "--title",
    metavar="TEXT",
    help='What the report is called, as "Town hall, north wall": its heading; --resume keeps to it.',
)
@click.option(
    "--most-megapixels",
    type=FiniteRange(min=0, max=1e6, min_open=True),
    metavar="X",
    help="Refuse larger photos; default: 160. A small file may unpack to more pixels than the memory holds (a "
    "decompression bomb): raise it for photos whose origin you know; a megapixel takes some 6 MB, "
    "in CMYK or 16 bits up to 12, beside some 400.",
)
@shared("false_alarms", "bundle", "threads", "quiet", "json")
@click.pass_obj
def inspect(state: State, /, **options: Any) -> None:
    """Find the cracks in whole photos, measure them, and write a report.

    PHOTO is a file, a folder (searched to the bottom) or a glob. A zone is one connected crack; its widths and lengths
    are in px, and in mm where a scale is known: one that is given, else that of a GeoTIFF. Without --all-zones only a
    photo that is judged cracked has zones. --resume ends what was interrupted; its report shows the photos that are
    named in that call, and no others; where it is finished, one of them at least.

    Every picture is judged as a photo and seen at two scales, while `predict` judges one of up to two patches a side as
    a patch: the two may give it different probabilities, and verdicts.
    """
    asked = Asked(**options)
    check(asked)
    photos = _photos(asked)
    refuse_without_scale(asked, photos)
    refuse_to_replace(asked, photos)
    from crackscope.inspection import JOURNAL

    apart(asked.out, (photo for photo in photos if isinstance(photo, str)), unless=JOURNAL)
    settings = settings_of(asked, photos)
    reported = _inspect(asked, photos, settings)
    _tell(asked, reported, scaled=settings.scaling.known or asked.classes is not None or asked.preset is not None)
    state.status = 1 if reported.summary.unread else 0


@dataclass(frozen=True)
class _Reported:
    """A report that is written. files: their names in its folder. others: photos of before that left it, of which so
    many had their pictures removed now."""

    summary: Summary
    files: list[str]
    others: list[str]
    removed: int


def _photos(asked: Asked) -> "list[str | Unread]":
    if STANDARD_INPUT in asked.photos:
        raise click.UsageError("a photo on standard input has no name for the report, name a file")
    if not asked.photos and asked.from_list is None:
        raise click.UsageError("PHOTO is missing: name files, folders or globs")
    return gather(asked.photos, asked.from_list, quiet=asked.quiet, limits=picture_limits(asked), out=asked.out)


def _inspect(asked: Asked, photos: "Sequence[str | Unread]", settings: "InspectOptions") -> _Reported:
    """Inspect what is not done yet, and write the report of all photos."""
    from crackscope.inspection import Findings, Work, open_journal
    from crackscope.scoring import load

    model = load(bundle_folder(asked.bundle), threads=asked.threads)
    refuse_rate(model.manifest)
    started = time.monotonic()
    with open_journal(asked.out, model, settings, resume=asked.resume) as journal, _kept(asked.out, journal, photos):
        if asked.decimal_comma:
            journal.keep_decimal_comma()
        if asked.title is not None:
            journal.keep_title(title_of(asked.title))
        asked = replace(asked, decimal_comma=journal.decimal_comma)
        _tell_of_bundle(model.manifest, asked.quiet)
        tell_of_masks((photo for photo in photos if isinstance(photo, str)), quiet=asked.quiet)
        in_mm = settings.scaling.known or may_be_georeferenced(photos)
        facts = _facts(asked, model, journal, settings, known_limits(model.manifest, in_mm=in_mm))
        paths = _paths(photos)
        others = sorted(set(journal.paths) - set(paths))
        work = Work(model, settings, _keeper(asked.out, [*paths, *others], facts), picture_limits(asked))
        _work(asked, journal, work, photos)
        return _report(asked, settings, Findings(journal, paths), facts, others, started)


@contextmanager
def _kept(folder: str, journal: "Journal", photos: "Sequence[str | Unread]") -> Iterator[None]:
    """Say, when Ctrl-C or SIGTERM ends an inspection, what is kept of these photos and how to go on."""
    from crackscope.inspection import remaining

    try:
        yield
    except KeyboardInterrupt:
        done = len(photos) - len(remaining(journal, photos))
        kept = f"{some_of(done, len(photos), 'photo', 'is', 'are')} kept in {folder}"
        raise Interrupted(f"interrupted, {kept}, add --resume to the same call to go on") from None


def _work(asked: Asked, journal: "Journal", work: "Work", photos: "Sequence[str | Unread]") -> None:
    from crackscope.inspection import inspect_into, remaining

    left = remaining(journal, photos)
    quiet = asked.quiet or asked.as_json
    if asked.resume and len(left) < len(photos):
        done = len(photos) - len(left)
        say(f"{some_of(done, len(photos), 'photo', 'was', 'were')} done before", quiet=quiet)
    elif asked.resume:
        tell_of_gone(journal.paths, quiet=quiet)
    with progress("inspecting", len(left), quiet=quiet) as tell:
        for number, _result in enumerate(inspect_into(journal, work, left), 1):
            tell(number)


def _report(
    asked: Asked,
    settings: "InspectOptions",
    findings: "Findings",
    facts: "InspectionFacts",
    others: list[str],
    started: float,
) -> _Reported:
    """Write the report, and remove what is in it of others that have left it."""
    import msgspec

    from crackscope.images import find_copies
    from crackscope.reports import remove_pictures, write_inspection

    summary = summarise(findings, settings.least_probability, facts.surfaces, settings.scaling.missing)
    shown = [photo.path for photo in summary.photos]
    summary.copies = find_copies(shown)
    facts = msgspec.structs.replace(facts, seconds=time.monotonic() - started, copies=summary.copies)
    files = write_inspection(asked.out, findings, facts, others, decimal_comma=asked.decimal_comma)
    removed = remove_pictures(asked.out, shown, [*findings.paths, *others])
    return _Reported(summary, files, others, len(removed.intersection(others)))


def _keeper(out: str, paths: "Sequence[str]", facts: "InspectionFacts") -> "Keep":
    """Writes the pictures of each photo into the report, before the photo counts as done. paths: all that may have
    pictures there."""
    from crackscope.reports import draw_overlay, picture_names, write_photo

    folder = Path(out)
    names = picture_names(paths)

    def keep(inspection: "Inspection") -> None:
        record, heat = inspection.record, inspection.heat
        name = names[record.path]
        pixels = inspection.photo.upright_over()
        write_photo(pixels, record.path, folder, name, (heat.logits, heat.stride))
        overlay = folder / "overlays" / f"{name}.jpg"
        draw_overlay(pixels, record, inspection.mask, record.path, overlay, facts)

    return keep


def _facts(
    asked: Asked, model: "Model", journal: "Journal", settings: "InspectOptions", limits: tuple[str, ...]
) -> "InspectionFacts":
    """What the report says of the inspection as a whole."""
    import msgspec

    from crackscope.inspection import SOURCES
    from crackscope.reports import InspectionFacts
    from crackscope.scoring import alarms_by_surface

    manifest = model.manifest
    flags = {"coarse": asked.coarse, "all zones": asked.all_zones}
    scales: dict[str, str | float | None] = {
        "mm per px": asked.mm_per_px,
        "scale table": asked.scale,
        "marker, mm": asked.marker_mm,
        "distance, m": asked.distance_m,
        "error of the scale": asked.scale_error,
    }
    facts = InspectionFacts(
        bundle=manifest.name,
        bundle_version=journal.terms.bundle,
        false_alarm_rate=settings.false_alarms if manifest.verdict.kind == "conformal" else None,
        # Counted on sound patches that an adapted bundle has not kept: what it has of them would give the old shares.
        alarms={} if manifest.adapted else alarms_by_surface(manifest, settings.false_alarms),
        alarms_of={known.name: len(known.sound) for known in manifest.verdict.known},
        limits_mm=settings.limits_mm,
        limits_source=SOURCES.get(asked.preset or "", ""),
        least_probability=asked.least_probability,
        settings={**flags, **{name: value for name, value in scales.items() if value is not None}},
        begun=journal.terms.begun,
        figures=measured(manifest),
        trained_on=learnt_from(manifest),
        surfaces=known_surfaces(manifest),
        known_limits=limits,
    )
    return msgspec.structs.replace(facts, title=journal.title) if journal.title else facts


def _tell(asked: Asked, reported: _Reported, *, scaled: bool) -> None:
    summary, gone = reported.summary, len(reported.others)
    if asked.as_json:
        print_json({"out": asked.out, **summary.facts(), "left_out": gone, "files": reported.files})
        return
    if gone:
        left = several(gone, "photo")
        some = "their pictures" if reported.removed == gone else f"the pictures of {reported.removed}"
        removed = f", {some} removed" * (reported.removed > 0)
        say(f"{left} of before not named now: left out of the report{removed}", quiet=asked.quiet)
    show(summary, quiet=asked.quiet)
    if scaled:
        _tell_without_scale(asked, summary)
    say(f"report: {Path(asked.out) / 'index.html'}", quiet=asked.quiet)


def _tell_of_bundle(manifest: "Manifest", quiet: bool) -> None:
    if manifest.verdict.kind != "conformal":
        warn("this bundle has no rule for photos: the larger one is, the likelier a false alarm", quiet=quiet)
    for limit in limits_of_map(manifest):
        warn(limit[0].lower() + limit[1:], quiet=quiet)


def _paths(photos: "Sequence[str | Unread]") -> list[str]:
    return [photo if isinstance(photo, str) else photo.path for photo in photos]


def _tell_without_scale(asked: Asked, summary: Summary) -> None:
    why = summary.missing or "none is given, nor in the file"
    if summary.without_scale:
        warn(f"{several(summary.without_scale, 'photo has', 'photos have')} no mm: {why}", quiet=asked.quiet)
    if summary.scale_doubts:
        first, doubt = next(iter(summary.scale_doubts.items()))
        named = "" if summary.doubted_scales == 1 else f" ({first} for one)"
        what = f"{first} has" if summary.doubted_scales == 1 else f"{summary.doubted_scales} photos have"
        warn(f"{what} no mm{named}: {doubt}", quiet=asked.quiet)
