"""From lines with a width to pixels: which stroke is nearest to a pixel, how far, on which side, how wide there."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.surfaces.records import Floats, Mask
from crackscope.surfaces.walk import Stroke

_FAR = np.iinfo(np.int64).max
_BATCH = 1 << 18
_CLASS_PX = 2
_PIECE_BITS = 24
_PIECE = (1 << _PIECE_BITS) - 1
_LIFT, _FINE = 4096, 64


class Segments(NamedTuple):
    """Straight pieces of strokes: starts and directions float32 [k, 2], values at both ends [k]."""

    start: Floats
    way: Floats
    width: tuple[Floats, Floats]
    depth: tuple[Floats, Floats]


@dataclass(frozen=True, slots=True)
class Near:
    """The pixels near a stroke, one value each.

    index: flat place in the picture; away: distance to the centre line in px; half: half the width there; depth: 0
    to 1; side: float32 [2, k], unit vector from the centre line to the pixel.
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
    return Segments(
        start, end - start, (gather(0, "width"), gather(1, "width")), (gather(0, "depth"), gather(1, "depth"))
    )


def pixels_near(pieces: Segments, shape: tuple[int, int], reach_px: float) -> Near:
    """All pixels not farther than `reach_px` from the edge of a stroke, each with the piece it belongs to.

    Distance and piece travel in one integer, the distance in the upper bits, so that one scattered minimum finds both.
    The canvas for it is wider than the picture by the largest window, so that no window needs cutting.
    """
    height, width = shape
    long = np.sqrt((pieces.way * pieces.way).sum(1))
    half = np.maximum(*pieces.width) / 2
    radius = (np.ceil((half + long / 2 + (reach_px + 0.7)) / _CLASS_PX) * _CLASS_PX).astype(np.intp)
    middle = np.rint(pieces.start + pieces.way / 2).astype(np.intp)
    seen = ((middle > -radius[:, None]) & (middle < np.array([width, height]) + radius[:, None])).all(1)
    margin = 2 * int(radius.max(initial=0)) + 1
    canvas = np.full((height + 2 * margin, width + 2 * margin), _FAR, np.int64)
    for upper in np.unique(radius[seen]):
        chosen = np.flatnonzero(seen & (radius == upper))
        window = _disc(int(upper), canvas.shape[1])
        rows = max(1, _BATCH // len(window.x))
        for first in range(0, len(chosen), rows):
            some = chosen[first : first + rows]
            place = (middle[some, 1] + margin) * canvas.shape[1] + middle[some, 0] + margin
            _scatter(canvas.reshape(-1), pieces, some, (middle[some], place), window)
    found = canvas[margin : margin + height, margin : margin + width].ravel()
    index = np.flatnonzero(found != _FAR)
    near = _measure(pieces, index, (found[index] & _PIECE).astype(np.intp), width)
    keep = np.flatnonzero(near.away - near.half <= reach_px)
    return Near(near.index[keep], near.away[keep], near.half[keep], near.depth[keep], near.side[:, keep])


class _Window(NamedTuple):
    """A disc of pixels: offsets [m] from its middle, and their flat offsets on the canvas."""

    x: Floats
    y: Floats
    flat: NDArray[np.intp]


def _disc(radius: int, canvas_width: int) -> _Window:
    offsets = np.arange(-radius, radius + 1)
    y, x = (o.ravel() for o in np.meshgrid(offsets, offsets, indexing="ij"))
    inside = x * x + y * y <= (radius + 0.2) ** 2
    y, x = y[inside], x[inside]
    return _Window(x.astype(np.float32), y.astype(np.float32), y * canvas_width + x)


def _scatter(
    canvas: NDArray[np.int64],
    pieces: Segments,
    chosen: NDArray[np.intp],
    at: tuple[NDArray[np.intp], NDArray[np.intp]],
    window: _Window,
) -> None:
    """Enter the distances of `chosen` pieces; `at`: the pixels nearest to their middles [k, 2], and their places."""
    way = pieces.way[chosen]
    long = np.sqrt((way * way).sum(1))
    unit = way / np.maximum(long, 1e-6)[:, None]
    off = at[0] - (pieces.start[chosen] + way / 2)
    ux, uy = unit[:, :1], unit[:, 1:]
    along = window.x * ux
    along += window.y * uy + (off * unit).sum(1, keepdims=True).astype(np.float32)
    across = window.y * ux
    across -= window.x * uy - (off[:, 1:] * ux - off[:, :1] * uy).astype(np.float32)
    np.abs(along, out=along)
    along -= (long / 2)[:, None]
    np.maximum(along, 0, out=along)
    along *= along
    across *= across
    along += across
    np.sqrt(along, out=along)
    along -= ((pieces.width[0][chosen] + pieces.width[1][chosen]) / 4)[:, None]
    along += np.float32(_LIFT)
    along *= np.float32(_FINE)
    key = along.astype(np.int64)
    key <<= _PIECE_BITS
    key |= chosen[:, None]
    np.minimum.at(canvas, (at[1][:, None] + window.flat).ravel(), key.ravel())


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
