"""The layers of a network as Keras lists and counts them."""

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from crackscope.networks import layers as own
from crackscope.networks.heads import GlobalAverage

if TYPE_CHECKING:
    from crackscope.networks.network import CrackNetwork

Shapes = dict[str, tuple[int, ...]]
"""Without the batch, channels last, by the part of the network and the layer's name."""

_KINDS: tuple[tuple[type[nn.Module], str], ...] = (
    (own.Pixels, "InputLayer"),
    (own.Opaque, "Functional"),
    (own.Norm, "BatchNormalization"),
    (nn.BatchNorm2d, "BatchNormalization"),
    (own.SamePad, "ZeroPadding2D"),
    (nn.ZeroPad2d, "ZeroPadding2D"),
    (own.SameMaxPool, "MaxPooling2D"),
    (nn.MaxPool2d, "MaxPooling2D"),
    (own.Add, "Add"),
    (nn.ReLU, "ReLU"),
    (nn.ReLU6, "ReLU"),
    (nn.Linear, "Dense"),
    (GlobalAverage, "GlobalAveragePooling2D"),
    (nn.Dropout, "Dropout"),
    (nn.GroupNorm, "GroupNormalization"),
)


@dataclass(frozen=True)
class Layer:
    """One line of a model summary.

    output_shape: without the batch, channels last: (h, w, c) or (c,). parameters: all, moving statistics included.
    trainable: how many of them train now. frozen: the layer was told not to learn.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    trainable: int
    frozen: bool


def counted_layers(steps: nn.Module) -> dict[str, nn.Module]:
    """The layers inside a module by name, in the order and number in which Keras counts them, the input layer first."""
    layers: dict[str, nn.Module] = {}
    for name, child in steps.named_children():
        if not is_leaf(child):
            layers |= counted_layers(child)
        elif not isinstance(child, own.InnerReLU | nn.Identity):
            layers[name] = child
    return layers


def is_leaf(module: nn.Module) -> bool:
    """Whether a module is a layer rather than a container of layers."""
    return isinstance(module, own.Opaque) or next(module.children(), None) is None


def kind_of(module: nn.Module) -> str:
    """Keras' name for what a layer does."""
    if isinstance(module, nn.Conv2d):
        return "DepthwiseConv2D" if module.groups == module.in_channels > 1 else "Conv2D"
    return next((kind for of, kind in _KINDS if isinstance(module, of)), type(module).__name__)


def count(module: nn.Module) -> tuple[int, int]:
    """Parameters of a layer, all and trainable; moving means and variances are parameters that never train."""
    own_parameters = list(module.parameters())
    moving = sum(b.numel() for name, b in module.named_buffers() if name.rpartition(".")[2].startswith("running_"))
    total = sum(p.numel() for p in own_parameters) + moving
    return total, sum(p.numel() for p in own_parameters if p.requires_grad)


def parameter_counts(network: nn.Module) -> tuple[int, int, int]:
    """(total, trainable, frozen) parameters of a network, counted as Keras counts."""
    total, trainable = count(network)
    return total, trainable, total - trainable


def layer_table(network: "CrackNetwork", size: tuple[int, int], shapes: Shapes | None = None) -> list[Layer]:
    """One record for each layer of backbone and head. size: (height, width) in px that the shapes are for; shapes: what
    `output_shapes` gave for it, where that was asked before."""
    backbone = counted_layers(network.steps)
    head = {
        path.removeprefix("dense."): module
        for path, module in network.head.named_modules()
        if path and is_leaf(module) and not path.endswith("_relu")
    }
    shapes = shapes or output_shapes(network, size)
    rows = []
    for part, modules in (("steps", backbone), ("head", head)):
        for name, module in modules.items():
            total, trainable = count(module)
            shape = shapes.get(f"{part}.{name}", ())
            rows.append(Layer(name, kind_of(module), shape, total, trainable, name in network.frozen_layers))
    return rows


def output_shapes(network: "CrackNetwork", size: tuple[int, int]) -> Shapes:
    """Shapes that layers give for one picture, whatever learns, found by running a copy.

    torch's device "meta" would need no numbers, but a second to be loaded.
    """
    twin = copy.deepcopy(network).train(False)
    shapes: Shapes = {}

    def watch(name: str, module: nn.Module) -> None:
        def note(_module: nn.Module, _inputs: object, output: object) -> None:
            if isinstance(output, torch.Tensor):
                _, *rest = output.shape
                shape = (*rest[1:], rest[0]) if len(rest) == 3 else (rest[-1],)
                # The last call counts: a pooled head runs at every position for the map first, then averaged.
                shapes[name] = tuple(int(side) for side in shape)

        module.register_forward_hook(note)

    for name, module in counted_layers(twin.steps).items():
        watch(f"steps.{name}", module)
    for path, module in twin.head.named_modules():
        if is_leaf(module):
            watch(f"head.{path.removeprefix('dense.')}", module)
    with torch.inference_mode():
        twin(torch.zeros((1, *size, 3), dtype=torch.uint8, device=next(twin.parameters()).device))
    return shapes
