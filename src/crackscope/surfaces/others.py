"""Pictures that show no built surface: pages, skies, leaves, flowers, objects, people-like shapes, screens, blanks.

They stand for everything else that ends up in a folder of photos. They need not deceive anybody; they teach where
surfaces end.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from crackscope.surfaces.noise import Noise
from crackscope.surfaces.records import Floats, Pixels, stream
from crackscope.surfaces.shading import blur

_OTHERS = 9
Where = NDArray[np.float64]


def generate_other(seed: int, size: tuple[int, int] = (256, 256)) -> Pixels:
    """A picture uint8 [h, w, 3] of something that is no surface, from `seed` alone. size: (width, height), from 32 px.

    Raises ValueError for a negative seed or a smaller size.
    """
    if min(size) < 32:
        raise ValueError(f"size {size}: want at least 32 px on a side")
    rng = stream(seed, _OTHERS)
    width, height = size
    planes = _MAKERS[int(rng.integers(len(_MAKERS)))](height, width, rng)
    if rng.random() < 0.5:
        planes = planes + rng.normal(0, rng.uniform(0.5, 6), planes.shape).astype(np.float32)
    return np.ascontiguousarray(np.clip(planes + 0.5, 0, 255).astype(np.uint8).transpose(1, 2, 0))


def _colour(rng: np.random.Generator, low: float = 0, high: float = 255) -> Floats:
    return rng.uniform(low, high, 3).astype(np.float32)[:, None, None]


def _grid(height: int, width: int) -> tuple[Floats, Floats]:
    return (
        np.arange(height, dtype=np.float32)[:, None],
        np.arange(width, dtype=np.float32)[None, :],
    )


def _gradient(height: int, width: int, rng: np.random.Generator, low: float, high: float) -> Floats:
    y, x = _grid(height, width)
    angle = rng.uniform(0, 2 * np.pi)
    t = (y / height - 0.5) * np.float32(np.sin(angle)) + (x / width - 0.5) * np.float32(np.cos(angle)) + 0.5
    planes: Floats = (_colour(rng, low, high) * (1 - t) + _colour(rng, low, high) * t).astype(np.float32)
    return planes


def _blank(height: int, width: int, rng: np.random.Generator) -> Floats:
    """One colour: a lens cap, a white page, an empty screen."""
    flat = rng.choice([0.0, 255.0, float(rng.uniform(0, 255))])
    colour = _colour(rng) if rng.random() < 0.4 else np.full((3, 1, 1), flat, np.float32)
    return colour + np.zeros((3, height, width), np.float32)


def _static(height: int, width: int, rng: np.random.Generator) -> Floats:
    channels = int(rng.choice([1, 3]))
    grain = rng.uniform(0, 255, (channels, height, width)).astype(np.float32)
    return grain + np.zeros((3, height, width), np.float32)


def _sky(height: int, width: int, rng: np.random.Generator) -> Floats:
    y, _ = _grid(height, width)
    t = np.clip(y / height * rng.uniform(0.6, 1.4), 0, 1)
    top = np.array([rng.uniform(40, 130), rng.uniform(110, 180), rng.uniform(190, 250)], np.float32)[:, None, None]
    planes = top * (1 - t) + np.float32(rng.uniform(190, 245)) * t + np.zeros((3, height, width), np.float32)
    if rng.random() < 0.7:
        noise = Noise(height, width, rng)
        cloud = np.clip(noise.soft(width / rng.uniform(2, 5)) + 0.5 * noise.soft(width / 12) - 0.2, 0, 1)
        planes = planes + (245 - planes) * cloud
    return planes.astype(np.float32)


def _page(height: int, width: int, rng: np.random.Generator) -> Floats:
    """Lines of print: glyphs are random bits on a 5 by 7 raster."""
    paper, ink = (rng.uniform(200, 255), rng.uniform(0, 80)) if rng.random() < 0.8 else (20.0, 220.0)
    canvas = np.full((height, width), paper, np.float32)
    dot = int(rng.integers(1, 4))
    glyphs = (rng.random((40, 7, 5)) < 0.5).astype(np.float32).repeat(dot, 1).repeat(dot, 2)
    top = int(rng.integers(2, 12))
    while top + 7 * dot < height:
        left = int(rng.integers(2, 10))
        while left + 5 * dot < width * rng.uniform(0.8, 1.0):
            if rng.random() > 0.15:
                place = canvas[top : top + 7 * dot, left : left + 5 * dot]
                glyph = glyphs[int(rng.integers(len(glyphs)))][: place.shape[0], : place.shape[1]]
                place += np.float32(ink - paper) * glyph
            left += 6 * dot
        top += int(rng.integers(9, 13)) * dot
    soft = blur(canvas, float(rng.uniform(0.3, 0.9)))
    return (soft[None] * _colour(rng, 225, 255) / 255).astype(np.float32)


def _petals(height: int, width: int, rng: np.random.Generator) -> Floats:
    """Flowers over a soft green background."""
    planes = _foliage(height, width, rng) if rng.random() < 0.5 else _gradient(height, width, rng, 20, 140)
    y, x = _grid(height, width)
    for _ in range(int(rng.integers(1, 5))):
        centre, radius = rng.uniform(0, 1, 2) * (height, width), rng.uniform(0.12, 0.45) * min(height, width)
        dy, dx = y - np.float32(centre[0]), x - np.float32(centre[1])
        r, angle = np.hypot(dy, dx) / np.float32(radius), np.arctan2(dy, dx)
        wave = np.cos(angle * int(rng.integers(4, 15)) + np.float32(rng.uniform(0, 6)))
        petal = 1 / (1 + np.exp(np.clip((r - 0.75 - 0.25 * wave) * np.float32(25), -30, 30)))
        heart = 1 / (1 + np.exp(np.clip((r - 0.22) * np.float32(40), -30, 30)))
        shade = 0.75 + 0.25 * np.clip(r, 0, 1) * (0.8 + 0.2 * wave)
        planes = planes * (1 - petal) + _colour(rng, 90, 255) * shade * petal
        planes = planes * (1 - heart) + _colour(rng, 40, 220) * heart
    return planes


def _foliage(height: int, width: int, rng: np.random.Generator) -> Floats:
    """Many leaves one over another, lit along their middle."""
    planes = np.full((3, height, width), 30, np.float32)
    for _ in range(int(rng.integers(60, 140))):
        length, broad = rng.uniform(0.06, 0.28) * min(height, width), rng.uniform(0.25, 0.6)
        green = np.array([rng.uniform(20, 120), rng.uniform(70, 200), rng.uniform(10, 90)], np.float32)
        _ellipse(planes, (rng.uniform(0, 1, 2) * (height, width), length, length * broad), green, rng)
    return planes


def _objects(height: int, width: int, rng: np.random.Generator) -> Floats:
    """A few large smooth things before a plain background; some in the colours of skin and cloth."""
    planes = _gradient(height, width, rng, 20, 240) + np.zeros((3, height, width), np.float32)
    for _ in range(int(rng.integers(2, 9))):
        skin = np.array([rng.uniform(150, 240), rng.uniform(100, 190), rng.uniform(80, 160)], np.float32)
        colour = skin if rng.random() < 0.4 else rng.uniform(10, 245, 3).astype(np.float32)
        long = rng.uniform(0.1, 0.5) * min(height, width)
        _ellipse(planes, (rng.uniform(0, 1, 2) * (height, width), long, long * rng.uniform(0.4, 1)), colour, rng)
    return np.stack([blur(plane, float(rng.uniform(0.4, 3))) for plane in planes])


def _ellipse(planes: Floats, where: tuple[Where, float, float], colour: Floats, rng: np.random.Generator) -> None:
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


def _screen(height: int, width: int, rng: np.random.Generator) -> Floats:
    """Flat panels with hard edges."""
    planes = _colour(rng) + np.zeros((3, height, width), np.float32)
    for _ in range(int(rng.integers(3, 20))):
        top, left = int(rng.integers(height)), int(rng.integers(width))
        tall, wide = int(rng.integers(4, height // 2)), int(rng.integers(4, width // 2))
        planes[:, top : top + tall, left : left + wide] = _colour(rng)
    return planes


_MAKERS: tuple[Callable[[int, int, np.random.Generator], Floats], ...] = (
    _blank,
    _static,
    _sky,
    _page,
    _petals,
    _foliage,
    _objects,
    _screen,
)
