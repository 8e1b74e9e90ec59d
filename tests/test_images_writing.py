"""Writing and resizing."""

import io
import os
import stat
import subprocess
import sys

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from crackscope import images
from crackscope.errors import OutputError

RNG = np.random.default_rng(2)
RGB = RNG.integers(0, 256, (21, 34, 3), np.uint8)
SMOOTH = np.repeat(np.linspace(20, 220, 60, dtype=np.uint8)[None, :, None], 40, axis=0).repeat(3, axis=2)


@pytest.mark.parametrize("pixels", [RGB, RGB[:, :, 1], RGB[::-1, ::2]])
def test_png_is_exact(tmp_path, pixels):
    images.write_png(pixels, tmp_path / "a.png")
    expected = pixels if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, axis=2)
    assert np.array_equal(images.read(tmp_path / "a.png").pixels, expected)
    assert images.encode_png(pixels) == (tmp_path / "a.png").read_bytes()


def test_effort_goes_into_masks_and_not_into_grain():
    """The two bits of a zlib stream's second byte say how hard its writer tried (RFC 1950): 1 fast, 2 as usual."""

    def effort(pixels):
        written = images.encode_png(pixels)
        return written[written.index(b"IDAT") + 5] >> 6

    assert effort(RGB) == 1
    assert effort(RGB[:, :, 1]) == effort(np.dstack([RGB, RGB[:, :, 1]])) == 2


def test_jpeg_is_close(tmp_path):
    images.write_jpeg(SMOOTH, str(tmp_path / "a.jpg"), quality=95)
    assert np.abs(images.read(tmp_path / "a.jpg").pixels.astype(int) - SMOOTH).max() <= 4
    assert len(images.encode_jpeg(RGB, 30)) < len(images.encode_jpeg(RGB, 95))


@pytest.mark.parametrize("size", [(2400, 1801), (4500, 950), (130, 40_000)])
def test_a_large_jpeg_is_encoded_in_bands_to_the_same_pixels(tmp_path, size):
    """Those that Pillow writes at once; more bands than there are restart markers are among them."""
    grain = RNG.integers(0, 256, (size[0], size[1] // 8 + 1), np.uint8).repeat(8, 1)[:, : size[1], None]
    pixels = np.concatenate([grain, 255 - grain, np.roll(grain, 3, 1)], 2)
    at_once = io.BytesIO()
    Image.fromarray(pixels).save(at_once, "JPEG", quality=90)
    images.write_jpeg(pixels, tmp_path / "a.jpg", 90)
    written = (tmp_path / "a.jpg").read_bytes()
    assert written == images.encode_jpeg(pixels, 90)
    assert b"\xff\xd0" in written
    assert np.array_equal(np.asarray(Image.open(tmp_path / "a.jpg")), np.asarray(Image.open(at_once)))
    assert np.array_equal(images.read(tmp_path / "a.jpg").pixels, images.read(at_once.getvalue()).pixels)
    assert abs(len(written) - len(at_once.getvalue())) < 0.01 * len(written)


def test_files_are_replaced_whole_and_nothing_is_left(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    images.write_png(RGB, path)
    assert os.listdir(tmp_path) == ["a.png"]
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


def test_what_cannot_be_written_is_said(tmp_path):
    (tmp_path / "taken.png").mkdir()
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "a.png", tmp_path / "taken.png", tmp_path / ("n" * 300 + ".png"), "nul\0.png"):
        with pytest.raises(OutputError, match="cannot write"):
            images.write_png(RGB, path)
    assert sorted(os.listdir(tmp_path)) == ["file", "taken.png"]


def test_a_full_disk_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    code = (
        "import resource, signal, sys, numpy as np\n"
        "from crackscope import images\n"
        "from crackscope.errors import OutputError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "pixels = np.random.default_rng(1).integers(0, 256, (50, 50, 3), np.uint8)\n"
        "try: images.write_png(pixels, sys.argv[1])\n"
        "except OutputError: sys.exit(7)\n"
    )
    assert subprocess.run([sys.executable, "-B", "-c", code, str(path)], check=False).returncode == 7
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.png"]


@pytest.mark.parametrize("pixels", [RGB.astype(np.float32), RGB[:, :, :2], RGB[0, 0], RGB[:0], np.zeros((2, 2), bool)])
def test_only_pictures_are_written(pixels):
    for encode in (images.encode_png, images.encode_jpeg):
        with pytest.raises(ValueError, match="wanted uint8"):
            encode(pixels)


def test_jpeg_has_bounds():
    with pytest.raises(ValueError, match="quality"):
        images.encode_jpeg(RGB, 0)
    with pytest.raises(ValueError, match="write a PNG"):
        images.encode_jpeg(np.zeros((1, 65_501), np.uint8))


@settings(max_examples=60)
@given(st.integers(1, 50), st.integers(1, 50), st.sampled_from([(20, 30), (20, 30, 3), (20, 30, 1)]))
def test_resize_gives_the_size_and_keeps_one_colour(width, height, shape):
    resized = images.resize(np.full(shape, 77, np.uint8), width, height)
    assert resized.shape == (height, width, *shape[2:])
    assert resized.dtype == np.uint8
    assert (resized == 77).all()


def test_resize_averages_areas_and_draws_lines():
    assert np.array_equal(images.resize(RGB[:20, :30], 10, 10), cv2.resize(RGB[:20, :30], (10, 10), interpolation=3))
    assert np.array_equal(images.resize(RGB, 68, 42), cv2.resize(RGB, (68, 42), interpolation=cv2.INTER_LINEAR))
    stripes = np.tile(np.array([0, 255], np.uint8), (4, 20))
    mixed = images.resize(stripes, 20, 8)
    assert ((mixed == 127) | (mixed == 128)).all()


def test_resize_to_the_same_size_is_a_copy():
    same = images.resize(RGB, 34, 21)
    assert np.array_equal(same, RGB)
    assert not np.shares_memory(same, RGB)


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 80))
def test_shrunk_keeps_the_shape_and_enlarges_nothing(width, height, longest):
    pixels = np.full((height, width, 3), 9, np.uint8)
    small = images.shrunk(pixels, longest)
    assert small.shape[1::-1] == images.size_within(width, height, longest)
    assert max(small.shape[:2]) == min(longest, max(width, height))
    assert abs(small.shape[1] * height - small.shape[0] * width) <= max(width, height)
    assert (small is pixels) == (longest >= max(width, height))


def test_resize_refuses_what_makes_no_sense():
    for pixels, width in ((RGB, 0), (RGB.astype(np.float32), 4), (RGB[0, 0], 4)):
        with pytest.raises(ValueError, match=r"at least|wanted"):
            images.resize(pixels, width, 4)


def test_the_room_is_light():
    heavy = ("cv2", "torch", "scipy", "PIL.TiffImagePlugin")
    code = f"import sys, crackscope.images; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
