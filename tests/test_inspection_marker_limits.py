"""How far the scale of a printed marker goes: where there are no mm, and when two markers cannot both be right."""

import math

import cv2
import numpy as np
import pytest

from crackscope import reports
from crackscope.cli.inspection_summary import show, summarise
from crackscope.inspection import InspectOptions, Ruler, Scaling, find_plane, inspect, plane_of, zone_in_mm
from crackscope.inspection.marker import FARTHEST, MOST_ERROR
from crackscope.inspection.marker_corners import shaken_by
from crackscope.records import NORMAL_95, PhotoScale
from crackscope.reports import InspectionFacts
from tests.marker_photos import MARKER_MM, exactly, photo, scale_at, stuck_on, view
from tests.small_page import Page
from tests.small_zone import zone

SIZE = (1600, 1200)
SMALL = MARKER_MM / 24
"""mm per px by which a marker is 24 px wide."""
LEANING = view(5, SMALL, SIZE)
OPTIONS = InspectOptions(scaling=Scaling(marker_mm=MARKER_MM), all_zones=True)


@pytest.fixture(scope="module")
def small():
    """A photo with a marker of 24 px, hardly tilted, in its upper left, and its plane."""
    pixels = photo(LEANING, (250.0, 250.0), size=SIZE)
    return pixels, find_plane(pixels, MARKER_MM)


@pytest.fixture(scope="module")
def true_scale():
    """mm per px at that marker."""
    true = exactly(LEANING, (250.0, 250.0))
    return scale_at(true, np.array([true.marker]))


class TestSmallMarker:
    def test_perspective_within_its_error_is_left_out(self, small, true_scale):
        _pixels, plane = small
        assert not plane.to_mm[2, :2].any()
        assert scale_at(plane, np.array([plane.marker])) == pytest.approx(true_scale, rel=0.02)

    @pytest.mark.parametrize("tilt", [20, 45])
    def test_perspective_beyond_its_error_is_not(self, tilt):
        to_px = view(tilt, 0.25)
        plane, true = find_plane(photo(to_px), MARKER_MM), exactly(to_px, (30.0, 30.0))
        assert plane.to_mm[2, :2].any()
        far = np.array([[1000.0, 700.0]])
        assert scale_at(plane, far) == pytest.approx(scale_at(true, far), rel=0.02)

    def test_foreshortening_is_seen_before_perspective(self):
        """A small square, two thirds as wide as high: so it is on the surface, and no wider anywhere."""
        corners = np.array([[0.0, 0], [20, 0], [20, 30], [0, 30]]) + 400
        plane = plane_of(corners, MARKER_MM, shaken_by(corners, 0.1))
        at, ways = np.array([[410.0, 415], [410, 415]]), np.eye(2)
        assert plane.along(at, ways) == pytest.approx([MARKER_MM / 20, MARKER_MM / 30])

    def test_what_is_left_out_counts_as_error(self):
        """A trapezium that may be a square just so: far off the two differ, and the stated error covers that."""
        corners = np.array([[0.0, 0], [30, 0.8], [30, 29.2], [0, 30]]) + 400
        tilted = plane_of(corners, MARKER_MM, shaken_by(corners, 1e-6))
        plane = plane_of(corners, MARKER_MM, shaken_by(corners, 0.5))
        assert not plane.to_mm[2, :2].any()
        far = np.array([[450.0, 415.0]])
        missed = abs(scale_at(tilted, far) / scale_at(plane, far) - 1)
        assert missed > 0.08
        assert plane.relative_error((450.0, 415.0)) > missed

    def test_far_from_it_there_are_no_mm(self, small, true_scale):
        _pixels, plane = small
        ruler = Ruler(plane.scale(*SIZE), plane)
        x, y = plane.marker
        near, far = zone([(x + 30, y), (x + 60, y + 20)]), zone([(1500.0, 1100), (1550, 1150)])
        reaching = zone([(x + 30, y), (1550.0, 1150)])
        assert zone_in_mm(near, ruler).length_mm == pytest.approx(math.hypot(30, 20) * true_scale, rel=0.05)
        for one in (far, reaching):
            assert zone_in_mm(one, ruler) == one.zone
        assert plane.relative_error((1500.0, 1100.0)) > MOST_ERROR

    def test_a_photo_whose_crack_lies_there_says_why_it_has_none(self, tmp_path, capsys):
        pixels = photo(LEANING, (250.0, 250.0), size=SIZE, cracked=True)
        found = inspect(pixels, options=OPTIONS)
        assert found.scale is not None
        assert found.zones
        assert all(one.length_mm is None for one in found.zones)
        assert found.scale_doubt.startswith(f"the marker's scale does not hold at {len(found.zones)} of")
        show(summarise([found]), quiet=False)
        assert "no mm: the marker's scale does not hold" in " ".join(capsys.readouterr().out.split())
        reports.write_inspection(tmp_path, [found], InspectionFacts(title="", bundle="b"))
        page = Page(tmp_path / "index.html").text
        assert "no mm: the marker's scale does not hold" in page
        assert "In 1 cracked photo the scale does not hold at every crack" in page

    def test_the_record_then_has_the_scale_at_the_marker(self, small, true_scale):
        _pixels, plane = small
        told = plane.scale(*SIZE)
        assert not plane.holds(np.array([[799.5, 599.5]]))
        assert told.mm_per_px == pytest.approx(true_scale, rel=0.02)
        assert told.relative_error == plane.relative_error(plane.marker) < 0.02

    def test_what_may_lie_beyond_the_horizon_has_no_bounds(self, small):
        _pixels, plane = small
        assert plane.relative_error((1e5, 1e5)) == math.inf
        assert not plane.holds(np.array([[1e5, 1e5]]))


