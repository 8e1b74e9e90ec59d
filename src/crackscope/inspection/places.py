"""Where along its line a crack is measured: where the photo shows all of it, away from junctions."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.profiles import normals
from crackscope.inspection.valley import Laid

EVERY = 3
"""Every third place is fitted: those between say the same."""
_ACROSS = (-1.0, -0.5, 0.5, 1.0)
"""Where a profile is asked whether it lies in a void, in parts of its reach."""
_TOGETHER = 5
"""Profiles are averaged along a line: places so few apart tell of each other."""


class Scene(NamedTuple):
    """A photo, uint8 [h, w, 3] RGB. void: bool, its cells of `cell_px` px that show nothing and were filled; None for
    none."""

    pixels: NDArray[np.uint8]
    void: NDArray[np.bool_] | None = None
    cell_px: int = 1


def measured_places(scene: Scene, line: Laid, nodes: tuple[int, int], junctions: frozenset[int]) -> NDArray[np.int64]:
    """Every third place of a line on its valley, int64 [n], less those within a crack's width of a junction, and less
    those where the photo's border cuts the crack off or a profile meets a void; in each case if others are left.

    Beyond its border a photo goes on as it ends there, and a void is filled with what lies around: both may look like
    more of the crack.
    """
    count, wide = len(line.points), line.wide
    at = np.arange(min(count // 2, EVERY // 2), count, EVERY)
    first = int(2 * wide[0] + 3) if nodes[0] in junctions else 0
    last = count - int(2 * wide[-1] + 3) if nodes[1] in junctions else count
    at = _if_any(at, (at >= first) & (at < last))
    return _if_any(at, _shown(scene, line, at))


def _if_any(at: NDArray[np.int64], kept: NDArray[np.bool_]) -> NDArray[np.int64]:
    return at[kept] if kept.any() else at


def _shown(scene: Scene, line: Laid, at: NDArray[np.int64]) -> NDArray[np.bool_]:
    """At which of these places of a line the photo shows both edges of the crack, and no void beside it."""
    from scipy.ndimage import minimum_filter1d

    points, normal = line.points[at], normals(line.points)[at]
    low, high = -0.5, (scene.pixels.shape[1] - 0.5, scene.pixels.shape[0] - 0.5)
    shown = np.ones(len(at), np.bool_)
    for side in (-1, 1):
        edge = points + side * line.wide[at, None] * normal
        shown &= ((edge >= low) & (edge <= high)).all(1)
    if scene.void is not None:
        rows, columns = scene.void.shape
        for share in _ACROSS:
            x, y = np.rint((points + share * line.reach[at, None] * normal).T).astype(np.intp) // scene.cell_px
            shown &= ~scene.void[np.clip(y, 0, rows - 1), np.clip(x, 0, columns - 1)]
    return np.asarray(minimum_filter1d(shown, _TOGETHER, mode="nearest"))
