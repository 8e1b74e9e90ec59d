"""Writing a changed photo as a JPEG that still says where, when and with what it was taken."""

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crackscope.files import write_whole
from crackscope.images.exif import orientation
from crackscope.images.exif_block import (
    EXIF_DIRECTORY,
    GPS_DIRECTORY,
    PREFIX,
    Block,
    Entry,
    find_block,
    jpeg_segments,
    parse_block,
)
from crackscope.images.faults import Fault
from crackscope.images.heif_metadata import profile_in
from crackscope.images.limits import DEFAULT_LIMITS
from crackscope.images.sources import Source, read_bytes
from crackscope.images.writing import jpeg_pieces

_LONGEST_BLOCK = 65_533 - len(PREFIX)
_ORIENTATION, _WIDTH, _HEIGHT = 0x0112, 0x0100, 0x0101
_EXIF_WIDTH, _EXIF_HEIGHT, _MAKER_NOTE, _INTEROPERABILITY = 0xA002, 0xA003, 0x927C, 0xA005
_OF_A_PHOTO = {0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298}
"""What a TIFF says of the photo and not of its pixels: description, make, model, software, date, artist, copyright."""
_NUMERIC = {3: "H", 4: "L", 1: "B"}


def encode_like(pixels: NDArray[np.uint8], source: Source, quality: int = 92) -> bytes:
    """uint8 [h, w, 3] RGB, upright, as a JPEG with the EXIF block and the RGB colour profile of `source`.

    The block stays as it is, maker notes included, but for what is no longer true: the orientation becomes 1, the
    tags of width and height get those of `pixels`, and the small preview is unlinked. From a TIFF, and from a block
    over 64 KiB, tags are gathered anew without maker notes. What is no EXIF block is left out.
    Raises ValueError as `encode_jpeg` does, and nothing for what `source` holds.
    """
    return b"".join(_pieces_like(pixels, source, quality))


def write_like(pixels: NDArray[np.uint8], path: str | Path, source: Source, quality: int = 92) -> None:
    """Write what `encode_like` gives to `path`, replacing what is there at once. Raises OutputError, ValueError."""
    write_whole(path, _pieces_like(pixels, source, quality))


def _pieces_like(pixels: NDArray[np.uint8], source: Source, quality: int) -> Iterator[bytes]:
    height, width = pixels.shape[:2]
    return jpeg_pieces(pixels, quality, exif=kept_block(source, (width, height)), profile=_profile(source))


def kept_block(source: Source, size: tuple[int, int]) -> bytes:
    """The EXIF block for a JPEG of `size` (width, height) made from `source`; b"" where there is none to keep."""
    found = find_block(source)
    block = parse_block(found)
    if block is None:
        return b""
    is_file = _is_tiff(source, found)
    kept = _gathered(block) if is_file or len(block.data) > _LONGEST_BLOCK else block.data
    if not kept or len(kept) > _LONGEST_BLOCK:
        return b""
    corrected = _corrected(kept, size)
    # A mangled entry that cannot be set to upright would turn the picture a second time.
    return PREFIX + corrected if orientation(corrected) == 1 else b""


def _is_tiff(source: Source, found: bytes) -> bool:
    if isinstance(source, np.ndarray | Image.Image):
        return False
    try:
        return read_bytes(source, DEFAULT_LIMITS, at_most=4).content[:4] == found[:4]
    except Fault:
        return False


def _corrected(data: bytes, size: tuple[int, int]) -> bytes:
    block = parse_block(data)
    assert block is not None, "it was one before"
    changed = bytearray(data)
    width, height = size
    for entries, tag, value in (
        (block.first, _ORIENTATION, 1),
        (block.first, _WIDTH, width),
        (block.first, _HEIGHT, height),
        (block.exif, _EXIF_WIDTH, width),
        (block.exif, _EXIF_HEIGHT, height),
    ):
        entry = entries.get(tag)
        if entry is not None and entry.kind in _NUMERIC and entry.count == 1 and value < 256 ** len(entry.data):
            struct.pack_into(block.order + _NUMERIC[entry.kind], changed, entry.at + 8, value)
    (start,) = struct.unpack_from(block.order + "L", data, 4)
    if 8 <= start <= len(data) - 2:
        (count,) = struct.unpack_from(block.order + "H", data, start)
        following = start + 2 + 12 * count
        if following + 4 <= len(data):
            changed[following : following + 4] = bytes(4)
    return bytes(changed)


def _gathered(block: Block) -> bytes:
    """A new block with what is said of the photo: the text tags, the EXIF and the GPS directory."""
    first = {tag: entry for tag, entry in block.first.items() if tag in _OF_A_PHOTO}
    exif = {tag: entry for tag, entry in block.exif.items() if tag not in (_MAKER_NOTE, _INTEROPERABILITY)}
    parts = [(tag, part) for tag, part in ((EXIF_DIRECTORY, exif), (GPS_DIRECTORY, block.gps)) if part]
    if not first and not parts:
        return b""
    pointers = {tag: Entry(0, 4, 1, bytes(4)) for tag, _ in parts}
    at = 8 + len(_directory({**first, **pointers}, 8, block.order))
    bodies = b""
    for tag, part in parts:
        pointers[tag] = Entry(0, 4, 1, struct.pack(block.order + "L", at + len(bodies)))
        bodies += _directory(part, at + len(bodies), block.order)
    head = (b"II*\0" if block.order == "<" else b"MM\0*") + struct.pack(block.order + "L", 8)
    return head + _directory({**first, **pointers}, 8, block.order) + bodies


def _directory(entries: dict[int, Entry], start: int, order: str) -> bytes:
    """A directory for the place `start`, its long values behind it."""
    table, values = struct.pack(order + "H", len(entries)), b""
    behind = start + 2 + 12 * len(entries) + 4
    for tag, entry in sorted(entries.items()):
        table += struct.pack(order + "HHL", tag, entry.kind, entry.count)
        if len(entry.data) <= 4:
            table += entry.data.ljust(4, b"\0")
        else:
            table += struct.pack(order + "L", behind + len(values))
            values += entry.data + bytes(len(entry.data) & 1)
    return table + bytes(4) + values


def _profile(source: Source) -> bytes:
    """The colour profile of a JPEG (ICC.1, annex B.4) or a HEIF file, where it is one for RGB and complete."""
    if isinstance(source, np.ndarray | Image.Image):
        return b""
    try:
        data = read_bytes(source, DEFAULT_LIMITS).content
    except Fault:
        return b""
    profile = _jpeg_profile(data) if data[:2] == b"\xff\xd8" else profile_in(data)
    complete = len(profile) > 128 and int.from_bytes(profile[:4], "big") == len(profile)
    return profile if complete and profile[16:20] == b"RGB " else b""


def _jpeg_profile(data: bytes) -> bytes:
    name = b"ICC_PROFILE\0"
    pieces = {
        content[12]: content[14:]
        for code, content in jpeg_segments(data)
        if code == 0xE2 and content[:12] == name and len(content) > 14
    }
    return b"".join(pieces[place] for place in sorted(pieces))
