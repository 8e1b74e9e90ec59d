"""Ways from the heatmap to crack pixels, side by side, on pictures that the network never saw.

    crackscope split runs/default-manifest.csv -o SPLIT.csv --parts 84:6:10 --group-by group
    python proofs/masks.py [--split SPLIT.csv] [-n 40]

Pictures: asphalt of the validation and test parts of SPLIT (as `benchmarks/default_bundle.py` deals them; masks drawn
by hand); generated surfaces; cracks drawn over mirrored sound patches of the test part. For each way, at the bundle's
threshold and one above: precision, recall and F1 with a tolerance of 4 px, pooled; intersection over union without
tolerance; median ratio of the mask's width to the true one; milliseconds a megapixel.
"""

import argparse
import csv
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import morphology

from crackscope.images import read
from crackscope.inspection import find_cracks
from crackscope.scoring import Heatmap, load
from crackscope.surfaces import draw_crack_with_truth, generate

Mask = NDArray[np.bool_]
Grey = NDArray[np.float32]
TOLERANCE_PX = 4


class Case(NamedTuple):
    pixels: NDArray[np.uint8]
    mask: Mask
    heat: Heatmap


Way = Callable[[Case, float], Mask]


def enlarged(case: Case, how: int = cv2.INTER_LINEAR) -> Grey:
    rows, columns = case.heat.logits.shape
    big = cv2.resize(case.heat.logits, (columns * case.heat.stride, rows * case.heat.stride), interpolation=how)
    return np.asarray(big[: case.mask.shape[0], : case.mask.shape[1]], np.float32)


def grey_of(case: Case) -> Grey:
    return np.asarray(cv2.cvtColor(case.pixels, cv2.COLOR_RGB2GRAY), np.float32)


def raw(case: Case, threshold: float) -> Mask:
    return np.asarray(enlarged(case) > threshold)


def bicubic(case: Case, threshold: float) -> Mask:
    return np.asarray(enlarged(case, cv2.INTER_CUBIC) > threshold)


def hysteresis(case: Case, threshold: float) -> Mask:
    logits = enlarged(case)
    _, labels = cv2.connectedComponents((logits > threshold).astype(np.uint8), connectivity=8)
    seeds = np.unique(labels[logits > threshold + 2])
    return np.asarray(np.isin(labels, seeds[seeds > 0]))


def guided(case: Case, threshold: float) -> Mask:
    """K. He, J. Sun, X. Tang, Guided image filtering, IEEE PAMI 35 (2013): the heatmap follows the photo's edges."""
    guide = np.asarray(grey_of(case) / 255, np.float32)
    logits = np.asarray(np.clip(enlarged(case), -6, 6), np.float32)

    def mean(field: Grey) -> Grey:
        return np.asarray(cv2.blur(np.asarray(field, np.float32), (9, 9)), np.float32)

    between = mean(np.multiply(guide, logits)) - np.multiply(mean(guide), mean(logits))
    slope = np.asarray(between / (mean(np.square(guide)) - np.square(mean(guide)) + 1e-3), np.float32)
    level = np.asarray(mean(logits) - slope * mean(guide), np.float32)
    return np.asarray(mean(slope) * guide + mean(level) > threshold)


def darkest(case: Case, threshold: float) -> Mask:
    """Two classes by the grey values around, split half way (Otsu's criterion with the heatmap naming the classes)."""
    grey, logits = grey_of(case), enlarged(case)
    hot, cold = (logits > threshold).astype(np.float32), (logits < threshold - 2.5).astype(np.float32)
    ground = cv2.GaussianBlur(grey * cold, (0, 0), 10) / (cv2.GaussianBlur(cold, (0, 0), 10) + 1e-3)
    dark = np.maximum(ground - cv2.GaussianBlur(grey, (0, 0), 0.7), 0) * hot
    depth = cv2.GaussianBlur(dark * dark, (0, 0), 6) / (cv2.GaussianBlur(dark, (0, 0), 6) + 1e-3)
    return np.asarray((dark > depth / 2) & (hot > 0))


