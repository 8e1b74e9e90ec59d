"""A photo's own facts as they are read: size, scale, what it may hide, and when it was taken."""

import re

from crackscope.errors import printable
from crackscope.records import Inspected, first_of, read_as, seen_by_chance, seen_smaller
from crackscope.reports.formatting import percent
from crackscope.reports.inspection_marks import chance_text, length_text

_ZONE = re.compile(r"(?:Z|[+-]\d\d:\d\d)\Z", re.ASCII)


def photo_facts(photo: Inspected) -> tuple[str, ...]:
    """What is said of a photo as a whole, its size first."""
    said = [_size_text(photo)]
    if photo.suspicious:
        likely = f"crack probability {chance_text(photo.probability)}"
        said.append(", though ".join(filter(None, (likely, seen_by_chance(photo)))))
    elif photo.verdict == "crack" and not photo.zones:
        said.append(f"crack probability {chance_text(photo.probability)}")
    said += [_pages_text(photo), read_as(photo.bits)]
    if photo.scale is not None:
        said.append(f"{photo.scale.mm_per_px:.3g} mm per px (by {printable(photo.scale.source)})")
    if photo.scale_doubt:
        said.append(f"no mm: {printable(photo.scale_doubt)}")
    if photo.place.doubt and photo.place.doubt != photo.scale_doubt:
        said.append(f"no place: {printable(photo.place.doubt)}")
    said += [_skipped_text(photo), _thinnest_text(photo)]
    if photo.surface:
        said.append(f"looks like {printable(photo.surface)}, a surface that the model learnt, and is judged as that")
    if seen_smaller(photo):
        why = "where wide cracks show" if photo.from_afar else "where it shows more"
        said.append(f"{seen_smaller(photo)}, {why}")
    if photo.place.taken:
        said.append(to_the_minute(photo.place.taken))
    return tuple(filter(None, said))


def brief_facts(photo: Inspected) -> tuple[str, ...]:
    """The few facts that stand with a sound photo: what was not looked at, and what may have gone unseen."""
    said = (_pages_text(photo), read_as(photo.bits), _skipped_text(photo), _thinnest_text(photo))
    return tuple(filter(None, said)) or (_size_text(photo),)


def _size_text(photo: Inspected) -> str:
    return f"{photo.width:,} × {photo.height:,} px"


def _pages_text(photo: Inspected) -> str:
    return f"{first_of(photo.pages)}, the others not judged" if photo.pages > 1 else ""


def _skipped_text(photo: Inspected) -> str:
    return f"{percent(photo.skipped)} of it seen at half size only" if photo.skipped else ""


def _thinnest_text(photo: Inspected) -> str:
    """Below which width cracks may be missed, though some are found; "" for a photo that cannot be judged."""
    if photo.thinnest_px is None:
        return ""
    scale, unit = (1.0, "px") if photo.scale is None else (photo.scale.mm_per_px, "mm")
    return f"cracks thinner than {length_text(photo.thinnest_px * scale, unit)} may go unseen"


def to_the_minute(moment: str) -> str:
    """A moment in ISO 8601 as it is read: `2026-03-04 10:01`, and the time zone where it has one: ` UTC+01:00`."""
    zone = _ZONE.search(moment)
    shift = "" if zone is None else f" UTC{zone[0].removesuffix('+00:00').removesuffix('Z')}"
    return printable(moment)[: len("2026-03-04T10:01")].replace("T", " ") + shift
