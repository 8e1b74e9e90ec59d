"""The width of a crack from its grey profile: a box seen through a blur, fitted at sub-pixel precision.

A crack of width w and depth D below a background that may slope, seen through a Gaussian blur s, has the profile
b0 + b1 x - D (F((x - c + w / 2) / s) - F((x - c - w / 2) / s)), F the normal distribution function: the model of a bar
of C. Steger, An unbiased detector of curvilinear structures, IEEE PAMI 20 (1998), with the area under the bar in the
place of its edges where it is thinner than the blur. There only w D can be seen, and what is known of D decides.
"""

from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.evidence import Floats
from crackscope.inspection.profiles import medians

Doubles = NDArray[np.float64]

_CORRELATED_PX = 1.5
"""Grey values nearer to each other than this say in part the same, and count in part."""
_LEAST_PX = 0.15
"""The smallest width that is fitted."""
_NORMAL = 1 / np.sqrt(2 * np.pi)
_BLUR_ALLOWED = 0.6
"""Deviation of the logarithm of a profile's blur from that of the photo's."""
_AT_ONCE = 384
"""Profiles that are fitted together."""
_ALL_BELOW = 6.0
"""Deviations from which on the normal distribution function is 1 in single precision."""
_EYE = np.eye(6)


class DepthPrior(NamedTuple):
    """What is known of the depth of a crack before looking: mean and deviation, as shares of the background."""

    mean: float
    deviation: float


class Look(NamedTuple):
    """What is known of each profile before looking, float64 [k] each.

    mean, deviation: of the depth, as in `DepthPrior`. sign: 1 for a dark crack, -1 for a pale one.
    """

    mean: Doubles
    deviation: Doubles
    sign: Doubles


DARK = DepthPrior(0.62, 0.12)
"""An open crack swallows about 60 % of the light; wide cracks on concrete and asphalt show .45 to .8."""

