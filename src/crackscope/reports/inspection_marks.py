"""Zones as marks over a photo: SVG paths with no more corners than the eye needs."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from crackscope.records import Inspected, Point, Zone
from crackscope.reports.inspection_classes import WidthClasses, class_of, largest_width
from crackscope.reports.label_places import LabelPlaces

_FINEST_PX, _SHARE, _ROUGH_SHARE = 0.6, 1 / 4000, 1 / 400
"""So far a path may lie off what it draws: px at least, a share of the photo's longer side, and that of rough ones."""
MOST_DRAWN = 8_000_000
"""Characters of paths on a page that are drawn finely."""
_CARD = (320, 410)
"""The smallest frame that a photo's card has for it, px of a screen: numbers that stand apart there do so elsewhere."""
_LETTER = 12.16
"""Size of a number's letters there, px (`.tag` in the style sheet)."""
_TILE = 160
"""Longest side of a tile of the map of zones, in units of the drawing."""


class Tag(NamedTuple):
    """Where a number stands. left, top: of its middle on the photo's card, per cent of the photo. at_left, at_top: the
    point of the crack that it stands beside, and right, down: how far from there, in sizes of its letters, so that it
    stays beside the crack where the photo is shown larger."""

    left: float
    top: float
    at_left: float
    at_top: float
    right: float
    down: float


@dataclass(frozen=True, slots=True)
class ZoneMark:
    """One zone of a photo. kind: the class of the style sheet that holds its colour. tag: where its number stands.
    box: left, top, width, height in px. widest: a path of one point, where the crack is widest; "" where that is not
    known. Texts are as they are read."""

    number: int
    kind: str
    class_name: str
    outline: str
    centreline: str
    widest: str
    tag: Tag
    box: tuple[int, int, int, int]
    width: str
    width_range: str
    median: str
    length: str
    orientation: str
    probability: str


class Pen:
    """Draws the marks of photo after photo, finely until MOST_DRAWN characters of paths are spent.

    From then on zones are their centre lines alone, roughly: a page of thousands of photos must still open.
    lines_alone: how many photos were drawn so.
    """

    def __init__(self, classes: dict[str, WidthClasses], most_drawn: int = MOST_DRAWN) -> None:
        self.lines_alone = 0
        self._classes, self._left = classes, most_drawn

    def marks(self, photo: Inspected) -> tuple[ZoneMark, ...]:
        """The marks of a photo's zones, by number."""
        fine = self._left > 0
        self.lines_alone += bool(photo.zones) and not fine
        reach = max(_FINEST_PX, max(photo.width, photo.height) * (_SHARE if fine else _ROUGH_SHARE))
        zones = sorted(photo.zones, key=lambda zone: zone.number)
        scale = min(_CARD[0] / photo.width, _CARD[1] / photo.height)
        places = LabelPlaces((photo.height, photo.width), zones, scale)
        tags = [_tag(zone, places, photo, scale) for zone in zones]
        marks = tuple(
            _mark(photo, zone, self._classes, (reach, fine, tag)) for zone, tag in zip(zones, tags, strict=True)
        )
        self._left -= sum(len(mark.outline) + len(mark.centreline) for mark in marks)
        return marks


def _mark(photo: Inspected, zone: Zone, classes: dict[str, WidthClasses], how: tuple[float, bool, Tag]) -> ZoneMark:
    reach, fine, tag = how
    known, place = class_of(zone, classes)
    widest, unit = largest_width(zone)
    median = zone.width_median_px if zone.width_median_mm is None else zone.width_median_mm
    return ZoneMark(
        number=zone.number,
        kind=f"{known.unit}-{place}",
        class_name=known.name(place),
        outline=_path((*zone.outline, *zone.holes), reach, closed=True) if fine or not zone.centreline else "",
        centreline=_path(zone.centreline, reach, closed=False),
        widest="" if zone.widest_at is None else f"{_path([[zone.widest_at]], reach, closed=False)}h0",
        tag=tag,
        box=zone.box,
        width=length_text(widest.value, unit),
        width_range=f"{length_number(widest.low, unit)} to {length_text(widest.high, unit)}",
        median=length_text(median.value, unit),
        length=whole_length(zone),
        orientation=f"{round(zone.orientation_deg) % 180}°",
        probability=chance_text(zone.probability),
    )


