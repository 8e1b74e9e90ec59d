"""What travels between rooms: frozen records with units in their names.

Paths in records are strings, as the user wrote them or absolute; they become a `Path` where a file is opened.
"""

from typing import Literal

import msgspec

Label = Literal["crack", "sound"]
Part = Literal["train", "val", "test"]
Verdict = Literal["crack", "sound", "cannot judge"]

LABELS: tuple[Label, Label] = ("sound", "crack")
"""Index 0 is sound, index 1 is crack: everywhere, in logits, confusion matrices and files."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One labelled picture.

    path: absolute path of the picture. mask: absolute path of its mask, or None.
    group: rows of one group stay on one side of a split; "" means a group of its own.
    part: None until split. surface: free text, "" when unknown.
    """

    path: str
    label: Label
    part: Part | None = None
    group: str = ""
    mask: str | None = None
    surface: str = ""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a picture could not be read: `kind` is one of `errors.ImageErrorKind`."""

    kind: str
    message: str


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """A picture that could not be read. Written as `{"path", "error": {"kind", "message"}}`."""

    path: str
    error: Failure


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle says of one picture.

    probability: of crack, 0 to 1, calibrated as the bundle says. width, height: pixels as decoded, after the EXIF turn.
    seconds: decoding and network, of this picture alone. tiles: how many pieces were scored (1: the whole at once).
    """

    path: str
    verdict: Verdict
    probability: float
    width: int
    height: int
    seconds: float
    tiles: int = 1


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """A figure with its 95 % interval; None where the figure is not defined (one class only, say)."""

    value: float | None
    low: float | None
    high: float | None
