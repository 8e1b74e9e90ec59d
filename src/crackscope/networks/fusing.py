"""The form of a network that is exported: norms folded into the convolutions before them, paddings absorbed."""

import copy
from itertools import pairwise

import torch
from torch import nn

from crackscope.networks.layers import Norm, SameConv, SameMaxPool, SamePad, straight_runs

NEXT_TO_NOTHING = 1e-30
"""What is padded before a maximum instead of zeros, for export.

onnxruntime merges a padding with zeros into the maximum after it, whose own padding never wins: another result where
all values are negative (its optimiser's Pad fusion; seen in 1.31, with differences of 1e-2 in ResNet50V2).
"""


class FusedSameConv(nn.Module):
    """A stride-2 3x3 convolution that pads as TensorFlow's SAME does; export only, where that is one operator."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.conv = conv


class FusedSameMaxPool(nn.Module):
    """A 3x3 maximum with stride 2 and SAME padding; export only."""


def fused(module: nn.Module) -> nn.Module:
    """A copy of a module in inference mode, for export alone: the same function in fewer operators."""
    twin = copy.deepcopy(module).eval().requires_grad_(False)
    for part in list(twin.modules()):
        if not isinstance(part, nn.Sequential):
            continue
        for owner, names in straight_runs(part):
            _fuse_run(owner, names)
    return twin


def _fuse_run(owner: nn.Module, names: list[str]) -> None:
    """Fuse the layers of one straight run, replacing children of its owner."""
    present = [name for name in names if not isinstance(owner.get_submodule(name), nn.Identity)]
    for first, second in pairwise(present):
        a, b = owner.get_submodule(first), owner.get_submodule(second)
        if isinstance(a, nn.Conv2d) and isinstance(b, Norm):
            _set(owner, first, folded(a, b))
            _set(owner, second, nn.Identity())
    for first, second in pairwise(present):
        a, b = owner.get_submodule(first), owner.get_submodule(second)
        if isinstance(b, nn.Conv2d) and isinstance(a, SamePad | nn.ZeroPad2d):
            if isinstance(a, SamePad):
                _set(owner, second, FusedSameConv(b))
            else:
                b.padding = (a.padding[2], a.padding[0])
            _set(owner, first, nn.Identity())
        elif isinstance(a, nn.ZeroPad2d) and isinstance(b, nn.MaxPool2d):
            a.value = NEXT_TO_NOTHING
    for name in present:
        layer = owner.get_submodule(name)
        if isinstance(layer, SameConv):
            _set(owner, name, FusedSameConv(layer))
        elif isinstance(layer, SameMaxPool):
            _set(owner, name, FusedSameMaxPool())


def _set(owner: nn.Module, name: str, layer: nn.Module) -> None:
    owner.add_module(name, layer)


def folded(conv: nn.Conv2d, norm: Norm) -> nn.Conv2d:
    """The convolution that does what a convolution and the norm after it do in inference, reckoned in float64."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    bias = torch.zeros_like(scale) if conv.bias is None else conv.bias.double()
    twin = copy.deepcopy(conv)
    twin.weight = nn.Parameter((conv.weight.double() * scale[:, None, None, None]).float(), requires_grad=False)
    shift = (bias - norm.running_mean.double()) * scale + norm.bias.double()
    twin.bias = nn.Parameter(shift.float(), requires_grad=False)
    return twin
