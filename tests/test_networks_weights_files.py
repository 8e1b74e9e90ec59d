"""Weights files of every kind: what is read from them, and what is refused before it can do harm."""

import contextlib
import io
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import safetensors.numpy
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crackscope.errors import WeightsError
from crackscope.networks.weights import Weights, find_weights
from crackscope.recipes import Network

NORM = ("gamma", "beta", "moving_mean", "moving_variance")
TORCHVISION_NAMES = ("conv1.weight", "layer1.0.conv1.weight", "layer1.0.conv2.weight")


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


def save_torch(path: Path, content: Any, **options: Any) -> None:
    with path.open("wb") as file:
        torch.save(content, file, **options)


def torchvision_state() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(5)
    state = {name: torch.randn((4, 4, 3, 3), generator=generator) for name in TORCHVISION_NAMES}
    return state | {"bn1.num_batches_tracked": torch.tensor(7)}


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("nest", ["", "state_dict"])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_torch_state_dicts(tmp_path: Path, zipped: bool, nest: str, prefix: str) -> None:
    state: Any = {prefix + name: tensor for name, tensor in torchvision_state().items()}
    path = tmp_path / "resnet50.pth"
    save_torch(path, {nest: state, "epoch": 3} if nest else state, _use_new_zipfile_serialization=zipped)
    weights = read(path, family="torchvision")
    assert same(weights, {name: torchvision_state()[name].numpy() for name in TORCHVISION_NAMES})
    assert weights.family == "torchvision"


def test_torch_half_precision_becomes_float32(tmp_path: Path) -> None:
    state = {name: tensor.to(torch.bfloat16) for name, tensor in torchvision_state().items() if tensor.dim()}
    save_torch(tmp_path / "half.pth", state)
    assert same(
        read(tmp_path / "half.pth", family="torchvision"),
        {name: tensor.float().numpy() for name, tensor in state.items()},
    )


class Malicious:
    """Unpickled, it makes a folder."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("kind", ["zip", "legacy", "bare", "new bare", "renamed"])
def test_code_in_a_pickle_never_runs(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "it-ran"
    path = tmp_path / ("weights.safetensors" if kind == "renamed" else "weights.pth")
    content = torchvision_state() | {"evil": Malicious(target)}
    if "bare" in kind:
        path.write_bytes(pickle.dumps(content, protocol=2 if kind == "bare" else 5))
    else:
        save_torch(path, content, _use_new_zipfile_serialization=kind != "legacy")
    with path.open("rb") as file:
        torch.load(file, weights_only=False) if kind == "zip" else None
    assert target.is_dir() is (kind == "zip"), "the trap must work where it is let"
    if target.is_dir():
        target.rmdir()
    assert "code that would run" in refusal(path, family="torchvision")
    assert not target.exists()


def test_a_torch_tensor_that_unfolds_is_refused(tmp_path: Path) -> None:
    save_torch(tmp_path / "strided.pth", {"conv1.weight": torch.zeros(1).expand(1 << 40)})
    assert "would unfold" in refusal(tmp_path / "strided.pth", family="torchvision")


def test_a_zip_that_unfolds_is_refused(tmp_path: Path) -> None:
    save_torch(tmp_path / "plain.pth", {"conv1.weight": torch.zeros(1 << 22)})
    with (
        zipfile.ZipFile(tmp_path / "plain.pth") as plain,
        zipfile.ZipFile(tmp_path / "bomb.pth", "w", zipfile.ZIP_DEFLATED) as bomb,
    ):
        for entry in plain.infolist():
            bomb.writestr(entry.filename, plain.read(entry))
    assert "would unfold" in refusal(tmp_path / "bomb.pth", family="torchvision")


@pytest.mark.parametrize("content", [[1, 2], torch.ones(3), {"names": {}}])
def test_torch_files_without_a_state_dict(tmp_path: Path, content: Any) -> None:
    save_torch(tmp_path / "odd.pth", content)
    assert "state_dict" in refusal(tmp_path / "odd.pth", family="torchvision")


def test_sparse_tensors_are_refused(tmp_path: Path) -> None:
    save_torch(tmp_path / "sparse.pth", {"conv1.weight": torch.eye(3).to_sparse()})
    assert "sparse" in refusal(tmp_path / "sparse.pth", family="torchvision")


def test_numbers_that_are_none_are_refused(tmp_path: Path) -> None:
    state = torchvision_state() | {"conv1.weight": torch.full((1,), float("nan"))}
    save_torch(tmp_path / "nan.pth", state)
    assert "conv1.weight: not a number" in refusal(tmp_path / "nan.pth", family="torchvision")


def test_files_of_another_family_are_refused(tmp_path: Path) -> None:
    save_torch(tmp_path / "torch.pth", torchvision_state())
    with h5py.File(tmp_path / "keras.h5", "w") as file:
        write_layers(file, layers())
    assert "set network.family=torchvision" in refusal(tmp_path / "torch.pth", family="keras")
    assert "set network.family=keras" in refusal(tmp_path / "keras.h5", family="torchvision")
    save_torch(tmp_path / "strange.pth", {"stem.weight": torch.ones(3)})
    assert "names of torchvision" in refusal(tmp_path / "strange.pth", family="torchvision")
    assert same(read(tmp_path / "strange.pth", "timm:any", "timm"), {"stem.weight": np.ones(3, "f4")})


def test_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "empty.h5").write_bytes(b"")
    (tmp_path / "page.pth").write_bytes(b"<!DOCTYPE html><html>404</html>")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("letter.txt", "hello")
    with h5py.File(tmp_path / "table.h5", "w") as file:
        file["numbers"] = np.ones(3)
    for name in ("empty.h5", "page.pth", "other.zip", "table.h5", "absent.h5"):
        refusal(tmp_path / name)


def examples(folder: Path) -> dict[str, bytes]:
    """One small good file of each kind."""
    save_torch(folder / "zip.pth", torchvision_state())
    save_torch(folder / "legacy.pth", torchvision_state(), _use_new_zipfile_serialization=False)
    with h5py.File(folder / "keras.h5", "w") as file:
        write_layers(file, layers())
    safetensors.numpy.save_file({"a": np.ones((8, 8), "f4")}, folder / "a.safetensors", {"family": "torchvision"})
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_are_refused_or_read_and_never_crash(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    whole = examples(folder)
    name = data.draw(st.sampled_from(sorted(whole)))
    spoilt = bytearray(whole[name])
    if data.draw(st.booleans()):
        del spoilt[data.draw(st.integers(0, len(spoilt) - 1)) :]
    for place in data.draw(st.lists(st.integers(0, max(len(spoilt) - 1, 0)), max_size=8)):
        if spoilt:
            spoilt[place] = data.draw(st.integers(0, 255))
    (folder / name).write_bytes(spoilt)
    family = "keras" if name == "keras.h5" else "torchvision"
    with contextlib.suppress(WeightsError):
        assert read(folder / name, family=family).family == family
