"""Photos with black or white around them, or in their corners."""

from collections.abc import Callable

import cv2
import numpy as np

from crackscope.surfaces import CrackSpec, SurfaceSpec, make

Pixels = np.ndarray
BLACK, WHITE = 0, 255


def wall(seed: int, *, cracked: bool, size: tuple[int, int] = (448, 420)) -> Pixels:
    crack = CrackSpec((3.0, 5.0)) if cracked else None
    return make(SurfaceSpec(seed=seed, kind="plaster", size=size, crack=crack, distractors=0)).pixels


def framed(pixels: Pixels, px: int, colour: int = BLACK) -> Pixels:
    return np.pad(pixels, ((px, px), (px, px), (0, 0)), constant_values=colour)


def letterboxed(pixels: Pixels, px: int, colour: int = BLACK) -> Pixels:
    return np.pad(pixels, ((px, px), (0, 0), (0, 0)), constant_values=colour)


def disc(pixels: Pixels, colour: int = BLACK) -> Pixels:
    height, width = pixels.shape[:2]
    rows, columns = np.mgrid[:height, :width]
    far = np.hypot(rows - height / 2, columns - width / 2) > 0.48 * min(height, width)
    return np.where(far[..., None], np.uint8(colour), pixels)


def turned(pixels: Pixels, degrees: float, side: int, colour: int = BLACK) -> Pixels:
    """The photo turned in a square, as in an orthophoto."""
    height, width = pixels.shape[:2]
    way = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    way = way + np.array([[0, 0, (side - width) / 2], [0, 0, (side - height) / 2]])
    return np.asarray(cv2.warpAffine(pixels, way, (side, side), borderValue=(colour,) * 3))


def as_jpeg(pixels: Pixels, quality: int = 85) -> Pixels:
    _, data = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))[..., ::-1])


AROUND: dict[str, tuple[int, int, Callable[[Pixels], Pixels]]] = {
    "a thin black frame": (10, 10, lambda a: framed(a, 10)),
    "a wide black frame": (80, 80, lambda a: framed(a, 80)),
    "a white frame": (41, 41, lambda a: framed(a, 41, WHITE)),
    "a letterbox": (96, 0, lambda a: letterboxed(a, 96)),
    "a frame in a JPEG": (40, 40, lambda a: as_jpeg(framed(a, 40))),
}
