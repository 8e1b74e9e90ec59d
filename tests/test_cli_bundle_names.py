"""Bundles in the wrong place, without a name, or with one that means another."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from crackscope import images
from crackscope.cli import main
from tests.small_bundle import write_small_bundle
from tests.small_patches import write_patches


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A folder with photos, and one bundle."""
    monkeypatch.chdir(tmp_path)
    Path("photos").mkdir()
    images.write_png(np.full((64, 64, 3), 90, np.uint8), "photos/1.png")
    write_small_bundle(tmp_path / "small")
    return tmp_path


def refused(words, capsys):
    """The line in which a call is refused, without having written anything."""
    before = sorted(Path().rglob("*"))
    assert main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert sorted(Path().rglob("*")) == before
    return line


@pytest.mark.parametrize("command", ["adapt", "suggest", "evaluate"])
@pytest.mark.parametrize("bundle", ["small", "default"])
def test_a_bundle_behind_the_pictures_is_told_to_come_first(command, bundle, capsys):
    line = refused([command, "photos", bundle, "-o", "out"], capsys)
    assert line.startswith(f"crackscope: photos is no bundle, but {bundle} is one: name the bundle first")


def test_photos_may_be_in_a_folder_called_default(capsys):
    Path("photos").rename("default")
    line = refused(["suggest", "nowhere", "default", "-o", "out"], capsys)
    assert line.startswith("crackscope: nowhere is not a folder; a bundle is a folder with model.onnx")
    assert main(["suggest", "small", "default", "-o", "out"]) == 0


@pytest.mark.parametrize(
    "words",
    [
        "adapt '' photos -o out",
        "suggest '' photos -o out",
        "evaluate '' photos --part all",
        "explain photos/1.png --bundle '' -o out",
        "inspect photos --bundle '' -o out",
        "predict photos --bundle ''",
        "matrix --on a=data --bundle ''",
        "matrix --on a=data --bundle a=",
        "bundle show ''",
    ],
)
def test_a_bundle_without_a_name_is_not_the_folder_that_one_is_in(words, here, capsys):
    write_patches(here / "data", 4)
    write_patches(here / "photos", 4)
    shutil.copytree("small", ".", dirs_exist_ok=True)
    line = refused([word.replace("''", "") for word in words.split()], capsys)
    assert line == "crackscope: the name of the bundle is empty; name its folder, its run, or default"


@pytest.mark.parametrize(
    "words",
    [
        "adapt small data -o default",
        "adapt small data -o ./default/",
        "train data -o default",
        "bundle export small --int8 --calibrate data -o default",
    ],
)
def test_nothing_is_called_by_the_name_of_the_bundle_in_the_package(words, capsys):
    line = refused(words.split(), capsys)
    assert line.startswith("crackscope: default is what the bundle in the package is called, name another folder")


def test_no_patches_are_suggested_of_standard_input(capsys):
    line = refused(["suggest", "small", "-", "-o", "out"], capsys)
    assert line.startswith("crackscope: a photo on standard input has no name for its patches, name a file")
