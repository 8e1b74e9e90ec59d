"""Pipes and tunnels from within: a curved wall of concrete, clay or plastic under a lamp, with rings and water."""

import numpy as np

from crackscope.surfaces.ground import Ground, bare_ground, pick
from crackscope.surfaces.pits import fine_pores, grains
from crackscope.surfaces.records import Floats
from crackscope.surfaces.shading import blend, smoothstep, tinted

_CONCRETE = ((168, 162, 150), (150, 146, 136), (136, 128, 112), (176, 166, 144), (128, 128, 126))
_CLAY = ((164, 104, 74), (142, 92, 68), (172, 126, 92), (118, 84, 66))
_PLASTIC = ((170, 172, 172), (188, 120, 74), (140, 146, 150), (206, 204, 196))


def render_pipe(height: int, width: int, rng: np.random.Generator) -> Ground:
    """A sound piece of the wall of a pipe or tunnel, seen from within by the light of a lamp."""
    ground = bare_ground(height, width, rng)
    made_of = str(rng.choice(["concrete", "clay", "plastic"], p=[0.6, 0.25, 0.15]))
    colours = {"concrete": _CONCRETE, "clay": _CLAY, "plastic": _PLASTIC}[made_of]
    ground.planes = tinted(_wall(ground, 0.4 if made_of == "plastic" else 1.0), pick(rng, colours, 10))
    if made_of == "concrete" or rng.random() < 0.3:
        fine_pores(ground, rng.uniform(4, 8), rng.uniform(2.0, 2.8), rng.uniform(0.15, 0.45))
        grains(ground, rng.uniform(3.5, 7), rng.uniform(1.7, 2.4), rng.uniform(0.05, 0.14))
    angle = float(rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.25))
    along, across = _axes(ground, angle)
    if rng.random() < 0.6:
        _rings(ground, along, across)
    if rng.random() < 0.5:
        _crust(ground)
    if rng.random() < 0.45:
        _water_line(ground, across, angle)
    _lamp(ground, across)
    return ground


def _wall(ground: Ground, rough: float) -> Floats:
    noise, rng = ground.noise, ground.rng
    clouds = noise.layers(
        (rng.uniform(0.02, 0.06), noise.power(1.7, 300)),
        (rng.uniform(0.01, 0.03) * rough, noise.band(rng.uniform(10, 24), 0.9)),
        (rng.uniform(0.01, 0.03) * rough, noise.band(4, 0.7)),
    )
    relief = noise.mix((1.0, noise.band(rng.uniform(8, 18), 0.8)), (0.8, noise.band(rng.uniform(3.5, 6), 0.6)))
    return np.asarray(1 + clouds + noise.lit(relief, ground.light, rng.uniform(0.01, 0.05) * rough), np.float32)


def _axes(ground: Ground, angle: float) -> tuple[Floats, Floats]:
    """Places along the axis of the pipe and across it [h, w], in px from the middle of the picture.

    Rings seen at a slant bend, so what lies along the axis bends with what lies across.
    """
    y, x = ground.coordinates()
    y, x = y - np.float32(ground.height / 2), x - np.float32(ground.width / 2)
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    along, across = x * c + y * s, y * c - x * s
    bend = ground.rng.normal(0, 0.6) / max(ground.height, ground.width)
    return np.asarray(along + np.float32(bend) * across * across, np.float32), np.asarray(across, np.float32)


