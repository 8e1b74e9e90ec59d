"""What a call of `inspect` asks for: its options, checked, and as the inspection takes them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from crackscope.cli.console import warn
from crackscope.cli.options import underscored
from crackscope.errors import several

if TYPE_CHECKING:
    from crackscope.bundles import Manifest
    from crackscope.images import Limits
    from crackscope.inspection import InspectOptions, Scaling
    from crackscope.records import Unread

_OR_OF_FILE = ", or name georeferenced TIFFs, which have their own"
LONGEST_TITLE = 200
"""Characters of a report's title: some four lines of its head."""
_NAMED = 2
"""So many rows of a scale table that fit no photo are named."""


@dataclass(frozen=True)
class Asked:
    """The options of one call."""

    photos: tuple[str, ...]
    out: str
    from_list: str | None
    resume: bool
    mm_per_px: float | None
    scale: str | None
    marker_mm: float | None
    marker_dictionary: str | None
    distance_m: float | None
    scale_error: float | None
    classes: str | None
    preset: str | None
    false_alarms: float
    coarse: bool
    all_zones: bool
    least_probability: float
    decimal_comma: bool
    title: str | None
    most_megapixels: float | None
    bundle: str | None
    threads: int | None
    quiet: bool
    as_json: bool


def _scales(asked: Asked) -> dict[str, float | str | None]:
    """The options that give a scale, by name."""
    return {
        "--mm-per-px": asked.mm_per_px,
        "--scale": asked.scale,
        "--marker-mm": asked.marker_mm,
        "--distance-m": asked.distance_m,
    }


def check(asked: Asked) -> None:
    """Refuse options that contradict each other before anything is looked for."""
    given = [name for name, value in _scales(asked).items() if value is not None]
    if len(given) > 1:
        raise click.UsageError(f"{' and '.join(given)} exclude each other, give one scale")
    if asked.marker_dictionary is not None and asked.marker_mm is None:
        raise click.UsageError("--marker-dictionary needs the size of the marker, add --marker-mm")
    if asked.classes is not None and asked.preset is not None:
        raise click.UsageError("--classes and --preset exclude each other, give one")
    if asked.title is not None:
        title_of(asked.title)
    _limits(asked)


def title_of(text: str) -> str:
    """What the report is called, in one line."""
    title = " ".join(text.split())
    if not title:
        raise click.UsageError("--title is empty, say what the report is of, or leave it out")
    if len(title) > LONGEST_TITLE:
        raise click.UsageError(f"--title has {len(title)} characters, give {LONGEST_TITLE} at most")
    return title


def refuse_without_scale(asked: Asked, photos: "Sequence[str | Unread]") -> None:
    """Refuse width classes, and the error of a scale, where nothing can give mm, before anything is read.

    photos: as they are named.
    """
    scales = _scales(asked)
    if any(value is not None for value in scales.values()) or may_be_georeferenced(photos):
        return
    if asked.classes is not None or asked.preset is not None:
        raise click.UsageError(f"width classes are in mm and need a scale, add one of {', '.join(scales)}{_OR_OF_FILE}")
    if asked.scale_error is not None:
        raise click.UsageError(f"--scale-error is of a scale, add one of {', '.join(scales)}{_OR_OF_FILE}")


def refuse_to_replace(asked: Asked, photos: "Sequence[str | Unread]") -> None:
    """Refuse to go on with a finished report by photos that are all others than its own, as a wrong name gives: nothing
    of it would be left. Where its own are no more, nothing else can be named."""
    from crackscope.inspection import Journal

    if not asked.resume or not os.path.exists(os.path.join(asked.out, "index.html")):
        return
    before = [photo for photo in Journal.named_in(asked.out) if os.path.lexists(photo)]
    named = {os.path.realpath(photo if isinstance(photo, str) else photo.path) for photo in photos}
    if before and named.isdisjoint(map(os.path.realpath, before)):
        raise click.UsageError(
            f"{asked.out}: its report is of other photos, {before[0]}{' and others' * (len(before) > 1)}, and would "
            "lose all of them: name them too, or another folder with -o"
        )


