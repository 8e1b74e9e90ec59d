"""Keras' files of every version: one name for each tensor, and nothing but numbers read."""

import io
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.weights_files import NORM, flat, layers, read, refusal, same, write_layers


@pytest.mark.parametrize("name", ["{layer}/{role}:0", "{layer}/{role}", "{role}", "{layer}_7/{role}:0"])
@pytest.mark.parametrize("top", ["", "model_weights"])
def test_keras_layers_of_every_version_have_one_name(tmp_path: Path, name: str, top: str) -> None:
    path = tmp_path / "any.h5"
    with h5py.File(path, "w") as file:
        write_layers(file.create_group(top) if top else file, layers(), name)
    weights = read(path)
    assert same(weights, flat(layers()))
    assert (weights.family, weights.folded) == ("keras", False)


def test_keras_names_of_the_first_version(tmp_path: Path) -> None:
    path = tmp_path / "vgg16.h5"
    kernel, bias = np.ones((3, 3, 3, 2), "f4"), np.ones(2, "f4")
    with h5py.File(path, "w") as file:
        write_layers(file, {"block1_conv1": {"W": kernel, "b": bias}}, "{layer}_{role}_1:0")
    assert same(read(path, "vgg16"), {"block1_conv1/kernel": kernel, "block1_conv1/bias": bias})
    assert "holds the weights of vgg16, the recipe asks for resnet50: " in refusal(path, "resnet50")


def test_keras_long_lists_of_names_come_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "long.h5"
    with h5py.File(path, "w") as file:
        write_layers(file, layers())
        names = list(file.attrs["layer_names"])
        del file.attrs["layer_names"]
        file.attrs["layer_names0"], file.attrs["layer_names1"] = names[:1], names[1:]
    assert same(read(path), flat(layers()))


def test_a_model_within_a_keras_model(tmp_path: Path) -> None:
    path = tmp_path / "nested.h5"
    inner = flat(layers())
    with h5py.File(path, "w") as file:
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [b"resnet50", b"head"]
        for layer, arrays in {"resnet50": inner, "head": {"head/kernel": np.ones((4, 1), "f4")}}.items():
            one = group.create_group(layer)
            one.attrs["weight_names"] = [f"{name}:0".encode() for name in arrays]
            for name, array in arrays.items():
                one[f"{name}:0"] = array
    assert same(read(path), inner | {"head/kernel": np.ones((4, 1), "f4")})


def test_two_layers_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "twice.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"a", b"b"]
        for layer in "ab":
            group = file.create_group(layer)
            group.attrs["weight_names"] = [b"conv/kernel:0", b"bn/gamma:0"]
            group["conv/kernel:0"], group["bn/gamma:0"] = np.ones((1, 1, 1, 1), "f4"), np.ones(1, "f4")
    assert "two layers of the name conv" in refusal(path)


def write_keras_3(file: h5py.File, named: bool = True) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(4)
    wide, norm = rng.normal(size=(3, 3, 2, 1)).astype("f4"), rng.normal(size=(4, 2)).astype("f4")
    contents = {"depthwise_conv2d": ("block_1_depthwise", [wide]), "batch_normalization": ("bn", list(norm))}
    for group, (name, arrays) in contents.items():
        variables = file.create_group(f"layers/functional/layers/{group}/vars")
        if named:
            variables.attrs["name"] = name
        for number, array in enumerate(arrays):
            variables[str(number)] = array
    file.create_group("layers/functional/layers/re_lu/vars")
    file["optimizer/vars/0"] = np.ones(3, "f4")
    roles = {f"bn/{role}": array for role, array in zip(NORM, norm, strict=True)}
    return {"block_1_depthwise/depthwise_kernel": wide} | roles


def test_keras_3_files_by_their_groups(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with h5py.File(inner, "w") as file:
        wanted = write_keras_3(file)
    (tmp_path / "one.weights.h5").write_bytes(inner.getvalue())
    with zipfile.ZipFile(tmp_path / "one.keras", "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", inner.getvalue())
    assert same(read(tmp_path / "one.weights.h5", "mobilenetv2"), wanted)
    assert same(read(tmp_path / "one.keras", "mobilenetv2"), wanted)


def test_keras_3_files_without_names_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "early.weights.h5"
    with h5py.File(path, "w") as file:
        write_keras_3(file, named=False)
    assert "save the model as .h5" in refusal(path)


@pytest.mark.parametrize("link", ["external", "soft", "virtual", "storage"])
def test_keras_files_that_reach_for_others_are_refused(tmp_path: Path, link: str) -> None:
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["conv/kernel:0"] = np.ones((2, 2, 2, 2), "f4")
    path = tmp_path / "reaching.h5"
    with h5py.File(path, "w") as file:
        write_layers(file, layers())
        del file["conv/conv/kernel:0"]
        if link == "external":
            file["conv/conv/kernel:0"] = h5py.ExternalLink("secret.h5", "/conv/kernel:0")
        elif link == "soft":
            file["conv/conv/kernel:0"] = h5py.SoftLink("/conv/conv/bias:0")
        elif link == "virtual":
            layout = h5py.VirtualLayout((2, 2, 2, 2), "f4")
            layout[:] = h5py.VirtualSource(tmp_path / "secret.h5", "conv/kernel:0", (2, 2, 2, 2))
            file["conv/conv"].create_virtual_dataset("kernel:0", layout)
        else:
            file["conv/conv"].create_dataset("kernel:0", (4,), "u1", external=[(b"secret.h5", 0, 4)])
    assert "reaches for another file" in refusal(path)


def test_a_keras_file_that_unfolds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.h5"
    with h5py.File(path, "w") as file:
        write_layers(file, {"conv": {}})
        file["conv"].attrs["weight_names"] = [b"conv/kernel:0"]
        file["conv"].create_dataset("conv/kernel:0", (1 << 16, 1 << 16, 4), "f4", chunks=(1024, 1024, 4))
    assert "would unfold to 68,719,476,736" in refusal(path)
