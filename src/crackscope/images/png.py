"""PNG: its chunks with their checksums (W3C PNG, third edition), stripped to what the pixels need.

Pillow gets IHDR, PLTE, IDAT and IEND only: what else a file carries can then neither warn, nor animate, nor cost
memory.
"""

import zlib
from collections.abc import Sequence
from io import BytesIO
from zlib import crc32

from PIL import Image, PngImagePlugin

from crackscope.images import exif
from crackscope.images.depth import reach
from crackscope.images.faults import Fault
from crackscope.images.header import Header, Meaning, Stored, integer

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_CHUNKS = 1_000_000
PIECE = 1 << 20

_KEPT = {b"IHDR", b"PLTE", b"IDAT", b"IEND"}
_GREY, _RGB, _PALETTE, _GREY_ALPHA, _RGB_ALPHA = 0, 2, 3, 4, 6
_SAMPLES = {_GREY: 1, _RGB: 3, _PALETTE: 1, _GREY_ALPHA: 2, _RGB_ALPHA: 4}
_ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
"""Left, top and steps of the seven passes of an interlaced picture."""

_MODES = {
    (_GREY, 1): "1",
    (_GREY, 2): "L",
    (_GREY, 4): "L",
    (_GREY, 8): "L",
    (_GREY, 16): "I;16",
    (_RGB, 8): "RGB",
    (_RGB, 16): "RGB;16",
    (_PALETTE, 1): "P",
    (_PALETTE, 2): "P",
    (_PALETTE, 4): "P",
    (_PALETTE, 8): "P",
    (_GREY_ALPHA, 8): "LA",
    (_GREY_ALPHA, 16): "LA;16",
    (_RGB_ALPHA, 8): "RGBA",
    (_RGB_ALPHA, 16): "RGBA;16",
}


def parse(data: bytes) -> Stored:
    """Parse a PNG from its signature to IEND. Raises `Fault`."""
    view = memoryview(data)
    pieces: list[memoryview | bytes] = [SIGNATURE]
    found: dict[bytes, bytes] = {}
    at = len(SIGNATURE)
    for _ in range(MOST_CHUNKS):
        length, kind = integer(data, at, 4, big=True), data[at + 4 : at + 8]
        end = at + 12 + length
        if end > len(data):
            raise Fault("truncated", "it ends before the picture does; copy it again from where it came")
        if at == len(SIGNATURE) and (kind != b"IHDR" or length != 13):
            raise Fault(
                "damaged" if kind != b"CgBI" else "unsupported", "it does not start as a PNG must; save it again"
            )
        if not kind.isalpha():
            zeros = kind == bytes(4)
            raise Fault(
                "truncated" if zeros else "damaged",
                f"{'its end is filled with zeros' if zeros else 'its parts have no names'}; copy it again",
            )
        if kind in _KEPT:
            if crc32(view[at + 4 : end - 4]) != integer(data, end - 4, 4, big=True):
                name = kind.decode("ascii")
                raise Fault("damaged", f"the checksum of its {name} chunk is wrong; copy it again from where it came")
            pieces.append(view[at:end])
        if kind != b"IDAT":
            found.setdefault(kind, data[at + 8 : end - 4])
        if kind == b"IEND":
            return _stored(data, pieces, found)
        at = end
    raise Fault("damaged", f"it has more than {MOST_CHUNKS} parts")


def count_frames(data: bytes, most: int) -> int:
    """Frames of an animated PNG, `most` at most: each is announced by a chunk fcTL (W3C PNG, third edition, 11.3.6).

    A picture that stands before all of them is shown where nothing moves, and counts as one. Raises `Fault`.
    """
    frames, before, at = 0, 0, len(SIGNATURE)
    for _ in range(MOST_CHUNKS):
        if at + 12 > len(data) or frames + before >= most:
            break
        kind = data[at + 4 : at + 8]
        before = before or int(kind == b"IDAT" and not frames)
        frames += kind == b"fcTL"
        at += 12 + integer(data, at, 4, big=True)
    return frames + before


