"""Pictures and masks of a few pixels, where a test wants them to lie."""

from pathlib import Path

import numpy as np

from crackscope import images


def picture(path: Path, seed: int = 0, side: int = 32) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (side, side, 3)).astype(np.uint8)
    images.write_png(pixels, path)
    return path


def mask(path: Path, cracked: bool, side: int = 32) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros((side, side), np.uint8)
    pixels[3, 4:9] = 255 * cracked
    images.write_png(pixels, path)
