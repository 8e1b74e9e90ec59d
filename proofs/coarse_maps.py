"""Cracks to the pixel by bundles whose map is coarse: the reference recipes, with cells of 32 px.

    python proofs/coarse_maps.py RUN/bundle --data ../shared/data/asphalt

Generated concrete and plaster of 600 px with one crack each, and every eighth picture of DATA (images/ and masks/), are
inspected, called cracked or not. Against the true mask: precision and recall within 4 px, F1 of their means, area of
the mask and summed length by the true ones (of DATA: by the mask's skeleton), medians.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.morphology import skeletonize

from crackscope import images, surfaces
from crackscope.inspection import InspectOptions, inspect_photo, open_photo
from crackscope.scoring import Model, load

COUNT, SIDE, FIRST_SEED, EVERY = 24, 600, 900, 8
TOLERANCE_PX = 4
Mask = NDArray[np.bool_]


class Case(NamedTuple):
    pixels: NDArray[np.uint8]
    mask: Mask
    length_px: float


def generated() -> Iterator[Case]:
    for seed in range(FIRST_SEED, FIRST_SEED + COUNT):
        made = surfaces.generate(seed, (SIDE, SIDE), True, ("concrete", "plaster")[seed % 2])
        yield Case(made.pixels, made.mask, made.length_px)


def masked(data: Path) -> Iterator[Case]:
    for path in sorted((data / "images").glob("*.jpg"))[::EVERY]:
        pixels = images.read(path).pixels
        mask = images.read_mask(data / "masks" / f"{path.stem}.png", (pixels.shape[1], pixels.shape[0]))
        yield Case(pixels, mask, float(skeletonize(mask).sum()))


def near(mask: Mask) -> Mask:
    square = np.ones((2 * TOLERANCE_PX + 1,) * 2, np.uint8)
    return np.asarray(cv2.dilate(mask.astype(np.uint8), square) > 0)


def line(name: str, model: Model, cases: Iterator[Case]) -> str:
    figures = []
    for case in cases:
        found = inspect_photo(model, open_photo(case.pixels), InspectOptions(all_zones=True))
        right = (found.mask & near(case.mask)).sum() / max(1, found.mask.sum())
        seen = (case.mask & near(found.mask)).sum() / case.mask.sum()
        length = sum(zone.length_px for zone in found.record.zones) / case.length_px
        figures.append((right, seen, found.mask.sum() / case.mask.sum(), length))
    table = np.array(figures)
    right, seen = table[:, :2].mean(0)
    area, length = np.median(table[:, 2:], axis=0)
    return (
        f"{name:10} {len(table):3} pictures: precision {right:.2f}, recall {seen:.2f}, "
        f"F1 {2 * right * seen / (right + seen):.2f}; area {area:.2f}, length {length:.2f} of the true one"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--data", type=Path)
    asked = parser.parse_args()
    print(f"python proofs/{Path(__file__).name}", *sys.argv[1:], flush=True)
    model = load(asked.bundle)
    print(f"{model.manifest.name}, map of cells of {model.manifest.stride} px")
    print(line("generated", model, generated()), flush=True)
    if asked.data:
        print(line(asked.data.name, model, masked(asked.data)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
