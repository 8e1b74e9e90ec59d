"""The bundle in the package knows a built surface from everything else, with and without colour."""

import numpy as np
import pytest
from numpy.typing import NDArray

from crackscope.scoring import Model, load
from crackscope.surfaces import generate, generate_other

FIRST_SEED, COUNT = 8_000_000, 60
"""Nothing was fitted on these seeds."""


@pytest.fixture(scope="module")
def model() -> Model:
    return load()


def without_colour(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    light = np.round(pixels @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)
    return np.repeat(light[..., None], 3, axis=2)


def refused(model: Model, pictures: list[NDArray[np.uint8]]) -> tuple[float, float]:
    """The share of them that cannot be judged as patches, and as photos."""
    patches = [model.predict(one).verdict for one in pictures]
    photos = [model.judge(model.heatmap(one), one).verdict for one in pictures]
    return patches.count("cannot judge") / len(pictures), photos.count("cannot judge") / len(pictures)


@pytest.mark.parametrize("grey", [False, True])
def test_what_is_no_surface_cannot_be_judged(model: Model, grey: bool) -> None:
    others = [generate_other(seed) for seed in range(FIRST_SEED, FIRST_SEED + COUNT)]
    assert min(refused(model, [without_colour(one) if grey else one for one in others])) >= 0.9


@pytest.mark.parametrize("grey", [False, True])
def test_surfaces_are_judged(model: Model, grey: bool) -> None:
    found = [generate(seed, cracked=seed % 2 == 0).pixels for seed in range(FIRST_SEED, FIRST_SEED + COUNT)]
    assert max(refused(model, [without_colour(one) if grey else one for one in found])) <= 0.05
