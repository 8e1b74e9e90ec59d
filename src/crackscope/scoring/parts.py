"""The map in parts of a photo: the whole graph runs on rectangles around the places that are wanted.

Each is seen with some of the photo around it, and beyond that the layers pad as they do around a patch.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from threading import BoundedSemaphore

import numpy as np
from numpy.typing import NDArray

from crackscope.scoring.anatomy import MAP
from crackscope.scoring.covering import Rectangle, cover
from crackscope.scoring.crew import Share
from crackscope.scoring.rows import Photo
from crackscope.scoring.runtime import Piece

CONTEXT_PX = 32
"""How far around a wanted place is looked; benchmarks/coarse.py says what that changes."""

_LARGEST_PX = 256
"""Sides of a rectangle without its context. Larger ones take more memory at once, smaller ones more context."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Rectangles of a photo, in squares of `grain` px, that hold all that is wanted. context: squares around each."""

    rectangles: tuple[Rectangle, ...]
    grain: int
    context: int

    @property
    def area_px(self) -> int:
        """Pixels that go through the network, those around the rectangles with them."""
        around = 2 * self.context
        sides = ((one.bottom - one.top + around, one.right - one.left + around) for one in self.rectangles)
        return sum(high * wide for high, wide in sides) * self.grain**2

    @property
    def largest_px(self) -> int:
        """Of them those of the largest rectangle; there must be one."""
        return max(replace(self, rectangles=(one,)).area_px for one in self.rectangles)

    def map(
        self, graph: Piece, pixels: NDArray[np.uint8], stride: int, share: Share, at_once: int
    ) -> NDArray[np.float32]:
        """The map of a photo, uint8 [h, w, 3], where it is wanted: float32 [ceil(h / stride), ceil(w / stride)], which
        holds nothing of meaning elsewhere. graph: whole, from images to map. at_once: rectangles that go through it
        together at most, since each takes memory. Raises BundleError where the graph cannot be run."""
        cells = tuple(-(-side // stride) for side in pixels.shape[:2])
        whole = np.empty(tuple(-(-side // self.grain) * self.grain // stride for side in pixels.shape[:2]), np.float32)
        photo, around, room = Photo(pixels), self.context * self.grain, BoundedSemaphore(at_once)

        def look(part: Rectangle) -> None:
            top, bottom, left, right = (side * self.grain for side in part)
            seen = photo.take((top - around, bottom + around), (left - around, right + around))
            with room:
                found = graph.run([MAP], {"images": seen})[0][0, 0]
            first, high, wide = around // stride, (bottom - top) // stride, (right - left) // stride
            place = whole[top // stride : bottom // stride, left // stride : right // stride]
            place[:] = found[first : first + high, first : first + wide]

        # Large ones first: what is left for the end is small, and no thread waits long for another.
        share(look, sorted(self.rectangles, key=_area, reverse=True))
        return whole[: cells[0], : cells[1]]


def parts_around(wanted: NDArray[np.bool_], grain: int) -> Parts:
    """Choose rectangles around what is wanted, [ceil(h / grain), ceil(w / grain)] squares of a photo, so that together
    they cost little. They follow from `wanted` alone, neither from memory nor from threads."""
    context = -(-CONTEXT_PX // grain)
    covered = cover(wanted, 2 * context)
    return Parts(tuple(part for one in covered for part in _split(one, _LARGEST_PX // grain)), grain, context)


def _split(whole: Rectangle, most: int) -> list[Rectangle]:
    """A rectangle in equal parts of at most so many squares a side."""
    rows, columns = ((whole.top, whole.bottom), (whole.left, whole.right))
    return [
        Rectangle(top, bottom, left, right) for top, bottom in _cut(rows, most) for left, right in _cut(columns, most)
    ]


def _cut(ends: tuple[int, int], most: int) -> list[tuple[int, int]]:
    first, last = ends
    count = -(-(last - first) // max(1, most))
    edges = [first + (last - first) * number // count for number in range(count + 1)]
    return list(pairwise(edges))


def _area(part: Rectangle) -> int:
    return (part.bottom - part.top) * (part.right - part.left)
