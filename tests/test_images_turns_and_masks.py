"""The EXIF turn, thumbnails and masks."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from crackscope import images
from crackscope.errors import ImageError

RNG = np.random.default_rng(9)
RGB = RNG.integers(0, 256, (20, 36, 3), np.uint8)
HALF = np.zeros((240, 400, 3), np.uint8)
HALF[:120, :200] = 255


def with_turn(pixels: np.ndarray, kind: str, turn: int) -> bytes:
    exif = Image.Exif()
    exif[271] = "a maker"
    exif[274] = turn
    file = io.BytesIO()
    options = {"tiffinfo": {274: turn}} if kind == "TIFF" else {"exif": exif.tobytes()}
    Image.fromarray(pixels).save(file, kind, **({"lossless": True} if kind == "WEBP" else {}), **options)
    return file.getvalue()


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_turn_is_made_everywhere(kind, turn):
    data = with_turn(RGB, kind, turn)
    with Image.open(io.BytesIO(data)) as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    assert np.array_equal(images.read(data).pixels, expected)
    with Image.open(io.BytesIO(data)) as image:
        assert np.array_equal(images.read(image).pixels, expected)
    header = images.read_header(data)
    assert (header.width, header.height, header.orientation) == (36, 20, turn)
    assert header.upright == expected.shape[1::-1]


@pytest.mark.parametrize("turn", range(1, 9))
def test_thumbnails_and_masks_are_turned_too(turn):
    data = with_turn(HALF, "PNG", turn)
    upright = images.read(data).pixels[:, :, 0]
    small = images.read_thumbnail(data, 2)
    quarters = upright.reshape(2, upright.shape[0] // 2, 2, upright.shape[1] // 2).mean(axis=(1, 3))
    assert np.array_equal(small, quarters)
    assert np.array_equal(images.read_mask(data), upright > 0)
    jpeg = images.read_thumbnail(with_turn(HALF, "JPEG", turn), 2)
    assert np.abs(jpeg.astype(int) - quarters).max() <= 4


def test_a_turn_set_on_a_pillow_image():
    image = Image.fromarray(RGB)
    image.getexif()[274] = 6
    assert np.array_equal(images.read(image).pixels, np.rot90(RGB, -1))
    assert image.size == (36, 20)


def test_turns_that_do_not_exist_are_none():
    for turn in (0, 9, 65_535):
        assert np.array_equal(images.read(with_turn(RGB, "PNG", turn)).pixels, RGB)


def test_thumbnails_of_real_patches(shared):
    for path in sorted((shared / "data" / "metu" / "Positive").iterdir())[:20]:
        small = images.read_thumbnail(path, 16)
        assert small.shape == (16, 16)
        assert small.dtype == np.uint8
        grey = np.asarray(Image.fromarray(images.read(path).pixels).convert("L"), float)
        # Every pixel sixteen times over: then 227 pixels fall into 16 parts of equal size.
        parts = grey.repeat(16, axis=0).repeat(16, axis=1).reshape(16, 227, 16, 227)
        assert np.abs(small - parts.mean(axis=(1, 3))).mean() < 0.7
        assert np.abs(images.read_thumbnail(grey.astype(np.uint8), 16) - parts.mean(axis=(1, 3))).max() <= 1


@settings(max_examples=50)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 24), st.integers(0, 255))
def test_thumbnails_of_one_colour_keep_it(width, height, side, value):
    small = images.read_thumbnail(np.full((height, width), value, np.uint8), side)
    assert small.shape == (side, side)
    assert (small == value).all()


def test_thumbnails_need_a_size():
    with pytest.raises(ValueError, match="at least 1"):
        images.read_thumbnail(RGB, 0)


MASK = RNG.random((20, 36)) < 0.2


def saved(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("value", [1, 127, 255])
def test_masks_are_true_where_anything_is_drawn(value):
    grey = Image.fromarray(MASK.astype(np.uint8) * value)
    colour = Image.merge("RGB", [grey, Image.new("L", grey.size), Image.new("L", grey.size)])
    clear = colour.copy()
    clear.putalpha(Image.fromarray(MASK.astype(np.uint8)))
    for source in (saved(grey), saved(colour), saved(grey, "TIFF"), saved(clear), grey, np.asarray(grey), MASK):
        assert np.array_equal(images.read_mask(source, (36, 20)), MASK)
    assert np.array_equal(images.read_mask(saved(Image.fromarray(MASK))), MASK)


def test_masks_of_16_bits_count_every_value():
    assert np.array_equal(images.read_mask(saved(Image.fromarray(MASK.astype(np.uint16)))), MASK)
    assert np.array_equal(images.read_mask(MASK.astype(np.int64)), MASK)


def test_masks_with_a_palette_go_by_colour():
    image = Image.fromarray(MASK.astype(np.uint8))
    image.putpalette([0, 0, 0, 255, 0, 0])
    assert np.array_equal(images.read_mask(saved(image)), MASK)
    swapped = Image.fromarray(1 - MASK.astype(np.uint8))
    swapped.putpalette([255, 255, 255, 0, 0, 0])
    assert np.array_equal(images.read_mask(saved(swapped)), MASK)


def test_masks_outside_of_alpha_are_sound():
    paper = np.full((20, 36, 4), 200, np.uint8)
    paper[:, :, 3] = MASK
    assert np.array_equal(images.read_mask(saved(Image.fromarray(paper))), MASK)


def test_one_value_or_colour_that_is_transparent_is_sound_in_a_mask():
    """Programs that make PNGs smaller leave such a colour for an alpha channel of 0 and 255."""
    grey = np.where(MASK, 60, 255).astype(np.uint8)
    assert np.array_equal(images.read_mask(saved(Image.fromarray(grey), transparency=255)), MASK)
    deep = grey.astype(np.uint16) * 257
    assert np.array_equal(images.read_mask(saved(Image.fromarray(deep), transparency=65_535)), MASK)
    colour = np.dstack([grey, grey, np.full_like(grey, 255)])
    assert np.array_equal(images.read_mask(saved(Image.fromarray(colour), transparency=(255, 255, 255))), MASK)


def test_masks_in_lossy_files_forgive_noise():
    blocks = np.zeros((32, 64), np.uint8)
    blocks[8:24, 16:40] = 255
    found = images.read_mask(saved(Image.fromarray(blocks), "JPEG", quality=60))
    assert (found != (blocks > 0)).mean() < 0.02


def test_masks_of_another_size_are_refused():
    with pytest.raises(ImageError, match="36 x 20 pixels, its picture 20 x 36") as caught:
        images.read_mask(saved(Image.fromarray(MASK)), (20, 36))
    assert caught.value.kind == "damaged"


def test_masks_of_floats_are_refused():
    with pytest.raises(ImageError, match="bool or integers"):
        images.read_mask(np.zeros((4, 4), np.float32))
