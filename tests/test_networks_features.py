"""The graph of what a network sees before it learns cracks."""

import numpy as np
import pytest
import torch

from crackscope.networks import Weights, export_features, to_bytes
from crackscope.networks.weights.safetensors_file import read_safetensors
from crackscope.recipes import Head, Network
from crackscope.scoring.features import Features
from tests.networks_random import pictures, random_network

MOBILENET = Network(backbone="mobilenetv2", family="keras")


def alone(function, items):
    return [function(item) for item in items]


def weights_of(network, folder) -> Weights:
    """As a file of the network gives them."""
    (folder / "weights.safetensors").write_bytes(to_bytes(network))
    arrays, header = read_safetensors(folder / "weights.safetensors")
    tensors = {name: array for name, array in arrays.items() if name.startswith("steps.")}
    return Weights(tensors, "crackscope", "a file", "0" * 64, metadata=header)


@pytest.mark.parametrize("side", [(64, 96), (97, 65)])
def test_features_are_averages_of_the_last_stage_but_one(tmp_path, side):
    network = random_network(MOBILENET, Head(kind="pooled"))
    model = export_features(MOBILENET, weights_of(network, tmp_path))
    images = pictures(*side, n=1)
    with torch.no_grad():
        seen = images
        for step in network.backbone.cut_after("block_16").steps:
            seen = step(seen)
        stated = seen.mean((2, 3))[0].numpy()
    told = Features(model).of(images[0].numpy(), alone)
    assert told.shape == (320,)
    # Weights of a byte each: within a few hundredths of what the features differ by.
    assert np.abs(told - stated).mean() < 0.05 * stated.std()
    assert np.corrcoef(told, stated)[0, 1] > 0.995
    assert len(model) < 2_000_000


def test_other_networks_have_none(tmp_path):
    network = Network(backbone="resnet50", family="torchvision")
    assert export_features(network, weights_of(random_network(MOBILENET), tmp_path)) is None
