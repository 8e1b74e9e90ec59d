"""The corners of square markers in a photo, from their edges, and how far off they may be.

OpenCV's own refinement of corners looks at the corner alone and is drawn into the blurred black (measured on generated
photos with sides of 50 to 333 px: off by 0.13 to 0.56 px, one standard deviation, mostly inwards). Here a line is
fitted to each edge at sub-pixel precision and neighbours are made to cross (on the same photos: 0.03 to 0.10 px).
How far off each line is follows from how much its own points scatter about it.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.evidence import Floats

SMALLEST_SIDE_PX = 16.0
"""A marker with a shorter side gives no scale."""
_SEEN_PX = 8.0
"""Whatever the size of the photo, markers are looked for from this side on: those of 9 px with 6 cells are read."""
_ALONG = np.linspace(0.1, 0.9, 41)
"""Where along an edge it is looked at: the corners are rounded by blur."""
_ROUNDS = 3
_MARGIN_PX = 16
"""So much of the photo around a marker is looked at: its corners move by 4 px at most, and edges are seen 6 px wide."""
ROUGH_PX = 0.5
"""Standard deviation of each coordinate of a corner as OpenCV gives it."""
NEIGHBOUR_PX = 20.0
"""Over the square of the shortest side in px: by how much the next cells of a small pattern draw a whole edge aside."""
FLOOR_PX = 0.05
ALIKE_PX = 1.2
"""What places on an edge scatter besides what is seen, and how far apart they are when they no longer scatter alike."""


class Marker(NamedTuple):
    """A marker as seen. number: in its dictionary. corners: float64 [4, 2] px, clockwise from upper left. shaken:
    float64 [8, 4, 2], the corners with one thing off by its standard error, each in turn: all of them independent."""

    number: int
    corners: NDArray[np.float64]
    shaken: NDArray[np.float64]

    @property
    def shortest_px(self) -> float:
        """Its shortest side."""
        return _shortest(self.corners)

    @property
    def longest_px(self) -> float:
        """Its longest side."""
        return float(_sides(self.corners).max())


def find_markers(pixels: NDArray[np.uint8], dictionary: str = "4X4_50") -> list[Marker]:
    """All markers in a photo, uint8 [h, w, 3] RGB, the largest first."""
    import cv2

    settings = cv2.aruco.DetectorParameters()
    settings.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    settings.minMarkerPerimeterRate = 4 * _SEEN_PX / max(pixels.shape[:2])
    # Squares close together are one to OpenCV, and what becomes of the largest becomes of all. So the marker was lost
    # with its print where that lay at the photo's border, or with the square of another marker near by.
    settings.minDistanceToBorder = 0
    settings.minMarkerDistanceRate = 0.05
    words = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, f"DICT_{dictionary}"))
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    found, numbers, _rejected = cv2.aruco.ArucoDetector(words, settings).detectMarkers(grey)
    squares = [np.asarray(square, np.float64).reshape(4, 2) for square in found]
    if not squares:
        return []
    by_size = sorted(
        zip(np.ravel(numbers).tolist(), squares, strict=True),
        key=lambda one: float(cv2.contourArea(one[1].astype(np.float32))),
        reverse=True,
    )
    return [Marker(int(number), *refined(grey, square)) for number, square in by_size]


def _shortest(square: NDArray[np.float64]) -> float:
    return float(_sides(square).min())


def _sides(square: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.hypot(*(np.roll(square, -1, axis=0) - square).T), np.float64)


def refined(grey: NDArray[np.uint8], corners: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Corners, float64 [4, 2] px clockwise, at the crossings of the edges in a grey photo, uint8 [h, w].

    Also float64 [8, 4, 2], with each edge shifted and turned by its standard error; where there are no edges to go
    by, the corners as given, each coordinate off by ROUGH_PX.
    """
    corner = np.maximum(np.floor(corners.min(0)).astype(int) - _MARGIN_PX, 0)
    far = np.ceil(corners.max(0)).astype(int) + _MARGIN_PX
    around = np.ascontiguousarray(grey[corner[1] : far[1], corner[0] : far[0]], np.float32)
    here, shaken = _at_crossings(around, corners - corner)
    return here + corner, shaken + corner


