"""What a picture is recognised by: a small grey print of it, and a description that turning and mirroring leave alone.

A print is the whole picture squeezed to 32 x 32 grey cells. Its description is built from the 8 x 8 lowest cosine
coefficients. A mirrored picture changes only their signs and a quarter turn swaps the two frequencies as well, so their
absolute values, each pair (u, v), (v, u) in order of size, are the same for all eight positions of a square. Both steps
never enlarge a distance: what is near in any position is near in the description.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Prints = NDArray[np.float16]
"""[n, 32, 32], grey 0 to 255."""

READ_SIDE: Final = 64
SIDE: Final = 32
COARSE: Final = 16
_LOW: Final = 8
# Damping of high frequencies: what a crop of a few per cent moves most counts least.
_DAMPING: Final = 0.02


class Crop(NamedTuple):
    """Shares of the side (0 to 1) cut off at the left, right, top and bottom."""

    left: float = 0.0
    right: float = 0.0
    top: float = 0.0
    bottom: float = 0.0


WHOLE: Final = Crop()
_EDGE: Final = 0.045
CROPS: Final[tuple[Crop, ...]] = (
    WHOLE,
    Crop(0.025, 0.025, 0.025, 0.025),
    Crop(0.05, 0.05, 0.05, 0.05),
    Crop(left=_EDGE),
    Crop(right=_EDGE),
    Crop(top=_EDGE),
    Crop(bottom=_EDGE),
    Crop(left=_EDGE, top=_EDGE),
    Crop(left=_EDGE, bottom=_EDGE),
    Crop(right=_EDGE, top=_EDGE),
    Crop(right=_EDGE, bottom=_EDGE),
)
"""The crops that are tried; a description bears with being off by about 2 % of the side."""


def print_of(thumbnail: NDArray[np.uint8]) -> Prints:
    """The print [32, 32] of a grey thumbnail uint8 [64, 64]. Halving it in floats undoes most of its rounding."""
    halved: Prints = thumbnail.reshape(SIDE, 2, SIDE, 2).mean(axis=(1, 3), dtype=np.float32).astype(np.float16)
    return halved


def squeeze(start: Floats, stop: Floats, cells: int) -> Floats:
    """Matrices [p, cells, 32] that average the stretch from `start` to `stop` (shares of the side, [p]) into cells."""
    steps = np.linspace(0.0, 1.0, cells + 1, dtype=np.float32)
    edges = SIDE * (start[:, None] + (stop - start)[:, None] * steps)
    at = np.arange(SIDE, dtype=np.float32)
    low = np.maximum(edges[:, :-1, None], at)
    high = np.minimum(edges[:, 1:, None], at + 1)
    overlap = np.clip(high - low, 0.0, None)
    total: Floats = np.maximum(overlap.sum(axis=2, keepdims=True), 1e-6)
    shares: Floats = (overlap / total).astype(np.float32)
    return shares


def _squeeze_one(start: float, stop: float, cells: int) -> Floats:
    matrix: Floats = squeeze(np.array([start], np.float32), np.array([stop], np.float32), cells)[0]
    return matrix


def _cosines() -> Floats:
    at = (np.arange(COARSE) + 0.5) * np.pi / COARSE
    rows = np.cos(np.arange(_LOW)[:, None] * at) * np.sqrt(2.0 / COARSE)
    rows[0] /= np.sqrt(2.0)
    cosines: Floats = rows.astype(np.float32)
    return cosines


def describe(prints: Floats, crop: Crop = WHOLE) -> Floats:
    """Descriptions [n, 63] of length 1 (0 for a blank print) of prints [n, 32, 32], after cutting `crop` off."""
    cosines = _cosines()
    across = cosines @ _squeeze_one(crop.left, 1.0 - crop.right, COARSE)
    down = cosines @ _squeeze_one(crop.top, 1.0 - crop.bottom, COARSE)
    u, v = np.mgrid[:_LOW, :_LOW]
    weight = np.exp(-_DAMPING * (u * u + v * v)).astype(np.float32)
    weight[0, 0] = 0.0
    parts = [_invariants(np.abs(down @ piece.astype(np.float32) @ across.T) * weight) for piece in _pieces(prints)]
    return np.concatenate(parts) if parts else np.zeros((0, _LOW * _LOW - 1), np.float32)


def _pieces(prints: Floats, size: int = 8192) -> list[Floats]:
    return [prints[at : at + size] for at in range(0, len(prints), size)]


def _invariants(size: Floats) -> Floats:
    turned = size.transpose(0, 2, 1)
    rows, columns = np.triu_indices(_LOW)
    off = rows != columns
    larger = np.maximum(size, turned)[:, rows, columns][:, 1:]
    smaller = np.minimum(size, turned)[:, rows[off], columns[off]]
    both = np.concatenate([larger, smaller], axis=1)
    length = np.linalg.norm(both, axis=1, keepdims=True)
    scaled: Floats = (both / np.maximum(length, 1e-6)).astype(np.float32)
    return scaled


def coarse(prints: Floats) -> Floats:
    """Prints [n, 32, 32] averaged to [n, 16, 16] float32."""
    n = len(prints)
    cells = prints.astype(np.float32).reshape(n, COARSE, 2, COARSE, 2)
    averaged: Floats = cells.mean(axis=(2, 4))
    return averaged


def _smooth_basis() -> Floats:
    y, x = (np.mgrid[:COARSE, :COARSE] - (COARSE - 1) / 2) / (COARSE / 2)
    terms = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=-1).reshape(COARSE * COARSE, -1)
    basis, _ = np.linalg.qr(terms)
    return basis.astype(np.float32)


SMOOTH: Final = _smooth_basis()
"""[256, 6]: orthonormal surfaces of second degree on the 16 x 16 cells, which lighting alone can draw."""


def texture(cells: Floats) -> Floats:
    """Cells [n, 256] without what lighting alone can draw."""
    return cells - (cells @ SMOOTH) @ SMOOTH.T


def texture_contrast(prints: Floats) -> Floats:
    """Standard deviation [n], in grey levels, of the texture of each print on 16 x 16 cells."""
    parts = [texture(coarse(piece).reshape(len(piece), COARSE * COARSE)).std(axis=1) for piece in _pieces(prints)]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)
