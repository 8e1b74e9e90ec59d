"""The heatmap of a photo of which a small part has changed, without seeing all of it again.

A change moves the map around it only, and what lies around a rectangle tells on its inside as far and no farther. So
the map is worked out anew in a rectangle that reaches REACH_PX beyond the change, from pixels that reach as far again.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from crackscope.images import halved
from crackscope.inspection.window import Window
from crackscope.scoring import DenseOptions, Heatmap, Model, grown

REACH_PX = 256
"""How far around a change the map is worked out. A cell of the default bundle's map depends on up to 304 px around it,
but of a black square that is painted on a wall it feels less than .002 (logit) from 240 px on."""

_ALIGNED_PX = 64
"""Rectangles start and end at multiples of it: of the strides that networks have, so that every layer pads the same."""
_LEAST_SIDE_PX = 2 * REACH_PX
"""Photos with a shorter side are seen whole: little can be spared of them, and small ones are seen at one scale."""
_WORTH = 0.75
"""Share of the photo from which on it is seen whole: its embedding is then that of the changed photo, too."""

Map = NDArray[np.float32]
Void = NDArray[np.bool_] | None


class Again:
    """Sees versions of one photo that differ from it in a part each.

    Where parts are seen alone, the embedding stays that of the photo as it was: what surface it shows is not changed
    by what fills a crack.
    """

    def __init__(
        self, model: Model, pixels: NDArray[np.uint8], heat: Heatmap, options: DenseOptions, void: Void = None
    ) -> None:
        """pixels: uint8 [h, w, 3], as it was, with its heatmap as the network gave it. void: bool [h, w], what of them
        was filled; None for nothing."""
        self._model, self._pixels, self._heat, self._options, self._void = model, pixels, heat, options, void
        scales = options.scales or model.manifest.scales
        self._levels = range(1, scales + 1)

    def heatmap(self, changed: NDArray[np.uint8], where: Window) -> Heatmap:
        """The heatmap of the photo with the pixels in a rectangle changed, uint8 [h, w, 3]."""
        parts = list(self._parts(where))
        there = sum(math.prod(_size(level, self._pixels.shape)) for level in self._levels)
        too_small = min(self._pixels.shape[:2]) < _LEAST_SIDE_PX
        dear = sum(seen.area for _, _, seen in parts) > _WORTH * there
        if self._heat.tiled or self._options.coarse or too_small or dear:
            return self._model.heatmap(changed, options=self._options, void=self._void)
        if len(parts) == 1:
            return replace(self._heat, logits=self._replaced(self._heat.logits, changed, parts[0]))
        fine, rough = self._apart
        fine, rough = self._replaced(fine, changed, parts[0]), self._replaced(rough, halved(changed), parts[1])
        half = None if self._heat.half is None else replace(self._heat.half, logits=rough)
        return replace(self._heat, logits=_mean(fine, grown(rough, self._heat.logits.shape)), half=half)

    def _parts(self, where: Window) -> Iterator[tuple[int, Window, Window]]:
        """(level, what is replaced, what is looked at for that), in px of the photo at that scale."""
        for level in self._levels:
            at = Window(where.left // level, where.top // level, -(-where.right // level), -(-where.bottom // level))
            size = _size(level, self._pixels.shape)
            kept = at.around(REACH_PX, size, _ALIGNED_PX)
            yield level, kept, kept.around(REACH_PX, size, _ALIGNED_PX)

    @cached_property
    def _apart(self) -> tuple[Map, Map]:
        """The maps of the photo as it was, at full scale and at half scale, whose mean is the heatmap."""
        rough = self._heat.half.logits if self._heat.half else self._alone(halved(self._pixels))
        return 2 * self._heat.logits - grown(rough, self._heat.logits.shape), rough

    def _replaced(self, logits: Map, changed: NDArray[np.uint8], part: tuple[int, Window, Window]) -> Map:
        _, kept, seen = part
        stride = self._heat.stride
        new = self._alone(np.ascontiguousarray(seen.of(changed)))
        top, left = (kept.top - seen.top) // stride, (kept.left - seen.left) // stride
        cells = logits[kept.top // stride : -(-kept.bottom // stride), kept.left // stride : -(-kept.right // stride)]
        answer = logits.copy()
        high, wide = cells.shape
        answer[kept.top // stride :, kept.left // stride :][:high, :wide] = new[top : top + high, left : left + wide]
        return answer

    def _alone(self, pixels: NDArray[np.uint8]) -> Map:
        """The map of a part of the photo, or of a smaller copy, at its own scale alone.

        What shows nothing in the photo is filled already: nothing else is to be taken for it, as a dark opening would
        be that the part cuts through.
        """
        return self._model.heatmap(pixels, options=replace(self._options, scales=1), void=None).logits


def _size(level: int, shape: tuple[int, ...]) -> tuple[int, int]:
    """(h, w) of a photo of (h, w, ...) px, or of the same at half scale."""
    return -(-shape[0] // level), -(-shape[1] // level)


def _mean(fine: Map, rough: Map) -> Map:
    return np.asarray((fine + rough) * np.float32(0.5), np.float32)
