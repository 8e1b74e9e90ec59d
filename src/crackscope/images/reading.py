"""Reading pictures: headers, pixels, masks and thumbnails, from any source."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crackscope.images import formats, modes
from crackscope.images.depth import bits_below, nodata_below, white_in, with_lower_bytes
from crackscope.images.faults import Fault, reported_as
from crackscope.images.given import from_array, from_image, hidden_of_array, mask_from_array
from crackscope.images.header import Ground, Header, Meaning, Stored
from crackscope.images.limits import DEFAULT_LIMITS, Limits
from crackscope.images.pages import pages_in
from crackscope.images.sources import Source, name_of, read_bytes
from crackscope.images.squeezing import squeezed
from crackscope.images.unseen import hidden_in

HEAD_BYTES = 1 << 16
_DEEP = ("I;16", "RGB;16", "RGBA;16")
DRAFT = 2
"""A JPEG is decoded for a thumbnail to at least this many pixels a side per pixel of the result."""


@dataclass(frozen=True, slots=True)
class Picture:
    """pixels: uint8 [h, w, 3] RGB after the EXIF turn, C-contiguous, its own memory. name: the path as given, or
    "<bytes>", "<file>", "<array>", "<image>". format: as in `Header`. pages: as `count_pages` counts them. bits: how
    many of 16 bits it uses, as which it was read, where that is not all of them; else 0. hidden: bool [h, w], where the
    file says that nothing was seen; None for nowhere. ground: what the georeference of a GeoTIFF says, else None."""

    pixels: NDArray[np.uint8]
    name: str
    format: str
    pages: int = 1
    bits: int = 0
    hidden: NDArray[np.bool_] | None = None
    ground: Ground | None = None

    @property
    def width(self) -> int:
        """In pixels, upright."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """In pixels, upright."""
        return int(self.pixels.shape[0])


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A decoded image as Pillow has it: not yet turned, not yet flattened."""

    image: Image.Image
    header: Header
    meaning: Meaning
    pages: int = 1
    bits: int = 0
    mask: Image.Image | None = None
    ground: Ground | None = None


def read_header(source: Source, limits: Limits = DEFAULT_LIMITS) -> Header:
    """What the header says, within `limits`; nothing is decoded. Raises `ImageError`, as `read` does.

    Of a path 64 KiB are read where that is enough. A file that is truncated or damaged behind its header may pass.
    """
    with reported_as(name_of(source)):
        if isinstance(source, np.ndarray):
            return from_array(source, limits)[1]
        if isinstance(source, Image.Image):
            return from_image(source, limits, load=False)[0]
        data = read_bytes(source, limits, at_most=HEAD_BYTES)
        try:
            stored = formats.parse(data.content)
        except Fault:
            if data.whole:
                raise
            stored = formats.parse(read_bytes(source, limits).content)
        stored.check_size(limits, _holding(stored.header, len(data.content)) if data.whole else math.inf)
        return stored.header


