"""Damage in the coded data of JPEGs that leaves nothing missing at their end: refused where libjpeg warns of it."""

import io
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crackscope import images
from crackscope.errors import ImageError
from crackscope.surfaces import generate
from tests.small_pictures import spoilt_in_the_middle

RARE = Path(__file__).parent / "jpeg"
CALLS = (images.read, images.read_mask, lambda data: images.read_thumbnail(data, 8))
KINDS = {
    "usual": {},
    "restart a row": {"restart_marker_rows": 1},
    "grey restarts": {"mode": "L", "restart_marker_blocks": 5},
    "progressive": {"progressive": True},
    "progressive grey": {"mode": "L", "progressive": True},
    "progressive restarts": {"progressive": True, "restart_marker_rows": 1},
    "cmyk restarts": {"mode": "CMYK", "restart_marker_rows": 1},
}


@cache
def jpeg(kind, width=400, height=300):
    options = dict(KINDS[kind])
    file = io.BytesIO()
    surface = Image.fromarray(generate(5, (width, height)).pixels)
    surface.convert(options.pop("mode", "RGB")).save(file, "JPEG", **options)
    return file.getvalue()


def refused(data, kind="damaged", said="parts of it are spoilt"):
    for call in CALLS:
        with pytest.raises(ImageError, match=said) as caught:
            call(data)
        assert caught.value.kind == kind


def reads_as(data, whole):
    assert np.array_equal(images.read(data).pixels, images.read(whole).pixels)
    for call in CALLS[1:]:
        assert np.array_equal(call(data), call(whole))


def spans(data):
    """Where stretches of coded data begin and end: behind a scan's header or a restart marker, up to any marker."""
    found = []
    for marker in re.finditer(rb"\xff[\xd0-\xd7\xda]", data):
        begin = marker.end()
        if marker[0][1] == 0xDA:
            begin += int.from_bytes(data[begin : begin + 2], "big")
        found.append((begin, re.compile(rb"\xff[^\0]").search(data, begin).start()))
    return found


def with_bytes(data, at, more):
    return data[:at] + more + data[at:]


@pytest.mark.parametrize("kind", ["restart a row", "grey restarts", "progressive", "progressive grey"])
def test_of_jpegs_damaged_in_the_middle_most_are_refused(kind):
    data = jpeg(kind)
    count = 0
    for seed in range(20):
        spoilt = spoilt_in_the_middle(data, seed)
        outcomes = []
        for call in CALLS:
            try:
                call(spoilt)
                outcomes.append(None)
            except ImageError as error:
                outcomes.append((error.kind, str(error)))
        assert outcomes[0] == outcomes[1] == outcomes[2]
        count += outcomes[0] is not None
    assert count >= 16


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "restart" in kind])
def test_a_stretch_between_restart_markers_that_lacks_bytes(kind):
    data = jpeg(kind)
    begin, end = max(spans(data)[2:9], key=lambda span: span[1] - span[0])
    refused(data[: (begin + end) // 2].rstrip(b"\xff") + data[end:])


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "usual"])
def test_bytes_that_no_block_takes(kind):
    """A few are none of the picture's, as some cameras leave them; more are damage."""
    data = jpeg(kind)
    _, end = spans(data)[3]
    few, many = (bytes(range(1, 1 + count)) for count in (12, 40))
    reads_as(with_bytes(data, end, few), data)
    refused(with_bytes(data, end, many))


@pytest.mark.parametrize("kind", ["progressive", "progressive grey"])
def test_damage_behind_a_few_bytes_that_no_block_takes(kind):
    data = jpeg(kind)
    ends = [end for _, end in spans(data)]
    few = bytes(range(1, 13))
    harmless = with_bytes(with_bytes(data, ends[2], few), ends[0], few)
    reads_as(harmless, data)
    begin, end = max(spans(harmless)[3:-1], key=lambda span: span[1] - span[0])
    refused(harmless[: (begin + end) // 2].rstrip(b"\xff") + harmless[end:])
    refused(with_bytes(harmless, end, bytes(range(1, 41))))


@pytest.mark.parametrize("kind", ["restart a row", "grey restarts", "cmyk restarts"])
def test_damage_behind_a_few_bytes_before_a_restart_marker(kind):
    data = jpeg(kind)
    few = bytes(range(1, 13))
    _, first = spans(data)[0]
    harmless = with_bytes(data, first, few)
    for begin, end in spans(harmless)[1:-1]:
        if end - begin > 40:
            refused(harmless[: (begin + end) // 2].rstrip(b"\xff") + harmless[end:])
    for _, end in reversed(spans(data)[1:-1:3]):
        harmless = with_bytes(harmless, end + len(few), few)
    reads_as(harmless, data)


def test_restart_markers_of_several_passes_out_of_order():
    data = bytearray(jpeg("progressive restarts"))
    third = list(re.finditer(rb"\xff[\xd0-\xd7]", bytes(data)))[2].start()
    data[third + 1] = 0xD5
    refused(bytes(data))


def test_arithmetic_codes_that_are_none():
    data = (RARE / "arithmetic.jpg").read_bytes()
    begin = spans(data)[0][0]
    refused(data[: begin + 20] + b"\xfe\xaa\x55\x10" + data[begin + 24 :])


@pytest.mark.parametrize("kind", ["restart a row", "progressive"])
def test_what_is_odd_in_a_header_hides_no_damage(kind):
    data = jpeg(kind)
    begin, end = max(spans(data)[2:9], key=lambda span: span[1] - span[0])
    spoilt = data[: (begin + end) // 2].rstrip(b"\xff") + data[end:]
    odds = [unknown_revision, with_gap, unknown_transform, half_a_profile]
    for odd in [*odds, without_end] if kind == "restart a row" else odds:
        reads_as(odd(data), data)
        refused(odd(spoilt))


def unknown_revision(data):
    assert data[6:12] == b"JFIF\0\1"
    return data[:11] + b"\x09" + data[12:]


def with_gap(data):
    at = data.index(b"\xff\xc4")
    return with_bytes(data, at, bytes(range(1, 51)))


def unknown_transform(data):
    return with_bytes(data, 2, b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\x09")


def half_a_profile(data):
    return with_bytes(data, 2, b"\xff\xe2\0\x18ICC_PROFILE\0\2\3" + b"p" * 8)


def without_end(data):
    """One pass whose decoder finds enough behind it."""
    return data.removesuffix(b"\xff\xd9") + b"trailer, of no picture"


def test_what_was_refused_before_keeps_its_reason():
    data = jpeg("restart a row")
    at = len(data) // 2
    refused(data[:at].rstrip(b"\xff"), "truncated", "ends before the picture does")
    refused(data[:at].rstrip(b"\xff") + b"\xff\xd9", "truncated", "breaks off before its end")
    begin, end = (data.index(bytes((0xFF, 0xD0 + turn)), data.index(b"\xff\xda")) for turn in (3, 4))
    refused(data[:begin] + data[end:], "damaged", "parts of it are missing or swapped")
    refused(with_bytes(data, len(data) - 2, bytes(range(1, 65))), "damaged", "holds more than its size takes")
    passes = jpeg("progressive")
    refused(passes[: passes.rindex(b"\xff\xc4")] + b"\xff\xd9", "truncated", "breaks off before its end")
