"""Pictures seen from two sides, and what is made of it when a map does not say the same of both."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from crackscope import recipes
from crackscope.errors import RecipeError
from crackscope.training.batches import Batch
from crackscope.training.losses import disagreement
from crackscope.training.two_sides import Side, another_side, with_other_side

SIDES = st.builds(Side, st.integers(0, 3), st.booleans())


@given(SIDES, st.integers(1, 5), st.integers(1, 5))
def test_back_undoes_seen(side: Side, height: int, width: int) -> None:
    planes = torch.arange(2 * height * width * 3).reshape(2, height, width, 3)
    assert torch.equal(side.back(side.seen(planes)), planes)


@given(st.integers(0, 2**31))
def test_the_other_side_is_another_one_and_keeps_the_shape(seed: int) -> None:
    torch.manual_seed(seed)
    square, long = torch.arange(9).reshape(1, 3, 3), torch.arange(6).reshape(1, 2, 3)
    assert not torch.equal(another_side(square=True).seen(square), square)
    seen = another_side(square=False).seen(long)
    assert seen.shape == long.shape
    assert not torch.equal(seen, long)


@given(SIDES)
def test_masks_turn_with_their_pictures(side: Side) -> None:
    pixels = torch.randint(0, 255, (3, 4, 4, 3), dtype=torch.uint8)
    batch = Batch(pixels, torch.tensor([1.0, 0.0, 1.0]), pixels[..., 0].float(), torch.tensor([True, False, True]))
    twice = with_other_side(batch, side)
    assert twice.masks is not None
    assert twice.masked is not None
    assert torch.equal(twice.masks, twice.inputs[..., 0].float())
    assert torch.equal(twice.inputs[:3], pixels)
    assert twice.labels.tolist() == [1, 0, 1] * 2
    assert twice.masked.tolist() == [True, False, True] * 2
    assert twice.trust is None


def test_maps_that_agree_cost_nothing_and_a_lost_hairline_costs_all() -> None:
    wide, hairline, nothing = (torch.full((1, 64, 64), -20.0) for _ in range(3))
    wide[0, 10:50] = 20.0
    hairline[0, 10] = 20.0
    assert disagreement(wide, wide) == 0
    assert disagreement(nothing, nothing) == 0
    assert float(disagreement(hairline, nothing)) == pytest.approx(64 / 65)
    assert float(disagreement(torch.cat([wide, wide]), torch.cat([wide, nothing]))) == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize(
    ("setting", "hint"),
    [("phases.agreement=-1", "between 0 (left out)"), ("phases.steps=0", "needs steps")],
)
def test_an_agreement_that_cannot_be_is_refused(setting: str, hint: str) -> None:
    with pytest.raises(RecipeError, match="agreement") as caught:
        recipes.override(recipes.load("default"), ["phases.agreement=1", setting])
    assert hint in str(caught.value)
