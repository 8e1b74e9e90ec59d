"""What time adds to a surface: damp, dirt, runs, rust, lime."""

import numpy as np

from crackscope.surfaces.ground import Ground
from crackscope.surfaces.records import Floats
from crackscope.surfaces.shading import blend, smoothstep


def weather(ground: Ground, amount: float, upright: bool) -> None:
    """Add stains of several sorts, each with its own chance; amount 0 is none, 1 is a neglected wall.

    Only what stands upright has runs and bleeding rust.
    """
    rng = ground.rng
    if rng.random() < 0.45 * amount:
        damp(ground)
    if rng.random() < 0.25 * amount and upright:
        runs(ground)
    if rng.random() < 0.08 * amount and upright:
        rust(ground)
    if rng.random() < 0.25 * amount:
        efflorescence(ground)


def _blotch(ground: Ground, cell_px: float, low: float, soft: float) -> Floats:
    n = ground.noise.soft(cell_px) + np.float32(0.4) * ground.noise.field(ground.noise.power(1.3, 70))
    return smoothstep(n, low, low + soft)


def damp(ground: Ground) -> None:
    """A darker area with a frayed, slightly darker rim, as drying water leaves it."""
    rng = ground.rng
    n = ground.noise.soft(float(rng.uniform(40, 90))) + np.float32(0.22) * ground.noise.field(
        ground.noise.power(1.5, 70)
    )
    low = float(rng.uniform(0.5, 1.4))
    area, rim = (
        smoothstep(n, low, low + float(rng.uniform(0.4, 1.2))),
        np.exp(-(((n - np.float32(low + 0.2)) * 4) ** 2)),
    )
    strength = np.float32(rng.uniform(0.03, 0.15))
    ground.planes *= 1 - strength * area - strength * np.float32(0.25) * rim
    ground.planes[2] *= 1 - np.float32(0.25) * strength * area


def runs(ground: Ground) -> None:
    """Dirt that rain has drawn down the wall."""
    noise, rng = ground.noise, ground.rng
    lines = noise.soft(float(rng.uniform(6, 14)), stretch=14) + np.float32(0.5) * noise.soft(30, stretch=6)
    strength = np.float32(rng.uniform(0.04, 0.16))
    dark = smoothstep(lines, 0.3, 2.0) * strength
    ground.planes *= 1 - dark
    ground.planes[2] *= 1 - np.float32(0.15) * dark


def rust(ground: Ground) -> None:
    """Rust from a tie wire or a bar below: a brown core that bleeds downwards, fainter and wider."""
    noise, rng = ground.noise, ground.rng
    y, x = ground.coordinates()
    share = np.zeros((ground.height, ground.width), np.float32)
    frayed = x + np.float32(1.2) * noise.soft(11) + np.float32(0.5) * noise.soft(4)
    for _ in range(int(rng.integers(1, 3))):
        middle_x, middle_y = rng.uniform(0, ground.width), rng.uniform(0, ground.height * 0.8)
        size, tail = float(np.exp(rng.uniform(np.log(1.2), np.log(6)))), rng.uniform(8, 60)
        below = np.maximum(y - np.float32(middle_y), 0)
        sideways = (frayed - np.float32(middle_x)) / (np.float32(size) * (1 + below * np.float32(0.8 / tail)))
        above = np.minimum(y - np.float32(middle_y), 0) / np.float32(size)
        share += np.exp(-(sideways**2) - above**2 - below / np.float32(tail)) * np.float32(rng.uniform(0.5, 1))
    share *= np.clip(0.7 + 0.35 * noise.soft(7, stretch=2.5), 0.1, 1.3)
    colour = np.array([150, 108, 76], np.float32) + rng.normal(0, 8, 3).astype(np.float32)
    stained = ground.planes * (colour / np.float32(180))[:, None, None]
    blend(ground.planes, stained, np.clip(share * np.float32(rng.uniform(0.4, 0.9)), 0, 0.9))


def efflorescence(ground: Ground) -> None:
    """White salts, cloudy and thin."""
    rng = ground.rng
    share = _blotch(ground, float(rng.uniform(18, 45)), float(rng.uniform(0.7, 1.5)), 1.2)
    share = share * np.clip(0.6 + 0.35 * ground.noise.field(ground.noise.power(1.0, 30)), 0, 1)
    blend(ground.planes, np.array([226, 226, 222], np.float32), share * np.float32(rng.uniform(0.15, 0.5)))
