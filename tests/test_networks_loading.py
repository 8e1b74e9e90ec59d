"""Weights of files put where they belong, folded or not; what does not belong refused."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from crackscope.errors import WeightsError
from crackscope.networks import CrackNetwork, Weights, build, load_weights, to_bytes
from crackscope.networks.weights import read_file
from crackscope.recipes import Freeze, Head, Network
from tests.networks_random import pictures, random_network

KERAS = Network(backbone="mobilenetv2")


def keras_arrays(network: CrackNetwork) -> dict[str, np.ndarray]:
    """The backbone as Keras names it and lays it out."""
    names = {"bias": "beta", "weight": "gamma", "running_mean": "moving_mean", "running_var": "moving_variance"}
    arrays = {}
    for path, module in network.steps.named_modules():
        layer = path.rpartition(".")[2]
        if isinstance(module, torch.nn.Conv2d):
            kernel = module.weight.detach()
            deep = module.groups > 1
            arrays[f"{layer}/{'depthwise_kernel' if deep else 'kernel'}"] = kernel.permute(
                *((2, 3, 0, 1) if deep else (2, 3, 1, 0))
            ).numpy()
            if module.bias is not None:
                arrays[f"{layer}/bias"] = module.bias.detach().numpy()
        elif isinstance(module, torch.nn.BatchNorm2d):
            arrays |= {f"{layer}/{theirs}": getattr(module, ours).detach().numpy() for ours, theirs in names.items()}
    return arrays


def weights_of(arrays: dict[str, np.ndarray], family: str = "keras") -> Weights:
    return Weights(arrays, family, "some.h5", "")


@pytest.mark.parametrize("name", ["mobilenetv2", "resnet50", "resnet50v2", "vgg16"])
def test_keras_names_reach_every_layer(name: str) -> None:
    network = Network(backbone=name, cut="conv2" if name.startswith("resnet") else "")
    known = random_network(network, seed=1)
    other = random_network(network, seed=2)
    load_weights(other, weights_of(keras_arrays(known)))
    for path, tensor in known.steps.state_dict().items():
        assert torch.equal(tensor, other.steps.state_dict()[path]), path
    assert other.folded_norms() == []


TORCHVISION_NAMES: dict[str, Callable[[], set[str]]] = {
    "resnet50": lambda: (
        {"conv1", "bn1"}
        | {
            f"layer{stage}.{block}.{kind}{place}"
            for stage, blocks in enumerate((3, 4, 6, 3), start=1)
            for block in range(blocks)
            for kind in ("conv", "bn")
            for place in (1, 2, 3)
        }
        | {f"layer{stage}.0.downsample.{place}" for stage in (1, 2, 3, 4) for place in (0, 1)}
    ),
    "vgg16": lambda: {f"features.{n}" for n in (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)},
    "mobilenetv2": lambda: (
        {f"features.{n}.{place}" for n in (0, 18) for place in (0, 1)}
        | {f"features.1.conv.{place}" for place in ("0.0", "0.1", "1", "2")}
        | {f"features.{n}.conv.{place}" for n in range(2, 18) for place in ("0.0", "0.1", "1.0", "1.1", "2", "3")}
    ),
}


@pytest.mark.parametrize("name", TORCHVISION_NAMES)
def test_torchvision_names_are_all_known(name: str) -> None:
    backbone = build(Network(backbone=name, family="torchvision"), Head()).backbone
    with_weights = {path.rpartition(".")[2] for path, m in backbone.steps.named_modules() if has_weights(m)}
    assert {backbone.file_names(layer) for layer in with_weights} == TORCHVISION_NAMES[name]()


def has_weights(module: torch.nn.Module) -> bool:
    return not list(module.children()) and bool(list(module.parameters()))


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        (lambda a: a.pop("block_3_expand/kernel"), "lacks block_3_expand/kernel of mobilenetv2; choose other weights"),
        (lambda a: a.update({"Conv1/kernel": np.zeros((3, 3, 3, 16), "float32")}), "Conv1/kernel has shape"),
        (lambda a: a.update({"extra/kernel": np.zeros(3, "float32")}), "holds extra/kernel"),
        (
            lambda a: [a.pop(name) for name in list(a) if re.match(r"(Conv_1|block_16)", name)],
            r": ends with block_15: set network\.cut = 'block_15' \(--set network\.cut=block_15\), else it lacks ",
        ),
    ],
)
def test_files_of_other_networks_are_refused_and_change_nothing(change: Callable[..., object], hint: str) -> None:
    arrays = keras_arrays(random_network(KERAS, seed=1))
    change(arrays)
    network = random_network(KERAS, seed=2)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with pytest.raises(WeightsError, match=hint) as caught:
        load_weights(network, weights_of(arrays))
    assert "\n" not in str(caught.value)
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_another_family_is_refused() -> None:
    arrays = keras_arrays(random_network(KERAS))
    with pytest.raises(WeightsError, match=r"set network\.family = 'torchvision'"):
        load_weights(random_network(KERAS), weights_of(arrays, "torchvision"))


def test_the_classifier_of_a_file_is_left_alone() -> None:
    arrays = keras_arrays(random_network(KERAS)) | {"predictions/kernel": np.zeros((1280, 1000), "float32")}
    network = random_network(KERAS, seed=3)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    load_weights(network, weights_of(arrays))
    after = network.state_dict()
    heads = [name for name in before if name.startswith("head.")]
    assert heads
    assert all(torch.equal(before[name], after[name]) for name in heads)
    assert not torch.equal(before["steps.Conv1.weight"], after["steps.Conv1.weight"])


def test_what_is_saved_comes_back_byte_for_byte(tmp_path: Path) -> None:
    network = random_network(KERAS, Head(kind="dense"), seed=1)
    network.mark_folded(["bn_Conv1"])
    saved = to_bytes(network)
    (tmp_path / "a.safetensors").write_bytes(saved)
    other = random_network(KERAS, Head(kind="dense"), seed=2)
    other.load_state(tmp_path / "a.safetensors")
    assert to_bytes(other) == saved
    assert other.folded_norms() == ["bn_Conv1"]
    assert torch.equal(network(pictures(64, 64)).score, other(pictures(64, 64)).score)


def test_a_saved_network_of_another_structure_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(to_bytes(random_network(KERAS, Head(kind="dense"))))
    with pytest.raises(WeightsError, match="holds another network"):
        random_network(KERAS).load_state(tmp_path / "a.safetensors")
    (tmp_path / "a.safetensors").write_bytes(b"not weights")
    with pytest.raises(WeightsError, match="cannot be read"):
        random_network(KERAS).load_state(tmp_path / "a.safetensors")


def fold(network: CrackNetwork) -> Weights:
    """A file as those with folded norms are: torchvision's names, a bias for each norm."""
    from crackscope.networks.fusing import folded
    from crackscope.networks.layers import norms_after_convs

    layers = {path.rpartition(".")[2]: module for path, module in network.steps.named_modules()}
    arrays = {}
    for conv, norm in norms_after_convs(network.steps).items():
        one = folded(layers[conv], layers[norm])  # type: ignore[arg-type]  # a convolution and its norm, by their pairing
        prefix = network.backbone.file_names(conv)
        assert one.bias is not None
        arrays |= {f"{prefix}.weight": one.weight.numpy(), f"{prefix}.bias": one.bias.numpy()}
    return replace(weights_of(arrays), folded=True)


