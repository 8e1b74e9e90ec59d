"""What coloured light does to a bundle, and what is left of that when such pictures are seen in grey.

    python benchmarks/coloured_light.py SPLIT.csv [--bundle DIR]

SPLIT.csv is the one that default_bundle.py writes (`--split-only` is enough): of its test part every picture of
SDNET2018 and every fourth of METU is shown in daylight and in seven lights. A light is a share of each colour, in
linear light; the picture then gets a camera's noise (standard deviation 3) and is saved as a JPEG of quality 80.
Generated photos of 1024x768 px, 40 cracked and 40 sound, are inspected in the same lights. Each light is told twice: as
the bundle does it, and with `coloured` set to 0 in its manifest, so that it sees the picture as it is.

ROC AUC, share of cracked and of sound pictures called cracked, share refused; of photos found cracked in daylight, too,
the median of length and width over those in daylight. Writes what it prints to benchmarks/coloured_light.txt.
"""

import argparse
import statistics
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from crackscope.datasets import read_split
from crackscope.images import read
from crackscope.inspection import inspect
from crackscope.records import Inspected, Prediction
from crackscope.scoring import Model, load
from crackscope.surfaces import generate

LIGHTS = {
    "daylight": (1.0, 1.0, 1.0),
    "light bulb": (1.0, 0.8, 0.5),
    "sodium": (1.0, 0.65, 0.2),
    "sodium, low pressure": (1.0, 0.45, 0.01),
    "blue": (0.1, 0.25, 1.0),
    "green": (0.12, 1.0, 0.15),
    "red": (1.0, 0.1, 0.1),
    "magenta": (1.0, 0.35, 1.0),
}
NOISE, JPEG, GAMMA = 3.0, 80, 2.2
PHOTOS, PHOTO_SIZE, FIRST_SEED = 40, (1024, 768), 7_300_000
HERE = Path(__file__).resolve().parent
Pixels = NDArray[np.uint8]


def lit(pixels: Pixels, light: Sequence[float], seed: int) -> Pixels:
    """A picture as a camera would have saved it in this light."""
    linear = (pixels / 255) ** GAMMA * np.array(light)
    seen = 255 * linear ** (1 / GAMMA) + np.random.default_rng(seed).normal(0, NOISE, pixels.shape)
    clipped = np.clip(np.rint(seen), 0, 255).astype(np.uint8)
    _, saved = cv2.imencode(".jpg", clipped[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG])
    return np.ascontiguousarray(cv2.imdecode(saved, cv2.IMREAD_COLOR)[..., ::-1])


def on_patches(model: Model, pictures: Sequence[Pixels], cracked: NDArray[np.bool_]) -> str:
    """Figures of some patches, as a line."""
    said = [one for one in model.predict_all(pictures) if isinstance(one, Prediction)]
    scores = [model.score(pixels).score for pixels in pictures]
    called = np.array([one.verdict == "crack" for one in said])
    refused = np.mean([one.verdict == "cannot judge" for one in said])
    figures = f"{called[cracked].mean():6.2f} {called[~cracked].mean():6.2f} {refused:8.2f}"
    return f"{roc_auc_score(cracked, scores):7.3f} {figures}"


def in_daylight(model: Model) -> list[Inspected]:
    """The generated photos as they are, the first half of them cracked."""
    photos = [generate(FIRST_SEED + number, PHOTO_SIZE, number < PHOTOS).pixels for number in range(2 * PHOTOS)]
    return [inspect(lit(pixels, LIGHTS["daylight"], number), bundle=model) for number, pixels in enumerate(photos)]


def on_photos(model: Model, light: Sequence[float], daylight: Sequence[Inspected]) -> str:
    """Figures of the generated photos, as a line."""
    found, alarms, lengths, widths = 0, 0, [], []
    for number, before in enumerate(daylight):
        pixels = generate(FIRST_SEED + number, PHOTO_SIZE, number < PHOTOS).pixels
        now = inspect(lit(pixels, light, number), bundle=model)
        if number >= PHOTOS:
            alarms += now.verdict == "crack"
            continue
        found += now.verdict == "crack"
        if now.verdict == before.verdict == "crack" and before.zones and now.zones:
            lengths.append(sum(zone.length_px for zone in now.zones) / sum(zone.length_px for zone in before.zones))
            widest = (max(one.zones, key=lambda zone: zone.length_px) for one in (now, before))
            widths.append(np.divide(*(zone.width_median_px.value for zone in widest)))
    middle = [statistics.median(values) if values else float("nan") for values in (lengths, widths)]
    return f"{found:3} of {PHOTOS} {alarms:3} of {PHOTOS} {middle[0]:7.2f} {middle[1]:6.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("split", type=Path)
    parser.add_argument("--bundle", default=None)
    asked = parser.parse_args()
    model = load(asked.bundle)
    blind = replace(model.bundle, manifest=msgspec.structs.replace(model.manifest, coloured=0.0))
    models = {"seen as it is": load(blind, check=False), "seen in grey": model}
    test = read_split(asked.split).part("test")
    sets = {
        "SDNET2018": [row for row in test if row.surface in ("deck", "pavement", "wall")],
        "METU": [row for row in test if row.surface == "metu"][::4],
    }
    lines = [f"python benchmarks/{Path(sys.argv[0]).name} SPLIT.csv", f"bundle {model.manifest.name}"]
    for name, rows in sets.items():
        pictures, cracked = [read(row.path).pixels for row in rows], np.array([row.label == "crack" for row in rows])
        lines += ["", f"{name}, {len(rows)} pictures", f"{'':38} ROC AUC  found alarms  refused"]
        for light, shares in LIGHTS.items():
            seen = [lit(pixels, shares, number) for number, pixels in enumerate(pictures)]
            lines += [f"{light:22} {how:14} {on_patches(one, seen, cracked)}" for how, one in models.items()]
            print(*lines[-2:], sep="\n", flush=True)
    lines += ["", f"generated photos of {PHOTO_SIZE[0]}x{PHOTO_SIZE[1]} px"]
    lines += [f"{'':38}     found    alarms  length  width"]
    daylight = in_daylight(model)
    for light, shares in LIGHTS.items():
        lines += [f"{light:22} {how:14} {on_photos(one, shares, daylight)}" for how, one in models.items()]
        print(*lines[-2:], sep="\n", flush=True)
    (HERE / "coloured_light.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
