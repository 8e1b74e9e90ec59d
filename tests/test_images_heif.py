"""HEIF, the photos of phones: turned once, as the boxes say, within the limits, and refused in one line otherwise."""

import io
import struct
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageOps

from crackscope import images
from crackscope.errors import ImageError
from crackscope.surfaces import generate
from tests.small_exif import block
from tests.small_heif import (
    ALPHA,
    DEEP,
    MAIN,
    TURNED,
    WALL,
    Part,
    box,
    coded,
    crop,
    exif,
    grid,
    heif,
    left,
    mirrored,
    size,
)
from tests.small_pictures import assert_read_alike_in_threads
from tests.test_images_exif import EXIF, FIRST, GPS

pytest.importorskip("pi_heif", reason="wants the extra heif, which the extra dev brings")

SURFACE = generate(5, (256, 192), True, "concrete", (3, 5)).pixels
PHOTO = generate(8, (160, 96), True, "concrete", (3, 5)).pixels
GREY = np.asarray(Image.fromarray(generate(11, (64, 48), True, "concrete", (3, 5)).pixels).convert("L"))
DEEP_GREY = coded(DEEP, 1)


def fails(data: bytes, kind: str, said: str, limits: images.Limits = images.DEFAULT_LIMITS) -> None:
    calls = (
        lambda: images.read(data, limits),
        lambda: images.read_mask(data, None, limits),
        lambda: images.read_thumbnail(data, 8, limits),
    )
    for call in calls:
        with pytest.raises(ImageError, match=said) as caught:
            call()
        assert caught.value.kind == kind
        assert "\n" not in str(caught.value)


def off_by(found: np.ndarray, meant: np.ndarray) -> float:
    assert found.shape == meant.shape
    return float(np.abs(found.astype(int) - meant).mean())


def with_size(part: Part, width: int, height: int) -> Part:
    said = tuple(size(width, height) if kind == b"ispe" else (kind, content) for kind, content in part.properties)
    return replace(part, properties=said)


def test_a_plain_one_is_read_whatever_it_is_given_as(tmp_path):
    path = tmp_path / "IMG_1.HEIC"
    path.write_bytes(WALL)
    for source in (WALL, path, str(path), io.BytesIO(WALL)):
        picture = images.read(source)
        assert off_by(picture.pixels, SURFACE) < 4
        assert (picture.format, picture.pages, picture.bits, picture.hidden) == ("HEIF", 1, 0, None)
        assert images.read_header(source) == images.Header(256, 192, "HEIF", "RGB")
    small = images.read_thumbnail(path, 16)
    assert off_by(small, images.read_thumbnail(SURFACE, 16)) < 3
    assert images.read_mask(path, (256, 192)).mean() > 0.9


def test_a_phones_photo_is_turned_once_though_exif_and_boxes_both_say_so():
    picture = images.read(TURNED)
    assert off_by(picture.pixels, np.rot90(PHOTO, -1)) < 2
    header = images.read_header(TURNED)
    assert (header.width, header.height, header.orientation, header.upright) == (160, 96, 6, (96, 160))
    assert picture.pages == images.count_pages(TURNED) == 1
    assert images.read_thumbnail(TURNED, 16).shape == (16, 16)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_alone_turns_nothing(orientation):
    data = heif([MAIN, exif(block({**FIRST, 0x0112: orientation}, EXIF, GPS), 1)])
    assert images.read_header(data).orientation == 1
    assert np.array_equal(images.read(data).pixels, images.read(WALL).pixels)


@pytest.mark.parametrize(
    ("turns", "orientation"),
    [
        ((mirrored(1),), 2),
        ((left(2),), 3),
        ((mirrored(0),), 4),
        ((left(1), mirrored(0)), 5),
        ((mirrored(1), left(1)), 5),
        ((left(3),), 6),
        ((left(3), mirrored(0)), 7),
        ((left(1),), 8),
    ],
)
def test_each_turn_of_the_boxes_is_told_as_exif_names_it(turns, orientation):
    data = heif([MAIN.with_more(*turns)])
    header = images.read_header(data)
    assert (header.width, header.height, header.orientation) == (256, 192, orientation)
    plain = Image.fromarray(images.read(WALL).pixels)
    plain.getexif()[0x0112] = orientation
    assert np.array_equal(images.read(data).pixels, np.asarray(ImageOps.exif_transpose(plain)))


