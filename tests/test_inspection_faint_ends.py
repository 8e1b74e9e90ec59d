"""Cracks are followed beyond what the heatmap marks, and nothing else is."""

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from crackscope.inspection import find_cracks, measure_zones
from crackscope.inspection.faint_ends import Sight, followed_ends
from crackscope.inspection.skeleton import Stretch
from crackscope.scoring import Heatmap, quality
from crackscope.surfaces import SurfaceSpec, make

SIDE = 320
BEGIN, MARKED, END = 40, 200, 245
"""Where along its row a crack begins, where the heatmap loses it, and where it ends, px."""
ROW = 160


def photo(line: bool = True, noise: float = 3.0, seed: int = 0) -> NDArray[np.uint8]:
    """An even surface with a line of 2 px along a row, which from MARKED on is half as dark."""
    depth = np.zeros((SIDE, SIDE))
    depth[ROW : ROW + 2, BEGIN:MARKED] = 80
    if line:
        depth[ROW : ROW + 2, MARKED:END] = 40
    return camera(depth, noise, seed)


def camera(depth: NDArray[np.float64], noise: float, seed: int) -> NDArray[np.uint8]:
    grey = gaussian_filter(165 - depth, 0.7) + np.random.default_rng(seed).normal(0, noise, depth.shape)
    return np.repeat(np.clip(grey + 0.5, 0, 255).astype(np.uint8)[..., None], 3, 2)


