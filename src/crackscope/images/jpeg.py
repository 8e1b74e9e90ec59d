"""JPEG: what its header says, and the ways to decode it: straight, or carefully by Pillow's decoder."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, JpegImagePlugin

from crackscope.images import exif, jpeg_ends
from crackscope.images.faults import Fault
from crackscope.images.header import Header, Meaning, Stored, integer
from crackscope.images.jpeg_parts import FRAMES, SCAN, header_parts
from crackscope.images.jpeg_straight import decoded_straight, shrunk_straight
from crackscope.images.jpeg_warnings import warned_of_damage

MOST_SCANS = 64
"""A progressive file has about ten; each costs a pass over the whole picture, so thousands would be an attack."""

_SCANS = re.compile(rb"\xff\xda")
"""Looked for as a pattern, which takes a third of the time of `count`."""
_PROGRESSIVE, _ARITHMETIC = {0xC2, 0xCA}, {0xC9, 0xCA}
_FRAMES_UNKNOWN = {0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF, 0xDE, 0xF7}
_MODES = {1: "L", 3: "RGB", 4: "CMYK"}
_APP1 = 0xE1
_BREAKS_OFF = "it breaks off before its end; copy it again from where it came"


@dataclass(frozen=True, slots=True)
class _Coded:
    """How a picture is coded, and where the header of its first scan lies."""

    scan: int
    progressive: bool
    arithmetic: bool

    def in_one_pass(self, data: bytes, mode: str) -> bool:
        """Whether its first scan holds all components of a picture of that mode, whole."""
        return not self.progressive and integer(data, self.scan + 2, 1) == Image.getmodebands(mode)

    def too_many_scans(self, data: bytes) -> bool:
        """Whether there are more than are decoded, as far as bytes tell that look like one. Behind a picture of one
        pass they are something else's, a film's say."""
        return len(list(islice(_SCANS.finditer(data, self.scan), MOST_SCANS))) == MOST_SCANS

    def lacks(self, scans: Sequence[jpeg_ends.Scan], mode: str) -> bool:
        """Whether these scans leave out something of a picture of that mode."""
        return jpeg_ends.passes_missing(scans, Image.getmodebands(mode), progressive=self.progressive)


class _Jpeg(JpegImagePlugin.JpegImageFile):
    """Pillow's decoder on a header that is parsed already: no second parse, no EXIF warnings, no MPO detour."""

    def __init__(self, data: bytes, header: Header, coded: _Coded) -> None:
        self._header = header
        self._coded = coded
        self._data = data
        self._waits_at: int | None = None
        self._ends_at: int | None = None
        super().__init__(BytesIO(data))

    def _open(self) -> None:
        self._size = (self._header.width, self._header.height)
        self._mode = self._header.mode
        rawmode = "CMYK;I" if self.mode == "CMYK" else self.mode
        self.tile = [ImageFile._Tile("jpeg", (0, 0, *self.size), 0, (rawmode, ""))]

    def load_read(self, read_bytes: int) -> bytes:
        """Give the next bytes; the end of the file is an error, whatever LOAD_TRUNCATED_IMAGES says.

        In place of the end marker stands padding where `_ends_at` is known: who wants more than that lacks a block.
        """
        assert self.fp is not None
        at = self.fp.tell()
        if self._waits_at is not None and at < self._waits_at:
            read_bytes = min(read_bytes, self._waits_at - at)
        else:
            self._waits_at = None
        if self._ends_at is not None and at + read_bytes >= self._ends_at:
            if at == self._ends_at:
                raise Fault("truncated", _BREAKS_OFF)
            return self.fp.read(self._ends_at - at) + jpeg_ends.PADDING
        if piece := self.fp.read(read_bytes):
            return piece
        raise OSError("image file is truncated")

    def load(self) -> Any:
        """Decode it. Raises `Fault` where the picture breaks off before its end marker, or is whole long before it, and
        where libjpeg warns of damage."""
        waiting = bool(self.tile)
        if waiting and self._one_pass() and not self._coded.arithmetic:
            scan, end = self._coded.scan, jpeg_ends.end_of(self._data, self._coded.scan)
            if not jpeg_ends.restarts_in_order(self._data, scan, end):
                raise Fault("damaged", "parts of it are missing or swapped; copy it again from where it came")
            self._waits_at = None if end is None else jpeg_ends.last_needed(self._data, scan, end)
            self._ends_at = end
        access = super().load()
        if self._waits_at is not None:
            # Nobody asked for the rest.
            raise Fault("damaged", "it holds more than its size takes; copy it again from where it came")
        if waiting and self._breaks_off():
            raise Fault("truncated", _BREAKS_OFF)
        if waiting and warned_of_damage(self._data, self._coded.scan):
            raise Fault("damaged", "parts of it are spoilt; copy it again from where it came")
        return access

    def drafted(self, least: int) -> tuple[Image.Image, tuple[float, float]]:
        """As grey at the largest of 1/1, 1/2, 1/4 and 1/8 that leaves `least` px a side, and how much of that it
        covers; without asking whether it is whole."""
        drawn = self.draft("L", (least, least))
        JpegImagePlugin.JpegImageFile.load(self)
        return self, drawn[1][2:] if drawn else self.size

    def _one_pass(self) -> bool:
        return self._coded.in_one_pass(self._data, self._header.mode)

    def _breaks_off(self) -> bool:
        coded = self._coded
        # An arithmetic coder may leave out zeros at its end: there more bytes change a whole picture too.
        if coded.arithmetic:
            return False
        if self._one_pass() and not jpeg_ends.looks_filled(self):
            return False
        scans, end = jpeg_ends.passes(self._data, coded.scan)
        if coded.lacks(scans, self._header.mode):
            return True
        if end is None:
            return False
        place = coded.scan, end
        return jpeg_ends.changes_with_more(self, self._data, place, self._again)

    def _again(self, data: bytes) -> Image.Image:
        """Other data decoded as this picture."""
        other = _Jpeg(data, self._header, self._coded)
        JpegImagePlugin.JpegImageFile.load(other)
        return other


