"""Whether the data of a JPEG last until its picture is whole, and no longer.

libjpeg fills up what is missing before the end marker, with flat grey or with an earlier, blurred pass, and only
warns, which Pillow does not pass on. Here it is found out by decoding once more with bytes put before the end marker:
behind a whole picture they are skipped, a broken one goes on with them and so changes. That costs as much as decoding,
so ordinary files (one scan) are only looked at again when their last pixels are the grey that is filled in; whether
they lack their last block alone is told by how far the decoder reads.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image

from crackscope.images.header import integer
from crackscope.images.jpeg_parts import END, SCAN, parts_from

FILLED, FLAT = range(116, 141), 4
"""What is filled in: 128, flat; but colour of what lies before it may run into its edge. Not sure, only suspect."""

BLOCK = 8

SURPLUS = 16
"""So many bytes and more behind the last one that the picture takes are damage; some cameras leave a few."""
LONGEST_FILLING = 1 << 16
"""Zeros and ones at the end are looked for so far back."""

PADDING = b"\xff\0" * 10
"""Ones in place of the end marker, with which an encoder fills its last byte (T.81, F.1.2.3). A Huffman decoder looks
up to 8 bytes ahead; one that wants more has blocks left to decode. Of a single missing one it would make something that
need not be grey: it takes zeros for what is missing, until that block is done."""

_LAST = re.compile(rb"\xff\xd9")
"""Looked for as a pattern, which takes a third of the time of `find`."""
_RESTARTS = re.compile(rb"\xff([\xd0-\xd7])")
_NOISE = bytes(1 + 97 * k % 251 for k in range(256))


@dataclass(frozen=True, slots=True)
class Scan:
    """What one pass over a progressive JPEG brings: of some components the coefficients first..last, down to a bit."""

    components: bytes
    first: int
    last: int
    bit: int


def looks_filled(image: Image.Image) -> bool:
    """Whether the last block of a decoded image may be the flat grey that libjpeg fills up with."""
    width, height = image.size
    pixel = image.getpixel((width - 1, height - 1))
    if any(value not in FILLED for value in (pixel if isinstance(pixel, tuple) else (pixel,))):
        return False
    block = image.crop((BLOCK * ((width - 1) // BLOCK), BLOCK * ((height - 1) // BLOCK), width, height))
    return all(high - low <= FLAT and low in FILLED for low, high in _extremes(block))


def _extremes(image: Image.Image) -> list[tuple[int, int]]:
    return [(min(values), max(values)) for values in (band.tobytes() for band in image.split())]


def last_needed(data: bytes, scan: int, end: int) -> int | None:
    """A place in a JPEG of one scan, whose header lies at `scan`, at which its picture cannot be whole yet.

    It lies SURPLUS bytes before the end marker, which is at `end`, and before zeros and ones that may be filled in
    there. None where there is next to nothing before it. Damage in the middle makes a Huffman decoder read more or
    fewer blocks out of the same bytes: where it has them all by then, what follows was not what it took it for.
    """
    start = max(scan, end - LONGEST_FILLING)
    needed = start + len(data[start:end].rstrip(b"\0\xff")) - SURPLUS
    return needed if needed > scan + 2 * SURPLUS else None


def end_of(data: bytes, scan: int) -> int | None:
    """Where the end marker of a JPEG of one scan is, whose header lies at `scan`; None where there is none."""
    end = _LAST.search(data, scan)
    return end.start() if end else None


def restarts_in_order(data: bytes, scan: int, end: int | None) -> bool:
    """Whether the restart markers of a JPEG of one scan, up to its end marker, count from 0 to 7 and round again (T.81,
    E.1.4)."""
    turns = _RESTARTS.findall(data, scan, len(data) if end is None else end)
    return all(turn[0] == 0xD0 + place % 8 for place, turn in enumerate(turns))


def passes(data: bytes, scan: int) -> tuple[list[Scan], int | None]:
    """The scans from the one whose header lies at `scan`, and where the end marker is, None where there is none.

    Raises `Fault`.
    """
    found: list[Scan] = []
    for part in parts_from(data, scan):
        if part.code == END:
            return found, part.marker
        if part.code == SCAN:
            found.append(_scan(data, part.at))
    return found, None


def _scan(data: bytes, at: int) -> Scan:
    count = integer(data, at + 2, 1)
    components = bytes(integer(data, at + 3 + 2 * number, 1) for number in range(count))
    first, last, bits = (integer(data, at + 3 + 2 * count + number, 1) for number in range(3))
    return Scan(components, first, last, bits & 15)


def passes_missing(scans: Sequence[Scan], components: int, *, progressive: bool) -> bool:
    """Whether scans leave out a component, or of a progressive picture its last bits: all means, lightness details."""
    means = {name for scan in scans if scan.first == 0 and scan.bit == 0 for name in scan.components}
    if len(means) < components:
        return True
    lightness = scans[0].components[:1]
    details = {k for s in scans if lightness in s.components and s.bit == 0 for k in range(s.first, s.last + 1)}
    return progressive and not details.issuperset(range(1, 64))


def changes_with_more(
    image: Image.Image, data: bytes, place: tuple[int, int], decode: Callable[[bytes], Image.Image]
) -> bool:
    """Whether more bytes before the end marker change the picture `image`, which `decode` made of `data`.

    place: where the header of the first scan is, and the end marker.
    """
    begin, end = place
    # By themselves, and behind each of the restart markers, beginning with the one that a decoder would wait for.
    last = max(range(8), key=lambda turn: data.rfind(_restart(turn), begin, end))
    turns = range(last + 1, last + 9) if data.rfind(_restart(last), begin, end) >= 0 else range(8)
    more = _NOISE + b"".join(_restart(turn % 8) + _NOISE for turn in turns)
    return decode(data[:end] + more + data[end:]).tobytes() != image.tobytes()


def _restart(turn: int) -> bytes:
    return bytes((0xFF, 0xD0 + turn))
