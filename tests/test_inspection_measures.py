"""Zones and their measures, on lines of known length and width."""

from itertools import combinations, pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from crackscope.inspection import ZoneOptions, find_cracks, measure_zones
from crackscope.inspection.polylines import length_of, without_hairpins
from crackscope.inspection.roughness import rough_length
from crackscope.inspection.zones import trace_zones
from crackscope.records import Estimate, Zone
from crackscope.scoring import Heatmap, Quality, quality
from crackscope.surfaces import CrackSpec, SurfaceSpec, generate, make
from tests.test_inspection_mask import heatmap

Ends = tuple[float, float, float, float]


def drawn(lines: list[tuple[Ends, float]], size: int = 320, blur_px: float = 0.8, noise: float = 1.0) -> "Drawn":
    """Straight dark strips ((x0, y0, x1, y1), width) on an even surface, as a camera sees them."""
    y, x = np.mgrid[:size, :size].astype(np.float64)
    share = np.zeros((size, size))
    for (x0, y0, x1, y1), width in lines:
        long = float(np.hypot(x1 - x0, y1 - y0))
        ux, uy = (x1 - x0) / long, (y1 - y0) / long
        along, across = (x - x0) * ux + (y - y0) * uy, np.abs((x - x0) * uy - (y - y0) * ux)
        beside = np.clip(width / 2 - across + 0.5, 0, 1) - np.clip(-width / 2 - across + 0.5, 0, 1)
        beside = np.minimum(beside, width)
        share = np.maximum(share, beside * np.clip(along + 0.5, 0, 1) * np.clip(long - along + 0.5, 0, 1))
    grey = gaussian_filter(165 * (1 - 0.62 * share), blur_px)
    grey += np.random.default_rng(size).normal(0, noise, grey.shape)
    pixels = np.repeat(np.clip(grey + 0.5, 0, 255).astype(np.uint8)[..., None], 3, 2)
    return pixels, share >= 0.5


Drawn = tuple[NDArray[np.uint8], NDArray[np.bool_]]


def zones_of(made: Drawn) -> tuple[Zone, ...]:
    pixels, mask = made
    heat = heatmap(mask)
    return measure_zones(pixels, find_cracks(pixels, heat, 0.0), heat, quality(pixels))


def line_at(angle_deg: float, long: float = 200, middle: float = 160) -> Ends:
    x, y = np.cos(np.radians(angle_deg)) * long / 2, -np.sin(np.radians(angle_deg)) * long / 2
    return (middle - x, middle - y, middle + x, middle + y)


@given(angle=st.floats(0, 179), width=st.floats(2.0, 20.0))
@settings(max_examples=15)
def test_length_width_and_direction_of_a_strip(angle: float, width: float) -> None:
    (zone,) = zones_of(drawn([(line_at(angle), width)]))
    assert zone.width_median_px.value == pytest.approx(width, abs=max(0.5, 0.1 * width))
    assert zone.width_median_px.low <= width <= zone.width_median_px.high
    assert zone.length_px == pytest.approx(200, rel=0.05)
    turn = abs(zone.orientation_deg - angle) % 180
    assert min(turn, 180 - turn) < 4


@pytest.mark.parametrize(("long", "short"), [(30, 100), (150, 80), (5, 65), (170, 50)])
def test_the_direction_of_cracks_that_cross_is_that_of_the_longer(long: int, short: int) -> None:
    """Half way between the two no px of them runs."""
    (zone,) = zones_of(drawn([(line_at(long, 230), 4.0), (line_at(short, 190), 4.0)]))
    turn = abs(zone.orientation_deg - long) % 180
    assert min(turn, 180 - turn) < 8


def test_the_direction_of_a_crack_that_winds_is_half_way_between_its_turns() -> None:
    x = np.linspace(30, 290, 14)
    y = 160 + 3 * (-1) ** np.arange(14) - 0.2 * (x - 160)
    corners = list(zip(x.tolist(), y.tolist(), strict=True))
    legs = [((*begin, *end), 4.0) for begin, end in pairwise(corners)]
    (zone,) = zones_of(drawn(legs))
    assert zone.orientation_deg == pytest.approx(np.degrees(np.arctan(0.2)), abs=4)


@pytest.mark.parametrize("width", [1.0, 1.4])
@pytest.mark.parametrize("blur_px", [0.5, 1.2])
def test_thinner_than_the_blur(width: float, blur_px: float) -> None:
    (zone,) = zones_of(drawn([(line_at(20), width)], blur_px=blur_px))
    assert zone.width_median_px.value == pytest.approx(width, abs=0.5)
    assert zone.width_median_px.low <= width <= zone.width_median_px.high


