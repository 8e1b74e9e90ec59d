"""A bundle that does not answer as it did where it was made is refused."""

import hashlib
import json
from pathlib import Path

import pytest

from crackscope.bundles import InputSpec
from crackscope.errors import BundleError
from crackscope.scoring import golden_pictures, golden_shapes, load
from tests.small_bundle import write_small_bundle


def test_golden_pictures_never_change() -> None:
    pictures = golden_pictures(1, [(64, 96), (96, 80)])
    digest = hashlib.sha256(b"".join(picture.tobytes() for picture in pictures)).hexdigest()
    assert [picture.shape for picture in pictures] == [(64, 96, 3), (96, 80, 3)]
    assert digest == "06b1a298ac86cb084ce1cba9716a4a56053d47574c4ebc18f52c6c854b6353a1"


def test_golden_sizes_are_what_the_network_takes() -> None:
    assert golden_shapes(InputSpec(native=227, fixed=True)) == ((227, 227),)
    assert golden_shapes(InputSpec(minimum=75, multiple=32)) == ((96, 96), (96, 96))
    assert golden_shapes(InputSpec(native=227)) == ((64, 96), (96, 80))


@pytest.mark.parametrize("key", ["score", "map_mean", "embedding_head"])
def test_other_answers_are_refused(tmp_path: Path, key: str) -> None:
    folder = write_small_bundle(tmp_path / "b").path
    manifest = json.loads((folder / "bundle.json").read_text())
    stated = manifest["golden"][key]
    stated[1] = [value + 0.05 for value in stated[1]] if key == "embedding_head" else stated[1] + 0.2
    (folder / "bundle.json").write_text(json.dumps(manifest | {"digest": ""}))
    with pytest.raises(BundleError, match="answers otherwise"):
        load(folder)
    load(folder, check=False)


def test_small_differences_between_processors_pass(tmp_path: Path) -> None:
    folder = write_small_bundle(tmp_path / "b").path
    manifest = json.loads((folder / "bundle.json").read_text())
    manifest["golden"]["score"][0] += 1e-4
    (folder / "bundle.json").write_text(json.dumps(manifest | {"digest": ""}))
    load(folder)
