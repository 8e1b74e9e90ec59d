"""The side from which a photo is seen is the same however it is held, and all is turned back as it was turned."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crackscope.scoring import AS_IT_IS, Facing, facing_of

ALL = [Facing(*(bool(number >> bit & 1) for bit in range(3))) for number in range(8)]
sizes = st.tuples(st.integers(2, 40), st.integers(2, 40))


def noise(seed: int, size: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)


def quarter(photo: np.ndarray, low: int, right: int) -> int:
    """Its light, the middle row and column of odd sides left out."""
    for axis, far in ((0, low), (1, right)):
        half = photo.shape[axis] // 2
        photo = np.take(photo, np.arange(half) + far * (photo.shape[axis] - half), axis)
    return int(photo.sum(dtype=np.int64))


@given(seed=st.integers(0, 10**6), size=sizes)
def test_one_array_comes_of_all_eight_ways_to_hold_a_photo(seed, size):
    photo = noise(seed, size)
    assume(len({quarter(photo, low, right) for low in (0, 1) for right in (0, 1)}) == 4)
    seen = [facing_of(held).turned(held) for held in (one.turned(photo) for one in ALL)]
    assert all(np.array_equal(one, seen[0]) for one in seen)


def test_the_brightest_quarter_comes_to_the_upper_left_and_the_brighter_beside_it_to_the_right():
    # Each of another colour: all three count.
    quarters = np.uint8([[[10, 0, 0], [0, 0, 200]], [[30, 0, 0], [0, 90, 0]]])
    photo = quarters.repeat(3, 0).repeat(5, 1)
    seen = facing_of(photo).turned(photo)
    assert seen[::5, ::3].sum(-1).tolist() == [[200, 90], [10, 30]]


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (1, 9), (9, 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.bool_, np.float32])
@pytest.mark.parametrize("facing", ALL)
def test_what_was_turned_is_turned_back(facing, dtype, shape):
    array = (noise(1, shape[:2]) > 99).astype(dtype).reshape(*shape[:2], -1)
    array = array if len(shape) == 3 else array[..., 0].copy()
    kept = array.copy()
    turned = facing.turned(array)
    back = facing.back(turned)
    assert turned.dtype == back.dtype == dtype
    assert turned.flags.c_contiguous
    assert back.flags.c_contiguous
    assert np.array_equal(back, array)
    assert np.array_equal(kept, array)


@given(
    seed=st.integers(0, 10**6), facing=st.sampled_from(ALL), size=st.tuples(st.integers(1, 600), st.integers(1, 600))
)
@settings(max_examples=60)
def test_what_is_turned_over_is_turned_in_the_memory_that_it_has(seed, facing, size):
    """Squares of 256 px change places, and what lies beyond the largest square of a photo comes after them."""
    for array in (noise(seed, size), noise(seed, size)[..., 0] > 99):
        wanted, given_up = facing.turned(array.copy()), array.copy()
        turned = facing.turned_over(given_up)
        assert np.array_equal(turned, wanted)
        assert turned.dtype == array.dtype
        assert turned.flags.c_contiguous
        assert np.shares_memory(turned, given_up)


@pytest.mark.parametrize("facing", ALL)
def test_what_is_turned_is_another_array_and_what_is_not_the_same(facing):
    array = noise(1, (5, 7))
    for turned in (facing.turned(array), facing.back(array)):
        assert (turned is array) == (facing == AS_IT_IS)
        assert np.shares_memory(turned, array) == (facing == AS_IT_IS)


@pytest.mark.parametrize("facing", ALL)
@given(size=sizes)
def test_places_and_directions_are_those_of_the_photo(facing, size):
    photo = np.arange(size[0] * size[1], dtype=np.float32).reshape(size)
    seen = facing.turned(photo)
    down, across = np.divmod(np.arange(seen.size), seen.shape[1])
    places = np.stack([across, down], 1).astype(float)
    back = facing.places_back(places, photo.shape)
    x, y = back.astype(int).T
    assert np.array_equal(photo[y, x], seen.ravel())
    assert np.array_equal(facing.ways_back(np.diff(places, axis=0)), np.diff(back, axis=0))


@pytest.mark.parametrize("facing", ALL)
def test_what_is_inside_out_runs_the_other_way(facing):
    corner = facing.ways_back(np.array([[1.0, 0.0], [0.0, 1.0]]))
    assert (np.linalg.det(corner) < 0) == facing.inside_out


@pytest.mark.parametrize("size", [(1, 9), (9, 1), (1, 1)])
def test_slits_are_seen_as_they_are(size):
    assert facing_of(noise(1, size)) == AS_IT_IS


def test_a_photo_without_a_brighter_side_is_seen_as_it_is():
    assert facing_of(np.full((6, 9, 3), 150, np.uint8)) == AS_IT_IS
