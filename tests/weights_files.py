"""What the tests of weights files share: reading, the line of a refusal, and small Keras files."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from crackscope.errors import WeightsError
from crackscope.networks.weights import Weights, find_weights
from crackscope.recipes import Network

NORM = ("gamma", "beta", "moving_mean", "moving_variance")


def read(path: Path, backbone: str = "resnet50", family: Any = "keras") -> Weights:
    weights = find_weights(Network(backbone=backbone, family=family, weights=str(path)))
    assert weights is not None
    return weights


def refusal(path: Path, backbone: str = "resnet50", family: Any = "keras") -> str:
    with pytest.raises(WeightsError) as caught:
        read(path, backbone, family)
    text = str(caught.value)
    assert "\n" not in text
    assert str(path) in text
    return text


def layers() -> dict[str, dict[str, np.ndarray]]:
    rng = np.random.default_rng(3)
    norm = {role: rng.normal(size=4).astype("f4") for role in NORM}
    convolution = {"kernel": rng.normal(size=(3, 3, 2, 4)).astype("f4"), "bias": rng.normal(size=4).astype("f4")}
    return {"conv": convolution, "conv_bn": norm, "relu": {}}


def flat(of: dict[str, dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {f"{layer}/{role}": array for layer, arrays in of.items() for role, array in arrays.items()}


def same(weights: Weights, wanted: dict[str, np.ndarray]) -> bool:
    assert {array.dtype.name for array in weights.tensors.values()} == {"float32"}
    assert list(weights.tensors) == list(wanted) or set(weights.tensors) == set(wanted)
    return all(np.array_equal(weights.tensors[name], array) for name, array in wanted.items())


def write_layers(group: h5py.Group, of: dict[str, dict[str, np.ndarray]], name: str = "{layer}/{role}:0") -> None:
    group.attrs["layer_names"] = [layer.encode() for layer in of]
    for layer, arrays in of.items():
        inner = group.create_group(layer)
        inner.attrs["weight_names"] = [name.format(layer=layer, role=role).encode() for role in arrays]
        for role, array in arrays.items():
            inner[name.format(layer=layer, role=role)] = array
