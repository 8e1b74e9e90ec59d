"""The widest crack that is measured as one: what is found of wider and wider ones.

    python benchmarks/widest.py [-n 8] [--large]

Cracks of one width each, inspected by the package's bundle: generated ones on concrete and plaster, in photos of
1400x1100 px (--large: wider ones in 4032x3024 px); and dark bands with torn edges that wind from border to border of
generated sound surfaces, without branches or anything else beside them that cracks have. Written for each width: how
many photos are called cracked; length by the true one; share of the true pixels that are in the mask; median width of
the largest zone by the true one, and whether its interval covers that.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from crackscope.inspection import InspectOptions, inspect_photo, open_photo
from crackscope.scoring import Model, load
from crackscope.surfaces import CrackSpec, SurfaceSpec, generate, make

WIDTHS_PX, LARGE_WIDTHS_PX = (20.0, 40.0, 60.0, 80.0, 100.0, 120.0, 160.0), (60.0, 80.0, 120.0, 160.0, 240.0, 320.0)
SIZE, LARGE_SIZE = (1400, 1100), (4032, 3024)
FIRST_SEED, CONTRAST = 300, 0.7
KINDS = ("concrete", "plaster")


class Told(NamedTuple):
    cracked: bool
    length: float
    pixels: float
    width: float
    covered: bool


class Made(NamedTuple):
    """pixels: uint8 [h, w, 3]. mask: bool [h, w]. width, length: true ones, px."""

    pixels: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    width: float
    length: float


def generated(seed: int, width: float, size: tuple[int, int]) -> Made:
    crack = CrackSpec(width_px=(width, width * 1.01), branching=0, breaks=0, contrast=CONTRAST)
    made = make(SurfaceSpec(seed=seed, kind=KINDS[seed % 2], size=size, crack=crack, distractors=0))
    long = float(np.hypot(*np.diff(made.truth.centreline_px, axis=0).T).sum())
    return Made(made.pixels, made.mask, made.truth.widths_px.median, long)


def torn(seed: int, width: float, size: tuple[int, int]) -> Made:
    rng = np.random.default_rng(seed)
    grey = generate(seed, size, False).pixels.astype(np.float64)
    middle = size[0] / 2 + 60 * np.sin(np.arange(size[1]) / 170 + seed)
    notches = gaussian_filter1d(rng.normal(0, 1, (2, size[1])), 2.0, axis=1)
    left, right = (
        middle + side * width / 2 + 0.04 * width * one / one.std() for side, one in zip((-1, 1), notches, strict=True)
    )
    across = np.arange(size[0])[None]
    mask = (across > left[:, None]) & (across < right[:, None])
    share = gaussian_filter(mask.astype(np.float64), 1.0)[..., None]
    pixels = np.clip(grey * (1 - CONTRAST * share) + rng.normal(0, 3, (*size[::-1], 1)), 0, 255).astype(np.uint8)
    return Made(pixels, mask, width, float(np.hypot(np.diff(middle), 1).sum()))


def told(model: Model, made: Made) -> Told:
    found = inspect_photo(model, open_photo(made.pixels), InspectOptions(all_zones=True))
    zones, true, long = found.record.zones, made.width, made.length
    pixels = np.count_nonzero(found.mask & made.mask) / np.count_nonzero(made.mask)
    cracked = found.record.verdict == "crack"
    if not zones:
        return Told(cracked, 0.0, pixels, 0.0, False)
    width = max(zones, key=lambda zone: zone.area_px).width_median_px
    length = sum(zone.length_px for zone in zones) / long
    return Told(cracked, length, pixels, width.value / true, width.low <= true <= width.high)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=8, help="photos for each width")
    parser.add_argument("--large", action="store_true", help="photos of 4032x3024 px")
    asked = parser.parse_args()
    print(f"python benchmarks/{Path(__file__).name}", *sys.argv[1:], flush=True)
    model = load()
    for kind in (generated, torn):
        table(model, kind, asked.n, large=asked.large)


def table(model: Model, kind: Callable[[int, float, tuple[int, int]], Made], count: int, *, large: bool) -> None:
    size, widths = (LARGE_SIZE, LARGE_WIDTHS_PX) if large else (SIZE, WIDTHS_PX)
    print(f"\n{kind.__name__}\nwidth px  called cracked  length: ratio  in the mask  median width: ratio  covered")
    for width in widths:
        some = [told(model, kind(FIRST_SEED + number, width, size)) for number in range(count)]
        cracked, length, pixels, ratio, covered = (np.array(each, float) for each in zip(*some, strict=True))
        print(
            f"{width:8.0f}  {int(cracked.sum()):7} of {count:2}  {np.median(length):13.2f}  {np.median(pixels):11.2f}"
            f"  {np.median(ratio):19.2f}  {int(covered.sum()):4} of {count}",
            flush=True,
        )


if __name__ == "__main__":
    main()
