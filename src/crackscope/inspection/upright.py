"""What was found in a photo as it was seen, in the photo as it is."""

from dataclasses import replace

import msgspec
import numpy as np

from crackscope.inspection.photo import Photo
from crackscope.inspection.polylines import told
from crackscope.inspection.zones import Traced
from crackscope.records import Point
from crackscope.scoring import AS_IT_IS, Facing, Heatmap

Line = tuple[Point, ...]


def upright_heat(heat: Heatmap, photo: Photo) -> Heatmap:
    """The heatmap of a photo as it was seen on the photo's own grid, without what was for the verdict alone (`half`,
    `hidden`, `void`). Where sides are no multiples of the stride, the grid that it was seen on begins at another
    border, and logits are interpolated between its cells."""
    facing, shape = photo.facing, photo.shape
    logits = facing.back(heat.logits)
    for axis, far in enumerate(_begins_far(facing)):
        if far and shape[axis] % heat.stride:
            share = np.float32(1 - shape[axis] % heat.stride / heat.stride)
            following = np.take(logits, np.minimum(np.arange(logits.shape[axis]) + 1, logits.shape[axis] - 1), axis)
            logits = (1 - share) * logits + share * following
    return replace(heat, logits=np.ascontiguousarray(logits, np.float32), half=None, hidden=None, void=None)


def _begins_far(facing: Facing) -> tuple[bool, bool]:
    """Whether the grid begins at the lower border of the photo, and at the right one."""
    flips = (facing.upside_down, facing.mirrored)
    return flips[::-1] if facing.transposed else flips


def upright_zone(traced: Traced, photo: Photo) -> Traced:
    """A zone of a photo as it was seen, in the photo itself; measures are what they were."""
    facing, shape = photo.facing, photo.shape
    if facing == AS_IT_IS:
        return traced
    zone = traced.zone
    return traced._replace(
        zone=msgspec.structs.replace(
            zone,
            outline=_rings(zone.outline, facing, shape),
            holes=_rings(zone.holes, facing, shape),
            centreline=tuple(_line(line, facing, shape) for line in zone.centreline),
            box=_box(zone.box, facing, shape),
            orientation_deg=_direction(zone.orientation_deg, facing),
            widest_at=zone.widest_at and _line((zone.widest_at,), facing, shape)[0],
        ),
        at=facing.places_back(traced.at, shape),
        way=facing.ways_back(traced.way),
    )


def _rings(rings: tuple[Line, ...], facing: Facing, shape: tuple[int, ...]) -> tuple[Line, ...]:
    back = tuple(_line(ring, facing, shape) for ring in rings)
    # The crack stays on the same side of its rings.
    return tuple(ring[::-1] for ring in back) if facing.inside_out else back


def _line(line: Line, facing: Facing, shape: tuple[int, ...]) -> Line:
    return told(facing.places_back(np.asarray(line, np.float64), shape))


def _box(box: tuple[int, int, int, int], facing: Facing, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    left, top, width, height = box
    corners = np.array([[left, top], [left + width - 1, top + height - 1]], np.float64)
    places = facing.places_back(corners, shape)
    (x, y), (right, bottom) = places.min(0).astype(int).tolist(), places.max(0).astype(int).tolist()
    return x, y, right - x + 1, bottom - y + 1


def _direction(degrees: float, facing: Facing) -> float:
    if facing.upside_down ^ facing.mirrored:
        degrees = 180 - degrees
    if facing.transposed:
        degrees = 90 - degrees
    # A subtraction leaves digits behind those that were told.
    return round(degrees % 180, 6) % 180
