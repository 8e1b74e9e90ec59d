"""From lines with a width to pixels: which stroke is nearest to a pixel, how far, on which side, how wide there."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .records import Floats, Mask
from .walk import STEP_PX, Stroke

_FAR = np.iinfo(np.int64).max
_BATCH = 1 << 20


class Segments(NamedTuple):
    """Straight pieces of strokes: starts and directions float32 [k, 2], values at both ends [k]; number: place in its line."""

    start: Floats
    way: Floats
    width: tuple[Floats, Floats]
    depth: tuple[Floats, Floats]


@dataclass(frozen=True, slots=True)
class Near:
    """The pixels near a stroke, one value each.

    index: flat place in the picture; away: distance to the centre line in px; half: half the width there; depth: 0 to 1;
    side: float32 [2, k], unit vector from the centre line to the pixel.
    """

    index: NDArray[np.intp]
    away: Floats
    half: Floats
    depth: Floats
    side: Floats


def segments(strokes: list[Stroke]) -> Segments:
    """The pieces of all strokes that are present."""

    def gather(first: int, name: str) -> Floats:
        return np.concatenate([getattr(s, name)[first : len(s.points) - 1 + first][s.present] for s in strokes])

    start, end = gather(0, "points"), gather(1, "points")
    return Segments(start, end - start, (gather(0, "width"), gather(1, "width")), (gather(0, "depth"), gather(1, "depth")))


def pixels_near(pieces: Segments, shape: tuple[int, int], reach_px: float) -> Near:
    """All pixels not farther than `reach_px` from the edge of a stroke, each with the piece it belongs to.

    Distance and piece travel in one integer, the distance in the upper bits, so that one scattered minimum finds both.
    """
    height, width = shape
    nearest = np.full(height * width, _FAR, np.int64)
    half = np.maximum(*pieces.width) / 2
    radius = np.ceil(half + reach_px + STEP_PX).astype(np.intp)
    classes = np.unique(np.minimum(-(-radius // 3) * 3, 4096))
    for upper in classes:
        chosen = np.flatnonzero(-(-radius // 3) * 3 == upper)
        offsets = np.arange(-upper, upper + 1)
        oy, ox = (o.ravel() for o in np.meshgrid(offsets, offsets, indexing="ij"))
        disc = ox * ox + oy * oy <= (upper + 0.7) ** 2
        oy, ox = oy[disc], ox[disc]
        rows = max(1, _BATCH // len(ox))
        for first in range(0, len(chosen), rows):
            _scatter(nearest, (height, width), pieces, chosen[first : first + rows], (oy, ox))
    index = np.flatnonzero(nearest != _FAR)
    near = _measure(pieces, index, (nearest[index] & 0xFFFFFF).astype(np.intp), width)
    keep = near.away - near.half <= reach_px
    return Near(near.index[keep], near.away[keep], near.half[keep], near.depth[keep], near.side[:, keep])


def _scatter(
    nearest: NDArray[np.int64],
    shape: tuple[int, int],
    pieces: Segments,
    chosen: NDArray[np.intp],
    window: tuple[NDArray[np.intp], NDArray[np.intp]],
) -> None:
    start, way = pieces.start[chosen], pieces.way[chosen]
    middle = np.rint(start + way / 2).astype(np.intp)
    x, y = middle[:, :1] + window[1], middle[:, 1:] + window[0]
    across, down = x - start[:, :1], y - start[:, 1:]
    long2 = np.maximum((way * way).sum(1), 1e-9)
    wx, wy = way[:, :1], way[:, 1:]
    t = np.clip((across * wx + down * wy) * (1 / long2)[:, None], 0, 1)
    away = np.hypot(across - t * wx, down - t * wy)
    half = (pieces.width[0][chosen] + pieces.width[1][chosen]) / 4
    key = (((away - half[:, None]) * 64 + (1 << 20)).astype(np.int64) << 24) | chosen[:, None]
    inside = (x >= 0) & (x < shape[1]) & (y >= 0) & (y < shape[0])
    np.minimum.at(nearest, (y * shape[1] + x)[inside], key[inside])


def _measure(pieces: Segments, index: NDArray[np.intp], piece: NDArray[np.intp], width: int) -> Near:
    x, y = (index % width).astype(np.float32), (index // width).astype(np.float32)
    start, way = pieces.start[piece], pieces.way[piece]
    across, down = x - start[:, 0], y - start[:, 1]
    t = (across * way[:, 0] + down * way[:, 1]) / np.maximum((way * way).sum(1), 1e-9)
    t = np.clip(t, 0, 1)
    across, down = across - t * way[:, 0], down - t * way[:, 1]
    away = np.sqrt(across * across + down * down)
    half = (pieces.width[0][piece] * (1 - t) + pieces.width[1][piece] * t) / 2
    depth = pieces.depth[0][piece] * (1 - t) + pieces.depth[1][piece] * t
    side = np.stack([across, down]) / np.maximum(away, 1e-3)
    return Near(index, away, half, depth, side)


def passed(pieces: Segments, shape: tuple[int, int]) -> NDArray[np.intp]:
    """Flat places of the pixels that the centre lines pass."""
    t = np.arange(8, dtype=np.float32) / 8
    x = np.floor(pieces.start[:, :1] + pieces.way[:, :1] * t + 0.5).astype(np.intp).ravel()
    y = np.floor(pieces.start[:, 1:] + pieces.way[:, 1:] * t + 0.5).astype(np.intp).ravel()
    inside = (x >= 0) & (x < shape[1]) & (y >= 0) & (y < shape[0])
    return (y * shape[1] + x)[inside]


def covered(away: Floats, half: Floats) -> Mask:
    """Where a straight strip of this half width covers at least half of a pixel at this distance from its middle."""
    overlap = np.minimum(away + 0.5, half) - np.maximum(away - 0.5, -half)
    return np.asarray(overlap >= 0.5, np.bool_)
