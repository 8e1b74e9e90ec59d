"""Which pairs of pictures are worth the exact test, without comparing all with all.

Every print's description, reduced to its 24 strongest directions, goes into a k-d tree once; then every print asks for
its nearest few, as it is and in each of its crops. The number of answers is bounded, so time and memory grow as n log n
whatever the pictures are: a picture whose every answer is near asks again for more, up to 64.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .checking import FLOOR, Indices, alike_in_any_position, alike_when_cropped
from .prints import CROPS, Floats, describe, texture_contrast

_DIRECTIONS: Final = 24
_NEAR: Final = 0.2
_FIRST: Final = 8
_MOST: Final = 64
_SAMPLE: Final = 20_000
_SLICE: Final = 16_384
# Grey. From here on a cell is burnt out, or about to be when the picture is brightened by the gains below.
_WHITE: Final = 249.0
_GAINS: Final = (1.1, 1.2, 1.3, 1.42)
_THREADS: Final = 2


class Directions(NamedTuple):
    """The strongest directions of a set of descriptions: middle [63] and axes [63, 24]."""

    middle: Floats
    axes: Floats

    def along(self, descriptions: Floats) -> Floats:
        """Descriptions [n, 63] reduced to [n, 24]; no distance grows."""
        return (descriptions - self.middle) @ self.axes


def _directions(descriptions: Floats) -> Directions:
    sample = descriptions[:: max(1, len(descriptions) // _SAMPLE)]
    middle = sample.mean(axis=0)
    spread = (sample - middle).T @ (sample - middle)
    _, axes = np.linalg.eigh(spread.astype(np.float64))
    return Directions(middle, np.ascontiguousarray(axes[:, ::-1][:, :_DIRECTIONS]).astype(np.float32))


def _nearest(tree: Any, queries: Floats) -> Indices:
    """Pairs [p, 2] of (query, answer), both as positions; answers no farther than `_NEAR`."""
    pairs: list[Indices] = []
    asking = np.arange(len(queries))
    wanted = _FIRST
    while len(asking) and wanted <= _MOST:
        more: list[NDArray[np.int64]] = []
        for at in range(0, len(asking), _SLICE):
            some = asking[at : at + _SLICE]
            _, answers = tree.query(queries[some], k=wanted, distance_upper_bound=_NEAR, workers=_THREADS)
            real = answers < tree.n
            full = real.all(axis=1) & (wanted < min(_MOST, tree.n))
            more.append(some[full])
            kept = real & ~full[:, None]
            rows, columns = np.nonzero(kept)
            pairs.append(np.stack([some[rows], answers[rows, columns]], axis=1).astype(np.int64))
        asking = np.concatenate(more)
        wanted = min(wanted * 8, tree.n)
    return np.concatenate(pairs) if pairs else np.zeros((0, 2), np.int64)


def _unordered(pairs: Indices) -> Indices:
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    return np.unique(np.sort(pairs, axis=1), axis=0)


def near_pairs(prints: Floats) -> Indices:
    """Pairs [p, 2] of near-copies among prints [n, 32, 32], each pair once, the smaller position first."""
    from scipy.spatial import cKDTree

    told = np.flatnonzero(texture_contrast(prints) >= FLOOR)
    if len(told) < 2:
        return np.zeros((0, 2), np.int64)
    whole = describe(prints[told])
    directions = _directions(whole)
    points = directions.along(whole)
    tree = cKDTree(points)
    suspected = _unordered(told[_nearest(tree, points)])
    alike = alike_in_any_position(prints, suspected)
    found = [suspected[alike]]
    # A crop of what is a copy already would only be found again.
    known = _keys(suspected[alike], len(prints))
    for suspects, starts in _suspected_crops(prints, told, tree, directions):
        fresh = ~np.isin(_keys(np.sort(suspects, axis=1), len(prints)), known)
        fresh &= suspects[:, 0] != suspects[:, 1]
        suspects = suspects[fresh]
        found.append(suspects[alike_when_cropped(prints, suspects, starts[: len(suspects)])])
    found.extend(_brightened(prints, told, points, directions))
    return _unordered(np.concatenate(found))


def _keys(pairs: Indices, n: int) -> NDArray[np.int64]:
    return pairs[:, 0] * n + pairs[:, 1]


def _suspected_crops(
    prints: Floats, told: Indices, tree: Any, directions: Directions
) -> Iterator[tuple[Indices, Floats]]:
    for crop in CROPS:
        queries = directions.along(describe(prints[told], crop))
        pairs = told[_nearest(tree, queries)]
        yield pairs, np.tile(np.array(crop, np.float32), (len(pairs), 1))


def _brightened(prints: Floats, told: Indices, points: Floats, directions: Directions) -> Iterator[Indices]:
    """Pairs where the second is the first made so bright that a part of it burnt out."""
    from scipy.spatial import cKDTree

    burnt = (prints[told] >= _WHITE).mean(axis=(1, 2)) >= 0.02
    if not burnt.any():
        return
    tree = cKDTree(points[burnt])
    targets = told[burnt]
    for gain in _GAINS:
        top = 255.0 / gain
        bright = told[prints[told].max(axis=(1, 2)) > top]
        clipped = np.minimum(prints[bright], np.float16(top))
        close = _nearest(tree, directions.along(describe(clipped)))
        pairs = np.stack([bright[close[:, 0]], targets[close[:, 1]]], axis=1)
        pairs = pairs[pairs[:, 0] != pairs[:, 1]]
        yield pairs[_alike_when_brightened(prints, pairs, gain)]


def _alike_when_brightened(prints: Floats, pairs: Indices, gain: float) -> NDArray[np.bool_]:
    found = np.zeros(len(pairs), bool)
    for factor in np.linspace(gain - 0.05, gain + 0.07, 7):
        both = np.concatenate([np.minimum(prints[pairs[:, 0]], np.float16(255.0 / factor)), prints[pairs[:, 1]]])
        order = np.stack([np.arange(len(pairs)), np.arange(len(pairs)) + len(pairs)], axis=1)
        found |= alike_in_any_position(both, order)
    return found
