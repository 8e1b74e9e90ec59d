"""Small pictures of every format and mode that crackscope reads: the seeds to spoil. Made on the spot, but for HEIF and
rare kinds of JPEG."""

import importlib.util
import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = (37, 29)
TAG_TYPES = {"H": 3, "L": 4}


def surface() -> Image.Image:
    """A grey-brown picture with a dark line through it."""
    rng = np.random.default_rng(7)
    width, height = SIZE
    pixels = rng.integers(120, 180, (height, width, 3), np.uint8)
    pixels[np.arange(height), (np.arange(height) * 0.8).astype(int)] = 30
    return Image.fromarray(pixels)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def tiff(tags: dict[int, tuple[str, tuple[int, ...]]], data: bytes, order: str = "<") -> bytes:
    """A TIFF of one directory behind its data; tag 273 or 324 gets the place of the data where its value is 0."""
    start = 8 + len(data) + len(data) % 2
    after = start + 2 + 12 * len(tags) + 4
    entries, tail = b"", b""
    for tag, (code, values) in sorted(tags.items()):
        if tag in (273, 324):
            values = tuple(8 + value for value in values)
        packed = struct.pack(f"{order}{len(values)}{code}", *values)
        if len(packed) > 4:
            packed, tail = struct.pack(order + "L", after + len(tail)), tail + packed + b"\0" * (len(packed) % 2)
        entries += struct.pack(order + "HHL", tag, TAG_TYPES[code], len(values)) + packed.ljust(4, b"\0")
    head = struct.pack(order + "2sHL", b"II" if order == "<" else b"MM", 42, start)
    directory = struct.pack(order + "H", len(tags)) + entries + bytes(4)
    return head + data + b"\0" * (len(data) % 2) + directory + tail


def grey_tiff(bits: int, data: bytes, order: str, photometric: int = 1) -> bytes:
    width, height = SIZE
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: photometric, 277: 1, 278: height, 279: len(data)}
    return tiff({273: ("L", (0,))} | {tag: ("L", (value,)) for tag, value in tags.items()}, data, order)


def tiled_tiff() -> bytes:
    pixels = np.asarray(surface().convert("L"))
    padded = np.pad(pixels, ((0, 3), (0, 11)))
    tiles = [padded[y : y + 16, x : x + 16].tobytes() for y in (0, 16) for x in (0, 16, 32)]
    places = tuple(256 * k for k in range(6))
    tags = {256: SIZE[0], 257: SIZE[1], 258: 8, 259: 1, 262: 1, 277: 1, 322: 16, 323: 16}
    lists = {324: ("L", places), 325: ("L", (256,) * 6)}
    return tiff({tag: ("H", (value,)) for tag, value in tags.items()} | lists, b"".join(tiles))