def marked_until(end: int, doubt: float = -1.5) -> Heatmap:
    """Logit 4 along the row up to `end`, and beyond it `doubt` over some 16 px to either side, else -6."""
    logits = np.full((SIDE // 4, SIDE // 4), -6, np.float32)
    logits[ROW // 4 - 4 : ROW // 4 + 5, end // 4 - 2 :] = doubt
    logits[ROW // 4 - 1 : ROW // 4 + 2, BEGIN // 4 : end // 4] = -1
    logits[ROW // 4, BEGIN // 4 : end // 4] = 4
    return Heatmap(logits, 4, np.zeros(1, np.float32))


def reach(pixels: NDArray[np.uint8], heat: Heatmap) -> int:
    """How far to the right the mask goes, px."""
    return int(np.flatnonzero(find_cracks(pixels, heat, 0.0).mask.any(0)).max())


def test_a_faint_end_is_followed_and_hardly_ever_farther() -> None:
    """Grain beyond the end leads on by a few steps of 3 px, in one photo of 300 by more than four."""
    over = np.array([reach(photo(noise=seed % 6, seed=seed), marked_until(MARKED)) - END for seed in range(60)])
    assert over.min() >= -6
    assert np.sort(over)[-2] <= 12


@example(seed=273, noise=4.0)
@given(seed=st.integers(0, 1000), noise=st.floats(0, 5))
@settings(max_examples=10)
def test_a_faint_end_is_measured(seed: int, noise: float) -> None:
    pixels, heat = photo(noise=noise, seed=seed), marked_until(MARKED)
    (zone,) = measure_zones(pixels, find_cracks(pixels, heat, 0.0), heat, quality(pixels))
    assert zone.length_px == pytest.approx(END - BEGIN, rel=0.07)
    left, _, width, _ = zone.box
    assert left + width == pytest.approx(END, abs=19)


@example(seed=169, noise=8.0)
@example(seed=110, noise=8.0)
@example(seed=100, noise=6.0)
@given(seed=st.integers(0, 1000), noise=st.floats(0, 8))
@settings(max_examples=10)
def test_an_end_is_an_end_where_the_photo_shows_nothing(seed: int, noise: float) -> None:
    assert reach(photo(line=False, noise=noise, seed=seed), marked_until(MARKED)) < MARKED + 20


def test_nothing_is_followed_where_the_heatmap_is_cold() -> None:
    assert reach(photo(), marked_until(MARKED, doubt=-6)) < MARKED + 8


def test_pale_cracks_are_followed_too() -> None:
    pale = np.clip(240 - photo().astype(np.int16), 0, 255).astype(np.uint8)
    assert reach(pale, marked_until(MARKED)) == pytest.approx(END, abs=6)


def test_no_end_runs_on_along_a_joint() -> None:
    depth = np.zeros((SIDE, SIDE))
    for row in range(ROW % 32, SIDE, 32):
        depth[row : row + 2] = 60
    assert reach(camera(depth, 3.0, 0), marked_until(MARKED)) < MARKED + 24


def test_an_end_stops_at_the_next_crack() -> None:
    depth = np.zeros((SIDE, SIDE))
    depth[ROW : ROW + 2, BEGIN:END] = 70
    depth[60:260, END : END + 3] = 90
    heat = marked_until(MARKED)
    heat.logits[15:65, END // 4] = 4
    pixels = camera(depth, 2.0, 0)
    zones = measure_zones(pixels, find_cracks(pixels, heat, 0.0), heat, quality(pixels))
    assert sum(zone.length_px for zone in zones) == pytest.approx(END - BEGIN + 200, rel=0.05)


@pytest.mark.parametrize("way", [-1, 1])
def test_no_end_goes_through_a_line_above_or_below_it(way: int) -> None:
    """A faint end runs up or down, through where another line lies, which the photo need not show."""
    depth = np.zeros((SIDE, SIDE))
    depth[ROW : ROW + 2, BEGIN:MARKED] = 80
    faint = np.zeros(depth.shape, np.uint8)
    cv2.line(faint, (MARKED, ROW), (MARKED + 50, ROW + 40 * way), 1, 2)
    depth[(faint > 0) & (depth == 0)] = 50
    heat = marked_until(MARKED)
    heat.logits[:, MARKED // 4 - 2 :] = -1.5
    sight = Sight(camera(depth, 2.0, 0), heat, 0.0, depth > 60)

    def along(x: tuple[int, int], y: float, number: int) -> Stretch:
        points = np.stack([np.arange(*x, dtype=np.float64), np.full(x[1] - x[0], y)], 1)
        return Stretch(points, np.ones(len(points)), (2 * number, 2 * number + 1), frozenset([number]))

    crack, other = along((BEGIN, MARKED), ROW + 0.5, 1), along((150, 310), ROW + 20.0 * way, 2)

    def farthest(lines: list[Stretch]) -> float:
        ends = [line for line in followed_ends(sight, lines) if abs(line[0, 1] - ROW) < 4]
        return max((float((way * (line[:, 1] - ROW)).max()) for line in ends), default=0.0)

    assert farthest([crack]) > 30
    assert farthest([crack, other]) < 22


@pytest.mark.parametrize(("seed", "row"), [(11, 160), (15, 160), (16, 100)])
def test_no_end_of_a_crack_in_brickwork_runs_on_along_its_joints(seed: int, row: int) -> None:
    """Where the heatmap is in doubt all over; by what the ends show alone they go on for 32 to 59 px."""
    bricks = make(SurfaceSpec(seed=seed, kind="brick", size=(SIDE, SIDE), distractors=1.0)).pixels
    depth = np.zeros((SIDE, SIDE))
    depth[row : row + 2, BEGIN:MARKED] = 80
    pixels = np.clip(bricks - gaussian_filter(depth, 0.7)[..., None], 0, 255).astype(np.uint8)
    logits = np.full((SIDE // 4, SIDE // 4), -0.5, np.float32)
    logits[row // 4, BEGIN // 4 : MARKED // 4] = 4
    mask = find_cracks(pixels, Heatmap(logits, 4, np.zeros(1, np.float32)), 0.0).mask
    away = cv2.distanceTransform((depth == 0).astype(np.uint8), cv2.DIST_L2, 5)
    assert mask[depth > 0].mean() > 0.4
    assert away[mask].max() < 12


def test_the_same_photo_gives_the_same_mask_wherever_it_stands() -> None:
    pixels, heat = photo(), marked_until(MARKED)
    alone = find_cracks(pixels, heat, 0.0).mask
    assert np.array_equal(find_cracks(pixels, heat, 0.0).mask, alone)
    twice = np.concatenate([pixels, pixels[::-1]])
    both = Heatmap(np.concatenate([heat.logits, heat.logits[::-1]]), 4, heat.embedding)
    found = find_cracks(np.ascontiguousarray(twice), both, 0.0).mask
    assert np.array_equal(found[: SIDE - 64], alone[: SIDE - 64])


def test_outlines_go_around_the_whole_crack() -> None:
    pixels, heat = photo(), marked_until(MARKED)
    cracks = find_cracks(pixels, heat, 0.0)
    (zone,) = measure_zones(pixels, cracks, heat, quality(pixels))
    drawn = np.zeros(cracks.mask.shape, np.uint8)
    for ring in zone.outline:
        cv2.fillPoly(drawn, [np.rint(np.array(ring)).astype(np.int32)], 1)
    assert (drawn.astype(np.bool_) | ~cracks.mask).mean() > 0.999
    assert zone.area_px == cracks.mask.sum()
