"""A JPEG decoded straight to NumPy, by TurboJPEG, where libjpeg has nothing to say against it.

Pillow gives every pixel four bytes and is then copied from, which takes twice the time and the memory of decoding. Its
libjpeg fills up what is missing and only warns, which Pillow does not pass on; TurboJPEG tells of the first warning.
So a file without any is whole, if no pass is missing, and one with any is left to Pillow, to what we look for ourselves
(`jpeg_ends`), and to what the warnings say (`jpeg_warnings`).
"""

from typing import Literal

import numpy as np
import simplejpeg
from numpy.typing import NDArray


def decoded_straight(data: bytes, width: int, height: int) -> NDArray[np.uint8] | None:
    """A JPEG of grey or of three components as uint8 [height, width, 3] RGB as it is stored: the values that Pillow
    gives. None where libjpeg warns of anything, or finds another size: what it is worth is for others to say."""
    return _decoded(data, "RGB", np.empty((height, width, 3), np.uint8))


def shrunk_straight(data: bytes, width: int, height: int, divisor: int) -> NDArray[np.uint8] | None:
    """The same as uint8 [h, w] grey at 1/1, 1/2, 1/4 or 1/8 of its size, rounded up: all of its coded data are read,
    but only as much computed as that takes, to the values of Pillow's draft."""
    found = _decoded(data, "GRAY", np.empty((-(-height // divisor), -(-width // divisor), 1), np.uint8))
    return None if found is None else found[:, :, 0]


def _decoded(data: bytes, colours: Literal["RGB", "GRAY"], into: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    height, width, _ = into.shape
    try:
        found = simplejpeg.decode_jpeg(data, colours, min_height=height, min_width=width, buffer=into, strict=True)
    except ValueError:
        return None
    return into if found.shape == into.shape else None
