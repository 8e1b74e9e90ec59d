"""What a file declares to show nothing: transparency in all its forms, and the value that surveys call nodata."""

import io
import struct

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from crackscope import images
from crackscope.errors import ImageError
from tests.small_pictures import as_tiff, saved

SHAPE = HEIGHT, WIDTH = 60, 80
RGB = np.random.default_rng(8).integers(90, 200, (*SHAPE, 3), np.uint8)
GREY = RGB[..., 0].copy()
HIDDEN = np.zeros(SHAPE, np.bool_)
HIDDEN[20:45, 30:50] = True
HIDDEN[:, 75:] = True
ALPHA = np.where(HIDDEN, 0, 255).astype(np.uint8)


def says(value: object) -> list[tuple[int, str, int, object, bool]]:
    return [(42113, "s", 0, str(value), False)]


def holed(pixels: np.ndarray, value: float) -> np.ndarray:
    marked = pixels.copy()
    marked[HIDDEN] = value
    return marked


def with_mask(pixels: np.ndarray, shown: np.ndarray, *, big: bool = False, kind: int = 4, **options: object) -> bytes:
    """A TIFF with overviews of picture and mask before the mask, as a program may write them."""
    file = io.BytesIO()
    with tifffile.TiffWriter(file, bigtiff=big) as tiff:
        tiff.write(pixels, photometric="rgb", metadata=None, **options)
        tiff.write(pixels[::2, ::2], photometric="rgb", subfiletype=1, metadata=None)
        tiff.write(shown[::2, ::2], photometric="mask", subfiletype=5, metadata=None)
        tiff.write(shown, photometric="mask", subfiletype=kind, metadata=None, compression="zlib")
    return file.getvalue()


def palette() -> Image.Image:
    indices = Image.fromarray(np.where(HIDDEN, 3, GREY % 3).astype(np.uint8), "P")
    indices.putpalette([20, 30, 40, 90, 80, 70, 120, 130, 140, 200, 0, 200])
    return indices


DEEP = GREY.astype(np.uint16) * 16
DEEP_RGB = RGB.astype(np.uint16) * 16
REAL = GREY.astype(np.float32)

DECLARED = {
    "array": np.dstack([RGB, ALPHA]),
    "deep array": np.dstack([DEEP_RGB, ALPHA.astype(np.uint16) * 257]),
    "Pillow image": Image.fromarray(np.dstack([GREY, ALPHA])),
    "PNG": saved(Image.fromarray(np.dstack([RGB, ALPHA])), "PNG"),
    "PNG with a palette": saved(palette(), "PNG", transparency=3),
    "PNG with a colour": saved(Image.fromarray(holed(RGB, 7)), "PNG", transparency=(7, 7, 7)),
    "WebP": saved(Image.fromarray(np.dstack([RGB, ALPHA])), "WEBP", lossless=True),
    "TIFF with alpha": as_tiff(np.dstack([RGB, ALPHA]), photometric="rgb", extrasamples=["unassalpha"]),
    "TIFF with a mask": with_mask(RGB, ~HIDDEN),
    "BigTIFF with a mask": with_mask(RGB, ~HIDDEN, big=True),
    "nodata 0": as_tiff(holed(RGB, 0), photometric="rgb", extratags=says(0)),
    "nodata 255": as_tiff(holed(GREY, 255), extratags=says("255 ")),
    "nodata, 0 is white": as_tiff(holed(GREY, 0), photometric="miniswhite", extratags=says("0.0")),
    "nodata of 16 bits": as_tiff(holed(DEEP, 65_535), extratags=says(65_535)),
    "nodata 0 of 16 bits": as_tiff(holed(DEEP, 0), byteorder=">", extratags=says(0)),
    "nodata of deep colours": as_tiff(holed(DEEP_RGB, 65_535), photometric="rgb", extratags=says(65_535)),
    "nodata 0 of deep colours": as_tiff(holed(DEEP_RGB, 0), photometric="rgb", extratags=says(0)),
    "nodata of floats": as_tiff(holed(REAL, -3.4028234663852886e38), extratags=says("-3.4028234663852886e+38")),
    "nodata that is no number": as_tiff(holed(REAL, np.nan), extratags=says("nan")),
}


@pytest.mark.parametrize("name", DECLARED)
def test_what_a_file_declares_to_show_nothing_is_known(name):
    picture = images.read(DECLARED[name])
    assert np.array_equal(picture.hidden, HIDDEN)
    assert picture.pixels.shape == (*SHAPE, 3)