def test_a_crop_before_and_behind_a_turn():
    for changes in ((crop(250, 190), left(1)), (left(1), crop(190, 250))):
        data = heif([MAIN.with_more(*changes)])
        assert images.read_header(data).upright == (190, 250)
        # Colour is stored at half the size, and cropped before it is enlarged.
        assert off_by(images.read(data).pixels, np.rot90(images.read(WALL).pixels[1:191, 3:253])) < 1


def test_place_and_lens_are_read_as_from_a_jpeg(tmp_path):
    path = tmp_path / "photo"
    path.write_bytes(TURNED)
    jpeg = io.BytesIO()
    Image.fromarray(PHOTO).save(jpeg, "JPEG", exif=b"Exif\0\0" + block(FIRST, {**EXIF, 0xA002: 160}, GPS))
    for source in (TURNED, path, io.BytesIO(TURNED)):
        place = images.read_place(source)
        assert place == images.read_place(jpeg)
        assert (place.direction_deg, place.taken) == (271.25, "2026-03-04T10:20:30+01:00")
        assert images.read_optics(source) == images.read_optics(jpeg)
    assert images.read_place(WALL) == images.read_place(np.zeros((4, 4, 3), np.uint8))


def test_a_changed_one_is_a_jpeg_that_keeps_block_and_profile(tmp_path):
    (tmp_path / "photo.heic").write_bytes(TURNED)
    upright = images.read(TURNED).pixels
    images.write_like(upright, tmp_path / "overlay.jpg", tmp_path / "photo.heic")
    with Image.open(tmp_path / "overlay.jpg") as image:
        tags = image.getexif()
        assert (image.format, image.size, tags[0x0112]) == ("JPEG", (96, 160), 1)
        assert (tags.get_ifd(0x8769)[0xA002], tags.get_ifd(0x8769)[0xA003]) == (96, 160)
        assert image.info["icc_profile"][36:40] == b"acsp"
    assert images.read_place(tmp_path / "overlay.jpg") == images.read_place(TURNED)
    assert off_by(images.read(tmp_path / "overlay.jpg").pixels, upright) < 3


def test_ten_bits_of_grey_with_and_without_alpha():
    picture = images.read(DEEP)
    clear = np.zeros(GREY.shape, np.bool_)
    clear[:12, :16] = True
    assert np.array_equal(picture.hidden, clear)
    assert (picture.pixels[clear] == 255).all()
    assert off_by(picture.pixels[~clear], np.repeat(GREY[~clear][:, None], 3, 1)) < 4
    alone = heif([DEEP_GREY])
    assert images.read_header(alone).mode == "I;16"
    picture = images.read(alone)
    assert (picture.bits, picture.hidden) == (0, None)
    assert off_by(picture.pixels[:48], np.repeat(GREY[:, :, None], 3, 2)) < 4


def test_of_several_the_main_one_is_read_and_all_are_counted(tmp_path):
    data = heif([MAIN, DEEP_GREY, MAIN], primary=2)
    picture = images.read(data)
    assert (picture.width, picture.height, picture.pages) == (64, 64, 3)
    (tmp_path / "several").write_bytes(data)
    assert images.count_pages(tmp_path / "several") == 3


def test_what_is_derived_from_another_is_read():
    same = Part(b"", b"iden", (size(256, 192), left(1)), ((b"dimg", (1,)),))
    data = heif([replace(MAIN, hidden=True), same], primary=2)
    assert np.array_equal(images.read(data).pixels, np.rot90(images.read(WALL).pixels))
    assert images.count_pages(data) == 1


def test_what_is_named_by_itself_only_by_its_brands():
    assert images.read(heif([MAIN], brands=b"mif1\0\0\0\0mif1")).width == 256
    fails(heif([MAIN], brands=b"mif1\0\0\0\0mif1avif"), "unsupported", "it is an AVIF file, which is not read")


