"""Where the photos were taken, as a plain map: north is up, a metre is as long everywhere."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from crackscope.records import Inspected
from crackscope.reports.formatting import count
from crackscope.reports.inspection_classes import WidthClasses, class_of
from crackscope.reports.inspection_widest import widest_zone

WIDTH, HEIGHT = 720, 420
_MARGIN = 34
_METRES_A_DEGREE = 111_320.0
_SMALLEST_M = 2.0
_STEPS = (1, 2, 5)
_UNDER = ("unmeasured", "doubt", "sound")
_APART = 10.0
"""Spots nearer to each other than so many units of the drawing would hide one another, and become one mark."""
_COMPASS = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")
_WEDGES_DEG = 10
"""Of photos at one place, directions are drawn to so many degrees."""


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
    verdict: str
    name: str

    @property
    def says(self) -> str:
        """What it is called by, and what it shows."""
        return f"{self.name}: {self.verdict}"


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark on the map: a photo, or several at one place, in the order in which they were given."""

    x: float
    y: float
    spots: list[Spot] = field(default_factory=list)

    @property
    def number(self) -> int:
        """That of its first photo."""
        return self.spots[0].number

    @property
    def alone(self) -> bool:
        """Whether it is of one photo only."""
        return len(self.spots) == 1

    @property
    def kind(self) -> str:
        """That of the worst of its photos."""
        return max((spot.kind for spot in self.spots), key=_severity)

    @property
    def directions(self) -> list[float]:
        """Where its cameras looked, each direction once."""
        known = [spot.direction for spot in self.spots if spot.direction is not None]
        return known if self.alone else sorted({round(one / _WEDGES_DEG) * _WEDGES_DEG % 360.0 for one in known})

    @property
    def radius(self) -> float:
        """Of the circle that holds the number of its photos."""
        return 8 + 2.5 * len(str(len(self.spots)))

    @property
    def says(self) -> str:
        """What it shows, in words."""
        if self.alone:
            return self.spots[0].says
        verdicts = Counter(spot.verdict for spot in self.spots)
        shown = ", ".join(f"{many:,} {verdict}" for verdict, many in verdicts.items())
        return f"{count(len(self.spots), 'photo')}: {shown}"


@dataclass(frozen=True, slots=True)
class PhotoMap:
    """The drawing. spots, marks: the first lie under the others. bar: length of the scale bar in its units; bar_says:
    what that is on the ground. place: where the only mark lies, and where its cameras looked, in words, which tell more
    than a sheet with one spot in its middle; "" of several.
    """

    spots: tuple[Spot, ...]
    marks: tuple[Mark, ...]
    bar: float
    bar_says: str
    without: int
    place: str = ""
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def kinds(self) -> set[str]:
        """Those of the photos on it, which its legend explains."""
        return {spot.kind for spot in self.spots}

    @property
    def units(self) -> int:
        """In how many units there are widths on it: mm, px, both or none."""
        return len({kind[:2] for kind in self.kinds - set(_UNDER)})


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
            verdict=one.verdict,
            name=names[one.path],
        )
        for (one, _, _), e, n in zip(placed, east, north, strict=True)
    ]
    bar, says = _bar(scale)
    ordered = sorted(spots, key=lambda spot: _layer(spot.kind))
    marks = sorted(_marks(spots), key=lambda mark: _layer(mark.kind))
    lone = _place(marks[0], placed[0][1], placed[0][2]) if len(marks) == 1 else ""
    return PhotoMap(tuple(ordered), tuple(marks), bar, says, len(photos) - len(placed), lone)


def _place(mark: Mark, latitude: float, longitude: float) -> str:
    """To a metre, which is finer than receivers are."""
    north, east = "N" if latitude >= 0 else "S", "E" if longitude >= 0 else "W"
    looked = [_COMPASS[at] for at in sorted({round(one / 45) % 8 for one in mark.directions})]
    towards = f", looking {' and '.join(filter(None, (', '.join(looked[:-1]), looked[-1])))}" if looked else ""
    return f"{abs(latitude):.5f}° {north}, {abs(longitude):.5f}° {east}{towards}"


def _marks(spots: Iterable[Spot]) -> list[Mark]:
    """Each spot by itself, or with the first that it would hide."""
    marks: list[Mark] = []
    squares: dict[tuple[int, int], list[Mark]] = {}
    for spot in spots:
        column, row = int(spot.x // _APART), int(spot.y // _APART)
        around = [(column + right, row + down) for right in (-1, 0, 1) for down in (-1, 0, 1)]
        near = (mark for square in around for mark in squares.get(square, ()))
        mark = next((one for one in near if math.hypot(one.x - spot.x, one.y - spot.y) < _APART), None)
        if mark is None:
            mark = Mark(spot.x, spot.y)
            marks.append(mark)
            squares.setdefault((column, row), []).append(mark)
        mark.spots.append(spot)
    return marks


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
    if kind in _UNDER:
        return _UNDER.index(kind), 0
    unit, place = kind.split("-")
    return len(_UNDER) + (unit == "mm"), int(place)


def _severity(kind: str) -> tuple[int, int]:
    """Which of the kinds at one place is told: the widest crack, then what is in doubt, before what is sound."""
    layer, place = _layer(kind)
    return (-layer, 0) if kind in _UNDER else (layer, place)


def _bar(scale: float) -> tuple[float, str]:
    """A round length between 50 and 125 units of the drawing."""
    least = 50 / scale
    power = 10.0 ** math.floor(math.log10(least))
    metres = next(step * power for step in (*_STEPS, 10) if step * power >= least)
    says = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m" if metres >= 1 else f"{metres * 100:g} cm"
    return round(metres * scale, 1), says
