"""What pictures of no surface are painted with: colours, gradients, ellipses, balls, lines that wander, a camera."""

import numpy as np
from numpy.typing import NDArray

from crackscope.surfaces.noise import Noise
from crackscope.surfaces.records import Floats
from crackscope.surfaces.shading import blur

Where = NDArray[np.float64]
Colours = tuple[tuple[float, float, float], ...]


def any_colour(rng: np.random.Generator, low: float = 0, high: float = 255) -> Floats:
    """A colour [3, 1, 1] between two brightnesses."""
    return rng.uniform(low, high, 3).astype(np.float32)[:, None, None]


def one_of(rng: np.random.Generator, colours: Colours, spread: float = 25) -> Floats:
    """A colour [3, 1, 1] near one of these (by `spread` of 255), brighter or darker by up to a quarter."""
    chosen = np.array(colours[int(rng.integers(len(colours)))]) * rng.uniform(0.75, 1.25)
    return np.clip(chosen + rng.normal(0, spread, 3), 0, 255).astype(np.float32)[:, None, None]


def grid(height: int, width: int) -> tuple[Floats, Floats]:
    """Rows [h, 1] and columns [1, w] in px."""
    return (
        np.arange(height, dtype=np.float32)[:, None],
        np.arange(width, dtype=np.float32)[None, :],
    )


def gradient(height: int, width: int, rng: np.random.Generator, low: float, high: float) -> Floats:
    """One colour that passes into another, [3, h, w]."""
    y, x = grid(height, width)
    angle = rng.uniform(0, 2 * np.pi)
    t = (y / height - 0.5) * np.float32(np.sin(angle)) + (x / width - 0.5) * np.float32(np.cos(angle)) + 0.5
    planes: Floats = (any_colour(rng, low, high) * (1 - t) + any_colour(rng, low, high) * t).astype(np.float32)
    return planes


def soft_mix(noise: Noise, colours: Colours, cell_px: float) -> Floats:
    """Two of these colours that run into each other softly, [3, h, w]: what lies out of focus."""
    share = 1 / (1 + np.exp(-1.5 * noise.soft(cell_px)))
    mixed: Floats = one_of(noise.rng, colours) * (1 - share) + one_of(noise.rng, colours) * share
    return mixed


def ellipse(planes: Floats, where: tuple[Where, float, float], colour: Floats, rng: np.random.Generator) -> None:
    """Paint a shaded ellipse (centre y and x, half axes in px) in place."""
    centre, long, short = where
    top, left = (int(max(0, c - long - 2)) for c in centre)
    bottom, right = int(centre[0] + long + 3), int(centre[1] + long + 3)
    place = planes[:, top:bottom, left:right]
    if not place.size:
        return
    angle = rng.uniform(0, np.pi)
    y = np.arange(top, top + place.shape[1], dtype=np.float32)[:, None] - np.float32(centre[0])
    x = np.arange(left, left + place.shape[2], dtype=np.float32)[None] - np.float32(centre[1])
    u = (x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle))) / np.float32(long)
    v = (y * np.float32(np.cos(angle)) - x * np.float32(np.sin(angle))) / np.float32(short)
    inside = np.clip((1 - np.hypot(u, v)) * np.float32(short), 0, 1)
    shade = 1 + np.float32(rng.uniform(-0.4, 0.4)) * v - np.float32(0.25) * np.exp(-np.abs(v) * 8)
    place += inside * (np.clip(colour[:, None, None] * shade, 0, 255) - place)


def ball(planes: Floats, centre: Where, radius: float, colour: Floats, light: Where) -> None:
    """Paint a round thing with a shadow and a highlight in place. colour: [3, 1, 1]. light: [3]: x, y, towards us."""
    top, left = (int(max(0, c - radius * 1.5)) for c in centre)
    place = planes[:, top : int(centre[0] + radius * 1.5) + 1, left : int(centre[1] + radius * 1.5) + 1]
    if not place.size:
        return
    y = (np.arange(top, top + place.shape[1], dtype=np.float32)[:, None] - np.float32(centre[0])) / np.float32(radius)
    x = (np.arange(left, left + place.shape[2], dtype=np.float32)[None] - np.float32(centre[1])) / np.float32(radius)
    far = np.hypot(y + np.float32(light[1] / 3), x + np.float32(light[0] / 3))
    place *= 1 - np.float32(0.6) * np.clip(1.25 - far, 0, 0.4) / np.float32(0.4)
    z = np.sqrt(np.clip(1 - x * x - y * y, 0, 1))
    facing = np.clip(x * np.float32(light[0]) + y * np.float32(light[1]) + z * np.float32(light[2]), 0, 1)
    inside = np.clip((1 - np.hypot(x, y)) * np.float32(radius / 1.5), 0, 1)
    lit = colour * (np.float32(0.25) + np.float32(0.85) * facing) + np.float32(130) * facing**30
    place += inside * (np.clip(lit, 0, 255) - place)


def ridge(width: int, rng: np.random.Generator, rough: float) -> Floats:
    """A line [w] that wanders, of mean 0 and deviation 1; rough: from .5, jagged, to 2, in soft bends."""
    waves = np.arange(1, min(width // 2, 120))
    phase, strength = rng.uniform(0, 2 * np.pi, len(waves)), rng.normal(size=len(waves)) * waves ** -(0.5 + rough)
    x = np.linspace(0, rng.uniform(0.3, 1), width)[:, None]
    line = (np.cos(2 * np.pi * x * waves + phase) * strength).sum(1)
    even: Floats = ((line - line.mean()) / (line.std() + 1e-6)).astype(np.float32)
    return even


def taken(planes: Floats, rng: np.random.Generator) -> Floats:
    """As a camera takes it: more or less sharp, bright, contrasty and coloured, darker in the corners, in haze."""
    _, height, width = planes.shape
    planes = blur(planes, float(rng.choice([0, rng.uniform(0.3, 1.2), rng.uniform(1, 3)], p=[0.3, 0.5, 0.2])))
    grey = planes.mean(0)
    planes = grey + (planes - grey) * np.float32(rng.choice([rng.uniform(0, 0.5), rng.uniform(0.5, 1.2)]))
    y, x = grid(height, width)
    corner = ((y / height - 0.5) ** 2 + (x / width - 0.5) ** 2) * np.float32(rng.uniform(0, 0.8))
    exposed = np.clip(planes / 255, 0, 1) ** np.float32(rng.uniform(0.7, 1.5)) * (1 - corner)
    haze = np.float32(rng.uniform(0, 0.55) if rng.random() < 0.4 else 0)
    return np.asarray(255 * (exposed * (1 - haze) + haze * np.float32(rng.uniform(0.5, 0.9))), np.float32)
