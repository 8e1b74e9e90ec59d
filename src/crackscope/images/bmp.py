"""BMP: the header (Windows 2 to 5 and OS/2), with a bound for what Pillow decodes in Python."""

from io import BytesIO

from PIL import BmpImagePlugin

from crackscope.images.faults import Fault
from crackscope.images.header import Header, Meaning, Stored, integer

MOST_PACKED_PIXELS = 4_000_000
"""Run lengths are unpacked by Python code in Pillow: seconds for a few megapixels."""

_HEADERS = (12, 40, 52, 56, 64, 108, 124)
_MODES = {1: "P", 4: "P", 8: "P", 16: "RGB", 24: "RGB", 32: "RGB"}
_RUN_LENGTHS = (1, 2)
_FIELDS = 3


def parse(data: bytes) -> Stored:
    """Parse the header of a BMP. Raises `Fault`."""
    size = integer(data, 14, 4)
    if size not in _HEADERS:
        raise Fault("damaged", f"its header says that it is {size} bytes long, which no BMP has")
    if size == 12:
        width, height, bits, packing = integer(data, 18, 2), integer(data, 20, 2), integer(data, 24, 2), 0
    else:
        width, height = integer(data, 18, 4), integer(data, 22, 4)
        height = 2**32 - height if height >= 2**31 else height
        bits, packing = integer(data, 28, 2), integer(data, 30, 4)
    if bits not in _MODES or packing > _FIELDS:
        raise Fault("unsupported", f"it is a BMP of {bits} bits, packing {packing}; save it as PNG")
    if packing in _RUN_LENGTHS and max(width * height, len(data) // 8) > MOST_PACKED_PIXELS:
        raise Fault(
            "too-large",
            f"it is a BMP with run lengths of {width} x {height} pixels, which would take minutes; save it as PNG",
        )
    header = Header(width, height, "BMP", _MODES[bits])
    return Stored(header, Meaning(), lambda: BmpImagePlugin.BmpImageFile(BytesIO(data)))
