"""What libjpeg says against the coded data of a JPEG that it decodes all the same.

It goes on behind whatever makes no sense, and only warns. Damage between two restart markers, or in one of several
passes, seldom leaves anything missing or left over at the end: there its warning is the only sign. Some whole files
make it warn, too: of an odd header, of a few bytes too many, of no end marker. TurboJPEG tells of the first warning
alone, so it is asked about a copy that lacks what is harmless, and behind a few bytes too many about the rest.
"""

import re
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import simplejpeg

from crackscope.images.faults import Fault
from crackscope.images.header import integer
from crackscope.images.jpeg_ends import LONGEST_FILLING, SURPLUS
from crackscope.images.jpeg_parts import END, FRAMES, RESTARTS, SCAN, Part, header_parts, parts_from

MOST_PASSES = 16
"""A progressive file has about ten. Asked about one after the other, each costs as much as all before it."""
MOST_SIDE = 65_500
"""What libjpeg decodes."""

_SURE = re.compile(r"premature end of data segment|bad (Huffman|arithmetic) code|found marker \S+ instead of RST")
_EXTRANEOUS = re.compile(r"(\d+) extraneous bytes before marker 0x(\w\w)")
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_WORDS = {*range(0xE0, 0xF0), 0xFE}
"""Markers of parts that decoding does not take: APPn, COM."""
_BEGINNING, _ENDING = b"\xff\xd8", b"\xff\xd9"
_BLOCK = 8
"""Pixels a side."""


@dataclass(frozen=True, slots=True)
class _Pass:
    """What belongs to one scan, without words. head: tables, and its header. coded: its data. filling: how many bytes
    at their end are none of the picture's and no harm: of the last pass zeros and ones, or all where no marker says
    where the data end."""

    head: bytes
    coded: memoryview
    filling: int


def warned_of_damage(data: bytes, scan: int) -> bool:
    """Whether libjpeg warns of what whole files do not have. scan: where the header of the first one lies.

    Never where TurboJPEG does not decode: of samplings that it has no name for (4:1:0) nothing is told.
    """
    header = [part for part in header_parts(data) if part.code not in _WORDS and part.code != SCAN]
    passes = _passes(data, scan)
    if not passes:
        return False
    tables = b"".join(data[part.marker : part.until] for part in header)
    said = _first_warning(tables, *(piece for one in passes for piece in (one.head, one.coded)))
    if _is_sure(said, passes[-1].filling) or not _EXTRANEOUS.search(said):
        return _is_sure(said, passes[-1].filling)
    # What there is to say behind a few bytes too many was not told.
    if len(passes) > MOST_PASSES:
        return False
    further = _said_by_pass(tables, passes) if len(passes) > 1 else _said_by_stretch(data, header, passes[0])
    return any(_is_sure(said, filling) for said, filling in further)


def _is_sure(said: str, filling: int) -> bool:
    """Whether a warning is a sign of damage. filling: as of the `_Pass` that it is about."""
    found = _EXTRANEOUS.search(said)
    if found is None:
        return _SURE.search(said) is not None
    return int(found[1]) - (filling if _left_at_end(said) else 0) >= SURPLUS


def _left_at_end(said: str) -> int:
    """How many bytes before the end marker are too many."""
    found = _EXTRANEOUS.search(said)
    return int(found[1]) if found and int(found[2], 16) == END else 0


def _first_warning(*pieces: bytes | bytearray | memoryview) -> str:
    """Of a JPEG but for the markers at its ends: "" for none. What makes decoding impossible is told in the same way.

    At an eighth of its size it costs least, and all coded data are read for it.
    """
    try:
        simplejpeg.decode_jpeg(b"".join((_BEGINNING, *pieces, _ENDING)), "GRAY", min_height=1, min_width=1, strict=True)
    except ValueError as error:
        return str(error)
    return ""


def _passes(data: bytes, scan: int) -> list[_Pass]:
    parts: list[Part] = []
    with suppress(Fault):
        parts.extend(parts_from(data, scan))
    passes, head = [], b""
    ends = [*(part.marker for part in parts[1:]), len(data)]
    for part, end in zip(parts, ends, strict=True):
        if part.code == SCAN:
            coded = memoryview(data)[part.until : end]
            filling = len(coded) if part is parts[-1] else 0
            passes.append(_Pass(head + data[part.marker : part.until], coded, filling))
            head = b""
        elif part.code != END:
            head += data[part.until if part.code in _WORDS else part.marker : end]
    if passes and not passes[-1].filling:
        tail = bytes(passes[-1].coded[-LONGEST_FILLING:])
        passes[-1] = replace(passes[-1], filling=len(tail) - len(tail.rstrip(b"\0\xff")))
    return passes


def _said_by_pass(tables: bytes, passes: list[_Pass]) -> Iterator[tuple[str, int]]:
    """The first warning up to the end of each pass, once the bytes too many behind those before it are gone; and its
    filling."""
    so_far = bytearray(tables)
    for one in passes:
        so_far += one.head + one.coded
        said = _first_warning(so_far)
        yield said, one.filling
        del so_far[len(so_far) - _left_at_end(said) :]


def _said_by_stretch(data: bytes, header: list[Part], one: _Pass) -> Iterator[tuple[str, int]]:
    """The first warning of each stretch between restart markers of the only pass, and its filling. Nothing in a stretch
    hangs on what is before it: it is coded as a picture with one row of as many groups of blocks."""
    every = [integer(data, part.at + 2, 2, big=True) for part in header if part.code == RESTARTS]
    frame = next(data[part.marker : part.until] for part in header if part.code in FRAMES)
    rest = b"".join(data[part.marker : part.until] for part in header if part.code not in FRAMES)
    height, width, count = struct.unpack(">HHB", frame[5:10])
    sides = [(sampling >> 4, sampling & 15) for sampling in frame[11 : 10 + 3 * count : 3]]
    across, down = (_BLOCK * max(side) for side in zip(*sides, strict=True)) if count > 1 else (_BLOCK, _BLOCK)
    left = -(-width // across) * -(-height // down)
    if not every or not 0 < every[-1] * across <= MOST_SIDE:
        return
    for stretch in _RESTART.split(one.coded):
        groups = min(left, every[-1])
        if groups <= 0:
            return
        left -= groups
        shape = frame[:5] + struct.pack(">HH", down, groups * across) + frame[9:]
        yield _first_warning(rest, shape, one.head, stretch), 0 if left else one.filling
