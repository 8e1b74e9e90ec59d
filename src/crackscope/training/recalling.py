"""What a network said when training began, and how far it has gone from that."""

import copy
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from crackscope.networks import CrackNetwork, Output
from crackscope.training.losses import CRACK_PIXEL_WEIGHT


def memory_of(network: CrackNetwork) -> nn.Module:
    """The network as it is now, which no longer learns."""
    memory = copy.deepcopy(network).eval().requires_grad_(False)
    memory.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # absent from torch's stubs
    return memory


def from_both_sides(network: nn.Module, pictures: Tensor) -> Output:
    """The mean of what a dense network says of pictures uint8 [n, h, w, 3] and of their mirror images."""
    once, again = (cast("Output", network(seen)) for seen in (pictures, pictures.flip(2)))
    assert once.map is not None
    assert again.map is not None
    return once._replace(score=(once.score + again.score) / 2, map=(once.map + again.map.flip(3)) / 2)


def recall_loss(output: Output, asked: Tensor, memory: Output) -> Tensor:
    """How far a dense network is from what another says of some of its pictures: cross-entropy of its map (crack pixels
    three times) and of its score against the other's probabilities, weighed as in `dense_loss`.

    Args:
        asked: int64 [k], which pictures. memory: what the other says of these, logits.
    """
    assert output.map is not None
    assert memory.map is not None
    told = torch.sigmoid(memory.map.float())
    logits, weights = output.map.float()[asked], 1 + (CRACK_PIXEL_WEIGHT - 1) * told
    pixels = functional.binary_cross_entropy_with_logits(logits, told, weight=weights)
    score = torch.sigmoid(memory.score.float())
    return functional.binary_cross_entropy_with_logits(output.score.float()[asked], score) + 2 * pixels
