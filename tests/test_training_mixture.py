"""Batches of a dense network: what they show, as the shares of a recipe say."""

import msgspec
import numpy as np
import pytest

from crackscope import recipes
from crackscope.recipes import Kinds, Mixture
from crackscope.surfaces import KINDS
from crackscope.training.batches import Hands
from crackscope.training.mixture import FromMixture
from crackscope.training.pictures import Reader

BARE = dict.fromkeys(KINDS, 0.0)


def pictures(kinds: dict[str, float]) -> np.ndarray:
    """A batch of generated surfaces of these kinds."""
    mixture = Mixture(cracked=0, masked=0, drawn=1, sound=1, generated=1, kinds=Kinds(**kinds))
    augmentation = msgspec.structs.replace(recipes.load("default").augmentation, crop=64)
    source = FromMixture([], [], Reader(None, augmentation, 0), mixture, (6, 1), Hands(1, False))
    (batch,) = source.epoch(0)
    return np.asarray(batch.inputs)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_surface_without_a_share_is_never_shown(kind: str) -> None:
    """Of one kind alone every picture is as if no other existed, however large its share is."""
    others = {name: float(name != kind) for name in KINDS}
    alone = pictures(BARE | {kind: 0.2})
    assert np.array_equal(alone, pictures(BARE | {kind: 3.0}))
    same = (alone == pictures(others)).reshape(len(alone), -1).all(1)
    assert not same.any()
