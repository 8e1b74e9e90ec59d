"""Heads: what turns features into a crack logit a patch, a map of crack logits and an embedding."""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from crackscope.networks.backbone import Tap
from crackscope.networks.layers import Norm
from crackscope.recipes import Head

Level = TypeVar("Level")


class Output(NamedTuple):
    """What a network says of n pictures.

    score: float32 [n], crack logits. map: float32 [n, 1, ceil(h / s), ceil(w / s)], crack logits, or None where only
    pooled features were at hand. embedding: float32 [n, d]. logits: what the loss takes: [n] (one unit), [n, 2]
    (softmax: sound, crack).
    """

    score: Tensor
    map: Tensor | None
    embedding: Tensor
    logits: Tensor


class GlobalAverage(nn.Module):
    """The mean over all positions: [n, c, h, w] to [n, c]."""

    def forward(self, x: Tensor) -> Tensor:
        """Average."""
        return x.mean((2, 3))


class PooledHead(nn.Module):
    """Global average, dense layers with ReLU, dropout, one unit or two.

    Its map is the same dense layers at every position (class activation, Zhou et al. 2016): without hidden layers the
    mean of the map is the score.
    """

    def __init__(self, channels: int, head: Head) -> None:
        super().__init__()
        self.global_average = GlobalAverage()
        self.dense = nn.Sequential()
        for number, units in enumerate(head.layers, start=1):
            self.dense.add_module(f"dense_{number}", _dense(channels, units))
            self.dense.add_module(f"dense_{number}_relu", nn.ReLU())
            channels = units
        if head.dropout:
            self.dense.add_module("dropout", nn.Dropout(head.dropout))
        self.dense.add_module("score", _dense(channels, 2 if head.outputs == "softmax" else 1))

    def forward(self, taps: Sequence[Tensor]) -> Output:
        """Score features. taps: one tensor float32 [n, c, h, w]."""
        features = taps[-1]
        logits_everywhere = self._at_positions(features)
        return self.from_pooled(self.global_average(features))._replace(map=logits_everywhere)

    def from_pooled(self, pooled: Tensor) -> Output:
        """Score features that are averaged already, float32 [n, c]; there is no map then."""
        logits = self.dense(pooled)
        if logits.shape[-1] == 2:
            return Output(logits[:, 1] - logits[:, 0], None, pooled, logits)
        return Output(logits[:, 0], None, pooled, logits[:, 0])

    def _at_positions(self, features: Tensor) -> Tensor | None:
        """The dense layers as 1x1 convolutions, which every runtime takes over a picture of any size."""
        if self.training:
            return None
        for layer in self.dense:
            if isinstance(layer, nn.Linear):
                weight: Tensor = layer.weight
                bias: Tensor = layer.bias
                if layer is self.dense.score and len(weight) == 2:
                    weight, bias = weight[1:] - weight[:1], bias[1:] - bias[:1]
                features = functional.conv2d(features, weight[:, :, None, None], bias)
            else:
                features = layer(features)
        return features


class DenseHead(nn.Module):
    """A feature pyramid that ends in a map of crack logits at the stride of its finest tap.

    Lateral 1x1 convolutions; top down, each level added to the enlarged one above it, then a depthwise separable 3x3,
    batch norm, ReLU (Lin et al. 2017, arXiv:1612.03144, made light). No group norm: its statistics reach over the whole
    picture, and the map of a photo would depend on how the photo was cut. The score is the mean of the largest share
    of the map's logits, so that pictures that have only a label train the map too (multiple-instance learning). The
    embedding is the average of every tap but the coarsest, which tells cracks better than what they run through.
    floors: levels may be half the size rounded down, not up.
    """

    def __init__(self, taps: Sequence[Tap], head: Head, floors: bool = False) -> None:
        super().__init__()
        self.per_million = round(head.top_share * 1_000_000)
        self.floors = floors
        self.lateral = nn.ModuleList(nn.Conv2d(tap.channels, head.channels, 1) for tap in taps)
        self.blocks = nn.ModuleList(_separable(head.channels) for _ in taps[:-1])
        self.logits = nn.Conv2d(head.channels, 1, 1)
        # Cracks cover a few per cent of a picture: starting there spares the first steps from unlearning one half.
        assert self.logits.bias is not None
        nn.init.constant_(self.logits.bias, -2.0)

    def forward(self, taps: Sequence[Tensor]) -> Output:
        """Score features. taps: float32 [n, c, h, w], fine to coarse, each half the size of the one before."""
        level = self.lateral[-1](taps[-1])
        for index in reversed(range(len(taps) - 1)):
            finer = self.lateral[index](taps[index])
            level = self.blocks[index](finer + _doubled(level, finer, self.floors))
        logits = self.logits(level)
        score = top_mean(logits.flatten(1), self.per_million)
        embedding = torch.cat([tap.mean((2, 3)) for tap in described(taps)], dim=1)
        return Output(score, logits, embedding, score)


def described(taps: Sequence[Level]) -> Sequence[Level]:
    """The taps that an embedding tells of: all but the coarsest, or the only one."""
    return taps[:-1] or taps


def top_mean(values: Tensor, per_million: int) -> Tensor:
    """The mean of the largest share of each row, at least one of them. values: [n, k]; gives [n]."""
    count = (values.shape[1] * per_million + 999_999) // 1_000_000
    return torch.topk(values, count, dim=1).values.mean(1)


def _doubled(coarse: Tensor, finer: Tensor, floors: bool) -> Tensor:
    """Enlarge by two and cut to the size of the finer level: the grid then lies the same whatever the size."""
    enlarged = functional.interpolate(coarse, scale_factor=2.0, mode="nearest")
    if floors:
        enlarged = functional.pad(enlarged, (0, 1, 0, 1), mode="replicate")
    return enlarged[:, :, : finer.shape[2], : finer.shape[3]]


def _dense(inputs: int, outputs: int) -> nn.Linear:
    """A dense layer drawn as Keras draws it: Glorot's uniform distribution, bias zero."""
    layer = nn.Linear(inputs, outputs)
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def _separable(channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False),
        nn.Conv2d(channels, channels, 1, bias=False),
        Norm(channels, 1e-5, 0.1),
        nn.ReLU(),
    )