def test_the_dark_lips_of_a_gaping_crack_are_no_cracks() -> None:
    crack, lips = (line_at(30), 16.0), [((150, 147, 190, 124), 2.0), ((120, 201.6, 150, 184), 2.0)]
    (alone,) = zones_of(drawn([crack]))
    beside = zones_of(drawn([crack, *lips]))
    assert sum(zone.length_px for zone in beside) == pytest.approx(alone.length_px, rel=0.02)
    longer = zones_of(drawn([crack, ((60, 150, 260, 34), 2.0)]))
    assert sum(zone.length_px for zone in longer) > alone.length_px + 150


@given(bend=st.floats(20, 160), narrow=st.floats(1, 9))
@settings(max_examples=20)
def test_a_line_that_turns_back_on_itself_is_cut_short(bend: float, narrow: float) -> None:
    there = np.stack([np.arange(0.0, 60), np.zeros(60)], 1)
    out = np.stack([np.full(10, 60.0) + narrow * np.linspace(0, 0.5, 10), np.linspace(0, 10, 10)], 1)
    back = out[::-1] + np.array([narrow, 0.0])
    on = np.stack([np.arange(60.0 + narrow, 120), np.zeros(len(np.arange(60.0 + narrow, 120)))], 1)
    whole = np.concatenate([there, out, back, on])
    short = without_hairpins(whole)
    if narrow < 6:
        assert length_of(short) < length_of(whole) - 8
    turn = np.radians(bend)
    corner = np.stack([np.arange(1.0, 60) * np.cos(turn), np.arange(1.0, 60) * np.sin(turn)], 1) + np.array([59, 0])
    sharp = np.concatenate([there, corner])
    if bend < 130:
        assert len(without_hairpins(sharp)) == len(sharp)


def test_a_rough_thin_crack_is_as_long_as_it_was_drawn() -> None:
    ratios = []
    for seed in range(8):
        crack = CrackSpec((1.4, 2.4), branching=0, contrast=0.75, roughness=0.9, breaks=0)
        made = make(SurfaceSpec(seed=seed, kind="concrete", size=(420, 420), crack=crack, distractors=0))
        zones = zones_of((made.pixels, made.mask))
        ratios.append(sum(zone.length_px for zone in zones) / made.length_px)
    assert np.median(ratios) == pytest.approx(1, abs=0.03)
    assert np.mean(np.abs(np.array(ratios) - 1) < 0.05) >= 0.7


@pytest.mark.parametrize("seed", [8, 16, 60])
def test_no_branch_stands_twice_nor_has_a_single_point(seed: int) -> None:
    """Where smoothing of wide stretches ends, it opened pinholes, and the centre line ran around them on both sides."""
    crack = CrackSpec((3, 9), branching=0.6, contrast=0.7, roughness=0.9, breaks=0)
    made = make(SurfaceSpec(seed=seed, kind="concrete", size=(320, 320), crack=crack, distractors=0))
    lines = [np.asarray(line) for zone in zones_of((made.pixels, made.mask)) for line in zone.centreline]
    assert min(length_of(line) for line in lines) > 0
    for one, other in combinations(lines, 2):
        ends = [float(np.hypot(*(one[[0, -1]] - other[way]).T).max()) for way in ([0, -1], [-1, 0])]
        assert min(ends) > 1 or max(length_of(one), length_of(other)) > 10


def test_a_straight_line_is_no_longer_than_its_points() -> None:
    (zone,) = zones_of(drawn([(line_at(25), 2.0)], noise=0.5))
    steps = np.diff(np.array(zone.centreline[0]), axis=0)
    assert zone.length_px == pytest.approx(np.hypot(*steps.T).sum(), rel=0.005)


def test_what_gapes_is_told_less_surely_than_what_is_wide() -> None:
    def share(width: float) -> float:
        (zone,) = zones_of(drawn([((40, 350, 660, 350), width)], size=700))
        return (zone.width_median_px.high - zone.width_median_px.low) / width

    assert share(20) < 0.16 < share(70)


