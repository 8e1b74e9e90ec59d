"""Zones as marks over a photo: SVG paths with no more corners than the eye needs."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from crackscope.records import Inspected, Point, Zone
from crackscope.reports.inspection_classes import WidthClasses, class_of, largest_width

_FINEST_PX = 0.6
_SHARE = 1 / 4000
_ROUGH_SHARE = 1 / 400
MOST_DRAWN = 8_000_000
_TILE = 160
"""Longest side of a tile of the map of zones, in units of the drawing."""


@dataclass(frozen=True, slots=True)
class ZoneMark:
    """One zone of a photo. kind: the class of the style sheet that holds its colour. left, top: of its number, per
    cent of the photo. box: left, top, width, height in px. Texts are as they are read."""

    number: int
    kind: str
    class_name: str
    outline: str
    centreline: str
    left: float
    top: float
    box: tuple[int, int, int, int]
    width: str
    width_range: str
    median: str
    length: str
    orientation: str
    probability: float


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
        marks = tuple(_mark(photo, zone, self._classes, (reach, fine)) for zone in zones)
        self._left -= sum(len(mark.outline) + len(mark.centreline) for mark in marks)
        return marks


def _mark(photo: Inspected, zone: Zone, classes: dict[str, WidthClasses], how: tuple[float, bool]) -> ZoneMark:
    reach, fine = how
    known, place = class_of(zone, classes)
    widest, unit = largest_width(zone)
    median = zone.width_median_px if zone.width_median_mm is None else zone.width_median_mm
    x, y = _top(zone)
    return ZoneMark(
        number=zone.number,
        kind=f"{known.unit}-{place}",
        class_name=known.name(place),
        outline=_path(zone.outline, reach, closed=True) if fine or not zone.centreline else "",
        centreline=_path(zone.centreline, reach, closed=False),
        left=round(100 * min(1.0, max(0.0, (x + 0.5) / photo.width)), 2),
        top=round(100 * min(1.0, max(0.0, (y + 0.5) / photo.height)), 2),
        box=zone.box,
        width=length_text(widest.value, unit),
        width_range=f"{length_number(widest.low, unit)} to {length_text(widest.high, unit)}",
        median=length_text(median.value, unit),
        length=whole_length(zone),
        orientation=f"{round(zone.orientation_deg) % 180}°",
        probability=zone.probability,
    )


def length_number(value: float, unit: str) -> str:
    """A width as it is read, without its unit."""
    return f"{value:.1f}" if unit == "px" or value >= 10 else f"{value:.2f}"


def length_text(value: float, unit: str) -> str:
    """A width with its unit: `0.82 mm`, `3.4 px`."""
    return f"{length_number(value, unit)} {unit}"


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


def _top(zone: Zone) -> Point:
    """The uppermost place of a zone, where its number stands."""
    points = [point for line in zone.outline or zone.centreline for point in line]
    return min(points, key=lambda point: point[1]) if points else (float(zone.box[0]), float(zone.box[1]))


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
