"""From a heatmap to a verdict: one rule for patches and photos.

A patch is called cracked when its probability reaches the threshold, the bundle's or that of the surface it looks like
(see `calibrated.py`). A photo holds thousands of places, and somewhere every sound one looks a little cracked, so it is
called cracked when its most suspicious windows show more than those of sound photos of its size do by chance (see
`by_chance.py`), at the rate that the user allows. A large photo may be judged at smaller sizes, too (see
`further_looks.py`).
"""

import heapq
import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.bundles import Manifest, QualityRule, SurfaceRule, VerdictRule
from crackscope.errors import BundleError
from crackscope.records import BLURRED, UNLIKE_ANY_SURFACE, Verdict
from crackscope.scoring.by_chance import chance
from crackscope.scoring.calibrated import Calibrated
from crackscope.scoring.dense import Heatmap
from crackscope.scoring.quality import MOST_BLUR_PX, Quality, light, quality
from crackscope.scoring.void import bounds

_BLACK_AND_WHITE = 0.95
"""Share of the pixels that are black or white from which on dots stand for greys, which no camera writes."""
_NO_GREYS = (
    "black and white: there are next to no greys, as in a fax or a dithered picture, and a crack cannot be told from "
    "its dots; give the picture in greys or colours"
)


class Look(NamedTuple):
    """A photo as it was looked at: its heatmap, what can be seen in it, and its height and width in px."""

    heat: Heatmap
    quality: Quality
    shape: tuple[int, int]


class Judgement(NamedTuple):
    """What is said of a photo.

    probability: of crack, 0 to 1. reason: why it cannot be judged, else "". chance: that a sound photo of this size
    shows as much, 0 to 1. surface: the known surface as which its score was read, "" for none and where it cannot be
    judged. quality: of the photo as it is, always. halved: these are of the look at half size, which showed more than
    the one at full size. from_afar: of the look at a size so many times smaller, else 0. gaping: how many times smaller
    the photo was where, beside what is told, it shows a crack from afar, else 0. afar: the photo as it was looked at
    from afar, by how many times smaller it was.
    """

    verdict: Verdict
    probability: float
    reason: str
    quality: Quality
    chance: float = 0.0
    surface: str = ""
    halved: bool = False
    from_afar: int = 0
    gaping: int = 0
    afar: Mapping[int, Look] = MappingProxyType({})


class Said(NamedTuple):
    """What is said of any picture.

    probability: of crack, 0 to 1. reason: why it cannot be judged, else "". surface: the known surface as which its
    score was read, "" for none and where it cannot be judged. halved: the look at half size is told; from_afar: that at
    a size so many times smaller, else 0. chance: that a sound photo shows as much, None where the verdict does not rest
    on it. tiles: pieces that it was scored in, 1 for all of it at once. threshold: that its probability was held
    against, None where it was held against none. in_grey: the colour of its light was taken out before.
    """

    verdict: Verdict
    probability: float
    reason: str
    surface: str = ""
    halved: bool = False
    from_afar: int = 0
    chance: float | None = None
    tiles: int = 1
    threshold: float | None = None
    in_grey: bool = False


def judge_patch(manifest: Manifest, pixels: NDArray[np.uint8], looks: NDArray[np.float32], found: Calibrated) -> Said:
    """Say of a patch, uint8 [h, w, 3], what it shows: a single window, which thresholds were chosen for.

    looks: as `unlike` takes it.
    """
    rule, shape = manifest.verdict, (pixels.shape[0], pixels.shape[1])
    reason = unfit(quality(pixels), shape, rule.quality) or unlike(looks, rule.surface)
    if reason:
        return Said("cannot judge", found.probability, reason)
    return Said(by_threshold(found), found.probability, "", found.surface, threshold=found.threshold)


def by_threshold(found: Calibrated) -> Verdict:
    """The verdict on a patch that can be judged."""
    return "crack" if found.probability >= found.threshold else "sound"


def judge(
    manifest: Manifest,
    heat: Heatmap,
    pixels: NDArray[np.uint8],
    rate: float,
    read: Callable[[float], Calibrated],
) -> Judgement:
    """Say of a photo, uint8 [h, w, 3] with its heatmap, what it shows; see the top of this file.

    rate: share of sound photos that may be called cracked. read: a score, as it is read on this photo.
    """
    return judge_look(manifest, look_at(heat, pixels), rate, read)


