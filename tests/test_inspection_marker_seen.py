"""Which printed markers are seen in a photo, and what is said of those that are too small to give a scale."""

import cv2
import numpy as np
import pytest

from crackscope.inspection import InspectOptions, Scaling, inspect
from crackscope.surfaces import generate

SIZE = (448, 360)
"""Width and height of a photo, px."""


def laid(side_px: int, at: tuple[int, int], *, rim_px: int = 10, number: int = 7, seed: int = 3) -> np.ndarray:
    """A generated wall with a marker that no camera has blurred, its print's upper left corner at x, y px."""
    pixels = generate(seed, SIZE, cracked=False, kind="concrete").pixels.copy()
    words = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    paper = np.full((side_px + 2 * rim_px, side_px + 2 * rim_px), 255, np.uint8)
    paper[rim_px : rim_px + side_px, rim_px : rim_px + side_px] = cv2.aruco.generateImageMarker(words, number, side_px)
    pixels[at[1] : at[1] + len(paper), at[0] : at[0] + len(paper)] = paper[..., None]
    return pixels


def told(pixels: np.ndarray, marker_mm: float = 50.0):
    return inspect(pixels, options=InspectOptions(scaling=Scaling(marker_mm=marker_mm), all_zones=True))


class TestSharpMarker:
    @pytest.mark.parametrize("side_px", [50, 60, 72, 90])
    def test_is_seen_though_its_black_is_as_even_as_a_gap(self, side_px):
        for number in (0, 7, 23):
            found = told(laid(side_px, (150, 120), number=number))
            assert found.scale is not None
            assert found.scale.mm_per_px == pytest.approx(50.0 / side_px, rel=0.005)