@pytest.mark.parametrize("width", [60.0, 80.0])
@pytest.mark.parametrize("angle", [30.0, 60.0, 120.0])
def test_a_wide_crack_ends_at_the_photo_s_border_and_in_no_corner(angle: float, width: float) -> None:
    (zone,) = zones_of(drawn([(line_at(angle, long=800), width)]))
    assert zone.branches == 0
    long = 320 / max(abs(np.cos(np.radians(angle))), abs(np.sin(np.radians(angle))))
    assert zone.length_px == pytest.approx(long, rel=0.03)


def notched(seed: int, deep_px: float) -> Drawn:
    """An upright crack of 80 px from border to border with notches of so many px, 2 px high."""
    rng = np.random.default_rng(seed)
    notches = gaussian_filter1d(rng.normal(0, 1, (2, 500)), 2.0, axis=1)
    notches *= deep_px / notches.std()
    x = np.arange(420)[None]
    mask = (x > (170 + notches[0])[:, None]) & (x < (250 + notches[1])[:, None])
    grey = gaussian_filter(165 * (1 - 0.62 * mask), 1.0) + rng.normal(0, 1, mask.shape)
    return np.repeat(np.clip(grey + 0.5, 0, 255).astype(np.uint8)[..., None], 3, 2), mask


@pytest.mark.parametrize(("deep_px", "mean", "most"), [(3.0, 1.03, 1.13), (5.0, 1.15, 1.2)])
def test_notches_in_the_edges_of_a_wide_crack_lengthen_it_little(deep_px: float, mean: float, most: float) -> None:
    """They neither pull its middle line to and fro, nor are they branches."""
    ratios = [sum(zone.length_px for zone in zones_of(notched(seed, deep_px))) / 500 for seed in range(6)]
    assert max(ratios) < most
    assert np.mean(ratios) < mean


def test_no_width_is_measured_where_lines_meet() -> None:
    """At neither end of a line: there the profile across one runs along another."""
    meetings = np.array([[110.0, 160.0], [210.0, 160.0]])
    pixels, mask = drawn([((x, 60, x, 260), 6.0) for x in (110, 210)] + [((110, 160, 210, 160), 6.0)])
    heat = heatmap(mask)
    (traced,) = trace_zones(pixels, find_cracks(pixels, heat, 0.0), heat, quality(pixels))
    assert traced.zone.branches == 2
    assert np.hypot(*(traced.at[:, None] - meetings).T).min() > 5


@pytest.mark.parametrize("side", [-1, 1])
def test_pores_beside_a_thin_crack_do_not_draw_its_line(side: int) -> None:
    pixels, mask = drawn([((40, 160, 280, 160), 2.0)], noise=1.0)
    for x in range(60, 270, 30):
        cv2.circle(pixels, (x, 160 + 5 * side), 2, (70, 70, 70), -1, cv2.LINE_AA)
    (zone,) = zones_of((pixels, mask))
    points = np.concatenate([np.array(line) for line in zone.centreline])
    assert np.abs(points[(points[:, 0] > 45) & (points[:, 0] < 275), 1] - 160).max(initial=0) < 1.2
    assert zone.length_px == pytest.approx(240, rel=0.03)


def test_blur_and_noise_make_widths_less_sure() -> None:
    def half(blur_px: float, noise: float) -> float:
        (zone,) = zones_of(drawn([(line_at(30), 3.0)], blur_px=blur_px, noise=noise))
        return zone.width_median_px.high - zone.width_median_px.low

    assert half(0.5, 0.5) < half(1.6, 0.5)
    assert half(0.5, 0.5) < half(0.5, 25.0)


def test_a_small_gap_is_bridged_and_a_large_one_is_not() -> None:
    def two(gap: float) -> int:
        halves: list[tuple[Ends, float]] = [((40, 160, 150, 160), 4.0), ((150 + gap, 160, 280, 160), 4.0)]
        return len(zones_of(drawn(halves)))

    assert two(8) == 1
    assert two(40) == 2


def test_lines_side_by_side_are_two() -> None:
    assert len(zones_of(drawn([((40, 140, 280, 140), 4.0), ((40, 170, 280, 170), 4.0)]))) == 2


def test_however_rough_a_line_is_at_most_a_twelfth_is_added_and_nothing_to_what_gapes() -> None:
    along = np.arange(400.0)
    points = np.stack([along, 3 * np.sin(along / 2)], 1)
    assert rough_length(points, 2.0) == pytest.approx(1.08 * length_of(points))
    assert rough_length(points, 5.0) == length_of(points)


