"""Where, when and with what a photo was taken; and that a changed photo still says so."""

import io
import struct
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from crackscope import images
from crackscope.records import Place
from tests.small_exif import block, degrees, ratio, saved, tiff

PIXELS = np.random.default_rng(3).integers(0, 256, (24, 36, 3), np.uint8)
FIRST = {0x010F: "ACME", 0x0110: "Field 3", 0x0112: 6, 0x0132: "2026:01:01 00:00:00"}
EXIF = {
    0x9003: "2026:03:04 10:20:30",
    0x9011: "+01:00",
    0x920A: ratio("24.5"),
    0xA405: 36,
    0xA002: 36,
    0xA003: 24,
    0xA20E: Fraction(10),
    0xA210: 4,
    0x927C: b"maker's own" * 3,
}
GPS = {
    1: "S",
    2: degrees(33.8568),
    3: "E",
    4: degrees(151.2153),
    5: b"\0",
    6: ratio("12.5"),
    16: "T",
    17: ratio("271.25"),
}
ORDERS = ("<", ">")


def read(first=FIRST, exif=EXIF, gps=GPS, order="<"):
    return images.read_place(saved(PIXELS, block(first, exif, gps, order)))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("order", ORDERS)
def test_all_that_a_block_says_is_read_from_every_format(tmp_path, kind, order):
    data = tiff(PIXELS, FIRST, EXIF, GPS) if kind == "TIFF" else saved(PIXELS, block(FIRST, EXIF, GPS, order), kind)
    path = tmp_path / "photo"
    path.write_bytes(data)
    for source in (data, path, str(path), io.BytesIO(data)):
        place = images.read_place(source)
        assert place.latitude == pytest.approx(-33.8568, abs=1e-8)
        assert place.longitude == pytest.approx(151.2153, abs=1e-8)
        assert (place.altitude_m, place.direction_deg) == (12.5, 271.25)
        assert place.taken == "2026-03-04T10:20:30+01:00"
        assert images.read_optics(source) == images.Optics(24.5, 36.0, 3.6)
    if kind != "TIFF":
        with Image.open(path) as image:
            assert images.read_place(image) == place


@pytest.mark.parametrize(
    ("changed", "which"),
    [
        ({2: (Fraction(95), Fraction(0), Fraction(0))}, "latitude"),
        ({4: (Fraction(181), Fraction(0), Fraction(0))}, "longitude"),
        ({2: (Fraction(1), Fraction(61), Fraction(0))}, "latitude"),
        ({1: "X"}, "latitude"),
        ({1: ""}, "latitude"),
        ({2: "33"}, "latitude"),
        ({18: "TOKYO"}, "latitude"),
        ({2: degrees(0), 4: degrees(0)}, "longitude"),
        ({17: Fraction(361)}, "direction_deg"),
        ({6: Fraction(200_000)}, "altitude_m"),
        ({5: b"\2"}, "altitude_m"),
    ],
)
def test_what_cannot_be_is_none(changed, which):
    place = read(gps={**GPS, **changed})
    assert getattr(place, which) is None
    assert (place.latitude is None) == (place.longitude is None)
    assert place.taken


@pytest.mark.parametrize("tag", [2, 4, 6, 17])
def test_a_denominator_of_zero_is_none(tag):
    data = saved(PIXELS, block(FIRST, EXIF, {**GPS, tag: (Fraction(7), Fraction(5), Fraction(3))}))
    broken = data.replace(struct.pack("<LLLLLL", 7, 1, 5, 1, 3, 1), struct.pack("<LLLLLL", 7, 0, 5, 0, 0, 0))
    assert broken != data
    place = images.read_place(broken)
    field = {2: "latitude", 4: "longitude", 6: "altitude_m", 17: "direction_deg"}[tag]
    assert getattr(place, field) is None


@pytest.mark.parametrize("turn", range(11))
@pytest.mark.parametrize("order", ORDERS)
def test_a_turn_that_is_none_is_not_made(turn, order):
    header = images.read_header(saved(PIXELS, block({0x0112: turn}, {}, {}, order)))
    assert header.orientation == (turn if 1 <= turn <= 8 else 1)


def test_below_the_sea_west_and_north():
    place = read(gps={**GPS, 1: "N", 3: "W", 5: b"\1", 17: Fraction(360)})
    assert place.latitude == pytest.approx(33.8568)
    assert place.longitude == pytest.approx(-151.2153)
    assert place.altitude_m == -12.5
    assert place.direction_deg == 0.0


@pytest.mark.parametrize("said", ["2026:02:30 10:00:00", "    :  :     :  :  ", "0000:00:00 00:00:00", "yesterday", ""])
def test_a_time_that_is_none_gives_way_to_the_next(said):
    assert read(exif={**EXIF, 0x9003: said}).taken == "2026-01-01T00:00:00"


