"""How large a pixel is on the surface, from what the user knows, and the measures of zones in mm that follow.

Everywhere the surface is taken to be a plane; without a marker, one that the camera looks at squarely.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from crackscope.images import Ground, Optics
from crackscope.inspection.marker import Plane, TooSmall, find_plane
from crackscope.inspection.marker_corners import SMALLEST_SIDE_PX
from crackscope.inspection.polylines import told
from crackscope.inspection.scaling import Scaling
from crackscope.inspection.summing import in_order
from crackscope.inspection.width_classes import DEFAULT_LIMITS_MM, width_class
from crackscope.inspection.zones import Traced
from crackscope.records import NORMAL_95, Estimate, PhotoScale, Point, Zone

FULL_FRAME_DIAGONAL_MM = math.hypot(36, 24)
"""The 35 mm equivalent focal length compares diagonals (CIPA DCG-001)."""
MARKERS_DIFFER = "two markers of the same number differ in size, cover one of them or give the scale otherwise"
MARKERS_DISAGREE = "two markers disagree on the scale, numbers {} and {}, cover one of them or give the scale otherwise"
MARKER_SMALL = (
    "marker {} is seen, but too small to give a scale, {:.0f} px a side where {:.0f} are needed: go closer, take the "
    "photo in more px, or print the marker larger"
)
MARKER_OBLIQUE = (
    "marker {} is seen, but too obliquely to give a scale, {:.0f} px across where {:.0f} are needed: face the surface "
    "more squarely, or go closer"
)
MARKER_BEYOND = (
    "the marker's scale does not hold at {} of {}, too far from it or too oblique: put it nearer to them, face the "
    "surface more squarely, or give the scale otherwise"
)
_OBLIQUE = 2.0
"""A marker too small is so by its tilt where its longest side is so many times its shortest: from 60 degrees on."""
_ROUNDING = 1 / math.sqrt(12)
"""Standard deviation of what rounding to whole numbers does."""


class Focal(NamedTuple):
    """The focal length of a photo in px, and one standard deviation of what EXIF has rounded away, as a share."""

    px: float
    relative_error: float


@dataclass(frozen=True, slots=True, eq=False)
class Ruler:
    """Turns px of one photo into mm. plane: where a marker gave the perspective, else every pixel is alike.
    size_error: of the marker's size, one standard deviation as a share of it."""

    scale: PhotoScale
    plane: Plane | None = None
    size_error: float = 0.0

    @property
    def doubt(self) -> str:
        """Why there are no mm by it all the same, "" where it holds."""
        if self.plane is None:
            return ""
        if self.plane.too_small is not None:
            return _too_small(self.plane.too_small)
        if self.plane.rivals is None:
            return ""
        one, other = self.plane.rivals
        return MARKERS_DIFFER if one == other else MARKERS_DISAGREE.format(one, other)

    def along(self, at: NDArray[np.float64], way: NDArray[np.float64]) -> NDArray[np.float64]:
        """mm per px at places, float64 [k, 2] px, in the direction of unit vectors, float64 [k, 2]; float64 [k]."""
        return np.full(len(at), self.scale.mm_per_px) if self.plane is None else self.plane.along(at, way)

    def across(self, at: NDArray[np.float64], way: NDArray[np.float64]) -> NDArray[np.float64]:
        """mm per px of the width of a crack that runs this way at these places; float64 [k]."""
        return np.full(len(at), self.scale.mm_per_px) if self.plane is None else self.plane.across(at, way)

    def relative_error(self, place: Point) -> float:
        """One standard deviation of the scale at a place, as a share of it."""
        if self.plane is None:
            return self.scale.relative_error
        return math.hypot(self.plane.relative_error(place), self.size_error)

    def sees(self, at: NDArray[np.float64]) -> bool:
        """Whether there is a scale at all of these places: not beyond the plane's horizon, nor where it is a guess."""
        return self.plane is None or self.plane.holds(at)


def _too_small(marker: TooSmall) -> str:
    oblique = marker.longest_px >= _OBLIQUE * marker.shortest_px
    said = MARKER_OBLIQUE if oblique else MARKER_SMALL
    # Rounded down, so that it is below what is needed.
    return said.format(marker.number, math.floor(marker.shortest_px), SMALLEST_SIDE_PX)


def find_ruler(
    scaling: Scaling, path: str, pixels: NDArray[np.uint8], focal: Focal | None, ground: Ground | None = None
) -> Ruler | None:
    """The scale of one photo, uint8 [h, w, 3]; None where nothing is known, or the photo does not hold what it takes.

    That is: no row in the table, no marker seen, no focal length in EXIF (see `Scaling.missing`); and, where nothing is
    given, no georeference that tells.
    """
    error = scaling.relative_error
    if not scaling.known and ground is not None and ground.mm_per_px is not None:
        return Ruler(PhotoScale(mm_per_px=ground.mm_per_px, source="georeference", relative_error=error))
    if scaling.mm_per_px is not None:
        return Ruler(PhotoScale(mm_per_px=scaling.mm_per_px, source="flag", relative_error=error))
    if scaling.table is not None and path in scaling.table:
        mm_per_px, own = scaling.table[path]
        return Ruler(PhotoScale(mm_per_px=mm_per_px, source="table", relative_error=own or error))
    if scaling.distance_m is not None and focal is not None:
        mm_per_px, both = scaling.distance_m * 1000 / focal.px, math.hypot(focal.relative_error, error)
        return Ruler(PhotoScale(mm_per_px=mm_per_px, source="distance", relative_error=both))
    if scaling.marker_mm is not None:
        plane = find_plane(pixels, scaling.marker_mm, scaling.dictionary)
        return None if plane is None else _by_marker(plane, (pixels.shape[1], pixels.shape[0]), error)
    return None