@pytest.mark.parametrize("value", [0, 65_535])
def test_nodata_does_not_say_how_many_bits_are_used(value):
    for deep in (DEEP, DEEP_RGB):
        bare, marked = (as_tiff(one, extratags=says(value)) for one in (deep, holed(deep, value)))
        one, other = images.read(bare), images.read(marked)
        assert one.bits == other.bits == 12
        assert one.hidden is None
        assert np.array_equal(one.pixels[~HIDDEN], other.pixels[~HIDDEN])


def test_floats_are_scaled_without_nodata():
    picture = images.read(as_tiff(holed(REAL / 255, -9999), extratags=says(-9999)))
    assert np.array_equal(picture.pixels[~HIDDEN][:, 0], GREY[~HIDDEN])


@pytest.mark.parametrize(("value", "scale"), [(3.4e38, 1), (256.0, 1), (255.0, 1 / 255)])
def test_what_no_float_pixel_can_have_shows_nothing_however_little_there_is_of_it(value, scale):
    marked = (GREY * scale).astype(np.float32)
    marked[5:8, 5:8] = value
    picture = images.read(as_tiff(marked, extratags=says(value)))
    assert np.array_equal(picture.hidden, marked == np.float32(value))


def test_a_mask_turns_with_its_picture():
    orientation = [(274, "H", 1, 6, True)]
    picture = images.read(with_mask(RGB, ~HIDDEN, extratags=orientation))
    assert np.array_equal(picture.hidden, np.rot90(HIDDEN, -1))
    assert np.array_equal(picture.pixels, np.rot90(RGB, -1))


def test_shadow_within_a_crack_is_no_nodata():
    """Though 0 is declared to be: it is slight, or fades into the surface. A seam does not fade, and is no crack."""
    grey = np.full((300, 300), 150, np.float32)
    grey += np.random.default_rng(0).normal(0, 4, grey.shape)
    cracked = cv2.line(grey.copy(), (20, 20), (290, 250), 0, 14)
    cracked = cv2.line(cracked, (250, 40), (270, 44), 0, 3)
    blurred = np.clip(cv2.GaussianBlur(cracked, (0, 0), 0.7) - 3, 0, 255).astype(np.uint8)
    assert np.count_nonzero(blurred == 0) > 2000
    assert images.read(as_tiff(blurred, extratags=says(0))).hidden is None
    pitted = np.clip(grey, 1, 255).astype(np.uint8)
    pitted[::30, ::30] = 0
    assert images.read(as_tiff(pitted, extratags=says(0))).hidden is None
    seam = np.clip(grey, 1, 255).astype(np.uint8)
    seam[:, 140:144] = 0
    assert np.array_equal(images.read(as_tiff(seam, extratags=says(0))).hidden, seam == 0)


@pytest.mark.parametrize("text", ["", "none", "1e999", "nan", "inf", "-1", "0.5", "256", "9" * 400, "\xff"])
def test_values_that_no_pixel_can_have_are_no_nodata(text):
    for pixels in (GREY, RGB):
        picture = images.read(as_tiff(pixels, extratags=[(42113, 2, len(text) + 1, text.encode("latin-1"), False)]))
        assert picture.hidden is None
        assert np.array_equal(picture.pixels, pixels if pixels.ndim == 3 else np.dstack([pixels] * 3))


def test_a_broken_nodata_tag_is_passed_over():
    data = as_tiff(GREY, extratags=says("12345678"))
    entry = struct.pack("<HHL", 42113, 2, 9)
    for changed in (struct.pack("<HHLL", 42113, 2, 9, len(data) - 4), struct.pack("<HHL", 42113, 2, 1 << 31)):
        at = data.index(entry)
        broken = data[:at] + changed + data[at + len(changed) :]
        assert np.array_equal(images.read(broken).pixels[..., 0], GREY)


def test_masks_of_other_pictures_are_passed_over():
    assert images.read(with_mask(RGB, ~HIDDEN, kind=5)).hidden is None
    assert images.read(with_mask(RGB, ~HIDDEN[:-1])).hidden is None
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as tiff:
        for _ in range(2):
            tiff.write(RGB, photometric="rgb", metadata=None)
        tiff.write(~HIDDEN, photometric="mask", subfiletype=4, metadata=None)
    assert images.read(file.getvalue()).hidden is None


def test_a_mask_that_ends_too_soon_is_said():
    data = with_mask(RGB, ~HIDDEN)
    with pytest.raises(ImageError, match="ends before the picture does"):
        images.read(data[:-20])
