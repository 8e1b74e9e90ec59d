"""From px to mm: flags, tables, markers, lenses; classes of width; the thinnest crack that can be seen."""

import math

import cv2
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from crackscope import images, surfaces
from crackscope.errors import InspectionError
from crackscope.inspection import (
    PRESETS_MM,
    InspectOptions,
    Ruler,
    Scaling,
    Traced,
    checked_limits,
    class_names,
    find_plane,
    find_ruler,
    focal_length,
    inspect,
    plane_of,
    read_scale_table,
    thinnest_crack,
    width_class,
    zone_in_mm,
)
from crackscope.records import Estimate, Zone
from crackscope.scoring import Quality, load
from tests.small_bundle import write_small_bundle

MARKER_MM = 50.0


def zone(line, width_px=4.0, spread=0.4) -> Traced:
    """A zone along an open line of (x, y), of one width or of one for each point but the last."""
    places = np.array(line, np.float64)
    steps = np.diff(places, axis=0)
    widths = np.broadcast_to(np.asarray(width_px, np.float64), len(steps)).copy()
    mean, median, p95, most = (
        Estimate(value=value, low=value - spread, high=value + spread)
        for value in map(float, (widths.mean(), np.median(widths), np.percentile(widths, 95), widths.max()))
    )
    lengths = np.hypot(*steps.T)
    drawn = Zone(
        number=1,
        probability=0.9,
        outline=(),
        centreline=(tuple(map(tuple, places.tolist())),),
        box=(0, 0, 1, 1),
        area_px=1,
        orientation_deg=0.0,
        branches=0,
        length_px=float(lengths.sum()),
        width_mean_px=mean,
        width_median_px=median,
        width_p95_px=p95,
        width_max_px=most,
    )
    return Traced(drawn, (places[1:] + places[:-1]) / 2, steps / lengths[:, None], widths)


def view(tilt_deg: float, mm_per_px: float, size=(1200, 900)) -> np.ndarray:
    """float64 [3, 3], mm on the surface to px of a photo, by a camera tilted about the upright axis."""
    width, height = size
    focal = 1.2 * width
    distance = focal * mm_per_px
    angle = math.radians(tilt_deg)
    middle = np.array([[1, 0, -width * mm_per_px / 2], [0, 1, -height * mm_per_px / 2], [0, 0, 1]])
    # A point (x, y) of the plane through the middle, turned by the tilt, seen by a pinhole at that distance.
    turned = np.array([[math.cos(angle), 0, 0], [0, 1, 0], [-math.sin(angle), 0, distance]])
    camera = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
    return camera @ turned @ middle


def photo(to_px: np.ndarray, at_mm=(30.0, 30.0), seed=3, size=(1200, 900)) -> np.ndarray:
    """A generated wall with a printed marker whose upper left corner lies at a place, seen by a camera."""
    ground = surfaces.generate(seed, size, cracked=False, kind="plaster").pixels
    words = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    side, rim = 480, 80
    paper = np.full((side + 2 * rim, side + 2 * rim), 235, np.uint8)
    paper[rim : rim + side, rim : rim + side] = np.maximum(cv2.aruco.generateImageMarker(words, 7, side), 15)
    # px of the drawing, whose border between black and white lies half a px before its first black pixel, to mm.
    scale = MARKER_MM / side
    to_mm = np.array(
        [[scale, 0, at_mm[0] - (rim - 0.5) * scale], [0, scale, at_mm[1] - (rim - 0.5) * scale], [0, 0, 1]]
    )
    # Drawn four times as large and shrunk by area, since warping by itself puts edges half a px off.
    fine = np.array([[4, 0, 1.5], [0, 4, 1.5], [0, 0, 1]])
    whole, large = fine @ to_px @ to_mm, (4 * size[0], 4 * size[1])
    drawn = cv2.resize(cv2.warpPerspective(paper, whole, large), size, interpolation=cv2.INTER_AREA)
    there = cv2.resize(cv2.warpPerspective(np.ones_like(paper), whole, large), size, interpolation=cv2.INTER_NEAREST)
    return cv2.GaussianBlur(np.where(there[..., None] > 0, drawn[..., None], ground), (0, 0), 0.7)


def mapped(matrix: np.ndarray, places: np.ndarray) -> np.ndarray:
    flat = np.c_[places, np.ones(len(places))] @ matrix.T
    return flat[:, :2] / flat[:, 2:]


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

    def test_error_of_the_scale_widens_the_interval(self):
        table = {"sharp.png": (0.1, 0.0), "rough.png": (0.1, 0.1)}
        pixels = np.zeros((8, 8, 3), np.uint8)
        rulers = [find_ruler(Scaling(table=table), path, pixels, None) for path in table]
        sharp, rough = (zone_in_mm(zone([(0, 0), (50, 0)]), ruler).width_mean_mm for ruler in rulers)
        assert rough.value == sharp.value
        assert rough.low < sharp.low < sharp.high < rough.high
        assert rough.high - rough.value == pytest.approx(math.hypot(0.4, 1.96 * 0.1 * 4.0) * 0.1)


