"""Centre lines of cracks: spurs cut off, gaps bridged where the crack plainly goes on, staircases smoothed away."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.groups import Groups
from crackscope.inspection.line_ends import End, free_ends
from crackscope.inspection.polylines import length_of
from crackscope.inspection.skeleton import Stretch, lines_of, meeting_of
from crackscope.inspection.stray_lines import without_companions, without_crumbs
from crackscope.inspection.window import Window

_SPUR_PX = 3.0
"""So much longer than the notch that it comes from a spur may be."""
_NOTCH = 0.5
"""Share of half the width by which a notch may reach beyond the edge."""
_NEAR_NODE_PX = 16
"""Points of the lines at a node, beyond the crack's width there, that tell how wide the crack is."""


@dataclass(frozen=True, slots=True)
class Joining:
    """What makes one line of several.

    gap_px: free ends that face each other over no more than this are joined. turn_deg: how far a crack may turn at
    either end of such a gap. crumb_px: lines that hang on nothing and are shorter are no part of the centre line.
    """

    gap_px: float = 12.0
    turn_deg: float = 45.0
    crumb_px: float = 14.0


JOINING = Joining()


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """The centre lines of one zone. junctions: the nodes where three or more lines meet."""

    lines: tuple[Stretch, ...]
    junctions: tuple[int, ...]

    @property
    def owners(self) -> frozenset[int]:
        """The groups that the zone is made of."""
        return frozenset[int]().union(*(line.owners for line in self.lines))


class Own(NamedTuple):
    """The lines of a group, their nodes numbered from 0 on, and how many numbers they take."""

    lines: tuple[Stretch, ...]
    nodes: int


def own_lines(
    mask: NDArray[np.bool_], groups: Groups, joining: Joining = JOINING, known: Mapping[Window, Own] | None = None
) -> tuple[Own, ...]:
    """The lines of each group of a mask bool [h, w], without those that join groups.

    known: of groups that are what they were when their lines were looked for, by where they are.
    """
    known = known or {}
    return tuple(
        known[window] if window in known else _own(mask, groups, number, joining)
        for number, window in enumerate(groups.windows, 1)
    )


def _own(mask: NDArray[np.bool_], groups: Groups, number: int, joining: Joining) -> Own:
    lines = pruned(lines_of(mask, groups, number), mask.shape)
    nodes = max((node + 1 for line in lines for node in line.nodes), default=0)
    return Own(tuple(without_companions(without_crumbs(bridged(lines, joining), joining.crumb_px))), nodes)


def centre_lines(owned: Sequence[Own], joining: Joining = JOINING) -> list[Stretch]:
    """The centre lines of a mask, from those of its groups in their order, each a line from node to node."""
    lines: list[Stretch] = []
    first = 0
    for number, own in enumerate(owned, 1):
        for line in own.lines:
            nodes = (line.nodes[0] + first, line.nodes[1] + first)
            lines.append(Stretch(line.points, line.half, nodes, frozenset([number])))
        first += own.nodes
    return bridged(lines, joining)


def pruned(stretches: Sequence[Stretch], shape: tuple[int, ...]) -> list[Stretch]:
    """Cut off spurs that are no longer than the crack is wide, and join what then goes through.

    Of several at a node the shortest goes first, and those that end at the border of the photo, of `shape`, after all
    others: the crack goes on there.
    """
    lines = [line for line in stretches if not _eyelet(line)]
    while True:
        meeting = meeting_of(lines)
        spurs: dict[int, tuple[bool, float, int]] = {}
        for place, line in enumerate(lines):
            for end, other in (line.nodes, line.nodes[::-1]):
                if len(meeting[end]) == 1 and len(meeting[other]) > 2:
                    spur = _ending(line, other)
                    beside = [_starting(lines[one], other) for one in meeting[other] if one != place]
                    long = length_of(spur.points)
                    if long < _longest_spur(spur, beside):
                        found = (_at_border(spur.points[0], shape), long, place)
                        spurs[other] = min(spurs.get(other, found), found)
        gone = {place for *_, place in spurs.values()}
        lines = _passed_through([line for place, line in enumerate(lines) if place not in gone])
        if not gone:
            return lines


def _longest_spur(spur: Stretch, beside: Sequence[Stretch]) -> float:
    """How long a line that ends at a node may be to be a notch in the crack's edge, given the lines that set out there.

    From the middle of the crack to its edge, and as far again as a quarter of its width; near the edge, where notches
    fork, what tells the width is the crack that they lead to.
    """
    here = float(spur.half[-1])
    near = int(2 * here) + _NEAR_NODE_PX
    return here + _NOTCH * max(here, *(float(line.half[:near].max()) for line in beside)) + _SPUR_PX


def _at_border(point: NDArray[np.float64], shape: tuple[int, ...]) -> bool:
    x, y = point
    return bool(min(x, y, shape[1] - 1 - x, shape[0] - 1 - y) < 1)


