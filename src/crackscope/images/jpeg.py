"""JPEG: its markers up to the first scan (ITU-T T.81, annex B), and Pillow's decoder behind them."""

import re
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
from crackscope.images.jpeg_straight import decoded_straight

MOST_SEGMENTS = 10_000
MOST_SCANS = 64
"""A progressive file has about ten; each costs a pass over the whole picture, so thousands would be an attack."""

_MARKER = re.compile(rb"\xff([^\x00\xff])", re.DOTALL)
_SCANS = re.compile(rb"\xff\xda")
"""Looked for as a pattern, which takes a third of the time of `count`."""
_ALONE = {0x01, *range(0xD0, 0xD9)}
_PROGRESSIVE, _ARITHMETIC = {0xC2, 0xCA}, {0xC9, 0xCA}
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCA}
_FRAMES_UNKNOWN = {0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF, 0xDE, 0xF7}
_MODES = {1: "L", 3: "RGB", 4: "CMYK"}
_END, _SCAN, _APP1 = 0xD9, 0xDA, 0xE1
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
        """Decode it. Raises `Fault` where the picture breaks off before its end marker, or is whole long before it."""
        waiting = list(self.tile)
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
        if waiting and self._breaks_off(waiting):
            raise Fault("truncated", _BREAKS_OFF)
        return access

    def draft(self, mode: str | None, size: tuple[int, int] | None) -> tuple[str, tuple[int, int, float, float]] | None:
        """Ask for a smaller picture, as Pillow does; not of several passes, the last of which it would not show."""
        return super().draft(mode, size) if self._one_pass() else None

    def _one_pass(self) -> bool:
        return self._coded.in_one_pass(self._data, self._header.mode)

    def _breaks_off(self, tiles: list[ImageFile._Tile]) -> bool:
        coded = self._coded
        # An arithmetic coder may leave out zeros at its end: there more bytes change a whole picture too.
        if coded.arithmetic:
            return False
        if self._one_pass() and not jpeg_ends.looks_filled(self):
            return False
        components = Image.getmodebands(self._header.mode)
        scans, end = jpeg_ends.passes(self._data, coded.scan)
        if jpeg_ends.passes_missing(scans, components, progressive=coded.progressive):
            return True
        if end is None:
            return False
        place = coded.scan, end
        return jpeg_ends.changes_with_more(self, self._data, place, lambda data: self._again(data, tiles))

    def _again(self, data: bytes, tiles: list[ImageFile._Tile]) -> Image.Image:
        """Other data decoded at the size that `draft` chose for this picture."""
        other = _Jpeg(data, self._header, self._coded)
        other._size, other._mode, other.decoderconfig = self.size, self.mode, self.decoderconfig
        other.tile = tiles
        JpegImagePlugin.JpegImageFile.load(other)
        return other


def parse(data: bytes) -> Stored:
    """Parse the header of a JPEG. Raises `Fault`."""
    frame: Header | None = None
    process, turn = 0, 1
    at = 2
    for _ in range(MOST_SEGMENTS):
        marker = _MARKER.search(data, at)
        if marker is None:
            raise Fault("truncated", "it ends inside its header; copy it again from where it came")
        code, at = marker[1][0], marker.end()
        if code in _ALONE:
            continue
        if code == _END:
            raise Fault("damaged", "it is a JPEG without a picture in it")
        length = integer(data, at, 2, big=True)
        if code == _SCAN:
            if frame is None:
                raise Fault("damaged", "it is a JPEG without a frame header; copy it again from where it came")
            return _stored(data, frame, turn, _Coded(at, process in _PROGRESSIVE, process in _ARITHMETIC))
        if code in _FRAMES_UNKNOWN:
            raise Fault("unsupported", "it is a hierarchical or JPEG-LS file; save it as an ordinary JPEG or as PNG")
        if code in _FRAMES:
            if frame is not None:
                raise Fault("damaged", "it has two frame headers; copy it again from where it came")
            frame, process = _frame(data, at), code
        elif code == _APP1 and turn == 1 and data[at + 2 : at + 8] == b"Exif\0\0":
            turn = exif.orientation(data[at + 8 : at + length])
        at += max(length, 2)
    raise Fault("damaged", f"its header has more than {MOST_SEGMENTS} parts")


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
    )


def _straight(data: bytes, header: Header, coded: _Coded) -> NDArray[np.uint8] | None:
    # Of several passes any may be missing without a warning; CMYK is turned to RGB by Pillow.
    if coded.arithmetic or header.mode == "CMYK" or not coded.in_one_pass(data, header.mode):
        return None
    return decoded_straight(data, header.width, header.height)


def _opened(data: bytes, header: Header, coded: _Coded) -> _Jpeg:
    if len(list(islice(_SCANS.finditer(data, coded.scan), MOST_SCANS))) == MOST_SCANS:
        raise Fault("unsupported", f"it is a JPEG of more than {MOST_SCANS} scans; save it again with any program")
    # Copying that was cut off can leave a file of full length with zeros at its end, which decode as smooth grey.
    if data[-16:] == bytes(16) and data.rfind(b"\xff\xd9", coded.scan) < 0:
        raise Fault("truncated", "its end is filled with zeros; copy it again from where it came")
    return _Jpeg(data, header, coded)
