"""The EXIF block of a picture (CIPA DC-008, a TIFF in small), taken apart without trusting any of it."""

import struct
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from crackscope.images.faults import Fault
from crackscope.images.heif_metadata import exif_in
from crackscope.images.limits import DEFAULT_LIMITS
from crackscope.images.sources import Source, read_bytes

PREFIX = b"Exif\0\0"
EXIF_DIRECTORY, GPS_DIRECTORY = 0x8769, 0x8825

_ORDERS: dict[bytes, Literal["<", ">"]] = {b"II*\0": "<", b"MM\0*": ">"}
_CODES = {1: "B", 3: "H", 4: "L", 6: "b", 8: "h", 9: "l", 11: "f", 12: "d", 13: "L"}
_RATIONALS = {5: "LL", 10: "ll"}
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_MOST_ENTRIES = 512
_HEAD = 1 << 18
"""Bytes of a file: of a JPEG these hold the whole block nearly always, which is at most 64 KiB and comes first."""

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Entry:
    """One tag. at: where its twelve bytes stand in the block. kind, count: of its values. data: their bytes."""

    at: int
    kind: int
    count: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Block:
    """An EXIF block. order: "<" or ">". first: the tags of the picture; exif, gps: those of the two directories."""

    data: bytes
    order: Literal["<", ">"]
    first: dict[int, Entry]
    exif: dict[int, Entry]
    gps: dict[int, Entry]

    def numbers(self, entry: Entry | None) -> tuple[float, ...]:
        """The values of a numeric tag; NaN where a denominator is 0; () for what holds no numbers."""
        if entry is None:
            return ()
        if entry.kind in _RATIONALS:
            pairs = struct.iter_unpack(self.order + _RATIONALS[entry.kind], entry.data)
            return tuple(a / b if b else float("nan") for a, b in pairs)
        code = _CODES.get(entry.kind)
        return struct.unpack(f"{self.order}{entry.count}{code}", entry.data) if code else ()

    def number(self, entry: Entry | None, within: Range) -> float | None:
        """The first value of a tag where it lies within a range (ends included), else None."""
        values = self.numbers(entry)
        return float(values[0]) if values and within[0] <= values[0] <= within[1] else None


def text(entry: Entry | None) -> str:
    """What an ASCII tag says up to its first zero, without blanks around; "" for any other."""
    if entry is None or entry.kind != 2:
        return ""
    return entry.data.partition(b"\0")[0].decode("ascii", "replace").strip()


def parse_block(data: bytes) -> Block | None:
    """Take a block apart (with or without its leading "Exif"); None where it is none. What is broken is left out."""
    data = data.removeprefix(PREFIX)
    order = _ORDERS.get(data[:4])
    if order is None or len(data) < 8:
        return None
    big: Literal["big", "little"] = "big" if order == ">" else "little"
    first = read_entries(data, int.from_bytes(data[4:8], big), order)

    def below(tag: int) -> dict[int, Entry]:
        pointer = first.get(tag)
        if pointer is None or pointer.kind not in (4, 13) or pointer.count != 1:
            return {}
        return read_entries(data, int.from_bytes(pointer.data, big), order)

    return Block(data, order, first, below(EXIF_DIRECTORY), below(GPS_DIRECTORY))


def read_entries(data: bytes, start: int, order: str) -> dict[int, Entry]:
    """The tags of the directory at `start`: those whose type is known and whose values lie inside of `data`."""
    entries: dict[int, Entry] = {}
    if not 8 <= start <= len(data) - 2:
        return entries
    (number,) = struct.unpack_from(order + "H", data, start)
    for at in range(start + 2, start + 2 + 12 * min(number, _MOST_ENTRIES), 12):
        if at + 12 > len(data):
            break
        tag, kind, count, offset = struct.unpack_from(order + "HHLL", data, at)
        size = SIZES.get(kind, 0) * count
        place = at + 8 if size <= 4 else offset
        if 0 < size <= len(data) - place:
            entries.setdefault(tag, Entry(at, kind, count, data[place : place + size]))
    return entries


def find_block(source: Source) -> bytes:
    """The bytes of a picture's EXIF block, from its TIFF header on; b"" where there is none, or no picture.

    Of a TIFF that is the file itself. Never raises for what a file holds.
    """
    if isinstance(source, np.ndarray):
        return b""
    if isinstance(source, Image.Image):
        block = source.info.get("exif")
        return bytes(block).removeprefix(PREFIX) if isinstance(block, bytes) else b""
    try:
        head = read_bytes(source, DEFAULT_LIMITS, at_most=_HEAD)
        found = _jpeg_block(head.content) if head.content[:2] == b"\xff\xd8" else None
        if found is not None:
            return found
        data = head.content if head.whole else read_bytes(source, DEFAULT_LIMITS).content
    except Fault:
        return b""
    if data[:2] == b"\xff\xd8":
        return _jpeg_block(data) or b""
    if data[:4] in _ORDERS:
        return data
    return _png_block(data) or _webp_block(data) or exif_in(data)


def _jpeg_block(data: bytes) -> bytes | None:
    """The block, b"" where the scan begins without one, None where the data end before."""
    for code, content in jpeg_segments(data):
        if code == 0xE1 and content[:6] == PREFIX:
            return content[6:]
        if code == 0xDA:
            return b""
    return None


def jpeg_segments(data: bytes) -> list[tuple[int, bytes]]:
    """(marker, content) of the segments of a JPEG up to its first scan, which is the last one, without content."""
    segments: list[tuple[int, bytes]] = []
    at = 2
    while (at := data.find(b"\xff", at)) >= 0 and at + 4 <= len(data):
        code = data[at + 1]
        if code in (0x00, 0x01, 0xFF) or 0xD0 <= code <= 0xD8:
            at += 1 if code == 0xFF else 2
            continue
        if code in (0xD9, 0xDA):
            return [*segments, (0xDA, b"")]
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if at + 2 + length > len(data):
            break
        segments.append((code, data[at + 4 : at + 2 + length]))
        at += 2 + max(length, 2)
    return segments


def _png_block(data: bytes) -> bytes:
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        return b""
    at = 8
    while at + 12 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if kind == b"eXIf":
            return data[at + 8 : at + 8 + length].removeprefix(PREFIX)
        at += 12 + length
    return b""


def _webp_block(data: bytes) -> bytes:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return b""
    at = 12
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at : at + 4] == b"EXIF":
            return data[at + 8 : at + 8 + length].removeprefix(PREFIX)
        at += 8 + length + (length & 1)
    return b""
