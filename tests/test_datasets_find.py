"""Labels, parts, masks and surfaces as folders name them."""

from pathlib import Path

import pytest

from crackscope import datasets
from crackscope.datasets import Layout
from crackscope.errors import DatasetError
from crackscope.records import Row
from tests.small_labelled import mask, picture


def facts(rows: list[Row]) -> list[tuple[str, str, str | None, str]]:
    return [(Path(row.path).name, row.label, row.part, row.surface) for row in rows]


@pytest.mark.parametrize(
    ("crack", "sound"),
    [
        ("Positive", "Negative"),
        ("CRACKED", "Uncracked"),
        ("crack", "no_crack"),
        ("cracks", "non-crack"),
        ("with crack", "without crack"),
        ("Cracked", "Non-Cracked"),
        ("crack", "crack-free"),
        ("crack", "sound"),
        ("cracked", "intact"),
    ],
)
def test_known_class_folders(tmp_path: Path, crack: str, sound: str) -> None:
    picture(tmp_path / crack / "a.png")
    picture(tmp_path / sound / "b.png")
    assert facts(sorted(datasets.read_rows(tmp_path), key=lambda row: Path(row.path).name)) == [
        ("a.png", "crack", None, ""),
        ("b.png", "sound", None, ""),
    ]


def test_class_folders_named_by_the_user(tmp_path: Path) -> None:
    picture(tmp_path / "Riss" / "a.png")
    picture(tmp_path / "ok" / "b.png")
    with pytest.raises(DatasetError, match=r"Riss \(1\).*--positive"):
        datasets.read_rows(tmp_path)
    rows = datasets.read_rows(tmp_path, Layout(positive=("riss",), negative=("OK",)))
    assert [row.label for row in rows] == ["crack", "sound"]


def test_a_name_given_by_the_user_goes_before_a_known_one(tmp_path: Path) -> None:
    picture(tmp_path / "positive" / "a.png")
    picture(tmp_path / "other" / "b.png")
    rows = datasets.read_rows(tmp_path, Layout(positive=("other",), negative=("positive",)))
    assert {Path(row.path).name: row.label for row in rows} == {"a.png": "sound", "b.png": "crack"}


def test_sdnet_folders_name_label_and_surface(tmp_path: Path) -> None:
    for name in ("CD", "UD", "CP", "UP", "CW", "UW"):
        picture(tmp_path / name / "1.png")
    found = {Path(row.path).parent.name: (row.label, row.surface) for row in datasets.read_rows(tmp_path)}
    assert found["CD"] == ("crack", "deck")
    assert found["UP"] == ("sound", "pavement")
    assert found["CW"] == ("crack", "wall")


@pytest.mark.parametrize("middle", ["val", "validation", "valid", "Valid"])
def test_trees_with_parts_in_any_nesting(tmp_path: Path, middle: str) -> None:
    picture(tmp_path / "train" / "positive" / "a.png")
    picture(tmp_path / middle / "negative" / "nested" / "b.png")
    picture(tmp_path / "Positive" / "test" / "c.png")
    rows = sorted(datasets.read_rows(tmp_path), key=lambda row: Path(row.path).name)
    assert [(row.label, row.part) for row in rows] == [("crack", "train"), ("sound", "val"), ("crack", "test")]


def test_the_nearest_folder_labels_and_the_outermost_part_counts(tmp_path: Path) -> None:
    picture(tmp_path / "train" / "cracked" / "test" / "sound" / "a.png")
    picture(tmp_path / "test" / "sound" / "train" / "cracked" / "b.png")
    found = {name: (label, part) for name, label, part, _ in facts(datasets.read_rows(tmp_path))}
    assert found == {"a.png": ("sound", "train"), "b.png": ("crack", "test")}


def test_a_missing_class_and_unlabelled_folders_are_told_once(tmp_path: Path) -> None:
    for number, folder in enumerate(("crack", "crack", "Riss")):
        picture(tmp_path / folder / f"{number}.png", number)
    (problem,) = datasets.scan(tmp_path).problems
    assert "labelled sound" in problem
    assert "Riss (1)" in problem


def test_folders_of_several_surfaces(tmp_path: Path) -> None:
    for surface in ("bridge", "tunnel"):
        picture(tmp_path / surface / "cracked" / "a.png")
        picture(tmp_path / surface / "uncracked" / "b.png")
    assert {(row.surface, row.label) for row in datasets.read_rows(tmp_path)} == {
        (surface, label) for surface in ("bridge", "tunnel") for label in ("crack", "sound")
    }


def test_masks_label_pictures_and_belong_to_them(tmp_path: Path) -> None:
    for name, cracked in (("a", True), ("b", False)):
        picture(tmp_path / "images" / f"{name}.png")
        mask(tmp_path / "masks" / f"{name}.png", cracked)
    picture(tmp_path / "images" / "without.png")
    rows = datasets.read_rows(tmp_path)
    assert [(Path(row.path).name, row.label) for row in rows] == [("a.png", "crack"), ("b.png", "sound")]
    assert [Path(row.mask or "").parent.name for row in rows] == ["masks", "masks"]
    assert datasets.scan(tmp_path).unlabelled == {"images": 1}


