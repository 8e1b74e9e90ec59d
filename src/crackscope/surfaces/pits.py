"""Pores, bug holes, specks and chips: everything small that is missing from a surface or sits in it."""

import numpy as np

from crackscope.surfaces.ground import Ground
from crackscope.surfaces.records import Floats
from crackscope.surfaces.shading import lit_relief, smoothstep


def fine_pores(ground: Ground, wavelength_px: float, threshold: float, depth: float) -> None:
    """Many small irregular holes, where a noise field exceeds `threshold` deviations; depth is the share darkened."""
    noise = ground.noise
    over = noise.field(noise.band(wavelength_px, 0.5)) + np.float32(0.35) * noise.soft(40)
    hole = smoothstep(over, threshold, threshold + 0.5)
    shaded = 1 - np.float32(depth) * hole - lit_relief(hole, ground.light) * np.float32(0.35 * depth)
    ground.planes *= shaded


def grains(ground: Ground, wavelength_px: float, threshold: float, strength: float) -> None:
    """Single sand or aggregate grains, paler or darker than the rest, some slightly coloured."""
    noise = ground.noise
    n = noise.field(noise.band(wavelength_px, 0.45))
    pale, dark = smoothstep(n, threshold, threshold + 0.35), smoothstep(-n, threshold, threshold + 0.35)
    change = np.float32(strength) * (pale - dark)
    warmth = np.float32(strength * 0.3) * smoothstep(n, threshold, threshold + 0.6)
    ground.planes *= 1 + change
    ground.planes[0] *= 1 + warmth
    ground.planes[2] *= 1 - warmth


def bug_holes(ground: Ground, count: int, radius_px: tuple[float, float]) -> None:
    """Single air voids: dark on the side of the light, their far wall and rim lit."""
    rng = ground.rng
    middles = rng.uniform(0, 1, (count, 2)) * (ground.width, ground.height)
    radii = radius_px[0] * (radius_px[1] / radius_px[0]) ** (rng.random(count) ** 2)
    ragged = ground.noise.field(ground.noise.band(5.0, 0.8)) if count else np.zeros((1, 1), np.float32)
    for middle, radius in zip(middles, radii, strict=True):
        _bug_hole(ground, (float(middle[0]), float(middle[1])), float(radius), ragged)


def _bug_hole(ground: Ground, middle: tuple[float, float], radius: float, ragged: Floats) -> None:
    rng, light = ground.rng, ground.light
    reach = int(radius * 2) + 3
    left, right = max(0, int(middle[0]) - reach), min(ground.width, int(middle[0]) + reach + 1)
    top, bottom = max(0, int(middle[1]) - reach), min(ground.height, int(middle[1]) + reach + 1)
    if left >= right or top >= bottom:
        return
    x = (np.arange(left, right, dtype=np.float32) - np.float32(middle[0]))[None]
    y = (np.arange(top, bottom, dtype=np.float32) - np.float32(middle[1]))[:, None]
    turn, flat = rng.uniform(0, np.pi), rng.uniform(0.6, 1.0)
    c, s = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    across, along = (x * c + y * s) * np.float32(1 / flat), y * c - x * s
    far = np.sqrt(across * across + along * along) * np.float32(1 / radius)
    far = far + np.float32(0.14) * ragged[top:bottom, left:right]
    inside = np.clip((1 - far) * np.float32(radius * 0.8) + 0.5, 0, 1)
    toward = np.clip((x * np.float32(light[0]) + y * np.float32(light[1])) * np.float32(1 / radius), -1, 1)
    deep = np.float32(rng.uniform(0.25, 0.75))
    rim = np.exp(-(((far - np.float32(1.1)) * np.float32(3.2)) ** 2)) * np.maximum(-toward, 0)
    shade = 1 - inside * deep * (np.float32(0.62) + np.float32(0.5) * toward) + rim * np.float32(0.13) * (1 - inside)
    ground.planes[:, top:bottom, left:right] *= shade
