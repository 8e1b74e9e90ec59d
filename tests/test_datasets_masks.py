"""Which masks belong to which pictures of class folders, and what is said where labels and masks disagree."""

import json
from pathlib import Path

import pytest

from crackscope import datasets
from crackscope.cli import main
from tests.small_labelled import mask, picture


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Five pictures in crack/, five others in sound/."""
    for number in range(5):
        picture(tmp_path / "data" / "crack" / f"c{number}.png", number)
        picture(tmp_path / "data" / "sound" / f"s{number}.png", 10 + number)
    return tmp_path / "data"


def masks_of(data: Path) -> dict[str, str]:
    """Names of pictures and their masks, below the data set."""
    rows = datasets.read_rows(data)
    return {
        Path(row.path).relative_to(data).as_posix(): Path(row.mask).relative_to(data).as_posix()
        for row in rows
        if row.mask is not None
    }


@pytest.mark.parametrize("masks", ["masks/s1", "sound/masks/s1", "sound/s1_mask", "masks/s1_mask", "sound/S1-Mask"])
def test_a_sound_picture_whose_mask_marks_a_crack_is_a_conflict(masks: str, data: Path) -> None:
    mask(data / f"{masks}.png", True)
    assert masks_of(data) == {"sound/s1.png": f"{masks}.png"}
    report = datasets.scan(data)
    assert report.labels == {"sound": 5, "crack": 5}
    assert report.mask_conflicts == (str(data / "sound" / "s1.png"),)
    assert any(line.startswith("1 picture is labelled other than its mask says") for line in report.problems)


def test_masks_lie_beside_pictures_under_their_names(data: Path) -> None:
    for number in range(5):
        mask(data / "crack" / f"c{number}_mask.png", True)
        mask(data / "sound" / f"s{number}_mask.png", False)
    mask(data / "crack" / "c0-masks.png", True)
    picture(data / "crack" / "gas_mask.png", 99)
    assert masks_of(data) == {
        f"{label}/{label[0]}{number}.png": f"{label}/{label[0]}{number}_mask.png"
        for label in ("crack", "sound")
        for number in range(5)
    }
    report = datasets.scan(data)
    assert report.labels == {"sound": 5, "crack": 6}
    assert report.problems == ()


def test_pictures_with_masks_beside_them_need_no_class_folders(tmp_path: Path) -> None:
    for number in range(4):
        picture(tmp_path / f"{number}.png", number)
        mask(tmp_path / f"{number}_mask.png", number % 2 == 1)
    assert [row.label for row in datasets.read_rows(tmp_path)] == ["sound", "crack"] * 2


@pytest.mark.parametrize("lost", ["masks/c9.png", "masks/crack/c1.png", "crack/masks/other.png"])
def test_a_mask_that_belongs_to_no_picture_is_told(lost: str, data: Path) -> None:
    mask(data / lost, True)
    assert masks_of(data) == {}
    (problem,) = datasets.scan(data).problems
    assert problem.startswith(f"1 mask belongs to no picture ({data / lost})")
    assert "path,label,mask" in problem


def test_split_and_training_say_that_a_label_and_a_mask_disagree(data: Path, tmp_path: Path, capsys) -> None:
    mask(data / "masks" / "s1.png", True)
    assert main(["split", str(data), "-o", str(tmp_path / "split.csv")]) == 0
    told = capsys.readouterr().out
    assert f"1 picture is labelled other than a mask says: `crackscope scan {data}` names them" in told
    assert main(["split", str(data), "-o", str(tmp_path / "split.csv"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["mask_conflicts"] == 1
    for source in (data, tmp_path / "split.csv"):
        out = tmp_path / f"run-{source.name}"
        words = ["--recipe", "probe", "--weights", "none", "--set", "phases.0.epochs=1", "--no-evaluate"]
        assert main(["train", str(source), *words, "-o", str(out)]) == 0
        assert "1 picture is labelled other than a mask says" in capsys.readouterr().err
