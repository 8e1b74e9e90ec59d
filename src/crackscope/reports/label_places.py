"""Where the numbers of zones stand in a photo: beside their cracks, and on no other crack or number."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.records import Zone

_GRAIN = 4
"""Places are tried on a grid so much coarser than the photo."""
_ALONG = (0.5, 0.25, 0.75, 0.0, 1.0, 0.375, 0.625, 0.125, 0.875)
"""Shares of a crack's length at which its number is tried, the middle first."""
_ON_A_NUMBER = 9
"""A number that covers another does so much more harm than one that covers a crack."""

_FARTHER = 12
"""What it costs, in places of a crack covered, to stand a whole plate away from the crack, where others lie about."""


class Place(NamedTuple):
    """Left and top of a plate, and the point of the crack beside which it stands, px."""

    left: int
    top: int
    x: float
    y: float


class LabelPlaces:
    """The places that are still free in one photo."""

    def __init__(self, shape: tuple[int, int], zones: Sequence[Zone], scale: float = 1.0) -> None:
        """shape: height and width of the photo, px. zones: all that are marked in it. scale: of the drawing, in whose
        px plates and their places are."""
        import cv2

        shape = max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))
        self._shape, self._scale = shape, scale
        self._taken = np.zeros((-(-shape[0] // _GRAIN), -(-shape[1] // _GRAIN)), np.uint8)
        for zone in zones:
            outlines = (*zone.outline, *zone.holes)
            rings = [np.rint(np.asarray(ring) * scale / _GRAIN).astype(np.int32) for ring in outlines if ring]
            # Rings within rings are holes to this call, so that a number may stand on a slab.
            cv2.drawContours(self._taken, rings, -1, 1, cv2.FILLED)

    def take(self, zone: Zone, size: tuple[int, int], away: float) -> Place:
        """Where a plate of (width, height) px stands best, `away` px from the middle of the crack; it is taken then."""
        line = _longest(zone) * self._scale
        near = [self._inside(place, size) for place in _beside(line, size, away)]
        far = [self._inside(place, size) for place in _beside(line, size, away + max(size))]
        harm = [self._harm(place, size) for place in near] + [self._harm(place, size) + _FARTHER for place in far]
        best = (near + far)[int(np.argmin(harm))]
        self._window(best, size)[...] = _ON_A_NUMBER
        return best

    def _inside(self, place: tuple[float, float, float, float], size: tuple[int, int]) -> Place:
        left, top = (
            max(0, min(round(start), whole - side - 1))
            for start, side, whole in zip(place, size, self._shape[::-1], strict=False)
        )
        return Place(left, top, place[2], place[3])

    def _harm(self, place: Place, size: tuple[int, int]) -> int:
        return int(self._window(place, size).sum(dtype=np.int64))

    def _window(self, place: Place, size: tuple[int, int]) -> NDArray[np.uint8]:
        (left, top), (width, height) = place[:2], size
        return self._taken[
            top // _GRAIN : -(-(top + height) // _GRAIN),
            left // _GRAIN : -(-(left + width) // _GRAIN),
        ]


def _longest(zone: Zone) -> NDArray[np.float64]:
    """The longest line of a zone, [n, 2] px; the corner of its box where it has none."""
    lines = [np.asarray(line, np.float64).reshape(-1, 2) for line in zone.centreline or zone.outline]
    return max((line for line in lines if len(line)), key=_length, default=np.array([zone.box[:2]], np.float64))


def _beside(
    line: NDArray[np.float64], size: tuple[int, int], away: float
) -> Iterator[tuple[float, float, float, float]]:
    """Left and top of plates on both sides of a line, the middle of it first, and beyond its ends; and the points of it
    that they stand at."""
    far = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    half = np.array(size) / 2
    for share in _ALONG:
        at = share * far[-1]
        low, point, high = (
            np.array([np.interp(place, far, line[:, axis]) for axis in (0, 1)]) for place in (at - 5, at, at + 5)
        )
        along = high - low
        long = float(np.hypot(*along))
        across = np.array([along[1], -along[0]]) / long if long else np.array([0.0, -1.0])
        ends = {0.0: (-_turned(across),), 1.0: (_turned(across),)}
        for way in (across, -across, *ends.get(share, ())):
            centre = point + way * (away + float(np.abs(way) @ half))
            yield float(centre[0] - half[0]), float(centre[1] - half[1]), float(point[0]), float(point[1])


def _turned(across: NDArray[np.float64]) -> NDArray[np.float64]:
    """The way along a line, of length 1, from the way across it."""
    return np.array([-across[1], across[0]])


def _length(line: NDArray[np.float64]) -> float:
    return float(np.hypot(*np.diff(line, axis=0).T).sum())