class TestSteepView:
    def test_there_are_no_mm_where_a_px_is_far_more_than_at_the_marker(self):
        """Though every corner is known exactly: near the horizon nothing holds."""
        plane = exactly(view(60, 0.2), (150.0, 90.0))
        towards = -plane.to_mm[2, :2] / np.hypot(*plane.to_mm[2, :2])
        walk = [plane.marker + step * towards for step in range(0, 800, 5)]
        held = [plane.holds(place[None]) for place in walk]
        ratio = [scale_at(plane, place[None]) / scale_at(plane, np.array([plane.marker])) for place in walk]
        last = held.index(False)
        assert ratio[last - 1] <= FARTHEST < ratio[last]
        assert not any(held[last:])
        line = zone([tuple(walk[last - 2]), tuple(walk[last + 2])])
        assert zone_in_mm(line, Ruler(plane.scale(1200, 900), plane)) == line.zone


class TestInterval:
    @pytest.mark.parametrize("error", [0.1, 0.2, 0.9])
    def test_a_scale_that_makes_it_wider_than_the_width_still_gives_mm(self, error):
        """A width of 4 px from 2.5 to 5.5: the interval holds what pixels and scale leave open, and says so."""
        ruler = Ruler(PhotoScale(mm_per_px=0.5, source="table", relative_error=error))
        scaled = zone_in_mm(zone([(100.0, 100), (200, 100)], 4.0, 1.5), ruler)
        half = math.hypot(1.5, NORMAL_95 * error * 4)
        assert scaled.length_mm == 50
        told = scaled.width_max_mm
        assert (told.value, told.low, told.high) == pytest.approx((2.0, max(0, 4 - half) / 2, (4 + half) / 2))

    def test_a_place_without_a_way_has_mm_too(self, small):
        """A branch of a single point goes nowhere."""
        _pixels, plane = small
        ruler = Ruler(plane.scale(*SIZE), plane)
        x, y = plane.marker
        there = zone([(x + 30, y), (x + 60, y + 20), (x + 80, y + 20)])
        still = there._replace(way=there.way * [[1], [0]])
        assert zone_in_mm(still, ruler).width_max_mm.value == pytest.approx(
            zone_in_mm(there, ruler).width_max_mm.value, rel=0.02
        )

    def test_a_hairline_has_mm_by_a_sure_scale(self):
        """That it is hard to tell from nothing is no fault of the scale."""
        traced = zone([(100.0, 100), (200, 100)], 0.8, 0.6)
        assert zone_in_mm(traced, Ruler(PhotoScale(mm_per_px=0.5, source="flag"))).width_max_mm.high == 0.7


class TestTwoMarkers:
    @pytest.mark.parametrize("tilt", [0, 30])
    @pytest.mark.parametrize(("side_mm", "contradicts"), [(25.0, True), (35.0, True), (45.0, False), (50.0, False)])
    def test_of_different_numbers_must_tell_one_scale(self, tilt, side_mm, contradicts):
        to_px = view(tilt, 0.2)
        plane = find_plane(stuck_on(photo(to_px), to_px, (135.0, 80.0), side_mm, 9), MARKER_MM)
        assert plane.rivals == ((7, 9) if contradicts else None)

    def test_of_different_sizes_give_no_mm_and_both_are_named(self):
        to_px = view(0, 0.2)
        found = inspect(stuck_on(photo(to_px), to_px, (135.0, 80.0), 25.0, 9), options=OPTIONS)
        assert found.scale is None
        assert found.scale_doubt.startswith("two markers disagree on the scale, numbers 7 and 9")

    @pytest.mark.parametrize("number", [7, 9])
    def test_one_of_which_little_is_known_contradicts_none(self, number):
        """Far from a small marker its plane is a guess, and nothing follows from that."""
        to_px = view(0, SMALL, SIZE)
        pixels = stuck_on(photo(to_px, (250.0, 250.0), size=SIZE), to_px, (2900.0, 2100.0), MARKER_MM * 0.72, number)
        plane = find_plane(pixels, MARKER_MM)
        assert len(plane.beside) == 1
        assert not plane.holds(np.array([plane.beside[0].marker]))
        assert plane.rivals is None


def test_a_marker_in_a_photo_longer_than_opencv_takes() -> None:
    """Only what lies around it is looked at."""
    words = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    photo = np.full((500, 33_000), 180, np.uint8)
    photo[60:440, 32_000:32_400] = 255
    photo[100:400, 32_050:32_350] = cv2.aruco.generateImageMarker(words, 7, 300)
    plane = find_plane(np.repeat(photo[..., None], 3, 2), 30.0)
    assert plane is not None
    assert plane.scale(*photo.shape[::-1]).mm_per_px == pytest.approx(0.1, rel=0.002)
    assert plane.marker == pytest.approx((32_199.5, 249.5), abs=0.2)