def parse(data: bytes) -> Stored:
    """Parse the header of a JPEG. Raises `Fault`."""
    frame: Header | None = None
    process, turn = 0, 1
    for code, _, at, until in header_parts(data):
        if code == SCAN:
            if frame is None:
                raise Fault("damaged", "it is a JPEG without a frame header; copy it again from where it came")
            return _stored(data, frame, turn, _Coded(at, process in _PROGRESSIVE, process in _ARITHMETIC))
        if code in _FRAMES_UNKNOWN:
            raise Fault("unsupported", "it is a hierarchical or JPEG-LS file; save it as an ordinary JPEG or as PNG")
        if code in FRAMES:
            if frame is not None:
                raise Fault("damaged", "it has two frame headers; copy it again from where it came")
            frame, process = _frame(data, at), code
        elif code == _APP1 and turn == 1 and data[at + 2 : at + 8] == b"Exif\0\0":
            turn = exif.orientation(data[at + 8 : until])
    raise Fault("damaged", "it is a JPEG without a picture in it")


def _frame(data: bytes, at: int) -> Header:
    bits, parts = integer(data, at + 2, 1), integer(data, at + 7, 1)
    height, width = integer(data, at + 3, 2, big=True), integer(data, at + 5, 2, big=True)
    if bits != 8:
        raise Fault("unsupported", f"it is a JPEG of {bits} bits a sample; save it as PNG or TIFF")
    if parts not in _MODES:
        raise Fault("unsupported", f"it is a JPEG of {parts} components; save it as PNG or TIFF")
    if height == 0:
        raise Fault("unsupported", "it is a JPEG that does not give its height; save it again with any program")
    return Header(width, height, "JPEG", _MODES[parts])


def _stored(data: bytes, frame: Header, turn: int, coded: _Coded) -> Stored:
    header = Header(frame.width, frame.height, frame.format, frame.mode, turn)
    return Stored(
        header,
        Meaning(lossy=True),
        lambda: _opened(data, header, coded),
        straight=lambda: _straight(data, header, coded),
        small=lambda least: _small(data, header, coded, least),
    )


def _straight(data: bytes, header: Header, coded: _Coded) -> NDArray[np.uint8] | None:
    # CMYK is turned to RGB by Pillow; of a pass that is missing nothing warns.
    if header.mode == "CMYK" or not _all_passes(data, header, coded):
        return None
    return decoded_straight(data, header.width, header.height)


def _small(data: bytes, header: Header, coded: _Coded, least: int) -> tuple[Image.Image, tuple[float, float]] | None:
    # Of several passes the last would not show.
    if header.mode == "CMYK" or not coded.in_one_pass(data, header.mode):
        return None
    divisor = next((times for times in (8, 4, 2) if times * least <= min(header.width, header.height)), 1)
    grey = shrunk_straight(data, header.width, header.height, divisor)
    if grey is not None:
        return Image.fromarray(grey), (header.width / divisor, header.height / divisor)
    _opened(data, header, coded).load()
    return _Jpeg(data, header, coded).drafted(least)


def _all_passes(data: bytes, header: Header, coded: _Coded) -> bool:
    """Whether none of the passes over a picture is missing, nor are there more than are decoded."""
    if coded.in_one_pass(data, header.mode):
        return True
    if coded.too_many_scans(data):
        return False
    try:
        scans, _ = jpeg_ends.passes(data, coded.scan)
    except Fault:
        return False
    return not coded.lacks(scans, header.mode)


def _opened(data: bytes, header: Header, coded: _Coded) -> _Jpeg:
    if not coded.in_one_pass(data, header.mode) and coded.too_many_scans(data):
        raise Fault("unsupported", f"it is a JPEG of more than {MOST_SCANS} scans; save it again with any program")
    # Copying that was cut off can leave a file of full length with zeros at its end, which decode as smooth grey.
    if data[-16:] == bytes(16) and data.rfind(b"\xff\xd9", coded.scan) < 0:
        raise Fault("truncated", "its end is filled with zeros; copy it again from where it came")
    return _Jpeg(data, header, coded)
