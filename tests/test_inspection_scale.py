"""From px to mm: by a flag and by the lens; classes of width; the thinnest crack that can be seen."""

import math
from statistics import NormalDist

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from crackscope import images, surfaces
from crackscope.errors import InspectionError
from crackscope.images import Ground
from crackscope.inspection import (
    PRESETS_MM,
    Focal,
    InspectOptions,
    Scaling,
    checked_limits,
    class_names,
    find_ruler,
    focal_length,
    inspect,
    thinnest_crack,
    thinnest_seen,
    width_class,
    zone_in_mm,
)
from crackscope.inspection.marker import DICTIONARIES
from crackscope.scoring import Quality
from tests.small_zone import zone


class TestScaling:
    def test_one_way_only(self):
        with pytest.raises(InspectionError, match="more than one way"):
            Scaling(mm_per_px=1.0, distance_m=2.0)

    @pytest.mark.parametrize("number", [0.0, -1.0, math.nan, math.inf])
    @pytest.mark.parametrize("way", ["mm_per_px", "marker_mm", "distance_m"])
    def test_numbers_are_above_zero(self, way, number):
        with pytest.raises(InspectionError, match="above 0"):
            Scaling(**{way: number})

    @pytest.mark.parametrize("number", [1e-320, 1e300])
    def test_numbers_that_can_be_no_scale(self, number):
        with pytest.raises(InspectionError, match="check the number"):
            Scaling(mm_per_px=number)

    def test_unknown_dictionary_is_refused_with_the_known_ones(self):
        with pytest.raises(InspectionError, match="4X4_50"):
            Scaling(marker_mm=1.0, dictionary="9X9_1")

    @pytest.mark.parametrize("name", ["4x4_50", "AprilTag_36H11", "aruco_original"])
    def test_a_dictionary_is_known_by_its_name_whatever_its_capitals(self, name):
        scaling = Scaling(marker_mm=1.0, dictionary=name)
        assert scaling.dictionary in DICTIONARIES
        assert scaling.dictionary.upper() == name.upper()
        assert scaling == Scaling(marker_mm=1.0, dictionary=scaling.dictionary), "--resume compares them"

    def test_nothing_known_gives_no_ruler(self):
        assert find_ruler(Scaling(), "a.png", np.zeros((8, 8, 3), np.uint8), None) is None
        assert not Scaling().known

    def test_no_marker_in_the_photo_gives_no_ruler(self):
        pixels = surfaces.generate(0, (256, 256)).pixels
        assert find_ruler(Scaling(marker_mm=50.0), "a.png", pixels, None) is None


