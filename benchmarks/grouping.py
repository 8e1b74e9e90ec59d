"""What grouping copies costs, as the number of pictures grows, and how many copies of each kind it finds.

    python benchmarks/grouping.py [--most 100000] [--data ../shared/data/metu]

Prints seconds (on the clock, and of processor, which other work on the machine changes less) for generated prints
(half of them with a crack, a third of them copies: mirrored or turned, brightened, with noise, one copy in three
cropped by up to 5 % a side) and the fitted exponent; then, where METU is at hand, the figures of its scan, of the
exhaustive search over the same prints, and the share of copies found for each kind of copy.
"""

import argparse
import io
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crackscope import images
from crackscope.datasets import scan
from crackscope.datasets.checking import alike_in_any_position, positions
from crackscope.datasets.grouping import components
from crackscope.datasets.neighbours import near_pairs
from crackscope.datasets.prints import READ_SIDE, SIDE, coarse, print_of, squeeze

Prints = NDArray[np.float16]
Pairs = NDArray[np.int64]
SIZES = (6_250, 12_500, 25_000, 50_000, 100_000)
COPIES = 1 / 3
SAMPLE = 600


def surfaces(n: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Prints [n, 32, 32] of surfaces: rough at every scale, more so at the large; a dark line across every other."""
    y, x = np.meshgrid(np.fft.fftfreq(SIDE), np.fft.fftfreq(SIDE), indexing="ij")
    fall = 1 / np.maximum(np.hypot(y, x), 1 / SIDE) ** rng.uniform(0.6, 1.4, (n, 1, 1))
    field = np.fft.ifft2(np.fft.fft2(rng.standard_normal((n, SIDE, SIDE))) * fall).real
    field *= rng.uniform(2, 10, (n, 1, 1)) / field.std(axis=(1, 2), keepdims=True)
    at = np.linspace(-1, 1, SIDE)
    angle, offset = rng.uniform(0, np.pi, (n, 1, 1)), rng.uniform(-0.7, 0.7, (n, 1, 1))
    along = at[None, :, None] * np.sin(angle) - at[None, None, :] * np.cos(angle)
    bend = rng.uniform(0, 0.2, (n, 1, 1)) * np.sin(rng.uniform(1, 7, (n, 1, 1)) * along + rng.uniform(0, 6, (n, 1, 1)))
    beside = at[None, :, None] * np.cos(angle) + at[None, None, :] * np.sin(angle) - offset + bend
    depth = rng.uniform(20, 110, (n, 1, 1)) * (np.arange(n) % 2 == 0)[:, None, None]
    line = depth * np.exp(-((beside / rng.uniform(0.03, 0.12, (n, 1, 1))) ** 2))
    return np.clip(rng.uniform(120, 200, (n, 1, 1)) + field - line, 0, 255).astype(np.float32)


def copies_of(prints: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A copy of each print [n, 32, 32]."""
    n = len(prints)
    crop = rng.uniform(0, 0.05, (4, n)) * (rng.random(n) < 1 / 3)
    across, down = squeeze(crop[0], 1 - crop[1], SIDE), squeeze(crop[2], 1 - crop[3], SIDE)
    cut = (down @ prints @ across.transpose(0, 2, 1)).astype(np.float32)
    turned = np.stack(list(positions(cut)))[rng.integers(0, 8, n), np.arange(n)]
    bright = rng.uniform(0.7, 1.2, (n, 1, 1)) * turned + rng.normal(0, 0.3, turned.shape)
    return np.clip(bright, 0, 255).astype(np.float32)


def generated(n: int, rng: np.random.Generator) -> tuple[Prints, NDArray[np.int64]]:
    """Prints [n, 32, 32] in random order, and of each the number of what it is a copy of (its own where of nothing)."""
    originals = n - round(n * COPIES)
    prints = np.empty((n, SIDE, SIDE), np.float16)
    origin = np.concatenate([np.arange(originals), rng.integers(0, originals, n - originals)])
    for start in range(0, originals, 4096):
        prints[start : min(start + 4096, originals)] = surfaces(min(4096, originals - start), rng)
    for start in range(originals, n, 4096):
        stop = min(start + 4096, n)
        prints[start:stop] = copies_of(prints[origin[start:stop]].astype(np.float32), rng)
    order = rng.permutation(n)
    return prints[order], origin[order]


def time_generated(most: int) -> None:
    """Prints seconds by number of pictures, what was found, and the exponent."""
    rng = np.random.default_rng(0)
    heads = ("pictures", "seconds", "processor s", "us each", "copies found", "false pairs", "largest")
    print(" ".join(f"{head:>12}" for head in heads))
    sizes = [size for size in SIZES if size <= most]
    seconds = []
    near_pairs(generated(1000, rng)[0])
    for n in sizes:
        prints, origin = generated(n, rng)
        start, work = time.perf_counter(), time.process_time()
        pairs = near_pairs(prints)
        groups = components(n, pairs)
        passed = time.perf_counter() - start
        seconds.append(time.process_time() - work)
        false = int((origin[pairs[:, 0]] != origin[pairs[:, 1]]).sum())
        found = _found_share(groups, origin)
        largest = int(np.bincount(groups).max())
        work = seconds[-1]
        cells = (n, f"{passed:.1f}", f"{work:.1f}", f"{1e6 * work / n:.0f}", f"{found:.2%}", false, largest)
        print(" ".join(f"{cell:>12}" for cell in cells), flush=True)
    exponent = np.polyfit(np.log(sizes), np.log(seconds), 1)[0]
    bound = np.polyfit(np.log(sizes), np.log([n * np.log(n) for n in sizes]), 1)[0]
    print(f"processor seconds grow as n^{exponent:.2f}; n log n would be n^{bound:.2f} over these sizes\n")


def _found_share(groups: NDArray[np.int64], origin: NDArray[np.int64]) -> float:
    """Share of the copies that stand in the group of the first of their kind."""
    _, first, inverse = np.unique(origin, return_index=True, return_inverse=True)
    copies = first[inverse] != np.arange(len(origin))
    return float((groups == groups[first[inverse]])[copies].mean())


def measure(folder: Path) -> None:
    """Prints the figures of METU: its scan, and what the exhaustive search over the same prints finds."""
    start, work = time.perf_counter(), time.process_time()
    report = scan(folder)
    seconds, work = time.perf_counter() - start, time.process_time() - work
    print(f"{folder.name}: {report.pictures} pictures scanned and grouped in {seconds:.1f} s, {work:.1f} of processor")
    print(f"  in groups {report.near.pictures}, groups {report.near.groups}, largest {report.near.largest}")
    print(f"  a random split puts a copy of {report.leak_share:.1%} of the test patches into train")
    paths = sorted(folder.glob("*/*.jpg"))
    prints = np.stack([print_of(images.read_thumbnail(path, READ_SIDE)) for path in paths])
    ours = {tuple(pair) for pair in near_pairs(prints).tolist()}
    start = time.perf_counter()
    all_pairs = {tuple(pair) for pair in exhaustive(prints).tolist()}
    seconds = time.perf_counter() - start
    print(f"  exhaustive search: {len(all_pairs)} pairs in {seconds:.0f} s; of these found {len(ours & all_pairs)}")
    print(f"  found beyond it (cropped, shifted): {len(ours - all_pairs)} pairs\n")
    recall(prints, paths)


def exhaustive(prints: Prints) -> Pairs:
    """All pairs that pass the exact test, by comparing all with all in eight positions."""
    cells = coarse(prints)
    cells -= cells.mean(axis=(1, 2), keepdims=True)
    cells /= np.maximum(np.linalg.norm(cells, axis=(1, 2), keepdims=True), 1e-6)
    flat = cells.reshape(len(cells), -1)
    found = []
    turned = [position.reshape(flat.shape) for position in positions(cells)]
    for start in range(0, len(flat), 1000):
        best = np.max([flat[start : start + 1000] @ position.T for position in turned], axis=0)
        rows, columns = np.nonzero(best > 0.9)
        found.append(np.stack([rows + start, columns], axis=1)[rows + start < columns])
    pairs = np.concatenate(found)
    return pairs[alike_in_any_position(prints, pairs)]


def _encoded(pixels: NDArray[np.uint8], quality: int = 90) -> NDArray[np.uint8]:
    return images.read(io.BytesIO(images.encode_jpeg(np.ascontiguousarray(pixels), quality))).pixels


def _brightened(gain: float) -> Callable[[NDArray[np.uint8]], NDArray[np.uint8]]:
    return lambda pixels: _encoded(np.clip(pixels * gain, 0, 255).astype(np.uint8))


def _cut(left: float, right: float, top: float, bottom: float) -> Callable[[NDArray[np.uint8]], NDArray[np.uint8]]:
    def cut(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        height, width = pixels.shape[:2]
        rows = slice(round(top * height), height - round(bottom * height))
        return _encoded(pixels[rows, round(left * width) : width - round(right * width)])

    return cut


KINDS: dict[str, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    "re-encoded, quality 60": lambda pixels: _encoded(pixels, 60),
    "re-encoded, quality 30": lambda pixels: _encoded(pixels, 30),
    "mirrored": lambda pixels: _encoded(pixels[:, ::-1]),
    "turned by 90 degrees": lambda pixels: _encoded(np.rot90(pixels)),
    "turned by 180 degrees": lambda pixels: _encoded(np.rot90(pixels, 2)),
    "halved in size": lambda pixels: _encoded(images.resize(pixels, pixels.shape[1] // 2, pixels.shape[0] // 2)),
    "brightness -30 %": _brightened(0.7),
    "brightness +15 %": _brightened(1.15),
    "brightness +30 %": _brightened(1.3),
    "cropped, 5 % in all": _cut(0.025, 0.025, 0.025, 0.025),
    "cropped, 4 % a side": _cut(0.04, 0.04, 0.04, 0.04),
    "cropped, 5 % a side": _cut(0.05, 0.05, 0.05, 0.05),
    "cropped, 6 % a side": _cut(0.06, 0.06, 0.06, 0.06),
    "cropped, 5 % on the left": _cut(0.05, 0, 0, 0),
    "cropped, 5 % at a corner": _cut(0, 0.05, 0.05, 0),
    "cropped, 1/3/5/0 %": _cut(0.01, 0.03, 0.05, 0),
    "cropped 5 % a side, mirrored, quality 60": lambda pixels: _encoded(
        _cut(0.05, 0.05, 0.05, 0.05)(pixels)[:, ::-1], 60
    ),
}


def recall(prints: Prints, paths: list[Path]) -> None:
    """Prints, for each kind of copy, how many of a sample of copies are found among all of METU."""
    rng = np.random.default_rng(0)
    chosen = np.sort(rng.choice(len(paths), SAMPLE, replace=False))
    pictures = [images.read(paths[place]).pixels for place in chosen]
    print(f"{'kind of copy':<42} found of {SAMPLE}")
    for kind, change in KINDS.items():
        copies = [print_of(images.read_thumbnail(change(pixels), READ_SIDE)) for pixels in pictures]
        pairs = near_pairs(np.concatenate([prints, np.stack(copies)]))
        groups = components(len(prints) + SAMPLE, pairs)
        found = float((groups[len(prints) :] == groups[chosen]).mean())
        print(f"{kind:<42} {found:.1%}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--most", type=int, default=SIZES[-1], help="largest number of generated pictures")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/metu"), help="METU's folder")
    arguments = parser.parse_args()
    print(f"python benchmarks/{Path(__file__).name}", *sys.argv[1:], flush=True)
    if arguments.most >= SIZES[0]:
        time_generated(arguments.most)
    if arguments.data.is_dir():
        measure(arguments.data)
    else:
        print(f"{arguments.data} is not there: the figures on METU are left out")


if __name__ == "__main__":
    main()
