"""How many cracks `inspect` tells too long by far in cracked patches as they are.

    python proofs/too_long.py DATA [-n 100] [--side PX]

DATA is a folder with patches of cracks in a folder of a recognised name; -n of them, evenly spaced, are inspected. A
crack that is longer than 1.7 times the diagonal of its box has hardly one line: its edges were followed, or its
branches are many. Counted are cracks of a probability above one half. With --side only the middle of each patch is
inspected, a square of so many px. Writes what it prints to proofs/too_long.txt, unless --side is given.
"""

import argparse
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crackscope.datasets import read_rows
from crackscope.images import read
from crackscope.inspection import inspect
from crackscope.scoring import load

TIMES = 1.7


def middle(pixels: NDArray[np.uint8], side: int | None) -> NDArray[np.uint8]:
    """A square of that side from the middle of a patch; all of it for None."""
    top, left = ((of - (side or of)) // 2 for of in pixels.shape[:2])
    return np.ascontiguousarray(pixels[top : top + (side or len(pixels)), left : left + (side or pixels.shape[1])])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("-n", type=int, default=100, help="pictures")
    parser.add_argument("--side", type=int, help="px")
    asked = parser.parse_args()
    model, paths = load(), [row.path for row in read_rows(asked.data) if row.label == "crack"]
    chosen = [paths[place] for place in np.linspace(0, len(paths) - 1, asked.n).astype(int)]
    seen = [middle(read(path).pixels, asked.side) for path in chosen]
    zones = [zone for pixels in seen for zone in inspect(pixels, bundle=model).zones if zone.probability > 0.5]
    far = sum(zone.length_px > TIMES * math.hypot(*zone.box[2:]) for zone in zones)
    lines = [
        f"python proofs/too_long.py {asked.data.name} -n {asked.n}" + f" --side {asked.side}" * bool(asked.side),
        f"{far} of {len(zones)} cracks are longer than {TIMES} times the diagonal of their box",
    ]
    print("\n".join(lines))
    if not asked.side:
        Path(__file__).with_suffix(".txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
