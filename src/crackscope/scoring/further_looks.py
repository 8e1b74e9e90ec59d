"""Further looks at large photos: at half their size where they are soft, and from afar where nothing was found.

Phones and zooms give photos that are soft at the level of the pixel: there a crack is wider and paler than those that
the network learnt from, and halving the photo loses next to nothing of it. So such a photo is judged at both sizes; so
is any that is too small to be looked at from afar.

The network knows a crack by its edges. One that is wider than what it sees at once, as in a photo taken close up, is a
dark field with a border to it, and what borders it no crack. So a large photo that would be called sound is looked at
again at a quarter of its size, an eighth, and so on, where such a crack is as wide as those that the network learnt
from. So is one that was called cracked already, where it holds a broad dark field: what was found may be the lips of
such a crack.

A photo that is asked so often whether it shows what sound photos seldom do has as many chances to be called cracked.
Each look may therefore raise a share of the false alarms that the user allows, and all shares together are one
(Bonferroni; O. J. Dunn, Multiple Comparisons Among Means, J. Am. Stat. Assoc. 56, 1961): told is the chance divided by
the look's share. Whether there is a look at half size is settled by size, blur, light and likeness there, before
anything is scored there; where there is none, its share is the first look's. Those from afar keep their share, dealt
evenly among them, whether or not they are needed.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from crackscope.bundles import Manifest
from crackscope.images import halved
from crackscope.records import Verdict, suspicious
from crackscope.scoring.calibrated import Calibrated
from crackscope.scoring.dark_fields import holds_dark_field
from crackscope.scoring.dense import Heatmap, any_in, grown
from crackscope.scoring.verdict import Judgement, Look, judge, judge_look, look_at, unfit_look

SOFT_PX = 0.6
"""Blur from which on a photo is looked at twice. Asphalt and SDNET2018's patches lie at .3 to .5 px, enlarged two times
at .5 to 2 (`proofs/soft_photos.txt`); sharper ones would gain little, and a second look doubles their chance."""

_LEAST_SEEN_PX = 256
"""At no smaller size is a photo looked at than where its shorter side has so many px: smaller ones are seen at one
scale alone."""

LEAST_SIDE_PX = 3 * _LEAST_SEEN_PX
"""Photos with a shorter side are judged as they are: they have few windows, so what shows is rare enough at full size.
Asphalt enlarged to 700 px is found in 45 of 45 photos, to 850 px in 41, to 1,000 px in 31, and by both looks in 45
each; at 512 px both call 4 of 35 sound pavements cracked, and the first none."""

FAR_SHARE = 0.2
"""Of the false alarms, what the looks from afar may raise, or where there are none that at half the size of a sharp
photo. They have a sixteenth of the windows (a quarter) and fewer, so what is rare in them is so by less luck. That
holds as far as sound windows, which were fitted at one size, look alike at all."""


Pixels = NDArray[np.uint8]


class Eyes(NamedTuple):
    """A bundle that looks at photos.

    see: the heatmap of pixels, uint8 [h, w, 3], at so many scales, 0 for as many as the bundle says. read: how a score
    is read on the photo of a heatmap.
    """

    manifest: Manifest
    see: Callable[[Pixels, int], Heatmap]
    read: Callable[[Heatmap], Callable[[float], Calibrated]]


class Looks(NamedTuple):
    """What was said of a photo at each size.

    half: None where there was no such look. afar: by how many times smaller it was. times: of all looks from afar that
    a photo of its size may get; none for small ones.
    """

    first: Judgement
    half: Judgement | None = None
    afar: Mapping[int, Judgement] = MappingProxyType({})
    times: tuple[int, ...] = (4,)


def judge_photo(eyes: Eyes, heat: Heatmap, pixels: Pixels, rate: float) -> Judgement:
    """Say of a photo, uint8 [h, w, 3] with its heatmap, what it shows, by as many looks as it needs.

    rate: share of sound photos that may be called cracked.
    """
    first = _judged(eyes, heat, pixels, rate)
    shape = (pixels.shape[0], pixels.shape[1])
    if not may_look_again(eyes.manifest, heat, first, shape):
        return first
    shows = bool(heat.logits.max() >= eyes.manifest.mask_threshold)
    farther = times_afar(shape)
    half = _judged_at_half(eyes, heat, pixels, rate) if soft(first) or not farther else None
    looks = Looks(first, half, times=farther)
    if not farther or (from_near(looks, rate, shows=shows).verdict == "crack" and not holds_dark_field(pixels)):
        return joined(looks, rate, shows=shows)
    seen, small, eyes = dict[int, Look](), pixels, _knowing_surface(eyes)
    for times in looks.times:
        small = smaller(small, 4 if small is pixels else 2)
        afar = heat_afar(heat, eyes.see(small, 0), times)
        judged = _judged(eyes, afar, small, rate)
        seen[times] = Look(afar, judged.quality, (small.shape[0], small.shape[1]))
        looks = looks._replace(afar={**looks.afar, times: judged})
    return joined(looks, rate, shows=shows)._replace(afar=seen)


def _knowing_surface(eyes: Eyes) -> Eyes:
    """Eyes that do not ask whether a photo shows a surface: as it is and at half size it did, and from afar a broad
    crack may be most of what it shows."""
    manifest = eyes.manifest
    rule = msgspec.structs.replace(manifest.verdict, surface=None)
    return eyes._replace(manifest=msgspec.structs.replace(manifest, verdict=rule))


def _judged(eyes: Eyes, heat: Heatmap, pixels: Pixels, rate: float) -> Judgement:
    return judge(eyes.manifest, heat, pixels, rate, eyes.read(heat))


def _judged_at_half(eyes: Eyes, heat: Heatmap, pixels: Pixels, rate: float) -> Judgement | None:
    """What is said of a photo at half size; None where it cannot be judged there."""
    assert heat.half is not None
    half = halved(pixels)
    look = look_at(heat.half, half)
    if unfit_look(look, eyes.manifest.verdict):
        return None
    quarter = halved(half)
    del half  # of 100 megapixels it takes 75 MiB
    look = look._replace(heat=heat_at_half(heat, eyes.see(quarter, 1).logits))
    return judge_look(eyes.manifest, look, rate, eyes.read(look.heat))


def may_look_again(manifest: Manifest, heat: Heatmap, first: Judgement, shape: tuple[int, int]) -> bool:
    """Whether a photo of (height, width) px, judged as it is, may be judged at other sizes, too.

    It may when it is large, refused for nothing but its blur, and like a surface at half size, too, by a bundle that
    knows how likely sound photos show as much and sees them at two scales. One that is too blurred need be like a
    surface at half size alone: smeared out as it is, it shows too little of one.
    """
    rule = manifest.verdict
    if heat.half is None or rule.kind != "conformal" or not rule.sound or min(shape) < LEAST_SIDE_PX:
        return False
    however_blurred = msgspec.structs.replace(rule, quality=msgspec.structs.replace(rule.quality, blurred_px=0.0))
    blurred = 0 < rule.quality.blurred_px < first.quality.sharpness_px
    seen = (heat.half,) if blurred else (heat, heat.half)
    return not any(unfit_look(Look(one, first.quality, shape), however_blurred) for one in seen)


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
    logits = (half.logits + grown(quarter, half.logits.shape)) * np.float32(0.5)
    return _put_out(Heatmap(logits, half.stride, half.embedding, features=half.features), heat, 2)


def times_afar(shape: tuple[int, int]) -> tuple[int, ...]:
    """How many times smaller a photo of (height, width) px is from afar, for each look: 4, 8 and so on."""
    return tuple(times for times in (4, 8, 16, 32, 64) if min(shape) >= times * _LEAST_SEEN_PX)


def look_smaller(eyes: Eyes, heat: Heatmap, pixels: Pixels, times: int) -> Look:
    """A photo, uint8 [h, w, 3] with its heatmap, as it looks so many times smaller, a power of two."""
    small = smaller(pixels, times)
    if times == 2 and heat.half is not None and min(small.shape[:2]) >= _LEAST_SEEN_PX:
        return look_at(heat_at_half(heat, eyes.see(halved(small), 1).logits), small)
    return look_at(heat_afar(heat, eyes.see(small, 0), times), small)


def smaller(pixels: Pixels, times: int) -> Pixels:
    """A photo, uint8 [h, w, 3], so many times smaller, a power of two, its sides rounded up."""
    return pixels if times == 1 else smaller(halved(pixels), times // 2)


def heat_afar(heat: Heatmap, seen: Heatmap, times: int) -> Heatmap:
    """The heatmap of a photo so many times smaller; what was put out in that at full size stays so, and a cell more
    around it."""
    return _put_out(seen, heat, times)


def _put_out(seen: Heatmap, heat: Heatmap, times: int) -> Heatmap:
    import cv2

    if heat.hidden is None:
        return seen
    if heat.void is not None and not (void := any_in(heat.void, times)).all():
        seen = seen.beside_cells(void)
    cells = any_in(heat.hidden, times).astype(np.uint8)
    return seen.without(cv2.dilate(cells, np.ones((3, 3), np.uint8)) > 0)


def from_near(looks: Looks, rate: float, *, shows: bool) -> Judgement:
    """One judgement of the looks at the photo as it is and at half size.

    It is `crack` when either look says so within its share of the rate, and what is told with it is of the look that
    the verdict rests on. shows: whether the heatmap at full size has a crack to show; without one, the look at half
    size cannot say crack. A photo that is too blurred for the first look stays refused unless the second says crack.
    """
    first, half, share = looks.first, looks.half, 1 - FAR_SHARE if looks.times else 1.0
    if half is None:
        return _within(first, share, rate)
    lesser = share / 2 if soft(first) else FAR_SHARE
    one, again = _within(first, share - lesser, rate), _within(half, lesser, rate)
    if one.verdict == "crack" and not soft(first):
        return one
    called: Verdict = "crack" if again.verdict == "crack" and shows else "sound"
    second = again._replace(verdict=called, quality=first.quality, halved=True)
    return one if first.reason and called != "crack" else _told([one, second])


def joined(looks: Looks, rate: float, *, shows: bool) -> Judgement:
    """One judgement of all looks, as `from_near` makes it of two.

    What a look from afar says is told where those before it do not say crack and it does, or where it finds a photo
    suspicious that is sound to them.
    """
    near = from_near(looks, rate, shows=shows)
    share = FAR_SHARE / max(1, len(looks.times))
    seen = ((times, look) for times, look in looks.afar.items() if look.verdict != "cannot judge")
    far = [_within(look, share, rate)._replace(quality=near.quality, from_afar=times) for times, look in seen]
    if near.verdict == "crack":
        gaping = [look for look in far if look.verdict == "crack"]
        return near._replace(gaping=_told(gaping).from_afar) if gaping else near
    doubts = near.verdict == "sound"
    told = (look for look in far if look.verdict == "crack" or (doubts and _doubtful(look)))
    return _told([near, *told])


def _doubtful(look: Judgement) -> bool:
    return suspicious("sound", look.probability)


def _told(looks: list[Judgement]) -> Judgement:
    """The look that is told: one that says crack, before one that is suspicious, before the one with the smaller
    chance; what could not be judged comes last."""
    ranks = {"crack": 0, "sound": 1, "cannot judge": 2}
    return min(looks, key=lambda look: (ranks[look.verdict], not _doubtful(look), look.chance))


def _within(look: Judgement, share: float, rate: float) -> Judgement:
    """What a look says that may raise this share of the false alarms."""
    chance = min(1.0, look.chance / share)
    return look._replace(chance=chance, verdict="sound" if look.verdict == "crack" and chance > rate else look.verdict)
