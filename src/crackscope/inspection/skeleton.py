"""The skeleton of crack pixels, as lines between ends and junctions."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.evidence import without_specks
from crackscope.inspection.groups import Groups, cells_of, inside
from crackscope.inspection.islands import without_islands
from crackscope.inspection.window import Window

Line = NDArray[np.float64]
"""float64 [k, 2]: x and y of points in px, neighbours about 1 px apart."""

_TILE_PX, _HALO_PX = 512, 64
"""Side of the tiles that are thinned one by one, and what is seen around each."""
_BORDER_PX = 8
"""Margin around what is seen of a crack; beyond the photo's border it is continued so far at least."""
_BAND_PX = 96
"""Rows that are thinned at a time, margins apart."""
_SPECK_PX, _HOLE_PX = 6, 60
"""Pixels below which what stands alone, and a hole, is left out before the thinning."""
_AROUND = [(-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1)]
"""Steps in x and y to the pixels around one."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """A line of the skeleton between two nodes.

    points: float64 [k, 2]. half: float64 [k], distance to the mask's edge there, px. nodes: numbers of the nodes at
    its two ends; a free end has a node of its own. owners: the groups that it runs through.
    """

    points: Line
    half: NDArray[np.float64]
    nodes: tuple[int, int]
    owners: frozenset[int] = frozenset()


def meeting_of(lines: Sequence[Stretch]) -> dict[int, list[int]]:
    """The places of the lines that meet at each node."""
    found: dict[int, list[int]] = defaultdict(list)
    for place, line in enumerate(lines):
        found[line.nodes[0]].append(place)
        found[line.nodes[1]].append(place)
    return found


def group_mask(mask: NDArray[np.bool_], groups: Groups, number: int, window: Window) -> NDArray[np.bool_]:
    """The pixels of group `number` in a window whose corner lies on the grid of cells."""
    cells = groups.labels[cells_of(window)]
    part = window.of(mask)
    return part & inside(cells == number, part.shape)


def lines_of(mask: NDArray[np.bool_], groups: Groups, number: int) -> list[Stretch]:
    """The lines of a group's skeleton; their nodes are numbered from 0 on."""
    owners = frozenset([number])
    return [Stretch(line.points, line.half, line.nodes, owners) for line in trace(*skeleton_of(mask, groups, number))]