PALE = DepthPrior(0.14, 0.06)
"""Lime in a crack is about a seventh brighter than concrete."""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Fitted profiles, float64 [k] each, px and grey levels.

    width, centre (off the line, to the left of its way), depth (as a share of the background); stat, shared: standard
    deviations of the width from the grain of each profile, and from what is not known of the depth, which all profiles
    of a crack share. depth_seen: standard deviation of the depth from the profile alone.
    """

    width: Doubles
    centre: Doubles
    depth: Doubles
    stat: Doubles
    shared: Doubles
    depth_seen: Doubles

    def only(self, places: NDArray[np.bool_] | slice) -> "Fit":
        """Some of them."""
        return Fit(*(getattr(self, field.name)[places] for field in fields(self)))


class Profiles(NamedTuple):
    """Profiles float32 [k, m], sampled evenly from -reach to reach px [k]; none is wider than `most` px [k]."""

    values: Floats
    reach: Doubles
    most: Doubles


def fit_profiles(profiles: Profiles, blur_px: float, look: Look, steps: int = 10) -> Fit:
    """Fit each profile.

    blur_px: of the photo, the pixel's own extent included.
    Levenberg and Marquardt's method over some hundred profiles at once; large residuals count less (Huber).
    """
    values, reach, most = profiles
    begins = range(0, len(values), _AT_ONCE)
    fits = []
    for some in (slice(begin, begin + _AT_ONCE) for begin in begins):
        part = Profiles(values[some], reach[some], most[some])
        fits.append(_fit(part, blur_px, Look(look.mean[some], look.deviation[some], look.sign[some]), steps))
    return Fit(*(np.concatenate([getattr(fit, field.name) for fit in fits]) for field in fields(Fit)))


def _fit(profiles: Profiles, blur_px: float, look: Look, steps: int) -> Fit:
    seen, reach, _ = profiles
    # Single precision for what is as large as the profiles: half the time, and far below the grain.
    place = (reach[:, None] * np.linspace(-1, 1, seen.shape[1])).astype(np.float32)
    theta = _start(seen, place, blur_px, look)
    known = _Known(look.sign * look.mean * theta[:, 0], look.deviation * theta[:, 0], np.log(blur_px))
    damping = np.full(len(seen), 1e-2)
    step_px = 2 * reach / (seen.shape[1] - 1)
    share = np.minimum(1.0, step_px / _CORRELATED_PX).astype(np.float32)[:, None]
    off, slopes, spare = np.empty_like(seen), _slopes(place), _slopes(place)
    np.subtract(seen, _model(theta, place, slopes), out=off)
    weight = _weights(off, share)
    best = _cost(off, weight, theta, known)
    for _ in range(steps):
        curve, push = _equations(off, slopes, weight)
        known.add(theta, curve, push)
        trial = _moved(theta, (curve, push), damping, profiles)
        trial_off = seen - _model(trial, place, spare)
        better = _cost(trial_off, weight, trial, known) <= best
        damping *= np.where(better, 0.3, 6)
        (theta, off, slopes), spare = _better_of((theta, off, slopes), (trial, trial_off, spare), better)
        weight = _weights(off, share)
        best = _cost(off, weight, theta, known)
    return _told(theta, _curve(slopes * weight[:, :, None], slopes), known)


def _moved(theta: Doubles, equations: tuple[Doubles, Doubles], damping: Doubles, profiles: Profiles) -> Doubles:
    """The parameters [k, 6] one damped step on, within what a step and a profile allow."""
    _, reach, most = profiles
    curve, push = equations
    ridge = curve + damping[:, None, None] * (np.einsum("kii->ki", curve) + 1e-9)[:, :, None] * _EYE
    move = np.linalg.solve(ridge, push[:, :, None])[:, :, 0]
    limits = _limits(theta, reach)
    trial = theta + np.clip(move, -limits, limits)
    trial[:, 3] = np.clip(trial[:, 3], -reach * 0.6, reach * 0.6)
    trial[:, 4] = np.clip(trial[:, 4], np.log(_LEAST_PX), np.log(most))
    return np.asarray(trial)


_Standing = tuple[Doubles, Floats, Floats]
"""Where fits stand: parameters [k, 6], residuals [k, m], slopes [k, m, 6]."""


def _better_of(now: _Standing, tried: _Standing, better: NDArray[np.bool_]) -> tuple[_Standing, Floats]:
    """The better of each fit, written over what stood there unless all are new, and slopes that are free again."""
    if better.all():
        return tried, now[2]
    theta, off, slopes = now
    theta[better], off[better], slopes[better] = (values[better] for values in tried)
    return now, tried[2]


def _start(seen: Floats, place: Floats, blur_px: float, look: Look) -> Doubles:
    count = seen.shape[1]
    rim = max(2, count // 5)
    level = np.maximum(medians(np.concatenate([seen[:, :rim], seen[:, -rim:]], 1)), 1.0)
    sign, mean = look.sign.astype(np.float32), look.mean.astype(np.float32)
    dark = np.maximum(sign[:, None] * (level[:, None] - seen), 0) * (np.abs(place) < 0.8 * place[:, -1:])
    step = place[:, 1] - place[:, 0]
    area = dark.sum(1) * step
    peak = np.maximum(np.sort(dark, 1)[:, -max(2, count // 12)], 1e-3)
    apparent = (dark > peak[:, None] / 2).sum(1) * step
    resolved = np.clip((apparent / blur_px - 2.4) / 2, 0, 1)
    depth = resolved * peak + (1 - resolved) * np.maximum(mean * level, peak)
    width = np.clip(area / depth, 0.3, 1.5 * place[:, -1])
    middle = (dark * dark * place).sum(1) / np.maximum((dark * dark).sum(1), 1e-6)
    soft = np.full(len(seen), np.log(blur_px))
    return np.stack([level, np.zeros(len(seen)), look.sign * depth, middle, np.log(width), soft], 1)


class _Known(NamedTuple):
    """What is known before looking: of the depth, in grey levels, and of the logarithm of the blur."""

    depth: Doubles
    allowed: Doubles
    soft: float

    def add(self, theta: Doubles, curve: Doubles, push: Doubles) -> None:
        curve[:, 2, 2] += 1 / self.allowed**2
        push[:, 2] += (self.depth - theta[:, 2]) / self.allowed**2
        curve[:, 5, 5] += 1 / _BLUR_ALLOWED**2
        push[:, 5] += (self.soft - theta[:, 5]) / _BLUR_ALLOWED**2

    def cost(self, theta: Doubles) -> Doubles:
        return np.asarray(
            ((theta[:, 2] - self.depth) / self.allowed) ** 2 + ((theta[:, 5] - self.soft) / _BLUR_ALLOWED) ** 2
        )


def _slopes(place: Floats) -> Floats:
    """Slopes [k, m, 6] by background, its tilt, depth, centre, log width, log blur; the first two are the same for any
    values of these, the others are still to be filled in."""
    slopes = np.empty((*place.shape, 6), np.float32)
    slopes[..., 0] = 1
    slopes[..., 1] = place
    return slopes


def _model(theta: Doubles, place: Floats, slopes: Floats) -> Floats:
    """The profiles [k, m]; their slopes are filled in."""
    shape = theta.astype(np.float32)
    level, tilt, depth, centre = (shape[:, i, None] for i in range(4))
    width, blur = np.exp(shape[:, 4, None]), np.exp(shape[:, 5, None])
    left = (place - centre + width / 2) / blur
    right = left - width / blur
    bar = _share_below(left)
    bar -= _share_below(right)
    rise, fall = (_bell(z) for z in (left, right))
    tall = depth * np.float32(_NORMAL)
    np.negative(bar, out=slopes[..., 2])
    np.multiply(tall / blur, rise - fall, out=slopes[..., 3])
    np.multiply(-tall * width / (2 * blur), rise + fall, out=slopes[..., 4])
    rise *= left
    fall *= right
    rise -= fall
    np.multiply(tall, rise, out=slopes[..., 5])
    bar *= depth
    values = tilt * place
    values += level
    values -= bar
    return np.asarray(values, np.float32)


def _share_below(z: NDArray[Any]) -> Floats:
    """The normal distribution function, which in single precision is 1 from some place on."""
    from scipy.special import ndtr

    out, some = np.ones_like(z), z < _ALL_BELOW
    out[some] = ndtr(z[some])
    return np.asarray(out, np.float32)


def _bell(z: NDArray[Any]) -> Floats:
    out = np.float32(-0.5) * z
    out *= z
    return np.asarray(np.exp(out, out=out), np.float32)


def _weights(off: Floats, share: Floats) -> Floats:
    """What the square of each residual [k, m] counts: Huber's weights, over the variance of a profile's residuals, from
    their median size; share: [k, 1], of each that is not told by its neighbours already."""
    size = np.abs(off)
    middle = size.shape[1] // 2
    spread = np.maximum(np.float32(1.4826) * np.partition(size, middle, axis=1)[:, middle], np.float32(0.4))[:, None]
    np.maximum(size, np.float32(1e-6), out=size)
    np.divide(np.float32(1.5) * spread, size, out=size)
    np.minimum(size, 1, out=size)
    size *= share
    size /= spread**2
    return size


def _cost(off: Floats, weight: Floats, theta: Doubles, known: _Known) -> Doubles:
    return np.asarray((weight * off * off).sum(1) + known.cost(theta))


def _equations(off: Floats, slopes: Floats, weight: Floats) -> tuple[Doubles, Doubles]:
    weighted = slopes * weight[:, :, None]
    curve = _curve(weighted, slopes)
    # Rows of profiles outermost: they are added in the same order, and many at a time.
    pushed = np.empty((off.shape[1], len(off), 6), np.float32)
    np.multiply(weighted.transpose(1, 0, 2), off.T[:, :, None], out=pushed)
    return curve, pushed.sum(0).astype(np.float64)


def _curve(weighted: Floats, slopes: Floats) -> Doubles:
    return np.asarray(weighted.transpose(0, 2, 1) @ slopes, np.float64)


def _limits(theta: Doubles, reach: Doubles) -> Doubles:
    """How far one step may go, by parameter."""
    one = np.ones(len(theta))
    return np.stack(
        [one * 30, 30 / reach, np.maximum(np.abs(theta[:, 2]) * 0.5, 5), reach * 0.2, one * 0.5, one * 0.3], 1
    )


def _told(theta: Doubles, curve: Doubles, known: _Known) -> Fit:
    """From the curvature at the end to widths and their deviations.

    With depth and blur held, what is left of the width's variance is grain; the rest comes from these two.
    """
    curve = curve + 1e-9 * _EYE * (1 + np.einsum("kii->ki", curve)[:, :, None])
    held = [0, 1, 3, 4]
    grain = np.maximum(np.linalg.inv(curve[:, held][:, :, held])[:, 3, 3], 0)
    curve[:, 5, 5] += 1 / _BLUR_ALLOWED**2
    alone = np.linalg.inv(curve)[:, 2, 2]
    curve[:, 2, 2] += 1 / known.allowed**2
    whole = np.linalg.inv(curve)[:, 4, 4]
    width = np.exp(theta[:, 4])
    level = np.maximum(theta[:, 0], 1)
    return Fit(
        width=width,
        centre=theta[:, 3],
        depth=np.abs(theta[:, 2]) / level,
        stat=width * np.sqrt(grain),
        shared=width * np.sqrt(np.maximum(whole - grain, 0)),
        depth_seen=np.sqrt(np.maximum(alone, 0)) / level,
    )