class TestFlag:
    @settings(max_examples=50)
    @given(st.floats(0.01, 10), st.floats(0.5, 20))
    def test_mm_are_px_times_scale(self, mm_per_px, width):
        ruler = find_ruler(Scaling(mm_per_px=mm_per_px), "a.png", np.zeros((8, 8, 3), np.uint8), None)
        measured = zone_in_mm(zone([(0, 0), (30, 40)], width, width / 10), ruler)
        assert measured.length_mm == pytest.approx(50 * mm_per_px)
        assert measured.width_max_mm.value == pytest.approx(width * mm_per_px)
        assert measured.width_mean_mm.low == pytest.approx(0.9 * width * mm_per_px)
        assert measured.width_class == width_class(measured.width_max_mm.value)

    def test_turns_that_the_line_does_not_show_count_in_mm_too(self):
        straight = zone([(0, 0), (30, 40)])
        rough = straight._replace(zone=msgspec.structs.replace(straight.zone, length_px=53.0))
        ruler = find_ruler(Scaling(mm_per_px=0.2), "a.png", np.zeros((8, 8, 3), np.uint8), None)
        assert zone_in_mm(rough, ruler).length_mm == pytest.approx(53 * 0.2)

    def test_error_of_the_scale_widens_the_interval(self):
        table = {"sharp.png": (0.1, 0.0), "rough.png": (0.1, 0.1)}
        pixels = np.zeros((8, 8, 3), np.uint8)
        rulers = [find_ruler(Scaling(table=table), path, pixels, None) for path in table]
        sharp, rough = (zone_in_mm(zone([(0, 0), (50, 0)]), ruler).width_mean_mm for ruler in rulers)
        assert rough.value == sharp.value
        assert rough.low < sharp.low < sharp.high < rough.high
        nineteen_in_twenty = NormalDist().inv_cdf(0.975)
        assert rough.high - rough.value == pytest.approx(math.hypot(0.4, nineteen_in_twenty * 0.1 * 4.0) * 0.1)

    @pytest.mark.parametrize(
        ("given", "own"),
        [
            ({"mm_per_px": 0.1}, 0.0),
            ({"table": {"a.png": (0.1, 0.0)}}, 0.0),
            ({"distance_m": 0.1}, 0.02),
            ({}, 0.0),
        ],
    )
    def test_a_stated_error_counts_beside_what_is_known_of_the_scale(self, given, own):
        """By flag, table, lens, and georeference."""
        focal, ground = Focal(1000.0, own), Ground(mm_per_px=0.1)
        pixels = np.zeros((8, 8, 3), np.uint8)
        bare, stated = (
            find_ruler(Scaling(**given, relative_error=error), "a.png", pixels, focal, ground) for error in (0.0, 0.05)
        )
        assert bare.scale.relative_error == own
        assert stated.scale.relative_error == stated.relative_error((0, 0)) == pytest.approx(math.hypot(own, 0.05))
        assert stated.scale.mm_per_px == bare.scale.mm_per_px == pytest.approx(0.1)

    def test_a_row_with_an_error_of_its_own_keeps_it(self):
        scaling = Scaling(table={"a.png": (0.1, 0.2)}, relative_error=0.05)
        assert find_ruler(scaling, "a.png", np.zeros((8, 8, 3), np.uint8), None).scale.relative_error == 0.2

    @pytest.mark.parametrize("error", [-0.1, 1.0, math.nan, 5.0])
    def test_an_error_is_a_share(self, error):
        with pytest.raises(InspectionError, match=r"a share, 0\.02 for 2 %"):
            Scaling(mm_per_px=1.0, relative_error=error)

    def test_no_width_reaches_below_zero(self):
        """Thin, hardly measured, and of a scale that is a guess."""
        ruler = find_ruler(Scaling(table={"a.png": (0.1, 0.9)}), "a.png", np.zeros((8, 8, 3), np.uint8), None)
        measured = zone_in_mm(zone([(0, 0), (50, 0)], 1.0, 0.9), ruler)
        for width in (measured.width_mean_mm, measured.width_median_mm, measured.width_p95_mm, measured.width_max_mm):
            assert width.low == 0
            assert width.high > width.value == pytest.approx(0.1)


