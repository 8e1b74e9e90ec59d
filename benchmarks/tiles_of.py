"""Tiles of pictures that have masks, as labelled patches.

    python benchmarks/tiles_of.py ../shared/data/asphalt -o DIR [-n 10 [--seed 0]]

Tiles are 224 px, side by side from the top left corner, without padding; cracked if at least .5 % of one is mask, sound
if none is, left out otherwise. DIR gets crack/ and sound/ with PNG files named after picture and place; with -n so many
of each, drawn by lot, the same ones for the same seed.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.datasets import read_rows
from crackscope.images import find, read, read_mask, write_png
from crackscope.records import LABELS, Label

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


def name_of(picture: str, left: int, top: int) -> str:
    """Of the file of a tile. picture: stem of the one that it is of."""
    return f"{picture}__{left}_{top}.png"


def write_tiles(folder: Path, out: Path, most: int | None = None, seed: int = 0) -> int:
    """Write the tiles as PNG, `most` of each label where it is given; returns how many."""
    tiles, count = tiles_of(folder) if most is None else drawn(list(tiles_of(folder)), most, seed), 0
    for tile in tiles:
        (out / tile.label).mkdir(parents=True, exist_ok=True)
        write_png(tile.pixels, out / tile.label / name_of(tile.picture, tile.left, tile.top))
        count += 1
    return count


def drawn(tiles: list[LabelledTile], most: int, seed: int) -> Iterator[LabelledTile]:
    """So many of each label, by lot."""
    rng = np.random.default_rng(seed)
    for label in LABELS:
        of_one = [tile for tile in tiles if tile.label == label]
        yield from (of_one[place] for place in rng.permutation(len(of_one))[:most])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("-n", type=int, help="so many of each label")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(f"{write_tiles(arguments.folder, arguments.out, arguments.n, arguments.seed)} tiles in {arguments.out}")
