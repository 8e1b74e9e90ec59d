"""Labels, parts, masks and surfaces as folders and manifests name them."""

from pathlib import Path

import numpy as np
import pytest

from crackscope import datasets, images
from crackscope.datasets import Layout
from crackscope.errors import DatasetError
from crackscope.records import Row


def picture(path: Path, seed: int = 0, side: int = 32) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (side, side, 3)).astype(np.uint8)
    images.write_png(pixels, path)
    return path


def mask(path: Path, cracked: bool, side: int = 32) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros((side, side), np.uint8)
    pixels[3, 4:9] = 255 * cracked
    images.write_png(pixels, path)


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


def test_masks_beside_class_folders_are_no_unlabelled_pictures(tmp_path: Path) -> None:
    for name in ("crack/a", "sound/b"):
        picture(tmp_path / f"{name}.png")
    mask(tmp_path / "masks" / "a.png", True)
    assert datasets.scan(tmp_path).unlabelled == {}


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
        (tmp_path / label / "b.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
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


def write_manifest(folder: Path, *lines: str) -> Path:
    path = folder / "labels.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_manifest_with_every_column(tmp_path: Path) -> None:
    picture(tmp_path / "p" / "a.png")
    picture(tmp_path / "p" / "b.png")
    mask(tmp_path / "m" / "b.png", cracked=True)
    path = write_manifest(
        tmp_path,
        "Path,Label,part,group,mask,surface",
        "p/a.png,No_Crack,valid,photo 1,,wall",
        "p/b.png,,test,,m/b.png,",
    )
    first, second = datasets.read_rows(path)
    assert (first.label, first.part, first.group, first.surface) == ("sound", "val", "photo 1", "wall")
    assert (second.label, second.part, second.mask) == ("crack", "test", str(tmp_path / "m" / "b.png"))


def test_blanks_around_cells_mean_nothing_but_in_names_that_have_them(tmp_path: Path) -> None:
    for name in ("a.png", " b.png"):
        picture(tmp_path / name, seed=len(name))
    (tmp_path / "rows.csv").write_text(" path , label \n a.png , crack \n b.png,sound\n")
    rows = datasets.read_rows(tmp_path / "rows.csv")
    assert [Path(row.path).name for row in rows] == ["a.png", " b.png"]
    assert [row.label for row in rows] == ["crack", "sound"]


def test_empty_lines_of_a_manifest_are_passed_over(tmp_path: Path) -> None:
    for name in "ab":
        picture(tmp_path / f"{name}.png")
    (tmp_path / "all.csv").write_text("path,label\n\na.png,crack\n , \nb.png,sound\n\n", encoding="utf-8")
    assert [row.label for row in datasets.read_rows(tmp_path / "all.csv")] == ["crack", "sound"]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_manifests_from_spreadsheets(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "labels.csv"
    lines = [separator.join(cells) for cells in (("path", "label"), ("a.png", "1"), ("b.png", "0"))]
    path.write_bytes("\r\n".join(lines).encode("utf-8-sig"))
    assert [row.label for row in datasets.read_rows(path)] == ["crack", "sound"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("c.png,maybe,", "line 4: label 'maybe'"),
        ("c.png,,", "line 4: no label"),
        (",crack,", "line 4: no path"),
        ("c.png,crack,train,x,y", "line 4: 2 cells more"),
        ("c.png", "line 4: 2 cells fewer"),
        ("c.png,crack", "line 4: 1 cell fewer"),
        ("c.png,crack,holdout", "line 4: part 'holdout'"),
        ("a.png,crack,train", "line 4: the path of line 2 again"),
    ],
)
def test_bad_rows_are_named_by_line(tmp_path: Path, line: str, said: str) -> None:
    path = write_manifest(tmp_path, "path,label,part", "a.png,crack,train", "b.png,sound,train", line)
    with pytest.raises(DatasetError) as caught:
        datasets.read_rows(path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"name,label\na,crack\n", b"path,path,label\n", b"\xff\xfep\x00", b'path,label\n"a,crack\n']
)
def test_what_is_no_manifest_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"labels\.csv"):
        datasets.read_rows(path)


def test_a_picture_or_nothing_in_place_of_a_data_set(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such folder"):
        datasets.scan(tmp_path / "missing")
    with pytest.raises(DatasetError, match="no pictures"):
        datasets.scan(tmp_path)
    with pytest.raises(DatasetError, match="a picture"):
        datasets.scan(picture(tmp_path / "a.png"))


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


def manifest(folder: Path, lines: list[str], header: str = "path,label") -> Path:
    for number in range(4):
        picture(folder / f"{number}.png", number)
    (folder / "a folder").mkdir()
    (folder / "walls.csv").write_text("\n".join([header, *lines, ""]))
    return folder / "walls.csv"


def test_what_a_manifest_names_and_is_no_picture_is_told_with_its_line(tmp_path: Path) -> None:
    lines = ["0.png,crack", "gone.png,crack", "1.png,sound", "", "a folder,sound", "2.png,crack", "3.png,sound"]
    path = manifest(tmp_path, lines)
    report = datasets.scan(path)
    told = {Path(one.path).name: one.error for one in report.unreadable}
    assert {name: error.kind for name, error in told.items()} == {"gone.png": "missing", "a folder": "not-a-picture"}
    assert "check the path (line 3 of walls.csv)" in told["gone.png"].message
    assert "it is a folder" in told["a folder"].message
    assert "(line 6 of walls.csv)" in told["a folder"].message
    assert report.problems == ("2 pictures (33.3%) cannot be read: mend the files, or remove the lines that name them",)
    assert datasets.split(path, parts=(50, 0, 50)).unreadable == report.unreadable


def test_what_a_split_names_and_is_no_picture_is_told_with_its_line(tmp_path: Path) -> None:
    lines = ["0.png,crack,train,", "gone.png,crack,train,", "1.png,sound,train,", "a folder,sound,test,"]
    split = datasets.read_split(manifest(tmp_path, lines, "path,label,part,group"))
    gone, folder = split.unreadable
    assert (gone.error.kind, folder.error.kind) == ("missing", "not-a-picture")
    assert gone.error.message.endswith("check the path (line 3 of walls.csv)")
    assert folder.error.message.endswith("it is no plain file; name a picture (line 5 of walls.csv)")


def test_a_label_that_is_lost_with_its_masks_names_the_first_line(tmp_path: Path) -> None:
    lines = ["0.png,crack,none.png", "1.png,crack,none.png", "2.png,sound,", "3.png,sound,"]
    path = manifest(tmp_path, lines, "path,label,mask")
    with pytest.raises(DatasetError, match=r"labelled crack.* 2 could not be read.*none\.png.*line 2 of walls\.csv"):
        datasets.split(path)
    assert "--positive" not in datasets.scan(path).problems[0]


def test_the_header_alone_says_what_stands_between_columns(tmp_path: Path) -> None:
    for name in ("a, b, c, d.png", "e, f, g, h.png"):
        picture(tmp_path / name)
    (tmp_path / "all.csv").write_text("path;label\na, b, c, d.png;1\ne, f, g, h.png;0\n", encoding="utf-8")
    rows = datasets.read_rows(tmp_path / "all.csv")
    assert [(Path(row.path).name, row.label) for row in rows] == [
        ("a, b, c, d.png", "crack"),
        ("e, f, g, h.png", "sound"),
    ]
