"""What a bundle refuses to judge: of surfaces, which it should not, and of everything else, which it should.

    python benchmarks/refusals.py SPLIT.csv [--bundle DIR]

Surfaces: the rows of the split's test part by surface, and generated ones. Everything else: generated pictures of no
surface with seeds that nothing was fitted to, black and white frames, and the rows blurred by a Gaussian of 4 and 6 px.
Each is asked about as a patch (`predict`) and as a photo (`inspect`).
The photographs of no surface that bundles learn from are too few to leave some out: for those the share let pass is the
one that the bundle states, out of fold by picture. Beside them stand the pictures that scikit-image and scikit-learn
bring along and that nothing was learnt from; its brick is counted among the surfaces.
"""

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import skimage
import sklearn
from numpy.typing import NDArray

from crackscope import surfaces
from crackscope.datasets import read_split
from crackscope.images import read
from crackscope.records import Prediction
from crackscope.scoring import Model, facing_of, load

COUNT, SIDE, FIRST_SEED = 300, 256, 7_000_000
BROUGHT_ALONG = {
    skimage: "astronaut.png cell.png coffee.png grass.png hubble_deep_field.jpg ihc.png logo.png motorcycle_left.png "
    "motorcycle_right.png retina.jpg rocket.jpg text.png",
    sklearn: "china.jpg flower.jpg",
}
Pixels = NDArray[np.uint8]


def brought_along(names: dict[ModuleType, str]) -> dict[str, Pixels]:
    """Pictures that packages carry in their folders, by name."""
    return {
        name: read(next(Path(package.__path__[0]).rglob(name))).pixels
        for package, inside in names.items()
        for name in inside.split()
    }


def told(model: Model, name: str, pictures: Sequence[Pixels]) -> None:
    patches = [one for one in model.predict_all(pictures) if isinstance(one, Prediction)]
    turned = [model.in_plain_light(facing_of(one).turned(one)) for one in pictures]
    photos = [model.judge(model.heatmap(one), one) for one in turned]
    refused, here = ([one for one in said if one.verdict == "cannot judge"] for said in (patches, photos))
    why = Counter(one.reason.partition(":")[0] for one in refused)
    share, as_photos = (f"{len(few) / len(pictures):.1%}" for few in (refused, here))
    print(f"  {name:24} {len(refused):4} of {len(patches):4} refused ({share}; as photos {as_photos})  {dict(why)}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("split", type=Path)
    parser.add_argument("--bundle", default=None)
    arguments = parser.parse_args()
    print(f"python benchmarks/{Path(__file__).name}", *sys.argv[1:])
    model = load(arguments.bundle)
    rows: dict[str, list[Pixels]] = defaultdict(list)
    for row in read_split(arguments.split).part("test"):
        if row.surface != "nonsurface" and len(rows[row.surface]) < COUNT:
            rows[row.surface].append(read(row.path).pixels)
    size, seeds = (SIDE, SIDE), range(FIRST_SEED, FIRST_SEED + COUNT)
    print("surfaces")
    for name, pictures in sorted(rows.items()):
        told(model, name, pictures)
    for kind in surfaces.KINDS:
        told(model, f"generated {kind}", [surfaces.generate(s, size, s % 2 == 0, kind).pixels for s in seeds[::5]])
    (brick,) = brought_along({skimage: "brick.png"}).values()
    told(model, "brick of scikit-image", [cv2.resize(brick, None, fx=by, fy=by).astype(np.uint8) for by in (0.5, 1, 2)])
    print("everything else")
    others = brought_along(BROUGHT_ALONG)
    told(model, "of scikit-image, -learn", list(others.values()))
    passed = [name for name, pixels in others.items() if model.predict(pixels).verdict != "cannot judge"]
    print(f"    let pass: {', '.join(passed)}")
    told(model, "generated others", [surfaces.generate_other(seed, size) for seed in seeds])
    told(model, "black and white", [np.full((SIDE, SIDE, 3), value, np.uint8) for value in (0, 3, 252, 255)])
    some = [picture for pictures in rows.values() for picture in pictures[:60]]
    for blur in (4, 6):
        told(model, f"blurred by {blur} px", [cv2.GaussianBlur(p, (0, 0), blur).astype(np.uint8) for p in some])
    rule = model.manifest.verdict.surface
    if rule is not None:
        print(f"out of fold: {rule.refused:.1%} of surfaces refused, {rule.kept:.1%} of other pictures let pass")
    return 0


if __name__ == "__main__":
    sys.exit(main())
