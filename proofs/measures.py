"""Lengths and widths against the truth of generated photos: how far off, and how often inside the stated interval.

    python proofs/measures.py [-n 120] [--first 0] [--heat perfect|coarse|bundle]... [--bundle RUN/bundle]
                              [--contrast .3]

Each photo has one crack of 1 to 20 px (evenly over the logarithm), at any angle, on concrete, plaster or asphalt; the
camera adds blur (0 to 1.5 px on top of the surface's own), noise (0 to 5 grey levels) and JPEG (none, 95 or 80).
`perfect`: the heatmap is made from the true mask at stride 4, so that the measuring is judged alone; `coarse`: the same
in cells of 32 px, as the reference recipes have them; `bundle`: a network's own, that of the package or another. A zone
is held against the truth along its own centre line. Length: of all zones of a photo. `--contrast`: the share of the
light that every crack swallows, as a filled or dusty one does; without it .3 to .92, mostly .6 to .85.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscope.inspection import find_cracks, measure_zones
from crackscope.records import Estimate, Zone
from crackscope.scoring import Heatmap, Model, load, quality
from crackscope.surfaces import CrackTruth, SurfaceSpec, make, random_crack

EDGES_PX = (0.0, 1.5, 2.5, 4.0, 7.0, 12.0, 40.0)
KINDS = ("concrete", "plaster", "asphalt", "concrete")
FIGURES = ("mean", "median", "p95", "max")
SIZE = (640, 640)
Drawn = Callable[[NDArray[np.bool_]], Heatmap]


@dataclass(frozen=True)
class Sample:
    pixels: NDArray[np.uint8]
    truth: CrackTruth
    number: int


@dataclass(frozen=True)
class Measured:
    """A zone's true figures [4] and its estimates [4]."""

    true: NDArray[np.float64]
    said: tuple[Estimate, ...]


def sample(number: int, contrast: float | None = None) -> Sample:
    """A photo from its number alone, but for the contrast where one is asked for."""
    rng = np.random.default_rng(number)
    middle = float(np.exp(rng.uniform(0, np.log(20))))
    crack = random_crack(rng, SIZE, (max(0.7, 0.8 * middle), 1.2 * middle))
    crack = replace(crack, filled=False, branching=crack.branching if number % 3 == 0 else 0.0)
    crack = replace(crack, contrast=contrast or crack.contrast)
    surface = make(SurfaceSpec(seed=number, kind=KINDS[number % 4], size=SIZE, crack=crack, distractors=0))
    blur_px, noise, jpeg = rng.choice([0, 0.5, 1, 1.5]), rng.choice([0, 2, 5]), int(rng.choice([0, 95, 80]))
    seen = surface.pixels.astype(np.float32)
    if blur_px:
        seen = np.asarray(cv2.GaussianBlur(seen, (0, 0), float(blur_px)), np.float32)
    grain = rng.normal(0, noise, seen.shape[:2])[..., None]
    pixels = np.clip(seen + grain + 0.5, 0, 255).astype(np.uint8)
    if jpeg:
        _, written = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, jpeg])
        pixels = np.asarray(cv2.imdecode(written, cv2.IMREAD_COLOR), np.uint8)
    return Sample(np.ascontiguousarray(pixels), surface.truth, number)


