"""Blur and noise of a photo: worked out at its strongest edges alone, and the same as if at all of them."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from crackscope.images import encode_jpeg, read
from crackscope.scoring import quality
from crackscope.surfaces import generate

WINDOW_PX = 160


def windows_of(pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    starts = [
        np.linspace(0, max(0, side - WINDOW_PX), min(6, max(1, side // WINDOW_PX))).astype(int) for side in grey.shape
    ]
    return [grey[top : top + WINDOW_PX, left : left + WINDOW_PX] for top in starts[0] for left in starts[1]]


def steepness(window: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    smooth = cv2.GaussianBlur(window, (0, 0), sigma_px)
    across, down = smooth[1:-1, 2:] - smooth[1:-1, :-2], smooth[2:, 1:-1] - smooth[:-2, 1:-1]
    return np.asarray(across * across + down * down)


def noise_share(sigma_px: float) -> float:
    kernel = np.exp(-0.5 * (np.arange(-12, 13) / sigma_px) ** 2)
    kernel /= kernel.sum()
    return float(2 * (np.convolve(kernel, [1, 0, -1]) ** 2).sum() * (kernel**2).sum())


def blur_by_hand(pixels: NDArray[np.uint8]) -> float:
    """Zhuo and Sim's ratio over the strongest hundredth of all edges' crests, every window blurred three times."""
    windows, found = windows_of(pixels), []
    second = np.array([1, -2, 1], np.float32)
    grain = [np.abs(cv2.sepFilter2D(one, -1, second, second)[1:-1, 1:-1]).mean() for one in windows]
    quiet = [windows[place] for place in np.argsort(grain)[: len(windows) // 4]]
    noise = float(np.percentile(np.array(grain) * np.sqrt(np.pi / 2) / 6, 20))
    for window in windows:
        fine, coarse, chosen = (steepness(window, sigma) for sigma in (0.7, 1.4, 2.0))
        crest = (chosen >= 0.9 * cv2.dilate(chosen, np.ones((3, 3), np.uint8))) & (chosen > 0)
        found.append(np.stack([fine[crest], coarse[crest], chosen[crest]]))
    fine, coarse, chosen = np.concatenate(found, 1)
    best = np.argsort(-chosen)[: int(0.01 * sum(window.size for window in windows) / 8) + 1]
    told = []
    for calm in ([], quiet):
        left = [
            [noise**2 * noise_share(sigma), *(steepness(one, sigma).mean() for one in calm)] for sigma in (0.7, 1.4)
        ]
        above, below = (
            max(float(some[best].mean()) - max(white, float(np.mean(held)) if held else 0), 1e-3)
            for some, (white, *held) in zip((fine, coarse), left, strict=True)
        )
        ratio = above / below
        near, far = 0.7**2 + 1 / 3, 1.4**2 + 1 / 3
        apparent = np.sqrt(max((far - ratio * near) / max(ratio - 1, 0.01) - 1 / 12, 0.0))
        told.append(float(np.clip(1.62 * apparent - 0.6, 0.3, 6.0)))
    return told[1] if told[1] >= 1 else told[0]


@pytest.mark.parametrize("size", [(160, 160), (200, 330), (520, 700), (1100, 1000), (40, 900), (16, 16)])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_blur_is_that_of_all_edges(seed: int, size: tuple[int, int]) -> None:
    height, width = size
    pixels = generate(seed, (width, height), True).pixels
    for soft in (pixels, np.ascontiguousarray(cv2.GaussianBlur(pixels, (0, 0), 1.2))):
        assert quality(soft).sharpness_px == pytest.approx(blur_by_hand(soft), abs=1e-6)


def test_a_photo_of_one_pattern_again_and_again() -> None:
    """Its strongest edges are all alike, in every window."""
    tile = np.repeat((np.random.default_rng(0).random((20, 20, 1)) * 255).astype(np.uint8), 3, 2)
    pixels = np.ascontiguousarray(np.tile(tile, (24, 32, 1)))
    assert quality(pixels).sharpness_px == pytest.approx(blur_by_hand(pixels), abs=1e-6)


def test_all_edges_count_where_there_are_few() -> None:
    """A sharp spot and a soft one, on what has no edge."""
    sharp, soft = np.zeros((2, 160, 160), np.float32)
    sharp[60, 40], soft[90, 100] = 100, 1500
    soft = cv2.GaussianBlur(soft, (0, 0), 2.5)
    blurs = [
        quality(np.repeat((128 - dark)[..., None], 3, 2).astype(np.uint8)).sharpness_px
        for dark in (sharp, sharp + soft, soft)
    ]
    assert blurs == sorted(set(blurs))


def test_a_photo_without_an_edge() -> None:
    flat = quality(np.full((400, 400, 3), 128, np.uint8))
    assert (flat.sharpness_px, flat.dark, flat.bright) == (0.3, 0, 0)


def test_dark_and_bright_are_shares_of_the_pixels() -> None:
    pixels = np.full((1200, 2100, 3), 128, np.uint8)
    pixels[:300], pixels[1080:] = 7, 251
    seen = quality(pixels)
    assert (seen.dark, seen.bright) == pytest.approx((0.25, 0.1))


@pytest.mark.parametrize("lit", [0, 1, 2])
def test_what_one_colour_alone_shows_is_neither_dark_nor_bright(lit: int) -> None:
    """A wall in red light is black in green and blue."""
    pixels = np.zeros((200, 300, 3), np.uint8)
    pixels[..., lit] = np.random.default_rng(3).integers(60, 200, (200, 300))
    assert quality(pixels).dark == 0
    assert quality(255 - pixels).bright == 0


def test_grain_that_jpeg_has_smeared_makes_no_blurred_photo_sharp() -> None:
    """A photo in poor light, the left half of README's picture: out of focus, then the sensor's noise, then JPEG."""
    road = read(Path(__file__).parent.parent / "docs" / "one-picture.jpg").pixels[:, :512]
    blurred = cv2.GaussianBlur(road, (0, 0), 6.0).astype(np.float32)
    noisy = blurred + np.random.default_rng(1).normal(0, 5, blurred.shape[:2])[..., None]
    seen = quality(read(encode_jpeg(np.clip(noisy, 0, 255).astype(np.uint8), 75)).pixels)
    assert seen.sharpness_px > 3
