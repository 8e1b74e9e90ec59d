"""Where a crack goes on beyond what the heatmap marks: its faint ends, followed in the photo."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.evidence import Floats
from crackscope.inspection.line_ends import End, free_ends
from crackscope.inspection.skeleton import Line, Stretch
from crackscope.records import NORMAL_95
from crackscope.scoring import Heatmap

_STEP_PX, _STEPS, _BEAM = 3.0, 20, 12
"""Length of a step, how many a path has at most, and how many paths of an end are followed at once."""
_TURNS = np.radians(15.0) * np.arange(-3, 4)
_SETTING_OUT = np.radians(15.0) * np.arange(-4, 5)
"""How a path may turn from step to step, and at its first: the last px of a centre line point anywhere."""
_CONE = np.radians(75.0)
"""How far from where the crack pointed a path may lead at any time: none comes back beside the crack."""
_BEND = 0.15
"""What a turn of 15 degrees costs; one of 45 costs nine times as much."""
_REACH_PX = int(_STEPS * _STEP_PX) + 8
"""So much is seen around an end."""
_FINE_PX, _WIDE_PX = 1.0, 4.0
"""Deviations of the two Gaussians whose difference shows lines of 1 to some 6 px."""
_SHOWN, _CAP = 1.0, 2.5
"""How dark a faint crack is, in deviations of the surface; and what one step may gain or lose by it at most, so that a
single dark pore leads no path on."""
_COLD, _CHILL = 4.0, 3.0
"""So far below the threshold a cell may lie without harm; what each logit below that costs a step."""
_DROP, _ACCEPT = 1.5, 1.5
"""A path that has lost so much since its best is given up; one that gained so much in all is crack: odds of 4.5."""
_CLOSED = -9.0
"""What a step into what is crack already costs: more than any path gains."""
_NEAR_PX = 2
"""So near to a centre line all is crack already."""
_BORDER_PX = 3
"""An end so near to the photo's border has nowhere to go."""
_LEAST_STEPS, _SHORT_STEPS = 2, 6
"""One step may be the end's own blur; up to so many steps a path is too short to be told from others like it."""
_ELSEWHERE_PX, _CLEAR_PX, _MOSTLY, _ALIKE = 50, 4, 0.8, 0.9
"""A path is laid elsewhere up to so far off, so many px clear of itself, where so large a share of it is clear; it is
one of many where so large a share of what it shows is shown there, too."""
_PLAIN = 1.1
"""Mean of what a path shows, in deviations of the surface. The best paths through grain alone show .65 to .9 (15 of 960
such ends had one that was taken for crack), ends of cracks a tenth as dark as the surface 1.5 and more."""
_AT_ONCE = 64
"""Ends that are followed together, since each takes memory."""


class Sight(NamedTuple):
    """A photo uint8 [h, w, 3] RGB, its heatmap, the logit from which a cell is crack, and the crack pixels so far."""

    pixels: NDArray[np.uint8]
    heat: Heatmap
    threshold: float
    mask: NDArray[np.bool_]


def followed_ends(sight: Sight, lines: Sequence[Stretch]) -> list[Line]:
    """Lines float64 [k, 2] that go on from the free ends of centre lines, each from its end outwards.

    From each end paths of steps of 3 px are grown, the best dozen at a time. A step gains what the photo says of it,
    as a logarithm of a likelihood ratio: how dark the line is there (or pale, as the crack is), in deviations of the
    surface around. It loses for turning, and where the heatmap is cold; none enters what is crack already. A path ends
    where it was best, and counts if it gained enough in more than one step, which the blur of the end itself may fill,
    and if, where it is long, the surface shows nothing like it nearby: so none runs along a joint of many.
    """
    height, width = sight.mask.shape
    ends = [
        end
        for end in free_ends(lines)
        if min(end.point[0], end.point[1], width - 1 - end.point[0], height - 1 - end.point[1]) >= _BORDER_PX
    ]
    found: list[Line] = []
    points = np.concatenate([line.points for line in lines]) if lines else np.zeros((0, 2))
    # From top to bottom: what lies near an end is soon found.
    points = points[np.argsort(points[:, 1])]
    for first in range(0, len(ends), _AT_ONCE):
        some = [_around(sight, lines[end.place], end, points) for end in ends[first : first + _AT_ONCE]]
        found += _grown(some)
    return found


class _Around(NamedTuple):
    """What is seen around an end, float32 [s, s] each, the end in the middle.

    gain: of a path, at each pixel. shown: how much it looks like the crack, in deviations of the surface; 0 where a
    centre line runs already. seen: 1 where `shown` tells of the surface, else 0.
    """

    end: End
    gain: Floats
    shown: Floats
    seen: Floats


