"""One picture, however it is given: the same pixels; what is not a picture: one error that says why."""

import io
import os
import socket
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crackscope import images
from crackscope.errors import ImageError
from tests.small_pictures import assert_read_alike_in_threads
from tests.small_rights import as_nobody, open_folder

RNG = np.random.default_rng(5)
RGB = RNG.integers(0, 256, (31, 45, 3), np.uint8)


def fails(source, kind, words=None):
    for call in (images.read, images.read_header, images.read_mask, lambda given: images.read_thumbnail(given, 8)):
        with pytest.raises(ImageError, match=words) as caught:
            call(source)
        assert caught.value.kind == kind
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "tif"])
def test_every_way_in_gives_the_same_pixels(tmp_path, suffix):
    path = tmp_path / f"wall.{suffix}"
    Image.fromarray(RGB).save(path)
    expected = images.read(path).pixels
    with open(path, "rb") as file, Image.open(path) as image:
        file.seek(7)
        ways = [str(path), path.read_bytes(), bytearray(path.read_bytes()), memoryview(path.read_bytes()), file, image]
        for source in [*ways, expected, Image.fromarray(expected)]:
            assert np.array_equal(images.read(source).pixels, expected)
            header = images.read_header(source)
            assert (header.width, header.height) == (45, 31)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "CMYK", "YCbCr", "HSV"])
def test_pillow_images_of_any_mode(mode):
    base = Image.fromarray(RGB)
    between = {"RGBa": "RGBA", "PA": "P", "La": "LA"}.get(mode, "L")
    image = base.convert(between).convert(mode)
    plain = image.convert(between).convert("RGB")
    assert np.array_equal(images.read(image).pixels[:, :, 0] > 128, np.asarray(plain)[:, :, 0] > 128)


def test_pillow_images_with_a_transparent_palette():
    image = Image.fromarray(RGB).quantize(8)
    for clear in (2, bytes([255, 255, 0, 255])):
        image.info["transparency"] = clear
        assert (images.read(image).pixels[np.asarray(image) == 2] == 255).all()
        assert image.info["transparency"] == clear


def test_pillow_images_of_32_bits():
    values = RNG.integers(0, 65_536, (9, 9), np.int32)
    assert np.array_equal(images.read(Image.fromarray(values)).pixels[:, :, 0], np.round(values / 257))
    fails_reading = Image.fromarray(values - 1_000_000)
    with pytest.raises(ImageError, match="scale them") as caught:
        images.read(fails_reading)
    assert caught.value.kind == "unsupported"


def test_names_are_kept():
    assert images.read(RGB).name == "<array>"
    assert images.read(images.encode_png(RGB)).name == "<bytes>"
    assert images.read(io.BytesIO(images.encode_png(RGB))).name == "<file>"


def test_arrays_are_copied():
    given = RGB.copy()
    picture = images.read(given)
    picture.pixels[:] = 0
    assert np.array_equal(given, RGB)
    assert np.array_equal(images.read(given[::-1, ::2]).pixels, RGB[::-1, ::2])


def test_arrays_of_every_kind():
    assert np.array_equal(images.read(RGB[:, :, 0]).pixels, np.repeat(RGB[:, :, :1], 3, axis=2))
    assert np.array_equal(images.read(RGB.astype(np.uint16) * 257).pixels, RGB)
    assert np.array_equal(images.read(RGB.astype(">u2") * 257).pixels, RGB)
    clear = np.dstack([RGB, np.zeros(RGB.shape[:2], np.uint8)])
    assert (images.read(clear).pixels == 255).all()


@pytest.mark.parametrize("dtype", [np.float32, np.int16, np.int64, bool, np.complex64, object])
def test_arrays_of_no_agreed_range(dtype):
    with pytest.raises(ImageError, match="uint8") as caught:
        images.read(np.zeros((4, 4), dtype))
    assert caught.value.kind == "unsupported"


@pytest.mark.parametrize("shape", [(), (4,), (0, 4), (4, 4, 2), (4, 4, 5), (2, 4, 4, 3)])
def test_arrays_that_are_no_picture(shape):
    fails(np.zeros(shape, np.uint8), "unsupported", "shape")


@pytest.mark.parametrize("given", [None, 3, [1, 2], {"a": 1}])
def test_things_that_are_no_picture(given):
    fails(given, "unsupported", "is not a picture")


