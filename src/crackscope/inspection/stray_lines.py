"""Lines that are no part of a crack's centre line: crumbs, and the dark lips of a wide crack."""

from collections.abc import Mapping, Sequence

import numpy as np

from crackscope.inspection.polylines import length_of
from crackscope.inspection.skeleton import Stretch, meeting_of

_LIPPED_PX = 4.0
"""Half the width from which on a crack shows lips."""

_LIP_SHARE, _LIP_REACH, _LIP_LENGTH = 2.0, 3.0, 10.0
"""In half widths of the crack: it is so many times as wide as its lip, which lies so far off and runs so long."""


def without_companions(lines: Sequence[Stretch]) -> list[Stretch]:
    """Drop short lines that meet no other and run all along beside a far wider one: its lips, not a crack."""
    from scipy.spatial import cKDTree

    meeting = meeting_of(lines)
    half = np.array([float(np.median(line.half)) for line in lines])
    long = np.array([length_of(line.points) for line in lines])

    def lip(place: int) -> bool:
        far_wider = half > max(_LIP_SHARE * half[place], _LIPPED_PX)
        wider = np.flatnonzero(far_wider & (long > 2 * long[place])).tolist()
        if not wider or long[place] >= _LIP_LENGTH * half[wider].max():
            return False
        points = np.concatenate([lines[other].points for other in wider])
        reach = np.concatenate([_LIP_REACH * lines[other].half + 4 for other in wider])
        away, nearest = cKDTree(points).query(lines[place].points)
        return bool((away < reach[nearest]).all())

    # In a net of cracks few lines meet no other: only these are held against all the rest.
    return [line for place, line in enumerate(lines) if _meets(line, meeting) or not lip(place)]


def without_crumbs(lines: Sequence[Stretch], shortest_px: float) -> list[Stretch]:
    """Drop lines that meet no other and are shorter than `shortest_px`, but never the longest of all."""
    if not lines:
        return []
    meeting = meeting_of(lines)
    lengths = [length_of(line.points) for line in lines]
    longest = int(np.argmax(lengths))
    return [
        line
        for place, line in enumerate(lines)
        if place == longest or lengths[place] >= shortest_px or _meets(line, meeting)
    ]


def _meets(line: Stretch, meeting: Mapping[int, Sequence[int]]) -> bool:
    return any(len(meeting[node]) > 1 for node in line.nodes)
