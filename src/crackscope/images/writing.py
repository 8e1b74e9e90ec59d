"""Writing pictures: PNG and JPEG, to bytes or to files that are there whole or not at all."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crackscope.files import write_whole
from crackscope.images.jpeg_bands import encoded_in_bands
from crackscope.images.limits import MOST_SIDE

_PHOTO_EFFORT, _DRAWN_EFFORT = 3, 6
"""zlib levels. Grain packs no better for more effort: of colour photos 3 makes files of .95 to 1.06 times the size of
those of 6 in a quarter to two fifths of the time. Of masks and heatmaps, which are even over wide places, 6 makes a
third to five sixths of the size, in no time worth saving."""


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """uint8 [h, w] grey, [h, w, 3] RGB or [h, w, 4] RGBA as PNG. Raises ValueError for anything else."""
    file = BytesIO()
    _refuse_others(pixels, bands=(3, 4))
    image = Image.fromarray(np.ascontiguousarray(pixels))
    image.save(file, "PNG", compress_level=_PHOTO_EFFORT if image.mode == "RGB" else _DRAWN_EFFORT)
    return file.getvalue()


def encode_jpeg(pixels: NDArray[np.uint8], quality: int = 92, *, exif: bytes = b"", profile: bytes = b"") -> bytes:
    """uint8 [h, w] grey or [h, w, 3] RGB as JPEG of quality 1 to 100. Raises ValueError for anything else.

    exif: a whole EXIF block with its leading "Exif", at most 64 KiB. profile: an ICC profile. Neither is looked at.
    """
    return b"".join(jpeg_pieces(pixels, quality, exif=exif, profile=profile))


def jpeg_pieces(
    pixels: NDArray[np.uint8], quality: int = 92, *, exif: bytes = b"", profile: bytes = b""
) -> Iterator[bytes]:
    """What `encode_jpeg` gives, in pieces that are encoded one after another; it raises at once what that does."""
    _refuse_others(pixels)
    size = (pixels.shape[1], pixels.shape[0])
    if not 1 <= quality <= 100:
        raise ValueError(f"JPEG quality runs from 1 to 100, not {quality}")
    if max(size) > MOST_SIDE:
        raise ValueError(f"a JPEG has at most {MOST_SIDE} pixels a side, this is {size}; write a PNG")

    def encode(part: NDArray[np.uint8]) -> bytes:
        file = BytesIO()
        image = Image.fromarray(np.ascontiguousarray(part))
        image.save(file, "JPEG", quality=quality, exif=exif, icc_profile=profile or None)
        return file.getvalue()

    return encoded_in_bands(pixels, encode) if pixels.ndim == 3 else iter([encode(pixels)])


def write_png(pixels: NDArray[np.uint8], path: str | Path) -> None:
    """Write what `encode_png` gives to `path`, replacing what is there at once. Raises OutputError, ValueError."""
    write_whole(path, encode_png(pixels))


def write_jpeg(pixels: NDArray[np.uint8], path: str | Path, quality: int = 92) -> None:
    """Write uint8 [h, w] or [h, w, 3] to `path`, replacing what is there at once. Raises OutputError, ValueError."""
    write_whole(path, jpeg_pieces(pixels, quality))


def _refuse_others(pixels: NDArray[np.uint8], bands: tuple[int, ...] = (3,)) -> None:
    grey = pixels.ndim == 2
    if pixels.dtype != np.uint8 or not (grey or (pixels.ndim == 3 and pixels.shape[2] in bands)) or 0 in pixels.shape:
        wanted = " or ".join(f"[h, w, {count}]" for count in bands)
        raise ValueError(f"wanted uint8 [h, w] or {wanted}, got {pixels.dtype} {pixels.shape}")
