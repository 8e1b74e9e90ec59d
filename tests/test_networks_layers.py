"""Layers counted, listed and frozen as Keras does."""

from importlib import import_module
from typing import Any

import pytest
import torch

from crackscope.errors import RecipeError
from crackscope.networks import CrackNetwork, build, parameter_counts
from crackscope.recipes import Freeze, Head, Network

BASES = {"mobilenetv2": (154, 2_257_984), "resnet50": (175, 23_587_712), "resnet50v2": (190, 23_564_800)} | {
    "vgg16": (19, 14_714_688)
}


def mobilenet(**head: Any) -> CrackNetwork:
    return build(Network(backbone="mobilenetv2"), Head(**head))


@pytest.mark.parametrize("name", BASES)
def test_layers_and_parameters_are_those_of_keras(name: str) -> None:
    network = build(Network(backbone=name), Head())
    table = network.layer_table()
    layers, parameters = BASES[name]
    base = table[:-2]
    assert [layer.name for layer in table[-2:]] == ["global_average", "score"]
    assert len(base) == layers
    assert sum(layer.parameters for layer in base) == parameters
    assert len({layer.name for layer in table}) == len(table)
    assert base[0].output_shape == (224, 224, 3)
    assert base[-1].output_shape[:2] == (7, 7)


def test_freeze150_has_the_published_counts() -> None:
    network = mobilenet(outputs="softmax", dropout=0.2)
    network.freeze(Freeze(layers=150))
    assert parameter_counts(network) == (2_260_546, 415_362, 1_845_184)
    table = network.layer_table((227, 227))
    open_layers = {layer.name: layer.trainable for layer in table if layer.trainable}
    assert open_layers == {"block_16_project_BN": 640, "Conv_1": 409_600, "Conv_1_bn": 2_560, "score": 2_562}
    assert table[149].name == "block_16_project"
    assert table[149].frozen
    assert table[153].output_shape == (8, 8, 1280)


def test_torchvision_geometry_has_its_own_count() -> None:
    network = build(Network(backbone="resnet50", family="torchvision"), Head(outputs="softmax"))
    network.freeze(Freeze(stage="all"))
    total, trainable, _ = parameter_counts(network)
    moving = 53_120
    assert (total - moving, trainable) == (23_508_032 + 4_098, 4_098)


@pytest.mark.parametrize(
    ("rule", "count"),
    [
        (Freeze(), 0),
        (Freeze(layers=150), 150),
        (Freeze(layers=-10), 144),
        (Freeze(stage="all"), 154),
        (Freeze(stage="Conv1"), 4),
        (Freeze(stage="block_16"), 151),
        (Freeze(names=("block_16_*", "Conv_1")), 9),
    ],
)
def test_rules_freeze_so_many_layers(rule: Freeze, count: int) -> None:
    network = mobilenet()
    network.freeze(rule)
    assert len(network.frozen_layers) == count
    assert sum(layer.frozen for layer in network.layer_table()) == count


def test_a_later_rule_replaces_an_earlier_one() -> None:
    network = mobilenet()
    before = parameter_counts(network)
    network.freeze(Freeze(stage="all"))
    network.train()
    network.freeze(Freeze())
    assert parameter_counts(network) == before
    assert all(module.training for module in network.modules())


@pytest.mark.parametrize(
    ("rule", "hint"),
    [
        (Freeze(layers=155), "has 154 layers"),
        (Freeze(stage="block_17"), "did you mean 'block_16'"),
        (Freeze(names=("blok_16_expand",)), "did you mean 'block_16_expand'"),
        (Freeze(layers=3, stage="all"), "not several"),
    ],
)
def test_rules_that_cannot_be_are_refused(rule: Freeze, hint: str) -> None:
    with pytest.raises(RecipeError, match=hint) as caught:
        mobilenet().freeze(rule)
    assert "\n" not in str(caught.value)


def test_frozen_norms_stay_in_inference_mode() -> None:
    network = mobilenet()
    network.freeze(Freeze(layers=150))
    network.train()
    norms = {name: m for name, m in network.steps.named_modules() if isinstance(m, torch.nn.BatchNorm2d)}
    training = {name for name, norm in norms.items() if norm.training}
    assert training == {"block_16_project_BN", "Conv_1_bn"}
    before = {name: norm.running_mean.clone() for name, norm in norms.items()}
    network(torch.randint(0, 256, (4, 64, 64, 3), dtype=torch.uint8))
    moved = {name for name, norm in norms.items() if not torch.equal(before[name], norm.running_mean)}
    assert moved == training


@pytest.mark.parametrize(
    ("network", "hint"),
    [
        (Network(backbone="mobilnetv2"), "did you mean 'mobilenetv2'"),
        (Network(backbone="vgg16", family="tf-slim"), "keras, torchvision"),
        (Network(backbone="resnet50v2", family="torchvision"), "tf-slim"),
        (Network(backbone="mobilenetv2", cut="block_17"), "did you mean 'block_16'"),
        (Network(backbone="resnet50v2", cut="conv9"), "did you mean 'conv5'"),
        (Network(backbone="timm:resnet18"), "set network.family = 'timm'"),
    ],
)
def test_networks_that_cannot_be_are_refused(network: Network, hint: str) -> None:
    with pytest.raises(RecipeError, match=hint) as caught:
        build(network, Head())
    assert "\n" not in str(caught.value)


def test_timm_that_cannot_be_imported_is_one_line_with_the_fix() -> None:
    try:
        import_module("timm")
    except Exception:
        with pytest.raises(RecipeError, match=r"\.\[timm\]|torchvision that was built for torch"):
            build(Network(backbone="timm:resnet18", family="timm"), Head())
    else:
        network = build(Network(backbone="timm:resnet18", family="timm"), Head())
        assert (network.stride, network.backbone.channels) == (32, 512)
