"""Smaller copies of a photo, in which some of its wide cracks are measured.

A crack that is wide and soft at once, as zooms and enlarging make it, is none that the network knows: it may mark the
edges instead of the middle, and what is measured along them is too long and too thin. Halved, the photo is as sharp as
those that the network learnt from, and loses next to nothing of a wide crack. Thin ones it would lose, and pixels are
marked less finely there: so cracks are measured there only where both looks disagree. In sharper photos, too, a second
line may run through a wide gap or along its lit rim, but rarely: there both must disagree more plainly.
"""

from collections.abc import Iterator, Sequence
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.finding import Found, Part
from crackscope.inspection.mask import FINE_STRIDE
from crackscope.inspection.photo import Photo
from crackscope.inspection.zones import Traced
from crackscope.scoring import DenseOptions, Heatmap, Judgement, Look, Model

SHARP_PX = 0.5
"""Blur below which no photo is halved. Of 108 cracks in 100 patches of METU 4 are told too long by far, with .7 px 5,
with .9 px 6, without any copy 9."""

SOFT_PX = 1.2
"""Blur from which on a photo is soft, and its smaller copy halved again where that is soft as well. Cracks of METU
enlarged twice have 1.2 to 2.5 px; where the limit was 1.5 px, one in ten of them still came out 1.9 times too long."""

WIDE_PX = 3.0
"""Width in a smaller copy, the 95th percentile along the crack, from which on it may be measured there. Generated ones
of 3 px and more are measured as well there as up close or better, those below 1.5 px worse."""

_LONGER, _THINNER = 1.1, 0.9
"""Times the length of a wide crack in a smaller copy, and times its median width, beyond which what was found up close
is taken for its edges. With 1.2 and .8 the median length on METU enlarged four times was 1.03 for 1.00."""

_FAR_LONGER = 1.3
"""Times the same length, in a photo that is not soft. With 1.1 times, or .9 times the width, six of 160 generated
cracks lost branches and a tenth of their length; with 1.4 times METU has 5 that are too long by far, for 4."""

_BROAD_PX = 24
"""Side of a square that is marked all over where a photo that is not soft is halved all the same. Of 300 patches of
METU as few cracks are too long with it as without. Most photos of thinner cracks, where the look finds nothing to mend
and takes a tenth of the time, are left alone."""

_BESIDE_PX = 4.0
"""So far from the edges of a crack in a smaller copy, and two px of the copy more, lies what is the same crack."""

_SAME_SHARE = 0.5
"""Share of the places of a zone that lie there from which on it is the same crack."""

_MOST_TIMES = 4
_LEAST_SIDE_PX = 80
"""No smaller copy has a shorter side of less: patches of 160 px may be halved. With 112 px of the cracks in the middle
200, 180 and 160 px of 300 patches of METU 30 each were told too long by far, for 22, 21 and 20."""


def smaller_looks(
    model: Model, heat: Heatmap, photo: Photo, judged: Judgement, options: DenseOptions
) -> Iterator[tuple[int, Look]]:
    """The looks at smaller copies of a photo, by how many times smaller they are, the largest first.

    Under a map of large cells there is none: it is the photo that says there which pixels are crack.
    """
    if heat.stride > FINE_STRIDE:
        return
    blur_px, times = judged.quality.sharpness_px, 2
    if blur_px >= SOFT_PX:
        least_px, most_times = SOFT_PX, _MOST_TIMES
    elif _broad(heat, model.manifest.mask_threshold):
        least_px, most_times = SHARP_PX, 2
    else:
        return
    while blur_px >= least_px and times <= most_times and min(photo.shape) >= times * _LEAST_SIDE_PX:
        look = judged.afar.get(times) or model.look_smaller(heat, photo.pixels, times, options=options)
        yield times, look
        blur_px, times = look.quality.sharpness_px, 2 * times


def _broad(heat: Heatmap, threshold: float) -> bool:
    """Whether a map marks any place as broadly as it does wide cracks."""
    import cv2

    marked = (heat.logits > threshold).astype(np.uint8)
    side = -(-_BROAD_PX // heat.stride)
    return bool(np.any(cv2.erode(marked, np.ones((side, side), np.uint8))))


def with_wide(near: Found, small: Part, blur_px: float) -> Found:
    """What was found, with wide cracks as a smaller copy of the photo shows them in the place of their edges.

    Only what was found already is measured so: a crack that would take the place of nothing, or of the lesser part of
    a zone, which stays, is left out. blur_px: of the photo as it is.
    """
    wide = [one for one in small.traced if one.zone.width_p95_px.value >= small.times * WIDE_PX]
    wide = [one for one in wide if _misread(one, near.traced, small.times, blur_px)]
    while wide:
        stay = [[_share_in(one, wide, small.times) < _SAME_SHARE for one in part.traced] for part in near.parts]
        gone = [one for part, some in zip(near.parts, stay, strict=True) for one in _others(part, some)]
        kept = [one for one in wide if _share_on(one, gone, small.times) >= _SAME_SHARE]
        if len(kept) == len(wide):
            beside = (part.of(tuple(compress(part.traced, some))) for part, some in zip(near.parts, stay, strict=True))
            return Found((*beside, small.of(tuple(wide))))
        wide = kept
    return near


def _misread(wide: Traced, near: Sequence[Traced], times: int, blur_px: float) -> bool:
    """Whether what was found along a wide crack of a copy so many times smaller is plainly longer than it, or thinner
    in a soft photo: then it is its edges that were marked."""
    met = [(one, there) for one in near if (there := _away(one, wide.at) < _reach(wide, times)).any()]
    if not met:
        return False
    length_px = sum(one.zone.length_px * float(there.mean()) for one, there in met)
    if blur_px < SOFT_PX:
        return length_px > _FAR_LONGER * wide.zone.length_px
    width_px = float(np.median(np.concatenate([one.width_px[there] for one, there in met])))
    return length_px > _LONGER * wide.zone.length_px or width_px < _THINNER * float(np.median(wide.width_px))


def _others(part: Part, stay: Sequence[bool]) -> Iterator[Traced]:
    return compress(part.traced, (not stays for stays in stay))


def _share_in(traced: Traced, wide: Sequence[Traced], times: int) -> float:
    """Of the places of a zone, those in wide cracks of a copy so many times smaller, or beside them."""
    near = np.zeros(len(traced.at), np.bool_)
    for one in wide:
        near |= _away(traced, one.at) < _reach(one, times)
    return float(near.mean()) if len(near) else 0.0


def _share_on(wide: Traced, zones: Sequence[Traced], times: int) -> float:
    """Of the places of a wide crack of a copy so many times smaller, those with some of other zones within its edges or
    beside them."""
    if not zones or not len(wide.at):
        return 0.0
    return float((_away(wide, np.concatenate([one.at for one in zones])) < _reach(wide, times)).mean())


def _reach(wide: Traced, times: int) -> float:
    """So far from the line of a wide crack of a copy so many times smaller lies what is the same crack; px."""
    return wide.zone.width_p95_px.value / 2 + _BESIDE_PX + 2 * times


def _away(traced: Traced, at: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far the places of a zone lie from the nearest of some others, float64 [k, 2]; px."""
    from scipy.spatial import cKDTree

    return np.asarray(cKDTree(at).query(traced.at)[0], np.float64)
