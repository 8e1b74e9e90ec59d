"""Which pairs of pictures are worth the exact test, without comparing all with all.

Every print's description, reduced to its 24 strongest directions, goes into a small forest of k-d trees once; then
every print asks for its nearest few, as it is and in each of its crops. A question looks at a fixed number of points,
the most promising first (Silpa-Anan and Hartley, 2008), so time grows as n log n and memory as n, whatever the pictures
are.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.datasets.checking import FLOOR, Indices, alike_in_any_position, alike_when_cropped
from crackscope.datasets.prints import CROPS, Floats, describe, texture_contrast
from crackscope.datasets.watching import thread_count

_DIRECTIONS: Final = 24
# How far apart suspects may be: taken whole, where the exact test is cheap, and when one is cropped.
_NEAR: Final = 0.24
_NEAR_CROPPED: Final = 0.16
# The 24 directions may leave out some of a distance in all 63 numbers.
_IN_ALL: Final = 1.2
_SORTED, _LEVELS = 5, 4
_SAMPLE: Final = 20_000
_TREES: Final = 4
# On METU, of the neighbours nearer than .1 a question that looks at 64 points finds all, of those up to .15 98.5 %.
_LOOKS: Final = 64
_ANSWERS: Final = 8
# So few points are all looked at; a forest of fewer than it gives answers for may also fail to fill them.
_FEW: Final = 1_000
CROWD: Final = _ANSWERS
"""More copies of one picture than a question is answered with may not all be linked at once."""
_SLICE: Final = 8_192
# Grey. From here on a cell is burnt out.
_WHITE: Final = 249.0
_BURNT_SHARE: Final = 0.005
_GAINS: Final = (1.1, 1.2, 1.3, 1.42)


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


def _neighbourly(descriptions: Floats) -> Indices:
    """An order [n] in which like stands beside like, so that one question finds in the cache what the last one read."""
    along = _directions(descriptions).along(descriptions)[:, :_SORTED]
    levels = np.argsort(np.argsort(along, axis=0), axis=0) * _LEVELS // len(along)
    return np.lexsort(levels.T[::-1]).astype(np.int64)


class Forest:
    """Descriptions [n, 63] that can be asked for the nearest ones; the same ones give the same answers."""

    def __init__(self, descriptions: Floats) -> None:
        import cv2

        self._all = descriptions
        self._directions = _directions(descriptions)
        self._points = np.ascontiguousarray(self._directions.along(descriptions), np.float32)
        self._answers = min(_ANSWERS, len(descriptions))
        self._index: Any = None
        if len(descriptions) > _FEW:
            # The trees cut along directions drawn from OpenCV's generator of this thread.
            cv2.setRNGSeed(1)
            self._index = cv2.flann.Index(self._points, {"algorithm": 1, "trees": _TREES})

    def near(self, descriptions: Floats, within: float = _NEAR) -> Indices:
        """Pairs [p, 2] of (description, one of the forest's), as positions, about `within` apart: up to 8 of each."""
        questions = np.ascontiguousarray(self._directions.along(descriptions), np.float32)
        slices = [slice(at, at + _SLICE) for at in range(0, len(questions), _SLICE)]
        if self._index is None:
            found = [self._ask_all(questions[part]) for part in slices]
        else:
            with ThreadPoolExecutor(thread_count(), thread_name_prefix="crackscope-near") as threads:
                found = list(threads.map(lambda part: self._ask(questions[part]), slices))
        pairs = [
            self._within(descriptions[part], answers, squares, within) + np.array([part.start, 0])
            for part, (answers, squares) in zip(slices, found, strict=True)
        ]
        return np.concatenate(pairs) if pairs else np.zeros((0, 2), np.int64)

    def _ask(self, questions: Floats) -> tuple[Indices, Floats]:
        answers, squares = self._index.knnSearch(questions, self._answers, params={"checks": _LOOKS})
        return answers, squares

    def _ask_all(self, questions: Floats) -> tuple[Indices, Floats]:
        lengths = (questions**2).sum(axis=1)[:, None] + (self._points**2).sum(axis=1)
        squares = np.maximum(lengths - 2 * questions @ self._points.T, 0)
        answers = np.argpartition(squares, self._answers - 1, axis=1)[:, : self._answers]
        return answers, np.take_along_axis(squares, answers, axis=1)

    def _within(self, descriptions: Floats, answers: Indices, squares: Floats, most: float) -> Indices:
        """Pairs that are near in all 63 numbers, of answers that are near in the 24 directions."""
        rows, columns = np.nonzero((answers >= 0) & (squares <= most * most))
        chosen = answers[rows, columns].astype(np.int64)
        apart = np.linalg.norm(descriptions[rows] - self._all[chosen], axis=1)
        pairs: Indices = np.stack([rows, chosen], axis=1)[apart <= _IN_ALL * most]
        return pairs


def _unordered(pairs: Indices) -> Indices:
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    return np.unique(np.sort(pairs, axis=1), axis=0)


def near_pairs(prints: Floats) -> Indices:
    """Pairs [p, 2] of near-copies among prints [n, 32, 32], each pair once, the smaller position first."""
    told = np.flatnonzero(texture_contrast(prints) >= FLOOR)
    if len(told) < 2:
        return np.zeros((0, 2), np.int64)
    whole = describe(prints[told])
    order = _neighbourly(whole)
    told, whole = told[order], whole[order]
    forest = Forest(whole)
    suspected = _unordered(told[forest.near(whole)])
    alike = alike_in_any_position(prints, suspected)
    found = [suspected[alike]]
    # A crop of what is a copy already would only be found again.
    known = _keys(suspected[alike], len(prints))
    for suspects, starts in _suspected_crops(prints, told, forest):
        fresh = ~np.isin(_keys(np.sort(suspects, axis=1), len(prints)), known)
        fresh &= suspects[:, 0] != suspects[:, 1]
        suspects = suspects[fresh]
        found.append(suspects[alike_when_cropped(prints, suspects, starts[: len(suspects)])])
    found.extend(_brightened(prints, told, whole))
    return _unordered(np.concatenate(found))


def _keys(pairs: Indices, n: int) -> NDArray[np.int64]:
    return pairs[:, 0] * n + pairs[:, 1]


def _suspected_crops(prints: Floats, told: Indices, forest: Forest) -> Iterator[tuple[Indices, Floats]]:
    for crop in CROPS:
        pairs = told[forest.near(describe(prints[told], crop), _NEAR_CROPPED)]
        yield pairs, np.tile(np.array(crop, np.float32), (len(pairs), 1))


def _brightened(prints: Floats, told: Indices, whole: Floats) -> Iterator[Indices]:
    """Pairs where the second is the first made so bright that a part of it burnt out."""
    burnt = _share_above(prints[told], _WHITE) >= _BURNT_SHARE
    if not burnt.any():
        return
    forest = Forest(whole[burnt])
    targets = told[burnt]
    for gain in _GAINS:
        top = 255.0 / gain
        bright = told[_share_above(prints[told], top) >= _BURNT_SHARE]
        clipped = np.minimum(prints[bright], np.float16(top))
        close = forest.near(describe(clipped))
        pairs = np.stack([bright[close[:, 0]], targets[close[:, 1]]], axis=1)
        pairs = pairs[pairs[:, 0] != pairs[:, 1]]
        yield pairs[_alike_when_brightened(prints, pairs, gain)]


def _share_above(prints: Floats, grey: float) -> Floats:
    share: Floats = (prints > grey).mean(axis=(1, 2), dtype=np.float32)
    return share


def _alike_when_brightened(prints: Floats, pairs: Indices, gain: float) -> NDArray[np.bool_]:
    found = np.zeros(len(pairs), bool)
    for factor in np.linspace(gain - 0.05, gain + 0.07, 7):
        both = np.concatenate([np.minimum(prints[pairs[:, 0]], np.float16(255.0 / factor)), prints[pairs[:, 1]]])
        order = np.stack([np.arange(len(pairs)), np.arange(len(pairs)) + len(pairs)], axis=1)
        found |= alike_in_any_position(both, order)
    return found
