"""A data set's folder given to `inspect`: its masks are no photos, and are told of."""

import shutil

import numpy as np
import pytest

from crackscope import images
from crackscope.cli import main
from tests.small_bundle import write_small_bundle
from tests.small_patches import write_masked


@pytest.fixture
def told(tmp_path, capsys):
    """Calls `inspect` for folders below the data set; gives what is said on standard error."""
    bundle = str(write_small_bundle(tmp_path / "bundle").path)
    write_masked(tmp_path / "data", count=6)

    def call(*names, words=()):
        photos = [str(tmp_path / "data" / name) for name in names]
        out = tmp_path / "out"
        assert main(["inspect", *photos, "-o", str(out), "--bundle", bundle, *words]) == 0
        shutil.rmtree(out)
        return [line for line in capsys.readouterr().err.splitlines() if "masks" in line]

    return call


def test_a_folder_of_masks_is_told_once_with_what_to_do(told, tmp_path):
    (line,) = told("")
    assert line.startswith(f"{tmp_path / 'data' / 'masks'} seems to hold masks: 6 pictures in black and white")
    assert line.endswith(f"to leave them out, name {tmp_path / 'data' / 'images'} alone")
    assert told("", words=["--quiet"]) == []


def test_one_without_its_photos_is_what_was_asked_for(told):
    assert told("masks") == told("images") == []


def test_of_many_folders_the_first_beside_it_with_all_names_is_named(told, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(data / "images", data / "again")
    shutil.copytree(data / "images", data / "few")
    (data / "few" / "0003.png").unlink()
    shutil.copytree(data / "images", data / "masks" / "below")
    lines = told("few", "masks", "images", "again")
    assert [line.split(" alone")[0].rpartition(" ")[2] for line in lines] == [str(data / "images")]
    for name, numbers in (("left", (0, 1, 2)), ("right", (3, 4, 5))):
        (data / name).mkdir()
        for number in numbers:
            shutil.copy(data / "images" / f"000{number}.png", data / name)
    assert told("few", "masks") == told("left", "masks", "right") == []


def test_masks_beside_their_photos_are_told_too(told, tmp_path):
    photos, masks = tmp_path / "data" / "images", tmp_path / "data" / "masks"
    for number in range(3):
        shutil.copy(masks / f"000{number}.png", photos / f"000{number}_mask.png")
    (line,) = told("images")
    assert line.startswith(f"{photos} seems to hold masks beside its photos: 3 pictures in black and white")
    assert f"({photos / '0000_mask.png'})" in line
    (photos / "0000.png").rename(photos / "other.png")
    assert "2 pictures in black and white" in told("images")[0]
    shutil.copy(photos / "0001.png", photos / "0001_mask.png")
    assert told("images") == []


def test_other_names_and_greys_are_no_masks(told, tmp_path):
    masks = tmp_path / "data" / "masks"
    grey = np.random.default_rng(0).integers(0, 255, (96, 96), np.uint8)
    kept = (masks / "0000.png").read_bytes()
    images.write_png(grey, masks / "0000.png")
    assert told("") == []
    (masks / "0000.png").write_bytes(kept)
    assert len(told("")) == 1
    (masks / "0000.png").rename(masks / "other.png")
    assert told("") == []
