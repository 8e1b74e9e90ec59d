"""Logits of a heatmap between its cells."""

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.evidence import Floats
from crackscope.scoring import Heatmap


def sampled(heat: Heatmap, corner: tuple[int, int], step: int, shape: tuple[int, int]) -> Floats:
    """Logits float32 of `shape`, linear between the cells' centres, at the centres of squares of `step` px.

    corner: x and y in px of the first square's corner.
    """
    import cv2

    scale = step / heat.stride
    offset = [((place + step / 2) / heat.stride) - 0.5 for place in corner]
    # Only the cells around are handed over: the routine takes no picture of more than 32,767 px a side.
    first = [max(0, int(np.floor(place)) - 1) for place in offset]
    last = [int(np.ceil(place + scale * count)) + 2 for place, count in zip(offset, shape[::-1], strict=True)]
    cells = np.ascontiguousarray(heat.logits[first[1] : last[1], first[0] : last[0]])
    way = np.array([[scale, 0, offset[0] - first[0]], [0, scale, offset[1] - first[1]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(cells, way, shape[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32)


def logits_at(heat: Heatmap, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logits at points [k, 2] of a photo, linear between the cells' centres."""
    rows, columns = heat.logits.shape
    x = np.clip((points[:, 0] + 0.5) / heat.stride - 0.5, 0, columns - 1)
    y = np.clip((points[:, 1] + 0.5) / heat.stride - 0.5, 0, rows - 1)
    left, top = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    right, bottom = np.minimum(left + 1, columns - 1), np.minimum(top + 1, rows - 1)
    along, down = x - left, y - top
    above = heat.logits[top, left] * (1 - along) + heat.logits[top, right] * along
    below = heat.logits[bottom, left] * (1 - along) + heat.logits[bottom, right] * along
    return np.asarray(above * (1 - down) + below * down)
