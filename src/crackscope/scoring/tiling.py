"""Which pieces of a picture go through the network, and how their maps are put together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crackscope.bundles import InputSpec

FREE_TILE_PX = 256
"""Side of a tile for networks that were trained on pictures of many sizes."""

WHOLE = 2.0
WHOLE_AVERAGED = 1.25
"""So many times as long as a tile may the sides of a picture be that is scored at once. A network whose score is the
mean over the picture no longer tells a crack in one much larger than those it learnt from: the rest drowns it."""

_OVERLAP = 8
"""Neighbouring tiles share one part in so many of a tile's side."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A piece of a picture, in px of the picture."""

    left: int
    top: int
    width: int
    height: int


def tile_side(spec: InputSpec) -> int:
    """Return the side of a tile in px: the native size, brought up to what the network takes."""
    return fit(spec.native or FREE_TILE_PX, spec)


def cut(height: int, width: int, spec: InputSpec, whole: float = WHOLE) -> list[Tile]:
    """Return the pieces that a picture is scored in, row by row; one piece means the whole picture at once.

    A picture is cut when a side is more than `whole` times that of a tile, or the network takes one size only. Tiles
    have the native size and keep the native resolution; neighbours overlap by an eighth, the last ones are moved
    back to the edge, and together they cover every pixel.
    """
    side = tile_side(spec)
    most = side if spec.fixed else whole * side
    if height <= most and width <= most:
        return [Tile(0, 0, width, height)]
    tall, wide = min(side, height), min(side, width)
    return [Tile(left, top, wide, tall) for top in _starts(height, tall) for left in _starts(width, wide)]


def _starts(length: int, side: int) -> list[int]:
    step = max(1, side - side // _OVERLAP)
    return [*range(0, length - side, step), length - side]


def take(pixels: NDArray[np.uint8], tile: Tile, spec: InputSpec) -> NDArray[np.uint8]:
    """Return a piece, uint8 [h, w, 3], contiguous, enlarged by reflection at its right and bottom where the network
    needs a larger side or a multiple. The piece keeps its resolution; nothing is resized.
    """
    piece = pixels[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width]
    down, right = fit(tile.height, spec) - tile.height, fit(tile.width, spec) - tile.width
    if down or right:
        piece = np.pad(piece, ((0, down), (0, right), (0, 0)), mode="reflect")
    return np.ascontiguousarray(piece)


def middle_piece(pixels: NDArray[np.uint8], spec: InputSpec) -> NDArray[np.uint8]:
    """Return a picture, uint8 [h, w, 3], whole, or the middle tile of one that is cut, as the network takes it."""
    tiles = cut(pixels.shape[0], pixels.shape[1], spec)
    return take(pixels, tiles[len(tiles) // 2], spec)


def fit(side: int, spec: InputSpec) -> int:
    """The least side, px, that the network takes and that is no shorter than this; its only one where it is fixed."""
    if spec.fixed and spec.native is not None:
        return spec.native
    return -(-max(side, spec.minimum) // spec.multiple) * spec.multiple


def lay(heat: NDArray[np.float32], piece: NDArray[np.float32], tile: Tile, shape: tuple[int, int], stride: int) -> None:
    """Lay the map of a tile into that of the whole picture of (height, width), in place: to each cell what its centre
    shows, the largest where tiles overlap. heat, piece: logits [rows, columns], a cell every `stride` px.
    """
    rows, from_rows = _cells(heat.shape[0], piece.shape[0], (tile.top, tile.height, shape[0]), stride)
    columns, from_columns = _cells(heat.shape[1], piece.shape[1], (tile.left, tile.width, shape[1]), stride)
    place = heat[rows, columns]
    np.maximum(place, piece[np.ix_(from_rows, from_columns)], out=place)


def _cells(cells: int, there: int, extent: tuple[int, int, int], stride: int) -> tuple[slice, NDArray[np.intp]]:
    """Which of the picture's cells have their centre in a tile, and the tile's cell that each of them lies in.

    extent: start and length of the tile, length of the picture, in px along one axis.
    """
    start, length, whole = extent
    centres = np.minimum((np.arange(cells) + 0.5) * stride, whole - 0.5)
    first, last = np.searchsorted(centres, [start, start + length])
    inside = ((centres[first:last] - start) // stride).astype(np.intp)
    return slice(int(first), int(last)), np.minimum(inside, there - 1)
