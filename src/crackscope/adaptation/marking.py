"""From which logit on the map of an adapted bundle marks a crack.

Learning lifts or lowers the map wherever it looks like the new surface, whether crack or ground: with the old threshold
the marks around a crack grow or shrink, though it is as wide as before. So cracks that were marked before keep their
area: on the labelled patches that have marks, as many cells lie above the new threshold as did above the old one.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crackscope.errors import ImageError
from crackscope.images import read
from crackscope.scoring import Graph, Model, middle_piece

_MOST_PATCHES = 64


def moved_mask_threshold(model: Model, moved: bytes, cracked: Sequence[str]) -> float:
    """Return the mask threshold for a graph whose map was moved, in its logits.

    model: as it was. moved: the new graph. cracked: paths of the patches that are labelled so, of which up to 64,
    evenly spread, are looked at. Where none of them had a mark there is nothing to go by: the threshold stays.
    """
    old = model.manifest.mask_threshold
    chosen = np.unique(np.linspace(0, len(cracked) - 1, min(len(cracked), _MOST_PATCHES)).round().astype(int))
    graph = Graph(moved, str(model.bundle.path))
    marked = 0
    after: list[NDArray[np.float32]] = []
    for place in chosen:
        try:
            pixels = middle_piece(model.in_plain_light(read(cracked[place]).pixels), model.manifest.input)
        except ImageError:
            continue
        if there := int(np.count_nonzero(model.graph.run(pixels).map > old)):
            marked += there
            after.append(graph.run(pixels).map.ravel())
    if not marked:
        return old
    falling = np.sort(np.concatenate(after))[::-1]
    return round(float(falling[min(marked, len(falling) - 1)]), 4)