def _around(sight: Sight, line: Stretch, end: End, points: Line) -> _Around:
    import cv2

    height, width = sight.mask.shape
    x, y = (int(value) for value in np.rint(end.point))
    left, top = max(0, x - _REACH_PX), max(0, y - _REACH_PX)
    right, bottom = min(width, x + _REACH_PX + 1), min(height, y + _REACH_PX + 1)
    grey = cv2.cvtColor(np.ascontiguousarray(sight.pixels[top:bottom, left:right]), cv2.COLOR_RGB2GRAY)
    grey = grey.astype(np.float32)
    dark = cv2.GaussianBlur(grey, (0, 0), _WIDE_PX) - cv2.GaussianBlur(grey, (0, 0), _FINE_PX)
    own = np.rint((line.points if end.side == 0 else line.points[::-1])[:20]).astype(np.intp) - (left, top)
    own = own[((own >= 0) & (own < (right - left, bottom - top))).all(1)]
    sign = np.float32(1 if np.median(dark[own[:, 1], own[:, 0]]) >= 0 else -1)
    around = cv2.dilate(sight.mask[top:bottom, left:right].astype(np.uint8), np.ones((9, 9), np.uint8)) == 0
    shown = sign * dark / _deviation(dark[around] if around.any() else dark)
    gain = np.clip(np.float32(_SHOWN) * (shown - np.float32(_SHOWN / 2)), -_CAP, _CAP)
    logits = _cells(sight.heat, (left, top), grey.shape)
    gain += np.clip(_CHILL * (logits - np.float32(sight.threshold - _COLD)), _CLOSED, 0)
    free_px = 4 + 2 * float(line.half[0 if end.side == 0 else -1])
    near = slice(*np.searchsorted(points[:, 1], (top - 1, bottom + 1)))
    taken = _taken(points[near] - (left, top), (x - left, y - top), free_px, grey.shape)
    gain[taken] = _CLOSED
    window = (top - y + _REACH_PX, bottom - y + _REACH_PX, left - x + _REACH_PX, right - x + _REACH_PX)
    seen = np.where(taken, np.float32(0), np.float32(1))
    return _Around(end, _placed(gain, window, _CLOSED), _placed(shown * seen, window, 0.0), _placed(seen, window, 0.0))


