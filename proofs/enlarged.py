"""What inspect measures in cracked pictures as they are and enlarged.

    python proofs/enlarged.py DATA... [-n 40] [--side 900]

DATA is a folder with patches of cracks in a folder of a recognised name. Each is enlarged by bicubic interpolation so
that its shorter side has --side px. Compared are those that are called cracked both times: the length of all zones and
the median width of the longest one, in the larger picture over what the smaller one leads to expect.
Writes what it prints to proofs/enlarged.txt.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from crackscope.datasets import read_rows
from crackscope.images import read
from crackscope.inspection import inspect
from crackscope.records import Inspected
from crackscope.scoring import Model, load


def longest(found: Inspected) -> float:
    """The median width of the longest crack, px."""
    return max(found.zones, key=lambda zone: zone.length_px).width_median_px.value


def ratios(model: Model, paths: list[str], side: int) -> Iterator[tuple[float, float]]:
    """Of each picture found both times, lengths and widths over what is to be expected."""
    for path in paths:
        pixels = read(path).pixels
        times = side / min(pixels.shape[:2])
        large = cv2.resize(pixels, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC)
        first, second = (inspect(one, bundle=model) for one in (pixels, np.asarray(large, np.uint8)))
        if first.zones and second.zones:
            lengths = [sum(zone.length_px for zone in found.zones) for found in (first, second)]
            yield lengths[1] / (times * lengths[0]), longest(second) / (times * longest(first))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("-n", type=int, default=40, help="pictures of each set")
    parser.add_argument("--side", type=int, default=900)
    asked = parser.parse_args()
    model, lines = load(), [f"python proofs/enlarged.py DATA... -n {asked.n} --side {asked.side}"]
    for folder in asked.data:
        paths = [row.path for row in read_rows(folder) if row.label == "crack"]
        chosen = [paths[place] for place in np.linspace(0, len(paths) - 1, asked.n).astype(int)]
        found = np.array(list(ratios(model, chosen, asked.side)))
        length, width = (np.percentile(column, (10, 50, 90)) for column in found.T)
        lines.append(
            f"{folder.name}: {len(found)} of {len(chosen)} found both times; length {length[1]:.2f} "
            f"({length[0]:.2f} to {length[2]:.2f}), median width {width[1]:.2f} ({width[0]:.2f} to {width[2]:.2f}); "
            "median, 10th and 90th percentile"
        )
        print(lines[-1], flush=True)
    Path(__file__).with_suffix(".txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
