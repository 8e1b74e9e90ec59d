"""MobileNetV2, width 1.0 (Sandler et al. 2018, arXiv:1801.04381), as in Keras and as in torchvision.

The two differ in padding (Keras pads stride-2 convolutions at the bottom and right on even sizes, torchvision all
round), in the pixels that they take, and in the constants of their batch norms. Names and counts are those of
`keras.applications.MobileNetV2(include_top=False)`: 154 layers, the input layer being the first.

Stages: Conv1, expanded_conv, block_1 to block_16, Conv_1.
"""

import re

from torch import nn

from crackscope.networks.backbone import Assembly, Backbone
from crackscope.networks.layers import Add, Norm, Pixels, Residual, SameConv, SamePad

FAMILIES = ("keras", "torchvision")

_STAGES = ((6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, channels, blocks, stride of the first block: from block_1 on."""

_TAPPED = ("block_2", "block_5", "block_12", "block_16")


class _Parts:
    """Makes the layers of one family."""

    def __init__(self, family: str) -> None:
        self.keras = family == "keras"

    def norm(self, channels: int) -> Norm:
        return Norm(channels, 1e-3, 0.001) if self.keras else Norm(channels, 1e-5, 0.1)

    def pad(self) -> nn.Module:
        return SamePad() if self.keras else nn.ZeroPad2d(1)

    def stem(self) -> nn.Module:
        if self.keras:
            return SameConv(3, 32, 3, stride=2, bias=False)
        return nn.Conv2d(3, 32, 3, stride=2, padding=1, bias=False)

    def block(self, name: str, widths: tuple[int, int, int], stride: int) -> dict[str, nn.Module]:
        """The layers of a block, without its addition. widths: in, expanded, out."""
        before, wide, after = widths
        layers: dict[str, nn.Module] = {}
        if wide != before:
            layers[f"{name}_expand"] = nn.Conv2d(before, wide, 1, bias=False)
            layers[f"{name}_expand_BN"] = self.norm(wide)
            layers[f"{name}_expand_relu"] = nn.ReLU6()
        if stride == 2:
            layers[f"{name}_pad"] = self.pad()
        layers[f"{name}_depthwise"] = nn.Conv2d(
            wide, wide, 3, stride=stride, padding=int(stride == 1), groups=wide, bias=False
        )
        layers[f"{name}_depthwise_BN"] = self.norm(wide)
        layers[f"{name}_depthwise_relu"] = nn.ReLU6()
        layers[f"{name}_project"] = nn.Conv2d(wide, after, 1, bias=False)
        layers[f"{name}_project_BN"] = self.norm(after)
        return layers


def mobilenetv2(family: str) -> Backbone:
    """Build it with random weights. family: keras or torchvision."""
    parts = _Parts(family)
    chain = Assembly("mobilenetv2", family)
    chain.stage = "Conv1"
    chain.add("input_layer", Pixels("unit" if parts.keras else "imagenet"))
    chain.add("Conv1", parts.stem(), width=32, slower=2)
    chain.add("bn_Conv1", parts.norm(32))
    chain.add("Conv1_relu", nn.ReLU6())
    _add_block(chain, parts, "expanded_conv", (32, 32, 16), 1)
    number = 0
    for expansion, channels, blocks, first_stride in _STAGES:
        for index in range(blocks):
            number += 1
            stride = first_stride if index == 0 else 1
            _add_block(chain, parts, f"block_{number}", (chain.width, chain.width * expansion, channels), stride)
    chain.stage = "Conv_1"
    chain.add("Conv_1", nn.Conv2d(320, 1280, 1, bias=False), width=1280)
    chain.add("Conv_1_bn", parts.norm(1280))
    chain.add("out_relu", nn.ReLU6())
    return chain.finish(_torchvision_name)


def _add_block(chain: Assembly, parts: _Parts, name: str, widths: tuple[int, int, int], stride: int) -> None:
    chain.stage = name
    layers = parts.block(name, widths, stride)
    if stride == 1 and widths[0] == widths[2]:
        paths = {"body": tuple(layers), "add": (f"{name}_add",)}
        chain.add(name, Residual({**layers, f"{name}_add": Add()}, paths))
    else:
        for layer, module in layers.items():
            width = module.out_channels if isinstance(module, nn.Conv2d) else None
            chain.add(layer, module, width=width, slower=stride if layer.endswith("_depthwise") else 1)
    if name in _TAPPED:
        chain.tap()


_PLACES = {"expand": "0.0", "expand_BN": "0.1", "depthwise": "1.0", "depthwise_BN": "1.1"} | {
    "project": "2",
    "project_BN": "3",
}
_PLACES_WITHOUT_EXPANSION = {"depthwise": "0.0", "depthwise_BN": "0.1", "project": "1", "project_BN": "2"}
_ENDS = {"Conv1": "0.0", "bn_Conv1": "0.1", "Conv_1": "18.0", "Conv_1_bn": "18.1"}


def _torchvision_name(layer: str) -> str | None:
    """The prefix of a layer's tensors in torchvision's state dict (and in files folded from it)."""
    if layer in _ENDS:
        return f"features.{_ENDS[layer]}"
    match = re.fullmatch(r"(?:expanded_conv|block_(\d+))_(\w+)", layer)
    if match is None:
        return None
    number, role = match.groups()
    if number is None:
        return f"features.1.conv.{_PLACES_WITHOUT_EXPANSION[role]}"
    return f"features.{int(number) + 1}.conv.{_PLACES[role]}"
