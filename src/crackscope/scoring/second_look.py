"""A second look at large soft photos, at half their size.

Phones and zooms give photos that are soft at the level of the pixel: there a crack is wider and paler than those that
the network learnt from, and halving the photo loses next to nothing of it. So such a photo is judged at both sizes, and
since it is then asked twice whether it shows what sound photos seldom do, the smaller chance counts double (Bonferroni;
O. J. Dunn, Multiple Comparisons Among Means, J. Am. Stat. Assoc. 56, 1961). Whether it can be asked twice is settled by
blur, light and likeness at half size, before anything is scored there; where it cannot, it is asked once.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from crackscope.bundles import Manifest
from crackscope.records import Verdict
from crackscope.scoring.dense import Heatmap, any_in, grown
from crackscope.scoring.verdict import Judgement, Look, unfit_look

SOFT_PX = 0.6
"""Blur from which on a photo is looked at twice. Asphalt and SDNET2018's patches lie at .3 to .5 px, enlarged two times
at .5 to 2 (`proofs/soft_photos.txt`); sharper ones would gain little, and a second look doubles their chance."""

LEAST_SIDE_PX = 1024
"""Photos with a shorter side are judged as they are: at half their size little is left of them."""


def soft(manifest: Manifest, heat: Heatmap, first: Judgement, shape: tuple[int, int]) -> bool:
    """Whether a photo of (height, width) px, judged as it is, is to be judged at half size, too.

    It is when it is large, soft, and refused for nothing but its blur, by a bundle that knows how likely sound photos
    show as much and sees them at two scales.
    """
    rule = manifest.verdict
    if heat.half is None or rule.kind != "conformal" or not rule.sound:
        return False
    if first.quality.sharpness_px < SOFT_PX or min(shape) < LEAST_SIDE_PX:
        return False
    however_blurred = msgspec.structs.replace(rule.quality, blurred_px=0.0)
    return not unfit_look(Look(heat, first.quality, shape), msgspec.structs.replace(rule, quality=however_blurred))


def heat_at_half(heat: Heatmap, quarter: NDArray[np.float32]) -> Heatmap:
    """The heatmap of the photo at half size, of which the heatmap at full size holds one scale already.

    quarter: float32 [h, w], its logits at a quarter of the size. What was put out stays so, and a cell more around it:
    so far a cell of the quarter's map reaches when it is enlarged.
    """
    import cv2

    half = heat.half
    assert half is not None
    seen = Heatmap((half.logits + grown(quarter, half.logits.shape)) * np.float32(0.5), half.stride, half.embedding)
    if heat.hidden is None:
        return seen
    cells = any_in(heat.hidden, 2).astype(np.uint8)
    return seen.without(cv2.dilate(cells, np.ones((3, 3), np.uint8)) > 0)


def joined(first: Judgement, second: Judgement | None, rate: float, *, shows: bool) -> Judgement:
    """One judgement of two looks: at the photo as it is, and at half size (None: it cannot be judged there).

    It is `crack` when either look says so at half the rate, and what is told with it is of the look that the verdict
    rests on: one that says crack, before the one with the smaller chance. shows: whether the heatmap at full size has
    a crack to show; without one, the look at half size cannot say crack. A photo that is too blurred for the first
    look stays refused unless the second says crack. Where there is no second look, the first stands as it is: one
    question was asked, at the whole rate.
    """
    if second is None:
        return first
    again = _doubled(second, rate)
    called: Verdict = "crack" if again.verdict == "crack" and shows else "sound"
    looks = [_doubled(first, rate), again._replace(verdict=called, quality=first.quality, halved=True)]
    told = min(looks, key=lambda look: (look.verdict != "crack", look.chance))
    if first.reason and told.verdict != "crack":
        return told._replace(verdict="cannot judge", reason=first.reason)
    return told


def _doubled(look: Judgement, rate: float) -> Judgement:
    """What one of two looks says."""
    chance = min(1.0, 2 * look.chance)
    return look._replace(chance=chance, verdict="sound" if look.verdict == "crack" and chance > rate else look.verdict)
