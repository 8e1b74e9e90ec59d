"""The words by which folders and manifests name labels, parts and surfaces."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from crackscope.arguments import TEXTS, refuse_wrong
from crackscope.records import Label, Part

_CRACK = "positive positives pos crack cracks cracked cracking withcrack withcracks hascrack fissure fissured"
_SOUND = (
    "negative negatives neg sound uncracked nocrack nocracks notcrack notcracked noncrack noncracks noncracked "
    "crackfree crackless withoutcrack withoutcracks uncrack intact undamaged"
)
CRACK_WORDS: Final = frozenset(_CRACK.split())
SOUND_WORDS: Final = frozenset(_SOUND.split())
SDNET_SURFACES: Final = {"d": "deck", "p": "pavement", "w": "wall"}
_SDNET_LABELS: Final[dict[str, Label]] = {"c": "crack", "u": "sound"}
_NUMBERS: Final[dict[str, Label]] = {"1": "crack", "0": "sound"}
_PARTS: Final[dict[str, Part]] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}


class Layout(msgspec.Struct, frozen=True):
    """Folder names that mean crack (`positive`) or sound (`negative`) beside those that are known, in any case."""

    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        refuse_wrong(positive=(self.positive, TEXTS), negative=(self.negative, TEXTS))


KNOWN_WORDS: Final = Layout()
"""No names but those that are known."""


def plain(name: str) -> str:
    """A name without case, spaces, dashes and underscores: `Non-Cracked` and `non_cracked` are one word."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _named(name: str, words: Iterable[str]) -> bool:
    return any(name.casefold() == word.strip().strip("/").casefold() for word in words)


def label_of(name: str, layout: Layout) -> Label | None:
    """The label that a folder of this name gives, or None. Names in the layout come before the known ones."""
    if _named(name, layout.positive):
        return "crack"
    if _named(name, layout.negative):
        return "sound"
    word = plain(name)
    if word in CRACK_WORDS:
        return "crack"
    if word in SOUND_WORDS:
        return "sound"
    return _SDNET_LABELS[word[0]] if surface_of(name) else None


def label_of_cell(text: str, layout: Layout) -> Label | None:
    """The label that a manifest's cell gives: any folder name, 1 or 0; None when it is none of them."""
    return label_of(text.strip(), layout) or _NUMBERS.get(text.strip())


def surface_of(name: str) -> str:
    """The surface in a name like SDNET2018's CD or UW (cracked or not; deck, pavement, wall); "" when it has none."""
    word = plain(name)
    if len(word) == 2 and word[0] in _SDNET_LABELS:
        return SDNET_SURFACES.get(word[1], "")
    return ""


def may_be_picture(name: str) -> bool:
    """Whether a file of this name may be a picture, of a format that is read or not, and is not hidden."""
    from crackscope.images import FOREIGN_SUFFIXES, PICTURE_SUFFIXES

    return not name.startswith(".") and Path(name).suffix.casefold() in {*PICTURE_SUFFIXES, *FOREIGN_SUFFIXES}


def part_of(name: str) -> Part | None:
    """The part that a folder or a cell of this name means, or None."""
    return _PARTS.get(plain(name))
