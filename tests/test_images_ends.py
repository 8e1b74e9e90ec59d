"""Data that end before the picture does, under a proper end marker and with right checksums, are seen as truncated."""

import contextlib
import io
import struct
import zlib
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from crackscope import images
from crackscope.errors import ImageError
from crackscope.surfaces import generate
from tests.small_pictures import spoilt_in_the_middle

SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEGS = {
    "usual": {},
    "full colour": {"subsampling": 0},
    "coarse": {"quality": 20},
    "grey": {"mode": "L"},
    "cmyk": {"mode": "CMYK"},
    "untransformed": {"keep_rgb": True},
    "restarts": {"restart_marker_blocks": 3},
    "restart a row": {"restart_marker_rows": 1},
    "progressive": {"progressive": True},
    "progressive grey": {"progressive": True, "mode": "L"},
    "progressive restarts": {"progressive": True, "restart_marker_rows": 1},
}
LAST_BLOCKS_PX = 16 * 16 * 3
"""Where the last blocks alone are lost, to a few pixels, nothing is left to see it by."""


def jpeg(pixels, mode="RGB", **options):
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, "JPEG", **options)
    return file.getvalue()


@cache
def wall(kind):
    data = jpeg(generate(5, (150, 203)).pixels, **JPEGS[kind])
    return data, images.read(data).pixels


@pytest.mark.parametrize("kind", JPEGS)
@settings(max_examples=25)
@given(share=st.floats(0, 1))
def test_a_jpeg_that_breaks_off_before_its_end_marker(kind, share):
    data, whole = wall(kind)
    begin = data.index(b"\xff\xda") + 14
    part = data[: begin + int(share * (len(data) - 2 - begin))].rstrip(b"\xff")
    with contextlib.suppress(ImageError):
        found = images.read(part + b"\xff\xd9").pixels
        assert (found != whole).any(axis=2).sum() <= LAST_BLOCKS_PX
        assert share > 0.9


@pytest.mark.parametrize(("kind", "side"), [("usual", 16), ("coarse", 16), ("full colour", 8), ("cmyk", 8)])
def test_a_jpeg_that_lacks_its_last_block_alone(kind, side):
    """A decoder makes one of what it has, grey or not; it is of as many blocks as its header says less one."""
    for seed in range(20):
        data = bytearray(jpeg(generate(seed, (160, 16)).pixels[:side], **JPEGS[kind]))
        images.read(bytes(data))
        at = data.index(b"\xff\xc0")
        data[at + 7 : at + 9] = struct.pack(">H", 160 + side)
        with pytest.raises(ImageError, match="breaks off") as caught:
            images.read(bytes(data))
        assert caught.value.kind == "truncated"


@pytest.mark.parametrize("kind", ["usual", "grey", "progressive"])
def test_a_thumbnail_of_a_jpeg_that_breaks_off(kind):
    data = jpeg(generate(5, (600, 800), kind="tile").pixels, **JPEGS[kind])
    images.read_thumbnail(data, 32)
    with pytest.raises(ImageError, match="breaks off") as caught:
        images.read_thumbnail(data[: len(data) // 2].rstrip(b"\xff") + b"\xff\xd9", 32)
    assert caught.value.kind == "truncated"


@pytest.mark.parametrize("kind", JPEGS)
@pytest.mark.parametrize("size", [(8, 8), (150, 203), (17, 33), (1, 1)])
def test_grey_pictures_are_whole(kind, size):
    flat = np.full((*size, 3), 128, np.uint8)
    patterned = generate(1, (64, 64)).pixels[: size[0], : size[1]].copy()
    patterned[-16:, -16:] = 128
    for pixels in (flat, patterned):
        data = jpeg(pixels, **JPEGS[kind])
        for tail in (b"", bytes(20), b"\xff\xd9" + b"more", data):
            images.read(data + tail)


def test_a_progressive_jpeg_without_its_last_passes():
    data, _ = wall("progressive")
    passes = [place for place in range(len(data)) if data[place : place + 2] == b"\xff\xda"]
    for place in passes[1:]:
        # The tables before a pass belong to it.
        end = data.rfind(b"\xff\xc4", 0, place)
        with pytest.raises(ImageError) as caught:
            images.read(data[:end] + b"\xff\xd9")
        assert caught.value.kind == "truncated"


def chunk(kind, data):
    return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))


PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def png(pixels, lost=0, interlaced=False, parts=1):
    """A PNG of uint8 [h, w, bands], grey or RGB, whose packed data lack the last `lost` bytes of its rows."""
    height, width, bands = pixels.shape
    places = PASSES if interlaced else [(0, 0, 1, 1)]
    views = [pixels[top::down, left::right] for left, top, right, down in places]
    rows = b"".join(b"\0" + row.tobytes() for view in views if view.size for row in view)
    packed = zlib.compress(rows[: len(rows) - lost])
    start = struct.pack(">LLBBBBB", width, height, 8, {1: 0, 3: 2}[bands], 0, 0, int(interlaced))
    cuts = np.linspace(0, len(packed), parts + 1).astype(int)
    bodies = [chunk(b"IDAT", packed[a:b]) for a, b in pairwise(cuts)]
    return SIGNATURE + chunk(b"IHDR", start) + b"".join(bodies) + chunk(b"IEND", b"")


@settings(max_examples=150)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    bands=st.sampled_from([1, 3]),
    value=st.sampled_from([0, 1, 200]),
    interlaced=st.booleans(),
    parts=st.integers(1, 4),
    lost=st.floats(0, 1),
)
def test_a_png_whose_data_end_early(height, width, bands, value, interlaced, parts, lost):
    pixels = np.full((height, width, bands), value, np.uint8)
    whole = images.read(png(pixels, 0, interlaced, parts)).pixels
    assert np.array_equal(whole, np.broadcast_to(pixels, (height, width, 3)))
    count = int(lost * height * width * bands)
    if count:
        for call in (images.read, images.read_mask):
            with pytest.raises(ImageError) as caught:
                call(png(pixels, count, interlaced, parts))
            assert caught.value.kind == "truncated"


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "I;16"])
def test_black_pngs_are_whole(mode):
    picture = Image.new("L" if mode == "I;16" else mode, (30, 20))
    if mode == "I;16":
        picture = Image.fromarray(np.zeros((20, 30), np.uint16))
    file = io.BytesIO()
    picture.save(file, "PNG")
    assert images.read(file.getvalue()).pixels.shape == (20, 30, 3)
    head, body = file.getvalue().split(b"IDAT", 1)
    rows = zlib.decompress(body[: struct.unpack(">L", head[-4:])[0]])
    short = head[:-4] + chunk(b"IDAT", zlib.compress(rows[: len(rows) // 2])) + chunk(b"IEND", b"")
    with pytest.raises(ImageError) as caught:
        images.read(short)
    assert caught.value.kind == "truncated"


ONE_SCAN = [kind for kind in JPEGS if "progressive" not in kind]


@pytest.mark.parametrize("kind", ONE_SCAN)
def test_a_jpeg_whose_picture_is_whole_long_before_its_end_marker(kind):
    data, whole = wall(kind)
    surplus = bytes(range(1, 65))
    with pytest.raises(ImageError, match="holds more than its size takes") as caught:
        images.read(data[:-2] + surplus + data[-2:])
    assert caught.value.kind == "damaged"
    with pytest.raises(ImageError, match="holds more"):
        images.read_thumbnail(data[:-2] + surplus + data[-2:], 8)
    for filling in (surplus[:4], bytes(64), b"\xff" * 64):
        for behind in (b"", surplus):
            assert (images.read(data[:-2] + filling + data[-2:] + behind).pixels == whole).all()


@pytest.mark.parametrize("kind", ["usual", "full colour", "grey"])
def test_of_jpegs_damaged_in_the_middle_most_are_refused(kind):
    data = jpeg(generate(5, (600, 800), kind="tile").pixels, **JPEGS[kind])
    refused = 0
    for seed in range(20):
        spoilt = spoilt_in_the_middle(data, seed)
        try:
            images.read(spoilt)
        except ImageError:
            refused += 1
    assert refused >= 12


def test_a_jpeg_that_lacks_a_part_between_restart_markers():
    data, _ = wall("restart a row")
    begin, end = (data.index(bytes((0xFF, 0xD0 + turn)), data.index(b"\xff\xda")) for turn in (3, 4))
    with pytest.raises(ImageError, match="parts of it are missing") as caught:
        images.read(data[:begin] + data[end:])
    assert caught.value.kind == "damaged"
