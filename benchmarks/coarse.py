"""What the coarse pass spares and what it misses, by the limit of doubt: how `DenseOptions.doubt_logits` was chosen.

    python benchmarks/coarse.py [--bundle DIR] [--data ../shared/data/asphalt] [--pictures 24] [--split SPLIT.csv]

On asphalt pictures with masks (all cracked), and on generated surfaces with cracks of 1 to 8 px and without any, every
cell of the map that truth calls crack and the full pass finds is looked up in the map of the coarse-to-fine pass.
With SPLIT.csv (as `default_bundle.py` deals it) held-out patches of real hairlines are looked at, too: sixteen side by
side make a photo, of which four are marked as cracked. Writes what it prints to benchmarks/coarse.txt.

- skipped: share of the cells that were seen at half scale only
- missed: share of the crack cells that the full pass finds and coarse-to-fine does not
- F1, full and coarse-to-fine: of cells against truth, with a tolerance of one cell
- called: share of the sound surfaces whose largest logit turns from below to above the mask's threshold
- lit: share of the patches marked as cracked, and as sound, in which any cell reaches the mask's threshold
"""

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.datasets import Split, read_split
from crackscope.images import read, read_mask
from crackscope.scoring import DenseOptions, Heatmap, Model, load
from crackscope.surfaces import generate

HERE = Path(__file__).resolve().parent
LIMITS = (3.0, 2.0, 1.0, 0.0)
SIDE = 768


class Case(NamedTuple):
    """A picture and the cells that are crack in truth."""

    set_name: str
    pixels: NDArray[np.uint8]
    truth: NDArray[np.bool_]


