"""Generated things of every day: fruit, fur, rooms, faint print, drawings."""

import numpy as np

from crackscope.surfaces.canvas import Colours, any_colour, ball, gradient, grid, one_of, soft_mix
from crackscope.surfaces.noise import Noise
from crackscope.surfaces.records import Floats
from crackscope.surfaces.shading import blur, smoothstep

TIMBER: Colours = ((185, 135, 85), (120, 80, 50), (215, 180, 135), (150, 145, 135), (90, 60, 45), (205, 200, 175))
FRUIT: Colours = ((200, 50, 40), (235, 140, 30), (230, 210, 70), (120, 170, 50), (110, 40, 90), (190, 90, 60))
HAIR: Colours = ((150, 110, 70), (60, 50, 45), (210, 190, 160), (120, 115, 110), (180, 100, 50), (235, 230, 225))
PLAIN: Colours = ((200, 195, 185), (150, 160, 165), (110, 90, 75), (90, 95, 100), (180, 165, 140), (60, 60, 65))


def fruit(height: int, width: int, rng: np.random.Generator) -> Floats:
    """A few round things on a table or before a wall, mottled, shaded, with highlights."""
    noise = Noise(height, width, rng)
    planes = soft_mix(noise, PLAIN + TIMBER, width / 2) + noise.field(noise.power(1), rng.uniform(1, 12))
    light = np.array([rng.uniform(-0.7, 0.7), -rng.uniform(0.2, 0.7), rng.uniform(0.6, 1)])
    large = rng.uniform(0.08, 0.6) * min(height, width)
    for _ in range(int(rng.integers(1, 4 + int(3 * min(height, width) / large)))):
        centre = rng.uniform(0, 1, 2) * (height, width)
        ball(planes, centre, large * rng.uniform(0.7, 1.2), one_of(rng, FRUIT), light / np.linalg.norm(light))
    mottled = noise.layers((0.04, noise.band(rng.uniform(2, 8))), (0.05, noise.power(1)))
    return planes * (1 + rng.uniform(0.2, 1.2) * mottled)


def fur(height: int, width: int, rng: np.random.Generator) -> Floats:
    """Hairs that lie this way and that, in two colours."""
    noise = Noise(height, width, rng)
    angle, long, hairs = rng.uniform(0, np.pi), rng.uniform(3, 9), np.zeros((height, width), np.float32)
    turn, total = noise.soft(width / rng.uniform(1, 4)), np.full((height, width), 1e-3, np.float32)
    for side in np.linspace(-1.5, 1.5, 5):
        near = np.exp(-4 * (turn - side) ** 2)
        hairs += near * noise.field(noise.streaks(rng.uniform(2, 5), angle + 0.5 * side, long))
        total += near
    spots = smoothstep(noise.soft(width / rng.uniform(1.5, 12), rng.uniform(0.5, 2)), -0.2, 0.5)[None]
    planes = one_of(rng, HAIR) * (1 - spots) + one_of(rng, HAIR) * spots
    lit = 1 + rng.uniform(0.1, 0.35) * hairs / total + 0.2 * noise.soft(width / 3)
    return np.asarray(planes * np.clip(lit, 0.05, 2), np.float32)


def room(height: int, width: int, rng: np.random.Generator) -> Floats:
    """Boxes with a lit and a dark side before walls and floor, a table with things on it."""
    noise, (y, x) = Noise(height, width, rng), grid(height, width)
    floor = y > height * rng.uniform(0.3, 1.2) + (x - width / 2) * rng.normal(0, 0.2)
    planes = np.where(floor, gradient(height, width, rng, 50, 200), one_of(rng, PLAIN) + 12 * noise.soft(width))
    planes = planes.astype(np.float32)
    for _ in range(int(rng.integers(2, 12))):
        top, left = int(rng.uniform(-0.1, 0.9) * height), int(rng.uniform(-0.1, 0.9) * width)
        tall, wide = int(rng.uniform(0.05, 0.5) * height), int(rng.uniform(0.05, 0.4) * width)
        lean = (x - left) * rng.normal(0, 0.15)
        front = (y > top + lean) & (y < top + tall + lean) & (x > left) & (x < left + wide)
        beside = (y > top + lean) & (y < top + tall + lean) & (x >= left + wide) & (x < left + 1.4 * wide)
        shadow = blur((front | beside).astype(np.float32), float(rng.uniform(3, 12)))
        colour = one_of(rng, PLAIN + TIMBER + FRUIT)
        planes *= 1 - 0.4 * shadow
        planes += front * (colour * (1 - 0.3 * (y - top) / height) - planes)
        planes += beside * (0.6 * colour - planes)
    light = np.array([0.3, -0.5, 0.8])
    for _ in range(int(rng.integers(0, 5))):
        ball(planes, rng.uniform(0, 1, 2) * (height, width), rng.uniform(0.02, 0.12) * width, one_of(rng, PLAIN), light)
    return planes


def page(height: int, width: int, rng: np.random.Generator) -> Floats:
    """Faint or dim lines of words on paper that bends: runs of upright strokes of one height."""
    noise, (y, x) = Noise(height, width, rng), grid(height, width)
    line, slant = rng.uniform(8, 45), rng.normal(0, 0.1)
    v = (y + slant * x + 4 * noise.soft(width / 2)) / line
    u = x - slant * y
    letters = noise.field(noise.band(line / rng.uniform(3, 5), 0.5)) + 0.6 * np.sin(2 * np.pi * u / (line * 0.35))
    word = noise.field(noise.streaks(line * 1.6, 0, 1.5)) > -0.8
    tall = np.abs(np.mod(v, 1) - 0.5) < rng.uniform(0.15, 0.3)
    ink = smoothstep(np.asarray(letters, np.float32), 0.2, 0.6) * word * tall
    paper = rng.uniform(90, 240) * (1 + 0.12 * noise.soft(width / 2))
    dark = paper * (1 - ink * rng.uniform(0.15, 0.9))
    return np.asarray(
        blur(dark[None].astype(np.float32), float(rng.uniform(0.4, 2.5))) * any_colour(rng, 225, 255) / 255
    )


def drawn(height: int, width: int, rng: np.random.Generator) -> Floats:
    """Areas with hard outlines and soft colours in them, as on wallpapers: facets, bands or waves."""
    noise, (y, x) = Noise(height, width, rng), grid(height, width)
    planes = gradient(height, width, rng, 30, 250)
    for _ in range(int(rng.integers(3, 22))):
        angle, at = rng.uniform(0, 2 * np.pi), rng.uniform(-0.5, 0.5) * min(height, width)
        away = (x - width / 2) * np.cos(angle) + (y - height / 2) * np.sin(angle) - at
        if rng.random() < 0.4:
            away = away + rng.uniform(5, 30) * noise.soft(width / rng.uniform(1, 4))
        inside = np.clip(away, 0, 1) * (rng.uniform(0.1, 0.9) + rng.normal(0, 0.3) * y / height)
        planes = planes + np.clip(inside, 0, 1) * (any_colour(rng, 20, 250) - planes)
        planes = planes * (1 - 0.25 * np.exp(-np.abs(away) / rng.uniform(1, 12)) * (away < 0))
    return np.asarray(planes, np.float32)