class TestDistance:
    def test_35_mm_equivalent(self):
        # 50 mm on film: 36 mm wide at 50 mm is 720 mm wide at a metre, for a photo of film's shape.
        focal = focal_length(images.Optics(focal_35mm=50.0), (3600, 2400))
        ruler = find_ruler(Scaling(distance_m=1.0), "a.png", np.zeros((8, 8, 3), np.uint8), focal)
        assert ruler.scale.mm_per_px == pytest.approx(720 / 3600)
        assert ruler.scale.relative_error == pytest.approx(0.2887 / 50, rel=1e-3)

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


class TestMarker:
    def test_stands_in_the_record(self, tmp_path):
        pixels = photo(view(20, 0.2))
        found = inspect(pixels, options=InspectOptions(scaling=Scaling(marker_mm=MARKER_MM), all_zones=True))
        assert found.scale.source == "marker"
        assert found.scale.mm_per_px == pytest.approx(0.2 / math.sqrt(math.cos(math.radians(20))), rel=0.01)
        matrix = np.array(found.scale.homography).reshape(3, 3)
        corner = mapped(matrix, mapped(view(20, 0.2), np.array([[30.0, 30.0]])))
        assert corner == pytest.approx(np.zeros((1, 2)), abs=0.1)
        assert all(zone.width_max_mm is not None for zone in found.zones)

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
        assert zone_in_mm(near, ruler).length_mm > 0
        assert zone_in_mm(beyond, ruler) == beyond.zone


class TestTable:
    def write(self, folder, text):
        file = folder / "scale.csv"
        file.write_text(text)
        return file

    @pytest.fixture
    def photos(self, tmp_path):
        (tmp_path / "in").mkdir()
        names = [tmp_path / "in" / name for name in ("a.png", "b.png", "c, d.png")]
        for name in names:
            name.write_bytes(b"x")
        return [str(name) for name in names]

    def test_by_path_and_by_name(self, tmp_path, photos):
        file = self.write(tmp_path, 'path,mm_per_px,relative_error\nin/a.png,0.5,\nb.png,0.25,0.02\n"c, d.png",1,0\n')
        assert read_scale_table(file, photos) == {photos[0]: (0.5, 0.0), photos[1]: (0.25, 0.02), photos[2]: (1.0, 0.0)}

    def test_photos_without_a_row_and_rows_of_others_are_fine(self, tmp_path, photos):
        file = self.write(tmp_path, "path,mm_per_px\nin/a.png,0.5\nin/b.png,2\n")
        assert read_scale_table(file, photos[1:]) == {photos[1]: (2.0, 0.0)}

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("", "columns path,mm_per_px"),
            ("photo,scale\nin/a.png,1\n", "columns path,mm_per_px"),
            ("path,mm_per_px\nin/z.png,1\n", "line 2: in/z.png: there is no such photo"),
            ("path,mm_per_px\n,1\n", "line 2: the path is missing"),
            ("path,mm_per_px\nin/a.png,1\na.png,1\n", "line 3: a.png stands in line 2 too"),
            ("path,mm_per_px\nin/a.png,0\n", "line 2: mm_per_px is 0"),
            ("path,mm_per_px\nin/a.png,-2\n", "above 0"),
            ("path,mm_per_px\nin/a.png,nan\n", "above 0"),
            ("path,mm_per_px\nin/a.png,1e300\n", "cannot be 1e300"),
            ('path,mm_per_px\nin/a.png,"0,5"\n', "above 0, as 0.25"),
            ("path,mm_per_px\nin/a.png\n", "mm_per_px is missing"),
            ("path,mm_per_px,relative_error\nin/a.png,1,2\n", "share from 0 to 1"),
        ],
    )
    def test_refused_in_one_line(self, tmp_path, photos, text, says):
        with pytest.raises(InspectionError) as refusal:
            read_scale_table(self.write(tmp_path, text), photos)
        assert says in str(refusal.value)
        assert "\n" not in str(refusal.value)

    def test_a_name_that_fits_two_photos(self, tmp_path, photos):
        with pytest.raises(InspectionError, match="several photos"):
            read_scale_table(self.write(tmp_path, "path,mm_per_px\nx.png,1\n"), ["one/x.png", "two/x.png"])

    def test_no_such_file(self, tmp_path):
        with pytest.raises(InspectionError, match="cannot be read"):
            read_scale_table(tmp_path / "none.csv", [])


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
        assert thinnest_crack(Quality(sharpness * more, noise, 0.0, 0.0)) >= here
        assert thinnest_crack(Quality(sharpness, noise * more, 0.0, 0.0)) >= here
        assert here > 0
