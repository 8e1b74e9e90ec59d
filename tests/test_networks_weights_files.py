"""torch's files, and files that are damaged, hostile or of another kind: read, or refused before any harm."""

import contextlib
import os
import pickle
import sys
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import safetensors.numpy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from crackscope.errors import WeightsError
from tests.weights_files import layers, read, refusal, same, write_layers

TORCHVISION_NAMES = ("conv1.weight", "layer1.0.conv1.weight", "layer1.0.conv2.weight")


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
    assert "holds the weights of resnet50, the recipe asks for vgg16: " in refusal(path, "vgg16", "torchvision")


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


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The same in all cases: torch writes other bytes each time, and not always as many."""
    return examples(tmp_path_factory.mktemp("whole"))


@settings(max_examples=120)
@given(data=st.data())
def test_damaged_files_are_refused_or_read_and_never_crash(
    tmp_path_factory: pytest.TempPathFactory, whole: dict[str, bytes], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
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


@pytest.mark.parametrize(
    ("library", "name", "family"),
    [
        ("torch", "zip.pth", "torchvision"),
        ("h5py", "keras.h5", "keras"),
        ("safetensors", "a.safetensors", "torchvision"),
    ],
)
def test_a_library_that_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str, name: str, family: str
) -> None:
    examples(tmp_path)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(WeightsError, match=rf'needs {library} .*pip install "\.\[train\]"'):
        read(tmp_path / name, family=family)
