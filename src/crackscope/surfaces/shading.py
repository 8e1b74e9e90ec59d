"""Small pieces of light and shade that every surface uses."""

import numpy as np

from crackscope.surfaces.records import Floats


def smoothstep(x: Floats, low: float, high: float) -> Floats:
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((x - np.float32(low)) * np.float32(1 / (high - low)), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def lit_relief(height: Floats, light: tuple[float, float]) -> Floats:
    """Brightness of a relief [h, w] (heights in px) under light from direction (x, y): positive where it faces it."""
    out = np.zeros_like(height)
    out[:, 1:-1] = (height[:, :-2] - height[:, 2:]) * np.float32(light[0] / 2)
    out[1:-1] += (height[:-2] - height[2:]) * np.float32(light[1] / 2)
    return out


def blur(planes: Floats, sigma: float) -> Floats:
    """Gaussian blur over the last two axes; edges are repeated."""
    if sigma < 0.2:
        return planes
    radius = max(1, min(int(np.ceil(2.5 * sigma)), min(planes.shape[-2:]) - 1))
    weights = np.exp(-0.5 * (np.arange(radius + 1) / sigma) ** 2)
    weights = (weights / (weights[0] + 2 * weights[1:].sum())).astype(np.float32)
    for axis in (-2, -1):
        planes = _blur_axis(planes, weights, axis)
    return planes


def _blur_axis(planes: Floats, weights: Floats, axis: int) -> Floats:
    radius, n = len(weights) - 1, planes.shape[axis]
    edges = [(0, 0)] * planes.ndim
    edges[axis] = (radius, radius)
    wide = np.pad(planes, edges, mode="edge")
    cut = [slice(None)] * planes.ndim

    def at(offset: int) -> Floats:
        cut[axis] = slice(radius + offset, radius + offset + n)
        return wide[tuple(cut)]

    out = at(0) * weights[0]
    for k in range(1, radius + 1):
        out += (at(k) + at(-k)) * weights[k]
    return np.asarray(out, np.float32)


def tinted(brightness: Floats, colour: Floats) -> Floats:
    """Planes [3, h, w] of one colour [3] under a brightness field [h, w]."""
    return np.asarray(brightness[None] * colour[:, None, None], np.float32)


def blend(planes: Floats, colour: Floats, share: Floats) -> None:
    """Lay `colour` ([3] or [3, h, w]) over planes in place, as opaque as `share` [h, w] (0 to 1) says."""
    over = colour[:, None, None] if colour.ndim == 1 else colour
    planes += (over - planes) * share
