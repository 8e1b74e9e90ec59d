"""What a bundle asks of a picture's pixels alone: limits that hold for every network, and the rows' own."""

import contextlib
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope import images, scoring
from crackscope.bundles import QualityRule
from crackscope.errors import ImageError, several
from crackscope.records import Row
from crackscope.training.augmentation import generator

BLURRED_PX = 3.0
"""Of the patches of METU, SDNET2018 and SUT-Crack 99 in 100 are blurred by less than 2.1 px; from 3 px on a crack of
ordinary width shows less than half of its darkness."""

DARK, BRIGHT = 0.6, 0.6

REFUSED = 0.01
"""Share of the training pictures that a limit may refuse: it gives way to more of them."""

MOST_LOOKED_AT, MOST_LOOKED_AT_PX = 200, 16 << 20
"""Training pictures that are looked at, and px of them all: patches take half a second, photos not much more."""


class PixelLimits(NamedTuple):
    """rule: what cannot be judged. coloured: ratio of mean colours from which on the colour is the light's (see
    `Manifest`). remark: what is to be said where the rows moved a limit of the rule, else ""."""

    rule: QualityRule
    coloured: float
    remark: str


def quality_rule(rows: Sequence[Row], smallest_px: int, seed: int) -> PixelLimits:
    """The limits for a bundle that was trained on these rows.

    smallest_px: shortest side that the network takes. What can no longer be read is passed over.
    """
    usual = QualityRule(blurred_px=BLURRED_PX, dark=DARK, bright=BRIGHT, smallest_px=smallest_px)
    seen = _seen(rows, seed)
    if not len(seen):
        return PixelLimits(usual, scoring.COLOURED, "")
    side, dark, bright, blurred, casts = seen.T
    coloured = max(scoring.COLOURED, _most(casts))
    rule = QualityRule(
        blurred_px=max(BLURRED_PX, _most(blurred)),
        dark=max(DARK, _most(dark)),
        bright=max(BRIGHT, _most(bright)),
        smallest_px=min(smallest_px, int(-_most(-side))),
    )
    beyond = {
        "too small": (rule.smallest_px != usual.smallest_px, side < smallest_px),
        "too dark": (rule.dark != DARK, dark > DARK),
        "overexposed": (rule.bright != BRIGHT, bright > BRIGHT),
        "blurred": (rule.blurred_px != BLURRED_PX, blurred > BLURRED_PX),
    }
    moved = [f"{int(which.sum())} are {what}" for what, (gave_way, which) in beyond.items() if gave_way]
    if not moved:
        return PixelLimits(rule, coloured, "")
    looked = several(len(seen), "training picture that was looked at", "training pictures that were looked at")
    remark = f"of {looked} {' and '.join(moved)}: the bundle judges such pictures, too, where others refuse them"
    return PixelLimits(rule, coloured, remark)


def _seen(rows: Sequence[Row], seed: int) -> NDArray[np.float64]:
    """Shortest side in px, dark and bright share, blur in px and cast of some of the rows: float64 [n, 5]."""
    seen: list[tuple[float, ...]] = []
    looked_at_px = 0
    for place in generator(seed, 6).permutation(len(rows))[:MOST_LOOKED_AT]:
        with contextlib.suppress(ImageError):  # A picture that has gone while the network learnt ends no training.
            pixels = images.read(rows[place].path).pixels
            found = scoring.quality(pixels)
            seen.append((min(pixels.shape[:2]), found.dark, found.bright, found.sharpness_px, scoring.cast(pixels)))
            looked_at_px += pixels.size // 3
        if looked_at_px >= MOST_LOOKED_AT_PX:
            break
    return np.array(seen)


def _most(values: NDArray[np.float64]) -> float:
    """What no more than `REFUSED` of the values lie above, rounded up to hundredths."""
    return math.ceil(float(np.quantile(values, 1 - REFUSED, method="inverted_cdf")) * 100) / 100
