"""Pictures that are given as arrays or as Pillow images: the same rules as for files."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crackscope.images import exif
from crackscope.images.depth import reach, scaled_array
from crackscope.images.faults import Fault
from crackscope.images.header import Header, Meaning
from crackscope.images.limits import Limits
from crackscope.images.modes import flattened, to_rgb
from crackscope.images.unseen import clear_in

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_ORIENTATION, _PHOTOMETRIC, _BITS, _MOST_SAMPLE, _MOST_SAMPLE_SIGNED = 274, 262, 258, 281, 341
_LOSSY = {"JPEG", "MPO", "WEBP", "HEIF"}


def _checked(array: NDArray[Any], limits: Limits) -> tuple[NDArray[Any], str]:
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    bands = 1 if array.ndim == 2 else array.shape[-1] if array.ndim == 3 else 0
    if bands not in _MODES or 0 in array.shape:
        raise Fault("unsupported", f"an array of shape {array.shape} is not a picture; give [h, w] or [h, w, 3 or 4]")
    limits.check_size(array.shape[1], array.shape[0])
    return array, _MODES[bands]


def from_array(array: NDArray[Any], limits: Limits) -> tuple[NDArray[np.uint8], Header, int]:
    """A copy as uint8 [h, w, 3] RGB, its header, and how many of 16 bits it uses where not all, else 0.

    Raises `Fault` for shapes and types that are not pictures.
    """
    array, mode = _checked(array, limits)
    header, bits = Header(array.shape[1], array.shape[0], "array", mode), 0
    if array.dtype.kind == "u" and array.dtype.itemsize == 2:
        array, bits = scaled_array(array.astype(np.uint16, copy=False))
    elif array.dtype != np.uint8:
        raise Fault(
            "unsupported",
            f"an array of {array.dtype} has no agreed range of values; give uint8 (0..255) or uint16 (0..65535)",
        )
    if mode == "RGB":
        return np.array(array, order="C", copy=True, subok=False), header, bits
    if mode == "L":
        return np.repeat(array[:, :, None], 3, axis=2), header, bits
    return to_rgb(flattened(Image.fromarray(np.ascontiguousarray(array)), Meaning())), header, bits


def hidden_of_array(array: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Where the alpha band of an array that `from_array` takes lets nothing be seen, bool [h, w]; None for nowhere."""
    if array.ndim == 2 or array.shape[2] < 4:
        return None
    alpha = array[:, :, 3] if array.dtype == np.uint8 else scaled_array(array.astype(np.uint16, copy=False))[0][:, :, 3]
    hidden = clear_in(alpha)
    return hidden if hidden.any() else None


def mask_from_array(array: NDArray[Any], limits: Limits) -> NDArray[np.bool_]:
    """bool [h, w] of a bool or integer array; with colours any of them counts, with alpha only where it is not 0."""
    array, mode = _checked(array, limits)
    if array.dtype.kind not in "bui":
        raise Fault("unsupported", f"an array of {array.dtype} is not a mask; give bool or integers")
    if mode == "L":
        return np.ascontiguousarray(array != 0)
    found: NDArray[np.bool_] = (array[:, :, :3] != 0).any(axis=2)
    return found if mode == "RGB" else found & (array[:, :, 3] != 0)


def from_image(image: Image.Image, limits: Limits, *, load: bool) -> tuple[Header, Meaning]:
    """What a Pillow image is and means; `load` decodes it where that has not happened. Raises `Fault`."""
    limits.check_size(*image.size)
    if load:
        image.load()
    tags = getattr(image, "tag_v2", {})
    bits, photo = tags.get(_BITS, (16,))[0], tags.get(_PHOTOMETRIC, 1)
    deep = image.mode.startswith("I;16")
    inverted = photo == 0 and (deep or image.mode == "F")
    most = (number for tag in (_MOST_SAMPLE, _MOST_SAMPLE_SIGNED) for number in tags.get(tag, ()))
    transparency = image.info.get("transparency")
    header = Header(*image.size, image.format or "image", image.mode, _turn(image))
    return header, Meaning(
        transparency=transparency if isinstance(transparency, bytes | int | tuple) else None,
        top=2**bits - 1 if deep and bits != 16 else None,
        reaches=reach(most, inverted=inverted),
        inverted=inverted,
        lossy=image.format in _LOSSY,
    )


def _turn(image: Image.Image) -> int:
    # Pillow turns TIFFs itself while it loads them, and takes the tag away.
    if image.format == "TIFF":
        return 1
    block = image.info.get("exif")
    if isinstance(block, bytes):
        return exif.orientation(block)
    value = image.getexif().get(_ORIENTATION, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1
