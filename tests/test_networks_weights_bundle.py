"""Weights out of a bundle: the backbone of another training, or a line that says why not."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from crackscope.bundles import default_bundle
from crackscope.errors import BundleError, RecipeError, WeightsError
from crackscope.networks import build, find_weights, to_bytes
from crackscope.recipes import Head, Network
from crackscope.scoring import pack
from tests.small_bundle import small_manifest, small_model

NETWORK = Network(backbone="mobilenetv2", family="keras", cut="block_1", weights="none")


def write(folder: Path, network: Network = NETWORK, **recipe: Any) -> Path:
    """A bundle that carries the weights of a small network, drawn at random."""
    torch.manual_seed(6)
    manifest = msgspec.structs.replace(
        small_manifest(), recipe=recipe or {"name": "small", "network": msgspec.to_builtins(network)}
    )
    pack(folder, manifest, model=small_model(), weights=to_bytes(build(network, Head())))
    return folder


def asking(source: Path, **changes: Any) -> Network:
    return msgspec.structs.replace(NETWORK, weights=str(source), **changes)


def refusal(network: Network) -> str:
    with pytest.raises(WeightsError) as caught:
        find_weights(network)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_none_is_random_weights_and_is_asked_for_by_name() -> None:
    assert find_weights(NETWORK) is None


@pytest.mark.parametrize("weights", ["publisher", "default", "absent.safetensors"])
def test_a_misspelt_backbone_is_told_before_what_its_weights_lack(weights: str) -> None:
    with pytest.raises(RecipeError, match=r"there is no 'mobilnetv2'; did you mean 'mobilenetv2'\?"):
        find_weights(Network(backbone="mobilnetv2", weights=weights))


def test_a_misspelt_name_of_weights_is_answered_with_the_nearest() -> None:
    assert "bundle defalt: did you mean 'default'? Else give a path, or publisher" in refusal(asking(Path("defalt")))


@pytest.mark.parametrize("place", ["bundle", "run/bundle"])
def test_a_bundle_gives_its_backbone(tmp_path: Path, place: str) -> None:
    folder = write(tmp_path / place)
    network = asking(tmp_path / place.split("/")[0])
    weights = find_weights(network)
    assert weights is not None
    assert weights.family == "crackscope"
    assert weights.source == str(folder)
    assert {name.split(".")[0] for name in weights.tensors} == {"steps"}
    torch.manual_seed(6)
    wanted = build(NETWORK, Head()).state_dict()
    torch.manual_seed(7)
    found = build(network, Head(), weights).state_dict()
    for name in weights.tensors:
        np.testing.assert_array_equal(found[name].numpy(), wanted[name].numpy())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"backbone": "resnet50"}, "has mobilenetv2 of family keras, the recipe asks for resnet50"),
        ({"family": "torchvision"}, "of family torchvision"),
        ({"cut": ""}, "set network.cut=block_1"),
    ],
)
def test_a_bundle_of_another_network_is_refused(tmp_path: Path, changes: dict[str, str], words: str) -> None:
    assert words in refusal(asking(write(tmp_path / "bundle"), **changes))


def test_a_bundle_that_was_altered_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "bundle")
    data = bytearray((folder / "weights.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "weights.safetensors").write_bytes(data)
    assert "altered" in refusal(asking(folder))


def test_a_bundle_without_weights_or_recipe_is_refused(tmp_path: Path) -> None:
    pack(tmp_path / "bare", small_manifest(), model=small_model(), weights=None)
    assert "carries no weights" in refusal(asking(tmp_path / "bare"))
    assert "does not say which backbone" in refusal(asking(write(tmp_path / "odd", NETWORK, name="?")))


def test_a_folder_that_is_no_bundle_and_a_path_that_is_not(tmp_path: Path) -> None:
    assert "bundle.json is missing" in refusal(asking(tmp_path))
    assert "publisher, default or none" in refusal(asking(tmp_path / "absent.h5"))


def test_default_is_the_bundle_in_the_package_or_a_line() -> None:
    network = msgspec.structs.replace(NETWORK, weights="default", cut="block_16")
    try:
        default_bundle()
    except BundleError:
        assert "carries no bundle" in refusal(network)
    else:
        weights = find_weights(network)
        assert weights is not None
        assert weights.family == "crackscope"


def test_a_bundle_gives_its_head_too_when_asked(tmp_path: Path) -> None:
    network = asking(write(tmp_path / "bundle"))
    weights = find_weights(network)
    torch.manual_seed(6)
    wanted = build(NETWORK, Head()).state_dict()
    torch.manual_seed(7)
    found = build(network, Head(weights="bundle"), weights).state_dict()
    torch.manual_seed(7)
    fresh = build(network, Head(), weights).state_dict()
    heads = [name for name in wanted if name.startswith("head.")]
    assert all(torch.equal(found[name], wanted[name]) for name in heads)
    assert not all(torch.equal(fresh[name], wanted[name]) for name in heads)


def test_a_head_that_is_built_otherwise_is_refused(tmp_path: Path) -> None:
    network = asking(write(tmp_path / "bundle"))
    weights = find_weights(network)
    with pytest.raises(WeightsError, match="built otherwise"):
        build(network, Head(weights="bundle", layers=(8,)), weights)
    with pytest.raises(WeightsError, match="needs a bundle"):
        build(NETWORK, Head(weights="bundle"), None)
