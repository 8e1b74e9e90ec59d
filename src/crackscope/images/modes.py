"""From any of Pillow's modes to 8 bit grey or RGB over white, to NumPy, and to masks."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crackscope.images.depth import FULL, scaled_16, white_of
from crackscope.images.faults import Fault
from crackscope.images.header import Meaning
from crackscope.images.turning import transposed_over
from crackscope.images.unseen import is_nothing, keyed_in

CHUNK_BYTES = 1 << 16
"""Rows are copied out of Pillow in pieces of this size, which stay in the processor's cache."""

LOSSY_MASK = 128
"""A lossy file leaves noise around 0: there a mask is what is lighter than half."""

_SCALING = "scale them to 0..1 or to 0..255, as `gdal_translate -ot Byte -scale LOWEST HIGHEST 0 255 IN OUT` does"
_LEAST_MEANT, _MOST_MEANT = -9999, 1e30
"""Float values between these are taken for measured: nodata is marked by -9999, the limits of float, or nan."""

_ALPHA = {"LA", "La", "PA", "RGBA", "RGBa"}
_CONVERTED = {"1": "L", "CMYK": "RGB", "YCbCr": "RGB", "HSV": "RGB", "RGBX": "RGB"}
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ROWS, _COLUMNS, _BOTH = 0, 1, -1
_STEPS = {
    2: (False, _COLUMNS),
    3: (False, _BOTH),
    4: (False, _ROWS),
    5: (True, None),
    6: (True, _COLUMNS),
    7: (True, _BOTH),
    8: (True, _ROWS),
}
"""The same turns of an array: whether its rows become columns, and what is flipped then."""


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """`image` upright, given its EXIF orientation 1 to 8."""
    return image if orientation not in _TURNS else image.transpose(_TURNS[orientation])


def turned_over(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """`pixels`, uint8 [h, w, 3], C-contiguous, upright, given their EXIF orientation, in the same memory."""
    import cv2

    if orientation not in _STEPS:
        return pixels
    transposed, axis = _STEPS[orientation]
    upright = transposed_over(pixels) if transposed else pixels
    return np.asarray(upright if axis is None else cv2.flip(upright, axis, upright), np.uint8)


def turned_flags(flags: NDArray[np.bool_], orientation: int) -> NDArray[np.bool_]:
    """Flags of pixels, bool [h, w], turned as their image is."""
    return to_array(turned(Image.fromarray(flags.view(np.uint8)), orientation)).view(np.bool_)


def flattened(image: Image.Image, meaning: Meaning) -> Image.Image:
    """Any image as mode "L" or "RGB", transparency over white. Raises `Fault` for modes that have no one answer."""
    mode, key = image.mode, meaning.transparency
    if mode in ("L", "RGB"):
        return image if key is None else _keyed(image, key)
    if mode == "1" and key is not None:
        return _keyed(image.convert("L"), key)
    if mode == "P":
        return _palette(image, key)
    if mode in _ALPHA:
        return _over_white(image)
    if mode in _CONVERTED:
        return image.convert(_CONVERTED[mode])
    if mode.startswith("I") or mode == "F":
        return Image.fromarray(_deep_grey(image, meaning))
    raise Fault("unsupported", f"its pixels are {mode}; save it as RGB or grey")


def _palette(image: Image.Image, key: bytes | int | tuple[int, ...] | None) -> Image.Image:
    bare = image.copy()
    bare.info = {} if key is None else {"transparency": key}
    if key is None and (bare.palette is None or bare.palette.mode != "RGBA"):
        return bare.convert("RGB")
    return _over_white(bare.convert("RGBA"))


def _over_white(image: Image.Image) -> Image.Image:
    straight = {"La": "LA", "PA": "RGBA", "RGBa": "RGBA"}.get(image.mode)
    image = image.convert(straight) if straight else image
    *colours, alpha = image.split()
    mode = "L" if len(colours) == 1 else "RGB"
    paper = Image.new(mode, image.size, "white")
    paper.paste(colours[0] if mode == "L" else Image.merge("RGB", colours), mask=alpha)
    return paper


def _keyed(image: Image.Image, key: bytes | int | tuple[int, ...]) -> Image.Image:
    values = to_array(image)
    if image.mode == "L":
        return Image.fromarray(np.where(values == np.uint8(key if isinstance(key, int) else 0), np.uint8(255), values))
    if not isinstance(key, tuple) or len(key) != 3:
        return image
    clear = (values == np.array(key, np.uint8)).all(axis=2)
    values[clear] = 255
    return Image.fromarray(values)


def _deep_grey(image: Image.Image, meaning: Meaning) -> NDArray[np.uint8]:
    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        white = meaning.top or FULL
        grey = scaled_16(values.astype(np.uint16, copy=False), white, inverted=meaning.inverted)
        if isinstance(meaning.transparency, int):
            grey[values == meaning.transparency] = 255
        return grey
    if image.mode == "F":
        return _float_grey(values, meaning)
    if meaning.top is not None:
        return ((values.view(np.uint32).astype(np.float64) * (255 / meaning.top)) + 0.5).astype(np.uint8)
    if values.min() < 0 or values.max() > 65_535:
        raise Fault("unsupported", f"its values run from {values.min()} to {values.max()}; scale them to 0..65535")
    return scaled_16(values.astype(np.uint16), white_of(int(values.max())))


def _float_grey(values: NDArray[np.float32], meaning: Meaning) -> NDArray[np.uint8]:
    if meaning.nodata is not None:
        empty = is_nothing(values, meaning.nodata)
        values = values if empty.all() else np.where(empty, np.float32(0), values)
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 255):
        raise Fault("unsupported", f"its float values run from {low:g} to {high:g}{_nodata(low, high)}; {_SCALING}")
    scaled = values * np.float32(255) if high <= 1 else values
    grey: NDArray[np.uint8] = (scaled + np.float32(0.5)).astype(np.uint8)
    return 255 - grey if meaning.inverted else grey


