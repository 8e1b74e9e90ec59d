"""JPEG: its markers up to the first scan (ITU-T T.81, annex B), and Pillow's decoder behind them."""

import re
from io import BytesIO

from PIL import ImageFile, JpegImagePlugin

from crackscope.images import exif
from crackscope.images.faults import Fault
from crackscope.images.header import Header, Meaning, Stored, integer

MOST_SEGMENTS = 10_000
MOST_SCANS = 64
"""A progressive file has about ten; each costs a pass over the whole picture, so thousands would be an attack."""

_MARKER = re.compile(rb"\xff([^\x00\xff])", re.DOTALL)
_ALONE = {0x01, *range(0xD0, 0xD9)}
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCA}
_FRAMES_UNKNOWN = {0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF, 0xDE, 0xF7}
_MODES = {1: "L", 3: "RGB", 4: "CMYK"}
_END, _SCAN, _APP1 = 0xD9, 0xDA, 0xE1


class _Jpeg(JpegImagePlugin.JpegImageFile):
    """Pillow's decoder on a header that is parsed already: no second parse, no EXIF warnings, no MPO detour."""

    def __init__(self, data: bytes, header: Header) -> None:
        self._header = header
        super().__init__(BytesIO(data))

    def _open(self) -> None:
        self._size = (self._header.width, self._header.height)
        self._mode = self._header.mode
        rawmode = "CMYK;I" if self.mode == "CMYK" else self.mode
        self.tile = [ImageFile._Tile("jpeg", (0, 0, *self.size), 0, (rawmode, ""))]

    def load_read(self, read_bytes: int) -> bytes:
        """Give the next bytes; the end of the file is an error, whatever LOAD_TRUNCATED_IMAGES says."""
        assert self.fp is not None
        if piece := self.fp.read(read_bytes):
            return piece
        raise OSError("image file is truncated")


def parse(data: bytes) -> Stored:
    """Parse the header of a JPEG. Raises `Fault`."""
    frame: Header | None = None
    turn = 1
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
            return _stored(data, frame, turn, at)
        if code in _FRAMES_UNKNOWN:
            raise Fault("unsupported", "it is a hierarchical or JPEG-LS file; save it as an ordinary JPEG or as PNG")
        if code in _FRAMES:
            if frame is not None:
                raise Fault("damaged", "it has two frame headers; copy it again from where it came")
            frame = _frame(data, at)
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


def _stored(data: bytes, frame: Header | None, turn: int, scan: int) -> Stored:
    if frame is None:
        raise Fault("damaged", "it is a JPEG without a frame header; copy it again from where it came")
    header = Header(frame.width, frame.height, frame.format, frame.mode, turn)
    return Stored(header, Meaning(lossy=True), lambda: _opened(data, header, scan))


def _opened(data: bytes, header: Header, scan: int) -> _Jpeg:
    if data.count(b"\xff\xda", scan) >= MOST_SCANS:
        raise Fault("unsupported", f"it is a JPEG of more than {MOST_SCANS} scans; save it again with any program")
    # Copying that was cut off can leave a file of full length with zeros at its end, which decode as smooth grey.
    if data[-16:] == bytes(16) and data.rfind(b"\xff\xd9", scan) < 0:
        raise Fault("truncated", "its end is filled with zeros; copy it again from where it came")
    return _Jpeg(data, header)