def _at_crossings(grey: Floats, corners: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """As `refined`, in what lies around a marker: float32 [h, w]."""
    here, pattern_px = corners, NEIGHBOUR_PX / _shortest(corners) ** 2
    edges: list[_Edge] = []
    for _round in range(_ROUNDS):
        edges = [_edge(grey, here[number], here[(number + 1) % 4]) for number in range(4)]
        crossings = _crossings([edge.line for edge in edges])
        if not np.isfinite(crossings).all() or np.abs(crossings - corners).max() > SMALLEST_SIDE_PX / 4:
            return corners, shaken_by(corners, ROUGH_PX)
        here = crossings
    edges = [edge.with_pattern(pattern_px) for edge in edges]
    return here, np.stack([_with_another(edges, number, turned) for number in range(4) for turned in (False, True)])


def shaken_by(corners: NDArray[np.float64], error_px: float) -> NDArray[np.float64]:
    """Corners, float64 [4, 2], with one coordinate off by so much, each in turn; float64 [8, 4, 2]."""
    return corners + error_px * np.eye(8).reshape(8, 4, 2)


class _Edge(NamedTuple):
    """start, end: px, on its line. shift_px: standard error of its middle across it. turn_px: of its ends, that turning
    about the middle brings."""

    start: NDArray[np.float64]
    end: NDArray[np.float64]
    shift_px: float
    turn_px: float

    @property
    def line(self) -> NDArray[np.float64]:
        """a, b, c with a x + b y = c."""
        across = np.array([self.start[1] - self.end[1], self.end[0] - self.start[0]])
        return np.append(across, across @ self.start)

    def with_pattern(self, px: float) -> "_Edge":
        """The edge with what the pattern beside it may draw it aside, and half as much that it may turn it."""
        return self._replace(shift_px=math.hypot(self.shift_px, px), turn_px=math.hypot(self.turn_px, px / 2))

    def off(self, turned: bool) -> "_Edge":
        """The edge shifted or turned by its standard error."""
        normal = np.array([self.start[1] - self.end[1], self.end[0] - self.start[0]])
        normal = normal / np.hypot(*normal)
        first, last = (-self.turn_px, self.turn_px) if turned else (self.shift_px, self.shift_px)
        return self._replace(start=self.start + first * normal, end=self.end + last * normal)


def _with_another(edges: list[_Edge], number: int, turned: bool) -> NDArray[np.float64]:
    others = [*edges[:number], edges[number].off(turned), *edges[number + 1 :]]
    return _crossings([edge.line for edge in others])


def _edge(grey: Floats, start: NDArray[np.float64], end: NDArray[np.float64]) -> _Edge:
    """An edge from bright (left of start to end, as seen with y down) to dark, by least squares through where the grey
    falls fastest, twice, the second time without outliers."""
    length = float(np.hypot(*(end - start)))
    normal = np.array([start[1] - end[1], end[0] - start[0]]) / length  # Into the black square.
    reach = float(np.clip(length / 12, 2.0, 6.0))  # Half a cell of the marker's own pattern, at most.
    steps = np.linspace(-reach, reach, 8 * round(reach) + 1)
    middles = start + _ALONG[:, None] * (end - start)
    places = middles[:, None] + steps[None, :, None] * normal
    fall = np.maximum(-np.gradient(_sampled(grey, places), axis=1), 0)
    fall[fall < 0.3 * fall.max(axis=1, keepdims=True)] = 0
    offsets = (fall * steps).sum(axis=1) / np.maximum(fall.sum(axis=1), 1e-9)
    kept = np.ones(len(offsets), np.bool_)
    for _pass in range(2):
        slope, shift = np.polyfit(_ALONG[kept], offsets[kept], 1)
        misses = np.abs(offsets - slope * _ALONG - shift)
        kept = misses <= max(0.1, 2.5 * float(np.median(misses)))
    scatter = np.hypot(FLOOR_PX, np.sqrt((misses[kept] ** 2).mean()))
    error = float(scatter / np.sqrt(max(1.0, float(np.ptp(_ALONG)) * length / ALIKE_PX)))
    turn = error * 0.5 / float(_ALONG.std())
    return _Edge(start + shift * normal, end + (shift + slope) * normal, error, turn)


def _sampled(grey: Floats, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Grey values at places, float64 [..., 2] px, between pixels by straight lines."""
    import cv2

    x, y = (np.ascontiguousarray(places[..., side], np.float32) for side in (0, 1))
    values = cv2.remap(grey, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(values, np.float64)


def _crossings(lines: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Where each line meets the one before; float64 [4, 2]."""
    return np.stack([_crossing(lines[number - 1], lines[number]) for number in range(4)])


def _crossing(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    sides = np.stack([first[:2], second[:2]])
    if abs(np.linalg.det(sides)) < 1e-9:
        return np.full(2, np.nan)
    return np.linalg.solve(sides, np.array([first[2], second[2]]))
