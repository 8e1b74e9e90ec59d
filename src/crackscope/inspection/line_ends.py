"""The free ends of centre lines, and how far the crack goes on there."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.skeleton import Stretch, meeting_of

_LOOKBACK_PX = 14
"""So long a stretch of a line tells which way its end points."""
_AHEAD_HALVES = 10.0
"""How many half widths ahead of a line the mask may end: thinning eats into diagonal strips with straight edges."""


@dataclass(frozen=True, slots=True, eq=False)
class End:
    """A free end. place: of its line; side: 0 start, 1 end; way: unit vector out of the crack."""

    place: int
    side: int
    point: NDArray[np.float64]
    way: NDArray[np.float64]


def free_ends(lines: Sequence[Stretch]) -> list[End]:
    """The ends of lines that meet no other."""
    meeting = meeting_of(lines)
    ends = []
    for place, line in enumerate(lines):
        for side, node in enumerate(line.nodes):
            if len(meeting[node]) == 1 and len(line.points) > 3:
                inward = line.points if side == 0 else line.points[::-1]
                back = inward[min(_LOOKBACK_PX, len(inward) - 1)]
                way = inward[0] - back
                ends.append(End(place, side, inward[0], way / max(float(np.hypot(*way)), 1e-9)))
    return ends


def led_to_tips(mask: NDArray[np.bool_], lines: Sequence[Stretch]) -> list[Stretch]:
    """Lines whose free ends go on to where the mask bool [h, w] ends.

    A middle line stops half a width before a blunt end, and cutting off the spurs at its corners takes a further piece
    away; both are laid straight on.
    """
    out = list(lines)
    for end in free_ends(lines):
        line = out[end.place]
        half = float(np.median(line.half))
        steps = end.point + np.arange(0, _AHEAD_HALVES * half, 0.5)[:, None] * end.way
        x, y = np.rint(steps).astype(np.intp).T
        within = (x >= 0) & (y >= 0) & (x < mask.shape[1]) & (y < mask.shape[0])
        inside = within & mask[np.where(within, y, 0), np.where(within, x, 0)]
        if inside.all() or _closed(line):
            continue
        count = int(0.5 * int(np.argmin(inside)) - 0.5)
        if count < 1:
            continue
        more = end.point + np.arange(1, count + 1)[:, None] * end.way
        halves = np.full(count, half)
        if end.side == 0:
            points, wide = np.concatenate([more[::-1], line.points]), np.concatenate([halves, line.half])
        else:
            points, wide = np.concatenate([line.points, more]), np.concatenate([line.half, halves])
        out[end.place] = Stretch(points, wide, line.nodes, line.owners)
    return out


def _closed(line: Stretch) -> bool:
    """A ring, which was cut somewhere."""
    return float(np.hypot(*(line.points[-1] - line.points[0]))) < 2
