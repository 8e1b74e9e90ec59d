"""Small labelled patches that a training test can learn: grey grain, and a dark line where there is a crack."""

from pathlib import Path

import numpy as np

from crackscope import images


def patch(number: int, side: int = 64, *, cracked: bool) -> tuple[np.ndarray, np.ndarray]:
    """Pixels uint8 [side, side, 3] and mask bool [side, side], made from the number alone."""
    rng = np.random.default_rng(number)
    pixels = rng.normal(rng.uniform(110, 180), 8, (side, side, 1)).repeat(3, axis=2)
    mask = np.zeros((side, side), bool)
    if cracked:
        xs = np.arange(side)
        ys = np.clip(rng.uniform(0.3, 0.7) * side + np.cumsum(rng.normal(0, 0.7, side)), 2, side - 3).astype(int)
        for offset in (-1, 0, 1):
            mask[ys + offset, xs] = True
        pixels[mask] *= 0.35
        if number % 2:
            pixels, mask = pixels.swapaxes(0, 1), mask.T
    return np.clip(pixels, 0, 255).astype(np.uint8), mask


def write_patches(folder: Path, count: int = 30, side: int = 64) -> Path:
    """`count` patches a class in folders crack/ and sound/; returns the folder."""
    for label, start in (("crack", 0), ("sound", 10_000)):
        (folder / label).mkdir(parents=True)
        for number in range(count):
            pixels, _ = patch(start + number, side, cracked=label == "crack")
            images.write_png(pixels, folder / label / f"{number:04d}.png")
    return folder


def write_masked(folder: Path, count: int = 10, side: int = 96) -> Path:
    """`count` pictures with masks beside them, half of them sound; returns the folder."""
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    for number in range(count):
        pixels, mask = patch(20_000 + number, side, cracked=number % 2 == 0)
        images.write_png(pixels, folder / "images" / f"{number:04d}.png")
        images.write_png(mask.astype(np.uint8) * 255, folder / "masks" / f"{number:04d}.png")
    return folder
