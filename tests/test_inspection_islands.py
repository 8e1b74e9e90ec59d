"""Stones within a crack do not double its length; a crack that parts and meets again is as long as both its ways."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from crackscope.inspection import find_cracks, measure_zones
from crackscope.scoring import Heatmap, quality

HEIGHT, WIDTH = 320, 640


def length(dark: NDArray[np.uint8]) -> float:
    """The length that is measured of a dark thing, uint8 [h, w], 0 or 1, on an even, slightly noisy surface."""
    grey = 170 - 110 * cv2.GaussianBlur(dark.astype(np.float32), (0, 0), 0.8)
    grey += np.random.default_rng(0).normal(0, 2, grey.shape).astype(np.float32)
    pixels = np.repeat(np.clip(grey + 0.5, 0, 255).astype(np.uint8)[..., None], 3, 2)
    whole = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, np.ones((25, 25), np.uint8))
    away = cv2.distanceTransform(1 - whole, cv2.DIST_L2, 5)
    cells = cv2.resize(away, (WIDTH // 4, HEIGHT // 4), interpolation=cv2.INTER_AREA)
    heat = Heatmap(np.clip(4 - 1.2 * cells, -6, 4).astype(np.float32), 4, np.zeros(1, np.float32))
    return sum(zone.length_px for zone in measure_zones(pixels, find_cracks(pixels, heat, 0.0), heat, quality(pixels)))


@pytest.mark.parametrize("radius", [4, 6, 8])
def test_stones_within_a_crack_do_not_make_it_longer(radius: int) -> None:
    crack = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.line(crack, (0, 140), (WIDTH, 180), 1, 30)
    alone = length(crack)
    for x in range(60, WIDTH - 40, 60):
        cv2.circle(crack, (x, 140 + x // 16), radius, 0, -1)
    assert alone == pytest.approx(WIDTH, rel=0.05)
    assert length(crack) == pytest.approx(alone, rel=0.05)


def test_a_crack_that_parts_and_meets_again_keeps_both_ways() -> None:
    crack = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.line(crack, (0, 160), (220, 160), 1, 6)
    cv2.line(crack, (420, 160), (WIDTH, 160), 1, 6)
    cv2.polylines(crack, [np.array([(220, 160), (320, 110), (420, 160), (320, 210)])], True, 1, 6)
    assert length(crack) == pytest.approx(440 + 4 * np.hypot(100, 50), rel=0.05)
