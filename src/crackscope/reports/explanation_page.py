"""The page of an explanation: the photo, its activation map, and what is said once a crack is painted over."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from crackscope.errors import printable
from crackscope.files import write_whole
from crackscope.records import Verdict
from crackscope.reports.inspection_names import short_name
from crackscope.reports.rendering import Dress, render

PAGE = "index.html"
_MOVED = 0.1
"""A change of probability below this is not called one."""


class PaintedFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The photo with something painted over. name: what, such as `zone 1`. picture: its file in the folder.

    probability, verdict: of the photo then. zone_before, zone_after: mean crack probability over the place itself.
    control: probability of the photo with the same shape painted over a sound place; None where there was no room.
    """

    name: str
    picture: str
    probability: float
    verdict: Verdict
    zone_before: float
    zone_after: float
    control: float | None = None


class ExplanationFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the evidence is for, and the evidence. rule: a sentence on what makes the verdict. original, activation:
    files in the folder."""

    path: str
    verdict: Verdict
    probability: float
    reason: str = ""
    rule: str = ""
    bundle: str = ""
    original: str
    activation: str
    painted: tuple[PaintedFacts, ...] = ()


def write_explanation(folder: str | Path, facts: ExplanationFacts) -> list[str]:
    """Write index.html into a folder that holds the pictures, and return its name. Raises OutputError."""
    rows = [_row(facts, one) for one in facts.painted]
    values = {"facts": facts, "name": short_name(facts.path), "rows": rows, "address": quote}
    title = f"{short_name(facts.path)}, explained"
    dress = Dress(scripts=(), styles=("style.css", "explanation.css"), pictures="'self' file: data:")
    write_whole(Path(folder) / PAGE, render("explanation.html", title, values, dress))
    return [PAGE]


def _row(facts: ExplanationFacts, painted: PaintedFacts) -> dict[str, Any]:
    return {
        "name": printable(painted.name),
        "picture": painted.picture,
        "probability": painted.probability,
        "verdict": painted.verdict,
        "before": painted.zone_before,
        "after": painted.zone_after,
        "control": painted.control,
        "says": _sentence(facts, painted),
    }


def _sentence(facts: ExplanationFacts, painted: PaintedFacts) -> str:
    """What painting over did, in words."""
    fall = facts.probability - painted.probability
    control = 0.0 if painted.control is None else abs(facts.probability - painted.control)
    if painted.verdict != facts.verdict:
        said = f"Without it the photo is called {painted.verdict}."
    elif fall < _MOVED:
        said = "The verdict does not rest on it alone: without it the photo is called the same, as surely."
    else:
        said = "The photo is called the same without it, less surely."
    if control >= max(_MOVED, 0.5 * abs(fall)):
        said += " But painting a sound place over changes nearly as much: little can be concluded."
    return said
