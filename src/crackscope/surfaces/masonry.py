"""Brickwork and tiles: units in courses, mortar or grout between them, edges bevelled and chipped."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.surfaces.ground import Ground, Joints, bare_ground, pick
from crackscope.surfaces.pits import fine_pores, grains
from crackscope.surfaces.records import Floats
from crackscope.surfaces.shading import blend, lit_relief, smoothstep, tinted

_BRICKS = (
    (150, 98, 82),
    (160, 108, 88),
    (134, 92, 80),
    (176, 146, 120),
    (142, 104, 96),
    (186, 170, 148),
    (122, 96, 90),
    (168, 66, 48),
    (142, 50, 40),
    (92, 46, 40),
    (196, 124, 76),
    (118, 76, 92),
    (74, 66, 64),
)
MORTAR = ((176, 170, 160), (190, 184, 172), (150, 146, 140), (206, 200, 188), (104, 98, 92))
_TILES = (
    (222, 222, 218),
    (212, 204, 188),
    (170, 186, 196),
    (176, 130, 108),
    (150, 164, 150),
    (196, 196, 200),
    (120, 134, 150),
    (44, 62, 100),
    (58, 108, 92),
    (150, 44, 38),
    (44, 44, 48),
    (204, 172, 70),
)
_GROUT = ((150, 148, 144), (120, 118, 116), (196, 192, 186), (96, 94, 92))


class Units(NamedTuple):
    """Number of the unit at each pixel [h, w], and distance inwards from its edge in px (negative in the joint)."""

    owner: NDArray[np.intp]
    inwards: Floats


def render_brick(height: int, width: int, rng: np.random.Generator) -> Ground:
    """A sound brick wall in running bond."""
    ground = bare_ground(height, width, rng)
    noise = ground.noise
    unit = float(np.exp(rng.uniform(np.log(58), np.log(150))))
    mortar = max(2.5, unit * float(rng.uniform(0.035, 0.09)))
    ground.joints = Joints(unit * float(rng.uniform(0.30, 0.36)), unit, 0.5, float(rng.normal(0, 0.012)), mortar)
    chip = float(rng.uniform(0.4, 1.1) if rng.random() < 0.7 else rng.uniform(1.1, 2.6))
    units = in_courses(ground, ground.joints, chip)
    face = 1 + noise.layers((0.05, noise.power(1.3, 80)), (0.03, noise.band(4, 0.6)))
    face += noise.lit(noise.mix((1.0, noise.band(9, 0.8)), (0.6, noise.band(3.5, 0.6))), ground.light, 0.025)
    ground.planes = coloured(ground, units, pick(rng, _BRICKS, 8), face, rng.uniform(0.03, 0.14))
    fine_pores(ground, rng.uniform(4, 7), rng.uniform(2.1, 2.9), rng.uniform(0.10, 0.25))
    bed = 1 + noise.layers((0.03, noise.power(1.2, 60)), (0.045, noise.band(3.5, 0.7)))
    lay_joints(ground, units, tinted(bed, pick(rng, MORTAR, 8)), 0.16)
    if rng.random() < 0.15:
        _whitewash(ground, units)
    return ground


def render_tile(height: int, width: int, rng: np.random.Generator) -> Ground:
    """A sound wall or floor of glazed or stoneware tiles."""
    ground = bare_ground(height, width, rng)
    noise = ground.noise
    unit = float(np.exp(rng.uniform(np.log(70), np.log(230))))
    course = unit * float(rng.choice([1.0, 1.0, 0.5, 0.34]))
    bond = 0.5 if course < unit and rng.random() < 0.5 else 0.0
    ground.joints = Joints(course, unit, bond, float(rng.normal(0, 0.02)), float(rng.uniform(2.0, 4.5)))
    units = in_courses(ground, ground.joints, 0.12)
    glazed = bool(rng.random() < 0.6)
    face = 1 + noise.layers(
        (0.006 if glazed else 0.02, noise.power(1.6, 120)), (0.004 if glazed else 0.02, noise.band(4, 0.8))
    )
    face += noise.lit(noise.band(rng.uniform(20, 45), 0.8), ground.light, 0.012)
    ground.planes = coloured(ground, units, pick(rng, _TILES, 8), face, 0.018 if glazed else 0.035)
    if not glazed:
        grains(ground, rng.uniform(3.5, 6), 1.9, 0.05)
    bed = 1 + noise.layers((0.05, noise.power(1.2, 60)), (0.04, noise.band(3.5, 0.7)))
    lay_joints(ground, units, tinted(bed, pick(rng, _GROUT, 8)), 0.10)
    if glazed:
        _gloss(ground, units)
    return ground


def in_courses(ground: Ground, joints: Joints, ragged_px: float) -> Units:
    """Units in regular courses; ragged_px: deviation by which their edges wander."""
    noise = ground.noise
    y, x = ground.coordinates()
    c, s = np.float32(np.cos(joints.angle)), np.float32(np.sin(joints.angle))
    wander = min(1.2, joints.mortar * 0.2) * (1.0 if ragged_px > 0.3 else 0.25)
    u = x * c - y * s + np.float32(wander) * noise.soft(38)
    v = x * s + y * c + np.float32(wander) * noise.soft(38)
    row = np.floor(v * np.float32(1 / joints.course)).astype(np.intp)
    u = u - (row & 1) * np.float32(joints.bond * joints.unit)
    column = np.floor(u * np.float32(1 / joints.unit)).astype(np.intp)
    from_left = u - column * np.float32(joints.unit)
    from_top = v - row * np.float32(joints.course)
    to_side = np.minimum(from_left, np.float32(joints.unit) - from_left)
    to_bed = np.minimum(from_top, np.float32(joints.course) - from_top)
    # Rounded corners: near both edges at once, the distance is the one to a small circle.
    round_px = np.float32(min(6.0, joints.mortar * 1.2 + 1))
    corner_x, corner_y = np.maximum(round_px - to_side, 0), np.maximum(round_px - to_bed, 0)
    inwards = np.minimum(np.minimum(to_side, to_bed), round_px - np.sqrt(corner_x * corner_x + corner_y * corner_y))
    inwards = inwards - np.float32(joints.mortar / 2)
    ragged = noise.layers((ragged_px, noise.power(1.25, 40)), (0.2 * ragged_px, noise.band(4, 0.6)))
    row -= row.min()
    column -= column.min()
    return Units(row * (int(column.max()) + 1) + column, np.asarray(inwards + ragged, np.float32))


def coloured(ground: Ground, units: Units, colour: Floats, face: Floats, spread: float) -> Floats:
    """Each unit of its own tone and hue, some of them burnt darker."""
    rng, count = ground.rng, int(units.owner.max()) + 1
    tone = rng.normal(1, spread, count) - 2.2 * spread * (rng.random(count) < 0.12)
    hue = rng.normal(0, spread * 0.25, count)
    tables = np.stack([tone + hue, tone, tone - hue]).astype(np.float32) * colour[:, None]
    return np.asarray(np.stack([table[units.owner] for table in tables]) * face, np.float32)


def lay_joints(ground: Ground, units: Units, bed: Floats, depth: float) -> None:
    """Fill what lies between units with `bed` [3, h, w]; depth: how much the step to it is lit and shaded."""
    joint = 1 - smoothstep(units.inwards, -0.5, 0.6)
    blend(ground.planes, bed, joint)
    step = np.clip(units.inwards, -2.0, 1.5)
    ground.planes *= 1 + lit_relief(step, ground.light) * np.float32(depth) - np.float32(depth * 0.6) * joint


def _whitewash(ground: Ground, units: Units) -> None:
    """Old lime paint that bridges the joints and is gone in places."""
    noise, rng = ground.noise, ground.rng
    covered = smoothstep(noise.soft(40) + np.float32(0.5) * noise.field(noise.power(1.2, 60)), -1.2, -0.7)
    colour = tinted(1 + noise.field(noise.power(1.4, 100), 0.02), pick(rng, ((216, 212, 202), (204, 198, 186)), 6))
    colour *= 1 + lit_relief(np.clip(units.inwards, -2, 1.5), ground.light) * np.float32(0.12)
    blend(ground.planes, colour, covered * np.float32(rng.uniform(0.75, 0.95)))


def _gloss(ground: Ground, units: Units) -> None:
    """A faint reflection of the sky, broken at each tile because no two lie in one plane."""
    y, x = ground.coordinates()
    rng = ground.rng
    tilt = rng.normal(0, 18, int(units.owner.max()) + 1).astype(np.float32)
    angle = rng.uniform(0, np.pi)
    place = x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle)) + tilt[units.owner]
    wave = np.sin(place * np.float32(2 * np.pi / rng.uniform(180, 420)) + np.float32(rng.uniform(0, 6)))
    ground.planes += np.maximum(wave, 0) * np.float32(rng.uniform(3, 14)) * smoothstep(units.inwards, 0, 1.5)