def look_at(heat: Heatmap, pixels: NDArray[np.uint8]) -> Look:
    """A photo, uint8 [h, w, 3] with its heatmap, as it is judged: its quality is told of what shows something."""
    shape = (pixels.shape[0], pixels.shape[1])
    if heat.void is None or heat.void.all():
        return Look(heat, quality(pixels), shape)
    part = bounds(heat.void)
    rows, columns = (slice(cells.start * heat.stride, cells.stop * heat.stride) for cells in part)
    return Look(heat, quality(pixels[rows, columns], (heat.void[part], heat.stride)), shape)


def known_chance(manifest: Manifest, judged: Judgement) -> float | None:
    """The chance that a sound photo of its size shows as much, 0 to 1; None where the verdict does not rest on it."""
    rests = manifest.verdict.kind == "conformal" and judged.verdict != "cannot judge"
    return judged.chance if rests else None


def judge_look(manifest: Manifest, look: Look, rate: float, read: Callable[[float], Calibrated]) -> Judgement:
    """The same of a photo whose quality is known. Raises BundleError where the heatmap holds what is no number."""
    rule = manifest.verdict
    if not np.isfinite(look.heat.logits).all():
        raise BundleError("the network gives no number: train it again, or take another bundle")
    logits, void = on_surface(look.heat)
    scores, overlapping = window_scores(logits, look.heat.stride, rule, void)
    found = read(scores[0])
    beyond = [score - found.lag for score in scores]
    by_chance = chance(beyond, overlapping, windows_seen(look, rule), rule) if rule.sound else 0.0
    reason = unfit_look(look, rule)
    verdict: Verdict = "cannot judge" if reason else cracked(found, (scores[0], by_chance), manifest, rate)
    surface = "" if reason else found.surface
    return Judgement(verdict, found.probability, reason, look.quality, by_chance, surface)


def unfit_look(look: Look, rule: VerdictRule) -> str:
    """Why a photo cannot be judged; "" when it can. Of the heatmap the embedding and the features alone are asked."""
    return (
        _little(look, rule.quality)
        or unfit(look.quality, look.shape, rule.quality, _outside(look.heat))
        or unlike(look.heat.looks, rule.surface)
    )


def on_surface(heat: Heatmap) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
    """The logits within the rectangle that holds all cells that show something, and which of those do not."""
    if heat.void is None or heat.void.all():
        return heat.logits, None
    part = bounds(heat.void)
    return heat.logits[part], heat.void[part]


def windows_seen(look: Look, rule: VerdictRule) -> float:
    """How many windows, side by side, the photo shows, where it shows something."""
    if look.heat.void is None:
        return windows_in(*look.shape, rule)
    logits, void = on_surface(look.heat)
    seen = 1.0 if void is None else 1 - float(void.mean())
    height, width = (side * look.heat.stride for side in logits.shape)
    return max(1.0, windows_in(height, width, rule) * seen)


def _little(look: Look, rule: QualityRule) -> str:
    """Why a photo with a void has too little beside it; "" where it has enough, or no void."""
    if look.heat.void is None:
        return ""
    seen = int(np.count_nonzero(~look.heat.void))
    if math.sqrt(seen) * look.heat.stride >= rule.smallest_px:
        return ""
    share = seen / look.heat.void.size
    return (
        f"too small: {share:.1%} of the {look.shape[1]}x{look.shape[0]} px show something, the rest is black or white; "
        f"a square of {rule.smallest_px} px is needed"
    )


def unfit_pixels(pixels: NDArray[np.uint8], manifest: Manifest, *, however_blurred: bool = False) -> str:
    """Why a bundle cannot judge a picture, uint8 [h, w, 3], by its pixels alone; "" when it can, or judges all."""
    rule = manifest.verdict.quality
    if rule == QualityRule():  # nobody asks how good the picture is
        return ""
    seen = light(pixels) if however_blurred else quality(pixels)
    return unfit(seen, (pixels.shape[0], pixels.shape[1]), rule)


def _outside(heat: Heatmap) -> str:
    """Beside what it is told how many pixels are black or white; "" where all count."""
    if heat.void is None or heat.void.all():
        return ""
    return f"outside its blank areas, {heat.void.mean():.0%} of the photo, "


