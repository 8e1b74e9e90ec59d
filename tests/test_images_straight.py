"""JPEGs decoded past Pillow: the pixels that Pillow gives, whatever has befallen the file."""

import io
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from crackscope import images
from crackscope.errors import ImageError
from crackscope.surfaces import generate

KINDS = {
    "usual": {},
    "full colour": {"subsampling": 0},
    "half colour": {"subsampling": 1},
    "coarse": {"quality": 15},
    "grey": {"mode": "L"},
    "untransformed": {"keep_rgb": True},
    "restarts": {"restart_marker_blocks": 3},
    "progressive": {"progressive": True},
    "progressive restarts": {"progressive": True, "restart_marker_blocks": 5},
    "cmyk": {"mode": "CMYK"},
}


@cache
def coded(kind, height=61, width=83, turn=None):
    options = dict(KINDS[kind])
    file = io.BytesIO()
    surface = generate(3, (83, 61)).pixels[:height, :width]
    if turn is not None:
        exif = Image.Exif()
        exif[274] = turn
        options["exif"] = exif.tobytes()
    Image.fromarray(surface).convert(options.pop("mode", "RGB")).save(file, "JPEG", **options)
    return file.getvalue()


def by_pillow(data):
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 9), (16, 48), (61, 83)])
@pytest.mark.parametrize("turn", range(1, 9))
def test_the_pixels_are_those_of_pillow(kind, height, width, turn):
    data = coded(kind, height, width, turn)
    pixels = images.read(data).pixels
    assert np.array_equal(pixels, by_pillow(data))
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    assert pixels.flags.writeable


def test_real_patches_have_the_pixels_of_pillow(shared):
    for path in sorted((shared / "data" / "metu" / "Positive").iterdir())[:40]:
        assert np.array_equal(images.read(path).pixels, by_pillow(path.read_bytes()))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=120)
@given(
    places=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=3),
    lost=st.tuples(st.floats(0, 1), st.integers(0, 40)),
)
def test_a_spoilt_file_is_read_as_a_mask_is_or_refused_as_that(kind, places, lost):
    """Masks are decoded by Pillow, and what is wrong with a file is looked for in what it gives; thumbnails are decoded
    past it, too, at an eighth of the size."""
    data = bytearray(coded(kind))
    for share, value in places:
        data[int(share * (len(data) - 1))] = value
    at = int(lost[0] * len(data))
    spoilt = bytes(data[:at] + data[at + lost[1] :])
    try:
        mask = images.read_mask(spoilt)
    except ImageError as error:
        for call in (images.read, lambda data: images.read_thumbnail(data, 3)):
            with pytest.raises(ImageError) as caught:
                call(spoilt)
            assert (caught.value.kind, str(caught.value)) == (error.kind, str(error))  # noqa: PT017 - all ways raise
    else:
        pixels = images.read(spoilt).pixels
        assert np.array_equal((pixels >= 128).any(axis=2), mask)
        images.read_thumbnail(spoilt, 3)


@pytest.mark.parametrize("sides", [b"\xff\xff\xff\xff", b"\0\x01\0\x01"])
def test_a_second_frame_header_of_another_size_is_refused(sides):
    """The limits are held against the first."""
    data = coded("usual")
    start = data.index(b"\xff\xc0")
    end = start + 2 + int.from_bytes(data[start + 2 : start + 4], "big")
    frame = data[start : start + 5] + sides + data[start + 9 : end]
    for spoilt in (data[:start] + frame + data[start:], data[:end] + frame + data[end:]):
        with pytest.raises(ImageError) as caught:
            images.read(spoilt)
        assert caught.value.kind == "damaged"
