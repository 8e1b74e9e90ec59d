"""ResNet50V2 (He et al. 2016, arXiv:1603.05027), as in Keras and as in TF-slim.

Both stride in the last block of a stage and normalise before they convolve. They differ in the first maximum: Keras
pads it with a ring of zeros, TF-slim as TensorFlow's SAME does. Names and counts are those of
`keras.applications.ResNet50V2(include_top=False)`: 190 layers.

Stages: conv1 to conv5. A backbone that is cut ends with the pre-activation of the block that would come next, so
what it gives is normalised and not negative, as at the end of the whole network; and its last block does not stride, so
the last stage is read before it is thinned out (cut after conv4: 1024 channels at stride 16). Every second value along
each side is what the striding block would have given.
"""

import re

from torch import nn

from crackscope.networks.backbone import Assembly, Backbone, check_name
from crackscope.networks.layers import Add, Norm, Pixels, Residual, SameMaxPool
from crackscope.networks.resnet50 import STACKS

FAMILIES = ("keras", "tf-slim")

_CUTS = ["conv2", "conv3", "conv4", "conv5"]


class _Parts:
    """Makes the layers of one family."""

    def __init__(self, family: str) -> None:
        self.keras = family == "keras"
        self.pools = 0

    def norm(self, channels: int) -> Norm:
        return Norm(channels, 1.001e-5, 0.01) if self.keras else Norm(channels, 1e-5, 0.003)

    def block(self, name: str, before: int, width: int, stride: int, widen: bool) -> Residual:
        """A pre-activated bottleneck. widen: its shortcut is a convolution; where it is none, a stride thins it out."""
        layers: dict[str, nn.Module] = {
            f"{name}_preact_bn": self.norm(before),
            f"{name}_preact_relu": nn.ReLU(),
            f"{name}_1_conv": nn.Conv2d(before, width, 1, bias=False),
            f"{name}_1_bn": self.norm(width),
            f"{name}_1_relu": nn.ReLU(),
            f"{name}_2_pad": nn.ZeroPad2d(1),
            f"{name}_2_conv": nn.Conv2d(width, width, 3, stride=stride, bias=False),
            f"{name}_2_bn": self.norm(width),
            f"{name}_2_relu": nn.ReLU(),
        }
        body = (*list(layers)[2:], f"{name}_3_conv")
        shortcut: tuple[str, ...] = ()
        if widen:
            shortcut = (f"{name}_0_conv",)
            layers[shortcut[0]] = nn.Conv2d(before, 4 * width, 1)
        elif stride > 1:
            shortcut = (f"max_pooling2d{f'_{self.pools}' if self.pools else ''}",)
            self.pools += 1
            layers[shortcut[0]] = nn.MaxPool2d(1, stride)
        layers |= {f"{name}_3_conv": nn.Conv2d(width, 4 * width, 1), f"{name}_out": Add()}
        paths = {
            "before": (f"{name}_preact_bn", f"{name}_preact_relu"),
            "body": body,
            "shortcut": shortcut,
            "add": (f"{name}_out",),
        }
        return Residual(layers, paths, raw_shortcut=not widen)


def resnet50v2(family: str, cut: str = "") -> Backbone:
    """Build it with random weights. family: keras or tf-slim. cut: a stage, conv2 to conv5, or "" for the whole.

    Raises RecipeError for a cut that there is not.
    """
    if cut:
        check_name(cut, _CUTS, "network.cut of resnet50v2")
    parts = _Parts(family)
    chain = Assembly("resnet50v2", family)
    _add_stem(chain, parts)
    last = int(cut.removeprefix("conv") or 5)
    for number, (width, blocks) in enumerate(STACKS[: last - 1], start=2):
        chain.stage = f"conv{number}"
        for index in range(1, blocks + 1):
            stride = 2 if index == blocks and number < last else 1
            if stride == 2:
                chain.tap()
            name = f"conv{number}_block{index}"
            block = parts.block(name, chain.width, width, stride, widen=index == 1)
            chain.add(name, block, width=4 * width, slower=stride)
    end = "post" if last == 5 else f"conv{last + 1}_block1_preact"
    chain.add(f"{end}_bn", parts.norm(chain.width))
    chain.add(f"{end}_relu", nn.ReLU())
    chain.tap()
    backbone = chain.finish(lambda layer: f"post{last - 1}" if layer == f"{end}_bn" else _slim_name(layer))
    backbone.cut, backbone.whole = ("", True) if last == 5 else (cut, False)
    return backbone


def _add_stem(chain: Assembly, parts: _Parts) -> None:
    chain.stage = "conv1"
    chain.add("input_layer", Pixels("unit"))
    chain.add("conv1_pad", nn.ZeroPad2d(3))
    chain.add("conv1_conv", nn.Conv2d(3, 64, 7, stride=2), width=64, slower=2)
    if parts.keras:
        chain.add("pool1_pad", nn.ZeroPad2d(1))
        chain.add("pool1_pool", nn.MaxPool2d(3, 2), slower=2)
    else:
        chain.add("pool1_pad", nn.ZeroPad2d(0))
        chain.add("pool1_pool", SameMaxPool(), slower=2)


def _slim_name(layer: str) -> str | None:
    """The prefix of a layer's tensors in the files made of TF-slim's checkpoint."""
    if layer == "conv1_conv":
        return "conv1"
    match = re.fullmatch(r"conv(\d)_block(\d)_(\d)_(conv|bn)", layer)
    if match is not None:
        stage, block, place, _ = match.groups()
        return f"layer{int(stage) - 1}.{int(block) - 1}.{'downsample' if place == '0' else f'conv{place}'}"
    match = re.fullmatch(r"conv(\d)_block(\d)_preact_bn", layer)
    if match is not None:
        return f"layer{int(match[1]) - 1}.{int(match[2]) - 1}.preact"
    return None
