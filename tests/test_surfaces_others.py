"""Generated pictures of what is no surface."""

import numpy as np
import pytest

from crackscope.surfaces import generate_other


@pytest.mark.parametrize("size", [(32, 32), (90, 41), (256, 256)])
def test_a_seed_gives_one_picture_of_the_size_asked_for(size: tuple[int, int]) -> None:
    first, again, other = (generate_other(seed, size) for seed in (5, 5, 6))
    assert first.shape == (size[1], size[0], 3)
    assert first.dtype == np.uint8
    assert (first == again).all()
    assert (first != other).any()


def test_they_show_many_things() -> None:
    pictures = [generate_other(seed, (64, 64)).astype(float) for seed in range(60)]
    assert len({one.tobytes() for one in pictures}) == 60
    assert np.std([one.mean() for one in pictures]) > 20
    assert any(np.ptp(one, axis=2).max() == 0 for one in pictures)
    assert any(np.ptp(one, axis=2).mean() > 40 for one in pictures)


@pytest.mark.parametrize(("seed", "size"), [(-1, (64, 64)), (0, (31, 64)), (0, (64, 31))])
def test_impossible_calls_are_refused(seed: int, size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="want"):
        generate_other(seed, size)
