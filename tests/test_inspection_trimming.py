"""Crack pixels cut to the widths that were measured."""

import numpy as np
import pytest
from numpy.typing import NDArray

from crackscope.inspection import find_cracks, trace_zones
from crackscope.scoring import Heatmap, quality
from crackscope.surfaces import CrackSpec, SurfaceSpec, make
from tests.test_inspection_mask import heatmap, overlap

Mask = NDArray[np.bool_]


def masks(seed: int, width: tuple[float, float]) -> tuple[Mask, Mask, Mask]:
    """As they were found, cut to the widths, and true; of a grainy photo, in which the edges do not show so well."""
    crack = CrackSpec(width, branching=0.3, contrast=0.5)
    made = make(SurfaceSpec(seed=seed, kind="asphalt", size=(420, 380), crack=crack, distractors=0))
    heat = heatmap(made.mask)
    # A network's map is hot beside the crack, too.
    heat = Heatmap(heat.logits + 2, heat.stride, heat.embedding)
    cracks = find_cracks(made.pixels, heat, 0.0)
    return cracks.mask, trace_zones(made.pixels, cracks, heat, quality(made.pixels)).mask, made.mask


@pytest.mark.parametrize("width", [(1.5, 2.5), (3.0, 5.0), (8.0, 12.0)])
def test_the_cut_mask_lies_nearer_to_the_truth(width: tuple[float, float]) -> None:
    some = [masks(seed, width) for seed in (11, 12, 13, 14)]
    assert all(cut.any() and not (cut & ~found).any() for found, cut, _ in some)
    before, after = (np.mean([overlap(one[which], one[2]) for one in some]) for which in (0, 1))
    assert after > before
    too_wide, wide = (sum(one[which].sum() for one in some) / sum(one[2].sum() for one in some) for which in (0, 1))
    assert abs(np.log(wide)) < abs(np.log(too_wide))


def test_a_hairline_stays_in_one_piece() -> None:
    import cv2

    height, width = 200, 300
    rng = np.random.default_rng(3)
    grey = rng.normal(170, 2, (height, width))
    down = (100 + 30 * np.sin(np.arange(width) / 40)).round().astype(int)
    grey[down[20:-20], np.arange(20, width - 20)] -= 60
    crack = np.zeros((height, width), np.bool_)
    crack[down[20:-20], np.arange(20, width - 20)] = True
    pixels = np.clip(grey, 0, 255).astype(np.uint8)[..., None].repeat(3, 2)
    heat = heatmap(crack)
    cracks = find_cracks(pixels, heat, 0.0)
    (_,), mask = trace_zones(pixels, cracks, heat, quality(pixels))
    assert cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)[0] == 2
    assert mask.any(0).sum() >= 0.97 * crack.any(0).sum()


def test_without_zones_nothing_is_cut() -> None:
    pixels = np.full((120, 160, 3), 150, np.uint8)
    heat = Heatmap(np.full((30, 40), -5, np.float32), 4, np.zeros(1, np.float32))
    zones, mask = trace_zones(pixels, find_cracks(pixels, heat, 0.0), heat, quality(pixels))
    assert zones == ()
    assert not mask.any()
