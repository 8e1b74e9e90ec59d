"""What is taken for a gap of a mosaic, and what is not; and what becomes of the verdicts on photos with gaps.

    python proofs/gaps.py [--photos 40] [--bundle DIR]

Generated photos of 1000 x 800 px, half of them cracked, half sound, get three turned rectangles of 30 to 200 px a side,
black or white, and are kept as they are or saved as JPEG. Dark openings are drawn on a texture, clipped as far as to
half of its grey value below black, blurred, or blurred and then reduced, with and without noise. Printed: how many
gaps and openings are filled; then how many photos are called cracked, and their mean probability, without gaps, with
gaps that the file declares (alpha), and with gaps that it does not.
Writes what it prints to proofs/gaps.txt.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscope.bundles import default_bundle
from crackscope.scoring import Model, load, surface_of
from crackscope.surfaces import KINDS, CrackSpec, SurfaceSpec, make

SIZE, FIRST = (1000, 800), 9_500_000
QUALITIES = (0, 95, 88, 75)
"""Of JPEG; 0 for none."""
BLURS_PX, REDUCED = (0.4, 0.5, 0.7, 1.0, 1.5), (2, 4)
BELOW, NOISE = (0, 5, 20, 75), (0, 1.5, 3)
Pixels = NDArray[np.uint8]


def photo(number: int, *, cracked: bool) -> Pixels:
    rng = np.random.default_rng(FIRST + number)
    widest = rng.uniform(2, 6)
    crack = CrackSpec((0.6 * widest, widest)) if cracked else None
    kind = sorted(KINDS)[number % len(KINDS)]
    pixels = make(SurfaceSpec(FIRST + number, kind, SIZE, crack, distractors=0.3)).pixels
    light = np.linspace(rng.uniform(0.6, 1), rng.uniform(0.8, 1.1), SIZE[0])[None, :, None]
    return np.clip(pixels * light, 0, 255).astype(np.uint8)


def holes(number: int) -> NDArray[np.bool_]:
    rng = np.random.default_rng(number)
    mask = np.zeros(SIZE[::-1], np.uint8)
    for _ in range(3):
        middle = rng.uniform((120, 120), np.subtract(SIZE, 120))
        corners = cv2.boxPoints((tuple(middle), tuple(rng.uniform(30, 200, 2)), rng.uniform(0, 90)))
        cv2.fillPoly(mask, [np.rint(corners).astype(np.int32)], 1)
    return mask > 0


def stored(pixels: Pixels, quality: int) -> Pixels:
    if not quality:
        return pixels
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))


def with_gaps(pixels: Pixels, mask: NDArray[np.bool_], colour: int, quality: int) -> Pixels:
    marked = pixels.copy()
    marked[mask] = colour
    return stored(marked, quality)


def openings(blur_px: float, times: int, quality: int) -> Iterator[Pixels]:
    """Dark openings in photos of 300 px a side that were as many times larger when they were blurred."""
    side = 300 * times
    for number in range(48):
        rng = np.random.default_rng(number)
        shape = np.zeros((side, side), np.float32)
        if number % 3 == 0:
            corners = cv2.boxPoints(((side / 2, side / 2), (0.4 * side, 0.25 * side), rng.uniform(0, 90)))
            cv2.fillPoly(shape, [np.rint(corners).astype(np.int32)], 1)
        elif number % 3 == 1:
            cv2.line(shape, (side // 8, side // 8), (side - side // 8, side - side // 3), 1, side // 12)
        else:
            cv2.circle(shape, (side // 2, side // 2), side // 8, 1, -1)
        shape = cv2.GaussianBlur(shape, (0, 0), blur_px)
        texture = cv2.GaussianBlur(rng.normal(0, 1, (side, side)).astype(np.float32), (0, 0), 1.2 * times)
        grey = (150 + 10 * texture / texture.std()) * (1 - shape) - BELOW[number % 4] * shape
        grey = cv2.resize(grey, (300, 300), interpolation=cv2.INTER_AREA)
        grey += rng.normal(0, NOISE[number // 4 % 3], grey.shape)
        yield stored(np.dstack([np.clip(grey, 0, 255).round().astype(np.uint8)] * 3), quality)


def found(photos: int, colour: int, quality: int) -> str:
    shares = []
    for number in range(photos):
        mask = holes(number)
        void = surface_of(with_gaps(photo(number, cracked=bool(number % 2)), mask, colour, quality)).void
        count, parts = cv2.connectedComponents(mask.view(np.uint8))
        shares += [0.0 if void is None else float((void > 0)[parts == one].mean()) for one in range(1, count)]
    return f"{sum(share > 0.9 for share in shares)} of {len(shares)}"


def verdicts(model: Model, photos: int, cracked: bool, variant: Callable[[Pixels, NDArray[np.bool_]], Pixels]) -> str:
    told = [model.predict(variant(photo(n, cracked=cracked), holes(n))) for n in range(photos)]
    called = sum(one.verdict == "crack" for one in told)
    return f"{called:3d} of {photos} cracked, mean probability {np.mean([one.probability for one in told]):.3f}"


def lines(model: Model, photos: int) -> Iterator[str]:
    for quality in QUALITIES:
        kept = f"JPEG {quality}" if quality else "as they are"
        yield f"gaps, {kept}: filled {found(photos, 0, quality)} black, {found(photos, 255, quality)} white"
    for blur_px, times in [*((blur, 1) for blur in BLURS_PX), *((1.0, times) for times in REDUCED)]:
        counts = [sum(surface_of(one).void is not None for one in openings(blur_px, times, q)) for q in QUALITIES]
        reduced = f", reduced {times} times" if times > 1 else ""
        yield f"dark openings, blur {blur_px} px{reduced}: filled of 48 {', '.join(map(str, counts))} (JPEG as above)"
    variants: dict[str, Callable[[Pixels, NDArray[np.bool_]], Pixels]] = {
        "bare": lambda pixels, mask: pixels,
        "declared": lambda pixels, mask: np.dstack([pixels, np.where(mask, 0, 255).astype(np.uint8)]),
        "black": lambda pixels, mask: with_gaps(pixels, mask, 0, 0),
        "black, JPEG 88": lambda pixels, mask: with_gaps(pixels, mask, 0, 88),
        "white": lambda pixels, mask: with_gaps(pixels, mask, 255, 0),
    }
    for cracked in (True, False):
        for name, variant in variants.items():
            yield f"{'cracked' if cracked else 'sound'} photos, {name}: {verdicts(model, photos, cracked, variant)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=40)
    parser.add_argument("--bundle", default=str(default_bundle()))
    args = parser.parse_args()
    with Path(__file__).with_suffix(".txt").open("w", encoding="utf-8") as file:
        for line in lines(load(args.bundle), args.photos):
            for stream in (sys.stdout, file):
                print(line, file=stream, flush=True)


if __name__ == "__main__":
    main()