def refuse_rate(manifest: "Manifest") -> None:
    """Refuse --false-alarms, where the call gives it, for a bundle that calls photos cracked by its threshold alone."""
    given = click.get_current_context().get_parameter_source("false_alarms") is not ParameterSource.DEFAULT
    if given and manifest.verdict.kind == "threshold":
        raise click.UsageError(
            f"--false-alarms changes nothing for the bundle {manifest.name}, which goes by a threshold alone: "
            "leave it out, or train one that can, with --set calibrate=true --set verdict=conformal"
        )


def may_be_georeferenced(photos: "Sequence[str | Unread]") -> bool:
    """Whether some of these photos may have a scale of their own."""
    return any(isinstance(photo, str) and photo.lower().endswith((".tif", ".tiff")) for photo in photos)


def settings_of(asked: Asked, photos: "Sequence[str | Unread]") -> "InspectOptions":
    """The options of the inspection. Raises InspectionError, also for a scale table that cannot be read."""
    from crackscope.inspection import InspectOptions

    return InspectOptions(
        false_alarms=asked.false_alarms,
        coarse=asked.coarse,
        all_zones=asked.all_zones,
        least_probability=asked.least_probability,
        scaling=_scaling(asked, photos),
        limits_mm=_limits(asked),
    )


def _scaling(asked: Asked, photos: "Sequence[str | Unread]") -> "Scaling":
    from crackscope.inspection import Scaling

    return Scaling(
        mm_per_px=asked.mm_per_px,
        table=None if asked.scale is None else _table(asked, asked.scale, photos),
        marker_mm=asked.marker_mm,
        dictionary=asked.marker_dictionary or "4X4_50",
        distance_m=asked.distance_m,
        relative_error=asked.scale_error or 0.0,
    )


def _table(asked: Asked, file: str, photos: "Sequence[str | Unread]") -> dict[str, tuple[float, float]]:
    """What the scale table says of these photos; a word on its rows for others, which may be misspelt."""
    from crackscope.inspection import read_scale_table

    if not os.path.exists(file) and _is_number(file):
        raise click.UsageError(f"--scale is the name of a table, one scale for all photos is --mm-per-px {file}")
    named = [photo if isinstance(photo, str) else photo.path for photo in photos]
    table = read_scale_table(file, [*named, *_gone(asked, named)])
    if table.others:
        rows = several(table.rows, "row")
        what = "is for a photo" if len(table.others) == 1 else "are for photos"
        some = ", ".join(table.others[:_NAMED]) + ", ..." * (len(table.others) > _NAMED)
        warn(f"{file}: {len(table.others)} of {rows} {what} not named in this call ({some})", quiet=asked.quiet)
    return table.scales


def _is_number(word: str) -> bool:
    try:
        return float(word) > 0
    except ValueError:
        return False


def _gone(asked: Asked, photos: Sequence[str]) -> list[str]:
    """Photos that were inspected before and are no more, whose rows may stay in the scale table; but no namesake of one
    of these photos, which a row means then."""
    from crackscope.inspection import Journal

    called = {os.path.basename(photo) for photo in photos}
    named = Journal.named_in(asked.out) if asked.resume else ()
    return [photo for photo in named if not os.path.lexists(photo) and os.path.basename(photo) not in called]


def _limits(asked: Asked) -> tuple[float, ...]:
    from crackscope.inspection import DEFAULT_LIMITS_MM, PRESETS_MM, checked_limits

    if asked.preset is not None:
        if asked.preset not in PRESETS_MM:
            raise click.UsageError(f"there is no preset {asked.preset!r}, name one of {', '.join(PRESETS_MM)}")
        return PRESETS_MM[asked.preset]
    if asked.classes is None:
        return DEFAULT_LIMITS_MM
    for text in asked.classes.split(","):
        if fault := underscored(text):
            raise click.UsageError(f"--classes: {fault}")
    try:
        limits = tuple(float(text) for text in asked.classes.split(","))
    except ValueError:
        given = asked.classes or "nothing"
        raise click.UsageError(f"--classes wants mm with commas between, as 0.1,0.2,0.5, not {given}") from None
    return checked_limits(limits)


def picture_limits(asked: Asked) -> "Limits":
    """How large a photo may be."""
    from crackscope.images import DEFAULT_LIMITS, Limits

    most = asked.most_megapixels
    return DEFAULT_LIMITS if most is None else Limits(max_pixels=round(most * 1e6))