def unfit(quality: Quality, shape: tuple[int, int], rule: QualityRule, outside: str = "") -> str:
    """Why a picture of (height, width) px cannot be judged by its pixels alone; "" when it can. outside: what is left
    out of `dark` and `bright`, as it begins a sentence."""
    if min(shape) < rule.smallest_px:
        return f"too small: {shape[1]}x{shape[0]} px, at least {rule.smallest_px} px on a side are needed"
    if rule.dark and quality.dark > rule.dark:
        return f"too dark: {outside}{quality.dark:.0%} of the pixels are black"
    if rule.bright and quality.bright > rule.bright:
        blank = ", as where a picture is blank or transparent" * (quality.bright == 1 and not outside)
        return f"overexposed: {outside}{quality.bright:.0%} of the pixels are white{blank}"
    if rule.blurred_px and quality.sharpness_px > rule.blurred_px:
        if quality.dark + quality.bright > _BLACK_AND_WHITE:
            return _NO_GREYS
        most = quality.sharpness_px >= MOST_BLUR_PX
        wide = f"{2 * MOST_BLUR_PX:g} px wide or more" if most else f"{2 * quality.sharpness_px:.1f} px wide"
        return f"{BLURRED}: edges are {wide}, cracks would be smeared out"
    return ""


def unlike(looks: NDArray[np.float32], rule: SurfaceRule | None) -> str:
    """Why a picture that looks so, float32 [d + f], its embedding and its features, cannot be judged: it shows no
    surface; "" when it does."""
    if rule is None:
        return ""
    logit = float(np.dot(looks.astype(np.float64), np.asarray(rule.weights))) + rule.shift
    return "" if logit >= rule.limit else UNLIKE_ANY_SURFACE


def window_scores(
    logits: NDArray[np.float32], stride: int, rule: VerdictRule, void: NDArray[np.bool_] | None = None
) -> tuple[list[float], int]:
    """Scores of the most suspicious windows of a heatmap, float32 [h, w], falling, and how many windows it has.

    Windows overlap by half. Given are as many as the root of their number: what a crack half as long as a side meets.
    void: bool [h, w], cells that show nothing. What holds some of them is a window as long as half of its cells do show
    something; where there is no such window, as long as any does.
    """
    side = max(1, round(rule.window_px / stride))
    places = [(top, left) for top in _starts(logits.shape[0], side) for left in _starts(logits.shape[1], side)]
    if void is not None:
        empty = [float(void[top : top + side, left : left + side].mean()) for top, left in places]
        most = 0.5 if min(empty) <= 0.5 else 1 - 0.5 / side**2
        places = [place for place, share in zip(places, empty, strict=True) if share <= most]
    best = [-math.inf] * math.isqrt(len(places))
    for top, left in places:
        window = logits[top : top + side, left : left + side]
        if float(window.max()) > best[0]:
            heapq.heappushpop(best, top_mean(window, rule.top_share))
    return sorted(best, reverse=True), len(places)


def top_mean(window: NDArray[np.float32], share: float) -> float:
    """Mean of the largest share of the values, at least one of them."""
    # Counted as the network counts (`networks.heads`), in whole millionths: 100 times .07 is more than 7 in floats.
    count = max(1, -(-window.size * round(share * 1_000_000) // 1_000_000))
    flat = window.ravel()
    return float(flat.mean() if count >= flat.size else np.partition(flat, flat.size - count)[-count:].mean())


def _starts(length: int, side: int) -> list[int]:
    return [*range(0, max(length - side, 0), max(1, side // 2)), max(length - side, 0)]


def windows_in(height: int, width: int, rule: VerdictRule) -> float:
    """How many windows, side by side, a photo of so many px has."""
    return max(1.0, height / rule.window_px) * max(1.0, width / rule.window_px)


def cracked(found: Calibrated, seen: tuple[float, float], manifest: Manifest, rate: float) -> Verdict:
    """The verdict on a photo that can be judged: by the chance where the bundle knows it, else by the threshold.

    seen: the score of its most suspicious window and the chance of that. Where not even that reaches the threshold of
    the mask there is no crack to show, whatever rate is allowed.
    """
    if manifest.verdict.kind != "conformal":
        return by_threshold(found)
    best, by_chance = seen
    return "crack" if by_chance <= rate and best >= manifest.mask_threshold else "sound"