@pytest.mark.parametrize("masks", ["masks", "crack/masks", "Mask"])
def test_masks_beside_or_within_a_cracked_class_belong_to_its_pictures(tmp_path: Path, masks: str) -> None:
    """And to no sound picture of the same stem."""
    for name in ("crack/a", "crack/c", "sound/a", "sound/b"):
        picture(tmp_path / f"{name}.png")
    mask(tmp_path / masks / "a.png", True)
    report = datasets.scan(tmp_path)
    assert report.unlabelled == {}
    assert report.labels == {"crack": 2, "sound": 2}
    assert report.mask_conflicts == ()
    found = {Path(row.path).relative_to(tmp_path).as_posix(): row.mask for row in datasets.read_rows(tmp_path)}
    assert found == {"crack/a.png": str(tmp_path / masks / "a.png")} | dict.fromkeys(
        ("crack/c.png", "sound/a.png", "sound/b.png")
    )


def test_a_folder_label_beside_a_mask_that_says_other(tmp_path: Path) -> None:
    for name, cracked in (("a", True), ("b", False)):
        picture(tmp_path / "cracked" / "images" / f"{name}.png", seed=ord(name))
        mask(tmp_path / "cracked" / "masks" / f"{name}.png", cracked)
    picture(tmp_path / "sound" / "c.png", seed=9)
    report = datasets.scan(tmp_path)
    assert report.labels == {"crack": 2, "sound": 1}
    assert [Path(path).name for path in report.mask_conflicts] == ["b.png"]


def test_a_mask_of_another_size_makes_its_picture_unreadable(tmp_path: Path) -> None:
    for name in "abc":
        picture(tmp_path / "images" / f"{name}.png", seed=ord(name))
        mask(tmp_path / "masks" / f"{name}.png", cracked=name == "a", side=31 if name == "c" else 32)
    report = datasets.scan(tmp_path)
    assert [Path(unread.path).parent.name for unread in report.unreadable] == ["masks"]


def test_photos_of_formats_that_are_not_read_are_named(tmp_path: Path) -> None:
    for label in ("crack", "sound"):
        picture(tmp_path / label / "a.png", seed=len(label))
        (tmp_path / label / "b.AVIF").write_bytes(b"\0\0\0\x18ftypavif\0\0\0\0mif1avif")
    report = datasets.scan(tmp_path)
    assert report.pictures == 2
    assert [one.error.kind for one in report.unreadable] == ["unsupported"] * 2


def test_hidden_and_other_files_are_passed_over(tmp_path: Path) -> None:
    picture(tmp_path / "crack" / "a.png")
    picture(tmp_path / "sound" / "b.png")
    picture(tmp_path / "sound" / ".thumbs" / "c.png")
    picture(tmp_path / "sound" / "._b.png")
    (tmp_path / "sound" / "Thumbs.db").write_bytes(b"x")
    assert len(datasets.read_rows(tmp_path)) == 2


def test_linked_folders_are_followed_and_circles_end(tmp_path: Path) -> None:
    picture(tmp_path / "far" / "a.png")
    picture(tmp_path / "set" / "sound" / "b.png")
    (tmp_path / "set" / "crack").symlink_to(tmp_path / "far", target_is_directory=True)
    (tmp_path / "set" / "sound" / "again").symlink_to(tmp_path / "set", target_is_directory=True)
    assert sorted(row.label for row in datasets.read_rows(tmp_path / "set")) == ["crack", "sound"]


def test_rows_come_in_natural_order(tmp_path: Path) -> None:
    for number in (10, 9, 100, 1):
        picture(tmp_path / "crack" / f"p{number}.png")
    assert [Path(row.path).stem for row in datasets.read_rows(tmp_path)] == ["p1", "p9", "p10", "p100"]


def test_a_picture_or_nothing_in_place_of_a_data_set(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such folder"):
        datasets.scan(tmp_path / "missing")
    with pytest.raises(DatasetError, match="no pictures"):
        datasets.scan(tmp_path)
    picture(tmp_path / "crack" / "a.png")
    with pytest.raises(DatasetError, match="1 picture lies in no class folder: give the folder that the class folders"):
        datasets.scan(tmp_path / "crack")
    with pytest.raises(DatasetError, match="a picture"):
        datasets.scan(picture(tmp_path / "a.png"))
    for name in ("1.png", "holiday/2.png"):
        picture(tmp_path / "mixed" / name)
    with pytest.raises(DatasetError, match=r"2 pictures have no label: the folder itself \(1\), holiday \(1\); name"):
        datasets.read_rows(tmp_path / "mixed")


def test_what_is_no_picture_among_the_masks_is_passed_over(tmp_path: Path) -> None:
    for name, cracked in (("a", True), ("b", False)):
        picture(tmp_path / "images" / f"{name}.png")
        mask(tmp_path / "masks" / f"{name}.png", cracked)
        (tmp_path / "masks" / f"{name}.xml").write_text("<annotation/>")
    rows = datasets.read_rows(tmp_path)
    assert [(Path(row.mask or "").name, row.label) for row in rows] == [("a.png", "crack"), ("b.png", "sound")]


def test_a_name_too_long_for_any_file_is_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such folder"):
        datasets.scan(tmp_path / ("long" * 100))
