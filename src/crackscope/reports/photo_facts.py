"""A photo's own facts as they are read: size, scale, what it may hide, and when it was taken."""

import re

from crackscope.errors import printable
from crackscope.records import Inspected, PhotoScale
from crackscope.reports.formatting import percent
from crackscope.reports.inspection_marks import chance_text, length_text
from crackscope.wording import first_of, read_as, seen_by_chance, seen_in_grey, seen_smaller

_COARSEST_MM, _FINEST_MM_PER_PX = 50.0, 1e-4
"""Scales beyond are doubted: of a px at which no crack below 50 mm could show (the most severe class of the manual by
which pavements are rated begins at 19 mm; FHWA, Distress Identification Manual for the LTPP, 2014), and of a px below
0.1 micrometres, half of the least that light tells apart (Abbe 1873)."""
_ZONE = re.compile(r"(?:Z|[+-]\d\d:\d\d)\Z", re.ASCII)


def photo_facts(photo: Inspected) -> tuple[str, ...]:
    """What is said of a photo as a whole, its size first."""
    said = [_size_text(photo)]
    if photo.suspicious:
        likely = f"crack probability {chance_text(photo.probability)}"
        said.append(", though ".join(filter(None, (likely, seen_by_chance(photo)))))
    elif photo.crack_like:
        said.append("something in it looks like a crack")
    elif photo.verdict == "crack" and not photo.zones:
        said.append(f"crack probability {chance_text(photo.probability)}")
    said += [_pages_text(photo), read_as(photo.bits), seen_in_grey(photo)]
    if photo.scale is not None:
        said.append(_scale_text(photo.scale))
    said.append(odd_scale(photo))
    said.append(_no_mm(photo))
    if photo.place.doubt and not photo.scale_doubt.startswith(photo.place.doubt):
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


def _scale_text(scale: PhotoScale) -> str:
    error = f", standard deviation {percent(scale.relative_error)}" if scale.relative_error else ""
    return f"{scale.mm_per_px:.3g} mm per px (by {printable(scale.source)}{error})"


def brief_facts(photo: Inspected) -> tuple[str, ...]:
    """The few facts that stand with a sound photo: how it was read, what was not looked at, what may be unseen."""
    kept = (_pages_text(photo), read_as(photo.bits), seen_in_grey(photo))
    said = (*kept, _skipped_text(photo), odd_scale(photo), _no_mm(photo), _thinnest_text(photo))
    return tuple(filter(None, said)) or (_size_text(photo),)


def _no_mm(photo: Inspected) -> str:
    return f"no mm: {printable(photo.scale_doubt)}" if photo.scale_doubt else ""


def odd_scale(photo: Inspected) -> str:
    """Why a photo's scale can hardly be meant, in words; "" where it can, or there is none."""
    if photo.scale is None:
        return ""
    px = f"{photo.scale.mm_per_px:.3g} mm per px"
    if (photo.thinnest_px or 1.0) * photo.scale.mm_per_px > _COARSEST_MM:
        return f"{px} is too coarse for cracks to show: check the scale"
    if photo.scale.mm_per_px < _FINEST_MM_PER_PX:
        return f"{px} is finer than light can show: check the scale"
    return ""


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