def _cells(heat: Heatmap, corner: tuple[int, int], shape: tuple[int, ...]) -> Floats:
    """The logit of the cell that each pixel of a window lies in: a crack's heat does not reach into cold cells."""
    x, y = (np.arange(start, start + count) // heat.stride for start, count in zip(corner, shape[::-1], strict=True))
    rows, columns = heat.logits.shape
    return np.asarray(heat.logits[np.ix_(np.minimum(y, rows - 1), np.minimum(x, columns - 1))], np.float32)


def _placed(field: Floats, window: tuple[int, int, int, int], outside: float) -> Floats:
    out = np.full((2 * _REACH_PX + 1, 2 * _REACH_PX + 1), outside, np.float32)
    out[window[0] : window[1], window[2] : window[3]] = field
    return out


def _deviation(values: Floats) -> np.float32:
    """Half of what 95 % of the values lie within, so that joints and pores count and not the grain alone."""
    return np.float32(np.percentile(np.abs(values - np.median(values)), 95) / NORMAL_95 + 0.5)


def _taken(points: Line, end: tuple[int, int], free_px: float, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Where a centre line runs already, away from the end that is followed."""
    import cv2

    out = np.zeros(shape, np.uint8)
    here = np.rint(points).astype(np.intp)
    here = here[((here >= 0) & (here < shape[::-1])).all(1)]
    away = np.hypot(here[:, 0] - end[0], here[:, 1] - end[1])
    here = here[away > free_px]
    out[here[:, 1], here[:, 0]] = 1
    return np.asarray(cv2.dilate(out, np.ones((2 * _NEAR_PX + 1, 2 * _NEAR_PX + 1), np.uint8)) > 0)


@dataclass(slots=True, eq=False)
class _Beam:
    """The tips of the paths that are still followed.

    owner: the end that each goes out from. at: float64 [n, 2], px from it. angle: the way it goes. total: its gain so
    far. peak: the largest that it had. before: its place in the beam one step earlier.
    """

    owner: NDArray[np.intp]
    at: Line
    angle: NDArray[np.float64]
    total: NDArray[np.float64]
    peak: NDArray[np.float64]
    before: NDArray[np.intp]

    def only(self, some: NDArray[np.intp]) -> "_Beam":
        return _Beam(*(getattr(self, name)[some] for name in ("owner", "at", "angle", "total", "peak", "before")))


@dataclass(slots=True, eq=False)
class _Best:
    """The best tip of each end: its gain, and its place: how many steps out, and where in the beam of that step."""

    gain: NDArray[np.float64]
    step: NDArray[np.intp]
    place: NDArray[np.intp]
    beams: list[_Beam] = field(default_factory=list)

    def note(self, beam: _Beam) -> None:
        self.beams.append(beam)
        # Of each end the first is the best: the beam is sorted so.
        owners, first = np.unique(beam.owner, return_index=True)
        better = beam.total[first] > self.gain[owners]
        owners, first = owners[better], first[better]
        self.gain[owners], self.step[owners], self.place[owners] = beam.total[first], len(self.beams) - 1, first

    def path(self, owner: int) -> Line:
        """The best path of an end, to where it was best.

        Its last steps may gain next to nothing and belong to it all the same: without them, of 45 thin cracks whose
        length was more than 5 % off, 40 were too short.
        """
        place, points = int(self.place[owner]), []
        for beam in self.beams[self.step[owner] :: -1]:
            points.append(beam.at[place])
            place = int(beam.before[place])
        return np.array(points[::-1])


def _grown(around: Sequence[_Around]) -> list[Line]:
    """The paths out of ends that gain enough."""
    count, gains = len(around), np.stack([one.gain for one in around])
    heading = np.array([np.arctan2(one.end.way[1], one.end.way[0]) for one in around])
    zeros, whole = np.zeros(count), np.arange(count)
    beam = _Beam(whole, np.zeros((count, 2)), heading, zeros, zeros, whole)
    best = _Best(np.full(count, float(_ACCEPT)), np.full(count, -1), np.zeros(count, np.intp))
    best.beams.append(beam)
    for step in range(_STEPS):
        beam = _kept(_stepped(beam, gains, heading, _TURNS if step else _SETTING_OUT))
        if not len(beam.owner):
            break
        best.note(beam)
    found = [(around[owner], best.path(owner)) for owner in np.flatnonzero(best.step >= _LEAST_STEPS).tolist()]
    return [path + one.end.point for one, path in found if _told_from_surface(one, path)]


def _told_from_surface(around: _Around, path: Line) -> bool:
    """Whether a path shows more than the best of many through mere grain does, and, if it is long, is alone."""
    places = np.rint(path[1:]).astype(np.intp) + _REACH_PX
    places = np.concatenate([places, (places[1:] + places[:-1]) // 2])
    own = float(around.shown[places[:, 1], places[:, 0]].mean())
    return own >= _PLAIN and (len(path) <= _SHORT_STEPS or not _repeated(around, path, places, own))


def _repeated(around: _Around, path: Line, places: NDArray[np.intp], own: float) -> bool:
    """Whether the surface shows the same path again nearby: then it is a joint of many.

    The path is laid elsewhere, at every offset up to 50 px that is clear of it and of other lines, and what is shown
    under it compared with what is shown where it was found, `own`.
    """
    import cv2

    side = len(around.seen)
    line = np.zeros((side, side), np.uint8)
    cv2.polylines(line, [(np.rint(path) + _REACH_PX).astype(np.int32)], False, 1, 2 * _CLEAR_PX + 1)
    clear = around.seen * (line == 0)
    offset = np.arange(-_ELSEWHERE_PX, _ELSEWHERE_PX + 1, 2)
    y, x = np.meshgrid(offset, offset, indexing="ij")
    x, y = x.reshape(-1, 1) + places[:, 0], y.reshape(-1, 1) + places[:, 1]
    inside = ((x >= 0) & (y >= 0) & (x < side) & (y < side)).all(1)
    weight = clear[y[inside], x[inside]]
    shown = (around.shown[y[inside], x[inside]] * weight).sum(1) / np.maximum(weight.sum(1), 1)
    shown = shown[weight.mean(1) > _MOSTLY]
    return bool(len(shown) and shown.max() > _ALIKE * own)


def _stepped(beam: _Beam, gains: Floats, heading: NDArray[np.float64], turns: NDArray[np.float64]) -> _Beam:
    """All tips one step on, in all directions."""
    before = np.repeat(np.arange(len(beam.owner)), len(turns))
    turn = np.tile(turns, len(beam.owner))
    angle = beam.angle[before] + turn
    off = (angle - heading[beam.owner[before]] + np.pi) % (2 * np.pi) - np.pi
    ahead = np.abs(off) < _CONE
    before, turn, angle = before[ahead], turn[ahead], angle[ahead]
    owner, way = beam.owner[before], np.stack([np.cos(angle), np.sin(angle)], 1) * _STEP_PX
    gain = -_BEND * (turn / _TURNS[-1] * 3) ** 2
    for share in (1 / 3, 2 / 3, 1.0):
        x, y = (np.rint(beam.at[before] + share * way).astype(np.intp) + gains.shape[1] // 2).T
        gain += gains[owner, y, x] / 3
    total = beam.total[before] + gain
    return _Beam(owner, beam.at[before] + way, angle, total, np.maximum(beam.peak[before], total), before)


def _kept(beam: _Beam) -> _Beam:
    """The best tips of each end, one a pixel, those left out that have lost too much; sorted, the best first."""
    some = np.flatnonzero(beam.total > beam.peak - _DROP)
    some = some[np.lexsort((-beam.total[some], beam.owner[some]))]
    place = np.rint(beam.at[some]).astype(np.int64) + _REACH_PX
    key = (beam.owner[some] * (2 * _REACH_PX + 1) + place[:, 1]) * (2 * _REACH_PX + 1) + place[:, 0]
    _, first = np.unique(key, return_index=True)
    some = some[np.sort(first)]
    _, begin, number = np.unique(beam.owner[some], return_index=True, return_inverse=True)
    return beam.only(some[np.arange(len(some)) - begin[number] < _BEAM])