def _by_marker(plane: Plane, size: tuple[int, int], error: float) -> Ruler:
    """The scale by a marker in a photo of so many px across and down, whose size may be off by so much."""
    scale = plane.scale(*size)
    both = math.hypot(scale.relative_error, error)
    return Ruler(msgspec.structs.replace(scale, relative_error=both), plane, error)


def focal_length(optics: Optics, stored_px: tuple[int, int]) -> Focal | None:
    """The focal length of a whole, uncropped photo of (width, height) px as stored; None where EXIF does not tell.

    The 35 mm equivalent comes first, since it needs no sensor; else the focal length and the width of the sensor.
    """
    if optics.focal_35mm:
        px = optics.focal_35mm * math.hypot(*stored_px) / FULL_FRAME_DIAGONAL_MM
        return Focal(px, _ROUNDING / optics.focal_35mm)
    if optics.focal_mm and optics.sensor_width_mm:
        return Focal(optics.focal_mm * stored_px[0] / optics.sensor_width_mm, 0.0)
    return None


def beyond(zones: Sequence[Zone]) -> str:
    """Why some zones of a photo that has a scale have no mm, and what to do; "" where all have."""
    bare = sum(zone.length_mm is None for zone in zones)
    return MARKER_BEYOND.format(bare, f"{len(zones)} crack{'s' * (len(zones) > 1)}") if bare else ""


def zone_in_mm(traced: Traced, ruler: Ruler, limits_mm: tuple[float, ...] = DEFAULT_LIMITS_MM) -> Zone:
    """The zone with its length and widths in mm and its class of width; unchanged where there is no scale.

    Under perspective the length is summed along the centre line in the plane of the surface, and each width is scaled
    by what a px across the crack means at its place before they are summed up again. Intervals keep their share of
    the value, widened by the error of the scale in the middle of the zone, however large that is. Only where the plane
    of a marker does not hold (see `Plane.holds`) has a zone no mm.
    """
    zone = traced.zone
    steps = _steps(zone)
    if not (ruler.sees(traced.at) and ruler.sees(steps.at)):
        return zone
    length_mm = float((ruler.along(steps.at, steps.way) * steps.px).sum())
    length_px = float(steps.px.sum())
    across = ruler.across(traced.at, traced.way)
    error = ruler.relative_error(_middle(traced.at))

    def in_mm(width: Estimate, summed_up: Callable[[NDArray[np.float64]], float]) -> Estimate:
        px = float(summed_up(traced.width_px))
        factor = float(summed_up(traced.width_px * across)) / px if px > 0 else float(across.mean())
        return _in_mm(width, factor, error)

    p95 = in_mm(zone.width_p95_px, lambda widths: float(np.percentile(widths, 95)))
    median, p95, widest = in_order(in_mm(zone.width_median_px, np.median), p95, in_mm(zone.width_max_px, np.max))
    return msgspec.structs.replace(
        zone,
        length_mm=zone.length_px * length_mm / length_px if length_px > 0 else 0.0,
        width_mean_mm=in_mm(zone.width_mean_px, np.mean),
        width_median_mm=median,
        width_p95_mm=p95,
        width_max_mm=widest,
        width_class=width_class(widest.value, limits_mm),
        widest_at=zone.widest_at if ruler.plane is None else _widest_at(traced, across),
    )


def _widest_at(traced: Traced, across: NDArray[np.float64]) -> Point:
    """Where a crack seen obliquely is widest on the surface, of the places that may be as wide as it is told to be.
    across: mm per px of the width at each, float64 [k]."""
    holes = traced.width_px > traced.zone.width_max_px.high
    return told(traced.at[[np.where(holes, 0.0, traced.width_px * across).argmax()]])[0]


class _Steps(NamedTuple):
    """The segments of centre lines: middles and unit vectors, float64 [k, 2], and lengths in px, float64 [k]."""

    at: NDArray[np.float64]
    way: NDArray[np.float64]
    px: NDArray[np.float64]


def _steps(zone: Zone) -> _Steps:
    lines = [np.asarray(line, np.float64) for line in zone.centreline if len(line) > 1]
    if not lines:
        return _Steps(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0))
    moves = np.concatenate([np.diff(line, axis=0) for line in lines])
    px = np.hypot(moves[:, 0], moves[:, 1])
    way = np.where(px[:, None] > 0, moves / np.maximum(px, 1e-12)[:, None], [1.0, 0.0])
    return _Steps(np.concatenate([(line[1:] + line[:-1]) / 2 for line in lines]), way, px)


def _middle(places: NDArray[np.float64]) -> Point:
    x, y = places.mean(axis=0)
    return float(x), float(y)


def _in_mm(width: Estimate, factor: float, relative_error: float) -> Estimate:
    """Errors of the width and of the scale are independent, so their squares add up."""
    scale_error = NORMAL_95 * relative_error * width.value
    low = width.value - math.hypot(width.value - width.low, scale_error)
    high = width.value + math.hypot(width.high - width.value, scale_error)
    return Estimate(value=width.value * factor, low=max(0.0, low) * factor, high=high * factor)
