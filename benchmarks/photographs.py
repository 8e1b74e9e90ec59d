"""How many photographs and drawings of other things a bundle refuses to judge: nothing was learnt from them.

    apt-get download plasma-workspace-wallpapers mate-backgrounds opencv-doc
    for one in *.deb; do dpkg-deb -x "$one" packages; done          # 175 MB; CC BY-SA, LGPL-3 and BSD licences
    python benchmarks/photographs.py packages [--bundle DIR]

Landscapes, plants, animals, people, objects, text and drawings that come with desktops and with OpenCV. Each is judged
whole, once with a longer side of 384 px and once of 768 px, and in tiles of 224 px, from the top left, of a copy with a
longer side of 1024 px; pictures that are smaller are judged at their own size.

Half of them (every second name, by the alphabet) were looked at when it was chosen how strongly the rule is held back
and which pieces of photographs it learns from; figures of the other half stand beside.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tiles_of import TILE

from crackscope.images import read, resize
from crackscope.scoring import Model, load

WALLPAPERS, NATURE, EXAMPLES = (
    "usr/share/wallpapers",
    "usr/share/backgrounds/mate/nature",
    "usr/share/doc/opencv-doc/examples",
)
PICTURES = {
    f"{WALLPAPERS}/{{}}/contents/images/*x*": "Altai Autumn BytheWater Canopee Cascade ColdRipple ColorfulCups "
    "DarkestHour Elarun EveningGlow FallenLeaf Honeywave IceCold Kokkini MilkyWay OneStandsOut PastelHills Patak Path "
    "SafeLanding Shell",
    f"{NATURE}/{{}}.jpg": "Aqua Blinds Dune FreshFlower Garden GreenMeadow LadyBird RainDrops Storm TwoWings Wood "
    "YellowFlower",
    f"{EXAMPLES}/data/{{}}.*": "HappyFish aero1 aero3 aloeL aloeR apple baboon basketball1 board box box_in_scene "
    "building butterfly cards chicky_512 fruits graf1 home imageTextN left01 leuvenA licenseplate_motion messi5 notes "
    "orange right07 rubberwhale1 squirrel_cls starry_night stuff sudoku text_defocus",
    f"{EXAMPLES}/text/{{}}.jpg": "scenetext01 scenetext02 scenetext03 scenetext04 scenetext05 scenetext06",
}
WHOLE_PX, CUT_PX = (384, 768), 1024
Pixels = NDArray[np.uint8]


def pictures(packages: Path) -> dict[str, Pixels]:
    """By name, in their order; of one that comes in several sizes the largest file."""
    found = {}
    for pattern, names in PICTURES.items():
        for name in names.split():
            files = sorted(packages.glob(pattern.format(name)), key=lambda path: (path.stat().st_size, path.name))
            if not files:
                sys.exit(f"{packages}/{pattern.format(name)}: not there; unpack the packages that the top names")
            found[name] = read(files[-1]).pixels
    return dict(sorted(found.items()))


def shrunk(pixels: Pixels, longest: int) -> Pixels:
    """With a longer side of so many px, or as it is where that is less."""
    height, width = pixels.shape[:2]
    by = longest / max(height, width)
    return pixels if by >= 1 else resize(pixels, round(width * by), round(height * by))


def tiles(pixels: Pixels) -> list[Pixels]:
    """From the top left, none where there is room for none."""
    height, width = pixels.shape[:2]
    corners = [(top, left) for top in range(0, height - TILE + 1, TILE) for left in range(0, width - TILE + 1, TILE)]
    return [np.ascontiguousarray(pixels[top : top + TILE, left : left + TILE]) for top, left in corners]


def refused(model: Model, some: Sequence[Pixels]) -> float:
    """The share that is not judged."""
    return float(np.mean([model.predict(pixels).verdict == "cannot judge" for pixels in some]))


def line(what: str, shares: Mapping[str, float], names: Sequence[str]) -> str:
    """All, and the half that was looked at beside the other; names: of all pictures in their order, every second of
    which was looked at, whether or not it has a share."""
    looked, other = (
        f"{np.mean(half):.1%} of {len(half)}"
        for half in ([shares[name] for name in names[first::2] if name in shares] for first in (0, 1))
    )
    mean = np.mean(list(shares.values()))
    return f"{what:22} {mean:.1%} refused of {len(shares)} pictures (looked at {looked}, others {other})"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", type=Path)
    parser.add_argument("--bundle", default=None)
    arguments = parser.parse_args()
    model = load(arguments.bundle)
    print(f"bundle {model.manifest.name}")
    found = pictures(arguments.packages)
    names = list(found)
    for longest in WHOLE_PX:
        shares = {name: refused(model, [shrunk(pixels, longest)]) for name, pixels in found.items()}
        print(line(f"whole, {longest} px", shares, names))
        print("  let pass:", " ".join(name for name, share in shares.items() if not share))
    cut = {name: tiles(shrunk(pixels, CUT_PX)) for name, pixels in found.items()}
    shares = {name: refused(model, some) for name, some in cut.items() if some}
    print(line("tiles, mean by picture", shares, names))
    print("  less than half:", " ".join(f"{name} {share:.2f}" for name, share in shares.items() if share < 0.5))
    return 0


if __name__ == "__main__":
    sys.exit(main())
