"""How a bundle does on surfaces that it never saw, by tiles, by pixels and by photos.

    python benchmarks/unseen.py ../shared/data/walls ../shared/data/tiles [--bundle DIR] [--only NAMES.txt] [--coarse]
        [--without TILES]

Each SET is a folder with images/ and masks/ (same stem, anything but 0 is crack, in a JPEG half of white). --coarse
sees pictures at half scale first, as `inspect --coarse` does photos of 512 px and more. --without leaves out tiles that
a bundle was adapted to: TILES is the folder that `tiles_of.py` wrote. Counted as follows.

- tiles: 224 px, side by side from the top left; cracked if at least .5 % of one is mask, sound if none is, others left
  out; by the verdicts that `predict` and `evaluate` give, each at the threshold of the surface that the tile looks
  like. Figures are of the tiles that are judged; false alarms are counts, of all sound tiles (the refused ones among
  them), and of those of pictures whose name begins with "noncrack"
- common: the same tiles, all of them, by the one threshold that the bundle ships for surfaces that it does not know
- verdicts: what `predict` says of these tiles, counted
- quarters: of pictures that hold one tile alone, the whole ones by whether any of it is mask, and those of their
  quarters that hold no mask as sound; by verdicts, and by the common threshold
- pixels: the heatmap enlarged bilinearly; ROC AUC over every fourth pixel each way; F1 with a tolerance of 4 px, pooled
  over the set, of the enlarged heatmap and of the refined mask, both at the bundle's threshold; width: median over the
  pictures of predicted to drawn area
- photos: the verdicts on whole pictures, cracked (any mask) and sound

Intervals are 95 %, by source photo (the name up to its crop numbers). Choosing anything by the sets marked *for
measuring* would spoil them.
"""

import argparse
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from tiles_of import SMALLEST_SHARE, TILE, name_of

from crackscope.datasets import read_rows
from crackscope.errors import CrackscopeError
from crackscope.images import read, read_mask
from crackscope.inspection import find_cracks
from crackscope.judging import evaluate_scores
from crackscope.records import Prediction, Row, Verdict
from crackscope.scoring import DenseOptions, Model, dense, facing_of, load

TOLERANCE_PX = 4
Mask = NDArray[np.bool_]


@dataclass
class Pixels:
    """Counts for F1 with a tolerance, pooled."""

    predicted: int = 0
    right: int = 0
    drawn: int = 0
    found: int = 0
    widths: list[float] = field(default_factory=list)

    def add(self, said: Mask, truth: Mask) -> None:
        reach = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * TOLERANCE_PX + 1,) * 2)
        near_truth = cv2.dilate(truth.astype(np.uint8), reach) > 0
        near_said = cv2.dilate(said.astype(np.uint8), reach) > 0
        self.predicted += int(said.sum())
        self.right += int((said & near_truth).sum())
        self.drawn += int(truth.sum())
        self.found += int((truth & near_said).sum())
        if truth.any() and said.any():
            self.widths.append(float(said.sum() / truth.sum()))

    def figures(self) -> dict[str, float]:
        precision, recall = self.right / max(1, self.predicted), self.found / max(1, self.drawn)
        f1 = 2 * precision * recall / max(1e-9, precision + recall)
        return {"f1": f1, "precision": precision, "recall": recall, "width_ratio": float(np.median(self.widths or [0]))}


@dataclass
class Seen:
    """What is gathered over a set."""

    tiles: list[tuple[Row, Prediction]] = field(default_factory=list)
    quarters: list[tuple[Row, Prediction]] = field(default_factory=list)
    photos: list[tuple[Row, float, Verdict]] = field(default_factory=list)
    heat: Pixels = field(default_factory=Pixels)
    refined: Pixels = field(default_factory=Pixels)
    logits: list[NDArray[np.float32]] = field(default_factory=list)
    truths: list[Mask] = field(default_factory=list)


def masked(folder: Path, only: set[str] | None) -> list[tuple[Path, Path]]:
    """Pictures of a set and their masks, in any format, sorted; those of some stems only. Ends the call for none."""
    pairs = [(Path(row.path), Path(row.mask)) for row in read_rows(folder) if row.mask]
    found = sorted(pair for pair in pairs if only is None or pair[0].stem in only)
    if not found:
        sys.exit(f"{folder}: no picture with a mask; it must hold images/ and masks/, a mask named after its picture")
    return found


def source_photo(stem: str) -> str:
    """The name up to the crop numbers."""
    return re.sub(r"(_\d+){2,}$", "", stem)


