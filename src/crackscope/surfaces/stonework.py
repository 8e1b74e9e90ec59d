"""Walls and floors of natural stone: rubble with and without mortar, hewn blocks in courses, slabs."""

import numpy as np

from crackscope.surfaces.ground import Ground, Joints, bare_ground, pick
from crackscope.surfaces.masonry import MORTAR, Units, coloured, in_courses, lay_joints
from crackscope.surfaces.pits import fine_pores, grains
from crackscope.surfaces.records import Floats
from crackscope.surfaces.shading import blend, lit_relief, smoothstep, tinted

_STONES = (
    (150, 146, 140),
    (120, 118, 116),
    (84, 88, 92),
    (62, 66, 72),
    (186, 168, 134),
    (164, 142, 112),
    (150, 108, 90),
    (206, 200, 188),
    (118, 108, 92),
    (100, 104, 88),
)
_MANNERS = ("rubble", "dry", "blocks", "slabs")
_MANNER_SHARES = (0.40, 0.20, 0.25, 0.15)


def render_stone(height: int, width: int, rng: np.random.Generator) -> Ground:
    """A sound wall or floor of natural stone."""
    ground = bare_ground(height, width, rng)
    manner = str(rng.choice(_MANNERS, p=_MANNER_SHARES))
    stones = _blocks(ground) if manner == "blocks" else _irregular(ground, manner)
    hewn = float(rng.uniform(0.01, 0.04) if manner == "slabs" else np.exp(rng.uniform(np.log(0.03), np.log(0.15))))
    ground.planes = coloured(ground, stones, pick(rng, _STONES, 10), _face(ground, hewn), rng.uniform(0.04, 0.14))
    if rng.random() < 0.5:
        fine_pores(ground, rng.uniform(3.5, 7), rng.uniform(1.8, 2.8), rng.uniform(0.1, 0.35))
    if rng.random() < 0.4:
        grains(ground, rng.uniform(3.5, 6), rng.uniform(1.6, 2.4), rng.uniform(0.04, 0.12))
    _round_off(ground, stones, hewn)
    if manner == "dry" or (manner != "slabs" and rng.random() < 0.2):
        _gaps(ground, stones)
    else:
        noise = ground.noise
        bed = 1 + noise.layers((0.04, noise.power(1.2, 60)), (rng.uniform(0.03, 0.08), noise.band(3.5, 0.7)))
        lay_joints(ground, stones, tinted(bed, pick(rng, MORTAR, 10)), float(rng.uniform(0.08, 0.22)))
    return ground


def _irregular(ground: Ground, manner: str) -> Units:
    """Stones as they were found, longer than high more often than not; the joint is as wide as it comes."""
    rng, noise = ground.rng, ground.noise
    side = float(np.exp(rng.uniform(np.log(32), np.log(150))))
    owner, inwards = noise.cells(side, float(rng.uniform(1.0, 1.9)) if manner != "slabs" else 1.0)
    _, place = np.unique(owner, return_inverse=True)
    gap = side * float(rng.uniform(0.02, 0.05) if manner == "dry" else rng.uniform(0.03, 0.12))
    ragged = noise.layers((0.35 * gap + 0.6, noise.power(1.3, side)), (0.4, noise.band(5, 0.6)))
    return Units(place.reshape(owner.shape), np.asarray(inwards - np.float32(max(gap, 2) / 2) + ragged, np.float32))


def _blocks(ground: Ground) -> Units:
    rng = ground.rng
    unit = float(np.exp(rng.uniform(np.log(80), np.log(260))))
    mortar = max(2.0, unit * float(rng.uniform(0.015, 0.06)))
    course = unit * float(rng.uniform(0.38, 0.7))
    ground.joints = Joints(course, unit, float(rng.uniform(0.3, 0.5)), float(rng.normal(0, 0.015)), mortar)
    return in_courses(ground, ground.joints, float(rng.uniform(0.4, 2.0)))


def _face(ground: Ground, hewn: float) -> Floats:
    """Brightness of the faces [h, w]; hewn: deviation by which their relief changes it."""
    noise, rng = ground.noise, ground.rng
    clouds = noise.layers((0.05, noise.power(1.4, 90)), (0.02, noise.band(4, 0.6)))
    relief = noise.mix((1.0, noise.power(float(rng.uniform(1.9, 2.4)), 60)), (0.08, noise.band(5, 0.7)))
    return np.asarray(np.maximum(1 + clouds + noise.lit(relief, ground.light, hewn), 0.25), np.float32)


def _round_off(ground: Ground, stones: Units, hewn: float) -> None:
    """The faces fall off towards their edges, the more the rougher they are."""
    reach = np.float32(ground.rng.uniform(3, 4 + 60 * hewn))
    height = reach * smoothstep(stones.inwards, 0, float(reach))
    ground.planes *= 1 + lit_relief(height, ground.light) * np.float32(ground.rng.uniform(0.05, 0.16))


def _gaps(ground: Ground, stones: Units) -> None:
    """Joints without mortar, or with what is left of it far back: shade."""
    rng, noise = ground.rng, ground.noise
    deep = np.float32(rng.uniform(0.12, 0.55)) * (1 + noise.layers((0.25, noise.power(1.2, 50))))
    open_joint = 1 - smoothstep(stones.inwards, -1.5, 1.0)
    blend(ground.planes, ground.planes * np.clip(deep, 0.05, 0.8), open_joint)
