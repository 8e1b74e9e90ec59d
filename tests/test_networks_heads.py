"""Scores, maps and embeddings of both heads."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from crackscope.networks import CrackNetwork, embedding_size
from crackscope.recipes import Head, Network
from tests.networks_random import pictures, random_network

SMALL = Network(backbone="mobilenetv2", cut="block_3")
DENSE = random_network(Network(backbone="mobilenetv2"), Head(kind="dense", channels=24))


@pytest.mark.parametrize("outputs", ["sigmoid", "softmax"])
def test_the_score_of_a_linear_head_is_the_mean_of_its_map(outputs: Any) -> None:
    output = random_network(SMALL, Head(outputs=outputs))(pictures(64, 96))
    assert output.map is not None
    assert output.map.shape == (2, 1, 8, 12)
    assert torch.allclose(output.map.mean((1, 2, 3)), output.score, atol=1e-5)


def test_a_softmax_head_scores_by_the_difference_of_its_logits() -> None:
    output = random_network(SMALL, Head(outputs="softmax", layers=(32, 16), dropout=0.5))(pictures(64, 64))
    assert output.logits.shape == (2, 2)
    assert torch.equal(output.score, output.logits[:, 1] - output.logits[:, 0])


def test_the_score_of_a_dense_head_is_the_mean_of_the_largest_share() -> None:
    output = DENSE(pictures(96, 128))
    assert output.map is not None
    logits = np.sort(output.map.detach().numpy().reshape(2, -1), axis=1)
    count = math.ceil(0.015 * logits.shape[1])
    assert np.allclose(output.score.detach().numpy(), logits[:, -count:].mean(1), atol=1e-6)


@settings(max_examples=15)
@given(height=st.integers(32, 110), width=st.integers(32, 110))
def test_maps_have_the_stated_stride_at_any_size(height: int, width: int) -> None:
    with torch.no_grad():
        output = DENSE(pictures(height, width, n=1))
    assert DENSE.stride == 4
    assert output.map is not None
    assert output.map.shape == (1, 1, math.ceil(height / 4), math.ceil(width / 4))
    assert output.score.shape == (1,)
    assert output.embedding.shape == (1, embedding_size(DENSE))


def test_an_embedding_is_the_average_of_every_level_but_the_coarsest() -> None:
    x: torch.Tensor = pictures(96, 128, n=1)
    with torch.no_grad():
        said = DENSE(x).embedding[0]
        averages = []
        for name, step in DENSE.steps.named_children():
            x = step(x)
            averages += [x.mean((2, 3))[0]] if name in DENSE.taps[:-1] else []
    assert len(averages) == len(DENSE.taps) - 1 == 3
    assert torch.allclose(said, torch.cat(averages), atol=1e-6)


@pytest.mark.parametrize(
    ("network", "levels"),
    [
        (Network(backbone="vgg16"), 4),
        (Network(backbone="resnet50", family="torchvision"), 4),
        (Network(backbone="resnet50v2", family="tf-slim", cut="conv4"), 4),
    ],
)
def test_every_backbone_takes_a_pyramid(network: Network, levels: int) -> None:
    built: CrackNetwork = random_network(network, Head(kind="dense", channels=8))
    assert len(built.taps) == levels - (network.cut == "conv4")
    with torch.no_grad():
        output = built(pictures(67, 50, n=1))
    assert output.map is not None
    assert torch.isfinite(output.map).all()


def test_a_batch_says_of_each_picture_what_it_says_of_it_alone() -> None:
    images = pictures(64, 64, n=3)
    with torch.no_grad():
        together = DENSE(images).score
        alone = torch.cat([DENSE(images[i : i + 1]).score for i in range(3)])
    assert torch.allclose(together, alone, atol=1e-5)
