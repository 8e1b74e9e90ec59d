"""The layers that all backbones are made of: one module for each layer that Keras counts.

Paddings, activations and additions are modules of their own, because freezing rules count them and summaries list
them. Everything here takes and gives float32 [n, c, h, w], except `Pixels`, which takes pictures.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

PixelRange = Literal["unit", "imagenet", "caffe"]
"""unit: x / 127.5 - 1. imagenet: x / 255 less mean, over deviation, RGB. caffe: BGR less mean."""

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)
_CAFFE_MEAN_BGR = (103.939, 116.779, 123.68)


class Pixels(nn.Module):
    """The input layer: uint8 [n, h, w, 3] RGB as decoded to the float32 [n, 3, h, w] that a backbone was trained on.

    mean, std: of "imagenet", on the scale 0 to 1, when they are not the usual ones.
    """

    scale: Tensor
    offset: Tensor

    def __init__(
        self,
        kind: PixelRange,
        mean: tuple[float, ...] = _IMAGENET_MEAN,
        std: tuple[float, ...] = _IMAGENET_STD,
    ) -> None:
        super().__init__()
        self.bgr = kind == "caffe"
        if kind == "unit":
            scale, offset = [1 / 127.5] * 3, [-1.0] * 3
        elif kind == "caffe":
            scale, offset = [1.0] * 3, [-value for value in _CAFFE_MEAN_BGR]
        else:
            scale = [1 / (255 * deviation) for deviation in std]
            offset = [-average / deviation for average, deviation in zip(mean, std, strict=True)]
        self.register_buffer("scale", torch.tensor(scale).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("offset", torch.tensor(offset).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Normalise. images: uint8 [n, h, w, 3]."""
        planes = images.permute(0, 3, 1, 2).to(self.scale.dtype)
        if self.bgr:
            planes = planes.flip(1)
        return planes * self.scale + self.offset


def same_padding(height: int, width: int) -> tuple[int, int, int, int]:
    """Zeros left, right, top, bottom for a 3x3 window with stride 2, as TensorFlow's SAME: none before even sizes."""
    return (width % 2, 1, height % 2, 1)


class SamePad(nn.Module):
    """Zeros for a 3x3 convolution with stride 2 that follows: bottom and right on even sizes, all round on odd ones."""

    def forward(self, x: Tensor) -> Tensor:
        """Pad [n, c, h, w] to [n, c, h + 1 or 2, w + 1 or 2]."""
        return functional.pad(x, same_padding(x.shape[2], x.shape[3]))


class SameConv(nn.Conv2d):
    """A 3x3 convolution with stride 2 that pads for itself as TensorFlow's SAME does."""

    def forward(self, input: Tensor) -> Tensor:
        """[n, c, h, w] to [n, out, ceil(h / 2), ceil(w / 2)]."""
        return super().forward(functional.pad(input, same_padding(input.shape[2], input.shape[3])))


class SameMaxPool(nn.Module):
    """A 3x3 maximum with stride 2 padded as TensorFlow's SAME does: what lies outside never wins."""

    def forward(self, x: Tensor) -> Tensor:
        """[n, c, h, w] to [n, c, ceil(h / 2), ceil(w / 2)]."""
        return functional.max_pool2d(functional.pad(x, same_padding(x.shape[2], x.shape[3]), value=float("-inf")), 3, 2)


class Norm(nn.BatchNorm2d):
    """A batch norm that stays in inference mode while it is frozen, whatever `train()` is called on."""

    def __init__(self, channels: int, eps: float, momentum: float) -> None:
        """momentum: torch's, the share of the new batch (Keras' is one minus this)."""
        super().__init__(channels, eps=eps, momentum=momentum)
        self.frozen = False

    def train(self, mode: bool = True) -> "Norm":
        """Switch the mode; frozen norms do not leave inference."""
        super().train(mode and not self.frozen)
        return self


class Opaque(nn.Module):
    """A whole network of another library, one layer to us; in inference mode while it is frozen."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.frozen = False

    def train(self, mode: bool = True) -> "Opaque":
        """Switch the mode; a frozen one does not leave inference."""
        super().train(mode and not self.frozen)
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Run it."""
        features: Tensor = self.model(x)
        return features


class InnerReLU(nn.ReLU):
    """An activation that Keras counts as part of the layer before it."""


class Add(nn.Module):
    """The sum that closes a residual block."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Add two tensors of one shape."""
        return a + b


class Residual(nn.Module):
    """Two ways from one tensor to a sum, all layers under their own names.

    layers: in the order that Keras lists them. paths: names of those on each way: `before` both (pre-activation),
    `shortcut`, `body`, `add` (one name) and `after`. raw_shortcut: the shortcut starts before `before`.
    """

    def __init__(
        self, layers: Mapping[str, nn.Module], paths: Mapping[str, tuple[str, ...]], raw_shortcut: bool = False
    ) -> None:
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.paths = dict(paths)
        self.raw_shortcut = raw_shortcut

    def _walk(self, path: str, x: Tensor) -> Tensor:
        for name in self.paths.get(path, ()):
            x = self.get_submodule(name)(x)
        return x

    def forward(self, x: Tensor) -> Tensor:
        """[n, c, h, w] to [n, c', h', w']."""
        start = self._walk("before", x)
        shortcut = self._walk("shortcut", x if self.raw_shortcut else start)
        total = self.get_submodule(self.paths["add"][0])(shortcut, self._walk("body", start))
        return self._walk("after", total)


def straight_runs(steps: nn.Module) -> Iterator[tuple[nn.Module, list[str]]]:
    """Every run of layers in which each takes what the one before gives, as (owner, names of its children)."""
    if isinstance(steps, nn.Sequential):
        yield steps, [name for name, _ in steps.named_children()]
    for module in steps.modules():
        if isinstance(module, Residual):
            for path in ("before", "shortcut", "body", "after"):
                yield module, list(module.paths.get(path, ()))


def norms_after_convs(steps: nn.Module) -> dict[str, str]:
    """For each convolution that a norm follows directly, the name of that norm."""
    pairs: dict[str, str] = {}
    for owner, names in straight_runs(steps):
        for first, second in pairwise(names):
            if isinstance(owner.get_submodule(first), nn.Conv2d) and isinstance(owner.get_submodule(second), Norm):
                pairs[first] = second
    return pairs
