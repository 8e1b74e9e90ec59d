"""Crack pixels cut to the widths that were measured."""

from dataclasses import fields, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from crackscope.inspection import find_cracks, trace_zones
from crackscope.inspection.centreline import Network, centre_lines, connected, own_lines
from crackscope.inspection.fitting import Fit
from crackscope.inspection.mask import Cracks
from crackscope.inspection.trimming import trimmed
from crackscope.inspection.widths import Course, measure_courses
from crackscope.scoring import Heatmap, quality
from crackscope.surfaces import CrackSpec, SurfaceSpec, make
from tests.test_inspection_mask import heatmap, overlap

Mask = NDArray[np.bool_]
Pixels = NDArray[np.uint8]


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


def toothed(height: int, more: float = 0) -> tuple[Mask, Mask, Pixels]:
    """A dark winding crack from the top down, 5 px wide, at its lower end so much more to either side; what stands out
    of it to its sides; and the photo of both."""
    import cv2

    rows = np.arange(height)[:, None]
    away = np.abs(np.arange(120) - (60 + 20 * np.sin(rows / 90)).round())
    there = (rows >= 20) & (rows < height - 20)
    half = 2 + more * rows / height
    crack = there & (away <= half)
    teeth = there & (away <= half + 5) & (rows % 24 < 3) & ~crack
    grey = cv2.GaussianBlur(np.where(crack | teeth, 90.0, 170.0), (0, 0), 0.8)
    grey += np.random.default_rng(5).normal(0, 3, grey.shape)
    return crack, teeth, np.clip(grey, 0, 255).astype(np.uint8)[..., None].repeat(3, 2)


def traced(crack: Mask, pixels: Pixels) -> tuple[Cracks, list[tuple[Network, list[Course]]]]:
    """The cracks of a photo whose heatmap lights up along this one, and their lines with widths."""
    heat = heatmap(crack)
    heat = Heatmap(heat.logits + 2, heat.stride, heat.embedding)
    cracks = find_cracks(pixels, heat, 0.0)
    networks = connected(centre_lines(own_lines(cracks.mask, cracks.groups)))
    return cracks, list(zip(networks, measure_courses(pixels, networks, quality(pixels)), strict=True))


@pytest.mark.parametrize("more", [0, 6])
def test_a_long_crack_is_cut_all_along(more: float) -> None:
    crack, teeth, pixels = toothed(2300, more)
    cracks, ((network, courses),) = traced(crack, pixels)
    cut = trimmed(cracks.mask, cracks.groups, [(network.owners, courses)])
    assert (cut & crack).sum() > 0.99 * crack.sum()
    for top in range(20, 2270, 24):
        tooth = slice(top, top + 24)
        assert (cut & teeth)[tooth].sum() <= 0.6 * (cracks.mask & teeth)[tooth].sum()


def test_a_line_without_widths_is_taken_for_as_wide_as_the_crack_usually_is() -> None:
    crack, _, pixels = toothed(400)
    cracks, ((network, (course,)),) = traced(crack, pixels)
    half = len(course.points) // 2
    known = part(course.fit, 0, 40)
    known.width[:15] *= 3
    lines = [
        replace(course, points=course.points[:half], at=course.at[:40], fit=known),
        replace(course, points=course.points[half:], at=course.at[:0], fit=part(course.fit, 0, 0)),
    ]
    whole, cut = (trimmed(cracks.mask, cracks.groups, [(network.owners, some)]) for some in ([course], lines))
    assert overlap(cut[220:], whole[220:]) > 0.95
    assert cut[:100].sum() > whole[:100].sum()


def part(fit: Fit, first: int, last: int) -> Fit:
    return Fit(*(getattr(fit, field.name)[first:last].copy() for field in fields(fit)))


def test_pixels_stay_whose_line_has_left_them_all() -> None:
    crack, _, pixels = toothed(400)
    cracks, ((network, (course,)),) = traced(crack, pixels)
    beside = replace(course, points=course.points + np.array([50.0, 0.0]))
    assert np.array_equal(trimmed(cracks.mask, cracks.groups, [(network.owners, [beside])]), cracks.mask)


def test_only_groups_of_zones_are_cut() -> None:
    crack, _, pixels = toothed(400)
    crack, pixels = crack | np.roll(crack, 32, 1), np.minimum(pixels, np.roll(pixels, 32, 1))
    cracks, zones = traced(crack, pixels)
    left, right = cracks.groups.windows
    assert left.left < right.left < left.right, "each reaches into the window of the other"
    assert len(zones) == 2
    measured = [(network.owners, courses) for network, courses in zones]
    one, other = (trimmed(cracks.mask, cracks.groups, [zone]) for zone in measured)
    both = trimmed(cracks.mask, cracks.groups, measured)
    assert both.sum() < min(one.sum(), other.sum())
    assert np.array_equal(both, one & other)
    assert np.array_equal(one | other, cracks.mask)


def test_without_zones_nothing_is_cut() -> None:
    pixels = np.full((120, 160, 3), 150, np.uint8)
    heat = Heatmap(np.full((30, 40), -5, np.float32), 4, np.zeros(1, np.float32))
    zones, mask = trace_zones(pixels, find_cracks(pixels, heat, 0.0), heat, quality(pixels))
    assert zones == ()
    assert not mask.any()
