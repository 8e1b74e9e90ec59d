"""Give cracked patches that have only a label a mask: where a bundle sees the crack from eight sides.

    python benchmarks/read_masks.py runs/first/bundle runs/first/split.csv -o runs/taught.csv

Every cracked training row without a mask is scored in its eight flips and quarter turns at two scales; the mean of the
maps is less given to chance than any one of them, and what is taught by it learns to answer alike from all sides
(self-distillation; Xie et al. 2020, arXiv:1911.04252). Rows in which the mean finds nothing keep their label alone.
Writes the masks as PNG beside the new split, whose other rows are the old ones. Only rows of the training part are
looked at.
"""

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from crackscope import datasets, images, scoring
from crackscope.records import Row

LEAST_PX = 150
"""A mask of fewer px says less than the label does."""

SPOT_PX = 25
"""Parts of a mask that are smaller are rather pores than crack."""

LOGIT = 0.75
"""Mean crack logit from which on a pixel is crack; pictures left out of training agree best with their masks there."""


def turned(pixels: NDArray[np.uint8]) -> Iterator[tuple[NDArray[np.uint8], int, bool]]:
    """The eight flips and quarter turns of a picture, and what was done."""
    for quarters in range(4):
        for flip in (False, True):
            view = np.rot90(pixels, quarters)
            yield np.ascontiguousarray(view[:, ::-1] if flip else view), quarters, flip


def mean_map(model: scoring.Model, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Crack logits float32 [h, w] of a picture: the mean over its eight views."""
    total = np.zeros(pixels.shape[:2], np.float32)
    for view, quarters, flip in turned(pixels):
        height, width = view.shape[:2]
        half = images.resize(view, -(-width // 2), -(-height // 2))
        found = enlarged(model, view, 1)[:height, :width] + enlarged(model, half, 2)[:height, :width]
        total += np.rot90(found[:, ::-1] if flip else found, -quarters)
    return total / 16


def enlarged(model: scoring.Model, pixels: NDArray[np.uint8], times: int) -> NDArray[np.float32]:
    """Crack logits at `times` the size of the picture, or a little more."""
    heat = model.heatmap(pixels, options=scoring.DenseOptions(scales=1))
    rows, columns = (side * heat.stride * times for side in heat.logits.shape)
    return np.asarray(cv2.resize(heat.logits, (columns, rows), interpolation=cv2.INTER_LINEAR), np.float32)


def without_spots(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The parts of a mask that are no spots."""
    _, parts, facts, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    large = facts[:, cv2.CC_STAT_AREA] >= SPOT_PX
    large[0] = False
    return np.asarray(large[parts], np.bool_)


def teach(row: Row, folder: Path) -> Row:
    """The row with a mask, where one can be read."""
    if row.label != "crack" or row.mask is not None or row.part != "train":
        return row
    pixels = images.read(row.path).pixels
    mask = without_spots(mean_map(_model(), pixels) > LOGIT)
    if mask.sum() < LEAST_PX:
        return row
    path = Path(row.path)
    there = folder / f"{row.surface.replace('/', '-')}-{path.parent.name}-{path.stem}.png"
    images.write_png(mask.astype(np.uint8) * 255, there)
    return msgspec.structs.replace(row, mask=str(there))


def _model() -> scoring.Model:
    return _LOADED[0]


_LOADED: list[scoring.Model] = []


def _open(bundle: str) -> None:
    _LOADED.append(scoring.load(bundle, threads=1))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle")
    parser.add_argument("split", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    arguments = parser.parse_args()
    split = datasets.read_split(arguments.split)
    folder = arguments.out.with_suffix("").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(initializer=_open, initargs=(arguments.bundle,)) as pool:
        rows = tuple(pool.map(partial(teach, folder=folder), split.rows, chunksize=16))
    datasets.write_split(msgspec.structs.replace(split, rows=rows), arguments.out)
    for surface in sorted({row.surface for row in rows}):
        cracked = [row for row in rows if row.surface == surface and row.label == "crack" and row.part == "train"]
        print(f"{surface}: {sum(row.mask is not None for row in cracked)} of {len(cracked)} have a mask")
    return 0


if __name__ == "__main__":
    sys.exit(main())
