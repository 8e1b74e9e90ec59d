"""Small pictures of noise, and files of them in kinds that Pillow writes and that it does not."""

import io
import struct
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import tifffile
from PIL import Image

from crackscope import images

WIDTH, HEIGHT = 23, 17
RNG = np.random.default_rng(3)
RGB = RNG.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
GREY = RGB[:, :, 0].copy()
DEEP = RNG.integers(0, 65_536, (HEIGHT, WIDTH), np.uint16)


def saved(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def as_tiff(pixels: np.ndarray, **options) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, metadata=None, **options)
    return file.getvalue()


def grey_to_rgb(values: np.ndarray) -> np.ndarray:
    return np.repeat(np.asarray(values, np.uint8)[:, :, None], 3, axis=2)


def over_white(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    share = alpha.astype(float)[:, :, None] / 255
    return colours * share + 255 * (1 - share)


def png_by_hand(colour: int, depth: int, rows: list[bytes], extra: bytes = b"", significant: bytes = b"") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))

    start = chunk(b"IHDR", struct.pack(">LLBBBBB", WIDTH, HEIGHT, depth, colour, 0, 0, 0))
    clear = (chunk(b"sBIT", significant) if significant else b"") + (chunk(b"tRNS", extra) if extra else b"")
    body = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
    return b"\x89PNG\r\n\x1a\n" + start + clear + body + chunk(b"IEND", b"")


def in_order(deep: np.ndarray) -> list[bytes]:
    return [row.astype(">u2").tobytes() for row in deep]


def assert_read_alike_in_threads(sources: list[bytes], times: int) -> None:
    """Four threads at once get of each source, over and over, what one alone does."""
    expected = [images.read(source).pixels for source in sources]
    started = threading.Barrier(4)

    def read_all(_):
        started.wait(timeout=30)
        return [images.read(source).pixels for source in sources * times]

    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(read_all, range(4)):
            assert all(np.array_equal(a, b) for a, b in zip(found, expected * times, strict=True))


def spoilt_in_the_middle(data: bytes, seed: int) -> bytes:
    """A file with 16 bits turned over in the middle third of its bytes."""
    rng = np.random.default_rng(seed)
    spoilt = bytearray(data)
    for at in rng.integers(len(data) // 3, 2 * len(data) // 3, 16):
        spoilt[at] ^= 1 << rng.integers(8)
    return bytes(spoilt)
