"""The thinnest crack that a photo shows: what is found of thinner and thinner ones, beside what the formula says.

    python benchmarks/thinnest.py

Cracks on generated concrete, all of one width, in several degrees of blur and noise. Under 0.7 px, where a crack
cannot be drawn as such, its depth is lessened instead, which the camera cannot tell apart. A point of the centre line
counts as found when the map of the package's bundle is above its mask threshold within 2 px. Written: the share of the
points found at each width, the width at which it passes four fifths, and `thinnest_crack` for that blur and noise.
"""

import argparse
import math
import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscope.inspection import thinnest_crack
from crackscope.scoring import Model, Quality, load
from crackscope.surfaces import CrackSpec, Surface, SurfaceSpec, make

WIDTHS = (0.1, 0.15, 0.2, 0.3, 0.45, 0.7, 1.0)
STATES = ((0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (3.0, 0.0), (0.0, 8.0), (1.0, 8.0), (2.0, 8.0), (0.0, 16.0), (1.5, 16.0))
OWN_BLUR, OWN_NOISE = 0.65, 1.2
"""Of the generated camera, on average."""
DRAWN_PX, CONTRAST, SIDE, FOUND = 0.7, 0.7, 256, 0.8


def surface(seed: int, width: float) -> Surface:
    drawn = max(DRAWN_PX, width)
    contrast = CONTRAST * width / drawn
    crack = CrackSpec(width_px=(drawn, drawn * 1.01), branching=0, breaks=0, contrast=contrast)
    return make(SurfaceSpec(seed=seed, kind="concrete", size=(SIDE, SIDE), crack=crack, distractors=0))


def worsened(pixels: NDArray[np.uint8], blur: float, noise: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    image = cv2.GaussianBlur(pixels.astype(np.float32), (0, 0), blur) if blur else pixels.astype(np.float32)
    return np.clip(image + rng.normal(0, noise, (SIDE, SIDE, 1)), 0, 255).astype(np.uint8)


def share_found(model: Model, width: float, state: tuple[float, float], photos: int) -> float:
    rng, found = np.random.default_rng(1), []
    for seed in range(photos):
        made = surface(100 + seed, width)
        heat = model.heatmap(worsened(made.pixels, *state, rng))
        hot = np.kron(heat.logits > model.manifest.mask_threshold, np.ones((heat.stride, heat.stride), np.uint8))
        near = cv2.dilate(hot[:SIDE, :SIDE].astype(np.uint8), np.ones((5, 5), np.uint8))
        x, y = np.clip(np.rint(made.truth.centreline_px).astype(int), 0, SIDE - 1).T
        found.append(near[y, x].mean())
    return float(np.mean(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=8, help="for each width and state")
    photos = parser.parse_args().photos
    print(f"python benchmarks/{Path(__file__).name}", *sys.argv[1:], flush=True)
    model = load(threads=1)
    print(f"blur noise | share found at a width of {', '.join(map(str, WIDTHS))} px | 80 % from | formula")
    for state in STATES:
        shares = [share_found(model, width, state, photos) for width in WIDTHS]
        # Wider is found as surely; where a share dips by chance, the first width that passes counts.
        rising = np.maximum.accumulate(shares)
        width = float(np.interp(FOUND, rising, WIDTHS)) if rising[-1] >= FOUND else math.inf
        said = thinnest_crack(Quality(math.hypot(OWN_BLUR, state[0]), math.hypot(OWN_NOISE, state[1]), 0.0, 0.0))
        row = " ".join(f"{share:.2f}" for share in shares)
        print(f"{state[0]:4.1f} {state[1]:5.1f} | {row} | {width:.2f} | {said:.2f}", flush=True)


if __name__ == "__main__":
    main()
