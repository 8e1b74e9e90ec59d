"""What inspect measures in cracked pictures as they are and enlarged.

    python proofs/enlarged.py DATA... [-n 40] [--side 900]
    python proofs/enlarged.py --generated 3 [-n 40]

DATA is a folder with patches of cracks in a folder of a recognised name. Each is enlarged by bicubic interpolation so
that its shorter side has --side px. Compared are those that are called cracked both times: the length of all zones and
the median width of the longest one, in the larger picture over what the smaller one leads to expect. --generated: so
many times enlarged are generated cracks of 448 px, with seeds that nothing was fitted to, and held against the truth:
summed length by the true one, and how often the interval of the longest crack's median width holds the true one.
Writes what it prints to proofs/enlarged.txt.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from measures import truths
from numpy.typing import NDArray

from crackscope import surfaces
from crackscope.datasets import read_rows
from crackscope.images import read
from crackscope.inspection import inspect
from crackscope.records import Inspected, Zone
from crackscope.scoring import Model, load

GENERATED_SIDE, FIRST_SEED = 448, 9_000_000


def longest(found: Inspected) -> Zone:
    return max(found.zones, key=lambda zone: zone.length_px)


def enlarged(pixels: NDArray[np.uint8], times: float) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(pixels, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC), np.uint8)


def ratios(model: Model, paths: list[str], side: int) -> Iterator[tuple[float, float]]:
    """Of each picture found both times, lengths and widths over what is to be expected."""
    for path in paths:
        pixels = read(path).pixels
        times = side / min(pixels.shape[:2])
        first, second = (inspect(one, bundle=model) for one in (pixels, enlarged(pixels, times)))
        if first.zones and second.zones:
            lengths = [sum(zone.length_px for zone in found.zones) for found in (first, second)]
            widths = [longest(found).width_median_px.value for found in (first, second)]
            yield lengths[1] / (times * lengths[0]), widths[1] / (times * widths[0])


def held(model: Model, count: int, times: int) -> str:
    """How generated cracks that are found, enlarged, are measured."""
    lengths, covered = [], []
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        made = surfaces.generate(seed, (GENERATED_SIDE, GENERATED_SIDE))
        found = inspect(enlarged(made.pixels, times), bundle=model)
        line, width = times * made.truth.centreline_px + (times - 1) / 2, times * made.truth.centreline_width_px
        truth = replace(made.truth, centreline_px=line, centreline_width_px=width)
        true = [figures[1] for zone, figures in truths(found.zones, truth) if zone is longest(found)]
        if true:
            lengths.append(sum(zone.length_px for zone in found.zones) / (times * truth.length_px))
            told = longest(found).width_median_px
            covered.append(told.low <= true[0] <= told.high)
    low, middle, high = np.percentile(lengths, (10, 50, 90))
    return (
        f"generated: {len(lengths)} of {count} found; length {middle:.2f} ({low:.2f} to {high:.2f}) of the true one; "
        f"the interval of the median width holds the true one of {sum(covered)}"
    )


def compared(model: Model, folder: Path, count: int, side: int) -> str:
    """How patches of a folder are measured, enlarged, beside what they are as they are."""
    paths = [row.path for row in read_rows(folder) if row.label == "crack"]
    chosen = [paths[place] for place in np.linspace(0, len(paths) - 1, count).astype(int)]
    found = np.array(list(ratios(model, chosen, side)))
    length, width = (np.percentile(column, (10, 50, 90)) for column in found.T)
    return (
        f"{folder.name}: {len(found)} of {len(chosen)} found both times; length {length[1]:.2f} "
        f"({length[0]:.2f} to {length[2]:.2f}), median width {width[1]:.2f} ({width[0]:.2f} to {width[2]:.2f}); "
        "median, 10th and 90th percentile"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="*")
    parser.add_argument("-n", type=int, default=40, help="pictures of each set")
    parser.add_argument("--side", type=int, default=900)
    parser.add_argument("--generated", type=int, metavar="TIMES", help="so many times enlarged, instead of DATA")
    asked = parser.parse_args()
    if bool(asked.data) == bool(asked.generated):
        parser.error("name DATA, or --generated TIMES")
    what, side = ("DATA...", f" --side {asked.side}") if asked.data else (f"--generated {asked.generated}", "")
    model, lines = load(), [f"python proofs/enlarged.py {what} -n {asked.n}{side}"]
    for folder in asked.data:
        lines.append(compared(model, folder, asked.n, asked.side))
        print(lines[-1], flush=True)
    if asked.generated:
        lines.append(held(model, asked.n, asked.generated))
        print(lines[-1])
    Path(__file__).with_suffix(".txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
