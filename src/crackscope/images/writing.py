"""Writing pictures: PNG and JPEG, to bytes or to files that are there whole or not at all."""

import os
import secrets
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crackscope.errors import OutputError
from crackscope.images.faults import shown

MOST_JPEG_SIDE = 65_500


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """uint8 [h, w] grey, [h, w, 3] RGB or [h, w, 4] RGBA as PNG. Raises ValueError for anything else."""
    file = BytesIO()
    _image(pixels, bands=(3, 4)).save(file, "PNG")
    return file.getvalue()


def encode_jpeg(pixels: NDArray[np.uint8], quality: int = 92, *, exif: bytes = b"", profile: bytes = b"") -> bytes:
    """uint8 [h, w] grey or [h, w, 3] RGB as JPEG of quality 1 to 100. Raises ValueError for anything else.

    exif: a whole EXIF block with its leading "Exif", at most 64 KiB. profile: an ICC profile. Neither is looked at.
    """
    image = _image(pixels)
    if not 1 <= quality <= 100:
        raise ValueError(f"JPEG quality runs from 1 to 100, not {quality}")
    if max(image.size) > MOST_JPEG_SIDE:
        raise ValueError(f"a JPEG has at most {MOST_JPEG_SIDE} pixels a side, this is {image.size}; write a PNG")
    file = BytesIO()
    image.save(file, "JPEG", quality=quality, exif=exif, icc_profile=profile or None)
    return file.getvalue()


def write_png(pixels: NDArray[np.uint8], path: str | Path) -> None:
    """Write what `encode_png` gives to `path`, replacing what is there at once. Raises OutputError, ValueError."""
    write_bytes(encode_png(pixels), path)


def write_jpeg(pixels: NDArray[np.uint8], path: str | Path, quality: int = 92) -> None:
    """Write uint8 [h, w] or [h, w, 3] to `path`, replacing what is there at once. Raises OutputError, ValueError."""
    write_bytes(encode_jpeg(pixels, quality), path)


def _image(pixels: NDArray[np.uint8], bands: tuple[int, ...] = (3,)) -> Image.Image:
    grey = pixels.ndim == 2
    if pixels.dtype != np.uint8 or not (grey or (pixels.ndim == 3 and pixels.shape[2] in bands)) or 0 in pixels.shape:
        wanted = " or ".join(f"[h, w, {count}]" for count in bands)
        raise ValueError(f"wanted uint8 [h, w] or {wanted}, got {pixels.dtype} {pixels.shape}")
    return Image.fromarray(np.ascontiguousarray(pixels))


def write_bytes(data: bytes, path: str | Path) -> None:
    """Write a picture's bytes to `path`, replacing what is there at once. Raises OutputError."""
    target = os.fspath(path)
    # A short name of our own: the target's may already be as long as the file system allows.
    part = os.path.join(os.path.dirname(target), f".{secrets.token_hex(8)}.part")
    try:
        try:
            with open(part, "xb") as file:
                file.write(data)
            os.replace(part, target)
        except BaseException:
            if os.path.lexists(part):
                os.unlink(part)
            raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(
            f"{shown(target)}: the picture cannot be written ({reason}); check the folder, its rights and the room left"
        ) from error
