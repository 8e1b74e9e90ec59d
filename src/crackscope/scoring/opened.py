"""A picture that was read before it is scored."""

import time
from typing import NamedTuple

from crackscope.images import Picture, Source, read


class Opened(NamedTuple):
    """A picture that was read, and the seconds that took."""

    picture: Picture
    seconds: float


def open_picture(source: Source) -> Opened:
    """Read a picture. Raises ImageError when that cannot be done."""
    begin = time.perf_counter()
    picture = read(source)
    return Opened(picture, time.perf_counter() - begin)
