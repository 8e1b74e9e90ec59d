"""How many cracks `inspect` tells too long by far in cracked patches as they are.

    python proofs/too_long.py DATA [-n 100] [--side PX] [--sheet SHEET.png]

DATA is a folder with patches of cracks in a folder of a recognised name; -n of them, evenly spaced, are inspected. A
crack that is longer than 1.7 times the diagonal of its box has hardly one line: its edges were followed, or it parts
around a slab, or its branches are many. Counted are cracks of a probability above one half; --sheet shows those that
are so long, each beside its lines, since only the eye tells which of them are right. With --side only the middle of
each patch is inspected, a square of so many px. Writes what it prints to proofs/too_long.txt, unless --side is given.
"""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscope.datasets import read_rows
from crackscope.images import read, resize, write_png
from crackscope.inspection import inspect
from crackscope.records import Zone
from crackscope.scoring import load

Pixels = NDArray[np.uint8]
TIMES = 1.7


def middle(pixels: Pixels, side: int | None) -> Pixels:
    """A square of that side from the middle of a patch; all of it for None."""
    top, left = ((of - (side or of)) // 2 for of in pixels.shape[:2])
    return np.ascontiguousarray(pixels[top : top + (side or len(pixels)), left : left + (side or pixels.shape[1])])


def shown(pixels: Pixels, zones: Sequence[Zone]) -> Pixels:
    """A picture, and beside it the same with the lines of zones drawn in, twice as large: uint8 [2 h, 4 w, 3]."""
    plain = resize(pixels, 2 * pixels.shape[1], 2 * pixels.shape[0])
    drawn = plain.copy()
    for line in (line for zone in zones for line in zone.centreline):
        course = np.rint(2 * np.array(line) + 0.5).astype(np.int32)
        cv2.polylines(drawn, [course.reshape(-1, 1, 2)], False, (255, 40, 40), 2)
    return np.hstack([plain, drawn])


def sheet(tiles: Sequence[Pixels], across: int = 3) -> Pixels:
    """Pictures side by side, in rows of so many; the shortest side of all tells how much of each is seen."""
    height, width = (min(tile.shape[axis] for tile in tiles) for axis in (0, 1))
    cut = [tile[:height, :width] for tile in tiles]
    cut += [np.zeros_like(cut[0])] * (-len(cut) % across)
    return np.vstack([np.hstack(cut[first : first + across]) for first in range(0, len(cut), across)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("-n", type=int, default=100, help="pictures")
    parser.add_argument("--side", type=int, help="px")
    parser.add_argument("--sheet", type=Path, help="where to show them")
    asked = parser.parse_args()
    model, paths = load(), [row.path for row in read_rows(asked.data) if row.label == "crack"]
    chosen = [paths[place] for place in np.linspace(0, len(paths) - 1, asked.n).astype(int)]
    seen = [middle(read(path).pixels, asked.side) for path in chosen]
    zones = [[zone for zone in inspect(pixels, bundle=model).zones if zone.probability > 0.5] for pixels in seen]
    far = [[zone for zone in few if zone.length_px > TIMES * math.hypot(*zone.box[2:])] for few in zones]
    count, of = (sum(map(len, some)) for some in (far, zones))
    lines = [
        f"python proofs/too_long.py {asked.data.name} -n {asked.n}" + f" --side {asked.side}" * bool(asked.side),
        f"{count} of {of} cracks are longer than {TIMES} times the diagonal of their box",
    ]
    if asked.sheet and any(far):
        write_png(sheet([shown(pixels, few) for pixels, few in zip(seen, far, strict=True) if few]), asked.sheet)
    print("\n".join(lines))
    if not asked.side:
        Path(__file__).with_suffix(".txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
