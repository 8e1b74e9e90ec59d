"""Networks that cannot run over a photo at once: overlapping tiles, each counting most at its middle."""

import numpy as np
from numpy.typing import NDArray

from crackscope.bundles import Manifest
from crackscope.scoring.crew import Share
from crackscope.scoring.rows import Photo
from crackscope.scoring.runtime import Graph, Raw
from crackscope.scoring.tiling import tile_side


def blend(
    graph: Graph, manifest: Manifest, pixels: NDArray[np.uint8], share: Share
) -> tuple[NDArray[np.float32], NDArray[np.float32], int]:
    """Return the map, float32 [ceil(h / s), ceil(w / s)], the mean embedding, float32 [d], and the number of tiles.

    Tiles have the network's own size and overlap by half, reaching beyond the photo, which is continued by
    reflection. A logit is the mean of what all tiles there say, weighted by the distance to their borders.
    """
    side, stride = tile_side(manifest.input), manifest.stride
    step = max(stride, side // 2 // stride * stride)
    photo = Photo(pixels)
    cells = tuple(-(-length // stride) for length in pixels.shape[:2])
    total, weight = np.zeros(cells, np.float64), np.zeros(cells, np.float64)
    tops, lefts = (_starts(length, side, step, stride) for length in pixels.shape[:2])
    embeddings = np.zeros(manifest.embedding, np.float64)

    def run(place: tuple[int, int]) -> Raw:
        top, left = place
        return graph.run(np.ascontiguousarray(photo.take((top, top + side), (left, left + side))[0], np.uint8))

    for top in tops:
        places = [(top, left) for left in lefts]
        for (_, left), raw in zip(places, share(run, places), strict=True):
            _add(total, weight, raw.map, (top // stride, left // stride))
            embeddings += raw.embedding
    count = len(tops) * len(lefts)
    return (total / weight).astype(np.float32), (embeddings / count).astype(np.float32), count


def _starts(length: int, side: int, step: int, stride: int) -> range:
    """Where tiles begin along an axis: no px of it lies nearer to the border of all its tiles than step / 2."""
    first = -(step // 2 // stride * stride)
    return range(first, max(first + 1, length - side + step // 2 + step), step)


def _add(
    total: NDArray[np.float64], weight: NDArray[np.float64], tile: NDArray[np.float32], start: tuple[int, int]
) -> None:
    """Add a tile's logits, whose first cell lies at `start`, where they lie in the photo."""
    tents = [np.minimum(np.arange(count) + 1, count - np.arange(count)).astype(np.float64) for count in tile.shape]
    rows, columns = (
        slice(max(0, -first), min(count, length - first))
        for first, count, length in zip(start, tile.shape, total.shape, strict=True)
    )
    there = (
        slice(start[0] + rows.start, start[0] + rows.stop),
        slice(start[1] + columns.start, start[1] + columns.stop),
    )
    tent = np.outer(tents[0][rows], tents[1][columns])
    total[there] += tent * tile[rows, columns]
    weight[there] += tent