def _eyelet(line: Stretch) -> bool:
    """A loop around a pinhole, or a point."""
    loop = line.nodes[0] == line.nodes[1]
    return loop and length_of(line.points) < 8 + 6 * float(line.half.max(initial=0))


def _passed_through(lines: list[Stretch]) -> list[Stretch]:
    """Join the two lines of every node at which only two are left."""
    alive: dict[int, Stretch] = dict(enumerate(lines))
    meeting = {node: list(places) for node, places in meeting_of(lines).items()}
    for node, places in meeting.items():
        if len(places) != 2 or places[0] == places[1]:
            continue
        first, second = places
        merged = _joined(_ending(alive.pop(first), node), _starting(alive.pop(second), node))
        alive[first] = merged
        for end in merged.nodes:
            meeting[end] = [first if place == second else place for place in meeting[end]]
    return list(alive.values())


def _turned(line: Stretch) -> Stretch:
    return Stretch(line.points[::-1], line.half[::-1], line.nodes[::-1], line.owners)


def _ending(line: Stretch, node: int) -> Stretch:
    return line if line.nodes[1] == node else _turned(line)


def _starting(line: Stretch, node: int) -> Stretch:
    return line if line.nodes[0] == node else _turned(line)


def _joined(first: Stretch, second: Stretch) -> Stretch:
    return Stretch(
        np.concatenate([first.points, second.points[1:]]),
        np.concatenate([first.half, second.half[1:]]),
        (first.nodes[0], second.nodes[1]),
        first.owners | second.owners,
    )


def bridged(lines: Sequence[Stretch], joining: Joining) -> list[Stretch]:
    """Join free ends that face each other over a small gap, without turning much at either end."""
    from scipy.spatial import cKDTree

    ends = free_ends(lines)
    if len(ends) < 2:
        return list(lines)
    tree = cKDTree(np.array([end.point for end in ends]))
    found = []
    for a, b in tree.query_pairs(joining.gap_px):
        way = ends[b].point - ends[a].point
        away = float(np.hypot(*way))
        straight = min(_along(ends[a].way, way), _along(ends[b].way, -way)) if away > 1 else 1.0
        if straight > np.cos(np.radians(joining.turn_deg)) and ends[a].place != ends[b].place:
            found.append((away / straight, a, b))
    out, owner, used = list(lines), {i: i for i in range(len(lines))}, set[int]()
    for _, a, b in sorted(found):
        if a in used or b in used:
            continue
        used |= {a, b}
        out = _bridge(out, owner, (ends[a], ends[b]))
    return [line for place, line in enumerate(out) if owner[place] == place]


def _along(way: NDArray[np.float64], step: NDArray[np.float64]) -> float:
    return float(way @ step / max(float(np.hypot(*step)), 1e-9))


def _bridge(out: list[Stretch], owner: dict[int, int], ends: tuple[End, End]) -> list[Stretch]:
    """Join two ends; lines that were joined before are found through `owner`."""

    def root(place: int) -> int:
        while owner[place] != place:
            place = owner[place]
        return place

    first, second = root(ends[0].place), root(ends[1].place)
    if first == second:
        return out
    a = out[first] if np.array_equal(out[first].points[-1], ends[0].point) else _turned(out[first])
    b = out[second] if np.array_equal(out[second].points[0], ends[1].point) else _turned(out[second])
    away = float(np.hypot(*(b.points[0] - a.points[-1])))
    share = np.linspace(0, 1, max(2, round(away) + 1))[1:-1, None]
    between = a.points[-1] * (1 - share) + b.points[0] * share
    half = np.full(len(between), min(a.half[-1], b.half[0]))
    out[first] = Stretch(
        np.concatenate([a.points, between, b.points]),
        np.concatenate([a.half, half, b.half]),
        (a.nodes[0], b.nodes[1]),
        a.owners | b.owners,
    )
    owner[second] = first
    return out


def connected(lines: Sequence[Stretch]) -> list[Network]:
    """Sort lines into zones: what lies in one group, and groups that a bridged line joins."""
    parent: dict[int, int] = {}

    def root(group: int) -> int:
        parent.setdefault(group, group)
        while parent[group] != group:
            parent[group] = parent[parent[group]]
            group = parent[group]
        return group

    for line in lines:
        first, *others = sorted(line.owners)
        for other in others:
            parent[root(other)] = root(first)
    found: dict[int, list[Stretch]] = defaultdict(list)
    for line in lines:
        found[root(min(line.owners))].append(line)
    meeting = meeting_of(lines)
    return [
        Network(tuple(group), tuple(node for node in _nodes(group) if len(meeting[node]) > 2))
        for group in found.values()
    ]


def _nodes(lines: Sequence[Stretch]) -> list[int]:
    return sorted({node for line in lines for node in line.nodes})
