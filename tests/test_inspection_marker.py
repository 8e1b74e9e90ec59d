"""From px to mm by a printed marker: its plane, its perspective, and how far from it they still hold."""

import math

import msgspec
import numpy as np
import pytest

from crackscope.inspection import (
    InspectOptions,
    Ruler,
    Scaling,
    find_plane,
    find_ruler,
    inspect,
    plane_of,
    zone_in_mm,
)
from crackscope.inspection.marker_corners import find_markers
from crackscope.records import NORMAL_95
from crackscope.scoring import load
from tests.marker_photos import MARKER_MM, exactly, mapped, photo, scale_at, stuck_on, view
from tests.small_bundle import write_small_bundle
from tests.small_zone import zone

MIDDLE = np.array([[299.5, 224.5]])
"""Of photos of 600 x 450 px."""


class TestPlane:
    def test_the_print_reaches_over_the_black_by_its_white_rim(self):
        plane = plane_of(np.array([[100.0, 100], [200, 100], [200, 200], [100, 200]]), MARKER_MM)
        places = np.array([[150.0, 150], [85, 150], [75, 150], [215, 215], [225, 150]])
        assert plane.covers(places).tolist() == [True, True, False, True, False]


class TestMarker:
    def test_stands_in_the_record(self, tmp_path):
        pixels = photo(view(20, 0.2), cracked=True)
        found = inspect(pixels, options=InspectOptions(scaling=Scaling(marker_mm=MARKER_MM), all_zones=True))
        assert found.scale.source == "marker"
        assert found.scale.mm_per_px == pytest.approx(0.2 / math.sqrt(math.cos(math.radians(20))), rel=0.01)
        matrix = np.array(found.scale.homography).reshape(3, 3)
        corner = mapped(matrix, mapped(view(20, 0.2), np.array([[30.0, 30.0]])))
        assert corner == pytest.approx(np.zeros((1, 2)), abs=0.1)
        assert [zone.width_max_mm is not None for zone in found.zones] == [True, True]

    def test_an_error_of_its_size_widens_what_is_in_mm(self):
        pixels, crack = photo(view(20, 0.2)), zone([(280, 220), (320, 230)])
        bare, stated = (
            find_ruler(Scaling(marker_mm=MARKER_MM, relative_error=error), "a.png", pixels, None)
            for error in (0.0, 0.1)
        )
        assert stated.scale.relative_error == pytest.approx(math.hypot(bare.scale.relative_error, 0.1))
        assert stated.scale.mm_per_px == bare.scale.mm_per_px
        sure, wide = (zone_in_mm(crack, ruler).width_median_mm for ruler in (bare, stated))
        assert wide.value == sure.value
        shares = [(one.high - one.value) / one.value for one in (sure, wide)]
        assert shares[1] == pytest.approx(math.hypot(shares[0], NORMAL_95 * 0.1))

    @pytest.mark.parametrize("tilt", [0, 25, 45])
    def test_places_and_lengths_on_the_surface(self, tilt):
        to_px = view(tilt, 0.2)
        plane = find_plane(photo(to_px), MARKER_MM)
        truth = np.array([[35.0, 35.0], [70.0, 40.0], [60.0, 75.0]])
        found = mapped(plane.to_mm, mapped(to_px, truth))
        sides = [np.hypot(*(places - np.roll(places, 1, axis=0)).T) for places in (truth, found)]
        assert sides[1] == pytest.approx(sides[0], rel=0.01)

    def test_what_lights_up_on_the_marker_does_not_count(self, tmp_path):
        """To a network that only knows dark lines the marker is full of cracks."""
        dark_lines = write_small_bundle(tmp_path / "small")
        pixels, options = photo(view(20, 0.2), seed=3), InspectOptions(all_zones=True)
        with_scale = msgspec.structs.replace(options, scaling=Scaling(marker_mm=MARKER_MM))
        plane = find_plane(pixels, MARKER_MM)
        taken, left = (inspect(pixels, bundle=load(dark_lines), options=one) for one in (options, with_scale))
        on_marker = [[zone for zone in one.zones if self.lies_on(zone, plane)] for one in (taken, left)]
        assert on_marker[0]
        assert not on_marker[1]

    @pytest.mark.parametrize(("number", "side_mm"), [(8, 30.0), (8, 50.0), (7, 50.0), (7, 30.0)])
    def test_nor_does_what_lights_up_on_others(self, tmp_path, number, side_mm):
        dark_lines = load(write_small_bundle(tmp_path / "small"))
        to_px = view(20, 0.2)
        pixels = stuck_on(photo(to_px), to_px, (135.0, 80.0), side_mm, number)
        options = InspectOptions(scaling=Scaling(marker_mm=MARKER_MM), all_zones=True)
        corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * side_mm + [135.0, 80.0]
        beside = plane_of(mapped(to_px, corners), side_mm)
        plane = find_plane(pixels, MARKER_MM)
        assert plane.covers(np.array([beside.marker])).all()
        assert (plane.rivals is not None) == (side_mm != MARKER_MM)
        zones = inspect(pixels, bundle=dark_lines, options=options).zones
        assert not [zone for zone in zones if self.lies_on(zone, beside)]
        blank = inspect(pixels, bundle=dark_lines, options=InspectOptions(all_zones=True)).zones
        assert [zone for zone in blank if self.lies_on(zone, beside)]

    def test_the_stated_error_follows_from_how_well_the_edges_are_seen(self):
        """Of 20 photos of small, tilted markers the true scale is within the stated bounds, and not far within."""
        off, stated, grainy = [], [], []
        for seed in range(20):
            rng = np.random.default_rng(seed)
            to_px = view(20 + 2 * seed, MARKER_MM / (30 + 2 * seed), (600, 450))
            at = rng.uniform(0.2, 0.65, 2) * [600, 450] * MARKER_MM / (30 + 2 * seed)
            clean = photo(to_px, at, seed=seed % 3, size=(600, 450)).astype(float)
            grains = rng.normal(size=(450, 600, 1))
            planes = [
                find_plane(np.clip(clean + sigma * grains, 0, 255).round().astype(np.uint8), MARKER_MM)
                for sigma in (1, 12)
            ]
            if None in planes or not planes[0].holds(MIDDLE):
                continue
            off.append(scale_at(planes[0], MIDDLE) / scale_at(exactly(to_px), MIDDLE) - 1)
            stated.append(planes[0].relative_error(tuple(MIDDLE[0])))
            grainy.append(planes[1].relative_error(tuple(MIDDLE[0])))
        assert len(off) >= 16
        z = np.abs(off) / stated
        assert (z < 1.96).mean() >= 0.85
        assert np.median(z) > 0.25
        assert np.median(np.array(grainy) / stated) > 1.5

    @pytest.mark.parametrize("side_px", [20, 30])
    def test_the_pattern_beside_the_edges_of_a_small_marker_draws_them_aside(self, side_px):
        """Without grain the points of an edge hardly scatter, and still it is not known as well as they say."""
        pixels = photo(view(0, MARKER_MM / side_px, (600, 450)), (200.0, 200.0), size=(600, 450))
        (marker,) = find_markers(pixels)
        assert marker.shortest_px == pytest.approx(side_px, abs=0.5)
        moved = np.abs(marker.shaken - marker.corners).max(axis=(1, 2))
        assert moved[::2] == pytest.approx(20 / side_px**2, rel=0.2)
        assert (moved > 10 / side_px**2).all()

    @pytest.mark.parametrize("tilt", [0, 30])
    @pytest.mark.parametrize("side_mm", [25.0, 40.0, 50.0, 75.0])
    def test_another_of_its_number_must_be_of_its_size(self, tilt, side_mm):
        to_px = view(tilt, 0.2)
        pixels = stuck_on(photo(to_px), to_px, (135.0, 80.0), side_mm)
        assert (find_plane(pixels, MARKER_MM).rivals is not None) == (side_mm != MARKER_MM)

    def test_a_scale_in_dispute_gives_no_mm_and_says_why(self):
        to_px = view(0, 0.2)
        pixels = stuck_on(photo(to_px, cracked=True), to_px, (135.0, 80.0), 25.0)
        found = inspect(pixels, options=InspectOptions(scaling=Scaling(marker_mm=MARKER_MM), all_zones=True))
        assert found.scale is None
        assert found.scale_doubt.startswith("two markers of the same number differ in size")
        assert found.zones
        assert all(one.length_mm is None for one in found.zones)

    def lies_on(self, zone, plane) -> bool:
        return bool(plane.covers(np.array(zone.centreline[0])).all())

    @pytest.mark.parametrize("tilt", [0, 30, 45])
    @pytest.mark.parametrize("upright", [False, True])
    def test_crack_far_from_the_marker(self, tilt, upright):
        """A crack 100 mm long that opens from 0.5 to 2 mm, across the photo from the marker: within three errors."""
        to_px = view(tilt, 0.2)
        ruler = find_ruler(Scaling(marker_mm=MARKER_MM), "a.png", photo(to_px), None)
        start, step = np.array([120.0, 60.0]), np.array([0.0, 1.0] if upright else [0.8, 0.6])
        places = start + np.linspace(0, 100, 60)[:, None] * step
        line, truth = mapped(to_px, places), np.linspace(0.5, 2.0, 59)
        measured = zone_in_mm(zone(line, self.seen_widths(to_px, places, truth), 0.0), ruler)
        error = ruler.relative_error(tuple(line[30]))
        assert error < 0.02
        assert measured.length_mm == pytest.approx(100, rel=3 * error)
        assert measured.width_mean_mm.value == pytest.approx(truth.mean(), rel=3 * error)
        assert measured.width_median_mm.value == pytest.approx(np.median(truth), rel=3 * error)
        assert measured.width_max_mm.value == pytest.approx(truth.max(), rel=3 * error)
        assert measured.widest_at == pytest.approx((line[-1] + line[-2]) / 2, abs=0.01)
        assert measured.width_max_mm.high - measured.width_max_mm.low == pytest.approx(3.92 * error * 2.0, rel=0.05)

    def seen_widths(self, to_px, places, widths_mm) -> np.ndarray:
        """Widths in px, from one side to the other of the strip that each segment on the surface is."""
        steps = np.diff(places, axis=0)
        middles = (places[1:] + places[:-1]) / 2
        sides = np.stack([-steps[:, 1], steps[:, 0]], 1) / np.hypot(*steps.T)[:, None] / 2 * widths_mm[:, None]
        along = mapped(to_px, middles + steps / 2) - mapped(to_px, middles - steps / 2)
        across = mapped(to_px, middles + sides) - mapped(to_px, middles - sides)
        return np.abs(along[:, 0] * across[:, 1] - along[:, 1] * across[:, 0]) / np.hypot(*along.T)

    def test_perspective_matters(self):
        """Taking one scale for all, as without the homography, would be far off."""
        to_px = view(45, 0.2)
        ruler = find_ruler(Scaling(marker_mm=MARKER_MM), "a.png", photo(to_px), None)
        line = mapped(to_px, np.array([[190.0, 60.0], [190.0, 120.0]]))
        flat = float(np.hypot(*np.diff(line, axis=0)[0])) * ruler.scale.mm_per_px
        assert zone_in_mm(zone(line), ruler).length_mm == pytest.approx(60, rel=0.05)
        assert abs(flat / 60 - 1) > 0.15

    def test_error_grows_away_from_the_marker(self):
        plane = find_plane(photo(view(30, 0.2)), MARKER_MM)
        assert plane.relative_error(plane.marker) < plane.relative_error((600, 450)) < plane.relative_error((1190, 890))

    def test_a_zone_beyond_the_horizon_has_no_mm(self):
        to_px = view(80, 0.2)
        plane = plane_of(mapped(to_px, np.array([[30.0, 30], [80, 30], [80, 80], [30, 80]])), MARKER_MM)
        ruler = Ruler(plane.scale(1200, 900), plane)
        towards = -plane.to_mm[2, :2] / np.hypot(*plane.to_mm[2, :2])
        beyond = zone([tuple(plane.marker + towards * 1e5), tuple(plane.marker + towards * 2e5)])
        near = zone([plane.marker, tuple(plane.marker + towards)])
        reaching = near._replace(zone=msgspec.structs.replace(near.zone, centreline=beyond.zone.centreline))
        assert zone_in_mm(near, ruler).length_mm > 0
        assert zone_in_mm(beyond, ruler) == beyond.zone
        assert zone_in_mm(reaching, ruler) == reaching.zone