@pytest.mark.parametrize(
    ("changed", "sensor"),
    [
        ({0xA20E: Fraction(254), 0xA210: 2}, 3.6),
        ({0xA20E: Fraction(100), 0xA210: 3}, 3.6),
        ({0xA20E: Fraction(1), 0xA210: 1}, None),
        ({0xA20E: Fraction(1, 100), 0xA210: 4}, None),
        ({0xA20E: Fraction(10), 0xA002: 360}, 36.0),
    ],
)
def test_the_sensor_from_resolution_unit_and_width(changed, sensor):
    found = images.read_optics(saved(PIXELS, block(FIRST, {**EXIF, **changed}, GPS))).sensor_width_mm
    assert found == (None if sensor is None else pytest.approx(sensor))


def test_the_stored_width_counts_where_the_block_gives_none():
    exif = {tag: value for tag, value in EXIF.items() if tag != 0xA002}
    assert images.read_optics(saved(PIXELS, block(FIRST, exif, GPS))).sensor_width_mm == pytest.approx(3.6)


@pytest.mark.parametrize(
    "source", [PIXELS, b"", b"no picture", b"\xff\xd8\xff", "/no/such/file.jpg", Image.new("L", (2, 2))]
)
def test_what_has_no_block_has_no_place(source):
    assert images.read_place(source) == Place()
    assert images.read_optics(source) == images.Optics()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("order", ORDERS)
def test_a_changed_photo_keeps_its_block(tmp_path, kind, order):
    source = tiff(PIXELS, FIRST, EXIF, GPS) if kind == "TIFF" else saved(PIXELS, block(FIRST, EXIF, GPS, order), kind)
    upright = images.read(source).pixels
    images.write_like(upright, tmp_path / "out.jpg", source)
    out = (tmp_path / "out.jpg").read_bytes()
    header = images.read_header(out)
    assert (header.format, header.width, header.height, header.orientation) == ("JPEG", 24, 36, 1)
    assert images.read_place(out) == images.read_place(source)
    kept = Image.open(io.BytesIO(out)).getexif()
    assert kept[0x010F] == "ACME"
    assert kept.get(0x0112, 1) == 1
    inner = kept.get_ifd(0x8769)
    assert (inner[0xA002], inner[0xA003]) == (24, 36)
    assert (0x927C in inner) == (kind != "TIFF")
    assert images.read_optics(out).focal_mm == 24.5


def test_the_preview_of_the_old_photo_is_unlinked():
    preview = struct.pack("<H", 1) + struct.pack("<HHLL", 0x0112, 3, 1, 6) + bytes(4)
    source = saved(PIXELS, block(FIRST, EXIF, GPS, "<", preview))
    assert following(source) > 0
    assert following(images.encode_like(images.read(source).pixels, source)) == 0


def following(jpeg: bytes) -> int:
    """Where the second directory of a JPEG's block stands."""
    start = jpeg.index(b"Exif\0\0II") + 6
    (count,) = struct.unpack_from("<H", jpeg, start + 8)
    return struct.unpack_from("<L", jpeg, start + 10 + 12 * count)[0]


def test_a_block_too_long_for_a_jpeg_goes_without_maker_notes():
    source = saved(PIXELS, block(FIRST, {**EXIF, 0x927C: bytes(70_000)}, GPS), "PNG")
    out = images.encode_like(PIXELS, source)
    assert images.read_place(out) == images.read_place(source)
    assert len(out) < 20_000


def test_the_colour_profile_goes_along():
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = saved(PIXELS, block(FIRST, EXIF, GPS), icc_profile=profile)
    assert Image.open(io.BytesIO(images.encode_like(PIXELS, source))).info["icc_profile"] == profile
    grey = saved(PIXELS, block(FIRST, EXIF, GPS), icc_profile=profile.replace(b"RGB ", b"GRAY"))
    assert "icc_profile" not in Image.open(io.BytesIO(images.encode_like(PIXELS, grey))).info


WHOLE = block(FIRST, EXIF, GPS)


@settings(max_examples=400)
@given(
    cuts=st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=6)), max_size=6),
    end=st.integers(8, len(WHOLE)),
    kind=st.sampled_from(["JPEG", "PNG", "WEBP"]),
)
def test_a_mangled_block_never_raises(cuts, end, kind):
    mangled = bytearray(WHOLE)
    for at, piece in cuts:
        mangled[at : at + len(piece)] = piece
    source = saved(PIXELS[:4, :4], bytes(mangled[:end]), kind)
    place = images.read_place(source)
    assert (place.latitude is None) == (place.longitude is None)
    assert place.latitude is None or -90 <= place.latitude <= 90
    assert place.longitude is None or -180 <= place.longitude <= 180
    assert place.direction_deg is None or 0 <= place.direction_deg < 360
    images.read_optics(source)
    out = images.encode_like(PIXELS, source)
    assert images.read_header(out).orientation == 1
    assert images.read(out).pixels.shape == PIXELS.shape


@settings(max_examples=200)
@given(
    data=st.binary(max_size=300),
    start=st.sampled_from([b"", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"\xff\xd8\xff\xe1"]),
)
def test_any_bytes_at_all_are_taken(data, start):
    for source in (start + data, saved(PIXELS[:4, :4], start + data)):
        images.read_place(source)
        images.read_optics(source)
        assert images.read_header(images.encode_like(PIXELS, source)).orientation == 1
