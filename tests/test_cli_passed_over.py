"""What crackscope wrote is no photo: where it lies among the photos that are named, it is passed over, and told."""

import csv
import shutil

import pytest

from crackscope.cli import main
from tests.small_bundle import write_small_bundle
from tests.small_patches import write_patches
from tests.small_way import SMALL, lines

WROTE = {
    "explain": "explain photos/wall.png --bundle bundle -o photos/{}",
    "evaluate": "evaluate bundle data --part all -o photos/{}",
    "scan": "scan data --bundle bundle --doubts photos/{}",
    "train": "train data -o photos/{} " + " ".join(SMALL),
    "matrix": "matrix --on a=data -o photos/{} " + " ".join(SMALL),
    "demo": "demo -n 40 --size 64 -o photos/{}",
    "inspect": "inspect photos/wall.png --bundle bundle -o photos/{}",
    "suggest": "suggest bundle data -n 2 -o photos/{}",
    "generate": "generate -n 4 --size 64 -o photos/{}",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A photo, labelled patches, a bundle, and what each command writes among the photos, called by its name."""
    folder = tmp_path_factory.mktemp("place")
    write_patches(folder / "data", 20)
    write_small_bundle(folder / "bundle")
    (folder / "photos").mkdir()
    shutil.copy(folder / "data" / "crack" / "0000.png", folder / "photos" / "wall.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, call in WROTE.items():
            assert main([*call.format(name).split(), "--quiet"]) == 0, name
    return folder


def seen(call, capsys):
    """The photos that a call of predict judged, and what it said beside."""
    capsys.readouterr()
    assert main(["predict", *call, "--bundle", "bundle", "--jsonl"]) == 0
    said = capsys.readouterr()
    return [line["path"] for line in lines(said.out)], said.err


@pytest.mark.parametrize("name", WROTE)
def test_a_folder_of_ours_is_passed_over_and_taken_where_it_is_named(place, tmp_path, monkeypatch, capsys, name):
    shutil.copytree(place / "photos" / name, tmp_path / "mine" / "called so")
    shutil.copy(place / "photos" / "wall.png", tmp_path / "mine")
    shutil.copytree(place / "bundle", tmp_path / "bundle")
    monkeypatch.chdir(tmp_path)
    paths, said = seen(["mine"], capsys)
    assert paths == ["mine/wall.png"]
    assert said.endswith(
        "passed over 1 folder that crackscope wrote (mine/called so): what lies in it is no photo; to have it taken, "
        "name it by itself\n"
    )
    ours = [one for one in (tmp_path / "mine" / "called so").rglob("*") if one.suffix in (".png", ".jpg")]
    if len({one.parent for one in ours}) == 1 and ours[0].parent.name == "called so":
        paths, said = seen(["mine", "mine/called so"], capsys)
        assert len(paths) == 1 + len(ours)
        assert "passed over" not in said


def test_all_of_them_in_one_line(place, monkeypatch, capsys):
    monkeypatch.chdir(place)
    paths, said = seen(["photos"], capsys)
    assert paths == ["photos/wall.png"]
    line = said.splitlines()[-1]
    three = "photos/demo, photos/evaluate, photos/explain, ..."
    assert line.startswith(f"passed over 9 folders that crackscope wrote ({three})")
    assert line.endswith(": what lies in them is no photo; to have it taken, name each by itself")


def test_of_generated_surfaces_that_are_named_the_masks_are_passed_over(place, tmp_path, monkeypatch, capsys):
    """Unless these are named themselves."""
    shutil.copytree(place / "photos" / "generate", tmp_path / "drawn")
    shutil.copytree(place / "bundle", tmp_path / "bundle")
    monkeypatch.chdir(tmp_path)
    drawn = [f"drawn/{label}" for label in ("crack", "crack", "sound", "sound")]
    paths, said = seen(["drawn"], capsys)
    assert [path.rpartition("/")[0] for path in paths] == drawn
    assert "passed over 1 folder that crackscope wrote (drawn/masks): what lies in it is no photo" in said
    paths, said = seen(["drawn", "drawn/masks"], capsys)
    assert [path.rpartition("/")[0] for path in paths] == [*drawn, "drawn/masks", "drawn/masks"]
    assert "passed over" not in said
    (tmp_path / "drawn" / "truth.csv").write_text("path,label\n")
    paths, said = seen(["drawn"], capsys)
    assert len(paths) == 6
    assert "passed over" not in said


def test_suggest_cuts_no_patches_from_them(place, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(place)
    assert main(["suggest", "bundle", "photos", "-o", str(tmp_path / "to-label")]) == 0
    assert "passed over 9 folders that crackscope wrote" in capsys.readouterr().err
    table = csv.DictReader((tmp_path / "to-label" / "suggestions.csv").read_text().splitlines())
    assert {row["photo"] for row in table} == {"photos/wall.png"}


def test_a_folder_with_nothing_else_is_named_with_what_to_do(place, monkeypatch, capsys):
    monkeypatch.chdir(place)
    (place / "photos" / "wall.png").rename(place / "away.png")
    try:
        assert main(["predict", "photos", "--bundle", "bundle"]) == 2
    finally:
        (place / "away.png").rename(place / "photos" / "wall.png")
    assert "no pictures in this folder but those that crackscope wrote (photos/demo, ...)" in capsys.readouterr().err


def test_an_inspection_says_nothing_of_its_own_report(place, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    shutil.copy(place / "photos" / "wall.png", tmp_path / "mine")
    call = ["inspect", "mine", "--bundle", str(place / "bundle"), "-o", "mine/report"]
    assert main(call) == 0
    assert main([*call, "--resume"]) == 0
    assert "passed over" not in capsys.readouterr().err