def skeleton_of(mask: NDArray[np.bool_], groups: Groups, number: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The skeleton pixels of a group: x and y int64 [k, 2], and half the mask's width at each, float64 [k].

    Thinning after Zhang and Suen (1984) looks only as far as the crack is wide, so tiles with a margin give what the
    whole would give, and a crack across a large photo costs no more than its own pixels.
    """
    import cv2

    whole = groups.windows[number - 1]
    places, halves = [], []
    for window, seen in _tiles(whole, mask.shape):
        if not (groups.labels[cells_of(window)] == number).any():
            continue
        part, (left, top) = _seen(group_mask(mask, groups, number, seen), seen, mask.shape)
        part = _tidy(without_islands(part))
        away = cv2.distanceTransform(part.view(np.uint8), cv2.DIST_L2, 5)
        rows, columns = np.nonzero(_thinned(part, float(away.max())))
        x, y = columns + (left + seen.left), rows + (top + seen.top)
        kept = (x >= window.left) & (x < window.right) & (y >= window.top) & (y < window.bottom)
        places.append(np.stack([x[kept], y[kept]], 1).astype(np.int64))
        # Where all that is seen is crack, there is no edge to be near to.
        halves.append(np.minimum(away[rows[kept], columns[kept]], _HALO_PX).astype(np.float64))
    if not places:
        return np.zeros((0, 2), np.int64), np.zeros(0)
    return np.concatenate(places), np.concatenate(halves)


def _seen(part: NDArray[np.bool_], window: Window, shape: tuple[int, ...]) -> tuple[NDArray[np.bool_], tuple[int, int]]:
    """What is not empty of a window with the crack continued beyond it, a margin around it, and x and y of its corner.

    Beyond the border of a photo of `shape` the crack goes on, as far as it is wide by half: an edge there would end its
    middle line too soon, and lead it into the corners. Elsewhere the window is larger than what is asked of it.
    """
    import cv2

    far = near = _BORDER_PX
    ends = (window.top == 0, window.bottom == shape[0], window.left == 0, window.right == shape[1])
    if any(ends):
        half = float(cv2.distanceTransform(part.view(np.uint8), cv2.DIST_L2, 3).max())
        far = min(max(_BORDER_PX, int(half) + 2), _HALO_PX)
    above, below, before, behind = (far if end else near for end in ends)
    longer = cv2.copyMakeBorder(part.view(np.uint8), above, below, before, behind, cv2.BORDER_REPLICATE)
    left, top, width, height = cv2.boundingRect(longer)
    first, last = (max(0, left - near), max(0, top - near)), (left + width + near, top + height + near)
    some = np.ascontiguousarray(longer[first[1] : last[1], first[0] : last[0]])
    return some.view(np.bool_), (first[0] - before, first[1] - above)


def _tiles(whole: Window, shape: tuple[int, ...]) -> list[tuple[Window, Window]]:
    """Windows that tile a window, each with the larger one that it must be seen in."""
    found = []
    for top in range(whole.top, whole.bottom, _TILE_PX):
        for left in range(whole.left, whole.right, _TILE_PX):
            window = Window(left, top, min(left + _TILE_PX, whole.right), min(top + _TILE_PX, whole.bottom))
            found.append((window, window.around(_HALO_PX, shape)))
    return found


def _thinned(part: NDArray[np.bool_], half: float) -> NDArray[np.bool_]:
    """The skeleton of a mask bool [h, w], whose pixels are no farther than `half` px from its edge.

    It is looked for in bands with a margin, each no wider than its pixels are spread: most of what a crack runs across
    is empty, and each turn of the thinning looks at all of it.
    """
    import cv2
    from skimage import morphology

    thin: Callable[[NDArray[np.bool_]], NDArray[np.bool_]] = morphology.skeletonize
    # A turn takes away a pixel of every border at most, and what it does is seen one pixel farther in the next.
    margin = int(4 * half) + 16
    if len(part) <= _BAND_PX + 2 * margin:
        return thin(part)
    out = np.zeros_like(part)
    for top in range(0, len(part), _BAND_PX):
        first = max(0, top - margin)
        band = part[first : top + _BAND_PX + margin]
        left, _, width, _ = cv2.boundingRect(band.view(np.uint8))
        found = thin(band[:, left : left + width]) if width else band[:, :0]
        out[top : top + _BAND_PX, left : left + width] = found[top - first : top - first + _BAND_PX]
    return out


def _tidy(part: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Smooth the border where the crack is wide: each notch would give the skeleton a spur, each hole a loop."""
    import cv2

    closed = without_specks(part, _SPECK_PX, _HOLE_PX).view(np.uint8)
    # Without its corners: what lies 2.5 px from any edge.
    inner = np.ones((5, 5), np.uint8)
    inner[::4, ::4] = 0
    wide = cv2.erode(closed, inner)
    if not wide.any():
        return closed.view(np.bool_)
    near = cv2.dilate(wide, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (11, 11)))
    smooth = cv2.blur(closed * np.uint8(255), (7, 7)) > 127
    # Where what is smoothed meets what is not, pinholes open, and the line would run around them on both sides.
    return without_specks(np.where(near > 0, smooth, closed.view(np.bool_)), 0, _HOLE_PX)


def trace(places: NDArray[np.int64], half: NDArray[np.float64]) -> list[Stretch]:
    """Lines through skeleton pixels [k, 2], from node to node; a node is an end or a cluster of junction pixels."""
    if not len(places):
        return []
    near = _neighbours(places)
    degree = np.fromiter(map(len, near), np.int64, len(near))
    cluster = _clusters(near, degree)
    ends = np.flatnonzero((degree <= 1) & (cluster < 0)).tolist()
    # As a list: they are asked for one by one.
    taken = (cluster >= 0).tolist()
    fresh = int(cluster.max(initial=-1)) + 1
    lines: list[Stretch] = []
    middles = _middles(places, cluster)
    starts = [(i, j) for i in np.flatnonzero(cluster >= 0).tolist() for j in near[i] if not taken[j]]
    starts += [(-1, i) for i in ends]
    for before, first in starts:
        if taken[first]:
            continue
        chain, after = _walk(first, before, near, taken)
        nodes = [fresh, fresh + 1]
        head = tail = None
        if before >= 0:
            nodes[0], head = int(cluster[before]), middles[cluster[before]]
        if after >= 0 and cluster[after] >= 0:
            nodes[1], tail = int(cluster[after]), middles[cluster[after]]
        fresh += 2
        lines.append(_stretch(places[chain], half[chain], (head, tail), (nodes[0], nodes[1])))
    lines += _rings(places, half, near, (taken, fresh))
    return lines


