"""16 bits to 8, where cameras and scanners of 10, 12 or 14 bits fill only the lowest ones.

A file may say how large its values can be (TIFF 6.0, MaxSampleValue and SMaxSampleValue; PNG, sBIT). Few that leave
bits empty do, and what others say is of other bits, so it may only raise what the largest value shows.
"""

import sys
from collections.abc import Callable, Iterable
from functools import cache
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from crackscope.images.header import Meaning
from crackscope.images.unseen import is_nothing

FULL = 65_535
_LEAST_BITS, _MOST_BITS = 10, 14
"""Fewer bits may as well be the noise of a black picture of 16, which stays black; no camera gives 15."""
_LEAST_DECLARED = 255

_OTHER_BYTE = {"L": "B", "B": "L", "N": "B" if sys.byteorder == "little" else "L"}
"""Of colours of 16 bits Pillow keeps the upper byte: it finds the lower one when told the wrong order of bytes."""


def reach(declared: Iterable[object], *, inverted: bool = False) -> int:
    """The largest value of 16 bits that a file may hold by what it declares, for `Meaning`: 0 where it says nothing."""
    most = max((value for value in declared if isinstance(value, int)), default=0)
    if most > 0:
        return min(max(most, _LEAST_DECLARED), FULL)
    # Where 0 is white the largest value is only the darkest that the scene has.
    return FULL if inverted else 0


def white_of(largest: int, reaches: int = 0) -> int:
    """The value of white in 16 bits of which the largest is `largest`: 2^n - 1 for n of 8 to 14, or 65,535."""
    bits = max(largest, reaches).bit_length()
    return 2**bits - 1 if bits <= _MOST_BITS and (reaches or bits >= _LEAST_BITS) else FULL


def bits_below(white: int) -> int:
    """How many of 16 bits are used where `white` is white; 0 for all of them."""
    return 0 if white == FULL else white.bit_length()


def white_in(image: Image.Image, meaning: Meaning) -> int:
    """The value of white in a decoded image of 16 bits: all of them of grey, of colours the upper bytes."""
    if image.mode.startswith("I;16"):
        values = np.asarray(image)
        key = meaning.transparency if meaning.nodata is None else meaning.nodata
        counted = values != key if isinstance(key, int | float) else True
        return white_of(int(values.max(initial=0, where=counted)), meaning.reaches)
    if meaning.nodata is None:
        return white_of(max(_highest(image)[:3]), meaning.reaches)
    upper = np.asarray(image)[..., :3]
    counted = ~is_nothing(upper, int(meaning.nodata) >> 8).all(2, keepdims=True)
    return white_of(int(upper.max(initial=0, where=counted)) << 8 | 255, meaning.reaches)


def nodata_below(nodata: float | None, white: int) -> float | None:
    """What the value for nothing in colours of 16 bits becomes in 8."""
    if nodata is None:
        return None
    return int(scaled_16(np.array(nodata, np.uint16), white))


def _highest(image: Image.Image) -> list[int]:
    """Of each band the largest value there may be, by the upper bytes: it has as many bits as the largest there is."""
    extrema = cast("tuple[tuple[int, int], ...]", image.getextrema())
    return [high << 8 | 255 for _, high in extrema]


@cache
def _scale(top: int, inverted: bool) -> NDArray[np.uint8]:
    steps = np.minimum(np.arange(65_536, dtype=np.uint32), top)
    scaled = ((steps * 255 + top // 2) // top).astype(np.uint8)
    return 255 - scaled if inverted else scaled


def scaled_16(values: NDArray[np.uint16], white: int, *, inverted: bool = False) -> NDArray[np.uint8]:
    """uint16 of any shape to uint8: value * 255 / white, rounded."""
    return _scale(white, inverted)[values]


def scaled_array(values: NDArray[np.uint16]) -> tuple[NDArray[np.uint8], int]:
    """uint16 [h, w] grey or [h, w, 3 or 4] RGB or RGBA to uint8, and how many bits are used, 0 for all."""
    white = white_of(int(values[..., :3].max() if values.ndim == 3 else values.max()))
    scaled = scaled_16(values, white)
    if values.ndim == 3 and values.shape[2] == 4:
        alpha = values[:, :, 3]
        scaled[:, :, 3] = scaled_16(alpha, _opaque(white, int(alpha.max())))
    return scaled, bits_below(white)


def _opaque(white: int, largest: int) -> int:
    """The value of full alpha, which may fill all bits where the colours do not."""
    return white if largest <= white else white_of(largest)


def with_lower_bytes(image: Image.Image, white: int, again: Callable[[], Image.Image]) -> Image.Image:
    """A file's colours of 16 bits, of which `image` has the upper bytes: decoded `again` for the lower, and scaled."""
    lower = again()
    assert isinstance(lower, ImageFile.ImageFile)
    lower.tile = [tile._replace(args=_turned_round(tile.args)) for tile in lower.tile]
    tops = [white, white, white, *(_opaque(white, alpha) for alpha in _highest(image)[3:])]
    return Image.merge(image.mode, [_joined(image, lower, band, top) for band, top in enumerate(tops)])


def _joined(upper: Image.Image, lower: Image.Image, band: int, white: int) -> Image.Image:
    """One band, scaled: put together by itself, since all at once would take thrice the memory."""
    values = np.asarray(upper.getchannel(band)).astype(np.uint16)
    values <<= 8
    values |= np.asarray(lower.getchannel(band))
    return Image.fromarray(scaled_16(values, white))


def _turned_round(args: tuple[object, ...] | str | None) -> tuple[object, ...]:
    """What a decoder is told, with the other order of bytes."""
    layout, *more = (args,) if isinstance(args, str) else args or ("",)
    layout = str(layout)
    return layout[:-1] + _OTHER_BYTE[layout[-1:]], *more
