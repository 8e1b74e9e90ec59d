"""Templates to one self-contained page. All that comes from outside is escaped, and no foreign script can run."""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crackscope.errors import printable
from crackscope.reports.formatting import (
    MEANINGS,
    TITLES,
    count,
    elided,
    interval,
    number,
    p_value,
    percent,
    percent_interval,
    signed,
)
from crackscope.reports.inspection_names import name_pieces

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent / "templates"
_TAIL_PARTS = 2


@dataclass(frozen=True, slots=True)
class Dress:
    """What a page wears: its scripts and style sheets, and where its pictures may come from (CSP sources)."""

    scripts: tuple[str, ...] = ("slider.js", "report.js")
    styles: tuple[str, ...] = ("style.css",)
    pictures: str = "data:"


def render(template: str, title: str, values: Mapping[str, Any], dress: Dress = Dress()) -> bytes:
    """Render a template with style and script inside, as UTF-8."""
    return b"".join(render_pieces(template, title, values, dress))


def render_pieces(template: str, title: str, values: Mapping[str, Any], dress: Dress = Dress()) -> Iterator[bytes]:
    """The same piece by piece, for pages that would be large in memory."""
    from markupsafe import Markup

    from crackscope import __version__

    script = _joined(dress.scripts)
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    pieces = (
        _environment()
        .get_template(template)
        .generate(
            title=title,
            version=__version__,
            style=Markup(_joined(dress.styles)),  # ours, no foreign text in it
            script=Markup(script),
            script_hash=Markup(f"'sha256-{digest}'"),
            picture_sources=Markup(dress.pictures),
            titles=TITLES,
            meanings=MEANINGS,
            **values,
        )
    )
    return (piece.encode("utf-8", "backslashreplace") for piece in pieces)


def _joined(names: Sequence[str]) -> str:
    return "".join((_TEMPLATES / name).read_text(encoding="utf-8") for name in names)


def script_data(value: Any) -> Any:
    """JSON that can stand inside a script element whatever text it holds."""
    from markupsafe import Markup

    text = json.dumps(value, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


def tail(path: str) -> str:
    """The last two parts of a path: the folder tells the class, the whole path stands in the title."""
    parts = path.replace("\\", "/").rstrip("/").split("/")
    return "/".join(parts[-_TAIL_PARTS:])


def share(cells: Sequence[int], place: int) -> float:
    """What share of a line of the confusion matrix one of its cells is."""
    return cells[place] / sum(cells) if sum(cells) else 0.0


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (
        count,
        elided,
        interval,
        name_pieces,
        number,
        p_value,
        percent,
        percent_interval,
        printable,
        signed,
        tail,
        share,
    )
    environment.filters.update({one.__name__: one for one in filters})
    return environment