def _neighbours(places: NDArray[np.int64]) -> list[list[int]]:
    """The skeleton pixels around each; a diagonal step that two straight ones replace is none."""
    reach = int(places[:, 0].max()) + 3
    key = (places[:, 1] + 1) * reach + places[:, 0] + 1
    order = np.argsort(key)
    ordered = key[order]

    def beside(dx: int, dy: int) -> NDArray[np.int64]:
        """The number of the pixel at this offset from each, -1 where there is none."""
        wanted = key + dy * reach + dx
        found = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)
        return np.where(ordered[found] == wanted, order[found], -1)

    straight = {offset: beside(*offset) for offset in ((1, 0), (-1, 0), (0, 1), (0, -1))}
    table = np.empty((len(places), len(_AROUND)), np.int64)
    for column, (dx, dy) in enumerate(_AROUND):
        if dx and dy:
            free = (straight[dx, 0] < 0) & (straight[0, dy] < 0)
            table[:, column] = np.where(free, beside(dx, dy), -1)
        else:
            table[:, column] = straight[dx, dy]
    there = table >= 0
    found = table[there].tolist()
    ends = np.cumsum(there.sum(1)).tolist()
    return [found[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]


def _clusters(near: list[list[int]], degree: NDArray[np.int64]) -> NDArray[np.int64]:
    """The number of the junction that each pixel belongs to, -1 for none."""
    cluster = np.full(len(near), -1, np.int64)
    count = 0
    for start in np.flatnonzero(degree > 2).tolist():
        if cluster[start] >= 0:
            continue
        stack = [start]
        while stack:
            here = stack.pop()
            if cluster[here] < 0:
                cluster[here] = count
                stack += [other for other in near[here] if degree[other] > 2 and cluster[other] < 0]
        count += 1
    return cluster


def _middles(places: NDArray[np.int64], cluster: NDArray[np.int64]) -> Line:
    count = int(cluster.max(initial=-1)) + 1
    some = cluster >= 0
    size = np.maximum(np.bincount(cluster[some], minlength=count), 1)
    sums = [np.bincount(cluster[some], places[some, axis], count) / size for axis in (0, 1)]
    return np.stack(sums, 1) if count else np.zeros((0, 2))


def _walk(first: int, before: int, near: list[list[int]], taken: list[bool]) -> tuple[list[int], int]:
    """Follow a line from pixel `first` on; returns its pixels and the junction pixel at its end, or -1."""
    chain, here, last = [first], first, before
    own = {first}
    while True:
        free = end = -1
        for other in near[here]:
            if other == last or other in own:
                continue
            if not taken[other]:
                free = other
                break
            if end < 0:
                end = other
        if free < 0:
            for pixel in chain:
                taken[pixel] = True
            return chain, end
        last, here = here, free
        chain.append(here)
        own.add(here)


def _stretch(
    places: NDArray[np.int64],
    half: NDArray[np.float64],
    ends: tuple[NDArray[np.float64] | None, NDArray[np.float64] | None],
    nodes: tuple[int, int],
) -> Stretch:
    """A line through these pixels; ends: float64 [2] each, the middles of the junctions that it runs on to, if any."""
    points, wide = places.astype(np.float64), half
    if ends[0] is not None:
        points, wide = np.concatenate([ends[0][None], points]), np.concatenate([wide[:1], wide])
    if ends[1] is not None:
        points, wide = np.concatenate([points, ends[1][None]]), np.concatenate([wide, wide[-1:]])
    return Stretch(points, wide, nodes)


def _rings(
    places: NDArray[np.int64], half: NDArray[np.float64], near: list[list[int]], left: tuple[list[bool], int]
) -> list[Stretch]:
    """Closed lines without any junction; they are cut somewhere."""
    taken, fresh = left
    found = []
    for start in range(len(places)):
        if taken[start]:
            continue
        chain, _ = _walk(start, -1, near, taken)
        found.append(_stretch(places[chain], half[chain], (None, None), (fresh, fresh + 1)))
        fresh += 2
    return found
