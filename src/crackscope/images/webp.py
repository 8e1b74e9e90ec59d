"""WebP: its RIFF chunks (RFC 9649). Of an animation the first frame is read."""

from io import BytesIO

from PIL import Image

from crackscope.images import exif
from crackscope.images.faults import Fault
from crackscope.images.header import Header, Meaning, Stored, integer

MOST_CHUNKS = 100_000
_EXTENDED_ALPHA = 0x10


def parse(data: bytes) -> Stored:
    """Parse the chunks of a WebP. Raises `Fault`."""
    end = integer(data, 4, 4) + 8
    if end > len(data) + 1:
        raise Fault("truncated", "it ends before the picture does; copy it again from where it came")
    width, height, mode = _first_chunk(data)
    turn, lossy = 1, False
    at = 12
    for _ in range(MOST_CHUNKS):
        if at + 8 > min(end, len(data)):
            break
        kind, length = data[at : at + 4], integer(data, at + 4, 4)
        if kind == b"EXIF":
            turn = exif.orientation(data[at + 8 : at + 8 + length])
        # The chunks of an animation's frames lie inside ANMF, behind 16 bytes of its own.
        lossy = lossy or kind == b"VP8 " or (kind == b"ANMF" and data[at + 24 : at + 28] != b"VP8L")
        at += 8 + length + (length & 1)
    # Copying that was cut off can leave zeros, which decode as smooth colour. Flat pictures end in zeros of their own.
    zeros = len(data) - len(data.rstrip(b"\0"))
    if zeros > max(64, len(data) // 4):
        raise Fault("truncated", "its end is filled with zeros; copy it again from where it came")
    header = Header(width, height, "WEBP", mode, turn)
    return Stored(header, Meaning(lossy=lossy), lambda: _opened(data))


def count_frames(data: bytes, most: int) -> int:
    """Frames of an animated WebP, `most` at most. Raises `Fault`."""
    frames, at = 0, 12
    for _ in range(MOST_CHUNKS):
        if at + 8 > len(data) or frames >= most:
            break
        length = integer(data, at + 4, 4)
        frames += data[at : at + 4] == b"ANMF"
        at += 8 + length + (length & 1)
    return frames


def _first_chunk(data: bytes) -> tuple[int, int, str]:
    kind = data[12:16]
    if kind == b"VP8X":
        alpha = integer(data, 20, 1) & _EXTENDED_ALPHA
        return integer(data, 24, 3) + 1, integer(data, 27, 3) + 1, "RGBA" if alpha else "RGB"
    if kind == b"VP8L" and integer(data, 20, 1) == 0x2F:
        bits = integer(data, 21, 4)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, "RGBA" if bits >> 28 & 1 else "RGB"
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        return integer(data, 26, 2) & 0x3FFF, integer(data, 28, 2) & 0x3FFF, "RGB"
    if len(data) < 30:
        raise Fault("truncated", "it ends inside its header; copy it again from where it came")
    raise Fault("damaged", "it does not start as a WebP must; copy it again from where it came")


def _opened(data: bytes) -> Image.Image:
    from PIL import WebPImagePlugin, features

    if not features.check("webp"):
        raise Fault("unsupported", "this Pillow was built without WebP; install Pillow from its own wheels")
    return WebPImagePlugin.WebPImageFile(BytesIO(data))
