"""Sound things that resemble cracks: joints, cables, scratches, stems, stains, shadows."""

import numpy as np

from crackscope.surfaces.camera import cast_shadow, to_pixels, to_planes
from crackscope.surfaces.ground import Ground
from crackscope.surfaces.noise import Noise
from crackscope.surfaces.pits import bug_holes, fine_pores
from crackscope.surfaces.records import Floats, Mask, Pixels
from crackscope.surfaces.strokes import Near, pixels_near, segments
from crackscope.surfaces.walk import STEP_PX, Stroke, wander
from crackscope.surfaces.weathering import damp, runs, rust


def draw_distractors(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Add one to three sound things that resemble cracks to a picture uint8 [h, w, 3]; a new picture comes back.

    Joints, cables with their shadow, light scratches, plant stems, stains and runs, shadow edges, pores.
    Raises ValueError for other arrays.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ValueError(f"pixels {pixels.dtype} {pixels.shape}: want uint8 [h, w, 3]")
    azimuth = rng.normal(-np.pi / 2, 1.0)
    light = (float(np.cos(azimuth)), float(np.sin(azimuth)))
    ground = Ground(to_planes(pixels), Noise(pixels.shape[0], pixels.shape[1], rng), rng, light)
    distract(ground, True)
    return to_pixels(ground.planes)


def distract(ground: Ground, with_joints: bool) -> None:
    """Lay one to three of them over a surface in the making."""
    things = [cable, scratches, stem, damp, runs, rust, cast_shadow, pores]
    chances = [0.16, 0.12, 0.10, 0.10, 0.12, 0.04, 0.10, 0.10]
    if with_joints:
        things.append(joint)
        chances.append(0.26)
    weights = np.array(chances) / sum(chances)
    for place in ground.rng.choice(
        len(things), int(ground.rng.choice([1, 2, 3], p=[0.6, 0.3, 0.1])), replace=False, p=weights
    ):
        things[int(place)](ground)


def pores(ground: Ground) -> None:
    """A cluster of air voids and a scatter of small ones."""
    rng = ground.rng
    area = ground.width * ground.height / 256**2
    bug_holes(ground, int(min(rng.poisson(8 * area) + 2, 300)), (1.0, float(rng.uniform(3, 7))))
    fine_pores(ground, rng.uniform(4, 9), rng.uniform(2.0, 2.8), rng.uniform(0.2, 0.5))


def _line(ground: Ground, bend: float, width_px: float, ragged: float = 0.0) -> Stroke:
    """A long line across the picture, straight or evenly bent."""
    rng = ground.rng
    span = float(np.hypot(ground.width, ground.height))
    middle = rng.uniform(0.15, 0.85, 2) * (ground.width, ground.height)
    angle = float(rng.choice([0.0, np.pi / 2, rng.uniform(0, np.pi)], p=[0.35, 0.35, 0.3])) + float(rng.normal(0, 0.03))
    along = np.arange(-span, span, STEP_PX, dtype=np.float32)
    off = np.float32(bend / span) * along * along
    if ragged:
        off = off + np.float32(ragged) * wander(rng, len(along), 10)
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    points = np.stack([middle[0] + along * c - off * s, middle[1] + along * s + off * c], 1).astype(np.float32)
    return _cut(ground, points, np.full(len(along), width_px, np.float32))


def _cut(ground: Ground, points: Floats, width: Floats) -> Stroke:
    limit = np.array([ground.width, ground.height], np.float32) + 12
    near: Mask = np.asarray(((points > -12) & (points < limit)).all(1))
    near[: max(0, 2 - int(near.sum()))] = True
    points, width = points[near], width[near]
    return Stroke(points, width, np.ones(len(points), np.float32), np.ones(len(points) - 1, np.bool_))


def _edge(near: Near, soft: float) -> Floats:
    return np.asarray(np.clip((near.half - near.away) / np.float32(soft) + 0.5, 0, 1), np.float32)


def _toward_light(near: Near, light: tuple[float, float]) -> Floats:
    """-1 to 1: on which side of the line the pixel lies, as seen from the light."""
    out = near.side[0] * np.float32(light[0]) + near.side[1] * np.float32(light[1])
    return np.asarray(out * np.minimum(near.away / np.maximum(near.half, 0.5), 1), np.float32)


def _multiply(ground: Ground, near: Near, factor: Floats) -> None:
    ground.planes.reshape(3, -1)[:, near.index] *= factor


def joint(ground: Ground) -> None:
    """A formwork, control or panel joint: straight, of even width, its edges parallel; sometimes a second one."""
    rng = ground.rng
    width = float(np.exp(rng.uniform(np.log(1.2), np.log(9))))
    dark, sealed = float(rng.uniform(0.12, 0.75)), bool(rng.random() < 0.25)
    for _ in range(1 if rng.random() < 0.75 else 2):
        near = pixels_near(segments([_line(ground, 0.0, width, 0.12)]), (ground.height, ground.width), 5.0)
        toward = _toward_light(near, ground.light)
        inside = _edge(near, 1.3)
        level = 1 - dark * (0.75 + (0.35 * toward if not sealed else 0.15))
        rim = np.exp(-(((near.away - near.half - 1) / 1.2) ** 2)) * (1 - inside)
        _multiply(ground, near, (1 - inside * (1 - level) - 0.10 * rim * toward).astype(np.float32))


def cable(ground: Ground) -> None:
    """A cable on the wall: round, so brighter along one flank, with its shadow beside it."""
    rng = ground.rng
    width, bend = float(np.exp(rng.uniform(np.log(1.5), np.log(9)))), float(rng.normal(0, 0.25))
    line = _line(ground, bend, width)
    gap = float(rng.uniform(0.3, 1.6)) * width + 1
    away = np.array([-ground.light[0], -ground.light[1]], np.float32) * np.float32(gap)
    shadow = Stroke(line.points + away, line.width, line.depth, line.present)
    shape = (ground.height, ground.width)
    near = pixels_near(segments([shadow]), shape, 4.0)
    _multiply(ground, near, (1 - np.float32(rng.uniform(0.2, 0.5)) * _edge(near, 2 + 0.5 * gap)).astype(np.float32))
    near = pixels_near(segments([line]), shape, 2.0)
    tone = float(rng.choice([28, 60, 110, 190, 225]))
    colour = np.array([tone, tone, tone], np.float32) + rng.normal(0, 6, 3).astype(np.float32)
    round_light = 0.85 + 0.25 * _toward_light(near, ground.light)
    _cover(ground, near, colour[:, None] * round_light, _edge(near, 1.2))


def _cover(ground: Ground, near: Near, colour: Floats, share: Floats) -> None:
    flat = ground.planes.reshape(3, -1)
    here = flat[:, near.index]
    flat[:, near.index] = here + (colour - here) * share


def scratches(ground: Ground) -> None:
    """Light scratches: thin, nearly straight, several in one direction."""
    rng = ground.rng
    angle = float(rng.uniform(0, np.pi))
    lines = []
    for _ in range(int(rng.integers(1, 6))):
        count = int(rng.uniform(15, 0.8 * min(ground.width, ground.height) + 20) / STEP_PX)
        heading = angle + float(rng.normal(0, 0.08))
        along = np.arange(count, dtype=np.float32) * np.float32(STEP_PX)
        off = np.float32(rng.normal(0, 0.0006)) * along * along
        start = rng.uniform(0, 0.8, 2) * (ground.width, ground.height)
        c, s = np.float32(np.cos(heading)), np.float32(np.sin(heading))
        points = np.stack([start[0] + along * c - off * s, start[1] + along * s + off * c], 1).astype(np.float32)
        thin = np.float32(rng.uniform(0.7, 1.8)) * np.sin(np.linspace(0.3, np.pi - 0.1, count)).astype(np.float32)
        lines.append(_cut(ground, points, np.maximum(thin, 0.3)))
    near = pixels_near(segments(lines), (ground.height, ground.width), 2.0)
    strength = np.float32(rng.uniform(0.08, 0.25)) * np.minimum(near.half * 2, 1)
    _multiply(ground, near, (1 + strength * _edge(near, 1.2)).astype(np.float32))


def stem(ground: Ground) -> None:
    """A creeper's stem: smooth bends, brown or green, side shoots with leaves, a soft shadow."""
    rng = ground.rng
    span = min(ground.width, ground.height)
    count = max(12, int(span * rng.uniform(0.5, 1.4) / STEP_PX))
    heading = rng.uniform(0, 2 * np.pi) + 0.7 * wander(rng, count, 45) + 0.25 * wander(rng, count, 15)
    points = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], 1) * STEP_PX, 0).astype(np.float32)
    points += (rng.uniform(0.3, 0.7, 2) * (ground.width, ground.height)).astype(np.float32) - points[count // 2]
    thick = float(rng.uniform(1.2, 3.2))
    line = _cut(ground, points, np.linspace(thick, 0.8, count).astype(np.float32))
    leaves = _leaves(rng, points, thick)
    shape = (ground.height, ground.width)
    away = np.array([-ground.light[0], -ground.light[1]], np.float32) * np.float32(1.5 + thick / 2)
    shadow = [Stroke(s.points + away, s.width, s.depth, s.present) for s in (line, *leaves)]
    near = pixels_near(segments(shadow), shape, 2.5)
    _multiply(ground, near, (1 - np.float32(0.3) * _edge(near, 3.0)).astype(np.float32))
    brown, green = np.array([104, 82, 58], np.float32), np.array([84, 108, 52], np.float32)
    for strokes, colour in (([line], brown if rng.random() < 0.6 else green), (leaves, green)):
        if strokes:
            near = pixels_near(segments(strokes), shape, 1.5)
            lit = 0.9 + 0.22 * _toward_light(near, ground.light)
            _cover(ground, near, colour[:, None] * lit, _edge(near, 1.2))


def _leaves(rng: np.random.Generator, points: Floats, thick: float) -> list[Stroke]:
    leaves = []
    for _ in range(int(rng.integers(0, 9))):
        at = points[int(rng.integers(len(points)))]
        angle, long = rng.uniform(0, 2 * np.pi), rng.uniform(5, 14)
        steps = max(4, int(long / STEP_PX))
        way = np.linspace(0, long, steps, dtype=np.float32)[:, None] * np.array(
            [np.cos(angle), np.sin(angle)], np.float32
        )
        width = np.sin(np.linspace(0.25, np.pi, steps)) * rng.uniform(1.0, 1.8) * thick
        leaves.append(
            Stroke(at + way, width.astype(np.float32), np.ones(steps, np.float32), np.ones(steps - 1, np.bool_))
        )
    return leaves
