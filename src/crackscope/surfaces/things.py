"""Generated things of every day: wood, fruit, cloth, fur, small things in crowds, rooms, print, writing, drawings."""

import numpy as np

from crackscope.surfaces.canvas import Colours, any_colour, ball, ellipse, gradient, grid, one_of, ridge, soft_mix
from crackscope.surfaces.noise import Noise
from crackscope.surfaces.records import Floats
from crackscope.surfaces.shading import blur, lit_relief, smoothstep

TIMBER: Colours = ((185, 135, 85), (120, 80, 50), (215, 180, 135), (150, 145, 135), (90, 60, 45), (205, 200, 175))
FRUIT: Colours = ((200, 50, 40), (235, 140, 30), (230, 210, 70), (120, 170, 50), (110, 40, 90), (190, 90, 60))
HAIR: Colours = ((150, 110, 70), (60, 50, 45), (210, 190, 160), (120, 115, 110), (180, 100, 50), (235, 230, 225))
PLAIN: Colours = ((200, 195, 185), (150, 160, 165), (110, 90, 75), (90, 95, 100), (180, 165, 140), (60, 60, 65))


def wood(height: int, width: int, rng: np.random.Generator) -> Floats:
    """Grain along the fibres, year rings bent around knots, boards side by side or one alone."""
    noise, (y, x) = Noise(height, width, rng), grid(height, width)
    boards = int(rng.choice([1, 1, rng.integers(2, 9)]))
    board = np.minimum((y * boards / height).astype(np.intp), boards - 1)
    bent = y + 9 * noise.soft(width / rng.uniform(1, 4)) * rng.uniform(0.2, 2)
    for _ in range(int(rng.integers(0, 4))):
        knot = rng.uniform(0, 1, 2) * (height, width)
        away = np.hypot((y - knot[0]) * 2, x - knot[1]) / (width * rng.uniform(0.05, 0.15))
        bent = bent + height * 0.12 * np.exp(-away) * np.sign(y - knot[0])
    rings = np.sin(2 * np.pi * bent / rng.uniform(5, 40) + rng.uniform(0, 9, boards)[board]) * rng.uniform(0.02, 0.15)
    fibres = noise.field(noise.streaks(rng.uniform(2, 5), 0, rng.uniform(6, 15)), rng.uniform(0.03, 0.12))
    tone = 1 + rng.normal(0, 0.12, boards)[board] + rings + fibres + noise.field(noise.power(1.2), 0.04)
    gap = np.minimum(np.mod(y * boards / height, 1), 1 - np.mod(y * boards / height, 1)) * height / boards
    tone = tone * (1 - (boards > 1) * 0.7 * np.exp(-gap / rng.uniform(0.7, 2.5)))
    planes = one_of(rng, TIMBER) * np.clip(tone, 0.05, 2)
    return np.ascontiguousarray(planes.transpose(0, 2, 1) if height == width and rng.random() < 0.5 else planes)


def fruit(height: int, width: int, rng: np.random.Generator) -> Floats:
    """A few round things on a table or before a wall, mottled, shaded, with highlights."""
    noise = Noise(height, width, rng)
    planes = soft_mix(noise, PLAIN + TIMBER, width / 2) + noise.field(noise.power(1), rng.uniform(1, 12))
    light = np.array([rng.uniform(-0.7, 0.7), -rng.uniform(0.2, 0.7), rng.uniform(0.6, 1)])
    large = rng.uniform(0.08, 0.6) * min(height, width)
    for _ in range(int(rng.integers(1, 4 + 3 * min(height, width) / large))):
        centre = rng.uniform(0, 1, 2) * (height, width)
        ball(planes, centre, large * rng.uniform(0.7, 1.2), one_of(rng, FRUIT), light / np.linalg.norm(light))
    mottled = noise.layers((0.04, noise.band(rng.uniform(2, 8))), (0.05, noise.power(1)))
    return planes * (1 + rng.uniform(0.2, 1.2) * mottled)


def crowd(height: int, width: int, rng: np.random.Generator) -> Floats:
    """Many small things of a few colours close together: berries, sweets, beads, people from afar."""
    planes = any_colour(rng, 10, 120) + np.zeros((3, height, width), np.float32)
    light, radius = np.array([0.4, -0.5, 0.77]), rng.uniform(0.02, 0.12) * min(height, width)
    palette = [one_of(rng, FRUIT + HAIR + PLAIN) for _ in range(int(rng.integers(1, 6)))]
    round_ones = rng.random() < 0.6
    for _ in range(min(500, int(1.2 * height * width / radius**2 / np.pi * rng.uniform(0.5, 1.5)))):
        centre, colour = rng.uniform(0, 1, 2) * (height, width), palette[int(rng.integers(len(palette)))]
        if round_ones:
            ball(planes, centre, radius * rng.uniform(0.8, 1.2), colour, light)
        else:
            ellipse(planes, (centre, radius, radius * rng.uniform(0.3, 0.9)), colour[:, 0, 0], rng)
    return planes


def cloth(height: int, width: int, rng: np.random.Generator) -> Floats:
    """Folds over a weave, plain, striped or checked."""
    noise, (y, x) = Noise(height, width, rng), grid(height, width)
    angle = rng.uniform(0, np.pi)
    folds = noise.field(noise.streaks(width / rng.uniform(2, 8), angle, rng.uniform(1.5, 5)))
    bend = 4 * folds
    u, v = x * np.cos(angle) + y * np.sin(angle) + bend, y * np.cos(angle) - x * np.sin(angle) + bend
    thread = 2 * np.pi / rng.uniform(2.5, 9)
    weave = np.sin(u * thread) * np.sin(v * thread) if rng.random() < 0.6 else np.sin((u + v) * thread)
    wide = rng.uniform(6, 60)
    stripes = np.sin(2 * np.pi * u / wide) > rng.uniform(-0.5, 0.8)
    checks = stripes ^ (np.sin(2 * np.pi * v / wide) > 0)
    pattern = (np.zeros_like(u), stripes, checks, (stripes + checks) / 2)[int(rng.integers(4))]
    first, second = any_colour(rng, 20, 245), any_colour(rng, 20, 245)
    lit = 1 + rng.uniform(0.08, 0.4) * np.tanh(folds) + rng.uniform(0.02, 0.15) * weave
    planes = (first + (second - first) * pattern) * np.clip(lit + noise.field(noise.power(0.8), 0.03), 0.05, 2)
    return np.asarray(planes, np.float32)


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


