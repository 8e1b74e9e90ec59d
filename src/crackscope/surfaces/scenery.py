"""Generated scenery: dunes, towns from the air, woods, lights at night."""

import numpy as np

from crackscope.surfaces.canvas import Colours, any_colour, ellipse, grid, one_of, ridge, soft_mix
from crackscope.surfaces.noise import Noise
from crackscope.surfaces.records import Floats
from crackscope.surfaces.shading import blur, lit_relief, smoothstep

LAND: Colours = ((70, 100, 50), (110, 125, 60), (120, 100, 70), (150, 140, 90), (60, 80, 70), (100, 85, 60))
SAND: Colours = ((215, 180, 130), (190, 140, 95), (230, 215, 180), (200, 190, 170), (225, 160, 110))
GREEN: Colours = ((90, 150, 40), (60, 110, 40), (150, 160, 70), (190, 165, 90), (40, 80, 30))
TRUNKS: Colours = ((60, 50, 40), (90, 80, 70), (30, 28, 25))


def dunes(height: int, width: int, rng: np.random.Generator) -> Floats:
    """Sand in soft waves, lit from one side, with ripples here and there."""
    noise = Noise(height, width, rng)
    cell = width / rng.uniform(1, 5)
    warp = noise.soft(cell) * rng.uniform(0.5, 2) + sum(grid(height, width)) / cell * rng.uniform(-1, 1)
    crest = np.abs(np.mod(warp, 2) - 1) ** rng.uniform(0.6, 1.2)
    light = lit_relief(np.asarray(blur(crest[None].astype(np.float32), 1.5)[0] * cell / 2, np.float32), (0.7, 0.5))
    ripples = noise.streaks(rng.uniform(4, 14), rng.uniform(0, np.pi), rng.uniform(3, 10))
    fine = noise.field(ripples, rng.uniform(0.01, 0.08)) * smoothstep(noise.soft(cell), -0.5, 1.5)
    grain = noise.field(noise.power(0.6), rng.uniform(0.01, 0.05))
    return one_of(rng, SAND) * np.clip(1 + rng.uniform(0.2, 0.5) * np.tanh(light) + fine + grain, 0.1, 2)


def town(height: int, width: int, rng: np.random.Generator) -> Floats:
    """Houses, trees and streets from the air."""
    noise = Noise(height, width, rng)
    planes = soft_mix(noise, LAND, width / 5) + noise.field(noise.band(rng.uniform(3, 7), 1), rng.uniform(10, 30))
    y, x = grid(height, width)
    angle, block = rng.uniform(0, np.pi), rng.uniform(0.1, 0.3) * width
    bent = noise.soft(width / 2) * block * rng.uniform(0, 0.4)
    u, v = x * np.cos(angle) + y * np.sin(angle) + bent, y * np.cos(angle) - x * np.sin(angle) + bent
    road = np.minimum(np.abs(np.mod(u / block, 1) - 0.5) * block, np.abs(np.mod(v / block, 1) - 0.5) * block)
    planes += smoothstep(-road, -rng.uniform(2, 5), -1) * (one_of(rng, ((170, 168, 165),)) - planes)
    side = rng.uniform(4, 22)
    lot = (np.floor(u / side).astype(np.intp) * 71 + np.floor(v / side).astype(np.intp) * 113) % 997
    inside = (np.mod(u / side, 1) < rng.uniform(0.4, 0.8)) & (np.mod(v / side, 1) < rng.uniform(0.4, 0.8))
    built = rng.random(997) < rng.uniform(0.2, 0.7)
    roofs = rng.uniform(90, 245, (1, 997)) + rng.normal(0, 18, (3, 997))
    house = (built[lot] & inside & (road > 4) & (noise.soft(width / 4) > -0.4)).astype(np.float32)
    planes *= 1 - 0.5 * np.roll(house, (2, 2), (0, 1))
    return np.asarray(planes + house * (roofs[:, lot] * (1 + 0.1 * np.sign(np.mod(u / side, 1) - 0.25)) - planes))


def woods(height: int, width: int, rng: np.random.Generator) -> Floats:
    """Trunks and leaves, dark, with light between them."""
    noise, (_, x) = Noise(height, width, rng), grid(height, width)
    leaves = noise.layers((1, noise.power(1)), (1, noise.band(rng.uniform(2, 8), 0.9)))
    planes = one_of(rng, GREEN) * np.exp(rng.uniform(0.3, 0.8) * leaves - rng.uniform(0, 0.8))
    for _ in range(int(rng.integers(3, 40))):
        broad = rng.uniform(0.005, 0.05) * width
        middle = rng.uniform(0, width) + ridge(height, rng, 1.5)[:, None] * broad * rng.uniform(0, 1)
        u = (x - middle) / broad
        bark = noise.field(noise.streaks(rng.uniform(3, 8), np.pi / 2, 4), 0.25)
        lit = one_of(rng, TRUNKS, 6) * (1 + 0.6 * np.clip(u, -1, 1) + bark)
        planes += np.clip((1 - np.abs(u)) * broad, 0, 1) * (lit - planes)
    return np.asarray(planes, np.float32)


def night(height: int, width: int, rng: np.random.Generator) -> Floats:
    """Lights before the dark, sharp or out of focus."""
    noise = Noise(height, width, rng)
    planes = soft_mix(noise, ((15, 15, 30), (40, 25, 30), (10, 25, 35), (50, 45, 60)), width / 3)
    lamps = np.zeros_like(planes)
    large = rng.uniform(1, 14)
    for _ in range(int(rng.integers(15, 120))):
        centre, radius = rng.uniform(0, 1, 2) * (height, width), large * rng.uniform(0.5, 1.5)
        ellipse(lamps, (centre, radius, radius), any_colour(rng, 60, 255)[:, 0, 0], rng)
    return planes + lamps + 3 * blur(lamps, float(rng.uniform(4, 12)))
