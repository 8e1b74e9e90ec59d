"""How many pages or frames a file holds, counted by what leads to them; none is decoded.

The first alone is ever judged (see the package), so whoever gives a scan of three pages must hear of the other two.
The further JPEGs in a phone's MPO show the same scene (previews, depth, gain): they are no pages, nor are those
in HEIF.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image

from crackscope.images import png, webp
from crackscope.images.faults import Fault
from crackscope.images.heif_boxes import is_heif
from crackscope.images.heif_metadata import count_pictures
from crackscope.images.limits import DEFAULT_LIMITS
from crackscope.images.sources import Source, read_bytes
from crackscope.images.tiff_tags import count_directories
from crackscope.records import MOST_PAGES

_HEAD = 1 << 12
_FLAGS_AT, _ANIMATED = 20, 0x02
"""Where the flags of a WebP stand, and the bit of them that says so (RFC 9649, section 2.7)."""


def count_pages(source: Source) -> int:
    """Pages of a TIFF, frames of an animated PNG or WebP, pictures in a HEIF file: at least 1, at most `MOST_PAGES`.

    Smaller versions and masks of a page are none of their own. Whatever else there is has one: other formats, arrays,
    Pillow images, and what cannot be read. Where all files of a format have one, 4 KiB are read. Raises nothing for
    what a file holds.
    """
    if isinstance(source, np.ndarray | Image.Image):
        return 1
    try:
        head = read_bytes(source, DEFAULT_LIMITS, at_most=_HEAD)
        if _counter(head.content) is None:
            return 1
        return pages_in(head.content if head.whole else read_bytes(source, DEFAULT_LIMITS).content)
    except Fault:
        return 1


def pages_in(content: bytes) -> int:
    """Pages of a whole file that is held in memory, as `count_pages` counts them."""
    count = _counter(content[:_HEAD])
    try:
        return max(1, count(content, MOST_PAGES)) if count else 1
    except Fault:
        return 1


def _counter(head: bytes) -> Callable[[bytes, int], int] | None:
    """What counts the pages of a file that begins so; None where it has one."""
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0"):
        return count_directories
    if head.startswith(png.SIGNATURE) and b"acTL" in head:
        return png.count_frames
    if head[8:16] == b"WEBPVP8X" and len(head) > _FLAGS_AT and head[_FLAGS_AT] & _ANIMATED:
        return webp.count_frames
    if is_heif(head):
        return count_pictures
    return None