def perfect_heatmap(mask: NDArray[np.bool_]) -> Heatmap:
    """The heatmap that a faultless network of stride 4 would give: logit 4 on the crack, falling by 1.2 a px."""
    away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    cells = cv2.resize(away, (mask.shape[1] // 4, mask.shape[0] // 4), interpolation=cv2.INTER_AREA)
    return Heatmap(np.clip(4 - 1.2 * cells, -6, 4).astype(np.float32), 4, np.zeros(1, np.float32))


def coarse_heatmap(mask: NDArray[np.bool_]) -> Heatmap:
    """The heatmap of a faultless network of stride 32: logit 4 in each cell that the crack touches, a little around."""
    height, width = (side // 32 for side in mask.shape)
    cells = mask[: height * 32, : width * 32].reshape(height, 32, width, 32)
    touched = np.asarray(cells.any((1, 3)), np.float32)
    near = np.maximum(0.85 * touched, 1.2 * cv2.GaussianBlur(touched, (0, 0), 0.6))
    return Heatmap(np.clip(12 * near - 6, -6, 4).astype(np.float32), 32, np.zeros(1, np.float32))


def truths(zones: tuple[Zone, ...], truth: CrackTruth) -> Iterator[tuple[Zone, NDArray[np.float64]]]:
    """Each zone with the true figures of the points that lie nearest to it, if there are 30 of them."""
    lines = [np.concatenate([np.asarray(line) for line in _dense(zone)]) for zone in zones]
    if not lines:
        return
    away = np.stack([_nearest(truth.centreline_px, line) for line in lines])
    owner = away.argmin(0)
    close = away.min(0) < truth.centreline_width_px / 2 + 6
    for place, zone in enumerate(zones):
        width = truth.centreline_width_px[(owner == place) & close]
        if len(width) >= 30:
            figures = [width.mean(), np.median(width), np.percentile(width, 95), width.max()]
            yield zone, np.array(figures, np.float64)


def _dense(zone: Zone) -> Iterator[NDArray[np.float64]]:
    for line in zone.centreline:
        points = np.array(line)
        place = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
        at = np.arange(0, place[-1] + 1, 2.0)
        yield np.stack([np.interp(at, place, points[:, axis]) for axis in (0, 1)], 1)


def _nearest(points: NDArray[np.float32], line: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.spatial import cKDTree

    return np.asarray(cKDTree(line).query(points)[0])


def measure(one: Sample, seen: Model | Drawn) -> tuple[float, list[Measured]]:
    """Ratio of measured to true length, and the zones. seen: by a network, or as drawn from the true mask."""
    heat = seen.heatmap(one.pixels) if isinstance(seen, Model) else seen(one.truth.mask)
    threshold = seen.manifest.mask_threshold if isinstance(seen, Model) else 0.0
    zones = measure_zones(one.pixels, find_cracks(one.pixels, heat, threshold), heat, quality(one.pixels))
    if isinstance(seen, Model):
        zones = tuple(zone for zone in zones if _true_zone(zone, one.truth))
    measured = []
    for zone, true in truths(zones, one.truth):
        said = (zone.width_mean_px, zone.width_median_px, zone.width_p95_px, zone.width_max_px)
        measured.append(Measured(true, said))
    return sum(zone.length_px for zone in zones) / max(one.truth.length_px, 1), measured


def _true_zone(zone: Zone, truth: CrackTruth) -> bool:
    line = np.concatenate(list(_dense(zone)))
    from scipy.spatial import cKDTree

    return bool(np.median(cKDTree(truth.centreline_px).query(line)[0]) < truth.widths_px.max / 2 + 4)


def table(name: str, rows: list[tuple[float, float, list[Measured]]]) -> None:
    """rows: true median width of the photo, ratio of lengths, zones."""
    print(f"\n{name}")
    print(
        "width px      photos  length: ratio  within 5 %   zones  median width: error px  (bias)  within .5 px or 10 %"
        "   covered: mean  median  p95  max   half interval of the median"
    )
    for low, high in [*pairwise(EDGES_PX), (0.0, 99.0)]:
        some = [row for row in rows if low <= row[0] < high]
        lengths = np.array([row[1] for row in some])
        zones = [(m.true, m.said) for _, _, measured in rows for m in measured if low <= m.true[1] < high]
        if not some or not zones:
            continue
        true = np.array([z[0] for z in zones])
        value, least, most = (
            np.array([[getattr(e, field) for e in z[1]] for z in zones]) for field in ("value", "low", "high")
        )
        off = value[:, 1] - true[:, 1]
        good = np.abs(off) <= np.maximum(0.5, 0.1 * true[:, 1])
        covered = ((least <= true) & (true <= most)).mean(0)
        print(
            f"{low:4.1f} to {high:4.1f}  {len(some):6d}  {np.median(lengths):13.3f}"
            f"  {(np.abs(lengths - 1) < 0.05).mean():10.2f}  {len(zones):6d}  {np.median(np.abs(off)):22.2f}"
            f"  {np.median(off):+6.2f}  {good.mean():20.2f}          "
            + "  ".join(f"{share:5.2f}" for share in covered)
            + f"   {np.median(most[:, 1] - least[:, 1]) / 2:10.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=120, help="photos")
    parser.add_argument("--first", type=int, default=0, help="number of the first photo")
    parser.add_argument(
        "--heat", choices=("perfect", "coarse", "bundle"), action="append", help="default: perfect and bundle"
    )
    parser.add_argument("--bundle", type=Path, help="default: the one in the package")
    parser.add_argument("--contrast", type=float, help="of every crack; default: drawn by lot")
    asked = parser.parse_args()
    print(f"python proofs/{Path(__file__).name}", *sys.argv[1:], flush=True)
    samples = [sample(number, asked.contrast) for number in range(asked.first, asked.first + asked.n)]
    drawn: dict[str, Drawn] = {"perfect": perfect_heatmap, "coarse": coarse_heatmap}
    for name in asked.heat or ("perfect", "bundle"):
        seen = drawn[name] if name in drawn else load(asked.bundle)
        rows = [(one.truth.widths_px.median, *measure(one, seen)) for one in samples]
        table(f"heatmap: {name}", rows)


if __name__ == "__main__":
    main()