def length_number(value: float, unit: str) -> str:
    """A width as it is read, without its unit."""
    return f"{value:.1f}" if unit == "px" or value >= 10 else f"{value:.2f}"


def length_text(value: float, unit: str) -> str:
    """A width with its unit: `0.82 mm`, `3.4 px`."""
    return f"{length_number(value, unit)} {unit}"


def whole_chance(probability: float) -> int:
    """A probability in ten thousandths, cut off: what lies below 1 or below one half is never told as that."""
    # Without the little that is added, some of what was written in decimals would lose its last.
    return math.floor(10_000 * probability + 1e-7)


def chance_text(probability: float) -> str:
    """A probability as it is read: `0.45`; 0.50 and 1.00 only from there on. The script of the page reads it alike."""
    cut = whole_chance(probability)
    rounded = (cut + 50) // 100
    return f"{(rounded - (rounded in (50, 100) and cut < 100 * rounded)) / 100:.2f}"


def whole_length(zone: Zone) -> str:
    """The length of a zone as it is read: mm, from 1 m on m; px where no scale is known."""
    return f"{zone.length_px:,.0f} px" if zone.length_mm is None else metres(zone.length_mm)


def metres(length_mm: float) -> str:
    """A length on the surface as it is read."""
    return f"{length_mm:,.0f} mm" if length_mm < 1000 else f"{length_mm / 1000:,.2f} m"


def tile_paths(
    photo: Inspected, classes: dict[str, WidthClasses]
) -> tuple[tuple[int, int], list[tuple[int, str, str]]]:
    """The size of a small drawing of a photo, and (number, kind, path) of each zone in it, the most severe last."""
    scale = _TILE / max(photo.width, photo.height)
    size = max(1, round(photo.width * scale)), max(1, round(photo.height * scale))
    drawn = []
    for zone in sorted(photo.zones, key=lambda zone: -zone.number):
        known, place = class_of(zone, classes)
        lines = [[(x * scale, y * scale) for x, y in line] for line in zone.centreline or zone.outline]
        drawn.append((zone.number, f"{known.unit}-{place}", _path(lines, 0.5, closed=False)))
    return size, drawn


def _tag(zone: Zone, places: LabelPlaces, photo: Inspected, scale: float) -> Tag:
    """Where the number of a zone stands. scale: of the card, in whose px the places are."""
    digits = len(str(zone.number))
    size = max(21, math.ceil((0.6 * digits + 0.8) * _LETTER + 2)), math.ceil(1.5 * _LETTER + 2)
    place = places.take(zone, size, scale * zone.width_max_px.value / 2 + 4)
    middle = np.array([place.left + size[0] / 2, place.top + size[1] / 2])
    at, whole = np.array([place.x, place.y]), scale * np.array([photo.width, photo.height])
    right, down = (middle - at) / _LETTER
    shares = 100 * np.clip(np.concatenate([middle / whole, at / whole]), 0, 1)
    left, top, at_left, at_top = (round(float(share), 2) for share in shares)
    return Tag(left, top, at_left, at_top, round(float(right), 2), round(float(down), 2))


def _path(lines: Iterable[Iterable[Point]], reach: float, *, closed: bool) -> str:
    """SVG path data in px from the photo's corner, simplified by at most `reach` px (Douglas and Peucker 1973)."""
    import cv2

    parts = []
    for line in lines:
        points = np.asarray(list(line), np.float32).reshape(-1, 1, 2)
        if not len(points) or not np.isfinite(points).all():
            continue
        kept: Any = cv2.approxPolyDP(points, reach, closed)
        # Steps in tenths of a px, so that rounding does not add up.
        tenths = np.rint((kept.reshape(-1, 2) + 0.5) * 10).astype(np.int64)
        steps = np.diff(tenths, axis=0)
        parts.append(_pair("M", tenths[0]) + "l" * bool(len(steps)) + " ".join(_pair("", step) for step in steps))
        parts.append("z" if closed else "")
    return "".join(parts)


def _pair(sign: str, tenths: Any) -> str:
    x, y = (f"{value / 10:g}" if abs(value) < 10**6 else f"{value / 10:.1f}" for value in tenths.tolist())
    return f"{sign}{x} {y}"
