"""How far a network sees: what a photo's blocks need around them."""

from collections.abc import Iterator

from torch import nn

from crackscope.networks.heads import DenseHead, described
from crackscope.networks.layers import Residual, SameMaxPool
from crackscope.networks.network import CrackNetwork


def halo(network: CrackNetwork) -> int:
    """Pixels around a place of the picture that its logit in the map can depend on, each way; an upper bound.

    Every kernel counts with its whole width on both sides, so that paddings of one side only are covered.
    """
    radius, jump = 0, 1
    for layer in _windows(network.steps):
        kernel = layer.kernel_size[0] if isinstance(layer.kernel_size, tuple) else layer.kernel_size
        stride = layer.stride[0] if isinstance(layer.stride, tuple) else layer.stride
        radius += (kernel - 1) * jump if stride > 1 else kernel // 2 * jump
        jump *= stride
    if isinstance(network.head, DenseHead):
        # Each level adds the enlarged one above it (up to a cell of that beside), then a 3x3.
        radius += sum(3 * tap.stride for tap in network.backbone.taps)
    return int(radius)


def embedding_size(network: CrackNetwork) -> int:
    """Length of the embedding."""
    if isinstance(network.head, DenseHead):
        return sum(tap.channels for tap in described(network.backbone.taps))
    return network.backbone.channels


def _windows(module: nn.Module) -> Iterator[nn.Conv2d | nn.MaxPool2d]:
    """Layers that look at neighbours, along the longest way through every block."""
    if isinstance(module, nn.Conv2d | nn.MaxPool2d):
        yield module
    elif isinstance(module, SameMaxPool):
        yield nn.MaxPool2d(3, 2)
    elif isinstance(module, Residual):
        for path in ("before", "body", "after"):
            for name in module.paths.get(path, ()):
                yield from _windows(module.get_submodule(name))
    else:
        for child in module.children():
            yield from _windows(child)
