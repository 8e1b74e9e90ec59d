"""The plane of a surface, from a square marker of known size that lies on it.

ArUco markers: Garrido-Jurado et al., "Automatic generation and detection of highly reliable fiducial markers under
occlusion", Pattern Recognition 47 (2014). The four corners give the homography from px to mm on the surface (Hartley
and Zisserman, "Multiple View Geometry", chapter 2); how much its scale is off at a place follows from how well the
corners are known. Where they do not tell vanishing lines from parallels, the map is affine, as for a camera far away
(the same, chapter 6.3). Lens distortion is not modelled.
"""

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.marker_corners import SMALLEST_SIDE_PX, Marker, find_markers, shaken_by
from crackscope.records import NORMAL_95, PhotoScale, Point

DICTIONARIES = (
    *(f"{bits}X{bits}_{count}" for bits in (4, 5, 6, 7) for count in (50, 100, 250, 1000)),
    "ARUCO_ORIGINAL",
    "APRILTAG_36h11",
)
CORNER_ERROR_PX = 0.1
"""Standard deviation of each coordinate of a corner of which nothing is known: 0.03 to 0.1 on generated photos with
noise and blur."""

_SAME_SIZE = 0.15
"""Markers of one print differ by less, as a share of their side: what a lens or a wall bends."""
_RIM = 0.2
"""White paper around the black square, as a share of its side: one cell of the pattern at least, two with 8 cells."""
MOST_ERROR = 0.25
"""Standard deviation of the scale, as a share of it, above which there is none: from 0.2551 on the 95 % interval is
wider than the value itself."""
FARTHEST = 3.0
"""The scale at a place over that at the marker, above which there is none: the horizon is near, where a slight lens
distortion or a wall that is not quite plane multiplies."""
_TILT_SEEN = 5.99
"""Square of the perspective terms in units of their errors, from which on they are seen: 95 % of chi squared with two
degrees of freedom lie below."""
_CONTRADICTION = 0.25
"""Markers of two prints give scales at one place that differ by more, as a share, if their sides are not alike."""


