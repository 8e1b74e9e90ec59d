"""Plaster and paint: rolled, rubbed, rough-cast, and flaking."""

import numpy as np

from crackscope.surfaces.ground import Ground, bare_ground, pick
from crackscope.surfaces.pits import fine_pores, grains
from crackscope.surfaces.shading import blend, lit_relief, smoothstep, tinted

_COLOURS = (
    (222, 219, 211),
    (228, 220, 198),
    (214, 200, 170),
    (205, 208, 204),
    (196, 182, 168),
    (190, 198, 188),
    (210, 186, 164),
)


def render_plaster(height: int, width: int, rng: np.random.Generator) -> Ground:
    """A sound plastered or painted wall."""
    ground = bare_ground(height, width, rng)
    noise = ground.noise
    finish = str(rng.choice(["smooth", "rolled", "rubbed", "rough-cast"], p=[0.3, 0.25, 0.2, 0.25]))
    clouds = noise.layers(
        (rng.uniform(0.006, 0.018), noise.power(1.8, 300)),
        (rng.uniform(0.003, 0.008), noise.band(4, 0.8)),
    )
    brightness = 1 + clouds + noise.lit(noise.band(rng.uniform(25, 60), 0.9), ground.light, 0.008)
    if finish == "rolled":
        brightness += noise.lit(noise.band(rng.uniform(5, 10), 0.45), ground.light, rng.uniform(0.015, 0.035))
    elif finish == "rubbed":
        streaks = noise.streaks(rng.uniform(4, 8), rng.uniform(0, np.pi), rng.uniform(2, 6))
        brightness += noise.lit(streaks, ground.light, rng.uniform(0.02, 0.04))
    elif finish == "rough-cast":
        relief = noise.mix((1.0, noise.band(rng.uniform(6, 11), 0.45)), (0.5, noise.band(3.5, 0.5)))
        brightness += noise.lit(relief, ground.light, rng.uniform(0.05, 0.10))
        brightness -= np.float32(0.06) * smoothstep(noise.field(noise.band(8, 0.5)), 1.0, 2.2)
    else:
        brightness += noise.lit(noise.band(4.5, 0.8), ground.light, rng.uniform(0.004, 0.012))
    ground.planes = tinted(brightness, pick(rng, _COLOURS, 10))
    if rng.random() < 0.35:
        fine_pores(ground, rng.uniform(4, 7), rng.uniform(2.6, 3.2), rng.uniform(0.1, 0.3))
    if rng.random() < 0.3:
        _flaking(ground)
    return ground


def render_painted(height: int, width: int, rng: np.random.Generator) -> Ground:
    """A sound render painted in a strong colour."""
    ground = render_plaster(height, width, rng)
    # Sixths of the colour circle: reds and ochres most often, blues and greens at times, violets seldom.
    hue, saturation, value = rng.normal(0.7, 1.3) % 6, 0.15 + 0.75 * rng.beta(1.5, 2.2), rng.uniform(60, 235)
    cast = np.clip(np.abs((hue + np.array([0.0, 4.0, 2.0])) % 6 - 3) - 1, 0, 1)
    colour = (value * (1 - saturation * (1 - cast))).astype(np.float32)
    brightness = ground.planes.mean(0)
    ground.planes = tinted(brightness / np.float32(brightness.mean()), colour)
    return ground


def _flaking(ground: Ground) -> None:
    """Paint has come off in places and shows the grey render below, with a lit or shaded step around."""
    noise, rng = ground.noise, ground.rng
    n = noise.soft(float(rng.uniform(35, 70))) + np.float32(0.30) * noise.field(noise.power(1.3, 50))
    bare = smoothstep(n, (low := float(rng.uniform(1.0, 1.6))), low + 0.06)
    below = tinted(
        1 + noise.layers((0.04, noise.power(1.2, 60)), (0.03, noise.band(4, 0.6))),
        pick(rng, ((172, 166, 156), (188, 176, 158)), 8),
    )
    blend(ground.planes, below, bare)
    ground.planes *= 1 - lit_relief(bare, ground.light) * np.float32(0.35)
    grains(ground, 4, 2.4, 0.04)
