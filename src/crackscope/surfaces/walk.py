"""The course of a crack: a rough walk, its widths, its branches and its gaps."""

from dataclasses import dataclass

import numpy as np

from crackscope.surfaces.ground import Joints
from crackscope.surfaces.records import THINNEST_PX, CrackSpec, Floats, Mask

STEP_PX = 1.25
_REFERENCE_PX = 256.0


@dataclass(frozen=True, slots=True)
class Stroke:
    """One line with a width: a crack or a branch of one.

    points: float32 [k, 2], x and y, STEP_PX apart, up to four times that on wide cracks; width, depth: float32 [k], px
    and 0 to 1; present: bool [k - 1], False where the line is interrupted.
    """

    points: Floats
    width: Floats
    depth: Floats
    present: Mask


def wander(rng: np.random.Generator, count: int, scale: float) -> Floats:
    """Values [count] alike over about `scale` steps: straight lines between random knots, deviation about 1."""
    knots = rng.standard_normal(int(count / scale) + 3).astype(np.float32)
    return np.interp(np.arange(count) / scale + rng.random(), np.arange(len(knots)), knots).astype(
        np.float32
    ) * np.float32(1.22)


def kinks(rng: np.random.Generator, count: int, scale: float) -> Floats:
    """Values [count] that jump about every `scale` steps: the crack goes straight, then around a grain."""
    ends = np.cumsum(rng.exponential(scale, int(count / scale * 1.5) + 8) + 0.4)
    values = rng.standard_normal(len(ends) + 1).astype(np.float32)
    return values[np.searchsorted(ends, np.arange(count))]


def course(rng: np.random.Generator, heading: float, count: int, spec: CrackSpec) -> Floats:
    """Points [count, 2] of a rough walk from (0, 0), turning at several scales about one heading."""
    grain = spec.grain_px / STEP_PX
    turn = 0.30 * wander(rng, count, grain * 9) + 0.32 * wander(rng, count, grain * 2.6)
    turn = turn + 0.52 * kinks(rng, count, grain) + 0.34 * kinks(rng, count, max(1.2, grain * 0.3))
    angle = heading + turn * np.float32(spec.roughness)
    return np.cumsum(np.stack([np.cos(angle), np.sin(angle)], 1) * np.float32(STEP_PX), 0, dtype=np.float32)


def course_along_joints(rng: np.random.Generator, joints: Joints, count: int) -> Floats:
    """Points [count, 2] that step down through masonry: along beds and head joints, at times through a unit."""
    steps = int(count * STEP_PX / joints.course) + 2
    through = rng.random(steps) < 0.3
    side = 1.0 if rng.random() < 0.5 else -1.0
    sideways = np.where(through, 0.0, np.where(rng.random(steps) < 0.94, side, -side)) * joints.unit / 2
    x = np.concatenate([[0.0], np.cumsum(np.repeat(sideways, 2) * np.tile([1.0, 0.0], steps))])
    y = np.concatenate([[0.0], np.cumsum(np.tile([0.0, joints.course], steps))])
    places = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)) + 1e-6)])
    at = np.arange(count) * STEP_PX
    at = at[at < places[-1]]
    off = np.float32(min(2.2, joints.mortar * 0.28))
    line = np.stack([np.interp(at, places, x), np.interp(at, places, y)], 1).astype(np.float32)
    for axis in (0, 1):
        line[:, axis] += off * (
            0.9 * wander(rng, len(at), 12) + 0.5 * wander(rng, len(at), 3.5) + 0.4 * kinks(rng, len(at), 3)
        )
    c, s = np.float32(np.cos(joints.angle)), np.float32(np.sin(joints.angle))
    return np.stack([line[:, 0] * c + line[:, 1] * s, line[:, 1] * c - line[:, 0] * s], 1)


def _joint_crossing(rng: np.random.Generator, joints: Joints, size: tuple[int, int]) -> Floats:
    """A place [2] near the middle of the picture where a head joint meets the bed joint below."""
    row = max(1, round(rng.uniform(0.3, 0.7) * size[1] / joints.course))
    column = round(rng.uniform(0.3, 0.7) * size[0] / joints.unit)
    x, y = (column + joints.bond * ((row - 1) & 1)) * joints.unit, row * joints.course
    c, s = np.cos(joints.angle), np.sin(joints.angle)
    return np.array([x * c + y * s, y * c - x * s], np.float32)


def plan_crack(
    rng: np.random.Generator, size: tuple[int, int], spec: CrackSpec, joints: Joints | None = None
) -> list[Stroke]:
    """A crack with its branches on a picture of size (width, height): the first stroke is the main one."""
    points, anchor = _course_through(rng, size, spec, joints)
    main = _dress(rng, _within(points, anchor, size, spec.width_px[1]), spec, free=(True, True))
    shown = ((main.points[1:] > 1) & (main.points[1:] < np.array(size, np.float32) - 2)).all(1)
    if not (shown & main.present).any():
        main.present[:] = True
    return [main, *_branches(rng, main, size, spec)]


