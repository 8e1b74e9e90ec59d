"""What further looks, at half size and from afar, find in soft photos, and whether they raise false alarms.

    python proofs/soft_photos.py SPLIT.csv [--bundle DIR]

Photos are enlarged by bicubic interpolation, which makes them soft as a phone's zoom does: the asphalt pictures that
the split holds out (val and test), generated ones with seeds that nothing was fitted to, and sound patches of the
split's test part. Smaller ones are mirrored until the shorter side has 1,024 px; then all once more with 900 px, which
are too small to be seen from afar, and enlarged no further than that. Each is judged by one look, and by all that it
gets (`scoring/further_looks.py`), at a rate of 5 % false alarms. Printed: the blur, how many are looked at
twice for it, how many are called cracked and how many cannot be judged, how many called sound look suspicious, and the
processor time of the heatmap and of judging.
Writes what it prints to proofs/soft_photos.txt.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscope import surfaces
from crackscope.bundles import default_bundle
from crackscope.datasets import Split, read_split
from crackscope.images import read
from crackscope.records import suspicious
from crackscope.scoring import Judgement, Model, load
from crackscope.scoring.further_looks import may_look_again, soft

RATE = 0.05
SIDES_PX = (1024, 900)
GENERATED, GENERATED_SIDE = 40, 448
FIRST_CRACKED, FIRST_SOUND = 9_000_000, 9_100_000
REAL = 40
"""Sound patches taken of each surface."""
Pixels = NDArray[np.uint8]


class Set(NamedTuple):
    name: str
    photos: list[Pixels]
    times: tuple[float, ...]


def sets(split: Split) -> Iterator[Set]:
    held_out = [row for part in ("val", "test") for row in split.part(part) if row.surface == "asphalt"]
    yield Set("asphalt, cracked", [read(row.path).pixels for row in held_out], (1, 2, 3))
    for cracked, first in ((True, FIRST_CRACKED), (False, FIRST_SOUND)):
        size = (GENERATED_SIDE, GENERATED_SIDE)
        made = [surfaces.generate(seed, size, cracked).pixels for seed in range(first, first + GENERATED)]
        yield Set(f"generated, {'cracked' if cracked else 'sound'}", made, (1, 2.3, 3.5))
    for surface in ("deck", "wall", "pavement", "metu"):
        rows = [row for row in split.part("test") if (row.surface, row.label) == (surface, "sound")][:REAL]
        yield Set(f"{surface}, sound", [read(row.path).pixels for row in rows], (1, 2, 4))


def enlarged(pixels: Pixels, times: float, side: int) -> Pixels:
    """So many times as large; mirrored first until the shorter side comes to so many px."""
    least = side / times
    missing = [max(0, int(np.ceil(least)) - side) for side in pixels.shape[:2]]
    whole = np.pad(pixels, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="symmetric")
    if times == 1:
        return whole
    size = tuple(max(side, round(times * old)) for old in whole.shape[1::-1])
    return np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_CUBIC), np.uint8)


class Told(NamedTuple):
    before: Judgement
    after: Judgement
    twice: bool
    seconds: tuple[float, float, float]


def told(model: Model, pixels: Pixels) -> Told:
    clock = [time.process_time()]
    heat = model.heatmap(pixels)
    clock.append(time.process_time())
    before = model.judge(replace(heat, half=None), pixels, RATE)
    clock.append(time.process_time())
    after = model.judge(heat, pixels, RATE)
    clock.append(time.process_time())
    first, second, third = np.diff(clock)
    twice = (soft(before) or min(pixels.shape[:2]) < SIDES_PX[0]) and may_look_again(
        model.manifest, heat, before, (pixels.shape[0], pixels.shape[1])
    )
    return Told(before, after, twice, (float(first), float(second), float(third)))


def counts(judged: list[Judgement]) -> tuple[int, int, int]:
    """Called cracked, refused, and called sound though suspicious."""
    verdicts = [one.verdict for one in judged]
    doubtful = sum(suspicious(one.verdict, one.probability) for one in judged)
    return verdicts.count("crack"), verdicts.count("cannot judge"), doubtful


def line(name: str, times: float, answers: list[Told]) -> str:
    low, middle, high = np.percentile([one.before.quality.sharpness_px for one in answers], (10, 50, 90))
    twice = sum(one.twice for one in answers)
    before, after = counts([one.before for one in answers]), counts([one.after for one in answers])
    heat, one_look, all_looks = 1000 * np.mean([one.seconds for one in answers], axis=0)
    blur = f"{low:.1f} {middle:.1f} {high:.1f}"
    figures = "".join(f"{figure:9}" for figure in (*before, *after))
    spent = f"{heat:8.0f}{one_look:7.0f}{all_looks:7.0f} ms"
    return f"{name:20}{times:6.3g}{len(answers):5}{blur:>13}{twice:6}{figures}{spent}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("split", type=Path)
    parser.add_argument("--bundle", type=Path, default=default_bundle())
    asked = parser.parse_args()
    model = load(asked.bundle, threads=1)
    lines = [
        f"python proofs/{Path(__file__).name} SPLIT.csv: {model.manifest.name}, at {RATE:.0%} false alarms",
        "blur: 10th, 50th and 90th percentile, px; twice: looked at twice for it; then one look and all, each:",
        "called cracked, refused, suspicious; processor time of the heatmap, of judging by one look, and by all",
        "",
        f"{'photos':20}{'times':>6}{'n':>5}{'blur':>13}{'twice':>6}"
        + "".join(f"{word:>9}" for word in 2 * ("cracked", "refused", "susp."))
        + f"{'heatmap':>8}{'one':>7}{'all':>7}",
    ]
    print("\n".join(lines), flush=True)
    drawn = list(sets(read_split(asked.split)))
    for side in SIDES_PX:
        lines.append(f"shorter side {side} px{' at least' if side == SIDES_PX[0] else ''}")
        print(lines[-1], flush=True)
        for name, photos, enlargements in drawn:
            most = side / min(photos[0].shape[:2]) if side < SIDES_PX[0] else max(enlargements)
            for times in sorted({min(times, most) for times in enlargements}):
                lines.append(line(name, times, [told(model, enlarged(photo, times, side)) for photo in photos]))
                print(lines[-1], flush=True)
    target = Path(__file__).resolve().parent / "soft_photos.txt"
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
