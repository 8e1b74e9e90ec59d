"""Files that are cut, spoilt or meant to hurt: an ImageError of the right kind, and never a half picture."""

import contextlib
import importlib.util
import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from crackscope import images
from crackscope.errors import BundleError, ImageError
from crackscope.records import Failure, Unread

PROOFS = Path(__file__).resolve().parents[1] / "proofs"


def load_seeds() -> dict[str, bytes]:
    spec = importlib.util.spec_from_file_location("picture_seeds", PROOFS / "picture_seeds.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.make_seeds()


SEEDS = load_seeds()
WHOLE = {name: images.read(data).pixels for name, data in SEEDS.items()}


@pytest.mark.parametrize("name", sorted(SEEDS))
def test_a_file_cut_anywhere_is_whole_or_refused(name):
    data = SEEDS[name]
    kinds = set()
    for end in [*range(1, len(data), max(1, len(data) // 40)), len(data) - 1, len(data) - 2]:
        try:
            assert np.array_equal(images.read(data[:end]).pixels, WHOLE[name]), end
        except ImageError as error:
            kinds.add(error.kind)
    # A TIFF keeps its directory at its end: cut off, what is left of it may look wrong rather than short.
    assert "truncated" in kinds
    assert kinds <= {"truncated", "damaged", "not-a-picture"}


@pytest.mark.parametrize("name", [name for name in SEEDS if name.startswith(("jpeg", "png", "webp"))])
def test_a_copy_that_stopped_and_left_zeros(name):
    data = SEEDS[name]
    cut = len(data) // 2
    if name == "jpeg-mpo":
        assert np.array_equal(images.read(data[:cut] + bytes(len(data) - cut)).pixels, WHOLE[name])
        return
    with pytest.raises(ImageError) as caught:
        images.read(data[:cut] + bytes(len(data) - cut))
    assert caught.value.kind in {"truncated", "damaged"}


def test_truncation_is_seen_even_where_pillow_is_told_not_to(monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    for name in ("jpeg-rgb", "png-rgb", "webp-lossy", "jpeg-progressive"):
        with pytest.raises(ImageError) as caught:
            images.read(SEEDS[name][: len(SEEDS[name]) * 2 // 3])
        assert caught.value.kind == "truncated"


def test_a_wrong_checksum_is_seen():
    data = bytearray(SEEDS["png-rgb"])
    data[data.index(b"IDAT") + 40] ^= 1
    with pytest.raises(ImageError, match="checksum of its IDAT") as caught:
        images.read(bytes(data))
    assert caught.value.kind == "damaged"


@settings(max_examples=300)
@given(
    name=st.sampled_from(sorted(SEEDS)),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_spoilt_bytes_give_a_picture_or_an_image_error(name, changes):
    data = bytearray(SEEDS[name])
    for place, value in changes:
        data[int(place**2 * len(data))] = value
    limits = images.Limits(max_pixels=1_000_000)
    for call in (images.read, images.read_header, lambda given, most: images.read_mask(given, None, most)):
        with contextlib.suppress(ImageError):
            call(bytes(data), limits)


@settings(max_examples=100)
@given(
    st.binary(max_size=300), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*", b"BM"])
)
def test_noise_is_refused(noise, start):
    with pytest.raises(ImageError):
        images.read(start + noise)


def bomb(kind: str, side: int) -> bytes:
    if kind == "PNG":
        head = b"IHDR" + struct.pack(">LLBBBBB", side, side, 8, 2, 0, 0, 0)
        body = b"IDAT" + zlib.compress(bytes(1000))
        chunks = [struct.pack(">L", len(c) - 4) + c + struct.pack(">L", zlib.crc32(c)) for c in (head, body, b"IEND")]
        return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
    data = bytearray(SEEDS[{"JPEG": "jpeg-rgb", "BMP": "bmp-rgb", "WEBP": "webp-alpha-exif"}[kind]])
    if kind == "JPEG":
        at = data.index(b"\xff\xc0")
        data[at + 5 : at + 9] = struct.pack(">HH", side, side)
    elif kind == "BMP":
        data[18:26] = struct.pack("<LL", side, side)
    else:
        data[24:30] = struct.pack("<L", side - 1)[:3] * 2
    return bytes(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "WEBP"])
def test_bombs_are_refused_from_the_header(kind):
    for call in (images.read, images.read_header, images.read_mask, lambda given: images.read_thumbnail(given, 8)):
        with pytest.raises(ImageError, match="over the limit") as caught:
            call(bomb(kind, 50_000))
        assert caught.value.kind == "too-large"


@pytest.mark.parametrize(
    ("kind", "side", "said"),
    [
        ("JPEG", 65_535, "bytes cannot hold so many: it is damaged most likely"),
        ("PNG", 20_000, "bytes cannot hold so many: it is damaged most likely"),
        ("PNG", 100_000, "over the limit of 65500 a side, but its"),
        ("BMP", 40_000, "no camera gives so many: it is damaged most likely"),
        ("BMP", 20_000, "give it whole to `crackscope inspect` with --most-megapixels 400"),
    ],
)
def test_what_hardly_is_as_large_as_it_says_is_called_damaged_instead_of_advised(kind, side, said):
    with pytest.raises(ImageError, match="over the limit") as caught:
        images.read(bomb(kind, side))
    assert said in str(caught.value)
    assert ("--most-megapixels" in str(caught.value)) == ("--most-megapixels" in said)


def test_limits_are_those_that_are_given(tmp_path):
    data = SEEDS["png-rgb"]
    path = tmp_path / "wall.png"
    path.write_bytes(data)
    for source in (data, path, io.BytesIO(data), WHOLE["png-rgb"], Image.open(path)):
        images.read(source, images.Limits(max_pixels=37 * 29, max_side=37))
        for limits in (images.Limits(max_pixels=37 * 29 - 1), images.Limits(max_side=36)):
            for call in (images.read, images.read_header):
                with pytest.raises(ImageError, match="over the limit") as caught:
                    call(source, limits)
                assert caught.value.kind == "too-large"
                assert "Limits" not in str(caught.value)
    for source in (data, path, io.BytesIO(data)):
        with pytest.raises(ImageError, match=r"larger than the limit.*which no option raises; save it smaller"):
            images.read(source, images.Limits(max_bytes=len(data) - 1))
        images.read(source, images.Limits(max_bytes=len(data)))
    assert images.DEFAULT_LIMITS.max_pixels >= 120_000_000


@pytest.mark.parametrize(("scans", "refused"), [(63, False), (64, False), (65, True), (110, True)])
def test_more_than_64_scans_are_refused(scans, refused):
    data = SEEDS["jpeg-progressive"]
    last = data[data.rindex(b"\xff\xda") : -2]
    data = data[:-2] + last * (scans - data.count(b"\xff\xda")) + b"\xff\xd9"
    if refused:
        with pytest.raises(ImageError, match="more than 64 scans"):
            images.read(data)
    else:
        assert images.read(data).pixels.shape == WHOLE["jpeg-progressive"].shape


def test_packed_bmp_that_would_take_minutes_is_refused():
    data = bytearray(SEEDS["bmp-run-lengths"])
    data[18:26] = struct.pack("<LL", 10_000, 10_000)
    with pytest.raises(ImageError, match="run lengths") as caught:
        images.read(bytes(data))
    assert caught.value.kind == "too-large"


def test_the_proof_runs():
    command = [sys.executable, str(PROOFS / "mutated_pictures.py"), "--count", "150", "--seed", "11"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "other exceptions, warnings, hangs and crashes: 0" in done.stdout


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (ImageError("truncated", "a.png: it ends before"), "truncated", "a.png: it ends before"),
        (MemoryError(), "too-large", "too little memory for it to be scored"),
        (BundleError("b gives no number"), "damaged", "could not be scored: b gives no number"),
        (ZeroDivisionError("by 0"), "damaged", "could not be scored: ZeroDivisionError: by 0"),
    ],
)
def test_one_bad_picture_becomes_a_record(error: Exception, kind: str, said: str) -> None:
    def step() -> None:
        raise error

    unread = images.or_unread("a.png", "scored", step)
    assert unread == Unread(path="a.png", error=Failure(kind=kind, message=said))


def test_what_ends_the_work_is_no_bad_picture() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        images.or_unread("a.png", "scored", interrupted)
    assert images.or_unread("a.png", "scored", lambda: 3) == 3
