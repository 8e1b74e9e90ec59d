"""Holds the scale that a small, tilted marker gives against the true one, and against the error that is stated with it.

    python proofs/marker_scale.py --each 100

Photos of 800 x 600 px are drawn, each with a printed ArUco marker of 50 mm somewhere on a generated wall, seen by a
camera tilted about any axis. Blur (.5 to 1.2 px), grain (.5 to 5 of 255) and JPEG (none, 75, 90, 95) are drawn by lot.
The scale is told for the middle of the photo, which may lie far from the marker; its true value is within 1.96 times
the stated relative error in so many of 100 tries. Markers that are not seen, or passed over as too small, count apart,
and so do those that tell no scale for the middle: they are too small for that, or the horizon is near.
"""

import argparse
import math
import sys

import cv2
import numpy as np

import crackscope
from crackscope import surfaces
from crackscope.inspection import find_plane
from crackscope.records import NORMAL_95

SIDE_MM, SIZE = 50.0, (800, 600)
SIDES_PX = ((24, 40), (40, 60), (60, 80))
TILTS_DEG = ((0, 20), (20, 40), (40, 60))
FINE = 8
"""Markers are drawn so many times as large and shrunk by area."""
MIDDLE = ((SIZE[0] - 1) / 2, (SIZE[1] - 1) / 2)


def camera(tilt: float, axis: float, roll: float, mm_per_px: float) -> np.ndarray:
    """float64 [3, 3], mm on the surface to px; the angles in radians."""
    focal = 1.2 * SIZE[0]

    def about_view(angle: float) -> np.ndarray:
        cos, sin = math.cos(angle), math.sin(angle)
        return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])

    cos, sin = math.cos(tilt), math.sin(tilt)
    leaning = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
    turn = about_view(axis) @ leaning @ about_view(roll - axis)
    lens = np.array([[focal, 0, MIDDLE[0]], [0, focal, MIDDLE[1]], [0, 0, 1]])
    return lens @ np.c_[turn[:, 0], turn[:, 1], [0, 0, focal * mm_per_px]]


def mapped(matrix: np.ndarray, places: np.ndarray) -> np.ndarray:
    flat = np.c_[places, np.ones(len(places))] @ matrix.T
    return flat[:, :2] / flat[:, 2:]


def true_scale(to_px: np.ndarray) -> float:
    """mm per px in the middle of the photo, by the area of a small square there."""
    step = 0.01
    square = np.array(MIDDLE) + step * np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    x, y = mapped(np.linalg.inv(to_px), square).T
    return math.sqrt(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2) / step


def printed(number: int) -> np.ndarray:
    """uint8 [640, 640], the marker with 480 px a side on white paper."""
    words = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    paper = np.full((640, 640), 235, np.uint8)
    paper[80:560, 80:560] = np.maximum(cv2.aruco.generateImageMarker(words, number, 480), 15)
    return paper


def photo(wall: np.ndarray, to_px: np.ndarray, at: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """The wall with a marker whose corner lies at `at`, mm, as a camera sees it; None where it is cut by the rim."""
    scale = SIDE_MM / 480
    to_mm = np.array([[scale, 0, at[0] - 79.5 * scale], [0, scale, at[1] - 79.5 * scale], [0, 0, 1]])
    seen = mapped(to_px @ to_mm, np.array([[0, 0], [640, 0], [640, 640], [0, 640]]))
    left, top = np.floor(seen.min(axis=0)).astype(int) - 6
    right, bottom = np.ceil(seen.max(axis=0)).astype(int) + 6
    if left < 0 or top < 0 or right > SIZE[0] or bottom > SIZE[1]:
        return None
    wide, high = int(right - left), int(bottom - top)
    half = (FINE - 1) / 2
    fine = np.array([[FINE, 0, half - FINE * left], [0, FINE, half - FINE * top], [0, 0, 1]]) @ to_px @ to_mm

    def drawn(paper: np.ndarray) -> np.ndarray:
        large = cv2.warpPerspective(paper, fine, (FINE * wide, FINE * high))
        return cv2.resize(large, (wide, high), interpolation=cv2.INTER_AREA)[..., None].astype(np.float32)

    out = wall.astype(np.float32)
    covered = drawn(np.full((640, 640), 255, np.uint8)) / 255
    part = out[top:bottom, left:right]
    part[...] = part * (1 - covered) + drawn(printed(int(rng.integers(50)))) * covered
    out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.5, 1.2))
    out += rng.normal(0, rng.uniform(0.5, 5), out.shape[:2])[..., None]
    pixels = np.clip(out, 0, 255).round().astype(np.uint8)
    quality = int(rng.choice([0, 75, 90, 95]))
    return cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1) if quality else pixels


def tries(
    side: tuple[int, int], tilt: tuple[int, int], each: int, rng: np.random.Generator
) -> tuple[np.ndarray, int, int]:
    """float64 [n, 2], how far the scale is off and its stated error, as shares; how many were not seen, not told."""
    kinds = ("plaster", "concrete", "asphalt")
    walls = [surfaces.generate(seed, SIZE, cracked=False, kind=kind).pixels for seed, kind in enumerate(kinds)]
    results: list[tuple[float, float]] = []
    unseen = untold = 0
    while len(results) < each:
        mm_per_px = SIDE_MM / rng.uniform(*side)
        to_px = camera(math.radians(rng.uniform(*tilt)), *rng.uniform(0, 2 * math.pi, 2), mm_per_px)
        pixels = photo(walls[rng.integers(3)], to_px, rng.uniform(-0.35, 0.35, 2) * SIZE * mm_per_px, rng)
        if pixels is None:
            continue
        plane = find_plane(pixels, SIDE_MM)
        if plane is None:
            unseen += 1
            continue
        if not plane.holds(np.array([MIDDLE])):
            untold += 1
            continue
        told = plane.scale(*SIZE)
        results.append((told.mm_per_px / true_scale(to_px) - 1, told.relative_error))
    return np.array(results), unseen, untold


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=100, help="Photos of each size and tilt.")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    rng = np.random.default_rng(asked.seed)
    print("side px  tilt deg  not seen  not told  off, median  stated, median  true one within")
    for side in SIDES_PX:
        for tilt in TILTS_DEG:
            found, unseen, untold = tries(side, tilt, asked.each, rng)
            off, stated = np.abs(found[:, 0]), found[:, 1]
            print(
                f"{side[0]} to {side[1]}  {tilt[0]} to {tilt[1]}  {unseen:8}  {untold:8}  {np.median(off):11.4f}  "
                f"{np.median(stated):14.4f}  {np.mean(off <= NORMAL_95 * stated):14.1%}"
            )
    print(f"\ncrackscope {crackscope.__version__}, OpenCV {cv2.__version__}, Python {sys.version.split()[0]}")


if __name__ == "__main__":
    main()
