"""Cracks laid over real pictures."""

from dataclasses import replace

import numpy as np

from crackscope.surfaces.ground import Joints
from crackscope.surfaces.paint import Eye, apply, lay
from crackscope.surfaces.records import THINNEST_PX, CrackSpec, CrackTruth, Floats, Mask, Pixels
from crackscope.surfaces.walk import plan_crack

_LAG_RATIOS = np.array([0.25, 0.27, 0.35, 0.48, 0.64, 1.0])
_BLURS_PX = np.array([1.6, 1.3, 1.0, 0.75, 0.5, 0.35])


def random_crack(
    rng: np.random.Generator, size: tuple[int, int] = (256, 256), width_px: tuple[float, float] | None = None
) -> CrackSpec:
    """An ordinary crack for a picture of size (width, height): hairlines are the most frequent, gaping ones rare."""
    width_px = width_px or ordinary_width(rng, size)
    thick = float(np.clip(np.log(max(1.0, width_px[1])) / np.log(12), 0, 1))
    return CrackSpec(
        width_px=width_px,
        branching=float(rng.choice([0.0, 0.5, 1.5, 3.0], p=[0.45, 0.25, 0.2, 0.1])) * (1 - 0.6 * thick),
        contrast=float(np.clip(rng.normal(0.64 + 0.19 * thick, 0.11 - 0.05 * thick), 0.3, 0.92)),
        roughness=float(rng.uniform(0.55, 1.1)) * (1 - 0.2 * thick),
        breaks=float(rng.choice([0.0, 0.7, 2.5], p=[0.5, 0.3, 0.2])),
        grain_px=max(float(np.exp(rng.uniform(np.log(4), np.log(14)))), 2.2 * width_px[1]),
        filled=bool(rng.random() < 0.05),
    )


def ordinary_width(rng: np.random.Generator, size: tuple[int, int]) -> tuple[float, float]:
    """Least and greatest width of an ordinary crack in px: thin ones are the most frequent."""
    middle = float(np.exp(rng.uniform(0, np.log(np.clip(min(size) / 14, 2, 14)))))
    return max(THINNEST_PX, middle * float(rng.uniform(0.45, 0.75))), middle * float(rng.uniform(1.15, 1.7))


def draw_crack(pixels: Pixels, rng: np.random.Generator, spec: CrackSpec | None = None) -> tuple[Pixels, Mask]:
    """Lay a crack over a picture uint8 [h, w, 3]; returns the new picture and the mask bool [h, w].

    Without `spec` an ordinary one is drawn by chance. Nothing farther than 6 px from the edge of the crack changes.
    The picture's own brightness, blur and grain are kept. Raises ValueError for other arrays.
    """
    drawn, truth = draw_crack_with_truth(pixels, rng, spec)
    return drawn, truth.mask


def draw_crack_with_truth(
    pixels: Pixels, rng: np.random.Generator, spec: CrackSpec | None = None
) -> tuple[Pixels, CrackTruth]:
    """As `draw_crack`, with the centre line and the widths along it."""
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ValueError(f"pixels {pixels.dtype} {pixels.shape}: want uint8 [h, w, 3]")
    height, width = pixels.shape[:2]
    eye = look(pixels, rng)
    spec = spec or _visible(random_crack(rng, (width, height)), pixels)
    strokes = plan_crack(rng, (width, height), spec)
    touch, truth = lay(strokes, (height, width), spec, eye, rng)
    drawn = pixels.copy()
    flat = drawn.reshape(-1, 3)
    planes = flat[touch.places].T.astype(np.float32)
    local = local_colour(pixels)[:, touch.places // width // _BLOCK_PX, touch.places % width // _BLOCK_PX]
    compact = touch._replace(places=np.arange(len(touch.places)))
    apply(planes, compact, local, eye, rng)
    flat[touch.places] = np.clip(planes.T + 0.5, 0, 255).astype(np.uint8)
    return drawn, truth


def _visible(spec: CrackSpec, pixels: Pixels) -> CrackSpec:
    """On coarse gravel nobody could see a hairline: the coarser the texture, the wider and darker an ordinary crack."""
    some = pixels[::3, ::3, 1].astype(np.float32)
    busy = float(np.clip(some.std() / max(float(some.mean()), 20) - 0.05, 0, 0.3))
    least, greatest = spec.width_px
    contrast = min(0.92, spec.contrast + busy)
    return replace(
        spec, width_px=(least + 4 * busy, greatest + 6 * busy), contrast=contrast, filled=spec.filled and busy < 0.05
    )


_BLOCK_PX = 16


def local_colour(pixels: Pixels) -> Floats:
    """Mean colour float32 [3, rows, columns] of blocks of 16 px, those at the border perhaps of fewer."""
    rows, columns = np.arange(0, pixels.shape[0], _BLOCK_PX), np.arange(0, pixels.shape[1], _BLOCK_PX)
    # Every fourth row is enough for a mean, and saves most of the work.
    some = pixels[::4].astype(np.float32)
    sums = np.add.reduceat(some, rows // 4, axis=0)
    sums = np.add.reduceat(sums, columns, axis=1)
    high = np.diff(np.append(rows // 4, some.shape[0]))
    wide = np.diff(np.append(columns, pixels.shape[1]))
    return np.ascontiguousarray(
        (sums / (high[:, None, None] * wide[None, :, None])).transpose(2, 0, 1), dtype=np.float32
    )


def look(pixels: Pixels, rng: np.random.Generator) -> Eye:
    """Blur and grain of a picture, judged by its middle: how much neighbours differ, one and two px apart.

    The light is drawn by chance, more often from above, because a single picture does not show it.
    """
    height, width = pixels.shape[:2]
    top, left = max(0, height // 2 - 64), max(0, width // 2 - 64)
    green = pixels[top : top + 128, left : left + 128, 1].astype(np.float32)
    one = float(np.mean((green[:, 1:] - green[:, :-1]) ** 2) + np.mean((green[1:] - green[:-1]) ** 2))
    two = float(np.mean((green[:, 2:] - green[:, :-2]) ** 2) + np.mean((green[2:] - green[:-2]) ** 2))
    blur = float(np.interp(one / two, _LAG_RATIOS, _BLURS_PX)) if two > 0 else 0.5
    azimuth = rng.normal(-np.pi / 2, 1.1)
    return Eye((float(np.cos(azimuth)), float(np.sin(azimuth))), blur, min(2.5, 0.3 * np.sqrt(one)))


def paint_on(
    planes: Floats, spec: CrackSpec, light: tuple[float, float], joints: Joints | None, rng: np.random.Generator
) -> CrackTruth:
    """Lay a crack over planes float32 [3, h, w] in place, before the camera blurs them."""
    _, height, width = planes.shape
    eye = Eye(light, 0.3, 0.0)
    strokes = plan_crack(rng, (width, height), spec, joints)
    touch, truth = lay(strokes, (height, width), spec, eye, rng)
    local = planes.mean((1, 2))[:, None] * np.ones((1, len(touch.places)), np.float32)
    apply(planes, touch, local, eye, rng)
    return truth