def test_folded_weights_compute_the_same_and_norms_then_train_as_the_identity() -> None:
    network = random_network(KERAS, seed=1)
    other = random_network(KERAS, seed=2)
    load_weights(other, fold(network))
    other.head.load_state_dict(network.head.state_dict())
    images = pictures(96, 96, n=4)
    assert len(other.folded_norms()) == 52
    with torch.no_grad():
        wanted = network(images).score
        assert torch.allclose(other(images).score, wanted, atol=1e-5)
        other.freeze(Freeze(layers=-10))
        prefix, tail = other.split_at_frozen()
        assert prefix is not None
        features = prefix(images)
        done = other.calibrate_norms([features[:1], features[1:]], tail)
        assert done == ["block_16_expand_BN", "block_16_depthwise_BN", "block_16_project_BN", "Conv_1_bn"]
        assert not set(done) & set(other.folded_norms())
        assert torch.allclose(other(images).score, wanted, atol=1e-5)
        other.train()
        assert torch.allclose(other(images).score, wanted, atol=1e-4)


@pytest.mark.parametrize(
    ("file", "network"),
    [
        ("mobilenetv2.keras", KERAS),
        ("mobilenetv2.torch.fp16", Network(backbone="mobilenetv2", family="torchvision")),
        ("resnet50v2.slim.stages1-3.fp16", Network(backbone="resnet50v2", family="tf-slim", cut="conv4")),
    ],
)
def test_the_files_at_hand_tell_cracks_from_sound_concrete(shared: Path, file: str, network: Network) -> None:
    """A nearest-mean rule on frozen features: what wrong padding, pixels or order of tensors would spoil."""
    from PIL import Image

    weights = read_file(shared / "weights" / f"{file}.safetensors", network)
    built = build(network, Head(), weights).eval()
    rows = [sorted((shared / "data" / "metu" / name).iterdir())[:16] for name in ("Positive", "Negative")]
    images = torch.from_numpy(
        np.stack([np.array(Image.open(path).convert("RGB"))[:160, :160] for part in rows for path in part])
    )
    with torch.no_grad():
        features = built(images).embedding.reshape(2, 2, 8, -1)
    centres = features[:, 0].mean(1)
    distance = torch.cdist(features[:, 1].reshape(16, -1), centres)
    right = (distance.argmin(1) == torch.arange(2).repeat_interleave(8)).float().mean()
    assert right >= 0.8


def test_a_cut_file_in_a_whole_network_is_told_where_to_cut(shared: Path) -> None:
    network = Network(backbone="resnet50v2", family="tf-slim")
    weights = read_file(shared / "weights" / "resnet50v2.slim.stages1-3.fp16.safetensors", network)
    with pytest.raises(WeightsError, match=r"set network\.cut = 'conv4'"):
        build(network, Head(), weights)
