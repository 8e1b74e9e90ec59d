"""A network whose norms are folded into its convolutions in place, and whose weights are rounded to float16."""

from itertools import pairwise

import torch
from torch import nn

from crackscope.errors import TrainingError
from crackscope.networks.fusing import folded
from crackscope.networks.layers import Norm, norms_after_convs, straight_runs
from crackscope.networks.network import CrackNetwork

SMALLEST_ROUNDED = 256
"""Tensors with fewer numbers keep float32: they are biases and constants, and weigh nothing."""


@torch.no_grad()
def round_to_float16(network: CrackNetwork) -> None:
    """Fold norms into the convolutions before them and round what is large, all in place.

    Network, exported graph and weights file then hold the same numbers, since the graph has its norms folded. The
    norms of the backbone are marked as folded: they hold no statistics of their own any more.

    Raises:
        TrainingError: a weight is too large for float16.
    """
    for part in (network.steps, network.head):
        for owner, names in straight_runs(part):
            for first, second in pairwise(names):
                conv, norm = owner.get_submodule(first), owner.get_submodule(second)
                if isinstance(conv, nn.Conv2d) and isinstance(norm, Norm):
                    _fold(conv, norm)
    network.mark_folded(norms_after_convs(network.steps).values())
    for name, parameter in network.named_parameters():
        large = parameter.numel() >= SMALLEST_ROUNDED
        if large and (parameter.ndim > 1 or name.endswith(".bias")):
            parameter.copy_(parameter.half().float())
            if not torch.isfinite(parameter).all():
                raise TrainingError(f'the weight {name} does not fit into float16; train with --set store="float32"')


def _fold(conv: nn.Conv2d, norm: Norm) -> None:
    """Move a norm's scale into the convolution; what is left of it adds a bias."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    twin = folded(conv, norm)
    assert twin.bias is not None
    conv.weight.copy_(twin.weight)
    if conv.bias is not None:
        conv.bias.zero_()
    norm.running_mean.zero_()
    norm.running_var.fill_(1.0)
    norm.weight.fill_((1.0 + norm.eps) ** 0.5)
    norm.bias.copy_(twin.bias)
