"""Real cracks carried over to other surfaces: more of how cracks look, on more of what they run through.

The shade of a crack against its own surround is taken from one picture and laid over another, as far as its mask
reaches (a photometric kin of copy and paste; Ghiasi et al. 2021, arXiv:2012.07177).
"""

import numpy as np
from numpy.typing import NDArray

from crackscope.training.augmentation import Mask, Pixels

LEAST_PX = 40
"""A crack of fewer px is not worth carrying."""

LEAST_SHADE = 0.06
"""A crack that differs less from its surround, as a share of it, would not be seen where it is laid."""

LIP_PX = 3
"""So far beyond the mask, drawn or read, its lips and its blur reach."""

SURROUND_PX = 12.0
"""Deviation of the blur that gives the light around a crack."""


def carry_crack(target: Pixels, source: Pixels, mask: Mask, strength: float = 1.0) -> tuple[Pixels, Mask] | None:
    """The crack of `source` laid over `target`, both uint8 [h, w, 3]; the new picture and where the crack is, bool.

    mask: bool [h, w], the crack of the source. strength: 1 keeps its shade, less makes it fainter. None where the
    source shows too little of a crack to be carried.
    """
    if mask.sum() < LEAST_PX:
        return None
    shade = _shade(source, mask)
    if float(1 - shade[mask].mean()) * strength < LEAST_SHADE:
        return None
    laid = target.astype(np.float32) * (1 + strength * (shade - 1))[:, :, None]
    return np.clip(laid + 0.5, 0, 255).astype(np.uint8), mask


def _shade(source: Pixels, mask: Mask) -> NDArray[np.float32]:
    """Brightness of a crack and its lips over that of the surround, float32 [h, w]; 1 away from it."""
    import cv2

    grey = cv2.cvtColor(source, cv2.COLOR_RGB2GRAY).astype(np.float32) + 1
    within = cv2.dilate(mask.astype(np.uint8), np.ones((2 * LIP_PX + 1, 2 * LIP_PX + 1), np.uint8))
    sound = 1 - within.astype(np.float32)
    light = cv2.GaussianBlur(grey * sound, (0, 0), SURROUND_PX)
    seen = cv2.GaussianBlur(sound, (0, 0), SURROUND_PX)
    surround = np.where(seen > 0.02, light / np.maximum(seen, 0.02), grey)
    fading = cv2.GaussianBlur(cv2.erode(within, np.ones((3, 3), np.uint8)).astype(np.float32), (0, 0), 1.0)
    return np.asarray(1 + np.clip(grey / surround - 1, -0.95, 0.3) * fading, np.float32)
