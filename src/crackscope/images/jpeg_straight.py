"""A JPEG decoded straight to RGB in NumPy, by TurboJPEG, where libjpeg has nothing to say against it.

Pillow gives every pixel four bytes and is then copied from, which takes twice the time and the memory of decoding. Its
libjpeg fills up what is missing and only warns, which Pillow does not pass on; TurboJPEG tells of the first warning.
So a file without any is whole, and one with any is left to Pillow and to what we look for ourselves (`jpeg_ends`).
"""

import numpy as np
import simplejpeg
from numpy.typing import NDArray


def decoded_straight(data: bytes, width: int, height: int) -> NDArray[np.uint8] | None:
    """A JPEG of grey or of three components as uint8 [height, width, 3] RGB as it is stored: the values that Pillow
    gives. None where libjpeg warns of anything, or finds another size: what it is worth is for others to say."""
    pixels = np.empty((height, width, 3), np.uint8)
    try:
        found = simplejpeg.decode_jpeg(data, "RGB", buffer=pixels, strict=True)
    except ValueError:
        return None
    return pixels if found.shape == pixels.shape else None