class TooSmall(NamedTuple):
    """A marker that is seen, and has a side too short for a scale. number: in its dictionary. Sides in px."""

    number: int
    shortest_px: float
    longest_px: float


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """to_mm: float64 [3, 3], px to mm on the surface. shaken: float64 [n, 3, 3], the same with one thing off by its
    standard error, each in turn. marker: the middle of it, px. side_mm: of it. rivals: the numbers of this marker and
    of one that has another size, so which of the two has the side that was given is not known. beside: other markers
    that are seen, each in a plane and a measure of its own: where they lie, and no more. too_small: where no marker is
    large enough, this one; then the plane, too, is where it lies, and no more."""

    to_mm: NDArray[np.float64]
    shaken: NDArray[np.float64]
    marker: Point
    side_mm: float
    rivals: tuple[int, int] | None = None
    too_small: TooSmall | None = None
    beside: "tuple[Plane, ...]" = ()

    def along(self, at: NDArray[np.float64], way: NDArray[np.float64]) -> NDArray[np.float64]:
        """mm per px at places, float64 [k, 2] px, in the direction of unit vectors, float64 [k, 2]; float64 [k]."""
        moved = np.einsum("kij,kj->ki", _jacobians(self.to_mm, at), way)
        return np.asarray(np.hypot(moved[:, 0], moved[:, 1]), np.float64)

    def across(self, at: NDArray[np.float64], way: NDArray[np.float64]) -> NDArray[np.float64]:
        """mm per px between the two sides of a strip that runs this way; float64 [k].

        The strip's width is its area over its length, whatever the shear; without a way, as of a point, the root of
        the area.
        """
        area, along = _areas(self.to_mm, at), self.along(at, way)
        return np.asarray(np.divide(area, along, out=np.sqrt(area), where=along > 0), np.float64)

    def relative_error(self, place: Point) -> float:
        """One standard deviation of the scale (root of the area's) at a place, as a share of it."""
        return float(self._relative_errors(np.array([place]))[0])

    def _relative_errors(self, at: NDArray[np.float64]) -> NDArray[np.float64]:
        """Infinite where a place lies beyond the horizon as soon as one thing is off by its error; float64 [k]."""
        scale = np.sqrt(_areas(self.to_mm, at))
        moved = np.stack([np.where(_depths(one, at) > 0, np.sqrt(_areas(one, at)), np.inf) for one in self.shaken])
        return np.asarray(np.sqrt(((moved / scale - 1) ** 2).sum(axis=0)), np.float64)

    def holds(self, at: NDArray[np.float64]) -> bool:
        """Whether there is a scale at all of these places, float64 [k, 2] px: they lie before the plane's horizon, a
        px there is no more than FARTHEST times what it is at the marker, and no error is above MOST_ERROR."""
        if not (_depths(self.to_mm, at) > 0).all():
            return False
        most = FARTHEST**2 * _areas(self.to_mm, np.array([self.marker]))
        return bool((_areas(self.to_mm, at) <= most).all() and (self._relative_errors(at) <= MOST_ERROR).all())

    def covers(self, at: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which of these places, float64 [k, 2] px, a marker's print lies on, its white rim included; bool [k]."""
        rim = _RIM * self.side_mm
        mapped = _mapped(self.to_mm, at)
        inside = ((mapped > -rim) & (mapped < self.side_mm + rim)).all(axis=1)
        covered = np.asarray(inside & (_depths(self.to_mm, at) > 0), np.bool_)
        for other in self.beside:
            covered |= other.covers(at)
        return covered

    def scale(self, width: int, height: int) -> PhotoScale:
        """The record of it. The mm per px are those at the middle of the photo, or of the marker if none hold there."""
        middle: Point = ((width - 1) / 2, (height - 1) / 2)
        if not self.holds(np.array([middle])):
            middle = self.marker
        return PhotoScale(
            mm_per_px=float(np.sqrt(_areas(self.to_mm, np.array([middle]))[0])),
            source="marker",
            relative_error=self.relative_error(middle),
            homography=tuple(float(number) for number in self.to_mm.ravel()),
        )


def find_plane(pixels: NDArray[np.uint8], side_mm: float, dictionary: str = "4X4_50") -> Plane | None:
    """The plane of the largest marker in a photo, uint8 [h, w, 3] RGB; None where no marker is seen.

    side_mm: of the black square. dictionary: one of DICTIONARIES. One with a side under SMALLEST_SIDE_PX is passed over
    where there is another, else the plane says that it is too small.
    """
    markers = find_markers(pixels, dictionary)
    if not markers:
        return None
    large = [one for one in markers if one.shortest_px >= SMALLEST_SIDE_PX]
    first = (large or markers)[0]
    plane = plane_of(first.corners, side_mm, first.shaken)
    rivals = [one.number for one in large[1:] if _contradicts(first, one, plane)]
    return replace(
        plane,
        rivals=(first.number, rivals[0]) if rivals else None,
        too_small=None if large else TooSmall(first.number, first.shortest_px, first.longest_px),
        beside=tuple(plane_of(one.corners, 1.0, one.shaken) for one in markers if one is not first),
    )


def _contradicts(first: Marker, other: Marker, plane: Plane) -> bool:
    """Whether the two cannot both have the side that the first one's plane is built on."""
    if first.number == other.number:
        return _differs(plane, other.corners)
    others = plane_of(other.corners, plane.side_mm, other.shaken)
    return any(_part(plane, others, place) for place in (plane.marker, others.marker))


def _part(one: Plane, other: Plane, place: Point) -> bool:
    """Whether two planes have scales at a place, and these differ by more than what either may be off."""
    here = np.array([place])
    if not (one.holds(here) and other.holds(here)):
        return False
    ratio = float(np.sqrt(_areas(one.to_mm, here) / _areas(other.to_mm, here))[0])
    error = NORMAL_95 * math.hypot(one.relative_error(place), other.relative_error(place))
    return max(ratio, 1 / ratio) - 1 > max(_CONTRADICTION, error)


def _differs(plane: Plane, corners: NDArray[np.float64]) -> bool:
    """Whether another marker, float64 [4, 2] px, has another size in this plane, by more than the plane may be off."""
    if (_depths(plane.to_mm, corners) <= 0).any():
        return True
    there = _mapped(plane.to_mm, corners)
    side_mm = float(np.hypot(*(np.roll(there, -1, axis=0) - there).T).mean())
    x, y = corners.mean(axis=0)
    return abs(side_mm / plane.side_mm - 1) > _SAME_SIZE + 3 * plane.relative_error((float(x), float(y)))


def plane_of(corners: NDArray[np.float64], side_mm: float, shaken: NDArray[np.float64] | None = None) -> Plane:
    """The plane in which these corners, float64 [4, 2] px clockwise from the upper left, are a square of this side.

    shaken: float64 [8, 4, 2], the corners with one thing off by its standard error, each in turn; without it each
    coordinate may be off by CORNER_ERROR_PX. Perspective that is within its own error is left out, and what it would
    have changed is one more thing that may be off.
    """
    moved = shaken_by(corners, CORNER_ERROR_PX) if shaken is None else shaken
    x, y = corners.mean(axis=0)
    middle: Point = (float(x), float(y))
    to_mm = _homography(corners, side_mm)
    homographies = np.stack([_homography(one, side_mm) for one in moved])
    if _tilt_is_seen(to_mm, homographies, middle):
        return Plane(to_mm, homographies, middle, side_mm)
    flat = _affine(corners, side_mm)
    off = homographies @ np.linalg.inv(to_mm) @ flat
    return Plane(flat, np.concatenate([off, to_mm[None]]), middle, side_mm)


def _tilt_is_seen(to_mm: NDArray[np.float64], shaken: NDArray[np.float64], middle: Point) -> bool:
    """Whether the perspective terms are beyond their own error."""
    terms = _perspective(to_mm, middle)
    off = np.stack([_perspective(one, middle) - terms for one in shaken])
    return bool(terms @ np.linalg.solve(off.T @ off, terms) > _TILT_SEEN)


def _perspective(to_mm: NDArray[np.float64], middle: Point) -> NDArray[np.float64]:
    """By which share the depth changes for a px in x and in y; float64 [2]."""
    return np.asarray(to_mm[2, :2] / _depths(to_mm, np.array([middle])), np.float64)


def _affine(corners: NDArray[np.float64], side_mm: float) -> NDArray[np.float64]:
    """float64 [3, 3], px to mm without perspective, by least squares: what is foreshortened stays so."""
    middle = corners.mean(axis=0)
    square = side_mm * np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64)
    turned = np.linalg.lstsq(corners - middle, square - side_mm / 2, rcond=None)[0].T
    return np.vstack([np.c_[turned, side_mm / 2 - turned @ middle], [0, 0, 1]])