def cells(mask: NDArray[np.bool_], stride: int) -> NDArray[np.bool_]:
    """Cells with any crack pixel."""
    padded = np.pad(mask, ((0, -mask.shape[0] % stride), (0, -mask.shape[1] % stride)))
    return padded.reshape(padded.shape[0] // stride, stride, -1, stride).any((1, 3))


def cases(data: Path, count: int, stride: int) -> list[Case]:
    """The pictures of all sets."""
    found = []
    paths = sorted((data / "images").glob("*.jpg"))
    for number in np.unique(np.linspace(0, len(paths) - 1, count).astype(int)) if paths else ():
        path = paths[number]
        mask = read_mask(data / "masks" / f"{path.stem}.png")
        found.append(Case("asphalt", read(path).pixels, cells(np.asarray(mask) > 0, stride)))
    for seed in range(count):
        width = (1.0, 1.6) if seed % 2 else (2.0, 8.0)
        name = "generated, 1 to 1.6 px" if seed % 2 else "generated, 2 to 8 px"
        made = generate(9000 + seed, (SIDE, SIDE), True, width_px=width)
        found.append(Case(name, made.pixels, cells(made.mask, stride)))
        made = generate(9500 + seed, (SIDE, SIDE), False)
        found.append(Case("generated, sound", made.pixels, cells(made.mask, stride)))
    return found


def near(hits: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Cells within one cell of a hit."""
    padded = np.pad(hits, 1)
    parts = [
        padded[row : row + hits.shape[0], column : column + hits.shape[1]] for row in range(3) for column in range(3)
    ]
    return np.logical_or.reduce(parts)


def f1(pairs: list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]) -> float:
    """F1 of found cells against truth, over all pictures together."""
    right = sum(int((found & near(truth)).sum()) for found, truth in pairs)
    told = sum(int(found.sum()) for found, _ in pairs)
    seen = sum(int((truth & near(found)).sum()) for found, truth in pairs)
    there = sum(int(truth.sum()) for _, truth in pairs)
    precision, recall = right / max(told, 1), seen / max(there, 1)
    return 2 * precision * recall / max(precision + recall, 1e-9)


def row(model: Model, chosen: list[Case], full: list[Heatmap], limit: float) -> str:
    """One line of the table."""
    threshold = model.manifest.mask_threshold
    options = DenseOptions(coarse=True, doubt_logits=limit)
    heats = [model.heatmap(case.pixels, options=options) for case in chosen]
    skipped = float(np.mean([heat.skipped for heat in heats]))
    found = [(heat.logits > threshold, case.truth) for heat, case in zip(heats, chosen, strict=True)]
    whole = [(heat.logits > threshold, case.truth) for heat, case in zip(full, chosen, strict=True)]
    crack = sum(int((hits & truth).sum()) for hits, truth in whole)
    lost = sum(int((hits & truth & ~now).sum()) for (hits, truth), (now, _) in zip(whole, found, strict=True))
    called = np.mean([bool(now.any() and not hits.any()) for (now, _), (hits, _) in zip(found, whole, strict=True)])
    line = f"{chosen[0].set_name:24} limit {limit:3.1f} below   skipped {skipped:6.1%}"
    if crack:
        return f"{line}   missed {lost / crack:6.2%}   F1 {f1(whole):.4f} -> {f1(found):.4f}"
    return f"{line}   called {called:6.1%}"


def tile_photos(patches: Split, surface: str) -> list[NDArray[np.uint8]]:
    """Photos of 1024 px a side from held-out patches of 256 px: in each, the first row is marked as cracked."""
    rows = [row for part in ("val", "test") for row in patches.part(part) if row.surface == surface]
    cracked, sound = ([row.path for row in rows if row.label == label] for label in ("crack", "sound"))
    photos = []
    for first in range(0, len(cracked) - 3, 4):
        at = 3 * first
        chosen = [*cracked[first : first + 4], *(sound[(at + number) % len(sound)] for number in range(12))]
        tiles = [read(path).pixels for path in chosen]
        photos.append(np.concatenate([np.concatenate(tiles[row : row + 4], 1) for row in range(0, 16, 4)]))
    return photos


def lit(heat: Heatmap, threshold: float) -> NDArray[np.bool_]:
    """Which of a photo's sixteen patches reach the threshold, bool [4, 4]."""
    return np.asarray((heat.logits > threshold).reshape(4, heat.logits.shape[0] // 4, 4, -1).any((1, 3)))


def hairlines(model: Model, photos: list[NDArray[np.uint8]], surface: str) -> str:
    """One line on real patches: how many are lit by the full pass, and by coarse to fine."""
    threshold = model.manifest.mask_threshold
    coarse = [model.heatmap(pixels, options=DenseOptions(coarse=True)) for pixels in photos]
    full = np.array([lit(model.heatmap(pixels), threshold) for pixels in photos])
    found = np.array([lit(heat, threshold) for heat in coarse])
    skipped = float(np.mean([heat.skipped for heat in coarse]))
    cracked, sound = ((full[:, part].mean(), found[:, part].mean()) for part in (slice(0, 1), slice(1, 4)))
    return (
        f"{surface:24} {len(photos)} photos of 16   skipped {skipped:6.1%}   lit: of the cracked {cracked[0]:.3f} -> "
        f"{cracked[1]:.3f}, of the sound {sound[0]:.3f} -> {sound[1]:.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=None)
    parser.add_argument("--data", type=Path, default=HERE.parents[1] / "shared" / "data" / "asphalt")
    parser.add_argument("--pictures", type=int, default=24)
    parser.add_argument("--split", type=Path, default=None)
    asked = parser.parse_args()
    model = load(asked.bundle)
    everything = cases(asked.data, asked.pictures, model.manifest.stride)
    lines = [f"python benchmarks/{Path(sys.argv[0]).name} {' '.join(sys.argv[1:])}".rstrip()]
    lines += [f"bundle {model.manifest.name}; mask threshold {model.manifest.mask_threshold:g}", ""]
    for name in dict.fromkeys(case.set_name for case in everything):
        chosen = [case for case in everything if case.set_name == name]
        full = [model.heatmap(case.pixels) for case in chosen]
        for limit in LIMITS:
            lines.append(row(model, chosen, full, limit))
            print(lines[-1], flush=True)
        lines.append("")
    for surface in ("deck", "wall", "pavement") if asked.split else ():
        lines.append(hairlines(model, tile_photos(read_split(asked.split), surface), surface))
        print(lines[-1], flush=True)
    (HERE / "coarse.txt").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
