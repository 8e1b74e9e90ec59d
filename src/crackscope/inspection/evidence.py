"""What the heatmap and the photo's own pixels say together of every pixel of a tile."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

CELL_PX = 4
"""Local means are kept on cells of this size: they are smooth, and sixteen times cheaper there."""

_BACKGROUND_PX = 10.0
"""Deviation of the Gaussian over which the sound surface around a pixel is averaged."""
_FALLBACK_PX = 16.0
"""The same where none of that is sound: in the middle of a wide crack."""
_DEPTH_PX = 6.0
"""Deviation of the Gaussian over which the depth of the crack is averaged: along it, and no farther."""
_COLD = 2.5
"""So far below the threshold a cell is surface, and no crack's faint border."""
_CLEAR, _UNCLEAR = 6.0, 2.0
"""Depths, in deviations of the surface, from which on grey values are taken as sharp as they are, and up to which they
are smoothed; between them, in parts."""
_DARK_PX, _FINE_PX, _SMOOTH_PX = 0.8, 0.4, 1.2
"""Deviations of the Gaussians that grey values are smoothed by: for the depth, and where it is clear, and where not."""
_PRIOR_CAP, _GREY_CAP = 2.0, 4.0
"""What the heatmap, and what a grey value, may say at most: plain grey values overrule a heatmap however sure it is."""
_COARSE_PRIOR = -2.5
"""What grey values must outweigh under a coarse map. Of -1, -2, -2.5, -3 and -3.6, F1 of masks on asphalt was .89, .92,
.92, .91, .88, and lengths on generated photos 1.38, 1.12, 1.04, 1.01, 1.03 of the true ones."""
_MEDIAN_CELLS = 15
"""Side of the square whose median is the surface under a coarse map: 60 px, of which a crack is the lesser part."""
_SPECK_PX, _HOLE_PX = 6, 16
"""Pixels below which what stands alone is grain, and below which a hole is."""
_FAR_PX, _BEYOND_RIM_PX = 4.0, 10.0
"""Where the heatmap alone is sure, crack begins so far from what grey values show; and only if some of it lies farther
off than the rim does that a wide crack has in the heatmap."""
_LONG_BY_REACH = 2.0
"""How long that part may be at most, by how far off it reaches: what goes on from a crack is as long as it reaches far,
what lies between two cracks twice as long, and what runs along beside one, as the heat does at its lit edge, longer."""


@dataclass(frozen=True, slots=True)
class Level:
    """How much the heatmap must say. threshold: logit from which a cell is crack.

    seed: what a crack must reach somewhere, above the threshold. coarse: the cells are so large that most of what lies
    in a hot one is sound.
    """

    threshold: float
    seed: float
    coarse: bool


def grade_tile(grey: Floats, heat: tuple[Floats, Floats], level: Level) -> NDArray[np.uint8]:
    """Grade the pixels of a tile: 0 sound, 1 crack if it hangs together with better, 2 crack beyond doubt.

    grey: float32 [h, w], sides multiples of CELL_PX. heat: logits enlarged to [h, w], and at the cells' centres.
    A pixel's prior is the heatmap's logit; the likelihood ratio of its grey value, between the local background and
    the local depth of the crack (two Gaussians of the background's deviation), is added to it. Where the crack is deep
    against the grain the grey values decide, to the pixel; where it is not, the heatmap does. A coarse map is
    hot far beside the crack: it says where to look, and only what is plainly darker or paler counts.
    """
    import cv2

    logits, cells = heat
    above = logits - np.float32(level.threshold)
    cold = (cells < level.threshold - _COLD).astype(np.float32)
    background, grain = _background_anywhere(grey) if level.coarse else _background(grey, cold)
    # Few pixels are hot: what is asked of them alone is worked out for them alone.
    hot = np.flatnonzero(above > 0)
    level_there = background.take(hot)
    blurred, fine, smooth = (
        cv2.GaussianBlur(grey, (0, 0), sigma).take(hot) for sigma in (_DARK_PX, _FINE_PX, _SMOOTH_PX)
    )
    depth, sign = _depth(level_there - blurred, hot, logits.shape)
    clear = depth / grain.take(hot)
    blend = np.clip((clear - _UNCLEAR) / (_CLEAR - _UNCLEAR), 0, 1)
    here = sign * (level_there - (blend * fine + (1 - blend) * smooth))
    likelihood = np.clip(clear * clear * (here / depth - 0.5), -_GREY_CAP, _GREY_CAP)
    prior = np.float32(_COARSE_PRIOR) if level.coarse else np.minimum(above.take(hot), _PRIOR_CAP)
    crack = np.zeros(grey.shape, np.bool_)
    crack.put(hot[prior + likelihood > 0], True)
    crack = without_specks(crack, _SPECK_PX, _HOLE_PX)
    if not level.coarse:
        crack |= unseen(above > level.seed, crack)
    grade: NDArray[np.uint8] = crack.astype(np.uint8)
    grade += crack & (above > level.seed)
    return grade


