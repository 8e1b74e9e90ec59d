"""What a map is told about its mistakes: by masks, by labels, and by masks that are doubted."""

import pytest
import torch

from crackscope.networks import Output
from crackscope.training.losses import dense_loss


def gradient(logits: torch.Tensor, masks: torch.Tensor, doubted: bool, masked: bool = True) -> torch.Tensor:
    """How the loss of one cracked picture would move its map, float32 [h, w]."""
    learning = logits.clone().requires_grad_()
    top = learning.flatten(1).max(1).values
    output = Output(top, learning[:, None], torch.zeros(1, 2), top)
    ones = torch.ones(1)
    loss = dense_loss(output, ones, ones, masks, torch.tensor([masked]), torch.tensor([doubted]))
    (found,) = torch.autograd.grad(loss, learning)
    return found[0]


def half_found() -> tuple[torch.Tensor, torch.Tensor]:
    """A map that sees a whole line, and a mask that holds its left half only."""
    logits = torch.full((1, 8, 8), -6.0)
    logits[0, 4, :] = 1.0
    masks = torch.zeros(1, 8, 8)
    masks[0, 4, :4] = 1
    return logits, masks


def test_what_a_mask_leaves_out_is_pushed_down() -> None:
    pushed = gradient(*half_found(), doubted=False)
    assert (pushed[4, 4:] > 0).all()
    assert (pushed[4, :4] < 0).all()


def test_a_doubted_mask_leaves_open_what_the_network_takes_for_crack() -> None:
    pushed = gradient(*half_found(), doubted=True)
    assert (pushed[4, 5:] == 0).all()
    assert (pushed[4, :4] < 0).all()
    assert (pushed[0] > 0).all()


def loss_of(logits: torch.Tensor, masks: torch.Tensor, label: float, masked: bool) -> float:
    """The loss of one picture whose score is the largest logit of its map."""
    top = logits.flatten(1).max(1).values
    output = Output(top, logits[:, None], torch.zeros(1, 2), top)
    ones = torch.ones(1)
    return float(dense_loss(output, ones * label, ones, masks, torch.tensor([masked]), torch.tensor([False])))


def test_a_sound_picture_is_pushed_down_everywhere_without_a_mask() -> None:
    nothing = torch.zeros(1, 8, 8)
    low, high = torch.full((1, 8, 8), -4.0), torch.full((1, 8, 8), -4.0)
    high[0, :, :4] = -2.0
    high[0, 0, 0] = low[0, 0, 0] = 0.0  # the same score
    softplus = torch.nn.functional.softplus
    more = 2 * float((softplus(high) - softplus(low)).mean())
    assert loss_of(high, nothing, 0.0, False) - loss_of(low, nothing, 0.0, False) == pytest.approx(more, rel=1e-4)


def test_a_crack_pixel_that_is_missed_counts_three_times() -> None:
    logits, masks = torch.full((1, 8, 8), -3.0), torch.zeros(1, 8, 8)
    logits[0, 0, 0] = 0.0
    masks[0, 4, 4] = 1
    found = float(torch.nn.functional.binary_cross_entropy_with_logits(logits, masks, reduction="sum"))
    missed = float(torch.nn.functional.softplus(torch.tensor(3.0)))
    chances = torch.sigmoid(logits)
    dice = 1 - (2 * float(chances[0, 4, 4]) + 1) / (float(chances.sum()) + 1 + 1)
    expected = float(torch.nn.functional.softplus(torch.tensor(0.0))) + 2 * (found + 2 * missed) / 64 + dice
    assert loss_of(logits, masks, 1.0, True) == pytest.approx(expected, rel=1e-4)


def test_a_picture_with_a_label_alone_is_taught_through_its_score() -> None:
    pushed = gradient(*half_found(), doubted=False, masked=False)
    assert (pushed != 0).sum() >= 1
    assert (pushed <= 0).all()
