"""Widths, depths and middles of profiles whose truth is known."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import ndtr

from crackscope.inspection.fitting import DARK, Fit, Look, Profiles, fit_profiles

LEVEL, SAMPLES = 160.0, 33


def profile(width: float, centre: float, depth: float, blur_px: float, reach: float) -> NDArray[np.float64]:
    """A dark bar seen through a blur, without any grain."""
    x = np.linspace(-reach, reach, SAMPLES) - centre
    return np.asarray(LEVEL * (1 - depth * (ndtr((x + width / 2) / blur_px) - ndtr((x - width / 2) / blur_px))))


def fitted(values: NDArray[np.float64], reach: float, blur_px: float) -> Fit:
    count = len(values)
    look = Look(np.full(count, DARK.mean), np.full(count, DARK.deviation), np.ones(count))
    profiles = Profiles(values.astype(np.float32), np.full(count, reach), np.full(count, 2 * reach))
    return fit_profiles(profiles, blur_px, look)


@pytest.mark.parametrize(("width", "centre", "depth"), [(1.0, 2.0, 0.6), (4.0, -1.5, 0.6), (12.0, 4.0, 0.7)])
def test_a_bar_in_grain_is_found(width: float, centre: float, depth: float) -> None:
    reach = 0.8 * width + 8
    grain = np.random.default_rng(1).normal(0, 3, (60, SAMPLES))
    fit = fitted(profile(width, centre, depth, 0.8, reach) + grain, reach, 0.8)
    assert np.median(np.abs(fit.width - width)) < 0.2
    assert np.median(np.abs(fit.centre - centre)) < 0.1
    assert np.median(np.abs(fit.depth - depth)) < 0.05


@pytest.mark.parametrize(
    ("width", "centre", "depth", "blur_px", "reach", "believed_px"),
    [(16.3, 7.0, 0.83, 0.44, 23.25, 0.18), (1.93, -5.18, 0.37, 0.32, 20.55, 0.79)],
)
def test_a_step_that_leads_off_is_not_taken(
    width: float, centre: float, depth: float, blur_px: float, reach: float, believed_px: float
) -> None:
    """Sharp bars beside the middle, coarsely sampled, whose blur is not what is believed: whole steps overshoot, and a
    fit that takes such steps ends up to 5 px off."""
    fit = fitted(profile(width, centre, depth, blur_px, reach)[None], reach, believed_px)
    assert fit.width[0] == pytest.approx(width, abs=0.4)
    assert fit.centre[0] == pytest.approx(centre, abs=0.4)
    # Its neighbours, whose steps are good, change nothing.
    good = profile(4.0, 0.0, 0.6, 0.8, reach)
    among = fitted(np.stack([good, profile(width, centre, depth, blur_px, reach), good]), reach, believed_px)
    assert among.width[1] == pytest.approx(fit.width[0], abs=1e-3)
