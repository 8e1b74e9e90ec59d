"""Rings with holes as rings without, for formats whose polygons cannot have any.

A ring is cut open along a line of no width to each of its holes, and what goes around it then goes into the hole, once
around it the other way, and back along the same line (a keyhole polygon, as for cutting ears; D. Eberly, Triangulation
by Ear Clipping, 2002).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crackscope.records import Point

Ring = tuple[Point, ...]
_Points = NDArray[np.float64]
_Entered = dict[int, list[tuple[Point, Ring]]]
"""By the corner that an edge begins at: the places on it that cuts lead to, each with the loop that comes from it."""
_ASKED = 9
"""So many corners of a hole say which ring holds it: one may lie outside, as thin cracks' rings are simplified."""


def keyholed(rings: Sequence[Ring], holes: Sequence[Ring]) -> list[Ring]:
    """The rings, each cut open to the holes that it holds; those without holes as they are."""
    if not holes:
        return list(rings)
    corners = [np.asarray(ring, np.float64) for ring in rings]
    boxes = np.array([(*ring.min(0), *ring.max(0)) for ring in corners])
    held: list[list[Ring]] = [[] for _ in rings]
    for hole in holes:
        held[_holder(np.asarray(hole, np.float64), corners, boxes)].append(hole)
    return [_opened(ring, inside) if inside else ring for ring, inside in zip(rings, held, strict=True)]


def _holder(hole: _Points, rings: Sequence[_Points], boxes: _Points) -> int:
    """The smallest ring around most of a hole; the largest of all where there is none."""
    asked = hole[:: -(-len(hole) // _ASKED)]
    middle = np.median(hole, axis=0)
    near = np.flatnonzero((boxes[:, :2] <= middle).all(1) & (middle <= boxes[:, 2:]).all(1)).tolist()
    around = [at for at in near if 2 * _holds(rings[at], asked) > len(asked)]
    if around:
        return min(around, key=lambda at: abs(_doubled_area(rings[at])))
    return max(range(len(rings)), key=lambda at: abs(_doubled_area(rings[at])))


def _holds(ring: _Points, places: _Points) -> int:
    """How many of these places a ring goes around: the edges left of each are odd in number."""
    below = ring[:, 1] <= places[:, 1:]
    of, met = np.nonzero(below != np.roll(below, -1, axis=1))
    left = _crossings(ring, met, places[of, 1]) < places[of, 0]
    return int(np.count_nonzero(np.bincount(of[left], minlength=len(places)) % 2))


def _doubled_area(ring: _Points) -> float:
    """Twice the area, positive where the ring runs clockwise as it is seen, y down."""
    x, y = (ring - ring[0]).T
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))


def _opened(ring: Ring, holes: Sequence[Ring]) -> Ring:
    """One ring, cut open to the holes in it.

    A cut runs level from a hole's leftmost corner to what lies left of it first: the ring, or a hole that is cut open
    by itself. So no cut crosses a ring, nor another cut.
    """
    clockwise = _doubled_area(np.asarray(ring, np.float64)) > 0
    loops = [ring, *sorted((_begun(hole, not clockwise) for hole in holes), key=lambda hole: hole[0])]
    corners = [np.asarray(loop, np.float64) for loop in loops]
    boxes = np.array([(*loop.min(0), *loop.max(0)) for loop in corners])
    entered: list[_Entered] = [{} for _ in loops]
    # From the right to the left: what is cut into a hole is there before the hole itself is led on.
    for at in range(len(loops) - 1, 0, -1):
        into, edge, place = _left_of(corners, boxes, at)
        whole = _joined(loops[at], entered[at])
        entered[into].setdefault(edge, []).append((place, (*whole, whole[0])))
    return _joined(ring, entered[0])


def _begun(hole: Ring, clockwise: bool) -> Ring:
    """A hole's ring from its leftmost corner on, running this way."""
    first = hole.index(min(hole))
    begun = (*hole[first:], *hole[:first])
    return begun if (_doubled_area(np.asarray(hole)) > 0) == clockwise else (begun[0], *begun[:0:-1])


def _left_of(loops: Sequence[_Points], boxes: _Points, own: int) -> tuple[int, int, Point]:
    """What a level line from the first corner of loop `own` to the left meets first: the loop, the corner that its edge
    begins at, and the place. Loops come from the left to the right, so it is one before.

    boxes: left, top, right and bottom of each loop.
    """
    x, y = loops[own][0].tolist()
    best = (-np.inf, 0, 0)
    level = np.flatnonzero((boxes[:own, 1] <= y) & (y <= boxes[:own, 3]))
    # Those that reach farthest to the right first: most others end left of what is found by then. A px of room is left
    # for what rounding does to a place.
    for at in level[np.argsort(-boxes[level, 2])].tolist():
        if boxes[at, 2] < best[0] - 1:
            break
        met = _met(loops[at], y)
        across = _crossings(loops[at], met, y)
        across = np.where(across < x, across, -np.inf)
        if len(across):
            best = max(best, (float(across.max()), -at, int(met[across.argmax()])))
    there, loop, edge = best
    if there == -np.inf:
        # A hole that reaches out of a thin crack: led to the nearest corner, whose cut encloses nothing either.
        near = int(np.hypot(*(loops[0] - (x, y)).T).argmin())
        return 0, near, (float(loops[0][near, 0]), float(loops[0][near, 1]))
    return -loop, edge, (round(there, 2), y)


def _met(loop: _Points, y: float) -> NDArray[np.intp]:
    """The edges that a level line meets, by the corner that each begins at; a corner between two is met once."""
    below = loop[:, 1] <= y
    return np.flatnonzero(below != np.roll(below, -1))


def _crossings(loop: _Points, met: NDArray[np.intp], y: float | _Points) -> _Points:
    """Where a level line, or one for each, meets these edges, px from the left."""
    (x1, y1), (x2, y2) = loop[met].T, loop[(met + 1) % len(loop)].T
    return np.asarray(x1 + (x2 - x1) * ((y - y1) / (y2 - y1)), np.float64)


def _joined(ring: Ring, entered: _Entered) -> Ring:
    """A ring with what is cut into its edges: to the place there, the loop, and back."""
    out: list[Point] = []
    for at, corner in enumerate(ring):
        out.append(corner)
        cuts = entered.get(at, [])
        for place, loop in sorted(cuts, key=lambda cut: np.hypot(cut[0][0] - corner[0], cut[0][1] - corner[1])):
            out += [place, *loop, place]
    return tuple(out)
