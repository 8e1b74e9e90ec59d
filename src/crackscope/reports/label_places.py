"""Where the numbers of zones stand in a photo: beside their cracks, and on no other crack or number."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from crackscope.records import Zone

_GRAIN = 4
"""Places are tried on a grid so much coarser than the photo."""
_ALONG = (0.5, 0.25, 0.75, 0.0, 1.0)
_ON_A_NUMBER = 3
"""A number that covers another does so much more harm than one that covers a crack."""

Place = tuple[int, int]
"""left and top, px."""


class LabelPlaces:
    """The places that are still free in one photo."""

    def __init__(self, shape: tuple[int, int], zones: Sequence[Zone]) -> None:
        """shape: height and width of the photo, px. zones: all that are marked in it."""
        import cv2

        self._shape = shape
        self._taken = np.zeros((-(-shape[0] // _GRAIN), -(-shape[1] // _GRAIN)), np.uint8)
        for zone in zones:
            rings = [np.rint(np.asarray(ring) / _GRAIN).astype(np.int32) for ring in zone.outline if ring]
            cv2.drawContours(self._taken, rings, -1, 1, cv2.FILLED)

    def take(self, zone: Zone, size: tuple[int, int], away: float) -> Place:
        """Where a plate of (width, height) px stands best, `away` px from the middle of the crack; it is taken then."""
        places = [self._inside(place, size) for place in _beside(zone, size, away)]
        left, top = min(places, key=lambda place: self._harm(place, size))
        self._window((left, top), size)[...] = _ON_A_NUMBER
        return left, top

    def _inside(self, place: tuple[float, float], size: tuple[int, int]) -> Place:
        left, top = (
            max(0, min(round(start), whole - side - 1))
            for start, side, whole in zip(place, size, self._shape[::-1], strict=True)
        )
        return left, top

    def _harm(self, place: Place, size: tuple[int, int]) -> int:
        return int(self._window(place, size).sum(dtype=np.int64))

    def _window(self, place: Place, size: tuple[int, int]) -> NDArray[np.uint8]:
        (left, top), (width, height) = place, size
        return self._taken[
            top // _GRAIN : -(-(top + height) // _GRAIN),
            left // _GRAIN : -(-(left + width) // _GRAIN),
        ]


def _beside(zone: Zone, size: tuple[int, int], away: float) -> Iterator[tuple[float, float]]:
    """Left and top of plates on both sides of the zone's longest line, the middle of it first."""
    lines = [np.asarray(line, np.float64).reshape(-1, 2) for line in zone.centreline or zone.outline]
    line = max((line for line in lines if len(line)), key=_length, default=None)
    if line is None:
        yield float(zone.box[0]), float(zone.box[1])
        return
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
        for way in (across, -across):
            centre = point + way * (away + float(np.abs(way) @ half))
            yield float(centre[0] - half[0]), float(centre[1] - half[1])


def _length(line: NDArray[np.float64]) -> float:
    return float(np.hypot(*np.diff(line, axis=0).T).sum())