@given(seed=st.integers(0, 1000), shaken_px=st.floats(0.1, 0.4), alike_px=st.floats(1.0, 1.6))
@settings(max_examples=20)
def test_grain_that_shakes_a_line_does_not_lengthen_it(seed: int, shaken_px: float, alike_px: float) -> None:
    """A straight line whose points are off by chance, alike over some px, and an arc that is off the same way."""
    along = np.arange(600.0)
    off = gaussian_filter(np.random.default_rng(seed).normal(0, 1, len(along)), alike_px)
    off *= shaken_px / off.std()
    straight = np.stack([along, off], 1)
    assert length_of(straight) > 599
    assert rough_length(straight, 2.0) == pytest.approx(599, rel=0.012)
    angle = along / 400
    arc = np.stack([(400 + off) * np.cos(angle), (400 + off) * np.sin(angle)], 1)
    assert rough_length(arc, 2.0) == pytest.approx(599, rel=0.012)


@pytest.mark.parametrize("long", [14, 18, 20])
def test_what_is_masked_is_a_zone_however_short_its_middle_line(long: int) -> None:
    made = drawn([((150, 160, 150 + long, 160), 4.0)])
    assert find_cracks(made[0], heatmap(made[1]), 0.0).mask.any()
    (zone,) = zones_of(made)
    assert zone.length_px == pytest.approx(long, abs=4)


def test_a_wide_crack_that_leaves_the_photo_is_as_long_as_what_is_seen_of_it() -> None:
    (zone,) = zones_of(drawn([((-60, 60, 200, 260), 24.0)]))
    assert zone.length_px == pytest.approx(np.hypot(200, 200 * 200 / 260), rel=0.05)


def test_a_branch_is_counted() -> None:
    (zone,) = zones_of(drawn([((40, 160, 280, 160), 4.0), ((160, 160, 230, 60), 4.0)]))
    assert zone.branches == 1
    assert len(zone.centreline) == 3
    assert zone.length_px == pytest.approx(240 + np.hypot(70, 100), rel=0.05)


def test_a_ring_is_measured() -> None:
    y, x = np.mgrid[:240, :240] - 120.0
    away = np.abs(np.hypot(x, y) - 80)
    grey = gaussian_filter(np.where(away <= 2.5, 60.0, 160.0), 0.7)
    pixels = np.repeat(grey.astype(np.uint8)[..., None], 3, 2)
    (zone,) = zones_of((pixels, away <= 2.5))
    assert zone.length_px == pytest.approx(2 * np.pi * 80, rel=0.05)
    assert zone.branches == 0
    (ring,), (hole,) = zone.outline, zone.holes
    assert np.hypot(*(np.array(ring) - 120).T).min() > 80
    assert np.hypot(*(np.array(hole) - 120).T).max() < 80


def test_a_hole_that_a_thin_crack_runs_through_is_not_its_largest_width() -> None:
    (zone,) = zones_of(drawn([((40, 80, 280, 80), 4.0), ((157, 80, 163, 80), 20.0)]))
    assert zone.width_max_px.value < 5
    assert zone.width_mean_px.value == pytest.approx(4, abs=0.15)


def test_the_outline_goes_around_the_pixels() -> None:
    made = drawn([(line_at(35), 6.0)])
    (zone,) = zones_of(made)
    found = find_cracks(made[0], heatmap(made[1]), 0.0).mask
    rows, columns = np.nonzero(found)
    left, top, width, height = zone.box
    assert (left, top) == (columns.min(), rows.min())
    assert (left + width, top + height) == (columns.max() + 1, rows.max() + 1)
    assert zone.area_px == found.sum()
    (ring,) = zone.outline
    x, y = np.array(ring).T
    enclosed = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
    assert enclosed == pytest.approx(zone.area_px, rel=0.15)
    assert x.min() >= left - 0.5
    assert y.max() <= top + height - 0.5


