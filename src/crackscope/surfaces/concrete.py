"""Concrete as it is found: cast against boards or plates, trowelled, broomed, or washed by rain."""

import numpy as np

from crackscope.surfaces.ground import Ground, bare_ground, pick
from crackscope.surfaces.pits import bug_holes, fine_pores, grains
from crackscope.surfaces.records import Floats
from crackscope.surfaces.shading import smoothstep, tinted

_COLOURS = (
    (188, 184, 178),
    (200, 194, 184),
    (178, 178, 177),
    (163, 170, 174),
    (172, 168, 160),
    (150, 150, 148),
    (180, 177, 166),
)


def render_concrete(height: int, width: int, rng: np.random.Generator) -> Ground:
    """A sound concrete surface."""
    ground = bare_ground(height, width, rng)
    finish = rng.choice(["cast", "boards", "trowelled", "broomed", "worn"], p=[0.34, 0.12, 0.22, 0.12, 0.2])
    rough = float(rng.lognormal(0, 0.35)) * (1.7 if finish in ("broomed", "worn") else 1.0)
    colour = pick(rng, _COLOURS, 14)
    ground.planes = tinted(_brightness(ground, rough, str(finish)), colour)
    _hue(ground)
    if rng.random() < 0.75:
        fine_pores(ground, rng.uniform(4, 9), rng.uniform(2.0, 2.9), rng.uniform(0.15, 0.5))
    if rng.random() < 0.6 or finish == "worn":
        grains(ground, rng.uniform(3.5, 8), rng.uniform(1.7, 2.4), rng.uniform(0.05, 0.16))
    area = height * width / 256**2
    if rng.random() < 0.4:
        grains(ground, rng.uniform(5, 10), rng.uniform(2.5, 3.1), rng.uniform(0.15, 0.3))
    holes = 9.0 if finish in ("cast", "boards") else 1.5
    bug_holes(ground, int(min(rng.poisson(holes * area), 400)), (1.0, float(rng.uniform(2.5, 6.5))))
    return ground


def _brightness(ground: Ground, rough: float, finish: str) -> Floats:
    noise, rng = ground.noise, ground.rng
    mottle = noise.layers(
        (rng.uniform(0.010, 0.026), noise.power(rng.uniform(1.3, 1.8), 250)),
        (rng.uniform(0.010, 0.022) * rough, noise.band(rng.uniform(12, 24), 0.9)),
        (rng.uniform(0.010, 0.018) * rough, noise.band(rng.uniform(4, 7), 0.7)),
    )
    relief = noise.mix((1.0, noise.band(rng.uniform(8, 16), 0.8)), (0.8, noise.band(rng.uniform(3.5, 6), 0.6)))
    out = 1 + mottle + noise.lit(relief, ground.light, 0.017 * rough)
    out += _patches(ground, rng.uniform(0.015, 0.05))
    if finish in ("worn", "trowelled") or rng.random() < 0.4:
        out += _flakes(ground, rng.uniform(0.012, 0.032))
    if finish == "boards":
        out += _boards(ground)
    elif finish == "trowelled":
        out += _trowel(ground)
    elif finish == "broomed":
        angle = rng.uniform(0, np.pi)
        out += noise.lit(noise.streaks(rng.uniform(5, 9), angle, rng.uniform(4, 12)), ground.light, 0.035)
    return out


def _patches(ground: Ground, strength: float) -> Floats:
    """Laitance: paler and darker areas with rather clear, frayed borders."""
    noise = ground.noise
    n = noise.soft(float(ground.rng.uniform(22, 60))) + np.float32(0.45) * noise.field(noise.power(1.4, 60))
    return np.float32(strength) * (smoothstep(n, 0.2, 0.9) - smoothstep(-n, 0.5, 1.3))


def _flakes(ground: Ground, strength: float) -> Floats:
    """Small flat areas of paste of one tone each, with clear borders: what scaling and wear leave."""
    noise, rng = ground.noise, ground.rng
    size = float(rng.uniform(7, 16))
    large = np.tanh(np.float32(2.2) * noise.field(noise.band(size * 1.7, 0.8)) + np.float32(0.5))
    small = np.tanh(np.float32(2.5) * noise.field(noise.band(size * 0.7, 0.7)) - np.float32(1.2))
    return np.asarray(np.float32(strength) * (large + np.float32(0.8) * small), np.float32)


def _trowel(ground: Ground) -> Floats:
    """Wide arcs that a steel trowel left: faint streaks whose direction drifts."""
    noise, rng = ground.noise, ground.rng
    angle = rng.uniform(0, np.pi)
    first = noise.field(noise.streaks(rng.uniform(6, 14), angle, rng.uniform(8, 20)), 0.014)
    second = noise.field(noise.streaks(rng.uniform(6, 14), angle + rng.uniform(0.2, 0.7), rng.uniform(8, 20)), 0.014)
    where = smoothstep(noise.soft(70), -0.5, 0.5)
    return np.asarray(first * where + second * (1 - where), np.float32)


def _boards(ground: Ground) -> Floats:
    """Formwork boards: faint grain, each board of its own tone, with a fin of paste between two of them."""
    noise, rng = ground.noise, ground.rng
    y, x = ground.coordinates()
    upright = bool(rng.random() < 0.4)
    along = (x + 0.02 * y) if upright else (y + 0.02 * x)
    board = np.float32(rng.uniform(45, 120))
    place = along / board + np.float32(rng.random()) + np.float32(0.012) * noise.soft(30)
    number = np.floor(place).astype(np.intp)
    tones = rng.normal(0, 0.022, int(number.max()) + 2).astype(np.float32)
    grain = noise.field(noise.streaks(rng.uniform(5, 9), np.pi / 2 if upright else 0.0, 14), 0.018)
    edge = (place - number) * board
    fin = np.exp(-((edge - 2) ** 2) * np.float32(0.5)) * np.float32(0.07) - np.exp(
        -((edge - 4.5) ** 2) * np.float32(0.4)
    ) * np.float32(0.10)
    return np.asarray(tones[number] + grain + fin * (0.6 + 0.4 * noise.soft(25)), np.float32)


def _hue(ground: Ground) -> None:
    """Concrete is never of one hue: warm and cool areas a few per mille apart."""
    warm = ground.noise.soft(float(ground.rng.uniform(18, 60))) * np.float32(ground.rng.uniform(0.002, 0.009))
    ground.planes[0] *= 1 + warm
    ground.planes[2] *= 1 - warm
