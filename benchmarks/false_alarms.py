"""Does the rate of false alarms that a user asks `inspect` for hold, surface by surface?

    python benchmarks/false_alarms.py SPLIT.csv [--bundle DIR]
    python benchmarks/false_alarms.py --large 320 [--bundle DIR]

The test rows of the split are judged as photos, at several rates; generated sound surfaces with seeds that nothing was
fitted to stand beside them, by kind. The rate is kept on the mean of the surfaces that a bundle's rule was fitted on:
stonework, painted walls and pipes are not among them, and nothing is promised for these. `known`: the share that was
read as one of the bundle's surfaces. A photo that cannot be judged is neither found nor an alarm, and is counted all
the same: `benchmarks/refusals.py` tells how many those are.

`--large`: so many generated sound surfaces as photos of 2048x1536 px. Such are looked at from afar, too, where they
show no crack up close or a broad dark field; of the alarms, those raised from there alone are counted besides.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crackscope import surfaces
from crackscope.datasets import read_split
from crackscope.images import read
from crackscope.scoring import Model, facing_of, load

RATES = (0.02, 0.05, 0.1, 0.2)
COUNT, SIDE, FIRST_SEED = 300, (256, 256), 8_000_000
LARGE, FIRST_LARGE = (1536, 2048), 9_000_000
Pixels = NDArray[np.uint8]


def photos(split: Path) -> Iterator[tuple[str, bool, Pixels]]:
    """Surface, whether it is cracked, pixels."""
    for row in read_split(split).part("test"):
        if row.surface != "nonsurface":
            yield row.surface or "unnamed", row.label == "crack", read(row.path).pixels
    for seed in range(FIRST_SEED, FIRST_SEED + COUNT):
        kind, pixels = sound(seed, SIDE)
        yield kind, False, pixels


def sound(seed: int, size: tuple[int, int]) -> tuple[str, Pixels]:
    """A generated sound surface of (height, width) px, and its name."""
    kind = surfaces.KINDS[seed % len(surfaces.KINDS)]
    made = surfaces.make(surfaces.SurfaceSpec(seed=seed, kind=kind, size=size, distractors=0.7))
    return f"generated {kind}", made.pixels


def by_rate(model: Model, split: Path) -> None:
    """What is found and what is a false alarm at each rate, by surface."""
    said: dict[str, list[tuple[bool, bool, tuple[bool, ...]]]] = defaultdict(list)
    for surface, cracked, pixels in photos(split):
        seen = facing_of(pixels).turned(pixels)
        heat = model.heatmap(seen)
        judged = [model.judge(heat, seen, rate) for rate in RATES]
        called = tuple(one.verdict == "crack" for one in judged)
        said[surface].append((cracked, bool(judged[0].surface), called))
    print(f"{'surface':20} {'photos':>6} {'known':>6}  " + "  ".join(f"{f'asked for {rate:g}':>23}" for rate in RATES))
    for surface, answers in sorted(said.items()):
        cracked, known = (np.array([one[place] for one in answers], bool) for place in (0, 1))
        called = np.array([one[2] for one in answers])
        found = [f"{one[cracked].mean():.2f} found" if cracked.any() else "" for one in called.T]
        alarms = [f"{one[~cracked].mean():.3f} alarms" if not cracked.all() else "" for one in called.T]
        figures = "  ".join(f"{one:>10} {other:>12}" for one, other in zip(found, alarms, strict=True))
        print(f"{surface:20} {len(answers):6} {known.mean():6.2f}  {figures}")


def in_large_photos(model: Model, count: int) -> None:
    """The false alarms in large photos at each rate, and those of them that looks from afar raise, by surface."""
    said: dict[str, list[list[tuple[bool, bool]]]] = defaultdict(list)
    for seed in range(FIRST_LARGE, FIRST_LARGE + count):
        kind, pixels = sound(seed, LARGE)
        seen = facing_of(pixels).turned(pixels)
        heat = model.heatmap(seen)
        judged = [model.judge(heat, seen, rate) for rate in RATES]
        said[kind].append([(one.verdict == "crack", one.verdict == "crack" and one.from_afar > 0) for one in judged])
    said["all"] = [answer for answers in said.values() for answer in answers]
    print(f"{'surface':20} {'photos':>6}  " + "  ".join(f"{f'asked for {rate:g}':>22}" for rate in RATES))
    for kind, answers in said.items():
        alarms = np.array(answers).sum(0)
        print(f"{kind:20} {len(answers):6}  " + "  ".join(f"{one:4} alarms, {afar:3} afar" for one, afar in alarms))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("split", type=Path, nargs="?")
    parser.add_argument("--large", type=int, metavar="N", help="so many large generated photos instead of a split")
    parser.add_argument("--bundle", default=None)
    arguments = parser.parse_args()
    if (arguments.split is None) == (arguments.large is None):
        parser.error("name either SPLIT.csv or --large N")
    print(f"python benchmarks/{Path(__file__).name}", *sys.argv[1:])
    model = load(arguments.bundle)
    if arguments.split is None:
        in_large_photos(model, arguments.large)
    else:
        by_rate(model, arguments.split)
    return 0


if __name__ == "__main__":
    sys.exit(main())
