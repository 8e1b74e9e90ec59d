"""What a map is told about its mistakes: by masks, by labels, and by masks that are doubted."""

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


def test_a_picture_with_a_label_alone_is_taught_through_its_score() -> None:
    pushed = gradient(*half_found(), doubted=False, masked=False)
    assert (pushed != 0).sum() >= 1
    assert (pushed <= 0).all()
