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
    """Zhuo and Sim's ratio over the strongest hundredth of all edges' crests, every window blurred three times; of what
    is not sharp anyway, at the sides of lines, by the largest gradients around."""
    windows, found = windows_of(pixels), []
    second = np.array([1, -2, 1], np.float32)
    grain = [np.abs(cv2.sepFilter2D(one, -1, second, second)[1:-1, 1:-1]).mean() for one in windows]
    quiet = [windows[place] for place in np.argsort(grain)[: len(windows) // 4]]
    noise = float(np.percentile(np.array(grain) * np.sqrt(np.pi / 2) / 6, 20))
    for window in windows:
        fine, coarse, chosen = (steepness(window, sigma) for sigma in (0.7, 1.4, 2.0))
        near = [cv2.dilate(some, np.ones((5, 5), np.uint8)) for some in (fine, coarse)]
        crest = (chosen >= 0.9 * cv2.dilate(chosen, np.ones((3, 3), np.uint8))) & (chosen > 0)
        found.append(np.stack([some[crest] for some in (fine, coarse, *near, chosen)]))
    *edges, chosen = np.concatenate(found, 1)
    best = np.argsort(-chosen)[: int(0.01 * sum(window.size for window in windows) / 8) + 1]
    fine, coarse, fine_near, coarse_near = (some[best] for some in edges)
    white = [noise**2 * noise_share(sigma) for sigma in (0.7, 1.4)]
    held = [
        max(one, float(np.mean([steepness(calm, sigma).mean() for calm in quiet])) if quiet else one)
        for one, sigma in zip(white, (0.7, 1.4), strict=True)
    ]
    told = ratio_by_hand(fine, coarse, white, held)
    if told < 1:
        return told
    line = np.sqrt(fine_near) > 1.6 * np.sqrt(fine) + 3 * np.sqrt(held[0])
    steepened = np.where(line, coarse * np.sqrt(fine_near / np.maximum(coarse_near, 1e-3)), fine)
    return max(ratio_by_hand(steepened, coarse, white, held), 0.5)


def ratio_by_hand(fine: NDArray[np.float32], coarse: NDArray[np.float32], *left: list[float]) -> float:
    told = []
    for noise in left:
        above, below = (max(float(some.mean()) - one, 1e-3) for some, one in zip((fine, coarse), noise, strict=True))
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


@pytest.mark.parametrize("apart_px", [9, 12, 24])
@pytest.mark.parametrize("line_px", [1, 2])
def test_thin_dark_lines_do_not_blur_a_sharp_photo(apart_px: int, line_px: int) -> None:
    """A ruler laid on the wall: the strongest edges are its marks, two gradients within two pixels."""
    wall = generate(501, (900, 700), cracked=False, kind="plaster").pixels.copy()
    wall[300:400, 50:850] = (240, 220, 60)
    for left in range(50, 850, apart_px):
        wall[300:340, left : left + line_px] = 20
    for blur_px in (0.4, 0.6):
        seen = quality(np.ascontiguousarray(cv2.GaussianBlur(wall, (0, 0), blur_px)))
        assert seen.sharpness_px < 1
    assert quality(np.ascontiguousarray(cv2.GaussianBlur(wall, (0, 0), 4.0))).sharpness_px > 2.5