def png(colour: int, depth: int, rows: list[bytes], extra: dict[bytes, bytes] | None = None) -> bytes:
    """A PNG of unfiltered rows, for the kinds that Pillow does not write."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))

    start = chunk(b"IHDR", struct.pack(">LLBBBBB", *SIZE, depth, colour, 0, 0, 0))
    middle = b"".join(chunk(kind, data) for kind, data in (extra or {}).items())
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + start + middle + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def run_length_bmp() -> bytes:
    width, height = SIZE
    rows = b"".join(bytes((20, 1, width - 20, 2, 0, 0)) for _ in range(height)) + b"\0\1"
    palette = bytes(range(256)) * 4
    head = struct.pack("<LLLHHLLLLLL", 40, width, height, 1, 8, 1, len(rows), 2835, 2835, 256, 0)
    return struct.pack("<2sLLL", b"BM", 14 + 40 + 1024 + len(rows), 0, 14 + 40 + 1024) + head + palette + rows


def make_seeds() -> dict[str, bytes]:
    """Name -> bytes of every seed."""
    rgb = surface()
    grey = rgb.convert("L")
    alpha = rgb.copy()
    alpha.putalpha(grey)
    exif = Image.Exif()
    exif[274] = 6
    exif[271] = "crackscope"
    deep = (np.asarray(grey).astype(np.uint16) * 257) + 3
    return (
        _jpegs(rgb, grey, exif.tobytes())
        | _kept("jpeg", "jpeg", "jpg")
        | _pngs(rgb, grey, alpha, deep, exif.tobytes())
        | _webps(rgb, alpha, exif.tobytes())
        | _bmps(rgb, grey, alpha)
        | _tiffs(rgb, grey, alpha, deep)
        | _heifs()
    )


def _jpegs(rgb: Image.Image, grey: Image.Image, exif: bytes) -> dict[str, bytes]:
    return {
        "jpeg-rgb": saved(rgb, "JPEG"),
        "jpeg-444-exif": saved(rgb, "JPEG", subsampling=0, exif=exif, icc_profile=b"p" * 200, comment=b"hello"),
        "jpeg-grey": saved(grey, "JPEG"),
        "jpeg-progressive": saved(rgb, "JPEG", progressive=True),
        "jpeg-progressive-grey": saved(grey, "JPEG", progressive=True),
        "jpeg-progressive-restart": saved(rgb, "JPEG", progressive=True, restart_marker_blocks=2),
        "jpeg-restart": saved(rgb, "JPEG", restart_marker_blocks=2),
        "jpeg-cmyk": saved(rgb.convert("CMYK"), "JPEG"),
        "jpeg-mpo": saved(rgb, "MPO", save_all=True, append_images=[rgb], exif=exif),
    }


def _pngs(rgb: Image.Image, grey: Image.Image, alpha: Image.Image, deep: np.ndarray, exif: bytes) -> dict[str, bytes]:
    palette = rgb.quantize(16)
    colour = np.repeat(deep.astype(">u2")[:, :, None], 3, axis=2)
    return {
        "png-1": saved(grey.convert("1"), "PNG"),
        "png-grey": saved(grey, "PNG", transparency=30),
        "png-grey-2": png(0, 2, [bytes(10)] * SIZE[1], {b"tRNS": b"\0\1"}),
        "png-rgb": saved(rgb, "PNG", transparency=(30, 30, 30), exif=exif),
        "png-grey-alpha": saved(alpha.convert("LA"), "PNG"),
        "png-rgba": saved(alpha, "PNG", dpi=(300, 300)),
        "png-palette": saved(palette, "PNG"),
        "png-palette-clear": saved(palette, "PNG", transparency=bytes(range(0, 160, 10))),
        "png-palette-4": saved(palette, "PNG", bits=4),
        "png-16": saved(Image.fromarray(deep), "PNG"),
        "png-rgb-16": png(2, 16, [row.tobytes() for row in colour]),
        "png-moving": saved(rgb, "PNG", save_all=True, append_images=[rgb.rotate(90)]),
    }


def _webps(rgb: Image.Image, alpha: Image.Image, exif: bytes) -> dict[str, bytes]:
    return {
        "webp-lossy": saved(rgb, "WEBP"),
        "webp-lossless": saved(rgb, "WEBP", lossless=True),
        "webp-alpha-exif": saved(alpha, "WEBP", exif=exif),
        "webp-moving": saved(alpha, "WEBP", save_all=True, append_images=[alpha.rotate(90)]),
    }


def _bmps(rgb: Image.Image, grey: Image.Image, alpha: Image.Image) -> dict[str, bytes]:
    return {
        "bmp-1": saved(grey.convert("1"), "BMP"),
        "bmp-grey": saved(grey, "BMP"),
        "bmp-palette": saved(rgb.quantize(200), "BMP"),
        "bmp-rgb": saved(rgb, "BMP"),
        "bmp-rgba": saved(alpha, "BMP"),
        "bmp-run-lengths": run_length_bmp(),
    }


def _tiffs(rgb: Image.Image, grey: Image.Image, alpha: Image.Image, deep: np.ndarray) -> dict[str, bytes]:
    real = Image.fromarray(np.asarray(grey).astype(np.float32) / 255)
    seeds = {f"tiff-rgb-{packing}": saved(rgb, "TIFF", compression=packing) for packing in PACKINGS}
    seeds |= {f"tiff-{kind}": saved(grey.convert("1"), "TIFF", compression=kind) for kind in ("group3", "group4")}
    return seeds | {
        "tiff-grey": saved(grey, "TIFF"),
        "tiff-palette": saved(rgb.quantize(16), "TIFF"),
        "tiff-rgba": saved(alpha, "TIFF", compression="tiff_lzw"),
        "tiff-cmyk": saved(rgb.convert("CMYK"), "TIFF"),
        "tiff-16": saved(Image.fromarray(deep), "TIFF"),
        "tiff-16-lzw": saved(Image.fromarray(deep), "TIFF", compression="tiff_lzw"),
        "tiff-16-big-endian": grey_tiff(16, deep.astype(">u2").tobytes(), ">"),
        "tiff-16-white-is-0": grey_tiff(16, deep.tobytes(), "<", photometric=0),
        "tiff-32": grey_tiff(32, (deep.astype(np.uint32) * 65_537).tobytes(), "<"),
        "tiff-float": saved(real, "TIFF"),
        "tiff-float-deflate": saved(real, "TIFF", compression="tiff_adobe_deflate"),
        "tiff-tiles": tiled_tiff(),
        "tiff-big": saved(rgb, "TIFF", big_tiff=True, compression="tiff_adobe_deflate"),
        "tiff-frames": saved(rgb, "TIFF", save_all=True, append_images=[grey], tiffinfo={274: 8, 270: "a wall"}),
    }


def _heifs() -> dict[str, bytes]:
    return _kept("heic", "heif", "heic") if importlib.util.find_spec("pi_heif") else {}


def _kept(folder: str, kind: str, suffix: str) -> dict[str, bytes]:
    """Those that the tests have, since nothing here codes such."""
    paths = sorted((Path(__file__).resolve().parents[1] / "tests" / folder).glob(f"*.{suffix}"))
    return {f"{kind}-{path.stem}": path.read_bytes() for path in paths}


PACKINGS = ("raw", "packbits", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "zstd", "lzma")
