"""EXIF blocks made by hand, and pictures that carry them."""

import io
import struct
from fractions import Fraction

import numpy as np
from PIL import Image

Value = str | bytes | int | Fraction | tuple[Fraction, ...]


def ratio(value: float | str | Fraction) -> Fraction:
    return Fraction(value).limit_denominator(10_000_000)


def degrees(value: float) -> tuple[Fraction, ...]:
    whole = int(value)
    minutes = (value - whole) * 60
    return Fraction(whole), Fraction(int(minutes)), ratio((minutes - int(minutes)) * 60)


def _typed(value: Value, order: str) -> tuple[int, int, bytes]:
    if isinstance(value, str):
        data = value.encode("ascii") + b"\0"
        return 2, len(data), data
    if isinstance(value, bytes):
        return 1 if len(value) == 1 else 7, len(value), value
    if isinstance(value, int):
        return (3, 1, struct.pack(order + "H", value)) if value < 65536 else (4, 1, struct.pack(order + "L", value))
    parts = value if isinstance(value, tuple) else (value,)
    data = b"".join(struct.pack(order + "LL", part.numerator, part.denominator) for part in parts)
    return 5, len(parts), data


def _directory(tags: dict[int, Value], start: int, order: str, following: int = 0) -> bytes:
    table, behind = struct.pack(order + "H", len(tags)), b""
    for tag, value in sorted(tags.items()):
        kind, count, data = _typed(value, order)
        table += struct.pack(order + "HHL", tag, kind, count)
        if len(data) > 4:
            table += struct.pack(order + "L", start + 2 + 12 * len(tags) + 4 + len(behind))
            behind += data + bytes(len(data) & 1)
        else:
            table += data.ljust(4, b"\0")
    return table + struct.pack(order + "L", following) + behind


def block(
    first: dict[int, Value], exif: dict[int, Value], gps: dict[int, Value], order: str = "<", preview: bytes = b""
) -> bytes:
    """A block without its leading "Exif". preview: of a second directory, at the end."""
    first = {**first, 0x8769: 0x10000, 0x8825: 0x10000}
    length = len(_directory(first, 8, order))
    there = 8 + length
    exif_part = _directory(exif, there, order)
    gps_part = _directory(gps, there + len(exif_part), order)
    end = there + len(exif_part) + len(gps_part)
    first |= {0x8769: there + 0x10000, 0x8825: there + len(exif_part) + 0x10000}
    body = _directory(first, 8, order, end if preview else 0)
    # Pointers are LONG whatever their size: the builder was given 64 KiB more to choose that type.
    for tag in (0x8769, 0x8825):
        at = body.index(struct.pack(order + "HHL", tag, 4, 1)) + 8
        (value,) = struct.unpack_from(order + "L", body, at)
        body = body[:at] + struct.pack(order + "L", value - 0x10000) + body[at + 4 :]
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "L", 8)
    return head + body + exif_part + gps_part + preview


def saved(pixels: np.ndarray, exif: bytes, kind: str = "JPEG", **options) -> bytes:
    """A picture with a block. A TIFF carries the tags of the block itself."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, exif=b"Exif\0\0" + exif, **options)
    return file.getvalue()


def tiff(pixels: np.ndarray, first: dict[int, Value], exif: dict[int, Value], gps: dict[int, Value]) -> bytes:
    """An uncompressed RGB TIFF whose directory holds these tags too."""
    height, width = pixels.shape[:2]
    stored: dict[int, Value] = {256: width, 257: height, 259: 1, 262: 2, 277: 3, 278: height, 279: width * height * 3}
    eight = struct.pack("<HHH", 8, 8, 8)
    file = b""
    for _ in range(2):
        file = block({**first, **stored, 273: 0x10000 + len(file), 258: eight}, exif, gps)
        file = file.replace(struct.pack("<HHL", 258, 7, 6), struct.pack("<HHL", 258, 3, 3))
    at = file.index(struct.pack("<HHL", 273, 4, 1)) + 8
    return file[:at] + struct.pack("<L", len(file)) + file[at + 4 :] + pixels.tobytes()
