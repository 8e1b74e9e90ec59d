"""How a bundle does on materials of buildings that nothing was learnt from: brick, stone, render, concrete.

    apt-get download ufoai-textures && dpkg-deb -x ufoai-textures_*.deb textures      # 336 MB, GPL-2+ and CC licences
    python benchmarks/materials.py textures/usr/share/games/ufoai/base/0textures.pk3 [--bundle DIR]
    python benchmarks/materials.py textures/usr/share/games/ufoai/base/0textures.pk3 --write TILES
    python benchmarks/adapt.py --data TILES/stone --labels 10,20

The textures of a free game (UFO: Alien Invasion) that were made from photographs of walls and floors without a crack
and without doors or windows, chosen by eye. Those of 1,000 px and more are halved; of each at most four tiles of 224 px
are judged as they are, and again with a generated crack laid over (tiles that get less than .5 % of crack are left
out). The cracks are of the kind that the default bundle learnt from, so that what is told is the ground: how often it
looks like a crack or like no surface, and whether it hides one.

`--write`: the tiles as PNGs, a folder for each material with one for each class in it, and nothing is judged; so it can
be asked what a few labels buy there.

They are no data to learn from, and none was learnt from. They were looked at, though: stonework and painted walls are
among the generated surfaces since so many of these stones were called cracked.
"""

import argparse
import sys
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from tiles_of import SMALLEST_SHARE, TILE

from crackscope.images import read, resize, write_png
from crackscope.scoring import Model, load
from crackscope.surfaces import draw_crack

MOST_TILES, LARGE_PX = 4, 1000
MATERIALS = {
    "brick": "ctp1/bricks_* buildings/wall_brick01 buildings/wall04[34] buildings/streetbricks14 mattn/brick03* "
    "mattn/wall_bricks00[1256] mattn/wall003 mattn/wall05[34] mattn/wall066 mattn/wall070 mattn/wall079 mattn/wall088 "
    "trak/trak4_brick*",
    "stone": "buildings_snow/wall00[245] buildings/wall04[12] buildings/wall5_4 buildings/paving001 "
    "buildings/concrete_slabs0* mattn/wall049 mattn/wall064 mattn/wall067 mattn/wall084",
    "render": "buildings/wall01[139] buildings/wall02[02378] buildings/wall03[23456] buildings/wall_dirt[13] "
    "buildings/wall_se07 buildings/wall_se1[245] buildings/japwall003 mattn/wall0[12]3 mattn/wall02[189] "
    "mattn/wall0[35]2 mattn/wall050 mattn/wall063 mattn/wall068 mattn/wall085 ctp1/stucco_o_1",
    "concrete": "buildings/concrete0?[0-9] buildings/concrete0??[0-9] buildings/cementwall ctp1/concrete_[gpsy]_* "
    "mattn/concrete00[134] mattn/wall07[35] trak/trak4_concrete2a trak/trak4_concrete3 trak/trak4_concrete[45]*",
}
Pixels = NDArray[np.uint8]


def textures(archive: zipfile.ZipFile, names: str) -> Iterator[Pixels]:
    """The pictures of one material, in the order of their names; maps of relief and gloss are left out."""
    for name in sorted(archive.namelist()):
        stem = name.removeprefix("textures/tex_").rpartition(".")[0]
        if stem.endswith(("_nm", "_gm", "_sm", "_rm")) or not any(fnmatch(stem, one) for one in names.split()):
            continue
        pixels = read(archive.read(name)).pixels
        height, width = pixels.shape[:2]
        yield pixels if min(height, width) < LARGE_PX else resize(pixels, width // 2, height // 2)


def tiles(pixels: Pixels) -> Iterator[Pixels]:
    """At most four tiles, from the top left."""
    height, width = pixels.shape[:2]
    corners = [(top, left) for top in range(0, height - TILE + 1, TILE) for left in range(0, width - TILE + 1, TILE)]
    for top, left in corners[:MOST_TILES]:
        yield np.ascontiguousarray(pixels[top : top + TILE, left : left + TILE])


def cracked(grounds: list[Pixels]) -> list[Pixels]:
    """The tiles with a crack laid over, without those that get too little of it."""
    drawn = [draw_crack(ground, np.random.default_rng(number)) for number, ground in enumerate(grounds)]
    return [pixels for pixels, mask in drawn if mask.mean() >= SMALLEST_SHARE]


def written(folder: Path, grounds: list[Pixels]) -> str:
    """A line on one material, after its tiles have been written."""
    for label, some in (("sound", grounds), ("crack", cracked(grounds))):
        (folder / label).mkdir(parents=True)
        for number, pixels in enumerate(some):
            write_png(pixels, folder / label / f"{number:03}.png")
    return f"{folder}: {len(grounds)} sound"


def told(model: Model, material: str, grounds: list[Pixels]) -> str:
    """A line on one material."""
    shown = cracked(grounds)
    sound, crack = ([model.predict(pixels) for pixels in few] for few in (grounds, shown))
    area = roc_auc_score([0] * len(sound) + [1] * len(crack), [one.probability for one in (*sound, *crack)])
    alarms = np.mean([one.verdict == "crack" for one in sound])
    found = np.mean([one.verdict == "crack" for one in crack])
    refused = np.mean([one.verdict == "cannot judge" for one in sound])
    return f"{material:10} {len(sound):6}  {alarms:13.3f}  {refused:8.3f}  {len(crack):8}  {found:6.3f}  {area:8.3f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--bundle", default=None)
    parser.add_argument("--write", type=Path, metavar="TILES", help="write the tiles there instead of judging them")
    arguments = parser.parse_args()
    model = load(arguments.bundle)
    if not arguments.write:
        print(f"bundle {model.manifest.name}")
        print("material    tiles   false alarms   refused   cracked   found   ROC AUC", flush=True)
    with zipfile.ZipFile(arguments.archive) as archive:
        for material, names in MATERIALS.items():
            grounds = [tile for pixels in textures(archive, names) for tile in tiles(pixels)]
            if arguments.write:
                print(written(arguments.write / material, grounds), flush=True)
            else:
                print(told(model, material, grounds), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
