"""What the header of a picture says, and what decoding it needs to know."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crackscope.images.faults import Fault
from crackscope.images.limits import Limits
from crackscope.records import Georeference


@dataclass(frozen=True, slots=True)
class Header:
    """A picture before it is decoded.

    width, height: pixels as stored, before the EXIF turn. format: "JPEG", "PNG", "WEBP", "BMP", "TIFF", "HEIF", or
    "array" and Pillow's own name for what was never a file. mode: Pillow's word for the stored pixels ("L", "RGB", "P",
    "CMYK", "I;16", ...; colour of 16 bits is "RGB;16" and the like). orientation: EXIF, 1 to 8; 1 is upright.
    Of a HEIF file it is the one that stands for the turns in its boxes.
    """

    width: int
    height: int
    format: str
    mode: str
    orientation: int = 1

    @property
    def upright(self) -> tuple[int, int]:
        """Width and height after the EXIF turn, in pixels."""
        return (self.width, self.height) if self.orientation < 5 else (self.height, self.width)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What stored values stand for where the mode does not say it.

    transparency: per palette entry (bytes), or the one value or colour that is transparent. top: the value of full
    white in grey of more than 8 bits; None where the largest of its 16 bits tells. reaches: such a value as the file
    says may be among them, else 0. inverted: 0 is white. lossy: values near 0 may be meant as 0. nodata: the value, or
    nan, that stands where nothing was seen.
    """

    transparency: bytes | int | tuple[int, ...] | None = None
    top: int | None = None
    reaches: int = 0
    inverted: bool = False
    lossy: bool = False
    nodata: float | None = None


@dataclass(frozen=True, slots=True)
class Ground:
    """What a file's georeference says.

    mm_per_px: of its pixels on the ground; None where it does not tell, and `scale_doubt` why. latitude, longitude: of
    the picture's centre, degrees, WGS 84; None where it does not tell, and `place_doubt` why. georeference: where each
    of its pixels lies; None where the centre is not known, and of a picture that is stored turned.
    """

    mm_per_px: float | None = None
    latitude: float | None = None
    longitude: float | None = None
    scale_doubt: str = ""
    place_doubt: str = ""
    georeference: Georeference | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A parsed file: its header, what the values mean, and how to hand it to Pillow (nothing is decoded yet).

    open_mask: hands over the mask of what there is to see, not 0, where the file has one. ground: what a georeference
    says. extent: (width, height) of what is decoded on the way, where that may be more than the picture. turned: the
    decoder turns the picture upright. straight: decodes it past Pillow, to uint8 [h, w, 3] RGB as it is stored; None
    where that is no way for it, and Pillow is to say whether it is whole. small: decodes it as grey of at least so many
    px a side, if it has them, and says how much of that, in its px, it covers: the last row and column may be filled
    only partly; None where that saves nothing. All of these raise whatever `reported_as` knows.
    """

    header: Header
    meaning: Meaning
    open: Callable[[], Image.Image]
    open_mask: Callable[[], Image.Image | None] = lambda: None
    ground: Ground | None = None
    extent: tuple[int, int] | None = None
    turned: bool = False
    straight: Callable[[], NDArray[np.uint8] | None] = lambda: None
    small: Callable[[int], tuple[Image.Image, tuple[float, float]] | None] = lambda _: None

    def check_size(self, limits: Limits, held: float | None) -> None:
        """Raise a `Fault` when more is to be decoded than the limits allow. held: as `Limits.check_size` takes it."""
        limits.check_size(self.header.width, self.header.height, held)
        if self.extent is not None:
            limits.check_size(*self.extent, held)


def integer(data: bytes, offset: int, size: int, *, big: bool = False) -> int:
    """The unsigned integer of `size` bytes at `offset`; a `Fault` of kind truncated where the data ends before."""
    piece = data[offset : offset + size]
    if offset < 0 or len(piece) < size:
        raise Fault("truncated", "it ends inside its header; copy it again from where it came")
    return int.from_bytes(piece, "big" if big else "little")