def print_(height: int, width: int, rng: np.random.Generator) -> Floats:
    """Faint or dim lines of words on paper that bends: runs of upright strokes of one height."""
    noise, (y, x) = Noise(height, width, rng), grid(height, width)
    line, slant = rng.uniform(8, 45), rng.normal(0, 0.1)
    v = (y + slant * x + 4 * noise.soft(width / 2)) / line
    u = x - slant * y
    letters = noise.field(noise.band(line / rng.uniform(3, 5), 0.5)) + 0.6 * np.sin(2 * np.pi * u / (line * 0.35))
    word = noise.field(noise.streaks(line * 1.6, 0, 1.5)) > -0.8
    tall = np.abs(np.mod(v, 1) - 0.5) < rng.uniform(0.15, 0.3)
    ink = smoothstep(letters, 0.2, 0.6) * word * tall
    paper = rng.uniform(90, 240) * (1 + 0.12 * noise.soft(width / 2))
    dark = paper * (1 - ink * rng.uniform(0.15, 0.9))
    return np.asarray(blur(dark[None].astype(np.float32), float(rng.uniform(0.4, 2.5))) * any_colour(rng, 225, 255) / 255)


def writing(height: int, width: int, rng: np.random.Generator) -> Floats:
    """Lines of a pen on paper, plain or ruled."""
    noise, (y, x) = Noise(height, width, rng), grid(height, width)
    line = rng.uniform(14, 60)
    ink = np.zeros((height, width), np.float32)
    for base in np.arange(rng.uniform(0, line), height, line):
        t = np.arange(0, width / line * 40)
        loop = 2 * np.pi * t / rng.uniform(9, 16)
        swing = 0.25 * line * (1 + 0.8 * np.repeat(rng.random(len(t) // 10 + 1), 10)[: len(t)])
        across = (t / 40 * line + 0.3 * line * np.cos(loop)).astype(np.intp)
        down = (base - swing * np.sin(loop + rng.normal(0, 0.3)) + 0.1 * line * rng.normal()).astype(np.intp)
        seen = (across >= 0) & (across < width) & (down >= 0) & (down < height)
        seen &= np.repeat(rng.random(len(t) // 40 + 1) > 0.15, 40)[: len(t)]
        ink[down[seen], across[seen]] = 1
    ruled = 0.3 * (np.mod(y + 0 * x, line) < 1.2) * (rng.random() < 0.5)
    ink = np.clip(np.maximum(blur(ink, float(rng.uniform(0.6, 1.6))) * 3, ruled), 0, 1)
    paper = (any_colour(rng, 170, 250) + 10 * noise.soft(width / 2)) * (1 + noise.field(noise.power(1), 0.02))
    return np.asarray(paper + ink * rng.uniform(0.2, 1) * (any_colour(rng, 0, 110) - paper), np.float32)


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


def painting(height: int, width: int, rng: np.random.Generator) -> Floats:
    """Dabs of a brush over each other, on canvas."""
    noise = Noise(height, width, rng)
    under = np.concatenate([soft_mix(noise, FRUIT + HAIR + PLAIN, width / rng.uniform(1, 4))])
    planes, dab = under.astype(np.float32), rng.uniform(0.02, 0.1) * width
    for _ in range(int(rng.integers(100, 500))):
        centre = rng.uniform(0, 0.999, 2) * (height, width)
        colour = under[:, int(centre[0]), int(centre[1])] + rng.normal(0, rng.uniform(5, 25), 3)
        ellipse(planes, (centre, dab, dab * rng.uniform(0.2, 0.7)), colour.astype(np.float32), rng)
    canvas = noise.layers((0.5, noise.power(1)), (0.5, noise.band(rng.uniform(2, 6))))
    return planes * (1 + rng.uniform(0.02, 0.12) * lit_relief(canvas, (1, 1)))


def ornament(height: int, width: int, rng: np.random.Generator) -> Floats:
    """One figure again and again: wallpaper, tablecloth, wrapping; some with a thing before it."""
    side = int(rng.integers(10, 70))
    noise = Noise(side, side, rng)
    figure = any_colour(rng, 120, 250) + np.zeros((3, side, side), np.float32)
    for _ in range(int(rng.integers(1, 6))):
        shape = noise.soft(side / rng.uniform(2, 5)) > 0.7
        figure += shape * rng.uniform(0.3, 1) * (any_colour(rng, 20, 240) - figure)
    tiled = np.tile(figure, (1, -(-height // side), -(-width // side)))[:, :height, :width]
    planes = blur(tiled.astype(np.float32), float(rng.uniform(0.4, 1.2)))
    for _ in range(int(rng.integers(0, 4))):
        long = rng.uniform(0.1, 0.5) * width
        place = rng.uniform(0, 1, 2) * (height, width), long, long * rng.uniform(0.1, 0.6)
        ellipse(planes, place, one_of(rng, FRUIT + HAIR)[:, 0, 0], rng)
    return planes * (1 + 0.15 * Noise(height, width, rng).soft(width / 2))
