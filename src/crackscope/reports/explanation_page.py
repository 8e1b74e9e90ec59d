"""The page of an explanation: the photo, its activation map, and what is said once a crack is painted over."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from crackscope.errors import printable
from crackscope.files import write_whole
from crackscope.records import Inspected, Prediction, Verdict
from crackscope.reports.inspection_classes import class_styles, classes_of
from crackscope.reports.inspection_facts import InspectionFacts
from crackscope.reports.inspection_marks import Pen
from crackscope.reports.inspection_names import short_name
from crackscope.reports.rendering import Dress, render
from crackscope.wording import first_of, read_as, seen_in_grey, seen_smaller

PAGE = "index.html"
_MOVED = 0.1
"""A change of probability below this is not called one."""


class PaintedFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The photo with something painted over. zone: its number, 0 for all of them. picture: file in the folder that
    shows it painted over; before: the same part of the photo as it was. window: left, top, width, height of what the
    two show of the photo, px.

    probability, verdict: of the photo then. zone_before, zone_after: mean crack probability over the place itself.
    control: probability of the photo with the same shape painted over a sound place; None where there was no room.
    patch: what is said of it then as a patch; None where it is none.
    """

    zone: int
    picture: str
    before: str
    window: tuple[int, int, int, int]
    probability: float
    verdict: Verdict
    zone_before: float
    zone_after: float
    control: float | None = None
    patch: Prediction | None = None


class ExplanationFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the evidence is for, and the evidence. photo: with all its zones. rule: a sentence on what makes the
    verdict. original, activation: files in the folder. patch: what is said of the picture as a patch, None where it is
    none; why_they_differ: from what is said of it as a photo, in sentences."""

    photo: Inspected
    rule: str = ""
    bundle: str = ""
    original: str
    activation: str
    painted: tuple[PaintedFacts, ...] = ()
    patch: Prediction | None = None
    why_they_differ: str = ""


def write_explanation(folder: str | Path, facts: ExplanationFacts) -> list[str]:
    """Write index.html into a folder that holds the pictures, and return its name. Raises OutputError."""
    photo = facts.photo
    classes = classes_of(InspectionFacts())
    values = {
        "facts": facts,
        "photo": photo,
        "name": short_name(photo.path),
        "seen_smaller": seen_smaller(photo),
        "seen_as": tuple(filter(None, (first_of(photo.pages), read_as(photo.bits), seen_in_grey(photo)))),
        "rows": [_row(photo, one) for one in facts.painted],
        "conclusions": _conclusions(photo, facts.painted),
        "marks": Pen(classes).marks(photo),
        "numbered": {one.zone for one in facts.painted},
        "address": quote,
        "class_styles": class_styles(classes),
    }
    title = f"{short_name(photo.path)}, explained"
    dress = Dress(scripts=(), styles=("style.css", "inspection.css", "explanation.css"), pictures="'self' file: data:")
    write_whole(Path(folder) / PAGE, render("explanation.html", title, values, dress))
    return [PAGE]


def _row(photo: Inspected, painted: PaintedFacts) -> dict[str, Any]:
    return {
        "zone": painted.zone,
        "name": _name(photo, painted),
        "picture": painted.picture,
        "before_picture": painted.before,
        "window": painted.window,
        "probability": painted.probability,
        "verdict": painted.verdict,
        "before": painted.zone_before,
        "after": painted.zone_after,
        "control": painted.control,
        "patch": painted.patch,
    }


def _name(photo: Inspected, painted: PaintedFacts) -> str:
    many = len(photo.zones)
    return f"zone {painted.zone}" if painted.zone else "both zones" if many == 2 else f"all {many} zones"


def _conclusions(photo: Inspected, painted: Sequence[PaintedFacts]) -> list[tuple[str, str]]:
    """(what was painted over, what that did): one for all neighbours of which the same is said."""
    said = []
    for (alone, sentence), group in groupby(painted, lambda one: (one.zone > 0, _sentence(photo, one))):
        members = list(group)
        numbers = [one.zone for one in members]
        if alone and len(numbers) > 1:
            said.append((f"zones {numbers[0]} to {numbers[-1]}, each by itself", sentence))
        else:
            said += [(_name(photo, one), sentence) for one in members]
    return [(printable(what), sentence) for what, sentence in said]


def _sentence(photo: Inspected, painted: PaintedFacts) -> str:
    """What painting over did, in words."""
    fall = photo.probability - painted.probability
    control = 0.0 if painted.control is None else abs(photo.probability - painted.control)
    it, alone = ("it", "it alone") if painted.zone else ("them", "them")
    if painted.verdict != photo.verdict:
        said = f"Without {it} the photo {_called(painted.verdict)}."
    elif photo.verdict == "cannot judge":
        less = ", where less looks like a crack" if fall >= _MOVED else ""
        said = f"The photo cannot be judged without {it} either{less}."
    elif photo.verdict == "sound":
        said = f"The photo is called sound with {it} and without{', without more surely' * (fall >= _MOVED)}."
    elif fall < _MOVED:
        said = f"The verdict does not rest on {alone}: without {it} the photo is called the same, as surely."
    else:
        said = f"The photo is called the same without {it}, less surely."
    if control >= max(_MOVED, 0.5 * abs(fall)):
        said += " But painting a sound place over changes nearly as much: little can be concluded."
    if painted.patch is not None:
        said += f" As a patch it {_called(painted.patch.verdict)} then."
    return said


def _called(verdict: Verdict) -> str:
    return "cannot be judged" if verdict == "cannot judge" else f"is called {verdict}"
