"""A crack laid over a surface: what it covers, and how light falls into it."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.surfaces.records import CrackSpec, CrackTruth, Floats
from crackscope.surfaces.strokes import Near, Segments, covered, passed, pixels_near, segments
from crackscope.surfaces.walk import Stroke

REACH_PX = 6.0
"""Nothing farther than this and a pixel from the mask of a crack is changed by drawing it."""


_TILE = 128


class Eye(NamedTuple):
    """How a picture sees: light (x, y) of length 1 or less, blur (Gaussian deviation) in px, grain in grey levels."""

    light: tuple[float, float]
    blur_px: float
    grain: float


class Touch(NamedTuple):
    """What a crack does to the pixels at flat places [k]: a factor for the surface, and the share that is void."""

    places: NDArray[np.intp]
    factor: Floats
    void: Floats


def lay(
    strokes: list[Stroke], shape: tuple[int, int], spec: CrackSpec, eye: Eye, rng: np.random.Generator
) -> tuple[Touch, CrackTruth]:
    """Work out the crack on a picture of shape (height, width): what to do to which pixel, and the truth about it."""
    pieces = segments(strokes)
    widest = float(np.maximum(*pieces.width).max())
    reach = min(REACH_PX, 1.6 + 2 * eye.blur_px + 0.8 * widest)
    near = pixels_near(pieces, shape, reach)
    rough = _ragged(rng, near.index, shape[1])
    edge = near.half + np.minimum(near.half * 0.2, 0.35) * rough.fine + np.minimum(near.half * 0.16, 1.0) * rough.coarse
    edge = np.maximum(edge, near.half * 0.5)
    mask = np.zeros(shape[0] * shape[1], np.bool_)
    mask[near.index[covered(near.away, edge)]] = True
    mask[passed(pieces, shape)] = True
    shade = _pale(near, edge, rough, eye) if spec.filled else _dark(near, edge, rough, spec, eye)
    fade = np.clip((reach - np.maximum(near.away - edge, 0)) / 1.5, 0, 1)
    fade *= _within_reach(mask.reshape(shape))[near.index]
    shade = Touch(shade.places, 1 + (shade.factor - 1) * fade, shade.void * fade)
    return shade, _truth(pieces, mask.reshape(shape))


def _within_reach(mask: NDArray[np.bool_]) -> Floats:
    """1 up to REACH_PX from the mask bool [h, w], falling to 0 a pixel farther, flat float32 [h * w].

    The edge is ragged, so what lies near it where it bulges may lie far from where it is cut.
    """
    import cv2

    away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(np.clip(REACH_PX + 1 - away, 0, 1), np.float32).ravel()


class _Rough(NamedTuple):
    """Smooth noise at each pixel [k], mean 0, deviation about 1, alike over about 3, 9 and 20 px."""

    fine: Floats
    coarse: Floats
    broad: Floats


@lru_cache(maxsize=4)
def _hats(cell: int) -> Floats:
    """Weights [128, 128 / cell] of linear interpolation on a ring."""
    place = np.arange(_TILE)[:, None] / cell
    knots = np.arange(_TILE // cell)[None]
    ring = _TILE / cell
    away = np.abs(place - knots)
    return np.asarray(np.clip(1 - np.minimum(away, ring - away), 0, None), np.float32)


def _ragged(rng: np.random.Generator, index: NDArray[np.intp], width: int) -> _Rough:
    """Noise from small tiles that repeat, which along a line nobody notices."""
    place = ((index // width) & (_TILE - 1)) * _TILE + (index % width & (_TILE - 1))
    values: list[Floats] = []
    for cell in (2, 4, 8):
        knots = rng.standard_normal((_TILE // cell, _TILE // cell), dtype=np.float32)
        tile = _hats(cell) @ knots @ _hats(cell).T
        values.append(np.asarray(tile.ravel()[place] * np.float32(1.5), np.float32))
    return _Rough(*values)


def _below(x: Floats) -> Floats:
    """The normal distribution function, to 1e-3 (tanh form)."""
    return np.asarray(0.5 + 0.5 * np.tanh(np.float32(0.7979) * (x + np.float32(0.044715) * x * x * x)), np.float32)


def _strip(away: Floats, half: Floats, blur: float) -> Floats:
    """Share of a pixel's light that comes from a strip of this half width, seen with this blur."""
    soft = np.float32(1 / np.sqrt(blur * blur + 1 / 12))
    return np.asarray(np.maximum(_below((half - away) * soft) - _below((-half - away) * soft), 0), np.float32)


