"""VGG16 (Simonyan and Zisserman 2015, arXiv:1409.1556), as in Keras and as in torchvision.

The geometry is the same; the pixels are not (Keras: BGR less the mean; torchvision: RGB by mean and deviation). Names
and counts are those of `keras.applications.VGG16(include_top=False)`: 19 layers, each convolution with its activation.

Stages: block1 to block5.
"""

import re

from torch import nn

from crackscope.networks.backbone import Assembly, Backbone
from crackscope.networks.layers import InnerReLU, Pixels

FAMILIES = ("keras", "torchvision")

_BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))


def vgg16(family: str) -> Backbone:
    """Build it with random weights. family: keras or torchvision."""
    chain = Assembly("vgg16", family)
    chain.stage = "block1"
    chain.add("input_layer", Pixels("caffe" if family == "keras" else "imagenet"))
    for number, (width, convolutions) in enumerate(_BLOCKS, start=1):
        chain.stage = f"block{number}"
        for index in range(1, convolutions + 1):
            name = f"block{number}_conv{index}"
            chain.add(name, nn.Conv2d(chain.width, width, 3, padding=1), width=width)
            chain.add(f"{name}_relu", InnerReLU())
        if chain.stride >= 4:
            chain.tap()
        chain.add(f"block{number}_pool", nn.MaxPool2d(2, 2), slower=2)
    chain.tap()
    backbone = chain.finish(_torchvision_name)
    backbone.floors = True
    return backbone


def _torchvision_name(layer: str) -> str | None:
    """The prefix of a convolution's tensors in torchvision's state dict, whose layers are numbered through."""
    match = re.fullmatch(r"block(\d)_conv(\d)", layer)
    if match is None:
        return None
    block, index = int(match[1]), int(match[2])
    before = sum(2 * convolutions + 1 for _, convolutions in _BLOCKS[: block - 1])
    return f"features.{before + 2 * (index - 1)}"
