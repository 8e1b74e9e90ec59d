"""What a GeoTIFF says of its place and of the size of its pixels; where there is any doubt, it says nothing."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackscope import images
from crackscope.images.utm import FLATTENING, SEMI_MAJOR_M, from_utm, metres_per_degree
from tests.small_pictures import as_tiff

PIXELS = np.full((60, 100), 120, np.uint8)
"""100 px wide, 60 high."""
METRE, FOOT, US_FOOT = 9001, 9002, 9003
UTM_32, EASTING, NORTHING = 32_632, 444_000.0, 5_400_000.0


def keys(**numbers: int) -> tuple[int, str, int, list[int], bool]:
    known = {"model": 1024, "raster": 1025, "geographic": 2048, "angles": 2054, "projected": 3072, "lengths": 3076}
    rows = [[known.get(name, 3075), 0, 1, number] for name, number in numbers.items()]
    directory = [1, 1, 0, len(rows), *(number for row in sorted(rows) for number in row)]
    return (34_735, "H", len(directory), directory, False)


def reals(tag: int, *numbers: float) -> tuple[int, str, int, tuple[float, ...], bool]:
    return (tag, "d", len(numbers), numbers, False)


def located(*pixel: float, x: float = EASTING, y: float = NORTHING) -> list:
    return [reals(33_550, *pixel, 0.0), reals(33_922, 0, 0, 0, x, y, 0)]


def ground(*tags: object, **options: object) -> images.Ground:
    found = images.read(as_tiff(PIXELS, extratags=list(tags), **options)).ground
    assert found is not None
    return found


PROJECTED = keys(model=1, raster=1, projected=UTM_32, lengths=METRE)


@pytest.mark.parametrize(
    ("easting", "northing", "zone", "south", "latitude", "longitude"),
    [
        # GeographicLib's manual of GeoConvert; the CN Tower, as Wikipedia's article on UTM gives it, to a metre.
        (444_140.54, 3_684_706.36, 38, False, 33.3, 44.4),
        (630_084, 4_833_438, 17, False, 43 + 38 / 60 + 33.24 / 3600, -(79 + 23 / 60 + 13.7 / 3600)),
        (500_000, 0, 31, False, 0, 3),
        (500_000, 10_000_000, 60, True, 0, 177),
    ],
)
def test_known_places_in_utm(easting, northing, zone, south, latitude, longitude):
    assert from_utm(easting, northing, zone, south=south) == pytest.approx((latitude, longitude), abs=1e-5)


@given(st.floats(-80, 84), st.floats(-3, 3), st.integers(1, 60))
def test_utm_turns_back_what_other_series_give(latitude, beside, zone):
    """Snyder, Map Projections: A Working Manual, 1987, equations 8-9 and 8-10, good to a centimetre in a zone."""
    e2 = FLATTENING * (2 - FLATTENING)
    phi, beyond = math.radians(latitude), e2 / (1 - e2)
    steps = np.linspace(0, phi, 4001)
    arc = SEMI_MAJOR_M * (1 - e2) * np.trapezoid((1 - e2 * np.sin(steps) ** 2) ** -1.5, steps)
    n, t = SEMI_MAJOR_M / math.sqrt(1 - e2 * math.sin(phi) ** 2), math.tan(phi) ** 2
    c, a = beyond * math.cos(phi) ** 2, math.radians(beside) * math.cos(phi)
    across = a + (1 - t + c) * a**3 / 6 + (5 - 18 * t + t**2 + 72 * c - 58 * beyond) * a**5 / 120
    up = a**2 / 2 + (5 - t + 9 * c + 4 * c**2) * a**4 / 24
    up += (61 - 58 * t + t**2 + 600 * c - 330 * beyond) * a**6 / 720
    easting, northing = 500_000 + 0.9996 * n * across, 0.9996 * (arc + n * math.tan(phi) * up)
    place = from_utm(easting, northing + 1e7 * (latitude < 0), zone, south=latitude < 0)
    assert place is not None
    assert place[0] == pytest.approx(latitude, abs=2e-7)
    away = (place[1] - (6 * zone - 183 + beside) + 180) % 360 - 180
    assert abs(away) * math.cos(phi) < 2e-7


@pytest.mark.parametrize(
    ("tags", "mm_per_px"),
    [
        ([PROJECTED, *located(0.002, 0.002)], 2),
        ([PROJECTED, *located(0.002, 0.00201)], 2 * math.sqrt(1.005)),
        ([keys(model=1, projected=UTM_32), *located(0.002, 0.002)], 2),
        ([keys(model=1, projected=2056, lengths=METRE), *located(0.05, 0.05)], 50),
        ([keys(model=32_767, lengths=METRE), *located(0.05, 0.05)], 50),
        ([keys(model=1, projected=2277, lengths=US_FOOT), *located(0.01, 0.01)], 0.01 * 1200 / 3937 * 1000),
        ([keys(model=1, projected=32_767, lengths=FOOT), *located(0.01, 0.01)], 3.048),
        ([PROJECTED, reals(34_264, 0.003, 0.004, 0, 5e5, 0.004, -0.003, 0, 5e6, *[0] * 7, 1)], 5),
    ],
)
def test_the_scale_of_a_projected_picture(tags, mm_per_px):
    for options in ({}, {"byteorder": ">"}, {"bigtiff": True}):
        found = ground(*tags, **options)
        assert found.mm_per_px == pytest.approx(mm_per_px)
        assert found.scale_doubt == ""


def test_the_scale_in_degrees_is_that_of_the_latitude():
    """A degree of latitude is 111.132 km at 45 degrees, one of longitude 78.847 km (WGS 84)."""
    world = keys(model=2, geographic=4326, angles=9102)
    square = 1e-7 * 111.132 / 78.847
    found = ground(world, *located(square, 1e-7, x=7.5, y=45))
    assert found.mm_per_px == pytest.approx(11.1132, rel=1e-4)
    assert (found.latitude, found.longitude) == pytest.approx((45 - 30e-7, 7.5 + 50 * square))
    found = ground(world, *located(1e-7, 1e-7, x=7.5, y=45))
    assert found.mm_per_px is None
    assert found.scale_doubt == "its pixels are not square, 7.885 x 11.11 mm, save it with square ones"


@pytest.mark.parametrize(("raster", "shift"), [(1, 0.0), (2, 0.5)])
def test_the_place_is_that_of_the_centre(raster, shift):
    for code, zone, south in ((UTM_32, 32, False), (25_832, 32, False), (32_756, 56, True)):
        found = ground(keys(model=1, raster=raster, projected=code, lengths=METRE), *located(2.0, 2.0))
        there = from_utm(EASTING + 2 * (50 - shift), NORTHING - 2 * (30 - shift), zone, south=south)
        assert (found.latitude, found.longitude) == there
        assert found.place_doubt == ""


TURNED = reals(34_264, 0.003, 0.004, 0, EASTING, 0.004, -0.003, 0, NORTHING, *[0] * 7, 1)


@pytest.mark.parametrize("raster", [1, 2])
@pytest.mark.parametrize(
    ("system", "grid"),
    [
        ({"model": 1, "projected": UTM_32, "lengths": METRE}, located(0.005, 0.005)),
        ({"model": 1, "projected": 32_756, "lengths": METRE}, located(0.005, 0.005)),
        ({"model": 1, "projected": UTM_32, "lengths": METRE}, [TURNED]),
        ({"model": 2, "geographic": 4326}, located(5e-8 * 111.132 / 78.847, 5e-8, x=7.5, y=45)),
    ],
)
def test_each_pixel_lies_where_the_file_says(raster, system, grid):
    """Its centre where the place of the photo is; from there a step of a pixel is as long as the scale says."""
    found = ground(keys(raster=raster, **system), *grid)
    assert found.georeference is not None
    middle = images.on_map(found.georeference, 49.5, 29.5)
    assert middle == pytest.approx((found.longitude, found.latitude), abs=1e-12)
    along, across = metres_per_degree(found.latitude)
    for step in ((1, 0), (0, 1), (40, -20)):
        there = images.on_map(found.georeference, 49.5 + step[0], 29.5 + step[1])
        metres = math.hypot((there[0] - middle[0]) * across, (there[1] - middle[1]) * along)
        assert metres * 1000 == pytest.approx(math.hypot(*step) * found.mm_per_px, rel=1e-3)


def test_the_first_pixel_lies_half_a_pixel_from_its_corner():
    for raster, shift in ((1, 0.5), (2, 0.0)):
        found = ground(keys(model=1, raster=raster, projected=UTM_32, lengths=METRE), *located(2.0, 2.0))
        there = from_utm(EASTING + 2 * (3 + shift), NORTHING - 2 * (4 + shift), 32, south=False)
        assert images.on_map(found.georeference, 3, 4) == pytest.approx(there[::-1], abs=1e-12)


@pytest.mark.parametrize(
    "tags",
    [
        [keys(model=1, projected=2056, lengths=METRE), *located(0.05, 0.05)],
        [PROJECTED, *located(0.1, 0.1, y=1e300)],
        [PROJECTED, *located(0.1, 0.1), (274, "H", 1, 6, False)],
    ],
)
def test_where_single_pixels_lie_is_not_guessed(tags):
    """In another system, nowhere, and of a picture that is stored turned."""
    assert ground(*tags).georeference is None


@pytest.mark.parametrize(
    ("system", "name"),
    [(keys(model=1, projected=2056, lengths=METRE), "EPSG:2056"), (keys(model=1, projected=32_767), "one of its own")],
)
def test_the_place_in_other_systems_is_not_guessed(system, name):
    found = ground(system, *located(0.05, 0.05))
    assert found.latitude is None
    assert found.place_doubt == f"its system, {name}, is not turned into latitude and longitude"


@pytest.mark.parametrize(
    ("tags", "why"),
    [
        ([PROJECTED, *located(0.002, 0.0021)], "not square"),
        ([keys(model=1, projected=3857, lengths=METRE), *located(0.1, 0.1)], "stretches lengths"),
        ([keys(model=1, projected=32_767, method=7, lengths=METRE), *located(0.1, 0.1)], "stretches lengths"),
        ([keys(model=1, projected=2056), *located(0.1, 0.1)], "no unit"),
        ([keys(model=1, projected=2056, lengths=32_767), *located(0.1, 0.1)], "no unit"),
        ([keys(raster=1), *located(0.1, 0.1)], "no system"),
        ([keys(model=3, lengths=METRE), *located(0.1, 0.1)], "no system"),
        ([keys(model=2, geographic=4326, angles=9101), *located(0.1, 0.1, x=1, y=1)], "angles"),
        ([keys(model=2, geographic=4326), *located(1e-7, 1e-7, x=7, y=95)], "angles"),
        ([PROJECTED, *located(0.0, 0.1)], "without a size"),
        ([PROJECTED, *located(0.1, -0.1)], "without a size"),
        ([PROJECTED, *located(math.nan, math.nan)], "broken"),
        ([PROJECTED, *located(math.inf, math.inf)], "broken"),
        ([PROJECTED, *located(1e300, 1e300)], "gives pixels of"),
        ([PROJECTED, *located(1e-300, 1e-300)], "gives pixels of"),
        ([PROJECTED, *located(0.1, 0.1, x=math.nan)], "broken"),
        ([PROJECTED, reals(33_550, 0.1, 0.1), reals(33_922, *[0.0] * 6)], "broken"),
        ([PROJECTED, reals(33_550, 0.1, 0.1, 0), reals(33_922, *[0.0] * 5)], "broken"),
        ([PROJECTED, reals(33_550, 0.1, 0.1, 0)], "broken"),
        ([PROJECTED, reals(33_922, *[0.0] * 24)], "single points"),
        ([PROJECTED, reals(34_264, 0.1, 0.05, 0, 0, 0, 0.1, 0, 0, *[0.0] * 8)], "not square"),
        ([PROJECTED, reals(34_264, *[0.0] * 16)], "broken"),
        ([PROJECTED, reals(34_264, *[math.nan] * 16)], "not square"),
        ([PROJECTED, reals(34_264, 0.1, 0, 0, 0, 0, 0.1)], "broken"),
    ],
)
def test_where_there_is_doubt_there_is_no_scale(tags, why):
    """And it is said what to do."""
    found = ground(*tags)
    assert found.mm_per_px is None
    assert why in found.scale_doubt
    assert re.search(
        r", (georeference it anew|save it (rectified|in UTM|in metres|with))|: mend it, ", found.scale_doubt
    )


@pytest.mark.parametrize(
    ("tags", "size"),
    [
        ([PROJECTED, *located(30.0, 30.0)], "30 x 30 m"),
        ([keys(model=2, geographic=4326), *located(1.01e-5, 1.01e-5, x=7, y=0)], "1.12 x 1.12 m"),
        ([PROJECTED, *located(0.5, 1.1)], "0.5 x 1.1 m"),
    ],
)
def test_in_pixels_of_more_than_a_metre_no_crack_is_measured(tags, size):
    found = ground(*tags)
    assert found.mm_per_px is None
    assert found.scale_doubt == (
        f"its georeference gives pixels of {size}, in which no crack is seen: mend it, or give the scale otherwise"
    )
    assert ground(PROJECTED, *located(1.0, 1.0)).mm_per_px == 1000


def test_a_system_that_is_a_number_alone_is_named():
    found = ground(keys(model=1, projected=2056), *located(0.1, 0.1))
    assert "EPSG:2056, and names no unit, save it in UTM or with the unit" in found.scale_doubt


@pytest.mark.parametrize("y", [math.inf, 1e300, -1e9, 2e7])
def test_a_place_that_there_is_not_is_none(y):
    found = ground(PROJECTED, *located(0.1, 0.1, y=y))
    assert found.latitude is None
    assert found.place_doubt
    assert found.mm_per_px is None
    assert found.scale_doubt == f"{found.place_doubt}, georeference it anew, or give the scale otherwise"


def test_without_keys_nothing_is_said():
    for tags in ([], located(0.1, 0.1), [PROJECTED], [(34_735, "H", 3, [1, 1, 0], False), reals(33_922, 0.0)][:1]):
        assert images.read(as_tiff(PIXELS, extratags=tags)).ground is None
    assert images.read(PIXELS).ground is None


@given(
    st.binary(min_size=1, max_size=80), st.binary(min_size=1, max_size=64), st.sampled_from([33_550, 33_922, 34_264])
)
def test_no_tag_of_any_bytes_does_harm(some, others, tag):
    shorts = np.frombuffer(some + b"\0" * (len(some) % 2), "<u2").tolist()
    numbers = np.frombuffer(others + bytes(-len(others) % 8), "<f8").tolist()
    found = images.read(as_tiff(PIXELS, extratags=[(34_735, "H", len(shorts), shorts, False), reals(tag, *numbers)]))
    assert found.ground is None or found.ground.mm_per_px is None
