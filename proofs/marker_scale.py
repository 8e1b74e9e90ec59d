"""Holds the scale that a small, tilted marker gives against the true one, and against the error that is stated with it.

    python proofs/marker_scale.py --each 300 --seed 1 --photos ../shared/data/{photos,walls,asphalt}

Photos of 800 x 600 px are drawn, each with a printed ArUco marker of 50 mm somewhere on a generated wall, seen by a
camera tilted about any axis. Blur (.5 to 1.2 px), grain (.5 to 5 of 255) and JPEG (none, 75, 90, 95) are drawn by lot.
The scale is told for the middle of the photo, which may lie far from the marker; its true value is within 1.96 times
the stated relative error in so many of 100 tries. Markers that are not seen, or passed over as too small, count apart,
and so do those that tell no scale for the middle: they are too small for that, or the horizon is near.

With --photos, markers of six dictionaries are laid into photos (of larger ones parts of 800 x 600 px) as an inspection
opens them, JPEG of quality 60 to 95: how many of a hundred give a scale, and how many more are named as too small or
too oblique for one. `laid in` are sharp and straight, as a program draws them; the others are seen by a camera, blurred
by 0.3 to 1.5 px.
"""

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

import crackscope
from crackscope import surfaces
from crackscope.inspection import Ruler, Scaling, find_plane, find_ruler, open_photo
from crackscope.records import NORMAL_95

SIDE_MM, SIZE = 50.0, (800, 600)
SIDES_PX = ((24, 40), (40, 60), (60, 80))
TILTS_DEG = ((0, 20), (20, 40), (40, 60))
FINE = 8
"""Markers are drawn so many times as large and shrunk by area."""
SEEN_SIDES_PX = ((10, 16), (16, 30), (30, 50), (50, 90), (90, 200), (200, 400))
WAYS = ("laid in", "straight", "by 15 deg", "any turn", "tilted 40-60")
DICTIONARIES = ("4X4_50", "5X5_100", "6X6_250", "7X7_50", "ARUCO_ORIGINAL", "APRILTAG_36h11")
PRINTED_PX, RIM_PX = 480, 80
"""Of a drawn marker a side, and white paper around it."""
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


def printed(number: int, rim: int = RIM_PX, dictionary: str = "4X4_50") -> np.ndarray:
    """uint8, the marker with 480 px a side on white paper that reaches over it by so many px."""
    words = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, f"DICT_{dictionary}"))
    marker = np.maximum(cv2.aruco.generateImageMarker(words, number, PRINTED_PX), 15)
    return np.pad(marker, rim, constant_values=235)


def stuck_on(wall: np.ndarray, paper: np.ndarray, to_px: np.ndarray, at: np.ndarray) -> np.ndarray | None:
    """float32, the wall with a print whose marker's corner lies at `at`, mm; None where the photo's border cuts it."""
    scale, side = SIDE_MM / PRINTED_PX, len(paper)
    rim = (side - PRINTED_PX) / 2 - 0.5
    to_mm = np.array([[scale, 0, at[0] - rim * scale], [0, scale, at[1] - rim * scale], [0, 0, 1]])
    seen = mapped(to_px @ to_mm, np.array([[0, 0], [side, 0], [side, side], [0, side]]))
    left, top = np.floor(seen.min(axis=0)).astype(int) - 6
    right, bottom = np.ceil(seen.max(axis=0)).astype(int) + 6
    if left < 0 or top < 0 or right > SIZE[0] or bottom > SIZE[1]:
        return None
    wide, high = int(right - left), int(bottom - top)
    half = (FINE - 1) / 2
    fine = np.array([[FINE, 0, half - FINE * left], [0, FINE, half - FINE * top], [0, 0, 1]]) @ to_px @ to_mm

    def drawn(sheet: np.ndarray) -> np.ndarray:
        large = cv2.warpPerspective(sheet, fine, (FINE * wide, FINE * high))
        return cv2.resize(large, (wide, high), interpolation=cv2.INTER_AREA)[..., None].astype(np.float32)

    out = wall.astype(np.float32)
    covered = drawn(np.full_like(paper, 255)) / 255
    part = out[top:bottom, left:right]
    part[...] = part * (1 - covered) + drawn(paper) * covered
    return out


