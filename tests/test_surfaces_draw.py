"""Cracks and look-alikes laid over pictures that already are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage

from crackscope.surfaces import (
    KINDS,
    REACH_PX,
    CrackSpec,
    draw_crack,
    draw_crack_with_truth,
    draw_distractors,
    generate,
    random_crack,
)


def chance(seed):
    return np.random.default_rng(seed)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), width=st.integers(8, 150), height=st.integers(8, 150), kind=st.sampled_from(KINDS))
def test_only_pixels_near_the_crack_change(seed, width, height, kind):
    before = generate(seed % 17, (width, height), cracked=False, kind=kind).pixels
    kept = before.copy()
    after, mask = draw_crack(before, chance(seed))
    np.testing.assert_array_equal(before, kept)
    assert after.shape == before.shape
    assert after.dtype == np.uint8
    assert mask.any()
    # The edge that reach counts from is ragged: it may lie a little inside the mask's own.
    far = ndimage.distance_transform_edt(~mask) > REACH_PX + 2
    # A crack may go on just beyond the border, where the mask does not show it.
    border = int(REACH_PX) + 3
    far[:border], far[-border:], far[:, :border], far[:, -border:] = False, False, False, False
    np.testing.assert_array_equal(after[far], before[far])


def test_one_seed_gives_one_crack():
    picture = generate(1, cracked=False).pixels
    first, second, other = (draw_crack(picture, chance(seed)) for seed in (7, 7, 8))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])
    assert (first[1] != other[1]).any()


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), level=st.integers(25, 250))
def test_a_crack_darkens_by_a_share_whatever_the_brightness(seed, level):
    grey = np.full((128, 128, 3), level, np.uint8)
    after, mask = draw_crack(grey, chance(seed), CrackSpec(width_px=(3, 5), contrast=0.7, breaks=0, branching=0))
    assert 0.2 < after[mask].mean() / level < 0.75


def test_width_and_contrast_are_what_was_asked():
    grey = np.full((256, 256, 3), 180, np.uint8)
    spec = CrackSpec(width_px=(6, 6), contrast=0.8, branching=0, breaks=0, grain_px=30)
    drawn, truth = draw_crack_with_truth(grey, chance(2), spec)
    assert truth.widths_px.max == pytest.approx(6)
    assert truth.widths_px.median == pytest.approx(6, rel=0.02)
    core = ndimage.distance_transform_edt(truth.mask) > 2.5
    # The camera's blur lets some light of the surface into a crack of 6 px.
    assert 180 * (1 - 0.8) < np.median(drawn[core]) < 180 * (1 - 0.7)


def test_a_filled_crack_is_pale():
    grey = np.full((128, 128, 3), 120, np.uint8)
    after, mask = draw_crack(grey, chance(3), CrackSpec(width_px=(3, 6), filled=True))
    assert after[mask].mean() > 122


def test_a_branching_crack_is_longer():
    grey = np.full((256, 256, 3), 150, np.uint8)
    lengths = [
        np.mean([draw_crack_with_truth(grey, chance(s), CrackSpec(branching=b))[1].length_px for s in range(12)])
        for b in (0.0, 4.0)
    ]
    assert lengths[1] > 1.4 * lengths[0]


def test_the_grain_of_the_picture_goes_on_inside():
    rng = chance(4)
    noisy = np.clip(rng.normal(170, 6, (200, 200, 3)), 0, 255).astype(np.uint8)
    after, truth = draw_crack_with_truth(noisy, chance(5), CrackSpec(width_px=(14, 16), breaks=0, grain_px=40))
    deep = ndimage.distance_transform_edt(truth.mask) > 4
    assert after[deep].astype(float).std() > 0.5


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), width=st.integers(8, 120), height=st.integers(8, 120))
def test_look_alikes_come_in_any_size_and_leave_the_picture_alone(seed, width, height):
    before = generate(seed % 13, (width, height), cracked=False).pixels
    kept = before.copy()
    after = draw_distractors(before, chance(seed))
    np.testing.assert_array_equal(before, kept)
    assert after.shape == before.shape
    assert after.dtype == np.uint8
    np.testing.assert_array_equal(after, draw_distractors(before, chance(seed)))


def test_look_alikes_change_something():
    before = generate(1, cracked=False).pixels
    changed = [(draw_distractors(before, chance(seed)) != before).any() for seed in range(20)]
    assert all(changed)


@settings(max_examples=50)
@given(seed=st.integers(0, 2**32), side=st.integers(8, 4000))
def test_ordinary_cracks_can_be_drawn(seed, side):
    spec = random_crack(chance(seed), (side, side))
    assert 0.7 <= spec.width_px[0] <= spec.width_px[1] < 30


@pytest.mark.parametrize("wrong", [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 4), np.uint8), np.zeros((9, 9, 3))])
def test_other_arrays_are_refused(wrong):
    with pytest.raises(ValueError, match="want uint8"):
        draw_crack(wrong, chance(1))
    with pytest.raises(ValueError, match="want uint8"):
        draw_distractors(wrong, chance(1))


def test_real_patches_take_a_crack(shared):
    for folder in ("metu/Negative", "sdnet2018/UD", "sdnet2018/UW", "sdnet2018/UP"):
        for path in sorted((shared / "data" / folder).iterdir())[:5]:
            with Image.open(path) as picture:
                pixels = np.asarray(picture.convert("RGB"))
            spec = CrackSpec(width_px=(3, 4), contrast=0.7)
            after, mask = draw_crack(pixels, chance(6), spec)
            assert after[mask].mean() < pixels[mask].mean()