@pytest.mark.parametrize(
    ("kind", "said"),
    [(b"av01", "coded as AV1"), (b"j2k1", "coded as JPEG 2000"), (b"\xff\n'x", r"coded as .\\xff\\n'x")],
)
def test_other_codes_are_refused_by_name(kind, said):
    fails(heif([replace(MAIN, kind=kind)]), "unsupported", said)


def test_films_are_refused():
    fails(box(b"ftyp", b"hevc\0\0\0\0msf1") + box(b"moov", bytes(40)), "unsupported", "a HEIF sequence, a video")


def test_limits_hold_before_anything_is_decoded():
    few = images.Limits(max_pixels=40_000)
    for data in (
        WALL,
        heif([MAIN.with_more(crop(8, 8))]),
        heif([replace(MAIN, hidden=True), grid(1, 1, (64, 64), (1,))], primary=2),
        heif([DEEP_GREY, replace(MAIN.with_more(ALPHA), refers=((b"auxl", (1,)),))]),
    ):
        fails(data, "too-large", "256 x 192 pixels, over the limit of 0.04 megapixels", few)
        with pytest.raises(ImageError, match="over the limit"):
            images.read_header(data, few)
    fails(heif([with_size(MAIN, 60_000, 60_000)]), "too-large", "60000 x 60000 pixels, over the limit")
    fails(heif([with_size(MAIN, 70_000, 10)]), "too-large", "over the limit of 65500 a side")


def test_sizes_that_lie_are_refused():
    fails(heif([with_size(MAIN, 32, 32)]), "too-large", "libheif refuses it")
    fails(heif([with_size(MAIN, 512, 512)]), "damaged", "it cannot be decoded")
    fails(heif([with_size(MAIN, 0, 192)]), "damaged", "a size of 0 x 192 pixels")
    tile = replace(MAIN, hidden=True)
    fails(heif([tile, grid(2, 1, (600, 192), (1, 1))], primary=2), "damaged", "its tiles do not make up its picture")
    fails(heif([tile, grid(2, 2, (512, 384), (1, 1))], primary=2), "damaged", "its tiles do not make up its picture")


def test_parts_that_are_not_there_or_lead_in_circles():
    fails(heif([MAIN], primary=7), "damaged", "does not hold the picture that it names")
    fails(heif([Part(b"", b"iden", (size(9, 9),), ((b"dimg", (1,)),))]), "damaged", "does not hold the picture")
    fails(heif([grid(1, 1, (256, 192), (1,))]), "damaged", "its tiles do not make up its picture")
    bare = replace(MAIN, properties=tuple(one for one in MAIN.properties if one[0] != b"ispe"))
    fails(heif([bare]), "damaged", "does not say how large")


def test_zeros_in_the_middle_are_seen():
    whole = bytearray(WALL)
    whole[-600:-500] = bytes(100)
    fails(bytes(whole), "damaged", "cut off, or spoilt on the way")


def test_what_says_twice_what_it_holds_is_refused():
    meta = WALL[WALL.index(b"meta") - 4 : WALL.index(b"mdat") - 4]
    fails(WALL + meta, "damaged", "it says twice what it holds")


def test_lists_without_end_are_left():
    many = struct.pack(">HHHHHH", 0, 60_000, 0, 0, 0, 65_535)
    data = bytearray(WALL)
    at = data.index(b"iloc") + 4
    data[at : at + 4 + len(many)] = bytes([1, 0, 0, 0]) + many
    fails(bytes(data), "damaged", "copy it again from where it came")


def test_a_header_at_the_start_of_a_large_file(tmp_path):
    path = tmp_path / "large.heic"
    path.write_bytes(WALL + box(b"free", bytes(400_000)))
    assert images.read_header(path).upright == (256, 192)
    assert images.read(path).width == 256


def test_many_threads_at_once():
    assert_read_alike_in_threads([WALL, TURNED, DEEP], 5)


def test_without_the_extra_the_refusal_names_it_and_the_phones_setting(monkeypatch):
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    for data in (WALL, TURNED):
        fails(
            data,
            "unsupported",
            r'it is a HEIC file, which wants the extra heif: pip install "\.\[heif\]".*Most Compatible',
        )
        with pytest.raises(ImageError, match="Most Compatible"):
            images.read_header(data)
    assert images.read_place(TURNED).direction_deg == 271.25
