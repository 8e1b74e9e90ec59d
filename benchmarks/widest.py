"""The widest crack that is measured as one: what is found of wider and wider ones.

    python benchmarks/widest.py [-n 8]

Cracks on generated concrete and plaster, of one width each, in photos of 1400x1100 px, inspected by the package's
bundle. Written for each width: how many photos are called cracked; length by the true one; share of the true pixels
that are in the mask; median width of the largest zone by the true one, and whether its interval covers that.
"""

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from crackscope.inspection import InspectOptions, inspect_photo, open_photo
from crackscope.scoring import Model, load
from crackscope.surfaces import CrackSpec, Surface, SurfaceSpec, make

WIDTHS_PX = (20.0, 40.0, 60.0, 80.0, 100.0, 120.0, 160.0)
SIZE = (1400, 1100)
FIRST_SEED, CONTRAST = 300, 0.7
KINDS = ("concrete", "plaster")


class Told(NamedTuple):
    cracked: bool
    length: float
    pixels: float
    width: float
    covered: bool


def surface(seed: int, width: float) -> Surface:
    crack = CrackSpec(width_px=(width, width * 1.01), branching=0, breaks=0, contrast=CONTRAST)
    return make(SurfaceSpec(seed=seed, kind=KINDS[seed % 2], size=SIZE, crack=crack, distractors=0))


def told(model: Model, made: Surface) -> Told:
    found = inspect_photo(model, open_photo(made.pixels), InspectOptions(all_zones=True))
    zones, true = found.record.zones, made.truth.widths_px.median
    long = float(np.hypot(*np.diff(made.truth.centreline_px, axis=0).T).sum())
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
    count = parser.parse_args().n
    print(f"python benchmarks/{Path(__file__).name}", *sys.argv[1:], flush=True)
    model = load()
    print("width px  called cracked  length: ratio  in the mask  median width: ratio  covered")
    for width in WIDTHS_PX:
        some = [told(model, surface(FIRST_SEED + number, width)) for number in range(count)]
        cracked, length, pixels, ratio, covered = (np.array(each, float) for each in zip(*some, strict=True))
        print(
            f"{width:8.0f}  {int(cracked.sum()):7} of {count:2}  {np.median(length):13.2f}  {np.median(pixels):11.2f}"
            f"  {np.median(ratio):19.2f}  {int(covered.sum()):4} of {count}",
            flush=True,
        )


if __name__ == "__main__":
    main()
