"""PNG: its chunks with their checksums (W3C PNG, third edition), stripped to what the pixels need.

Pillow gets IHDR, PLTE, IDAT and IEND only: what else a file carries can then neither warn, nor animate, nor cost
memory.
"""

from io import BytesIO
from zlib import crc32

from PIL import Image, PngImagePlugin

from crackscope.images import exif
from crackscope.images.faults import Fault
from crackscope.images.header import Header, Meaning, Stored, integer

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_CHUNKS = 1_000_000

_KEPT = {b"IHDR", b"PLTE", b"IDAT", b"IEND"}
_GREY, _RGB, _PALETTE, _GREY_ALPHA, _RGB_ALPHA = 0, 2, 3, 4, 6
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
    meaning = Meaning(transparency=_transparency(found.get(b"tRNS"), colour, depth))
    return Stored(header, meaning, lambda: _opened(data, pieces))


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


def _opened(data: bytes, pieces: list[memoryview | bytes]) -> Image.Image:
    if sum(len(piece) for piece in pieces) != len(data):
        data = b"".join(pieces)
    return PngImagePlugin.PngImageFile(BytesIO(data))