def read_file(source: Source, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """The bytes of a picture's file, undecoded: for a hash of them, or to be read several times from memory.

    source: a path, bytes, or a binary stream, which is read from where it stands if it cannot go back to its start.
    Raises `ImageError` as `read` does for what is no file, may not be opened, is empty or too large.
    """
    with reported_as(name_of(source)):
        return read_bytes(source, limits).content


def read(source: Source, limits: Limits = DEFAULT_LIMITS) -> Picture:
    """Decode a picture to upright RGB. The package docstring says what is done with each mode.

    Arrays: uint8 or uint16, [h, w] grey, [h, w, 3] RGB, [h, w, 4] RGB and alpha. Files open in binary mode are read
    from their start. Raises `ImageError` and nothing else: kind missing, denied, not-a-picture, unsupported,
    too-large, truncated or damaged.
    """
    name = name_of(source)
    with reported_as(name):
        if isinstance(source, np.ndarray):
            pixels, header, bits = from_array(source, limits)
            return Picture(pixels, name, header.format, bits=bits, hidden=hidden_of_array(source))
        if isinstance(source, Image.Image):
            return _shown(_handed(source, limits), name)
        content, stored = _parsed(source, limits)
        straight = stored.straight()
        if straight is None:
            return _shown(_decoded(content, stored, masked=True), name)
        pixels = modes.turned_over(straight, stored.header.orientation)
        return Picture(pixels, name, stored.header.format, pages_in(content))


def _shown(loaded: _Loaded, name: str) -> Picture:
    """What Pillow decoded, upright and flat."""
    turn, image = loaded.header.orientation, modes.flattened(loaded.image, loaded.meaning)
    hidden = hidden_in(loaded.image, image, loaded.meaning, loaded.mask)
    if hidden is not None:
        hidden = modes.turned_flags(hidden, turn)
    pixels = modes.to_rgb(modes.turned(image, turn))
    return Picture(pixels, name, loaded.header.format, loaded.pages, loaded.bits, hidden, loaded.ground)


def read_mask(
    source: Source, size: tuple[int, int] | None = None, limits: Limits = DEFAULT_LIMITS
) -> NDArray[np.bool_]:
    """A crack mask as bool [h, w], upright: True where the picture is not black and not wholly transparent.

    Stored values count, not greys scaled to 8 bits, so 1 of 65,535 is a crack too; colours of 16 bits count as they are
    read. What is transparent by one value or colour is sound. Lossy files (JPEG) leave noise
    around black: there True is half of white and more. Arrays may be bool or of any integer type. `size`: (width,
    height) that the mask must have. Raises `ImageError`: as `read`, and damaged where the size differs.
    """
    with reported_as(name_of(source)):
        if isinstance(source, np.ndarray):
            mask = mask_from_array(source, limits)
        else:
            loaded = _load(source, limits)
            mask = modes.turned_flags(modes.to_mask(loaded.image, loaded.meaning), loaded.header.orientation)
        height, width = mask.shape
        if size is not None and (width, height) != tuple(size):
            raise Fault(
                "damaged",
                f"the mask is {width} x {height} pixels, its picture {size[0]} x {size[1]}; draw it on that picture",
            )
        return mask


def read_thumbnail(source: Source, side: int, limits: Limits = DEFAULT_LIMITS) -> NDArray[np.uint8]:
    """The whole picture as uint8 [side, side] grey: upright, squeezed to a square by averaging areas.

    Of a JPEG only as much is computed as the size needs (its transform at 1/2, 1/4 or 1/8), so values differ by a
    few levels from those of the same pixels given as an array. Raises `ImageError` as `read` does.
    """
    if side < 1:
        raise ValueError(f"a thumbnail has at least 1 pixel a side, not {side}")
    with reported_as(name_of(source)):
        image, extent, turn = _image_for(source, DRAFT * side, limits)
        grey = image if image.mode == "L" else image.convert("L")
        return modes.to_array(modes.turned(Image.fromarray(squeezed(grey, side, extent)), turn))


def _image_for(source: Source, least: int, limits: Limits) -> tuple[Image.Image, tuple[float, float], int]:
    """What a thumbnail is made of, of at least so many px a side if there are, how much of it the picture covers, and
    how it is turned."""
    if isinstance(source, np.ndarray):
        image = Image.fromarray(from_array(source, limits)[0])
        return image, image.size, 1
    if isinstance(source, Image.Image):
        loaded = _handed(source, limits)
    else:
        content, stored = _parsed(source, limits)
        if small := stored.small(least):
            return *small, stored.header.orientation
        straight = stored.straight()
        if straight is not None:
            image = Image.fromarray(straight)
            return image, image.size, stored.header.orientation
        loaded = _decoded(content, stored)
    image = modes.flattened(loaded.image, loaded.meaning)
    return image, image.size, loaded.header.orientation


def _holding(header: Header, count: int) -> float:
    """The bytes of a file that bound its pixels; other formats than these pack empty ones into next to nothing."""
    return count if header.format in ("PNG", "JPEG") else math.inf


def _load(source: Source, limits: Limits) -> _Loaded:
    return _handed(source, limits) if isinstance(source, Image.Image) else _decoded(*_parsed(source, limits))


def _handed(image: Image.Image, limits: Limits) -> _Loaded:
    header, meaning = from_image(image, limits, load=True)
    return _settled(_Loaded(image, header, meaning))


def _parsed(source: Source, limits: Limits) -> tuple[bytes, Stored]:
    """A file's bytes, and what its header says, within `limits`."""
    content = read_bytes(source, limits).content
    stored = formats.parse(content)
    stored.check_size(limits, _holding(stored.header, len(content)))
    return content, stored


def _decoded(content: bytes, stored: Stored, *, masked: bool = False) -> _Loaded:
    header, image = stored.header, stored.open()
    if stored.turned:
        header = replace(header, width=header.upright[0], height=header.upright[1], orientation=1)
    if image.size != (header.width, header.height):
        raise Fault("damaged", "it gives two different sizes; copy it again from where it came")
    image.load()
    mask = stored.open_mask() if masked else None
    if mask is not None:
        mask.load()
    loaded = _Loaded(image, header, stored.meaning, pages_in(content), mask=mask, ground=stored.ground)
    return _settled(loaded, stored.open)


def _settled(loaded: _Loaded, again: Callable[[], Image.Image] | None = None) -> _Loaded:
    """With the value of white where the header leaves it to the pixels. again: opens a file of deep colours."""
    image, meaning = loaded.image, loaded.meaning
    if meaning.top is not None or not loaded.header.mode.startswith(_DEEP):
        return loaded
    white = white_in(image, meaning)
    bits = bits_below(white)
    if image.mode.startswith("I"):
        return replace(loaded, meaning=replace(meaning, top=white), bits=bits)
    if again is not None:
        image = with_lower_bytes(image, white, again)
    meaning = replace(meaning, top=white, nodata=nodata_below(meaning.nodata, white))
    return replace(loaded, image=image, meaning=meaning, bits=bits)
