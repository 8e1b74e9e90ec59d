"""A contact sheet: many small pictures with a line under each, as one JPEG."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from crackscope.errors import printable
from crackscope.files import write_whole
from crackscope.images import encode_jpeg
from crackscope.reports.formatting import elided
from crackscope.reports.gallery import thumbnail

_COLUMNS, _MOST = 8, 120
_CELL_INCHES, _DPI = 1.45, 110
_LETTERS = 26
_WARN, _INK, _GREY = "#c2410c", "#1f2933", "#7b8794"
_FRAME = 3.0
"""Thickness of the frame of a print with a warning, points: a colour alone is not seen by all."""


@dataclass(frozen=True, slots=True)
class Print:
    """One picture on the sheet: its path, the words under it, and whether they are a warning."""

    path: str
    words: str
    warns: bool = False


def write_contact_sheet(prints: Sequence[Print], path: str | Path, title: str = "") -> None:
    """Write the first 120 prints as a JPEG, eight in a row; unreadable ones stay empty. Raises OutputError."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    kept = prints[:_MOST]
    lines = max(1, -(-len(kept) // _COLUMNS))
    size = (_CELL_INCHES * _COLUMNS, (_CELL_INCHES + 0.35) * lines + 0.4)
    figure = Figure(figsize=size, dpi=_DPI, layout="constrained")
    canvas: Any = FigureCanvasAgg(figure)
    if title:
        figure.suptitle(printable(title), fontsize=10, color=_INK, parse_math=False)
    for place, one in enumerate(kept, start=1):
        axes = figure.add_subplot(lines, _COLUMNS, place)
        show_picture(axes, one.path)
        words = f"{one.words}\n{elided(printable(Path(one.path).name), _LETTERS)}"
        axes.set_xlabel(words, fontsize=6.5, color=_WARN if one.warns else _INK, parse_math=False)
        if one.warns:
            axes.spines[:].set(color=_WARN, linewidth=_FRAME)
    with warnings.catch_warnings():
        # Letters of scripts that the font lacks are drawn as boxes: names stand in the tables beside the sheet, too.
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    write_whole(Path(path), encode_jpeg(np.ascontiguousarray(pixels), 88))


def show_picture(axes: Any, path: str) -> None:
    """Draw a picture, small, into matplotlib's axes; of one that cannot be read, that it cannot."""
    pixels = thumbnail(path)
    if pixels is None:
        axes.text(0.5, 0.5, "unreadable", ha="center", va="center", color=_GREY, fontsize=7)
    else:
        axes.imshow(pixels)
    axes.set_xticks([])
    axes.set_yticks([])