def ridges(case: Case, threshold: float) -> Mask:
    """C. Steger's line strength (IEEE PAMI 20, 1998) at three scales, where the heatmap is hot."""
    grey, logits = grey_of(case), enlarged(case)
    strength = np.zeros_like(grey)
    for sigma in (1.0, 2.0, 4.0):
        smooth = cv2.GaussianBlur(grey, (0, 0), sigma)
        xx, yy, xy = (cv2.Sobel(smooth, cv2.CV_32F, *order, ksize=3) / 4 for order in ((2, 0), (0, 2), (1, 1)))
        bent = (xx + yy) / 2 + np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
        strength = np.maximum(strength, bent * np.float32(sigma**1.5))
    hot = logits > threshold
    usual = np.median(strength[~hot]) if (~hot).any() else 0.0
    return np.asarray(hot & (strength > 3 * usual))


def ours(case: Case, threshold: float) -> Mask:
    return find_cracks(case.pixels, case.heat, threshold).mask


WAYS: dict[str, Way] = {
    "raw map, bilinear": raw,
    "raw map, bicubic": bicubic,
    "hysteresis": hysteresis,
    "guided filter": guided,
    "half depth": darkest,
    "line strength": ridges,
    "find_cracks": ours,
}


def near(mask: Mask) -> Mask:
    if not mask.any():
        return mask
    return np.asarray(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5) <= TOLERANCE_PX)


def width(mask: Mask) -> float:
    """Median width along the skeleton; 0 without one."""
    thin: Callable[[Mask], Mask] = morphology.skeletonize
    middle = thin(mask)
    away = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    return float(2 * np.median(away[middle])) if middle.any() else 0.0


def row(name: str, way: Way, cases: list[Case], threshold: float) -> str:
    hit = said = seen = drawn = both = either = 0
    ratios, begin = [], time.process_time()
    masks = [way(case, threshold) for case in cases]
    spent = (time.process_time() - begin) / sum(case.mask.size for case in cases) * 1e9
    for mask, case in zip(masks, cases, strict=True):
        hit, said = hit + int((mask & near(case.mask)).sum()), said + int(mask.sum())
        seen, drawn = seen + int((case.mask & near(mask)).sum()), drawn + int(case.mask.sum())
        both, either = both + int((mask & case.mask).sum()), either + int((mask | case.mask).sum())
        if mask.any():
            ratios.append(width(mask) / max(width(case.mask), 0.1))
    precision, recall = hit / max(said, 1), seen / max(drawn, 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    return (
        f"{name:20} {threshold:5.1f}  {precision:9.3f}  {recall:6.3f}  {f1:5.3f}  {both / max(either, 1):5.3f}"
        f"  {np.median(ratios) if ratios else 0:11.2f}  {spent:6.0f}"
    )


def mirrored(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A patch and its mirror images: a photo four times as large, without seams."""
    wide = np.concatenate([pixels, pixels[:, ::-1]], 1)
    return np.ascontiguousarray(np.concatenate([wide, wide[::-1]], 0)[:448, :448])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", type=Path, help="without it, generated pictures only")
    parser.add_argument("-n", type=int, default=40, help="pictures of each generated kind")
    asked = parser.parse_args()
    print(f"python proofs/{Path(__file__).name}", *sys.argv[1:], flush=True)
    model = load()

    def case(pixels: NDArray[np.uint8], mask: Mask) -> Case:
        return Case(pixels, mask, model.heatmap(pixels))

    kinds = {"generated": [case(s.pixels, s.mask) for s in (generate(1000 + i, (512, 512)) for i in range(asked.n))]}
    if asked.split:
        listed = list(csv.DictReader(asked.split.open(encoding="utf-8")))
        home = asked.split.resolve().parent
        held = [one for one in listed if one["part"] in ("val", "test")]
        drawn = [one for one in held if one["mask"]]
        kinds["asphalt"] = [
            case(read(home / one["path"]).pixels, read(home / one["mask"]).pixels[..., 0] > 0) for one in drawn
        ]
        sound = [one for one in held if one["label"] == "sound" and one["part"] == "test"]
        rng = np.random.default_rng(5)
        picked = [sound[i] for i in rng.permutation(len(sound))[: asked.n]]
        made = [draw_crack_with_truth(mirrored(read(home / one["path"]).pixels), rng) for one in picked]
        kinds["drawn on sound patches"] = [case(pixels, truth.mask) for pixels, truth in made]
    for kind, cases in kinds.items():
        print(
            f"\n{kind}: {len(cases)}\nway                  logit  precision  recall     F1    IoU  width ratio  ms/Mpx"
        )
        for name, way in WAYS.items():
            for above in (0.0, 1.0):
                print(row(name, way, cases, model.manifest.mask_threshold + above), flush=True)


if __name__ == "__main__":
    main()
