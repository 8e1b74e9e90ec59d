"""Headers of safetensors: every fact that one states is obeyed, or the file refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from crackscope.errors import WeightsError
from crackscope.networks.weights import Weights, find_weights
from crackscope.recipes import Network

KERAS = {
    "family": "keras",
    "normalisation": "RGB/127.5 - 1",
    "padding": "TensorFlow SAME (even input: bottom/right only), as Keras' ((0,1),(0,1))",
    "activation": "relu6",
    "bn": "folded",
}
TORCH_NORMALISATION = "RGB/255, minus mean [0.485,0.456,0.406], divided by std [0.229,0.224,0.225]"


def read(path: Path, backbone: str = "mobilenetv2", family: Any = "keras") -> Weights:
    weights = find_weights(Network(backbone=backbone, family=family, weights=str(path)))
    assert weights is not None
    return weights


def refusal(path: Path, backbone: str = "mobilenetv2", family: Any = "keras") -> str:
    with pytest.raises(WeightsError) as caught:
        read(path, backbone, family)
    text = str(caught.value)
    assert "\n" not in text
    return text


def save(path: Path, header: dict[str, str], dtype: Any = "f4") -> Path:
    safetensors.numpy.save_file({"conv.weight": np.arange(6).reshape(2, 3).astype(dtype)}, path, header)
    return path


@pytest.mark.parametrize(
    ("name", "backbone", "family", "parameters"),
    [
        ("mobilenetv2.keras.safetensors", "mobilenetv2", "keras", 2_206_816),
        ("mobilenetv2.torch.fp16.safetensors", "mobilenetv2", "torchvision", 2_206_816),
        ("resnet50v2.slim.stages1-3.fp16.safetensors", "resnet50v2", "tf-slim", 8_546_048),
    ],
)
def test_the_files_at_hand(shared: Path, name: str, backbone: str, family: str, parameters: int) -> None:
    weights = read(shared / "weights" / name, backbone, family)
    assert (weights.family, weights.folded) == (family, True)
    assert sum(array.size for array in weights.tensors.values()) == parameters
    assert {array.dtype.name for array in weights.tensors.values()} == {"float32"}
    assert weights.metadata["licence"] == "Apache-2.0"
    for other in {"keras", "torchvision", "tf-slim"} - {family}:
        assert f"set network.family={family}" in refusal(shared / "weights" / name, backbone, other)
    said = refusal(shared / "weights" / name, "timm:resnet18", "timm")
    assert f"no timm:resnet18 but {'resnet50v2' if family == 'tf-slim' else 'mobilenetv2'}" in said


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_a_header_that_says_it_all(tmp_path: Path, dtype: str) -> None:
    weights = read(save(tmp_path / "good.safetensors", KERAS, dtype))
    assert weights.folded
    assert weights.tensors["conv.weight"].dtype == np.float32
    assert not read(save(tmp_path / "good.safetensors", {"family": "keras"})).folded


def test_a_file_without_family_says_how_to_name_it(tmp_path: Path) -> None:
    text = refusal(save(tmp_path / "some.safetensors", {"format": "pt"}))
    assert "metadata={'family': ...}" in text
    assert "keras, torchvision, tf-slim, timm" in text
    assert read(tmp_path / "some.safetensors", "timm:some", "timm").family == "timm"


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("family", "torchvision"),
        ("backbone", "vgg16"),
        ("normalisation", "RGB/255"),
        ("normalisation", "BGR/127.5 - 1"),
        ("normalisation", "RGB/127.5 + 1"),
        ("normalisation", TORCH_NORMALISATION),
        ("padding", "symmetric k//2"),
        ("padding", "none"),
        ("padding", "symmetric or SAME"),
        ("activation", "relu"),
        ("bn", "who knows"),
        ("parameters", "7"),
    ],
)
def test_a_header_that_contradicts_its_family(tmp_path: Path, fact: str, value: str) -> None:
    path = save(tmp_path / "bad.safetensors", KERAS | {fact: value})
    text = refusal(path)
    assert str(path) in text
    assert value in text


def test_weights_of_another_backbone_are_called_that(tmp_path: Path) -> None:
    slim = save(tmp_path / "slim.safetensors", {"family": "tf-slim"})
    for backbone, family in (("mobilenetv2", "keras"), ("resnet50", "torchvision")):
        said = refusal(slim, backbone, family)
        assert f"no {backbone} but resnet50v2: give weights of {backbone}" in said
        assert "set network.family" not in said
    assert "set network.family=tf-slim" in refusal(slim, "resnet50v2", "keras")
    other = save(tmp_path / "other.safetensors", {"family": "torchvision", "backbone": "resnet50"})
    assert "set network.backbone=resnet50 and network.family=torchvision" in refusal(other)
    assert refusal(save(tmp_path / "odd.safetensors", {"family": "timm"})).endswith(": give a file of family keras")


@pytest.mark.parametrize(
    ("names", "family", "held"),
    [
        (("features.0.0.weight", "features.1.conv.0.0.weight"), "keras", "mobilenetv2"),
        (("conv1.weight", "layer1.0.conv1.weight", "layer1.0.conv2.weight"), "torchvision", "resnet50"),
        (("layer1.0.conv1.weight", "layer1.0.preact.weight"), "tf-slim", "resnet50v2"),
    ],
)
def test_a_backbone_is_told_by_its_tensors_where_the_header_does_not_say_it(
    tmp_path: Path, names: tuple[str, ...], family: str, held: str
) -> None:
    path = tmp_path / "other.safetensors"
    header = {"family": family, "normalisation": "RGB/127.5 - 1"}
    safetensors.numpy.save_file({name: np.ones(1, "f4") for name in names}, path, header)
    said = refusal(path, "vgg16")
    assert said.startswith(f"{path} holds the weights of {held}, the recipe asks for vgg16: give weights of vgg16")
    assert said.endswith(f"set network.backbone={held} and network.family={family}")


@pytest.mark.parametrize(
    ("backbone", "family", "header"),
    [
        ("mobilenetv2", "keras", {"normalisation": "rgb / 127.5 minus 1", "padding": "same"}),
        ("resnet50", "keras", {"normalisation": "BGR minus [103.939, 116.779, 123.68]", "padding": "symmetric"}),
        ("vgg16", "keras", {"normalisation": "BGR - (103.939, 116.779, 123.68)", "padding": "same"}),
        ("resnet50", "torchvision", {"normalisation": TORCH_NORMALISATION, "padding": "symmetric", "bn": "separate"}),
        ("resnet50v2", "tf-slim", {"padding": "symmetric; maxpool 3x3 s2 TF-SAME"}),
    ],
)
def test_other_words_for_the_same_facts(tmp_path: Path, backbone: str, family: str, header: dict[str, str]) -> None:
    path = save(tmp_path / "words.safetensors", {"family": family} | header)
    assert read(path, backbone, family).family == family


def test_keras_padding_of_the_pool_is_not_that_of_tf_slim(tmp_path: Path) -> None:
    path = save(tmp_path / "pool.safetensors", {"family": "tf-slim", "padding": "symmetric; maxpool symmetric 1"})
    assert "max pool" in refusal(path, "resnet50v2", "tf-slim")
