"""Every mode of every format comes out as the RGB that it means, or is refused by name."""

import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from crackscope import images
from crackscope.errors import ImageError
from tests.small_pictures import (
    DEEP,
    GREY,
    HEIGHT,
    RGB,
    RNG,
    WIDTH,
    as_tiff,
    grey_to_rgb,
    over_white,
    png_by_hand,
    saved,
)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP"])
def test_lossless_rgb_is_exact(kind):
    options = {"lossless": True} if kind == "WEBP" else {}
    picture = images.read(saved(Image.fromarray(RGB), kind, **options))
    assert np.array_equal(picture.pixels, RGB)
    assert (picture.format, picture.width, picture.height) == (kind, WIDTH, HEIGHT)
    assert picture.pixels.flags.c_contiguous
    assert picture.pixels.flags.writeable


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_modes_of_one_band(kind, mode):
    image = Image.fromarray(RGB).quantize(30) if mode == "P" else Image.fromarray(GREY).convert(mode)
    assert np.array_equal(images.read(saved(image, kind)).pixels, np.asarray(image.convert("RGB")))


def test_jpeg_is_what_pillow_decodes():
    for image in (Image.fromarray(RGB), Image.fromarray(GREY)):
        for options in ({}, {"progressive": True}, {"subsampling": 0}):
            data = saved(image, "JPEG", **options)
            with Image.open(io.BytesIO(data)) as expected:
                assert np.array_equal(images.read(data).pixels, np.asarray(expected.convert("RGB")))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_alpha_is_laid_over_white(kind):
    rgba = Image.fromarray(np.dstack([RGB, GREY]))
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    difference = images.read(saved(rgba, kind, **options)).pixels - over_white(RGB, GREY)
    assert np.abs(difference).max() <= 1


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_grey_with_alpha(kind):
    image = Image.merge("LA", [Image.fromarray(GREY), Image.fromarray(RGB[:, :, 1])])
    expected = over_white(grey_to_rgb(GREY), RGB[:, :, 1])
    assert np.abs(images.read(saved(image, kind)).pixels - expected).max() <= 1


def test_palette_with_alpha_per_entry():
    image = Image.fromarray(RGB).quantize(16)
    alphas = bytes(range(0, 256, 16))
    pixels = images.read(saved(image, "PNG", transparency=alphas)).pixels
    alpha = np.frombuffer(alphas, np.uint8)[np.asarray(image)]
    assert np.abs(pixels - over_white(np.asarray(image.convert("RGB")), alpha)).max() <= 1


def test_transparent_colours_become_white():
    flat = RGB.copy()
    flat[2:5, 3:9] = (1, 2, 3)
    pixels = images.read(saved(Image.fromarray(flat), "PNG", transparency=(1, 2, 3))).pixels
    assert (pixels[2:5, 3:9] == 255).all()
    assert np.array_equal(pixels[6:], flat[6:])


@pytest.mark.parametrize(("depth", "scale"), [(1, 255), (2, 85), (4, 17)])
def test_shallow_grey_is_spread_and_its_key_found(depth, scale):
    values = RNG.integers(0, 2**depth, (HEIGHT, WIDTH), np.uint8)
    bits = np.unpackbits(values[:, :, None], axis=2)[:, :, 8 - depth :].reshape(HEIGHT, -1)
    rows = [row.tobytes() for row in np.packbits(bits, axis=1)]
    assert np.array_equal(images.read(png_by_hand(0, depth, rows)).pixels, grey_to_rgb(values * scale))
    keyed = images.read(png_by_hand(0, depth, rows, struct.pack(">H", 1))).pixels
    assert np.array_equal(keyed, grey_to_rgb(np.where(values == 1, 255, values * scale)))


@pytest.mark.parametrize(
    "data",
    [
        saved(Image.fromarray(DEEP), "PNG"),
        saved(Image.fromarray(DEEP), "TIFF"),
        saved(Image.fromarray(DEEP), "TIFF", compression="tiff_lzw"),
        as_tiff(DEEP, byteorder=">"),
        as_tiff(DEEP, byteorder=">", compression="zlib"),
        as_tiff(DEEP, tile=(16, 16)),
        as_tiff(DEEP, bigtiff=True),
        as_tiff(65_535 - DEEP, photometric="miniswhite"),
        as_tiff(65_535 - DEEP, photometric="miniswhite", compression="zlib"),
        as_tiff(DEEP.astype(np.uint32) * 65_537),
    ],
)
def test_grey_of_16_bits_and_more_is_divided_by_257(data):
    assert np.array_equal(images.read(data).pixels, grey_to_rgb(np.round(DEEP / 257)))


