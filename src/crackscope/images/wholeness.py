"""Whether a file can be read, found out without decoding it where that is possible."""

import os

from crackscope.errors import ImageError
from crackscope.images.limits import Limits
from crackscope.images.reading import HEAD_BYTES, read, read_header

_JPEG_END, _JPEG_SCAN = b"\xff\xd9", b"\xff\xda"


def seems_whole(path: str, limits: Limits) -> bool:
    """Whether `read` takes a file, as far as its header tells, and of a JPEG its end. Raises nothing.

    PNG and WebP are gone through to their end with their headers. A JPEG that breaks off has the header of a whole one,
    so its end marker is looked for; where that does not show near the end of the file, decoding it tells. A TIFF or a
    BMP that breaks off behind its header, and a picture that is spoilt in the middle, may pass.
    """
    try:
        if read_header(path, limits).format == "JPEG" and not _shows_end(path):
            read(path, limits)
    except (ImageError, OSError):
        return False
    return True


def _shows_end(path: str) -> bool:
    """Whether an end marker is in the last 64 KiB, and no scan begins behind it: then it would be a preview's.

    Motion photos and panoramas may hold more than that behind their end.
    """
    with open(path, "rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - HEAD_BYTES))
        tail = file.read(HEAD_BYTES)
    return tail.rfind(_JPEG_END) > tail.rfind(_JPEG_SCAN)