def _homography(corners: NDArray[np.float64], side_mm: float) -> NDArray[np.float64]:
    """Solved exactly for four corners; the third coordinate is positive on the marker's side of the horizon."""
    middle, size = corners.mean(axis=0), float(np.ptp(corners))
    near = (corners - middle) / size
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64)
    rows, values = [], []
    for (x, y), (u, v) in zip(near, square, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    solved = np.append(np.linalg.solve(np.array(rows), np.array(values)), 1.0).reshape(3, 3)
    shift = np.array([[1, 0, -middle[0]], [0, 1, -middle[1]], [0, 0, size]]) / size
    return np.asarray(np.diag([side_mm, side_mm, 1.0]) @ solved @ shift, np.float64)


def _depths(to_mm: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(places @ to_mm[2, :2] + to_mm[2, 2], np.float64)


def _mapped(to_mm: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    flat = places @ to_mm[:, :2].T + to_mm[:, 2]
    return np.asarray(flat[:, :2] / flat[:, 2:], np.float64)


def _jacobians(to_mm: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64 [k, 2, 2]: by how many mm a place moves on the surface for a px in x and in y."""
    mapped, depths = _mapped(to_mm, places), _depths(to_mm, places)
    upper = to_mm[None, :2, :2] - mapped[:, :, None] * to_mm[None, None, 2, :2]
    return np.asarray(upper / depths[:, None, None], np.float64)


def _areas(to_mm: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.abs(np.linalg.det(_jacobians(to_mm, places))), np.float64)