def without_specks(crack: NDArray[np.bool_], speck_px: int, hole_px: int) -> NDArray[np.bool_]:
    """Drop what is smaller than `speck_px` pixels, and fill holes smaller than `hole_px`.

    Pixels are counted from their borders (Pick's theorem), which on sparse masks is ten times faster than labelling.
    """
    import cv2

    out = crack.astype(np.uint8)
    borders, tree = cv2.findContours(out, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    for number, border in enumerate(borders):
        hole = tree[0, number, 3] >= 0
        if len(border) > 2 * max(speck_px, hole_px) + 8:
            continue
        area = cv2.contourArea(border)
        if hole and area - len(border) / 2 + 1 < hole_px:
            # The border of a hole is crack already: drawing it changes nothing.
            cv2.drawContours(out, borders, number, 1, cv2.FILLED)
        elif not hole and area + len(border) / 2 + 1 < speck_px:
            cv2.drawContours(out, borders, number, 0, cv2.FILLED)
    return np.asarray(out, np.bool_)


def enlarged(cells: Floats, shape: tuple[int, int]) -> Floats:
    """Cells to pixels, [h, w], linear between their centres."""
    import cv2

    return np.asarray(cv2.resize(cells, shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def pooled(field: Floats) -> Floats:
    """Mean over each cell."""
    import cv2

    height, width = field.shape
    return np.asarray(
        cv2.resize(field, (width // CELL_PX, height // CELL_PX), interpolation=cv2.INTER_AREA), np.float32
    )


def _spread(cells: Floats, sigma_px: float) -> Floats:
    import cv2

    return np.asarray(cv2.GaussianBlur(cells, (0, 0), sigma_px / CELL_PX), np.float32)


def _background(grey: Floats, cold: Floats) -> tuple[Floats, Floats]:
    """Mean and deviation [h, w] of the sound surface around each pixel, from the cells that the heatmap calls sound."""
    mean = pooled(grey)
    near, wide = _spread(cold, _BACKGROUND_PX), _spread(cold, _FALLBACK_PX)
    weight = near + 0.01 * wide + 1e-4
    level = _spread(mean * cold, _BACKGROUND_PX) + 0.01 * _spread(mean * cold, _FALLBACK_PX)
    level = (level + 1e-4 * _spread(mean, _FALLBACK_PX)) / weight
    background = enlarged(level, grey.shape)
    off = background - grey
    spread = pooled(off * off) * cold
    spread = (_spread(spread, _BACKGROUND_PX) + 0.01 * _spread(spread, _FALLBACK_PX) + 1e-4 * 25) / weight
    return background, enlarged(np.sqrt(spread) + 1, grey.shape)


def _background_anywhere(grey: Floats) -> tuple[Floats, Floats]:
    """Median and deviation [h, w] of the surface around each pixel, whatever the heatmap says.

    A coarse map is hot far around a crack, and leaves too little that is sound; of 60 px square a crack is the lesser
    part.
    """
    import cv2

    def median(cells: Floats) -> Floats:
        found = cv2.medianBlur(np.clip(cells + 0.5, 0, 255).astype(np.uint8), _MEDIAN_CELLS)
        return enlarged(_spread(found.astype(np.float32), _DEPTH_PX), grey.shape)

    background = median(pooled(grey))
    off = background - grey
    grain = median(np.float32(4) * np.sqrt(pooled(off * off))) / np.float32(4)
    return background, grain + np.float32(1)


def _depth(dark: Floats, hot: NDArray[np.intp], shape: tuple[int, int]) -> tuple[Floats, Floats]:
    """How far the crack lies below (sign 1) or above (sign -1) its surroundings, both [n], at the hot pixels of a tile
    of `shape`, counted row by row.

    dark: [n], how far each of them lies below. The contraharmonic mean over those around: what is darkest counts most.
    """

    def over_cells(values: Floats) -> Floats:
        field = np.zeros(shape, np.float32)
        field.put(hot, values)
        return pooled(field)

    below, above = np.maximum(dark, 0), np.maximum(-dark, 0)
    first, second = over_cells(below), over_cells(below * below)
    second_pale = over_cells(above * above)
    pale = _spread(second_pale, _FALLBACK_PX) > 2.5 * _spread(second, _FALLBACK_PX)
    first, second = np.where(pale, over_cells(above), first), np.where(pale, second_pale, second)
    depth = (_spread(second, _DEPTH_PX) + 1e-2) / (_spread(first, _DEPTH_PX) + 1e-2)
    sign = enlarged(np.where(pale, np.float32(-1), np.float32(1)), shape).take(hot)
    return enlarged(depth, shape).take(hot), np.where(sign < 0, np.float32(-1), np.float32(1))


def unseen(sure: NDArray[np.bool_], crack: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where the heatmap is sure of a crack that the grey values do not show.

    Around a wide crack it is sure of a rim besides, which is none, and beside a broken edge that is lit of all of that:
    what counts reaches farther off, and does not run along what is seen.
    """
    import cv2

    if not _far_off(sure, crack):
        return np.zeros_like(sure)
    away = cv2.distanceTransform((~crack).astype(np.uint8), cv2.DIST_L2, 3)
    beyond = sure & (away > _FAR_PX)
    count, parts, boxes, _ = cv2.connectedComponentsWithStats(beyond.view(np.uint8), connectivity=8)
    reach = np.zeros(count, np.float32)
    np.maximum.at(reach, np.asarray(parts[beyond], np.intp), away[beyond])
    long = np.hypot(boxes[:, cv2.CC_STAT_WIDTH], boxes[:, cv2.CC_STAT_HEIGHT])
    return np.asarray(((reach > _BEYOND_RIM_PX) & (long / _LONG_BY_REACH <= reach))[parts], np.bool_)


def _far_off(sure: NDArray[np.bool_], crack: NDArray[np.bool_]) -> bool:
    """Whether any cell that is sure has no crack in itself nor in the eight around: within 7 px to either side and 7 up
    or down, which by the distances that are asked for later is less than 10."""
    import cv2

    def cells(pixels: NDArray[np.bool_]) -> NDArray[np.uint8]:
        rows = pixels.view(np.uint32)
        some = rows[0::CELL_PX] | rows[1::CELL_PX] | rows[2::CELL_PX] | rows[3::CELL_PX]
        return np.asarray(some != 0, np.uint8)

    near = cv2.dilate(cells(crack), np.ones((3, 3), np.uint8))
    return bool((cells(sure) > near).any())
