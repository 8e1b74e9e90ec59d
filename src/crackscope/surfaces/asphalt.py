"""Asphalt and worn road slabs: stones in dark binder, polished by tyres, greyed by dust."""

import numpy as np

from .ground import Ground, bare_ground, pick
from .records import Floats
from .shading import blend, smoothstep, tinted

_COLOURS = ((168, 169, 168), (150, 150, 152), (128, 128, 130), (104, 104, 108), (172, 166, 156), (158, 152, 142))


def render_asphalt(height: int, width: int, rng: np.random.Generator) -> Ground:
    """A sound road surface."""
    ground = bare_ground(height, width, rng)
    ground.planes = tinted(_stones(ground), pick(rng, _COLOURS, 10))
    dust = ground.noise.soft(45) * np.float32(rng.uniform(0.004, 0.012))
    ground.planes[0] *= 1 + dust
    ground.planes[2] *= 1 - dust
    if rng.random() < 0.3:
        _single_stones(ground)
    if rng.random() < 0.12:
        _paint(ground)
    return ground


def _stones(ground: Ground) -> Floats:
    noise, rng = ground.noise, ground.rng
    size = float(np.exp(rng.uniform(np.log(3.2), np.log(8.0))))
    owner, rim = noise.cells(size)
    contrast = float(rng.uniform(0.04, 0.11))
    tones = rng.normal(0, contrast, int(owner.max()) + 1)
    tones = (tones + contrast * 1.8 * (rng.random(tones.size) < 0.06)).astype(np.float32)
    binder = 1 - smoothstep(rim, 0.0, float(rng.uniform(0.16, 0.4)) * size)
    worn = np.float32(rng.uniform(0.08, 0.3)) * (1 + np.float32(0.3) * noise.soft(50))
    relief = noise.mix((1.0, noise.band(size * 1.6, 0.7)), (0.7, noise.band(3.0, 0.5)))
    fine = noise.layers((0.018, noise.power(1.5, 300)), (0.045, noise.band(2.8, 0.6)))
    out = 1 + tones[owner] - worn * binder + noise.lit(relief, ground.light, float(rng.uniform(0.04, 0.09)))
    return np.asarray(out + fine, np.float32)


def _single_stones(ground: Ground) -> None:
    """A few big pale or brown stones that stand out."""
    noise, rng = ground.noise, ground.rng
    owner, rim = noise.cells(float(rng.uniform(9, 16)))
    chosen = rng.random(int(owner.max()) + 1)
    here = smoothstep(rim, 0.8, 2.0) * (chosen[owner] < rng.uniform(0.02, 0.12))
    change = rng.normal(0.04, 0.12, chosen.size).astype(np.float32)[owner] * here
    ground.planes *= 1 + change.astype(np.float32)


def _paint(ground: Ground) -> None:
    """The edge of a road marking, worn through where stones stand proud."""
    noise, rng = ground.noise, ground.rng
    y, x = ground.coordinates()
    angle = rng.uniform(0, np.pi)
    across = x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle))
    low = np.float32(rng.uniform(float(across.min()), float(across.max())))
    inside = smoothstep(across - low + noise.field(noise.band(6, 0.8)), 0, 2)
    worn = smoothstep(noise.field(noise.power(1.0, 80)), -0.9, 0.2)
    colour = pick(rng, ((214, 214, 208), (206, 176, 92)), 6)
    blend(ground.planes, colour, np.asarray(0.8 * inside * worn, np.float32))
