"""Random versions of a training picture, each a pure function of its seed."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope import images
from crackscope.recipes import Augmentation

if TYPE_CHECKING:
    from numpy.random import Generator

SMALLEST_WHOLE = 0.65
"""A picture whose label is all that is known of it is not shrunk further than this."""

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def generator(*numbers: int) -> "Generator":
    """A random generator that depends on these numbers alone, on every machine."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(numbers)))


class View(NamedTuple):
    """One random version of a picture.

    pixels: uint8 [h, w, 3]. mask: bool [h, w] or None. unspoilt: the pixels before light and camera changed them.
    """

    pixels: Pixels
    mask: Mask | None
    unspoilt: Pixels


def augment(pixels: Pixels, mask: Mask | None, rng: "Generator", how: Augmentation, whole: bool = False) -> View:
    """One random version of a picture.

    Args:
        pixels: uint8 [h, w, 3]. mask: bool [h, w] or None; it goes through the same geometry.
        how: the ranges. whole: keep the whole picture in view where a crop is asked for, since its label says only
            that there is a crack somewhere.

    Returns:
        pixels [crop, crop, 3] and mask [crop, crop], or of the size given where `how.crop` is 0.
    """
    pixels, mask = _geometry(pixels, mask, rng, how, whole)
    return View(_camera(_light(pixels, rng, how), rng, how), mask, pixels)


def _geometry(
    pixels: Pixels, mask: Mask | None, rng: "Generator", how: Augmentation, whole: bool
) -> tuple[Pixels, Mask | None]:
    if how.rotate_deg:
        pixels, mask = _turn(pixels, mask, rng.uniform(-how.rotate_deg, how.rotate_deg))
    if how.crop:
        pixels, mask = _cut(pixels, mask, rng, how, whole)
    if how.flip_horizontal and rng.random() < 0.5:
        pixels, mask = pixels[:, ::-1], None if mask is None else mask[:, ::-1]
    if how.flip_vertical and rng.random() < 0.5:
        pixels, mask = pixels[::-1], None if mask is None else mask[::-1]
    if how.quarter_turns and pixels.shape[0] == pixels.shape[1]:
        quarters = int(rng.integers(4))
        pixels, mask = np.rot90(pixels, quarters), None if mask is None else np.rot90(mask, quarters)
    return np.ascontiguousarray(pixels), None if mask is None else np.ascontiguousarray(mask)