def photo(wall: np.ndarray, to_px: np.ndarray, at: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """The wall with a marker whose corner lies at `at`, mm, as a camera sees it; None where it is cut by the rim."""
    before = rng.bit_generator.state
    out = stuck_on(wall, printed(int(rng.integers(50))), to_px, at)
    if out is None:
        rng.bit_generator.state = before
        return None
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
        if plane is None or plane.too_small is not None:
            unseen += 1
            continue
        if not plane.holds(np.array([MIDDLE])):
            untold += 1
            continue
        told = plane.scale(*SIZE)
        results.append((told.mm_per_px / true_scale(to_px) - 1, told.relative_error))
    return np.array(results), unseen, untold


def ground(paths: Sequence[Path], rng: np.random.Generator) -> np.ndarray:
    """uint8 [600, 800, 3], a part of a photo; a smaller one is mirrored at its borders."""
    pixels = cv2.imread(str(paths[rng.integers(len(paths))]))[..., ::-1]
    right, down = (max(0, size - side) for size, side in zip(SIZE, pixels.shape[1::-1], strict=True))
    pixels = cv2.copyMakeBorder(pixels, 0, down, 0, right, cv2.BORDER_REFLECT)
    left, top = (int(rng.integers(side - size + 1)) for size, side in zip(SIZE, pixels.shape[1::-1], strict=True))
    return pixels[top : top + SIZE[1], left : left + SIZE[0]].copy()


def laid_in(wall: np.ndarray, side: int, rim: bool, dictionary: str, rng: np.random.Generator) -> np.ndarray:
    """The wall with a marker of whole px in it, black and white."""
    words = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, f"DICT_{dictionary}"))
    marker = cv2.aruco.generateImageMarker(words, int(rng.integers(50)), side)
    paper = np.pad(marker, round(side * RIM_PX / PRINTED_PX) if rim else 0, constant_values=255)
    left, top = (int(rng.integers(size - len(paper) + 1)) for size in SIZE)
    wall[top : top + len(paper), left : left + len(paper)] = paper[..., None]
    return wall


def taken(wall: np.ndarray, side: float, rim: bool, way: str, rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """The wall with a marker in it as a JPEG of any quality, and the marker's dictionary."""
    dictionary = DICTIONARIES[rng.integers(len(DICTIONARIES))]
    if way == "laid in":
        out = laid_in(wall, round(side), rim, dictionary, rng)
    else:
        seen = None
        paper = printed(int(rng.integers(50)), RIM_PX * rim, dictionary)
        mm_per_px = SIDE_MM / side
        while seen is None:
            tilt = math.radians(rng.uniform(40, 60)) if way == WAYS[4] else 0.0
            roll = math.radians({WAYS[1]: 0.0, WAYS[2]: rng.uniform(-15, 15)}.get(way, rng.uniform(0, 360)))
            to_px = camera(tilt, rng.uniform(0, 2 * math.pi), roll, mm_per_px)
            seen = stuck_on(wall, paper, to_px, rng.uniform(-0.5, 0.5, 2) * SIZE * mm_per_px)
        out = cv2.GaussianBlur(seen, (0, 0), rng.uniform(0.3, 1.5)).clip(0, 255).round().astype(np.uint8)
    coded = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 96))])[1]
    return cv2.imdecode(coded, 1), dictionary


def ruler_of(pixels: np.ndarray, dictionary: str) -> Ruler | None:
    """As an inspection comes by it."""
    return find_ruler(Scaling(marker_mm=SIDE_MM, dictionary=dictionary), "", open_photo(pixels).upright(), None)


def print_seen(paths: Sequence[Path], each: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    print("\nOf 100 markers give a scale + are named as too small or too oblique, by px a side")
    for rim in (True, False):
        print(f"{'with' if rim else 'without'} white paper around it".ljust(32) + "".join(f"{way:>14}" for way in WAYS))
        for low, high in SEEN_SIDES_PX:
            row = f"{low} to {high}".ljust(32)
            for way in WAYS:
                rulers = [
                    ruler_of(*taken(ground(paths, rng), rng.uniform(low, high), rim, way, rng)) for _ in range(each)
                ]
                scaled = sum(one is not None and not one.doubt for one in rulers)
                named = sum(one is not None and bool(one.doubt) for one in rulers)
                row += f"{100 * scaled / each:.0f} + {100 * named / each:.0f}".rjust(14)
            print(row, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=100, help="Photos of each size and tilt.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--photos", nargs="*", default=[], metavar="FOLDER", help="Markers are laid into these, too.")
    parser.add_argument("--seen", type=int, default=50, help="Photos of each size and way among those.")
    asked = parser.parse_args()
    rng = np.random.default_rng(asked.seed)
    if asked.each:
        print("side px  tilt deg  not seen  not told  off, median  stated, median  true one within")
    for side in SIDES_PX if asked.each else ():
        for tilt in TILTS_DEG:
            found, unseen, untold = tries(side, tilt, asked.each, rng)
            off, stated = np.abs(found[:, 0]), found[:, 1]
            print(
                f"{side[0]} to {side[1]}  {tilt[0]} to {tilt[1]}  {unseen:8}  {untold:8}  {np.median(off):11.4f}  "
                f"{np.median(stated):14.4f}  {np.mean(off <= NORMAL_95 * stated):14.1%}"
            )
    if asked.photos:
        print_seen(sorted(path for one in asked.photos for path in Path(one).rglob("*.jpg")), asked.seen, asked.seed)
    print(f"\ncrackscope {crackscope.__version__}, OpenCV {cv2.__version__}, Python {sys.version.split()[0]}")


if __name__ == "__main__":
    main()