class TestDistance:
    def test_35_mm_equivalent(self):
        # 50 mm on film: 36 mm wide at 50 mm is 720 mm wide at a metre, for a photo of film's shape.
        focal = focal_length(images.Optics(focal_35mm=50.0), (3600, 2400))
        ruler = find_ruler(Scaling(distance_m=1.0), "a.png", np.zeros((8, 8, 3), np.uint8), focal)
        assert ruler.scale.mm_per_px == pytest.approx(720 / 3600)
        assert ruler.scale.relative_error == pytest.approx(0.2887 / 50, rel=1e-3)

    def test_35_mm_equivalent_of_another_shape_compares_diagonals(self):
        focal = focal_length(images.Optics(focal_35mm=26.0), (4000, 3000))
        assert focal.px == pytest.approx(26 * 5000 / 43.2666, rel=1e-5)

    def test_sensor_says_the_same(self):
        by_film = focal_length(images.Optics(focal_35mm=50.0), (3600, 2400))
        by_sensor = focal_length(images.Optics(focal_mm=25.0, sensor_width_mm=18.0), (3600, 2400))
        assert by_sensor.px == pytest.approx(by_film.px)

    @pytest.mark.parametrize("optics", [{}, {"focal_mm": 4.0}, {"sensor_width_mm": 6.0}])
    def test_too_little_known(self, optics):
        assert focal_length(images.Optics(**optics), (400, 300)) is None

    @pytest.mark.parametrize("turned", [1, 6])
    def test_from_a_file_even_a_turned_one(self, tmp_path, turned):
        file = tmp_path / "photo.jpg"
        exif = Image.Exif()
        exif[0x0112] = turned
        exif.get_ifd(0x8769)[0xA405] = 50
        made = surfaces.generate(0, (360, 240), kind="plaster").pixels
        Image.fromarray(made).save(file, exif=exif)
        found = inspect(file, options=InspectOptions(scaling=Scaling(distance_m=2.0)))
        assert found.scale.source == "distance"
        assert found.scale.mm_per_px == pytest.approx(2 * 720 / 360)
        assert (found.width > found.height) == (turned == 1)


class TestClasses:
    @pytest.mark.parametrize("limits", PRESETS_MM.values())
    def test_presets_are_usable(self, limits):
        assert checked_limits(limits) == limits
        assert len(class_names(limits)) == len(limits) + 1

    @given(st.floats(0, 5), st.floats(0, 5))
    def test_a_wider_crack_is_in_no_thinner_class(self, first, second):
        names = class_names()
        thin, wide = sorted((first, second))
        assert names.index(width_class(thin)) <= names.index(width_class(wide))

    def test_a_limit_is_kept_by_what_equals_it(self):
        assert width_class(0.2) == "0.1-0.2"
        assert width_class(0.2001) == "0.2-0.3"
        assert (width_class(0.0), width_class(9.0)) == ("up to 0.1", "over 1")

    @pytest.mark.parametrize("limits", [(), (0.0, 1.0), (0.2, 0.1), (0.1, 0.1), (math.nan,), (0.1, math.inf)])
    def test_limits_that_make_no_sense(self, limits):
        with pytest.raises(InspectionError, match="rise"):
            checked_limits(limits)


class TestThinnest:
    @given(st.floats(0.3, 5), st.floats(0.1, 30), st.floats(1.01, 3))
    def test_blur_and_noise_hide_cracks(self, sharpness, noise, more):
        here = thinnest_crack(Quality(sharpness, noise, 0.0, 0.0))
        assert thinnest_crack(Quality(sharpness * more, noise, 0.0, 0.0)) > here
        assert thinnest_crack(Quality(sharpness, noise * more, 0.0, 0.0)) > here
        assert here > 0

    @pytest.mark.parametrize(("sharpness", "noise"), [(0.6, 1.0), (1.5, 8.0), (3.0, 0.0)])
    def test_a_matched_filter_sees_it_at_roses_ratio(self, sharpness, noise):
        width = thinnest_crack(Quality(sharpness, noise, 0.0, 0.0))
        across = np.linspace(-30, 30, 60_001)
        blur = math.hypot(sharpness, math.sqrt(1 / 12))
        line = 80 * width * np.exp(-((across / blur) ** 2) / 2) / (blur * math.sqrt(2 * math.pi))
        seen = math.sqrt(12 * (line**2).sum() * (across[1] - across[0])) / math.hypot(noise, 10)
        assert seen == pytest.approx(5, rel=1e-6)

    @given(st.floats(0.3, 20), st.floats(0.1, 60))
    def test_no_photo_is_said_to_show_what_is_thinner_than_a_pixel(self, sharpness, noise):
        quality = Quality(sharpness, noise, 0.0, 0.0)
        assert thinnest_seen(quality) >= max(1.0, thinnest_crack(quality))
        sharp = Quality(0.3, 0.1, 0.0, 0.0)
        assert thinnest_seen(sharp) == 1 > thinnest_crack(sharp)