def test_text_files_and_broken_streams():
    class Broken(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            raise RuntimeError("the line went dead")

    fails(io.StringIO("wall"), "unsupported", "text")
    fails(Broken(), "damaged", "the line went dead")
    closed = io.BytesIO(b"x")
    closed.close()
    fails(closed, "damaged")


def test_streams_that_cannot_seek():
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

        def seek(self, *_):
            raise io.UnsupportedOperation

    assert np.array_equal(images.read(Pipe(images.encode_png(RGB))).pixels, RGB)


def test_the_bytes_of_a_file_are_had_or_refused_as_pictures_are(tmp_path):
    (tmp_path / "a.png").write_bytes(images.encode_png(RGB))
    assert images.read_file(str(tmp_path / "a.png")) == images.encode_png(RGB)
    (tmp_path / "empty.png").touch()
    os.mkfifo(tmp_path / "pipe.png")
    for name, kind in (("gone", "missing"), ("empty", "truncated"), ("pipe", "not-a-picture")):
        path = str(tmp_path / f"{name}.png")
        with pytest.raises(ImageError) as caught:
            images.read_file(path)
        assert caught.value.kind == kind
        assert str(caught.value).startswith(f"{path}: ")
    with pytest.raises(ImageError, match="larger than the limit"):
        images.read_file(str(tmp_path / "a.png"), images.Limits(max_bytes=10))


def test_paths_that_lead_nowhere(tmp_path):
    (tmp_path / "loop.png").symlink_to("loop.png")
    (tmp_path / "dangling.png").symlink_to("gone.png")
    (tmp_path / "file").write_bytes(b"x")
    for name in ("gone.png", "loop.png", "dangling.png", "file/below.png", "n" * 3000, "nul\0.png", "two\nlines.png"):
        fails(tmp_path / name, "missing", "check the path")
    fails("", "missing")
    fails("https://example.org/wall.jpg", "missing", "download")


def test_paths_that_are_no_files(tmp_path, monkeypatch):
    fails(tmp_path, "not-a-picture", "folder")
    os.mkfifo(tmp_path / "pipe.jpg")
    fails(tmp_path / "pipe.jpg", "not-a-picture", "pipe")
    fails("/dev/zero", "not-a-picture", "device")
    with socket.socket(socket.AF_UNIX) as end:
        monkeypatch.chdir(tmp_path)
        end.bind("s.jpg")
        fails("s.jpg", "not-a-picture", "socket")


def test_files_that_may_not_be_read():
    with open_folder() as folder:
        path = folder / "wall.png"
        images.write_png(RGB, path)
        assert np.array_equal(images.read(path).pixels, RGB)
        path.chmod(0)
        with as_nobody():
            fails(path, "denied", "rights")


def test_odd_names_are_read_and_shown_in_one_line(tmp_path):
    for name in ("wall\nnewline.png", "wand größer.png", "[1].png", os.fsdecode(b"\xff\xfe.png"), "-"):
        path = os.path.join(tmp_path, name)
        images.write_png(RGB, path)
        assert np.array_equal(images.read(path).pixels, RGB)
        Path(path).write_bytes(b"no picture at all, just words")
        fails(path, "not-a-picture", "first bytes")


def test_empty_files(tmp_path):
    (tmp_path / "wall.jpg").touch()
    fails(tmp_path / "wall.jpg", "truncated", "empty")
    fails(b"", "truncated", "empty")


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"GIF89a", "a GIF"),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "an AVIF file"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 file"),
        (b"II*\0\x10\0\0\0CR\2\0", "a Canon CR2 raw file"),
        (b"%PDF-1.7", "a PDF"),
        (b"P6\n2 2 255\n", "a Netpbm file"),
        (b"8BPS\0\1", "a Photoshop file"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "an MP4 video"),
        (b"\xff\x0a", "a JPEG XL file"),
        (b"\0" * 128 + b"DICM", "a DICOM file"),
        (b"<!DOCTYPE html>", "an HTML page"),
    ],
)
def test_other_formats_are_refused_by_name(start, name):
    fails(start + bytes(range(64)), "unsupported", f"it is {name}, which is not read; save it as JPEG, PNG")


def test_many_threads_at_once(tmp_path):
    sources = []
    for kind in ("PNG", "JPEG", "TIFF", "WEBP", "BMP"):
        file = io.BytesIO()
        Image.fromarray(RGB).save(file, kind)
        sources.append(file.getvalue())
    assert_read_alike_in_threads(sources, 10)


def test_pillows_settings_are_left_alone():
    before = (Image.MAX_IMAGE_PIXELS, Image.WARN_POSSIBLE_FORMATS)
    Image.MAX_IMAGE_PIXELS = 100
    try:
        for kind in ("PNG", "JPEG", "TIFF", "BMP"):
            file = io.BytesIO()
            Image.fromarray(RGB).save(file, kind)
            assert images.read(file.getvalue()).width == 45
        assert Image.MAX_IMAGE_PIXELS == 100
    finally:
        Image.MAX_IMAGE_PIXELS = before[0]