def _course_through(
    rng: np.random.Generator, size: tuple[int, int], spec: CrackSpec, joints: Joints | None
) -> tuple[Floats, int]:
    """A course [k, 2] through the middle part of the picture, and the number of the point that lies there."""
    span = float(np.hypot(*size))
    along_joints = joints is not None and joints.bond > 0 and spec.width_px[1] < 1.5 * joints.mortar
    if joints is not None and along_joints and rng.random() < 0.75:
        crossing = _joint_crossing(rng, joints, size)
        if (crossing > 1).all() and (crossing < np.array(size) - 2).all():
            points = course_along_joints(rng, joints, int(2 * span / STEP_PX))
            # Part of it lies above the crossing, so that the walk comes from one border and leaves by another.
            level = round(len(points) * 0.2 * STEP_PX / joints.course) * joints.course
            anchor = int(np.argmin(np.abs(points[:, 1] - level)))
            return points + (crossing - points[anchor]), anchor
    # What gapes must be long, or it would be a hole.
    reach = span * float(rng.uniform(0.45, 1.3)) + 25 * spec.width_px[1]
    count = max(8, int(reach / STEP_PX))
    points = course(rng, float(rng.uniform(0, 2 * np.pi)), count, spec)
    anchor = int(rng.uniform(0.25, 0.75) * count)
    return points + (rng.uniform(0.25, 0.75, 2) * size).astype(np.float32) - points[anchor], anchor


def _within(points: Floats, anchor: int, size: tuple[int, int], greatest: float) -> Floats:
    """The run of points around `anchor` that lies in the picture, or so near that its width reaches in."""
    margin = greatest / 2 + 1
    outside: Mask = np.asarray(((points < -margin) | (points > np.array(size, np.float32) + margin)).any(1))
    before, after = np.flatnonzero(outside[:anchor]), np.flatnonzero(outside[anchor:])
    first = int(before[-1]) + 1 if len(before) else 0
    last = anchor + int(after[0]) if len(after) else len(points)
    return points[first : max(last, first + 4)]


def _dress(rng: np.random.Generator, points: Floats, spec: CrackSpec, free: tuple[bool, bool]) -> Stroke:
    """Give a course its widths, its tapering ends (where they are free) and its gaps."""
    count = len(points)
    least, greatest = spec.width_px
    scale = spec.grain_px / STEP_PX
    wave = (
        0.8 * wander(rng, count, scale * 7)
        + 0.6 * wander(rng, count, scale * 1.8)
        + 0.35 * wander(rng, count, max(1.5, scale * 0.5))
    )
    width = least + (greatest - least) * (0.5 + 0.5 * np.tanh(0.95 * wave))
    place = np.arange(count, dtype=np.float32)
    taper = np.ones(count, np.float32)
    length = max(3.0, min(count * rng.uniform(0.12, 0.45), 20 * greatest + 30))
    if free[0]:
        taper = np.minimum(taper, (place + 1) / length)
    if free[1]:
        taper = np.minimum(taper, (count - place) / length)
    opening = taper**0.6 * _gaps(rng, count, spec)
    width = np.maximum(width * opening, np.minimum(width, 0.5)).astype(np.float32)
    spread = 0.18 / (1 + 0.3 * greatest)
    depth = np.clip(0.9 + spread * wander(rng, count, scale * 2.5), 0.35, 1.0) * np.clip(opening * 2.2, 0.25, 1.0)
    every = int(np.clip(least / 2.5, 1, 4))
    points, width, depth, opening = points[::every], width[::every], depth[::every], opening[::every]
    present = opening[1:] > 0.12
    if not present.any():
        present[:] = True
    return Stroke(points, width, depth.astype(np.float32), present)


def _gaps(rng: np.random.Generator, count: int, spec: CrackSpec) -> Floats:
    """1 where the crack is open, falling to 0 at each interruption."""
    opening = np.ones(count, np.float32)
    place = np.arange(count)
    for _ in range(
        int(min(rng.poisson(spec.breaks * count * STEP_PX / _REFERENCE_PX / (1 + 0.25 * spec.width_px[1])), 60))
    ):
        half = rng.uniform(1, 5)
        opening = np.minimum(
            opening, np.clip((np.abs(place - rng.uniform(0, count)) - half) / (6 + 3 * spec.width_px[1]), 0, 1)
        )
    return opening.astype(np.float32)


def _branches(rng: np.random.Generator, parent: Stroke, size: tuple[int, int], spec: CrackSpec) -> list[Stroke]:
    count = len(parent.points)
    long = float(np.abs(np.diff(parent.points, axis=0)).sum() / STEP_PX / 1.2)
    wanted = int(min(rng.poisson(spec.branching * long * STEP_PX / _REFERENCE_PX), 40))
    grown = []
    for _ in range(wanted if count > 12 else 0):
        at = int(rng.integers(4, count - 4))
        ahead = parent.points[min(at + 8, count - 1)] - parent.points[max(at - 8, 0)]
        turn = rng.uniform(0.35, 1.15) * (1 if rng.random() < 0.5 else -1) + (np.pi if rng.random() < 0.5 else 0)
        heading = float(np.arctan2(ahead[1], ahead[0]) + turn)
        steps = max(8, int(long * rng.uniform(0.08, 0.45)))
        points = parent.points[at] + course(rng, heading, steps, spec)
        share = float(rng.uniform(0.4, 0.8))
        here = float(parent.width[at]) * share
        least = max(THINNEST_PX, 0.5 * spec.width_px[0])
        slim = _slimmer(spec, (least, max(least, min(here * 1.2, spec.width_px[1]))))
        grown.append(_dress(rng, _within(points, 0, size, slim.width_px[1]), slim, free=(False, True)))
    return grown


def _slimmer(spec: CrackSpec, width_px: tuple[float, float]) -> CrackSpec:
    return CrackSpec(width_px, 0.0, spec.contrast, spec.roughness, spec.breaks, spec.grain_px, spec.filled)
