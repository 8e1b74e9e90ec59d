"""Random versions of training pictures: what is drawn into a picture stays where its mask says."""

import numpy as np
import pytest
from scipy.ndimage import binary_dilation

from crackscope.recipes import Augmentation
from crackscope.training.augmentation import augment, generator

AS_THEY_ARE = Augmentation()
WAYS = {
    "flipped left to right": Augmentation(flip_horizontal=True),
    "flipped upside down": Augmentation(flip_vertical=True),
    "turned by quarters": Augmentation(quarter_turns=True),
    "turned": Augmentation(rotate_deg=40.0),
    "cut": Augmentation(crop=64),
    "enlarged": Augmentation(crop=64, scale=(1.0, 2.0)),
    "shrunk": Augmentation(crop=96, scale=(0.3, 0.7)),
    "drawn out": Augmentation(crop=64, stretch=0.5),
    "all at once": Augmentation(
        crop=80,
        scale=(0.5, 1.5),
        stretch=0.3,
        flip_horizontal=True,
        flip_vertical=True,
        quarter_turns=True,
        rotate_deg=15,
    ),
}


def grown(mask: np.ndarray) -> np.ndarray:
    return binary_dilation(mask, np.ones((5, 5)))


def drawn() -> tuple[np.ndarray, np.ndarray]:
    """A light picture with a dark hook that runs out of it, unlike itself however it is turned, and its mask."""
    mask = np.zeros((120, 120), np.bool_)
    mask[:100, 30:42] = True
    mask[88:100, 30:] = True
    mask[14:26, 30:60] = True
    return np.repeat(np.where(mask, 20, 220).astype(np.uint8)[:, :, None], 3, axis=2), mask


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("how", WAYS.values(), ids=WAYS)
def test_a_mask_goes_where_its_picture_goes(how: Augmentation, whole: bool) -> None:
    pixels, mask = drawn()
    for seed in range(20):
        view = augment(pixels, mask, generator(seed), how, whole)
        assert view.mask is not None
        dark = view.unspoilt[:, :, 0] < 120
        assert view.mask.shape == dark.shape == view.pixels.shape[:2]
        # Where the picture was resized or turned, edges may be off by a pixel or two.
        assert not (dark & ~grown(view.mask)).any(), seed
        assert not (view.mask & ~grown(dark)).any(), seed


def test_a_picture_that_nothing_is_done_to_stays_as_it_is() -> None:
    pixels, mask = drawn()
    view = augment(pixels, mask, generator(0), AS_THEY_ARE)
    assert (view.pixels == pixels).all()
    assert (view.mask == mask).all()


def test_one_seed_gives_one_version_and_another_another() -> None:
    pixels, mask = drawn()
    how = Augmentation(crop=64, rotate_deg=20, tint=0.2, noise=1, jpeg=1, blur=1, shadow=1, contrast=(0.5, 1.5))
    first, again, other = (augment(pixels, mask, generator(seed), how) for seed in (1, 1, 2))
    assert (first.pixels == again.pixels).all()
    assert (first.pixels != other.pixels).any()