def test_a_crack_across_a_large_photo() -> None:
    side = 4200
    place = np.arange(side)
    pixels = np.full((side, side, 3), 165, np.uint8)
    for off in range(-4, 5):
        pixels[place, np.clip(place + off, 0, side - 1)] = 60
    logits = np.full((side // 4, side // 4), -6, np.float32)
    cells = np.arange(side // 4)
    for off in (-1, 0, 1):
        logits[cells, np.clip(cells + off, 0, side // 4 - 1)] = 4
    heat = Heatmap(logits, 4, np.zeros(1, np.float32))
    (zone,) = measure_zones(pixels, find_cracks(pixels, heat, 0.0), heat, Quality(0.5, 1.0, 0.0, 0.0))
    assert zone.box == (0, 0, side, side)
    assert zone.length_px == pytest.approx(side * np.sqrt(2), rel=0.02)
    assert zone.width_median_px.value == pytest.approx(9 / np.sqrt(2), abs=0.5)
    assert np.array(zone.outline[0]).max() > side - 10


def test_probability_follows_the_heatmap() -> None:
    pixels, mask = drawn([(line_at(10), 5.0)])
    heat = heatmap(mask)
    cracks = find_cracks(pixels, heat, 0.0)
    seen = quality(pixels)
    (sure,) = measure_zones(pixels, cracks, heat, seen)
    (unsure,) = measure_zones(pixels, cracks, heat, seen, ZoneOptions(logit_scale=0.2, logit_shift=-1))
    assert 0 <= unsure.probability < sure.probability <= 1


def ordered(one: Estimate) -> bool:
    return 0 <= one.low <= one.value <= one.high and np.isfinite(one.high)


@given(seed=st.integers(0, 10_000), size=st.integers(20, 200), busy=st.booleans())
@settings(max_examples=12)
def test_any_heatmap_gives_sane_zones(seed: int, size: int, busy: bool) -> None:
    rng = np.random.default_rng(seed)
    pixels = generate(seed, size=(size, size + 13)).pixels
    cells = (-(-pixels.shape[0] // 4), -(-size // 4))
    logits = rng.normal(0, 4, cells)
    if not busy:
        logits = 8 * gaussian_filter(logits, 1.5)
    heat = Heatmap(logits.astype(np.float32), 4, np.zeros(1, np.float32))
    cracks = find_cracks(pixels, heat, 0.0)
    for zone in measure_zones(pixels, cracks, heat, quality(pixels)):
        assert all(
            ordered(one) for one in (zone.width_mean_px, zone.width_median_px, zone.width_p95_px, zone.width_max_px)
        )
        assert zone.width_median_px.low <= zone.width_p95_px.low <= zone.width_max_px.low
        assert zone.width_median_px.high <= zone.width_p95_px.high <= zone.width_max_px.high
        assert zone.length_px >= 0
        assert 0 <= zone.orientation_deg < 180
        left, top, width, height = zone.box
        assert 0 <= left < left + width <= pixels.shape[1]
        assert 0 <= top < top + height <= pixels.shape[0]
        for x, y in (point for line in zone.centreline for point in line):
            assert -1 <= x <= pixels.shape[1]
            assert -1 <= y <= pixels.shape[0]


@pytest.mark.parametrize("noise", [0.0, 2.0, 6.0])
def test_noise_is_told(noise: float) -> None:
    still = gaussian_filter(generate(5, size=(512, 400), cracked=False).pixels.astype(np.float32), (1.5, 1.5, 0))
    grain = np.random.default_rng(3).normal(0, noise, still.shape[:2])[..., None]
    told = quality(np.clip(still + grain + 0.5, 0, 255).astype(np.uint8)).noise
    assert told == pytest.approx(noise, abs=0.3 + 0.1 * noise)


def test_blur_is_told() -> None:
    told = []
    for seed in (2, 7, 11):
        sharp = generate(seed, size=(640, 512)).pixels.astype(np.float32)
        told.append(
            [quality(gaussian_filter(sharp, (b, b, 0)).astype(np.uint8)).sharpness_px for b in (0.01, 1.2, 2.5)]
        )
    middle = np.median(told, 0)
    # The surface's own blur, about .65 px, comes on top.
    assert middle == pytest.approx(np.hypot(0.65, [0, 1.2, 2.5]), rel=0.35)
    assert all(one[0] < one[1] < one[2] for one in told)


@pytest.mark.parametrize("thing", [(244, 160, 286, 160), (268, 130, 268, 190)])
def test_what_a_crack_runs_into_is_no_width_of_it(thing: Ends) -> None:
    """A hole, a stone or a wheel in the corner: hardly longer than wide, and many times wider than the crack."""
    (zone,) = zones_of(drawn([((20, 160, 260, 160), 3), (thing, 30)]))
    assert zone.width_max_px.value < 5
    assert zone.width_p95_px.high < 6


def test_a_crack_that_gapes_for_as_long_as_that_is_as_wide() -> None:
    (zone,) = zones_of(drawn([((20, 160, 200, 160), 3), ((200, 160, 300, 160), 16)]))
    assert zone.width_max_px.value == pytest.approx(16, abs=2)
