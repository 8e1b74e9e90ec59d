"""Classes of crack width: their names and the colours of their marks."""

from dataclasses import dataclass
from typing import Literal

from crackscope.records import Estimate, Zone
from crackscope.reports.inspection_facts import InspectionFacts

_RAMP = ("#ffe45c", "#ffb52e", "#ff7a2f", "#ee3550", "#c2137f", "#7a1fa2")
"""From thin to wide. The luminance falls all the way, so the order survives colour blindness and a grey print."""

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class WidthClasses:
    """Classes between ascending limits; a width that equals a limit is still below it.

    unit: mm, or px for photos without a scale.
    """

    limits: tuple[float, ...]
    unit: Literal["mm", "px"]

    @property
    def count(self) -> int:
        """How many classes there are, one more than limits."""
        return len(self.limits) + 1

    def place(self, width: float) -> int:
        """Which class a width falls into: 0 is the thinnest."""
        return sum(width > limit for limit in self.limits)

    def name(self, place: int) -> str:
        """A class in words: `0.2 to 0.3 mm`."""
        if place == 0:
            return f"up to {self.limits[0]:g} {self.unit}"
        if place == len(self.limits):
            return f"over {self.limits[-1]:g} {self.unit}"
        return f"{self.limits[place - 1]:g} to {self.limits[place]:g} {self.unit}"

    def colour(self, place: int) -> Colour:
        """RGB, 0 to 255, of the marks of a class."""
        at = place / max(1, self.count - 1) * (len(_RAMP) - 1)
        low = min(int(at), len(_RAMP) - 2)
        first, second = _channels(_RAMP[low]), _channels(_RAMP[low + 1])
        red, green, blue = (round(a + (at - low) * (b - a)) for a, b in zip(first, second, strict=True))
        return red, green, blue


def _channels(colour: str) -> Colour:
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue


def hexadecimal(colour: Colour) -> str:
    """A colour as a style sheet writes it."""
    return "#" + bytes(colour).hex()


def luminance(colour: Colour) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def text_on(colour: Colour) -> Colour:
    """Black or white, whichever is read better on a colour."""
    black, white = (luminance(colour) + 0.05) / 0.05, 1.05 / (luminance(colour) + 0.05)
    return (0, 0, 0) if black >= white else (255, 255, 255)


def classes_of(facts: InspectionFacts) -> dict[str, WidthClasses]:
    """The classes by unit. Limits that are not ascending are put in order."""
    return {
        "mm": WidthClasses(tuple(sorted(facts.limits_mm)) or (1.0,), "mm"),
        "px": WidthClasses(tuple(sorted(facts.limits_px)) or (1.0,), "px"),
    }


def class_styles(classes: dict[str, WidthClasses]) -> list[tuple[str, str, str]]:
    """(kind, colour, colour of text on it) of every class, as a style sheet writes them. kind: `mm-2` and the like."""
    return [
        (f"{one.unit}-{place}", hexadecimal(one.colour(place)), hexadecimal(text_on(one.colour(place))))
        for one in classes.values()
        for place in range(one.count)
    ]


def largest_width(zone: Zone) -> tuple[Estimate, Literal["mm", "px"]]:
    """The largest width of a zone in mm, or in px where no scale is known."""
    return (zone.width_max_px, "px") if zone.width_max_mm is None else (zone.width_max_mm, "mm")


def class_of(zone: Zone, classes: dict[str, WidthClasses]) -> tuple[WidthClasses, int]:
    """The classes that a zone is sorted by, and its place among them."""
    width, unit = largest_width(zone)
    return classes[unit], classes[unit].place(width.value)
