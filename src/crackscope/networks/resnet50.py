"""ResNet50 (He et al. 2016, arXiv:1512.03385), as in Keras and as in torchvision.

Keras strides in the first 1x1 convolution of a stage's first block, has biases in its convolutions and takes BGR less
the mean; torchvision strides in the 3x3 convolution, has no biases and takes RGB by mean and deviation. Names and
counts are those of `keras.applications.ResNet50(include_top=False)`: 175 layers.

Stages: conv1 to conv5.
"""

import re

from torch import nn

from crackscope.networks.backbone import Assembly, Backbone
from crackscope.networks.layers import Add, Norm, Pixels, Residual

FAMILIES = ("keras", "torchvision")

STACKS = ((64, 3), (128, 4), (256, 6), (512, 3))
"""Width and number of blocks of conv2 to conv5; a block gives four times its width."""


class _Parts:
    """Makes the layers of one family."""

    def __init__(self, family: str) -> None:
        self.keras = family == "keras"

    def norm(self, channels: int) -> Norm:
        return Norm(channels, 1.001e-5, 0.01) if self.keras else Norm(channels, 1e-5, 0.1)

    def conv(self, before: int, after: int, side: int, stride: int = 1, padding: int = 0) -> nn.Conv2d:
        return nn.Conv2d(before, after, side, stride=stride, padding=padding, bias=self.keras)

    def block(self, name: str, before: int, width: int, stride: int, widen: bool) -> Residual:
        """A bottleneck. widen: its shortcut is a convolution of its own."""
        first, second = (stride, 1) if self.keras else (1, stride)
        layers: dict[str, nn.Module] = {
            f"{name}_1_conv": self.conv(before, width, 1, first),
            f"{name}_1_bn": self.norm(width),
            f"{name}_1_relu": nn.ReLU(),
            f"{name}_2_conv": self.conv(width, width, 3, second, padding=1),
            f"{name}_2_bn": self.norm(width),
            f"{name}_2_relu": nn.ReLU(),
        }
        if widen:
            layers[f"{name}_0_conv"] = self.conv(before, 4 * width, 1, stride)
        layers[f"{name}_3_conv"] = self.conv(width, 4 * width, 1)
        if widen:
            layers[f"{name}_0_bn"] = self.norm(4 * width)
        layers[f"{name}_3_bn"] = self.norm(4 * width)
        shortcut = tuple(layer for layer in layers if layer.startswith(f"{name}_0_"))
        body = tuple(layer for layer in layers if layer not in shortcut)
        layers |= {f"{name}_add": Add(), f"{name}_out": nn.ReLU()}
        paths = {"body": body, "shortcut": shortcut, "add": (f"{name}_add",), "after": (f"{name}_out",)}
        return Residual(layers, paths)


def resnet50(family: str) -> Backbone:
    """Build it with random weights. family: keras or torchvision."""
    parts = _Parts(family)
    chain = Assembly("resnet50", family)
    chain.stage = "conv1"
    chain.add("input_layer", Pixels("caffe" if parts.keras else "imagenet"))
    chain.add("conv1_pad", nn.ZeroPad2d(3))
    chain.add("conv1_conv", parts.conv(3, 64, 7, 2), width=64, slower=2)
    chain.add("conv1_bn", parts.norm(64))
    chain.add("conv1_relu", nn.ReLU())
    chain.add("pool1_pad", nn.ZeroPad2d(1))
    chain.add("pool1_pool", nn.MaxPool2d(3, 2), slower=2)
    for number, (width, blocks) in enumerate(STACKS, start=2):
        chain.stage = f"conv{number}"
        for index in range(1, blocks + 1):
            stride = 2 if index == 1 and number > 2 else 1
            name = f"conv{number}_block{index}"
            block = parts.block(name, chain.width, width, stride, widen=index == 1)
            chain.add(name, block, width=4 * width, slower=stride)
        chain.tap()
    return chain.finish(_torchvision_name)


def _torchvision_name(layer: str) -> str | None:
    """The prefix of a layer's tensors in torchvision's state dict."""
    if layer in ("conv1_conv", "conv1_bn"):
        return {"conv1_conv": "conv1", "conv1_bn": "bn1"}[layer]
    match = re.fullmatch(r"conv(\d)_block(\d)_(\d)_(conv|bn)", layer)
    if match is None:
        return None
    stage, block, place, kind = match.groups()
    prefix = f"layer{int(stage) - 1}.{int(block) - 1}"
    if place == "0":
        return f"{prefix}.downsample.{0 if kind == 'conv' else 1}"
    return f"{prefix}.{kind}{place}"
