"""How many cracks `inspect` tells too long by far in cracked patches as they are.

    python proofs/too_long.py DATA [-n 100]

DATA is a folder with patches of cracks in a folder of a recognised name; -n of them, evenly spaced, are inspected. A
crack that is longer than 1.7 times the diagonal of its box has hardly one line: its edges were followed, or its
branches are many. Counted are cracks of a probability above one half. Writes what it prints to proofs/too_long.txt.
"""

import argparse
import math
from pathlib import Path

import numpy as np

from crackscope.datasets import read_rows
from crackscope.inspection import inspect
from crackscope.scoring import load

TIMES = 1.7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("-n", type=int, default=100, help="pictures")
    asked = parser.parse_args()
    model, paths = load(), [row.path for row in read_rows(asked.data) if row.label == "crack"]
    chosen = [paths[place] for place in np.linspace(0, len(paths) - 1, asked.n).astype(int)]
    zones = [zone for path in chosen for zone in inspect(path, bundle=model).zones if zone.probability > 0.5]
    far = sum(zone.length_px > TIMES * math.hypot(*zone.box[2:]) for zone in zones)
    lines = [
        f"python proofs/too_long.py {asked.data.name} -n {asked.n}",
        f"{far} of {len(zones)} cracks are longer than {TIMES} times the diagonal of their box",
    ]
    print("\n".join(lines))
    Path(__file__).with_suffix(".txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
