"""What belongs together, worked out where something is, must be what working it out everywhere gives."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from crackscope.inspection import Cracks, ZoneOptions, find_cracks, trace_zones
from crackscope.inspection.centreline import JOINING, Joining
from crackscope.inspection.evidence import unseen
from crackscope.inspection.groups import group_cells, pixels_of
from crackscope.inspection.window import Window
from crackscope.records import Zone
from crackscope.scoring import Heatmap, quality
from tests.test_inspection_faint_ends import BEGIN, END, MARKED, ROW, SIDE, camera, marked_until
from tests.test_inspection_mask import heatmap, wide_crack
from tests.test_inspection_measures import drawn


def strewn(seed: int, size: tuple[int, int], share: float) -> NDArray[np.uint8]:
    """Grades in some of the cells: what is strewn and short lines."""
    rng = np.random.default_rng(seed)
    grades = (rng.random(size) < share).astype(np.uint8)
    for _ in range(4):
        places = rng.integers(0, (size[1], size[0]), (2, 2)).tolist()
        cv2.line(grades, places[0], places[1], int(rng.integers(1, 3)), int(rng.integers(1, 4)))
    return grades


@pytest.mark.parametrize("size", [(2500, 90), (1024, 33), (31, 2100)])
def test_the_pixels_of_some_groups_are_those_of_their_cells(size: tuple[int, int]) -> None:
    """In photos of more rows than are looked at at a time, too."""
    grades = strewn(5, size, 0.002)
    groups = group_cells(grades, [Window(0, 0, size[1], size[0])], 0.0, 0.0)
    mask = grades > 0
    for numbers in ([], [1], list(range(1, len(groups.windows) + 1, 2))):
        cells = np.isin(groups.labels, numbers).repeat(4, 0).repeat(4, 1)[: size[0], : size[1]]
        assert np.array_equal(pixels_of(mask, groups, numbers), mask & cells)


@given(st.integers(0, 9999), st.tuples(st.integers(1, 130), st.integers(1, 130)), st.sampled_from([0, 0.002, 0.02]))
@settings(max_examples=80)
def test_cells_belong_together_that_touch_or_leave_one_free(seed: int, size: tuple[int, int], share: float) -> None:
    grades = strewn(seed, size, share)
    before, (height, width) = grades.copy(), size
    groups = group_cells(grades, [Window(0, 0, width, height)], 0.0, 0.0)
    padded = np.pad(before, ((0, -height % 4), (0, -width % 4)))
    best = padded.reshape(padded.shape[0] // 4, 4, -1, 4).max((1, 3))
    wanted, count = ndimage.label(ndimage.binary_dilation(best > 0, np.ones((3, 3))))
    wanted[best == 0] = 0
    strong = [number for number in range(1, count + 1) if (best[wanted == number] > 1).any()]
    assert len(groups.windows) == len(strong) == groups.labels.max(initial=0)
    for number in strong:
        (label,) = set(groups.labels[wanted == number].tolist())
        rows, columns = np.nonzero(wanted == number)
        at = 4 * columns.min(), 4 * rows.min(), 4 * columns.max() + 4, 4 * rows.max() + 4
        assert groups.windows[label - 1] == (at[0], at[1], min(at[2], width), min(at[3], height))
        assert (groups.labels == label).sum() == (wanted == number).sum()
    kept = np.repeat(np.repeat(groups.labels > 0, 4, 0), 4, 1)[:height, :width]
    assert np.array_equal(grades, (before > 0) & kept)


def far_off_by_hand(sure: NDArray[np.bool_], crack: NDArray[np.bool_]) -> NDArray[np.bool_]:
    away = cv2.distanceTransform((~crack).astype(np.uint8), cv2.DIST_L2, 3)
    far = sure & (away > 4)
    parts, _ = ndimage.label(far, np.ones((3, 3)))
    kept = np.zeros_like(far)
    for number, box in enumerate(ndimage.find_objects(parts), 1):
        reach = away[parts == number].max()
        if reach > 10 and np.hypot(*(side.stop - side.start for side in box)) <= 2 * reach:
            kept |= parts == number
    return kept


@given(st.integers(0, 9999), st.integers(0, 26), st.booleans())
@settings(max_examples=80)
def test_what_the_grey_values_do_not_show_lies_far_from_all_that_they_show(seed: int, apart: int, both: bool) -> None:
    rng = np.random.default_rng(seed)
    crack, sure = np.zeros((2, 96, 128), np.bool_)
    top, left = int(rng.integers(0, 60)), int(rng.integers(0, 90))
    crack[top : top + int(rng.integers(1, 9)), left : left + 30] = True
    below = min(92, top + apart)
    sure[below : below + 4, left : left + int(rng.integers(1, 60))] = True
    if both:
        sure |= rng.random(sure.shape) < 0.01
    assert np.array_equal(unseen(sure, crack), far_off_by_hand(sure, crack))
    assert not unseen(np.zeros_like(sure), crack).any()


def zones_of(pixels: NDArray[np.uint8], cracks: Cracks, heat: Heatmap, joining: Joining = JOINING) -> list[Zone]:
    traced = trace_zones(pixels, cracks, heat, quality(pixels), ZoneOptions(joining=joining))
    return [one.zone for one in traced]


def without_known(cracks: Cracks) -> Cracks:
    return Cracks(cracks.mask, cracks.groups)


def faint_end_beside(row: int) -> tuple[NDArray[np.uint8], Heatmap]:
    """A crack whose faint end is followed, in the bend of it, and another one in this row."""
    depth, heat = np.zeros((SIDE, SIDE)), marked_until(MARKED)
    depth[ROW : ROW + 2, BEGIN:MARKED] = 80
    depth[ROW : ROW + 2, MARKED:END] = 40
    # Down from where it begins, and on to the right, farther than its faint end.
    depth[ROW : ROW + 60, BEGIN : BEGIN + 2] = depth[ROW + 58 : ROW + 60, BEGIN : END + 40] = 80
    heat.logits[ROW // 4 : ROW // 4 + 15, BEGIN // 4] = heat.logits[ROW // 4 + 14, BEGIN // 4 : END // 4 + 10] = 4
    depth[row : row + 2, 20:200] = 80
    heat.logits[row // 4, 5:50] = 4
    return camera(depth, 2.0, 0), heat


@pytest.mark.parametrize("row", [60, 260])
def test_lines_looked_for_on_the_way_are_those_of_the_mask(row: int) -> None:
    pixels, heat = faint_end_beside(row)
    cracks = find_cracks(pixels, heat, 0.0)
    assert cracks.mask[ROW - 3 : ROW + 5, MARKED + 20 : END - 8].any(0).all()
    assert cracks.known is not None
    (known,) = cracks.known
    assert abs(known.top - row) < 10
    assert len(cracks.groups.windows) == 2
    zones = zones_of(pixels, cracks, heat)
    assert zones == zones_of(pixels, without_known(cracks), heat)
    assert sum(zone.length_px for zone in zones) == pytest.approx(180 + 2 * (END - BEGIN) + 100, rel=0.05)


@pytest.mark.parametrize("joining", [JOINING, Joining(gap_px=1.0), Joining(crumb_px=90.0)])
@pytest.mark.parametrize("seed", range(3))
def test_lines_joined_otherwise_are_looked_for_anew(seed: int, joining: Joining) -> None:
    pixels, mask = wide_crack(seed)
    heat = heatmap(mask)
    cracks = find_cracks(pixels, heat, 0.0)
    assert cracks.known
    assert zones_of(pixels, cracks, heat, joining) == zones_of(pixels, without_known(cracks), heat, joining)


def test_gaps_are_bridged_as_asked_though_lines_are_known() -> None:
    pixels, mask = drawn([((40, 80, 150, 80), 3.0), ((156, 80, 280, 80), 3.0)])
    heat = heatmap(mask)
    cracks = find_cracks(pixels, heat, 0.0)
    assert cracks.known
    (bridged,), (parted,) = (zones_of(pixels, cracks, heat, Joining(gap_px=gap)) for gap in (12.0, 1.0))
    assert (len(bridged.centreline), len(parted.centreline)) == (1, 2)