def _turn(pixels: Pixels, mask: Mask | None, degrees: float) -> tuple[Pixels, Mask | None]:
    import cv2

    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    turned = cv2.warpAffine(pixels, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    if mask is None:
        return turned.astype(np.uint8, copy=False), None
    drawn = cv2.warpAffine(
        mask.astype(np.uint8), matrix, (width, height), flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101
    )
    return turned.astype(np.uint8, copy=False), drawn > 0


def _cut(
    pixels: Pixels, mask: Mask | None, rng: "Generator", how: Augmentation, whole: bool
) -> tuple[Pixels, Mask | None]:
    """Scale, then cut out a square; a mask draws the cut towards its crack, so that most cuts show some of it."""
    side = how.crop
    height, width = pixels.shape[:2]
    scale = float(np.exp(rng.uniform(np.log(how.scale[0]), np.log(how.scale[1]))))
    if whole:
        # A hairline that the label speaks of must neither leave the cut nor vanish by shrinking.
        scale = min(max(scale, SMALLEST_WHOLE), 1.1 * side / max(height, width))
    drawn_out = float(np.exp(rng.uniform(-1, 1) * np.log1p(how.stretch) / 2)) if how.stretch else 1.0
    tall, wide = scale * drawn_out, scale / drawn_out
    reach_h, reach_w = min(height, round(side / tall)), min(width, round(side / wide))
    top, left = int(rng.integers(height - reach_h + 1)), int(rng.integers(width - reach_w + 1))
    if mask is not None and mask.any() and rng.random() < 0.75:
        ys, xs = np.nonzero(mask)
        pick = int(rng.integers(len(ys)))
        top = int(np.clip(ys[pick] - rng.integers(reach_h), 0, height - reach_h))
        left = int(np.clip(xs[pick] - rng.integers(reach_w), 0, width - reach_w))
    piece = pixels[top : top + reach_h, left : left + reach_w]
    drawn = None if mask is None else mask[top : top + reach_h, left : left + reach_w]
    to = (max(8, min(side, round(reach_h * tall))), max(8, min(side, round(reach_w * wide))))
    piece = images.resize(np.ascontiguousarray(piece), to[1], to[0])
    if drawn is not None:
        drawn = images.resize(drawn.astype(np.uint8) * 255, to[1], to[0]) > 96
    return _fill(piece, drawn, side, rng)


def _fill(pixels: Pixels, mask: Mask | None, side: int, rng: "Generator") -> tuple[Pixels, Mask | None]:
    """Pad to a square of `side` by reflection, at a random place."""
    height, width = pixels.shape[:2]
    if height == side and width == side:
        return pixels, mask
    top, left = int(rng.integers(side - height + 1)), int(rng.integers(side - width + 1))
    around = ((top, side - height - top), (left, side - width - left))
    padded = np.pad(pixels, (*around, (0, 0)), mode="symmetric")
    return padded, None if mask is None else np.pad(mask, around, mode="symmetric")


def _light(pixels: Pixels, rng: "Generator", how: Augmentation) -> Pixels:
    """Brightness, contrast, tint, grey, swapped channels and a shadow, in one pass over float pixels."""
    gain = rng.uniform(*how.brightness)
    spread = rng.uniform(*how.contrast)
    shifts = 1 + rng.uniform(-how.tint, how.tint, 3) if how.tint else None
    grey, swap, shade = (rng.random() < share for share in (how.grey, how.swap_channels, how.shadow))
    if gain == 1 and spread == 1 and shifts is None and not (grey or swap or shade):
        return pixels
    values = pixels.astype(np.float32)
    if grey:
        values = np.repeat(values.mean(axis=2, keepdims=True), 3, axis=2)
    if swap:
        values = values[:, :, ::-1]
    if spread != 1:
        mean = values.mean()
        values = (values - mean) * np.float32(spread) + mean
    values = values * np.float32(gain)
    if shifts is not None:
        values = values * shifts.astype(np.float32)
    if shade:
        values = values * _shadow(values.shape[0], values.shape[1], rng)[:, :, None]
    lit: Pixels = np.clip(values + 0.5, 0, 255).astype(np.uint8)
    return lit


def _shadow(height: int, width: int, rng: "Generator") -> NDArray[np.float32]:
    """Factor [h, w]: darker on one side of a straight edge, which is sharp or soft."""
    angle, strength, softness = rng.uniform(0, 2 * np.pi), rng.uniform(0.4, 0.9), np.exp(rng.uniform(0, 4))
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    offset = rng.uniform(-0.35, 0.35) * min(height, width)
    across = (xs - width / 2) * np.cos(angle) + (ys - height / 2) * np.sin(angle) - offset
    side = 1 / (1 + np.exp(np.clip(-across / softness, -30, 30)))
    factor: NDArray[np.float32] = (1 - (1 - strength) * side).astype(np.float32)
    return factor


def _camera(pixels: Pixels, rng: "Generator", how: Augmentation) -> Pixels:
    """Blur, sensor noise and JPEG, in the order in which a camera adds them."""
    blur, noise, jpeg = (rng.random() < share for share in (how.blur, how.noise, how.jpeg))
    if blur:
        import cv2

        pixels = cv2.GaussianBlur(pixels, (0, 0), float(rng.uniform(0.4, 1.6))).astype(np.uint8, copy=False)
    if noise:
        grain = rng.normal(0, rng.uniform(2, 12), (*pixels.shape[:2], 1 if rng.random() < 0.5 else 3))
        pixels = np.clip(pixels + grain + 0.5, 0, 255).astype(np.uint8)
    if jpeg:
        quality = int(rng.integers(35, 93))
        pixels = images.read(images.encode_jpeg(np.ascontiguousarray(pixels), quality)).pixels
    return pixels
