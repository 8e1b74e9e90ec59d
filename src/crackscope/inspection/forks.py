"""What a mask hides of cracks that run side by side into a junction."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.skeleton import Line, Stretch, meeting_of

_NEAR, _FAR, _LEAST_FAR = 5, 16, 9
"""How many points from a junction it is looked how far apart two lines are: nearer, the junction itself draws them."""

_NARROW = 0.7
"""Cosine of the widest angle of a fork."""

_LEAST_PARTING = 0.25
"""Px by which lines part a px along them, below which grain says more than they do."""

_MOST_PX = 10.0
"""No fork is taken to hide more."""
_THIN_PX = 4.5
"""Half the width up to which a crack is thin: what gapes is no longer for a branch that starts in its middle."""


class _Arm(NamedTuple):
    """A line out of a junction: the number of the line, and its points from the junction on."""

    line: int
    points: Line


def hidden_in_forks(lines: Sequence[Stretch], points: Sequence[Line], junctions: Sequence[int]) -> NDArray[np.float64]:
    """What the length of each line of a network leaves out, float64 [n], px.

    points: float64 [k, 2] of each line, where it was laid. Two thin cracks that part at a narrow angle lie in one mask
    at first, and one line is traced where there are two. How far back they meet follows from how they part beyond;
    what two lines to there are longer than what was traced is added to the shorter one, 10 px at most.
    """
    hidden = np.zeros(len(lines))
    meeting = meeting_of(lines)
    for node in junctions:
        arms = list(_arms(lines, points, meeting[node], node))
        forks = [(_along(one, other), one, other) for one, other in combinations(arms, 2)]
        if forks:
            along, one, other = max(forks, key=lambda fork: fork[0])
            if along > _NARROW:
                shorter = min(one, other, key=lambda arm: len(arm.points))
                hidden[shorter.line] += float(np.clip(_hidden_px(one, other), 0, _MOST_PX))
    return hidden


def _arms(lines: Sequence[Stretch], points: Sequence[Line], places: Sequence[int], node: int) -> Iterator[_Arm]:
    """The thin lines that go out from a node, those left out that are too short to say where they go."""
    for place in sorted(set(places)):
        line = lines[place]
        if float(np.median(line.half)) < _THIN_PX and len(points[place]) > _LEAST_FAR:
            if line.nodes[0] == node:
                yield _Arm(place, points[place])
            if line.nodes[1] == node:
                yield _Arm(place, points[place][::-1])


def _far(one: _Arm, other: _Arm) -> int:
    return min(len(one.points) - 1, len(other.points) - 1, _FAR)


def _along(one: _Arm, other: _Arm) -> float:
    """The cosine of the angle between the ways of two lines away from the junction."""
    far = _far(one, other)
    first, second = (arm.points[far] - arm.points[_NEAR] for arm in (one, other))
    return float(first @ second / max(float(np.hypot(*first) * np.hypot(*second)), 1e-6))


def _hidden_px(one: _Arm, other: _Arm) -> float:
    """How much longer two lines are that go straight on to where they meet than two to the junction and one from there
    back to where they meet."""
    far = _far(one, other)
    near, beyond = ((one.points[at], other.points[at]) for at in (_NEAR, far))
    near_px, far_px = (float(np.hypot(*(first - second))) for first, second in (near, beyond))
    parting = max((far_px - near_px) / (far - _NEAR), _LEAST_PARTING)
    back_px = near_px / parting
    middle = (near[0] + near[1]) / 2
    ahead = (beyond[0] + beyond[1]) / 2 - middle
    ahead *= back_px * np.sqrt(1 - min(parting / 2, 1) ** 2) / max(float(np.hypot(*ahead)), 1e-6)
    return 2 * (back_px - _NEAR) - float(np.hypot(*(middle - ahead - one.points[0])))
