"""From which logit on a cell of the map belongs to a crack."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crackscope.training.augmentation import Mask

UNSEEN_LOGITS = 1.0
"""Cracks of a surface that was not learnt from get lower logits: with the asphalt pictures left out of training, masks
of them were best with a threshold this much below that of the pictures held out from surfaces that were."""

TOLERANCE_PX = 4


def mask_threshold(maps: Sequence[tuple[NDArray[np.float32], Mask]], stride: int) -> float:
    """The logit at which enlarged maps agree best with their masks: F1 with a tolerance of 4 px, pooled."""
    import cv2

    grid = np.arange(-4, 4.01, 0.25)
    counts = np.zeros((len(grid), 3))
    reach = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * TOLERANCE_PX + 1,) * 2)
    for logits, mask in maps:
        height, width = mask.shape
        grown = cv2.resize(logits, (logits.shape[1] * stride, logits.shape[0] * stride), interpolation=cv2.INTER_LINEAR)
        grown = grown[:height, :width]
        near_truth = cv2.dilate(mask.astype(np.uint8), reach) > 0
        drawn = np.asarray(cv2.dilate(grown, reach)[mask])
        for place, logit in enumerate(grid):
            said = grown > logit
            counts[place] += (said.sum(), (said & near_truth).sum(), (drawn > logit).sum())
    total = sum(float(mask.sum()) for _, mask in maps)
    precision, recall = counts[:, 1] / np.maximum(counts[:, 0], 1), counts[:, 2] / max(total, 1)
    return float(grid[int(np.argmax(2 * precision * recall / np.maximum(precision + recall, 1e-9)))])
