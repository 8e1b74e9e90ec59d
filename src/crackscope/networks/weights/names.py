"""Which backbone the tensors of a file are of, told by their names, since few headers say it."""

from collections.abc import Iterable

_TORCHVISION = {
    "mobilenetv2": {"features.0.0.weight", "features.1.conv.0.0.weight"},
    "resnet50": {"conv1.weight", "layer1.0.conv1.weight", "layer1.0.conv2.weight"},
    "vgg16": {"features.0.weight", "features.2.weight", "features.5.weight"},
}
_MARKS = [
    # TF-slim's ResNet50V2 has all the names of torchvision's ResNet50, and more.
    ("resnet50v2", {"layer1.0.preact.weight"}),
    *_TORCHVISION.items(),
    ("mobilenetv2", {"block_1_expand/kernel"}),
    ("resnet50v2", {"conv2_block1_preact_bn/gamma"}),
    ("resnet50", {"conv2_block1_1_conv/kernel"}),
    ("vgg16", {"block1_conv1/kernel"}),
]


def torchvision_names(names: Iterable[str]) -> bool:
    """Whether tensors are named as in torchvision's MobileNetV2, ResNet50 or VGG16."""
    held = set(names)
    return any(marks <= held for marks in _TORCHVISION.values())


def held_backbone(names: Iterable[str]) -> str:
    """The backbone, as a recipe calls it, whose names these are; "" for none that is known."""
    held = set(names)
    return next((backbone for backbone, marks in _MARKS if marks <= held), "")