def test_transparent_value_of_16_bits():
    deep = DEEP.copy()
    deep[3, 4] = 1234
    rows = [row.astype(">u2").tobytes() for row in deep]
    pixels = images.read(png_by_hand(0, 16, rows, struct.pack(">H", 1234))).pixels
    assert (pixels[3, 4] == 255).all()


def test_colour_of_16_bits_is_read_as_grey_and_arrays_are():
    deep = RNG.integers(0, 65_536, (HEIGHT, WIDTH, 3), np.uint16)
    for data in (png_by_hand(2, 16, [row.astype(">u2").tobytes() for row in deep]), as_tiff(deep, photometric="rgb")):
        assert np.array_equal(images.read(data).pixels, np.round(deep / 257))
    assert np.array_equal(images.read(deep).pixels, np.round(deep / 257))
    with pytest.raises(ImageError, match="transparent colour") as caught:
        images.read(png_by_hand(2, 16, [row.astype(">u2").tobytes() for row in deep], bytes(6)))
    assert caught.value.kind == "unsupported"


@pytest.mark.parametrize(("order", "bigtiff"), [("<", False), (">", False), ("<", True)])
@pytest.mark.parametrize("deep", [False, True])
def test_bands_that_are_declared_as_grey_are_colours(deep, order, bigtiff):
    scale = np.uint16(257) if deep else np.uint8(1)
    options = {"photometric": "minisblack", "planarconfig": "contig", "byteorder": order, "bigtiff": bigtiff}
    three, four = (np.dstack([RGB, *[GREY] * count]) * scale for count in (0, 1))
    assert np.array_equal(images.read(as_tiff(three, **options)).pixels, RGB)
    assert np.array_equal(images.read(as_tiff(four, **options)).pixels, RGB)
    clear = images.read(as_tiff(four, extrasamples=[0, 0, 2], **options)).pixels
    assert np.abs(clear - over_white(RGB, GREY)).max() <= 1
    if not deep:
        five = np.dstack([RGB, GREY, GREY])
        assert np.array_equal(images.read(as_tiff(five, **options)).pixels, RGB)
        sheets = {**options, "planarconfig": "separate"}
        assert np.array_equal(images.read(as_tiff(np.moveaxis(RGB, 2, 0), **sheets)).pixels, RGB)


@pytest.mark.parametrize("full", [1, 255])
def test_float_grey_in_either_range(full):
    values = np.linspace(0, full, HEIGHT * WIDTH, dtype=np.float32).reshape(HEIGHT, WIDTH)
    difference = images.read(as_tiff(values)).pixels[:, :, 0] - values * (255 / full)
    assert np.abs(difference).max() <= 0.5 + 1e-3


@pytest.mark.parametrize(
    ("value", "nodata"), [(-1.0, ""), (300.0, ""), (-9999.0, "-9999"), (float("nan"), "nan"), (float("inf"), "inf")]
)
def test_float_grey_of_no_agreed_range_is_refused(value, nodata):
    values = np.ones((HEIGHT, WIDTH), np.float32)
    values[4, 4] = value
    with pytest.raises(ImageError, match=r"scale them to 0..1") as caught:
        images.read(as_tiff(values))
    assert caught.value.kind == "unsupported"
    assert ("is likely nodata" in str(caught.value)) == bool(nodata)
    assert f"of which {nodata} is" in str(caught.value) or not nodata
    assert "gdal_translate -ot Byte -scale" in str(caught.value)


def test_cmyk_follows_adobe():
    cmyk = Image.fromarray(np.full((HEIGHT, WIDTH, 3), (200, 40, 90), np.uint8)).convert("CMYK")
    for data in (saved(cmyk, "JPEG", quality=98), saved(cmyk, "TIFF"), saved(cmyk, "TIFF", compression="tiff_lzw")):
        assert images.read_header(data).mode == "CMYK"
        assert np.abs(images.read(data).pixels.astype(int) - (200, 40, 90)).max() <= 3