def _stored(data: bytes, pieces: list[memoryview | bytes], found: dict[bytes, bytes]) -> Stored:
    start = found[b"IHDR"]
    depth, colour, packing, filtering, interlace = start[8:13]
    mode = _MODES.get((colour, depth))
    if mode is None or packing or filtering or interlace > 1:
        raise Fault("damaged", f"its header gives colour type {colour} with {depth} bits, which PNG does not know")
    if colour == _PALETTE and b"PLTE" not in found:
        raise Fault("damaged", "it is a palette picture without a palette")
    size = integer(start, 0, 4, big=True), integer(start, 4, 4, big=True)
    header = Header(*size, "PNG", mode, exif.orientation(found.get(b"eXIf", b"")))
    significant = found.get(b"sBIT", b"")[: 3 if colour in (_RGB, _RGB_ALPHA) else 1]
    meaning = Meaning(
        transparency=_transparency(found.get(b"tRNS"), colour, depth),
        reaches=reach(2**bits - 1 for bits in significant),
    )
    return Stored(header, meaning, lambda: _opened(data, pieces, start))


def _transparency(block: bytes | None, colour: int, depth: int) -> bytes | int | tuple[int, ...] | None:
    if not block or colour in (_GREY_ALPHA, _RGB_ALPHA):
        return None
    if colour == _PALETTE:
        return block[:256]
    if colour == _GREY:
        value = integer(block, 0, 2, big=True)
        return value if depth == 16 else (value & (2**depth - 1)) * (255 // (2**depth - 1))
    if depth == 16:
        raise Fault("unsupported", "it is a PNG of 16 bits with a transparent colour; save it with an alpha channel")
    return tuple(integer(block, k, 2, big=True) & 255 for k in (0, 2, 4))


class _Png(PngImagePlugin.PngImageFile):
    """Pillow's decoder, which takes the end of the compressed data for the end of the picture: here it is not."""

    def __init__(self, data: bytes, pieces: Sequence[memoryview | bytes], start: bytes) -> None:
        self._pieces = pieces
        self._start = start
        super().__init__(BytesIO(data))

    def load_end(self) -> None:
        """Look at the last row as it was stored. Raises `Fault` where the data ended before it."""
        interlaced = self._start[12] == 1
        # Rows that never came are still as the memory was made: zero. Then it is worth unpacking once more to count.
        if (interlaced or not any(self._last_row())) and _unpacked(self._pieces) < _wanted(self._start):
            raise Fault("truncated", "its data end before the picture does; copy it again from where it came")
        super().load_end()

    def _last_row(self) -> bytes:
        width, height = self.size
        return self._new(self.im.crop((0, height - 1, width, height))).tobytes()


def _unpacked(pieces: Sequence[memoryview | bytes]) -> int:
    """Bytes that the IDAT chunks hold when unpacked, as far as they can be."""
    packed = zlib.decompressobj()
    count = 0
    for piece in pieces:
        data = bytes(piece[8:-4]) if bytes(piece[4:8]) == b"IDAT" else b""
        while data and not packed.eof:
            count += len(packed.decompress(data, PIECE))
            data = packed.unconsumed_tail
    return count


def _wanted(start: bytes) -> int:
    """Bytes of all rows, filter bytes included, that an IHDR asks for."""
    width, height = integer(start, 0, 4, big=True), integer(start, 4, 4, big=True)
    bits = start[8] * _SAMPLES[start[9]]
    passes = _ADAM7 if start[12] else [(0, 0, 1, 1)]
    sizes = ((-(-(width - left) // right), -(-(height - top) // down)) for left, top, right, down in passes)
    return sum(tall * (1 + (wide * bits + 7) // 8) for wide, tall in sizes if wide > 0 and tall > 0)


def _opened(data: bytes, pieces: list[memoryview | bytes], start: bytes) -> Image.Image:
    if sum(len(piece) for piece in pieces) != len(data):
        data = b"".join(pieces)
    return _Png(data, pieces, start)