def _rings(ground: Ground, along: Floats, across: Floats) -> None:
    """Where one pipe enters the next: a dark gap, a lit edge on one side, dirt below it, a sealing ring at times."""
    noise, rng = ground.noise, ground.rng
    every = float(rng.uniform(0.5, 1.6)) * max(ground.height, ground.width)
    ragged = noise.layers((rng.uniform(0.1, 0.8), noise.power(1.4, 80)), (0.25, noise.band(5, 0.7)))
    place = (along + ragged + np.float32(rng.uniform(0, every))) % np.float32(every)
    wide = float(np.exp(rng.uniform(np.log(2.5), np.log(14))))
    inside = smoothstep(place, 0, 1.5) * (1 - smoothstep(place, wide, wide + 1.5))
    deep = np.float32(rng.uniform(0.15, 0.7)) * np.clip(1 + np.float32(0.3) * noise.soft(40), 0.2, 1.6)
    edge = np.exp(-(((place - np.float32(wide + 3)) / np.float32(2)) ** 2)) * np.float32(rng.uniform(0, 0.25))
    dirt = np.exp(-place / np.float32(rng.uniform(8, 50))) * np.clip(noise.soft(14), 0, 2) * np.float32(0.12)
    ground.planes *= (1 - np.clip(inside * deep, 0, 0.9)) * (1 + edge) * (1 - dirt)
    if rng.random() < 0.3:
        band = smoothstep(np.abs(place - np.float32(every / 2)), wide + 14, wide + 12)
        ground.planes *= 1 - np.float32(rng.uniform(0.05, 0.3)) * band


def _crust(ground: Ground) -> None:
    """What water left: lime and fat in pale or brown crusts with a shaded rim."""
    noise, rng = ground.noise, ground.rng
    n = noise.soft(float(rng.uniform(20, 60))) + np.float32(0.45) * noise.field(noise.power(1.3, 60))
    low = float(rng.uniform(0.5, 1.4))
    share = smoothstep(n, low, low + float(rng.uniform(0.08, 0.8)))
    colour = pick(rng, ((206, 200, 184), (148, 116, 78), (92, 78, 62), (188, 176, 150)), 10)
    grain = 1 + noise.layers((0.06, noise.power(1.2, 40)), (0.04, noise.band(4, 0.7)))
    blend(ground.planes, tinted(grain, colour), share * np.float32(rng.uniform(0.3, 0.9)))
    rim = np.exp(-(((n - np.float32(low)) * 9) ** 2))
    ground.planes *= 1 - rim * np.float32(rng.uniform(0, 0.18))


def _water_line(ground: Ground, across: Floats, angle: float) -> None:
    """The wall below the line of the water is darker and wet: glints run along the pipe."""
    noise, rng = ground.noise, ground.rng
    side = np.float32(rng.choice([-1.0, 1.0]))
    reach = float(rng.uniform(-0.35, 0.35)) * ground.height
    wavy = across * side - np.float32(reach) + noise.layers((rng.uniform(0.5, 4), noise.power(1.5, 120)))
    below = smoothstep(wavy, 0, float(np.exp(rng.uniform(np.log(2), np.log(40)))))
    ground.planes *= 1 - below * np.float32(rng.uniform(0.1, 0.45))
    ground.planes[2] *= 1 - below * np.float32(rng.uniform(0, 0.15))
    glints = smoothstep(noise.field(noise.streaks(rng.uniform(5, 10), angle, rng.uniform(3, 10))), 1.6, 2.8)
    blend(ground.planes, np.full(3, 240, np.float32), np.asarray(glints * below * rng.uniform(0.1, 0.8), np.float32))


def _lamp(ground: Ground, across: Floats) -> None:
    """A lamp near the camera: a bright place, dark towards the sides and the depth, and the curve of the wall."""
    rng = ground.rng
    y, x = ground.coordinates()
    span = np.float32(max(ground.height, ground.width))
    middle = rng.uniform(0.1, 0.9, 2) * (ground.width, ground.height)
    far = ((x - np.float32(middle[0])) ** 2 + (y - np.float32(middle[1])) ** 2) / (span * span)
    spot = np.exp(-far / np.float32(np.exp(rng.uniform(np.log(0.2), np.log(3)))))
    curve = 1 - np.float32(rng.uniform(0, 0.5)) * np.clip(np.abs(across) / span * 2, 0, 1) ** 2
    least = np.float32(rng.uniform(0.15, 0.6))
    ground.planes *= (least + (1 - least) * spot) * curve * np.float32(rng.uniform(0.75, 1.3))