def test_ycck_follows_adobe():
    """A JPEG whose planes are luma, two chromas and black, which only the Adobe marker's last byte tells."""
    ycc = Image.new("RGB", (WIDTH, HEIGHT), (55, 215, 165)).convert("YCbCr")
    planes = Image.merge("CMYK", [*(band.point(lambda v: 255 - v) for band in ycc.split()), Image.new("L", ycc.size)])
    data = saved(planes, "JPEG", quality=98, subsampling=0)
    at = data.index(b"Adobe") + 11
    assert data[at] == 0
    pixels = images.read(data[:at] + b"\2" + data[at + 1 :]).pixels
    assert np.abs(pixels.astype(int) - (200, 40, 90)).max() <= 3


@pytest.mark.parametrize(
    ("pixels", "options"),
    [
        (DEEP.astype(np.int16), {}),
        (DEEP.astype(np.float64), {}),
        (DEEP.astype(np.int8), {}),
        (np.zeros((3, HEIGHT, WIDTH), np.uint16), {"photometric": "rgb", "planarconfig": "separate"}),
        (DEEP, {"byteorder": ">", "bigtiff": True}),
        (RGB, {"photometric": "cielab"}),
    ],
)
def test_tiffs_without_one_answer_are_refused_by_name(pixels, options):
    with pytest.raises(ImageError) as caught:
        images.read(as_tiff(pixels, **options))
    assert caught.value.kind == "unsupported"
    assert "TIFF" in str(caught.value)


@settings(max_examples=40)
@given(
    pixels=arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3))),
    planar=st.sampled_from(["contig", "separate"]),
    compression=st.sampled_from([None, "zlib"]),
    tile=st.sampled_from([None, (16, 16), (32, 16)]),
    order=st.sampled_from("<>"),
)
def test_tiff_layouts_give_the_same_pixels(pixels, planar, compression, tile, order):
    stored = pixels if planar == "contig" else np.moveaxis(pixels, 2, 0)
    options = {"planarconfig": planar, "compression": compression, "tile": tile, "byteorder": order}
    assert np.array_equal(images.read(as_tiff(stored, photometric="rgb", **options)).pixels, pixels)


def test_the_first_frame_is_read():
    first, second = Image.fromarray(RGB), Image.fromarray(255 - RGB)
    for kind, options in {"TIFF": {}, "PNG": {}, "WEBP": {"lossless": True}}.items():
        data = saved(first, kind, save_all=True, append_images=[second], **options)
        assert np.array_equal(images.read(data).pixels, RGB), kind
    phone = saved(first, "MPO", save_all=True, append_images=[second])
    assert images.read(phone).format == "JPEG"
    assert np.array_equal(images.read(phone).pixels, images.read(saved(first, "JPEG")).pixels)


def test_a_preview_is_not_taken_for_the_picture():
    with pytest.raises(ImageError, match="preview") as caught:
        images.read(as_tiff(RGB, photometric="rgb", subfiletype=1))
    assert caught.value.kind == "unsupported"


def test_what_else_a_file_carries_neither_warns_nor_hinders():
    """Under pytest a warning is an error: nothing of Pillow's may come through, in any thread."""
    file = io.BytesIO()
    odd = [(270, 2, 0, "a wall", True), (65_000, 3, 5, (1, 2, 3, 4, 5), True), (34_853, 4, 1, 2**31, True)]
    tifffile.imwrite(file, RGB, photometric="rgb", metadata=None, extratags=odd)
    assert np.array_equal(images.read(file.getvalue()).pixels, RGB)
    moving = saved(Image.fromarray(RGB), "PNG", save_all=True, append_images=[Image.fromarray(RGB)])
    at = moving.index(b"acTL")
    broken = moving[: at + 4] + bytes(8) + struct.pack(">L", zlib.crc32(b"acTL" + bytes(8))) + moving[at + 16 :]
    assert np.array_equal(images.read(broken).pixels, RGB)
    jpeg = saved(Image.fromarray(RGB), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x0f\x01" * 40)
    assert images.read(jpeg).width == WIDTH
