"""Blur and noise as told, against generated photos whose blur and noise are known.

    python proofs/quality.py [-n 150]

Sound and cracked surfaces of every kind, 768 by 640 px, one Gaussian blur (0 to 3.5 px) and white noise (0 to 10 grey
levels) laid over; some through JPEG at quality 90. The surface's own camera has a blur of .45 to .85 px, .65 on the
average, which is counted in.
"""

import argparse
import sys
import time
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from crackscope.scoring import quality
from crackscope.surfaces import KINDS, generate

OWN_PX = 0.65
BANDS_PX = (0.0, 0.75, 1.1, 1.4, 2.0, 3.0, 4.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=150, help="photos")
    asked = parser.parse_args()
    print(f"python proofs/{Path(__file__).name}", *sys.argv[1:], flush=True)
    rows = []
    for number in range(asked.n):
        rng = np.random.default_rng(number)
        made = generate(number, (768, 640), cracked=number % 2 == 0, kind=KINDS[number % len(KINDS)])
        blur, noise = float(rng.choice([0, 0.5, 1, 1.5, 2.5, 3.5])), float(rng.choice([0, 2, 5, 10]))
        jpeg = int(rng.choice([0, 0, 90]))
        seen = made.pixels.astype(np.float32)
        if blur:
            seen = np.asarray(cv2.GaussianBlur(seen, (0, 0), blur), np.float32)
        noisy = seen + rng.normal(0, noise, seen.shape[:2])[..., None]
        pixels = np.ascontiguousarray(np.clip(noisy + 0.5, 0, 255).astype(np.uint8))
        if jpeg:
            _, written = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, jpeg])
            pixels = np.asarray(cv2.imdecode(written, cv2.IMREAD_COLOR), np.uint8)
        begin = time.process_time()
        told = quality(pixels)
        rows.append((np.hypot(OWN_PX, blur), noise, jpeg, told.sharpness_px, told.noise, time.process_time() - begin))
    table = np.array(rows)
    true, noise, jpeg, told_blur, told_noise, spent = table.T
    print(f"{len(table)} photos, {1000 * np.median(spent):.0f} ms of processor each\n")
    print("true blur px   photos  told: median   10 to 90 %     median error")
    for low, high in pairwise(BANDS_PX):
        some = (true >= low) & (true < high)
        if some.any():
            least, middle, most = np.percentile(told_blur[some], (10, 50, 90))
            error = np.median(np.abs(told_blur - true)[some])
            print(
                f"{true[some].mean():12.2f}  {some.sum():7d}  {middle:12.2f}   {least:.2f} to {most:.2f}  {error:12.2f}"
            )
    print("\ntrue noise  JPEG  photos  told: median  10 to 90 %")
    for level in np.unique(noise):
        for kind in np.unique(jpeg):
            some = (noise == level) & (jpeg == kind)
            if some.any():
                least, middle, most = np.percentile(told_noise[some], (10, 50, 90))
                print(f"{level:10.1f}  {kind:4.0f}  {some.sum():6d}  {middle:12.2f}  {least:.2f} to {most:.2f}")


if __name__ == "__main__":
    main()