def look(model: Model, path: Path, mask: Path, seen: Seen, options: DenseOptions, known: set[str]) -> None:
    """known: names of tiles to leave out."""
    picture = read(path)
    truth = read_mask(mask, (picture.width, picture.height))
    group = source_photo(path.stem)
    for top in range(0, picture.height - TILE + 1, TILE):
        for left in range(0, picture.width - TILE + 1, TILE):
            place = slice(top, top + TILE), slice(left, left + TILE)
            share = float(truth[place].mean())
            if 0 < share < SMALLEST_SHARE or name_of(path.stem, left, top) in known:
                continue
            row = Row(path=f"{path}:{left},{top}", label="crack" if share else "sound", group=group)
            seen.tiles.append((row, model.predict(np.ascontiguousarray(picture.pixels[place]))))
    if max(picture.pixels.shape[:2]) < 2 * TILE:
        seen.quarters += quartered(model, Row(path=str(path), label="sound", group=group), picture.pixels, truth)
    facing = facing_of(picture.pixels)
    pixels, truth = facing.turned(picture.pixels), facing.turned(truth)
    pixels = model.in_plain_light(pixels)
    heat = model.heatmap(pixels, options=options)
    judged = model.judge(heat, pixels, options=options)
    row = Row(path=str(path), label="crack" if truth.any() else "sound", group=group)
    seen.photos.append((row, judged.probability, judged.verdict))
    grown = cv2.resize(heat.logits, None, fx=heat.stride, fy=heat.stride, interpolation=cv2.INTER_LINEAR)
    grown = grown[: truth.shape[0], : truth.shape[1]]
    seen.logits.append(grown[::4, ::4].ravel())
    seen.truths.append(truth[::4, ::4].ravel())
    seen.heat.add(grown > model.manifest.mask_threshold, truth)
    seen.refined.add(find_cracks(pixels, heat, model.manifest.mask_threshold).mask, truth)


def quartered(model: Model, sound: Row, pixels: NDArray[np.uint8], truth: Mask) -> Iterator[tuple[Row, Prediction]]:
    """A small picture and its quarters without crack, each with what is said of it. sound: the row of one."""
    whole = msgspec.structs.replace(sound, label="crack" if truth.any() else "sound")
    yield whole, model.predict(pixels)
    middle = [(side // 2) for side in truth.shape]
    for rows in (slice(middle[0]), slice(middle[0], None)):
        for columns in (slice(middle[1]), slice(middle[1], None)):
            if not truth[rows, columns].any():
                yield sound, model.predict(np.ascontiguousarray(pixels[rows, columns]))


def classified(told: list[tuple[Row, Prediction]], common: float | None = None) -> dict[str, object]:
    """How labels and verdicts agree, each figure with its interval. common: a threshold to go by instead, for all."""
    rows, probabilities = [row for row, _ in told], [said.probability for _, said in told]
    verdicts: list[Verdict] = [said.verdict for _, said in told]
    if common is not None:
        verdicts = ["crack" if probability >= common else "sound" for probability in probabilities]
    judged = evaluate_scores(rows, probabilities, verdicts=verdicts)
    found: dict[str, object] = {"n": judged.n, "cracked": judged.support["crack"]}
    found |= {
        name: [round(x, 4) if x is not None else None for x in (m.value, m.low, m.high)]
        for name, m in judged.figures.items()
        if name in ("roc_auc", "balanced_accuracy", "recall", "ece", "accuracy")
    }
    for kind in ("noncrack", ""):
        alarms = [
            verdict == "crack"
            for row, verdict in zip(rows, verdicts, strict=True)
            if row.label == "sound" and Path(row.path).name.startswith(kind)
        ]
        if alarms:
            found[f"false_alarms_{kind or 'all'}"] = f"{sum(alarms)} of {len(alarms)}"
    return found


def figures(seen: Seen, threshold: float) -> dict[str, object]:
    whole: dict[str, object] = {}
    for label in ("crack", "sound"):
        verdicts = [verdict for row, _, verdict in seen.photos if row.label == label]
        whole[label] = {v: verdicts.count(v) for v in ("crack", "sound", "cannot judge")}
    logits, truths = np.concatenate(seen.logits), np.concatenate(seen.truths)
    pixels = {"roc_auc": float(roc_auc_score(truths, logits))}
    counted: dict[str, Counter[Verdict]] = {"crack": Counter(), "sound": Counter()}
    for row, said in seen.tiles:
        counted[row.label][said.verdict] += 1
    quarters: dict[str, object] = {}
    if seen.quarters:
        quarters = {"quarters": classified(seen.quarters), "common q.": classified(seen.quarters, threshold)}
    return {
        "tiles": classified(seen.tiles),
        "common": classified(seen.tiles, threshold),
        "verdicts": {label: dict(counts) for label, counts in counted.items()},
        **quarters,
        "photos": whole,
        "pixels": pixels,
        "heatmap": seen.heat.figures(),
        "mask": seen.refined.figures(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--bundle", default=None)
    parser.add_argument("--only", type=Path, help="a file with the stems to look at")
    parser.add_argument("--coarse", action="store_true", help="half scale first, whatever the size of the pictures")
    parser.add_argument("--without", type=Path, help="a folder with the tiles to leave out")
    arguments = parser.parse_args()
    print(f"python benchmarks/{Path(__file__).name}", *sys.argv[1:], flush=True)
    model = load(arguments.bundle)
    if arguments.coarse:
        dense._LEAST_COARSE_PX = 0
    only = set(arguments.only.read_text().split()) if arguments.only else None
    known = {path.name for path in arguments.without.rglob("*.png")} if arguments.without else set()
    for folder in arguments.sets:
        begin, seen = time.monotonic(), Seen()
        for path, mask in masked(folder, only):
            look(model, path, mask, seen, DenseOptions(coarse=arguments.coarse), known)
        if not seen.tiles:
            sys.exit(f"{folder}: no tile of {TILE} px that is plainly cracked or sound; name larger pictures")
        print(folder.name, f"({time.monotonic() - begin:.0f} s)")
        for part, values in figures(seen, model.manifest.threshold).items():
            shown = values if isinstance(values, dict) else {}
            print(f"  {part:9}", json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in shown.items()}))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CrackscopeError as error:
        sys.exit(str(error))
