"""Tiles of pictures that have masks, as labelled patches: python benchmarks/tiles_of.py ../shared/data/asphalt -o DIR

Tiles are 224 px, side by side from the top left corner, without padding; cracked if at least .5 % of one is mask, sound
if none is, left out otherwise. DIR gets crack/ and sound/ with PNG files named after picture and place.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.datasets import read_rows
from crackscope.images import find, read, read_mask, write_png
from crackscope.records import Label

TILE, SMALLEST_SHARE = 224, 0.005


class LabelledTile(NamedTuple):
    """pixels: uint8 [224, 224, 3]. picture: stem of the file that it is of. left, top: px."""

    pixels: NDArray[np.uint8]
    label: Label
    picture: str
    left: int
    top: int


def tiles_of(folder: Path) -> Iterator[LabelledTile]:
    """Tiles of folder/images by folder/masks, a mask named after its picture's stem; no mask means sound."""
    masks = {row.path: row.mask for row in read_rows(folder) if row.mask}
    for path in find([str(folder.absolute() / "images")]):
        pixels = read(path).pixels
        height, width = pixels.shape[:2]
        mask_path = masks.get(path)
        mask = read_mask(mask_path, (width, height)) if mask_path else np.zeros((height, width), np.bool_)
        for top in range(0, height - TILE + 1, TILE):
            for left in range(0, width - TILE + 1, TILE):
                share = float(mask[top : top + TILE, left : left + TILE].mean())
                if share >= SMALLEST_SHARE or share == 0:
                    tile = np.ascontiguousarray(pixels[top : top + TILE, left : left + TILE])
                    yield LabelledTile(tile, "crack" if share else "sound", Path(path).stem, left, top)


def write_tiles(folder: Path, out: Path) -> int:
    """Write all tiles as PNG; returns how many."""
    count = 0
    for tile in tiles_of(folder):
        (out / tile.label).mkdir(parents=True, exist_ok=True)
        write_png(tile.pixels, out / tile.label / f"{tile.picture}__{tile.left}_{tile.top}.png")
        count += 1
    return count


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    arguments = parser.parse_args()
    print(f"{write_tiles(arguments.folder, arguments.out)} tiles in {arguments.out}")
