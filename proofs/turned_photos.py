"""Photos held in all eight ways, and photos with more sound surface around them: do the findings change?

    python proofs/turned_photos.py [SPLIT.csv] [-n 40]

Pictures: cracked asphalt of the validation and test parts of SPLIT, which nothing was learnt from, and generated
surfaces with a crack, odd sides among them. Turned ones are inspected as arrays, and as JPEGs saved anew at quality 92,
as a viewer does that turns them: intersection over union of the masks, verdicts and numbers of zones that differ.
Beside it the same with photos seen as they are held, without `facing_of`. Then each generated one is laid on a sound
one that is 32, 128 or 384 px larger to each side: verdicts that differ, with and without `facing_of`.
"""

import argparse
import csv
import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crackscope import surfaces
from crackscope.images import read
from crackscope.inspection import InspectOptions, find_cracks, inspect_photo, open_photo, trace_zones
from crackscope.scoring import Facing, Model, load

WAYS = [Facing(*(bool(number >> bit & 1) for bit in range(3))) for number in range(1, 8)]
OPTIONS = InspectOptions(all_zones=True)
MARGINS = (32, 128, 384)
QUALITY = 92
FIRST_SEED = 7_000
Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


class Found(NamedTuple):
    mask: Mask
    verdict: str
    zones: int


def asphalt(split: Path) -> Iterator[Pixels]:
    with split.open() as file:
        for row in csv.DictReader(file):
            if row["surface"] == "asphalt" and row["part"] != "train" and row["label"] == "crack":
                yield read(str(split.parent / row["path"])).pixels


def generated(count: int) -> Iterator[Pixels]:
    rng = np.random.default_rng(FIRST_SEED)
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        size = (int(rng.integers(360, 720)), int(rng.integers(360, 720)))
        yield surfaces.generate(seed, size, width_px=(1.5, 8.0)).pixels


def inspected(model: Model, pixels: Pixels) -> Found:
    found = inspect_photo(model, open_photo(pixels), OPTIONS)
    return Found(found.mask, found.record.verdict, len(found.record.zones))


def as_held(model: Model, pixels: Pixels) -> Found:
    heat = model.heatmap(pixels)
    judged = model.judge(heat, pixels)
    cracks = find_cracks(pixels, heat, model.manifest.mask_threshold)
    return Found(cracks.mask, judged.verdict, len(trace_zones(pixels, cracks, heat, judged.quality)))


def saved_anew(pixels: Pixels) -> Pixels:
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "JPEG", quality=QUALITY)
    return np.asarray(Image.open(held))


def overlap(one: Mask, other: Mask) -> float:
    either = np.count_nonzero(one | other)
    return np.count_nonzero(one & other) / either if either else 1.0


def turned(
    model: Model, photos: list[Pixels], name: str, look: Callable[[Model, Pixels], Found], *, anew: bool
) -> None:
    shares, verdicts, zones = [], 0, 0
    for pixels in photos:
        upright = look(model, saved_anew(pixels) if anew else pixels)
        for way in WAYS:
            held = way.turned(pixels)
            found = look(model, saved_anew(held) if anew else held)
            shares.append(overlap(way.back(found.mask), upright.mask))
            verdicts += found.verdict != upright.verdict
            zones += found.zones != upright.zones
    least, tenth = min(shares), float(np.percentile(shares, 10))
    print(
        f"{name:34} {len(shares):5} {np.mean(shares):6.3f} {tenth:6.3f} {least:6.3f} {verdicts:9} {zones:6}", flush=True
    )


def framed(model: Model, photos: list[Pixels], margin: int) -> None:
    differ = dict.fromkeys((as_held, inspected), 0)
    for number, pixels in enumerate(photos):
        height, width = pixels.shape[:2]
        size = (width + 2 * margin, height + 2 * margin)
        around = surfaces.generate(FIRST_SEED + number, size, cracked=False).pixels.copy()
        around[margin:-margin, margin:-margin] = pixels
        for look in differ:
            differ[look] += look(model, pixels).verdict != look(model, around).verdict
    held, seen = differ.values()
    print(
        f"{margin:3} px of sound surface around {len(photos)}: {seen} verdicts differ ({held} seen as held)", flush=True
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("split", type=Path, nargs="?")
    parser.add_argument("-n", type=int, default=40)
    arguments = parser.parse_args()
    print(f"python proofs/{Path(__file__).name}", *sys.argv[1:])
    model = load()
    sets = {"generated": list(generated(arguments.n))}
    if arguments.split:
        sets["asphalt"] = list(asphalt(arguments.split))
    print(f"\n{'':34} {'pairs':>5} {'mean':>6} {'tenth':>6} {'least':>6} {'verdicts':>9} {'zones':>6}")
    for name, photos in sets.items():
        turned(model, photos, f"{name}, seen as held", as_held, anew=False)
        turned(model, photos, f"{name}, inspected", inspected, anew=False)
        turned(model, photos, f"{name}, inspected, JPEG anew", inspected, anew=True)
    print()
    for margin in MARGINS:
        framed(model, sets["generated"], margin)
    return 0


if __name__ == "__main__":
    sys.exit(main())
