"""Where the photos were taken, as a plain map: north is up, a metre is as long everywhere."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crackscope.records import Inspected
from crackscope.reports.inspection_classes import WidthClasses, class_of
from crackscope.reports.inspection_widest import widest_zone

WIDTH, HEIGHT = 720, 420
_MARGIN = 34
_METRES_A_DEGREE = 111_320.0
_SMALLEST_M = 2.0
_STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Spot:
    """A photo on the map, in units of the drawing. kind: `mm-2` and the like, or `sound`, or `doubt`, or
    `unmeasured`: cracked, with no crack that is shown.
    """

    number: int
    x: float
    y: float
    kind: str
    direction: float | None
    says: str


@dataclass(frozen=True, slots=True)
class PhotoMap:
    """The drawing. spots: the first lie under the others. bar: length of the scale bar in its units; bar_says: what
    that is on the ground.
    """

    spots: tuple[Spot, ...]
    bar: float
    bar_says: str
    without: int
    width: int = WIDTH
    height: int = HEIGHT


def photo_map(
    photos: Sequence[Inspected], numbers: Mapping[str, int], classes: dict[str, WidthClasses], names: Mapping[str, str]
) -> PhotoMap | None:
    """A map of the photos whose position is known; None where there are none."""
    known = [(one, one.place.latitude, one.place.longitude) for one in photos]
    placed = [(one, lat, lon) for one, lat, lon in known if lat is not None and lon is not None]
    if not placed:
        return None
    middle = math.radians(sum(lat for _, lat, _ in placed) / len(placed))
    start = placed[0][2]
    # Longitudes are taken from the first photo's, the short way round, so that the date line cuts nothing.
    east = [((lon - start + 180) % 360 - 180) * _METRES_A_DEGREE * math.cos(middle) for _, _, lon in placed]
    north = [lat * _METRES_A_DEGREE for _, lat, _ in placed]
    span_x, span_y = max(east) - min(east), max(north) - min(north)
    scale = min(
        (WIDTH - 2 * _MARGIN) / max(span_x, _SMALLEST_M),
        (HEIGHT - 2 * _MARGIN) / max(span_y, _SMALLEST_M),
    )
    spots = [
        Spot(
            number=numbers[one.path],
            x=round(WIDTH / 2 + (e - (max(east) + min(east)) / 2) * scale, 1),
            y=round(HEIGHT / 2 - (n - (max(north) + min(north)) / 2) * scale, 1),
            kind=_kind(one, classes),
            direction=one.place.direction_deg,
            says=f"{names[one.path]}: {one.verdict}",
        )
        for (one, _, _), e, n in zip(placed, east, north, strict=True)
    ]
    bar, says = _bar(scale)
    ordered = sorted(spots, key=lambda spot: _layer(spot.kind))
    return PhotoMap(tuple(ordered), bar, says, len(photos) - len(placed))


def _kind(photo: Inspected, classes: dict[str, WidthClasses]) -> str:
    if photo.verdict == "cannot judge":
        return "doubt"
    if photo.verdict == "sound":
        return "sound"
    widest = widest_zone(photo)
    if widest is None:
        return "unmeasured"
    known, place = class_of(widest, classes)
    return f"{known.unit}-{place}"


def _layer(kind: str) -> tuple[int, int]:
    """Where a spot lies among those at its place: the widest crack on top, photos of which none is shown at the bottom.

    The script of the page orders them alike when cracks are left out.
    """
    under = ("unmeasured", "doubt", "sound")
    if kind in under:
        return under.index(kind), 0
    unit, place = kind.split("-")
    return len(under) + (unit == "mm"), int(place)


def _bar(scale: float) -> tuple[float, str]:
    """A round length between 50 and 125 units of the drawing."""
    least = 50 / scale
    power = 10.0 ** math.floor(math.log10(least))
    metres = next(step * power for step in (*_STEPS, 10) if step * power >= least)
    says = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m" if metres >= 1 else f"{metres * 100:g} cm"
    return round(metres * scale, 1), says
