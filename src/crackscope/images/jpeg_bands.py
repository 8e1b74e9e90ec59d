"""A JPEG encoded band by band: Pillow holds four bytes of every pixel that it encodes, 381 MiB of 100 megapixels.

Each band is encoded as a picture of its own, and its coded pixels become an interval between restart markers (ITU-T
T.81, B.2.4.4 and F.1.1.5.1): coding begins anew there, and no block of a JPEG depends on those above it otherwise. So
the picture is, to the pixel, the one that is encoded at once.
"""

import struct
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

BAND_PIXELS = 4 << 20
"""Of what has more, so many are encoded at a time."""
_UNIT_PX = 16
"""Side of what is coded together where colours have half the resolution."""
_MOST_UNITS = 0xFFFF
"""In an interval."""
_FRAME, _SCAN, _FIRST_RESTART = 0xC0, 0xDA, 0xD0
_END = b"\xff\xd9"

Encode = Callable[[NDArray[np.uint8]], bytes]
"""From uint8 [h, w, 3] to a JPEG of one pass with colours of half the resolution; all with the same tables."""


def encoded_in_bands(pixels: NDArray[np.uint8], encode: Encode) -> Iterator[bytes]:
    """A picture, uint8 [h, w, 3], as a JPEG, in pieces; what is in its header beside its size is that of a band."""
    height, width = pixels.shape[:2]
    across = -(-width // _UNIT_PX)
    down = max(1, min(BAND_PIXELS // (across * _UNIT_PX**2), _MOST_UNITS // across))
    if height * width <= BAND_PIXELS or height <= down * _UNIT_PX:
        yield encode(pixels)
        return
    for number, top in enumerate(range(0, height, down * _UNIT_PX)):
        band = encode(pixels[top : top + down * _UNIT_PX])
        frame, scan = _places(band)
        if number:
            coded = scan + 2 + int.from_bytes(band[scan + 2 : scan + 4], "big")
            yield bytes([0xFF, _FIRST_RESTART + (number - 1) % 8]) + band[coded : -len(_END)]
        else:
            whole = band[: frame + 5] + struct.pack(">H", height) + band[frame + 7 : scan]
            yield whole + struct.pack(">HHH", 0xFFDD, 4, down * across) + band[scan : -len(_END)]
    yield _END


def _places(data: bytes) -> tuple[int, int]:
    """Where a JPEG of ours has its frame header and its scan."""
    at, frame = 2, 0
    while data[at + 1] != _SCAN:
        frame = at if data[at + 1] == _FRAME else frame
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return frame, at
