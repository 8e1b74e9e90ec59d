"""A network in two parts computes what the whole one does."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from crackscope.networks import CrackNetwork, table
from crackscope.recipes import Freeze, Head, Network
from tests.networks_random import pictures, random_network

MOBILENET = random_network(Network(backbone="mobilenetv2"), Head(outputs="softmax"))
DENSE = random_network(Network(backbone="mobilenetv2"), Head(kind="dense"))
IMAGES = pictures(33, 64)


def last_of(prefix: torch.nn.Module | None) -> str:
    assert prefix is not None
    return list(dict(prefix.named_children()))[-1]


@pytest.mark.parametrize(
    ("rule", "last"),
    [
        (Freeze(layers=150), "block_16_project"),
        (Freeze(layers=-10), "block_16_expand"),
        (Freeze(layers=30), "block_3_expand_relu"),
    ],
)
def test_the_prefix_is_as_long_as_can_be(rule: Freeze, last: str) -> None:
    network = random_network(Network(backbone="mobilenetv2"))
    network.freeze(rule)
    prefix, _ = network.split_at_frozen()
    assert last_of(prefix) == last


@pytest.mark.parametrize("rule", [Freeze(), Freeze(names=("Conv_1",))])
def test_nothing_frozen_at_the_start_gives_no_prefix(rule: Freeze) -> None:
    MOBILENET.freeze(rule)
    prefix, tail = MOBILENET.split_at_frozen()
    assert prefix is None
    assert torch.equal(tail(IMAGES).score, MOBILENET(IMAGES).score)


@pytest.mark.parametrize("network", [MOBILENET, DENSE], ids=["pooled", "dense"])
@settings(max_examples=8)
@given(layers=st.integers(2, 154))
def test_prefix_and_tail_make_the_whole(network: CrackNetwork, layers: int) -> None:
    names = table.counted_layers(network.steps)
    network.freeze(Freeze(layers=min(layers, len(names) if network is DENSE else 154)))
    with torch.no_grad():
        whole = network(IMAGES)
        prefix, tail = network.split_at_frozen()
        assert prefix is not None
        parts = tail(prefix(IMAGES))
    assert torch.equal(parts.score, whole.score)
    assert torch.equal(parts.embedding, whole.embedding)
    assert torch.equal(parts.logits, whole.logits)
    if parts.map is not None:
        assert torch.equal(parts.map, whole.map)


def test_a_frozen_backbone_is_averaged_in_the_prefix() -> None:
    MOBILENET.freeze(Freeze(stage="all"))
    prefix, tail = MOBILENET.split_at_frozen()
    assert prefix is not None
    assert prefix(IMAGES).shape == (2, 1280)
    assert tail(prefix(IMAGES)).map is None


def test_a_pyramid_reads_nothing_within_the_prefix() -> None:
    DENSE.freeze(Freeze(stage="all"))
    prefix, _ = DENSE.split_at_frozen()
    assert last_of(prefix) == "block_2"


def test_gradients_stop_at_the_prefix() -> None:
    network = random_network(Network(backbone="mobilenetv2"))
    network.freeze(Freeze(layers=150))
    network.train()
    prefix, tail = network.split_at_frozen()
    assert prefix is not None
    features = prefix(IMAGES)
    assert not features.requires_grad
    tail(features).score.sum().backward()
    learning = {name for name, p in network.named_parameters() if p.grad is not None}
    assert {name.split(".")[1] for name in learning if name.startswith("steps.")} == {
        "block_16_project_BN",
        "Conv_1",
        "Conv_1_bn",
    }