def _nodata(low: float, high: float) -> str:
    """Which of the two stands where nothing was measured, as surveys write it; "" where neither looks so."""
    odd = [value for value in (low, high) if not (_LEAST_MEANT < value < _MOST_MEANT)]
    return f", of which {odd[0]:g} is likely nodata" if odd else ""


def to_array(image: Image.Image) -> NDArray[np.uint8]:
    """A mode "L" or "RGB" image as a writable array [h, w] or [h, w, 3].

    `np.asarray` builds the bytes twice, and is read-only; for a patch that costs as much as decoding it.
    """
    image.load()
    width, height = image.size
    bands = 3 if image.mode == "RGB" else 1
    pixels = np.empty((height, width * bands), np.uint8)
    rows = max(1, CHUNK_BYTES // (width * bands))
    encoder = Image._getencoder(image.mode, "raw", image.mode)
    try:
        encoder.setimage(image.im, (0, 0, width, height))
        for top in range(0, height, rows):
            piece = pixels[top : top + rows]
            piece[:] = np.frombuffer(encoder.encode(piece.size)[2], np.uint8).reshape(piece.shape)
    finally:
        encoder.cleanup()
    return pixels.reshape(height, width, 3) if bands == 3 else pixels


def to_rgb(image: Image.Image) -> NDArray[np.uint8]:
    """A mode "L" or "RGB" image as [h, w, 3]."""
    return to_array(image if image.mode == "RGB" else image.convert("RGB"))


def to_mask(image: Image.Image, meaning: Meaning) -> NDArray[np.bool_]:
    """Where an image is not black, and not wholly transparent: bool [h, w]."""
    drawn, key = _drawn(image, meaning), meaning.transparency
    return drawn if key is None or image.mode == "P" else drawn & ~keyed_in(image, key)


def _drawn(image: Image.Image, meaning: Meaning) -> NDArray[np.bool_]:
    """The same where no one value is said to be transparent."""
    mode = image.mode
    if mode.startswith("I") or mode == "F":
        values = np.asarray(image)
        black = meaning.top or FULL if meaning.inverted and mode != "F" else 0
        return np.asarray(values != black)
    if mode == "P" or mode in _ALPHA:
        if mode == "P":
            image = image.copy()
            image.info = {} if meaning.transparency is None else {"transparency": meaning.transparency}
        red, green, blue, alpha = (np.asarray(band) for band in image.convert("RGBA").split())
        return np.asarray(((red | green | blue) > 0) & (alpha > 0))
    pixels = to_array(flattened(image, Meaning()))
    least = LOSSY_MASK if meaning.lossy else 1
    return np.asarray((pixels >= least) if pixels.ndim == 2 else (pixels >= least).any(axis=2))
