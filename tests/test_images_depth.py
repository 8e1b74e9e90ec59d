"""How many of 16 bits a picture uses is told by its largest value and by what its file declares."""

import io
import itertools
import json
import struct

import numpy as np
import pytest
from PIL import Image

from crackscope import images
from crackscope.cli import main
from tests.small_bundle import write_small_bundle
from tests.small_pictures import (
    DEEP,
    GREY,
    HEIGHT,
    RNG,
    WIDTH,
    as_tiff,
    grey_to_rgb,
    in_order,
    over_white,
    png_by_hand,
    saved,
)

PART = DEEP >> 4
PART[0, 0] = 4095


@pytest.mark.parametrize(
    "source",
    [
        PART,
        Image.fromarray(PART),
        saved(Image.fromarray(PART), "PNG"),
        saved(Image.fromarray(PART), "TIFF"),
        as_tiff(PART, byteorder=">", compression="zlib"),
        as_tiff(PART, extratags=[(281, "H", 1, 4000, False)]),
        as_tiff(PART, extratags=[(281, "H", 1, 1, False)]),
        as_tiff(4095 - PART, photometric="miniswhite", extratags=[(281, "H", 1, 4095, False)]),
        png_by_hand(0, 16, in_order(PART), significant=b"\x0a"),
    ],
)
def test_grey_of_12_bits_in_16_is_read_as_12(source):
    picture = images.read(source)
    assert np.array_equal(picture.pixels, grey_to_rgb(np.round(PART / (4095 / 255))))
    assert picture.bits == 12
    assert np.array_equal(images.read_mask(source), PART != 0)


@pytest.mark.parametrize(("largest", "bits"), [(511, 0), (512, 10), (2047, 11), (2048, 12), (16_383, 14), (16_384, 0)])
def test_how_many_bits_are_used_follows_from_the_largest_value(largest, bits):
    deep = np.zeros((HEIGHT, WIDTH), np.uint16)
    deep[3, 4] = largest
    white = 2**bits - 1 if bits else 65_535
    colour = np.dstack([deep] * 3)
    alpha = np.dstack([colour, np.full_like(deep, 65_535)])
    files = saved(Image.fromarray(deep), "PNG"), as_tiff(colour, photometric="rgb")
    for source in (deep, colour, alpha, *files):
        picture = images.read(source)
        assert picture.bits == bits
        assert abs(int(picture.pixels[3, 4, 0]) - largest * 255 / white) <= 1
        assert np.count_nonzero(picture.pixels) in (0, 3)


@pytest.mark.parametrize(("declared", "bits"), [(255, 8), (1023, 10), (16_383, 14), (65_535, 0)])
def test_a_file_may_declare_more_bits_than_it_uses(declared, bits):
    deep = GREY.astype(np.uint16)
    said = declared.bit_length()
    sources = [as_tiff(deep, extratags=[(tag, "H", 1, declared, False)]) for tag in (281, 341)]
    sources += [png_by_hand(0, 16, in_order(deep), significant=bytes([said]))]
    sources += [png_by_hand(2, 16, in_order(np.dstack([deep] * 3)), significant=bytes([said] * 3))]
    for source in sources:
        picture = images.read(source)
        assert picture.bits == bits
        assert np.abs(picture.pixels - grey_to_rgb(deep) * (255 / declared)).max() <= (0.5 if bits else 1)


def test_the_transparent_value_says_nothing_of_bits():
    deep = PART.copy()
    deep[:3] = 65_535
    picture = images.read(png_by_hand(0, 16, in_order(deep), struct.pack(">H", 65_535)))
    assert picture.bits == 12
    assert (picture.pixels[:3] == 255).all()


def test_colour_of_12_bits_in_16_is_read_as_12_from_files_as_from_arrays():
    deep = RNG.integers(0, 4096, (HEIGHT, WIDTH, 3), np.uint16)
    clear = np.dstack([deep, PART])
    for pixels, kind in ((deep, 2), (clear, 6)):
        expected = images.read(pixels).pixels
        extra = {"extrasamples": ["unassalpha"]} if kind == 6 else {}
        files = [png_by_hand(kind, 16, in_order(pixels))]
        for order, packing, tile in itertools.product("<>", (None, "zlib"), (None, (16, 16))):
            options = {"byteorder": order, "compression": packing, "tile": tile, "predictor": packing is not None}
            files.append(as_tiff(pixels, photometric="rgb", **options, **extra))
        for data in files:
            assert np.array_equal(images.read(data).pixels, expected)
            assert images.read(data).bits == 12
    assert np.array_equal(images.read(deep).pixels, np.round(deep / (4095 / 255)))
    assert np.abs(images.read(clear).pixels - over_white(deep / (4095 / 255), PART / (4095 / 255))).max() <= 2


def test_alpha_may_fill_all_bits_where_the_colours_do_not():
    alpha = np.full_like(PART, 32_768)
    alpha[0] = 65_535
    clear = np.dstack([PART, PART, PART, alpha])
    file = png_by_hand(6, 16, in_order(clear), significant=bytes([12, 12, 12, 16]))
    for source in (clear, file):
        picture = images.read(source)
        assert picture.bits == 12
        expected = over_white(grey_to_rgb(np.round(PART / (4095 / 255))), alpha / 257)
        assert np.abs(picture.pixels - expected).max() <= 1


def test_what_no_rule_fits_is_read_at_all_16_bits():
    """Where 0 is white, or colours were multiplied by alpha, the largest value says nothing of the bits."""
    colours = np.dstack([PART, PART, PART, np.full_like(PART, 65_535)])
    for data, expected in (
        (as_tiff(PART, photometric="miniswhite"), 255 - PART / 257),
        (as_tiff(colours, photometric="rgb", extrasamples=["assocalpha"]), PART / 257),
    ):
        picture = images.read(data)
        assert picture.bits == 0
        assert np.abs(picture.pixels[:, :, 0] - expected).max() <= 0.5


def test_a_picture_that_pillow_opened_tells_what_its_file_declares():
    with Image.open(io.BytesIO(as_tiff(PART, extratags=[(281, "H", 1, 16_383, False)]))) as image:
        assert images.read(image).bits == 14


def test_commands_reports_and_tables_say_as_how_many_bits_a_photo_was_read(tmp_path, capsys):
    bundle = str(write_small_bundle(tmp_path / "bundle").path)
    deep = RNG.integers(1400, 2600, (300, 400), np.uint16)
    photo, plain, out = tmp_path / "scan.tif", tmp_path / "plain.tif", tmp_path / "report"
    photo.write_bytes(as_tiff(deep))
    plain.write_bytes(as_tiff(deep << 4))
    said = "only the lowest 12 of its 16 bits are used, so read as 12"
    for call in ("predict", "inspect"):
        extra = ["-o", str(out)] if call == "inspect" else []
        assert main([call, str(photo), str(plain), "--bundle", bundle, *extra]) == 0
        told = " ".join(capsys.readouterr().out.split())
        assert told.count(said) == 1, call
    assert main(["predict", str(photo), str(plain), "--bundle", bundle, "--jsonl"]) == 0
    assert [json.loads(line)["bits"] for line in capsys.readouterr().out.splitlines()] == [12, 0]
    assert sorted(json.loads(line)["bits"] for line in (out / "findings.jsonl").read_text().splitlines()) == [0, 12]
    assert (out / "index.html").read_text().count(said) == 1
