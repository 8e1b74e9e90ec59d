"""Zones of one photo by severity, and widths along a crack summed up."""

from itertools import pairwise

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from crackscope.inspection import find_cracks, trace_zones
from crackscope.inspection.fitting import Fit
from crackscope.inspection.summing import summed_up
from crackscope.inspection.widths import Course
from crackscope.inspection.zones import numbered
from crackscope.records import Estimate
from crackscope.scoring import Quality, quality
from tests.test_inspection_mask import heatmap
from tests.test_inspection_measures import drawn, line_at, zones_of


def test_the_widest_comes_first_and_numbers_count_up() -> None:
    zones = zones_of(drawn([((40, 80, 280, 80), 3.0), ((40, 240, 280, 240), 9.0), ((40, 160, 280, 160), 5.0)]))
    assert [zone.number for zone in zones] == [1, 2, 3]
    assert [round(zone.width_median_px.value) for zone in zones] == [9, 5, 3]
    assert [zone.branches for zone in zones] == [0, 0, 0]


def test_numbers_follow_the_largest_width_which_the_report_sorts_by() -> None:
    swollen = [((40, 80, 280, 80), 4.0), ((157, 80, 163, 80), 12.0)]
    zones = zones_of(drawn([((40, 220, 280, 220), 5.0), *swollen]))
    assert [zone.box[1] < 120 for zone in zones] == [True, False]
    assert zones[0].width_max_px.value > zones[1].width_max_px.value
    assert zones[0].width_p95_px.value < zones[1].width_p95_px.value


@pytest.mark.parametrize("blob", [(90, 80), (210, 80), (160, 220)])
def test_where_a_crack_is_widest_is_told(blob: tuple[int, int]) -> None:
    x, y = blob
    lines = [((40, 80, 280, 80), 4.0), ((160, 80, 160, 280), 4.0)]
    swollen = ((x - 12, y, x + 12, y), 9.0) if y == 80 else ((x, y - 12, x, y + 12), 9.0)
    (zone,) = zones_of(drawn([*lines, swollen]))
    assert zone.widest_at == pytest.approx(blob, abs=12)
    assert any(np.hypot(*(np.array(line) - zone.widest_at).T).min() < 1 for line in map(densely, zone.centreline))


def densely(line: tuple[tuple[float, float], ...]) -> NDArray[np.float64]:
    """Points of a line, close together."""
    shares = np.linspace(0, 1, 400)[:, None]
    corners = np.array(line)
    return np.concatenate([begin + shares * (end - begin) for begin, end in pairwise(corners)])


def test_a_zone_that_the_scale_leaves_without_mm_comes_after_those_that_have_them() -> None:
    thin, wide = (zones_of(drawn([((40, 80, 280, 80), width)]))[0] for width in (3.0, 9.0))
    tenth = Estimate(value=0.3, low=0.2, high=0.4)
    measured = msgspec.structs.replace(thin, width_max_mm=tenth)
    first, second = numbered([wide, measured])
    assert (first.number, first.width_max_mm) == (1, tenth)
    assert (second.number, second.width_max_mm) == (2, None)


def test_numbers_go_by_width_however_probable_and_by_length_where_widths_are_alike() -> None:
    (thin,) = zones_of(drawn([((40, 80, 280, 80), 3.0)]))
    doubted = msgspec.structs.replace(thin, width_max_px=Estimate(value=30.0, low=20.0, high=40.0), probability=0.1)
    long = msgspec.structs.replace(thin, length_px=thin.length_px + 1, probability=0.4)
    assert [(one.probability, one.number) for one in numbered([thin, long, doubted])] == [
        (0.1, 1),
        (0.4, 2),
        (thin.probability, 3),
    ]


def test_the_largest_width_told_lies_half_way_between_the_95th_percentile_and_what_three_of_five_places_reach() -> None:
    pixels, mask = drawn([(line_at(30), 6.0), ((160, 160, 190, 143), 9.0)], noise=4.0)
    heat = heatmap(mask)
    (traced,) = trace_zones(pixels, find_cracks(pixels, heat, 0.0), heat, quality(pixels))
    p95 = np.percentile(traced.width_px, 95)
    most = np.median(np.lib.stride_tricks.sliding_window_view(traced.width_px, 5), 1).max()
    assert traced.zone.width_p95_px.value == pytest.approx(p95)
    assert traced.zone.width_max_px.value == pytest.approx((p95 + most) / 2)
    assert most > p95 + 0.01


def test_a_long_crack_of_uneven_width_is_known_better_on_average_than_a_short_one() -> None:
    rng = np.random.default_rng(0)
    found = []
    for count in (20, 2000):
        even = np.full(count, 0.1)
        fit = Fit(rng.normal(6, 1.5, count), np.zeros(count), even, even, even, even)
        course = Course(np.zeros((3 * count, 2)), 3.0 * count, 3 * np.arange(count), fit)
        found.append(summed_up([course], Quality(0.8, 1.0, 0.0, 0.0)).mean)
    short, long = (one.high - one.low for one in found)
    assert long < 0.75 * short
