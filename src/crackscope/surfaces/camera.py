"""Light on the scene and the camera that saw it."""

import numpy as np

from crackscope.surfaces.ground import Ground
from crackscope.surfaces.records import Floats, Pixels
from crackscope.surfaces.shading import blur, smoothstep


def light_scene(ground: Ground) -> None:
    """Uneven light, and sometimes the edge of a cast shadow."""
    rng = ground.rng
    y, x = ground.coordinates()
    angle, fall = rng.uniform(0, 2 * np.pi), abs(rng.normal(0, 0.04))
    across = (x / ground.width - np.float32(0.5)) * np.float32(np.cos(angle))
    across = across + (y / ground.height - np.float32(0.5)) * np.float32(np.sin(angle))
    ground.planes *= 1 + np.float32(fall) * across
    if rng.random() < 0.12:
        cast_shadow(ground)


def cast_shadow(ground: Ground) -> None:
    """A shadow with one nearly straight edge, softer the farther what casts it; shadows of a clear sky are bluish."""
    rng = ground.rng
    y, x = ground.coordinates()
    angle = rng.uniform(0, 2 * np.pi)
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    middle = rng.uniform(0.2, 0.8, 2) * (ground.width, ground.height)
    across = (x - np.float32(middle[0])) * c + (y - np.float32(middle[1])) * s
    along = (y - np.float32(middle[1])) * c - (x - np.float32(middle[0])) * s
    bend = np.float32(rng.normal(0, 0.0006)) * along * along + np.float32(rng.uniform(0, 3)) * ground.noise.soft(60)
    soft = float(np.exp(rng.uniform(np.log(2), np.log(30))))
    shade = smoothstep(across + bend, -soft, soft) * np.float32(rng.uniform(0.2, 0.5))
    band = rng.uniform(25, 120)
    if rng.random() < 0.4:
        shade = shade * (1 - smoothstep(across + bend - np.float32(band), -soft, soft))
    for plane, share in zip(ground.planes, (1.06, 1.0, 0.9), strict=True):
        plane *= 1 - shade * np.float32(share)


def expose(planes: Floats, rng: np.random.Generator) -> Pixels:
    """Vignetting, blur, colour cast, sensor noise and rounding; planes float32 [3, h, w] to uint8 [h, w, 3]."""
    _, height, width = planes.shape
    warm, green, level = rng.normal(0, 0.016), rng.normal(0, 0.004), rng.normal(1, 0.04)
    cast = (np.array([1 + warm, 1 + green, 1 - warm]) * level).astype(np.float32)
    y = ((np.arange(height, dtype=np.float32) - height / 2) / (height / 2))[:, None]
    x = ((np.arange(width, dtype=np.float32) - width / 2) / (width / 2))[None]
    vignette = 1 - np.float32(abs(rng.normal(0, 0.03))) * (x * x + y * y)
    seen = blur(planes * cast[:, None, None] * vignette, float(rng.uniform(0.45, 0.85)))
    # A phone smooths its noise: part of it is spread over neighbours, and most is in the brightness.
    grain = rng.standard_normal((height, width), dtype=np.float32)
    grain[1:] += np.float32(0.45) * grain[:-1]
    grain[:, 1:] += np.float32(0.45) * grain[:, :-1]
    grain *= np.float32(np.exp(rng.uniform(np.log(0.4), np.log(1.7))))
    seen += grain
    seen[0] += np.float32(0.35) * grain[::-1]
    seen[2] += np.float32(0.45) * grain[:, ::-1]
    return to_pixels(seen)


def to_pixels(planes: Floats) -> Pixels:
    """Round and clip planes [3, h, w] to uint8 [h, w, 3], C-contiguous."""
    whole = np.clip(planes + np.float32(0.5), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(whole.transpose(1, 2, 0))


def to_planes(pixels: Pixels) -> Floats:
    """uint8 [h, w, 3] to float32 planes [3, h, w]."""
    return np.ascontiguousarray(pixels.transpose(2, 0, 1), dtype=np.float32)
