"""JPEGs of legal, odd kinds: read, with the pixels that Pillow gives, and the thumbnails that its drafts give."""

import io
import re
import struct
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from crackscope import images
from crackscope.surfaces import generate

RARE = {path.stem: path.read_bytes() for path in sorted((Path(__file__).parent / "jpeg").glob("*.jpg"))}
WIDTH, HEIGHT = 208, 160
"""Multiples of the largest group of blocks at an eighth, where a draft covers the picture to its last pixel."""
KINDS = {
    "usual": {},
    "grey": {"mode": "L"},
    "cmyk": {"mode": "CMYK"},
    "untransformed": {"keep_rgb": True},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_blocks": 3},
    "progressive restarts": {"progressive": True, "restart_marker_blocks": 7},
}


@cache
def surface():
    return generate(7, (WIDTH, HEIGHT)).pixels


@cache
def jpeg(kind, **more):
    options = KINDS[kind] | more
    file = io.BytesIO()
    Image.fromarray(surface()).convert(options.pop("mode", "RGB")).save(file, "JPEG", **options)
    return file.getvalue()


def is_whole(data, pixels=None):
    """pixels: those that it must have, where Pillow does not say."""
    if pixels is None:
        with Image.open(io.BytesIO(data)) as image:
            pixels = np.asarray(image.convert("RGB"))
    assert np.array_equal(images.read(data).pixels, pixels)
    assert np.array_equal(images.read_mask(data), (pixels >= 128).any(axis=2))
    assert images.read_thumbnail(data, 5).shape == (5, 5)


def has_thumbnails_of_drafts(data):
    for side in (1, 10, 20, 40, 100):
        with Image.open(io.BytesIO(data)) as image:
            image.draft("L", (2 * side, 2 * side))
            assert np.array_equal(images.read_thumbnail(data, side), images.read_thumbnail(image, side))


@pytest.mark.parametrize("name", RARE)
def test_kinds_that_hardly_any_program_writes(name):
    is_whole(RARE[name])


@pytest.mark.parametrize("kind", ["usual", "grey", "progressive", "cmyk"])
@pytest.mark.parametrize("every", [1, 2, 5, 13, 100])
def test_restart_markers_every_so_many_blocks(kind, every):
    is_whole(jpeg(kind, restart_marker_blocks=every))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sampling", [0, 1, 2])
def test_thumbnails_are_those_of_drafts(kind, sampling):
    data = jpeg(kind, **({} if kind in ("grey", "cmyk", "untransformed") else {"subsampling": sampling}))
    is_whole(data)
    if not kind.startswith(("progressive", "cmyk")):
        has_thumbnails_of_drafts(data)


def markers(data, codes):
    """Where markers of these codes stand; these pictures have no such bytes within a part."""
    return [found.start() for found in re.finditer(b"\xff[" + codes + b"]", data)]


def inserted(data, places, more):
    for place in sorted(places, reverse=True):
        data = data[:place] + more + data[place:]
    return data


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15)
@given(code=st.sampled_from([*range(0xE1, 0xED), 0xEF, 0xFE]), length=st.one_of(st.integers(2, 40), st.just(65_535)))
def test_parts_for_programs_and_people_of_any_length(kind, code, length):
    """Before the frame, the tables and the scans, those of later passes too."""
    data = jpeg(kind)
    text = (b"\xff\xd9\xff\xda\0\0" + b"any text" * (length // 8))[: length - 2]
    part = bytes((0xFF, code)) + struct.pack(">H", length) + text.ljust(length - 2)
    is_whole(inserted(data, markers(data, rb"\xc0\xc2\xc4\xda"), part))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 2, 30])
def test_fill_bytes_before_every_marker(kind, count):
    """T.81, B.1.1.2."""
    data = jpeg(kind)
    places = markers(data, rb"\xc0-\xfe")
    assert places[0] == 0
    is_whole(inserted(data, places[1:], b"\xff" * count), images.read(data).pixels)


@pytest.mark.parametrize("kind", KINDS)
def test_anything_behind_the_end(kind):
    data = jpeg(kind)
    film = b"\0\0\0\x18ftypmp42" + np.random.default_rng(3).bytes(1000)
    for tail in (
        b"\0",
        bytes(5000),
        b"\xff\xd9",
        b"\xff" * 50,
        film,
        data,
        jpeg("progressive"),
        jpeg("restarts")[:900],
    ):
        is_whole(data + tail)


@pytest.mark.parametrize("kind", ["usual", "grey", "cmyk", "restarts"])
def test_a_film_behind_the_end(kind):
    """In compressed bytes each pair is found once in 64 KiB; here are more that look like scans than are decoded."""
    film = np.random.default_rng(3).bytes(100) + b"\xff\xda\0\x0c\3\1\0\2" * 100
    is_whole(jpeg(kind) + film)


def test_a_phones_pictures_in_one_file():
    file = io.BytesIO()
    exif = Image.Exif()
    exif[271] = "a phone"
    first, second = Image.fromarray(surface()), Image.fromarray(surface()[::2, ::2].copy())
    first.save(file, "MPO", save_all=True, append_images=[second], exif=exif)
    is_whole(file.getvalue())
    has_thumbnails_of_drafts(file.getvalue())


@pytest.mark.parametrize("kind", ["usual", "progressive", "restarts"])
@pytest.mark.parametrize("within", ["usual", "progressive", "restarts"])
def test_a_preview_in_the_exif_block(kind, within):
    preview = jpeg(within)
    block = b"Exif\0\0II*\0\x08\0\0\0\0\0" + struct.pack("<L", 14) + struct.pack("<HHHLL", 2, 0x201, 4, 1, 44)
    block += struct.pack("<HHLLL", 0x202, 4, 1, len(preview), 0) + preview
    data = jpeg(kind)
    is_whole(data[:2] + b"\xff\xe1" + struct.pack(">H", 2 + len(block)) + block + data[2:])


@pytest.mark.parametrize(
    "options",
    [
        [],
        [cv2.IMWRITE_JPEG_PROGRESSIVE, 1],
        [cv2.IMWRITE_JPEG_OPTIMIZE, 1, cv2.IMWRITE_JPEG_RST_INTERVAL, 4],
        [cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_RST_INTERVAL, 9],
        *([cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor] for factor in (0x411111, 0x221111, 0x211111, 0x121111, 0x111111)),
        [cv2.IMWRITE_JPEG_QUALITY, 3],
        [cv2.IMWRITE_JPEG_QUALITY, 100],
    ],
)
def test_as_opencv_writes(options):
    for pixels in (surface(), surface()[:, :, 0], surface()[:37, :29]):
        data = cv2.imencode(".jpg", pixels, options)[1].tobytes()
        is_whole(data)
        if cv2.IMWRITE_JPEG_PROGRESSIVE not in options and pixels.shape[0] == HEIGHT:
            has_thumbnails_of_drafts(data)


@pytest.mark.parametrize("sampling", ["444", "422", "420", "440", "411", "Gray"])
@pytest.mark.parametrize("fast", [False, True])
def test_as_turbojpeg_writes(sampling, fast):
    for pixels in (surface(), np.ascontiguousarray(surface()[:37, :29])):
        data = simplejpeg.encode_jpeg(pixels, 85, "RGB", sampling, fastdct=fast)
        is_whole(data)
        if pixels.shape[0] == HEIGHT:
            has_thumbnails_of_drafts(data)
