"""Further looks at large photos: at half their size where they are soft, and from afar where nothing was found.

Phones and zooms give photos that are soft at the level of the pixel: there a crack is wider and paler than those that
the network learnt from, and halving the photo loses next to nothing of it. So such a photo is judged at both sizes.

The network knows a crack by its edges. One that is wider than what it sees at once, as in a photo taken close up, is a
dark field with a border to it, and what borders it no crack. So a large photo that would be called sound is looked at
once more at a quarter of its size, where such a crack is as wide as those that the network learnt from.

A photo that is asked so often whether it shows what sound photos seldom do has as many chances to be called cracked.
Each look may therefore raise a share of the false alarms that the user allows, and all shares together are one
(Bonferroni; O. J. Dunn, Multiple Comparisons Among Means, J. Am. Stat. Assoc. 56, 1961): told is the chance divided by
the look's share. Whether there is a look at half size is settled by blur, light and likeness at that size, before
anything is scored there; where there is none, its share is the first look's. That from afar keeps its share whether or
not it is needed.
"""

from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from crackscope.bundles import Manifest
from crackscope.records import Verdict
from crackscope.scoring.dense import Heatmap, any_in, grown, halved
from crackscope.scoring.verdict import Judgement, Look, unfit_look

SOFT_PX = 0.6
"""Blur from which on a photo is looked at twice. Asphalt and SDNET2018's patches lie at .3 to .5 px, enlarged two times
at .5 to 2 (`proofs/soft_photos.txt`); sharper ones would gain little, and a second look doubles their chance."""

LEAST_SIDE_PX = 1024
"""Photos with a shorter side are judged as they are: at half their size little is left of them, and at a quarter of it
they would be seen at one scale alone."""

_AFAR = 4
"""How many times smaller a photo is from afar."""

FAR_SHARE = 0.2
"""Of the false alarms, what the look from afar may raise. It has a sixteenth of the windows, so what is rare in them is
so by less luck, and it is seldom needed (`benchmarks/widest.txt`)."""


class Looks(NamedTuple):
    """What was said of a photo at each size; None for a look that there was not."""

    first: Judgement
    half: Judgement | None = None
    afar: Judgement | None = None


def may_look_again(manifest: Manifest, heat: Heatmap, first: Judgement, shape: tuple[int, int]) -> bool:
    """Whether a photo of (height, width) px, judged as it is, may be judged at other sizes, too.

    It may when it is large, refused for nothing but its blur, and like a surface at half size, too, by a bundle that
    knows how likely sound photos show as much and sees them at two scales.
    """
    rule = manifest.verdict
    if heat.half is None or rule.kind != "conformal" or not rule.sound or min(shape) < LEAST_SIDE_PX:
        return False
    however_blurred = msgspec.structs.replace(rule, quality=msgspec.structs.replace(rule.quality, blurred_px=0.0))
    return not any(unfit_look(Look(seen, first.quality, shape), however_blurred) for seen in (heat, heat.half))


def soft(first: Judgement) -> bool:
    """Whether a photo is so soft that it is to be judged at half size."""
    return first.quality.sharpness_px >= SOFT_PX


def heat_at_half(heat: Heatmap, quarter: NDArray[np.float32]) -> Heatmap:
    """The heatmap of the photo at half size, of which the heatmap at full size holds one scale already.

    quarter: float32 [h, w], its logits at a quarter of the size. What was put out stays so, and a cell more around it:
    so far a cell of the quarter's map reaches when it is enlarged.
    """
    half = heat.half
    assert half is not None
    seen = Heatmap((half.logits + grown(quarter, half.logits.shape)) * np.float32(0.5), half.stride, half.embedding)
    return _put_out(seen, heat.hidden, 2)


def quartered(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A photo, uint8 [h, w, 3], as it is seen from afar: at a quarter of its size, sides rounded up."""
    return halved(halved(pixels))


def heat_afar(heat: Heatmap, seen: Heatmap) -> Heatmap:
    """The heatmap of the photo from afar; what was put out in that at full size stays so, and a cell more around it."""
    return _put_out(seen, heat.hidden, _AFAR)


def _put_out(seen: Heatmap, hidden: NDArray[np.bool_] | None, times: int) -> Heatmap:
    import cv2

    if hidden is None:
        return seen
    cells = any_in(hidden, times).astype(np.uint8)
    return seen.without(cv2.dilate(cells, np.ones((3, 3), np.uint8)) > 0)


def from_near(looks: Looks, rate: float, *, shows: bool) -> Judgement:
    """One judgement of the looks at the photo as it is and at half size.

    It is `crack` when either look says so within its share of the rate, and what is told with it is of the look that
    the verdict rests on: one that says crack, before the one with the smaller chance. shows: whether the heatmap at
    full size has a crack to show; without one, the look at half size cannot say crack. A photo that is too blurred for
    the first look stays refused unless the second says crack.
    """
    first, half, share = looks.first, looks.half, 1 - FAR_SHARE
    if half is None:
        return _within(first, share, rate)
    again = _within(half, share / 2, rate)
    called: Verdict = "crack" if again.verdict == "crack" and shows else "sound"
    second = again._replace(verdict=called, quality=first.quality, halved=True)
    return _told([_within(first, share / 2, rate), second], first.reason)


def joined(looks: Looks, rate: float, *, shows: bool) -> Judgement:
    """One judgement of all looks, as `from_near` makes it of two."""
    near = from_near(looks, rate, shows=shows)
    if looks.afar is None or looks.afar.verdict == "cannot judge":
        return near
    far = _within(looks.afar, FAR_SHARE, rate)._replace(quality=near.quality, from_afar=True)
    return _told([near, far], looks.first.reason)


def _told(looks: list[Judgement], reason: str) -> Judgement:
    """reason: why the photo as it is cannot be judged, which stands where no look says crack."""
    told = min(looks, key=lambda look: (look.verdict != "crack", look.chance))
    if reason and told.verdict != "crack":
        return told._replace(verdict="cannot judge", reason=reason)
    return told


def _within(look: Judgement, share: float, rate: float) -> Judgement:
    """What a look says that may raise this share of the false alarms."""
    chance = min(1.0, look.chance / share)
    return look._replace(chance=chance, verdict="sound" if look.verdict == "crack" and chance > rate else look.verdict)