def _dark(near: Near, edge: Floats, rough: _Rough, spec: CrackSpec, eye: Eye) -> Touch:
    """An open crack: a dark void, its far wall lit, one lip bright where it faces the light and the other dull."""
    fine, coarse, broad = rough
    facing = -(near.side[0] * np.float32(eye.light[0]) + near.side[1] * np.float32(eye.light[1]))
    void = _strip(near.away, edge, eye.blur_px)
    wide = np.clip((near.half - 0.8) / 2.5, 0, 1)
    wall = edge * np.clip(0.75 * facing + 0.4 * broad - 0.05, 0, 1.1) * wide
    core = _strip(near.away, edge - wall, eye.blur_px)
    dark = np.float32(spec.contrast) * near.depth
    wall_light = np.clip(0.60 - 0.22 * dark + 0.03 * fine + 0.06 * broad, 0.2, 0.85)
    inside = np.minimum(core, void)
    out = 1 - inside * dark - (void - inside) * (1 - wall_light)
    beyond = np.maximum(near.away - edge, 0)
    reach = 0.9 + eye.blur_px + 0.35 * near.half
    lip = np.exp(-((beyond / np.minimum(reach, 2.4)) ** 2)) * (1 - void)
    strength = np.clip(0.25 + near.half * 0.3, 0, 1) * near.depth
    out = out + lip * strength * np.float32(0.12) * (facing * (0.7 + 0.5 * coarse) - 0.25)
    # Here and there an edge has crumbled, and fresh paste shows.
    crumbled = np.clip(coarse - 1.0, 0, 1) * np.clip((3.5 - beyond) / 2, 0, 1) * (1 - void)
    out = out + crumbled * strength * np.float32(0.13) * (0.6 + 0.6 * fine)
    return Touch(near.index, out.astype(np.float32), inside)


def _pale(near: Near, edge: Floats, rough: _Rough, eye: Eye) -> Touch:
    """A crack that lime has filled and overrun: pale, grainy, its border uneven."""
    fine, coarse, broad = rough
    crust = _strip(near.away, edge + np.clip(0.7 + 0.3 * fine + 0.4 * coarse + 0.7 * broad, 0, 2.4), eye.blur_px + 0.25)
    line = _strip(near.away, edge * np.float32(0.5), eye.blur_px)
    factor = 1 + (crust * np.clip(0.16 + 0.03 * fine + 0.05 * broad, 0.02, 0.3) - line * 0.12) * near.depth
    return Touch(near.index, factor.astype(np.float32), np.zeros(len(fine), np.float32))


def apply(planes: Floats, touch: Touch, local: Floats, eye: Eye, rng: np.random.Generator) -> None:
    """Change float32 planes [3, h, w] in place.

    local: float32 [3, k], the even colour of the surface around each touched pixel: the texture of the surface ends
    where the void begins, but the grain of the sensor goes on.
    """
    flat = planes.reshape(3, -1)
    here = flat[:, touch.places]
    even = here + (local - here) * (np.float32(0.75) * touch.void)
    grain = rng.standard_normal(len(touch.places), dtype=np.float32) * np.float32(eye.grain) * touch.void
    flat[:, touch.places] = even * touch.factor + grain


def _truth(pieces: Segments, mask: NDArray[np.bool_]) -> CrackTruth:
    height, width = mask.shape
    middle = pieces.start + pieces.way / 2
    limit = np.array([width - 0.5, height - 0.5], np.float32)
    inside = ((middle >= -0.5) & (middle < limit)).all(1)
    lengths = np.sqrt((pieces.way * pieces.way).sum(1))
    widths = (pieces.width[0] + pieces.width[1]) / 2
    return CrackTruth(
        mask, np.asarray(middle[inside], np.float32), widths[inside].astype(np.float32), float(lengths[inside].sum())
    )
