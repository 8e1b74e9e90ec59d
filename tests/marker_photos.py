"""Photos of a printed marker on a generated wall, as a camera sees it that is tilted about the upright axis."""

import math

import cv2
import numpy as np

from crackscope import surfaces
from crackscope.inspection import plane_of
from crackscope.inspection.marker import Plane
from crackscope.inspection.marker_corners import shaken_by

MARKER_MM = 50.0


def view(tilt_deg: float, mm_per_px: float, size=(1200, 900)) -> np.ndarray:
    """float64 [3, 3], mm on the surface to px of a photo, by a camera tilted about the upright axis."""
    width, height = size
    focal = 1.2 * width
    distance = focal * mm_per_px
    angle = math.radians(tilt_deg)
    middle = np.array([[1, 0, -width * mm_per_px / 2], [0, 1, -height * mm_per_px / 2], [0, 0, 1]])
    # A point (x, y) of the plane through the middle, turned by the tilt, seen by a pinhole at that distance.
    turned = np.array([[math.cos(angle), 0, 0], [0, 1, 0], [-math.sin(angle), 0, distance]])
    camera = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
    return camera @ turned @ middle


def photo(to_px: np.ndarray, at_mm=(30.0, 30.0), seed=3, size=(1200, 900), *, cracked=False) -> np.ndarray:
    """A generated wall with a printed marker whose upper left corner lies at a place, seen by a camera."""
    ground = surfaces.generate(seed, size, cracked=cracked, kind="plaster").pixels
    return stuck_on(ground, to_px, at_mm, MARKER_MM)


def stuck_on(ground: np.ndarray, to_px: np.ndarray, at_mm, side_mm: float, number=7) -> np.ndarray:
    """A photo of a wall with one more printed marker on it, of this side."""
    size = (ground.shape[1], ground.shape[0])
    words = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    side, rim = 480, 80
    paper = np.full((side + 2 * rim, side + 2 * rim), 235, np.uint8)
    paper[rim : rim + side, rim : rim + side] = np.maximum(cv2.aruco.generateImageMarker(words, number, side), 15)
    # px of the drawing, whose border between black and white lies half a px before its first black pixel, to mm.
    scale = side_mm / side
    to_mm = np.array(
        [[scale, 0, at_mm[0] - (rim - 0.5) * scale], [0, scale, at_mm[1] - (rim - 0.5) * scale], [0, 0, 1]]
    )
    # Drawn four times as large and shrunk by area, since warping by itself puts edges half a px off.
    fine = np.array([[4, 0, 1.5], [0, 4, 1.5], [0, 0, 1]])
    whole, large = fine @ to_px @ to_mm, (4 * size[0], 4 * size[1])
    drawn = cv2.resize(cv2.warpPerspective(paper, whole, large), size, interpolation=cv2.INTER_AREA)
    there = cv2.resize(cv2.warpPerspective(np.ones_like(paper), whole, large), size, interpolation=cv2.INTER_NEAREST)
    return cv2.GaussianBlur(np.where(there[..., None] > 0, drawn[..., None], ground), (0, 0), 0.7)


def mapped(matrix: np.ndarray, places: np.ndarray) -> np.ndarray:
    flat = np.c_[places, np.ones(len(places))] @ matrix.T
    return flat[:, :2] / flat[:, 2:]


def exactly(to_px: np.ndarray, at_mm=(0.0, 0.0)) -> Plane:
    """The plane of a marker whose corners are known."""
    corners = mapped(to_px, MARKER_MM * np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]]) + np.asarray(at_mm))
    return plane_of(corners, MARKER_MM, shaken_by(corners, 1e-6))


def scale_at(plane: Plane, at: np.ndarray) -> float:
    """mm per px, root of the area's."""
    way = np.array([[1.0, 0.0]])
    return math.sqrt(plane.along(at, way)[0] * plane.across(at, way)[0])
