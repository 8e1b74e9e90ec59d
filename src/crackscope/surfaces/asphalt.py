"""Asphalt and worn road slabs: stones in dark binder, polished by tyres, greyed by dust."""

import numpy as np

from crackscope.surfaces.ground import Ground, bare_ground, pick
from crackscope.surfaces.records import Floats
from crackscope.surfaces.shading import blend, smoothstep, tinted

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
    if rng.random() < 0.08:
        _paint(ground)
    return ground


def _stones(ground: Ground) -> Floats:
    noise, rng = ground.noise, ground.rng
    size = float(np.exp(rng.uniform(np.log(2.4), np.log(6.5))))
    owner, rim = noise.cells(size)
    count = int(owner.max()) + 1
    contrast = float(rng.uniform(0.03, 0.09))
    tones = rng.normal(0, contrast, count) + 2.2 * contrast * (rng.random(count) < 0.05)
    tones -= 2.0 * contrast * (rng.random(count) < 0.08)
    # Most stones lie under binder and dust: only where traffic has worn it do they show their rims.
    bare = smoothstep(noise.field(noise.band(size * 3, 0.8)) + np.float32(0.6) * noise.soft(50), 0.0, 1.6)
    binder = (1 - smoothstep(rim, 0.0, 0.35 * size)) * bare * np.float32(rng.uniform(0.08, 0.3))
    relief = noise.mix(
        (1.0, noise.band(size * 1.8, 0.8)), (1.0, noise.band(3.0, 0.6)), (0.5, noise.band(size * 4, 0.7))
    )
    rough = float(rng.uniform(0.045, 0.10))
    shaded = noise.lit(relief, ground.light, rough)
    # Hollows between stones are darker than their tops are bright.
    shaded = np.where(shaded < 0, shaded * np.float32(1.3), shaded * np.float32(0.9))
    fine = noise.layers((0.022, noise.power(1.5, 300)), (0.5 * rough, noise.band(2.6, 0.6)))
    return np.asarray(1 + tones.astype(np.float32)[owner] * (0.4 + 0.6 * bare) - binder + shaded + fine, np.float32)


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
    colour = pick(rng, ((206, 206, 202), (206, 206, 202), (192, 168, 104)), 6)
    blend(ground.planes, colour, np.asarray(0.8 * inside * worn, np.float32))
