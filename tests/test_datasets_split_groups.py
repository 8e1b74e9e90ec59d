"""Groups from patterns, globs and columns: what parts the names, and what is refused."""

import shutil
from pathlib import Path

import pytest

from crackscope import datasets
from crackscope.errors import DatasetError
from tests.small_data_set import by_name, data_set


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return data_set(tmp_path_factory.mktemp("split") / "set")


def test_groups_from_a_pattern_a_glob_and_a_column(data: Path, tmp_path: Path) -> None:
    for path in sorted(data.rglob("*.jpg")):
        photo = int(path.stem.removesuffix("m")) % 10
        (tmp_path / "set" / path.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, tmp_path / "set" / path.parent.name / f"{photo}-{path.name}")
    lines = ["path,label,photo"]
    for path in sorted((tmp_path / "set").rglob("*.jpg")):
        lines.append(f"set/{path.parent.name}/{path.name},{path.parent.name},{path.name.split('-')[0]}")
    (tmp_path / "set.csv").write_text("\n".join(lines), encoding="utf-8")
    by_pattern = datasets.split(tmp_path / "set", group_by=r"^(\d+)-")
    by_glob = datasets.split(tmp_path / "set", group_by="*-*")
    by_column = datasets.split(tmp_path / "set.csv", group_by="Photo")
    assert by_name(by_pattern) == by_name(by_glob) == by_name(by_column)
    assert {row.group for row in by_pattern.rows} == {str(photo) for photo in range(10)}
    parts = {
        row.group: {other.part for other in by_pattern.rows if other.group == row.group} for row in by_pattern.rows
    }
    assert all(len(part) == 1 for part in parts.values())
    with pytest.raises(DatasetError, match="no file name fits"):
        datasets.split(tmp_path / "set.csv", group_by="bridge")
    with pytest.raises(DatasetError, match="regular expression"):
        datasets.split(tmp_path / "set", group_by="(")


def test_a_pattern_that_fits_no_name_is_refused_before_a_picture_is_opened(tmp_path: Path) -> None:
    for label in ("crack", "sound"):
        (tmp_path / "set" / label).mkdir(parents=True)
        for number in range(2):
            (tmp_path / "set" / label / f"{number}.jpg").write_bytes(b"no picture")
    for pattern, says in (
        ("bridge", "no file name fits"),
        ("(", "neither a column nor"),
        ("*/*/{group}-*.jpg", r"file names only, not folders: .*'wall\*-\*\.jpg', or .*'\^\(\\d\+\)-'$"),
    ):
        with pytest.raises(DatasetError, match=says):
            datasets.split(tmp_path / "set", group_by=pattern)


def test_a_group_is_named_after_its_first_file_as_people_count(tmp_path: Path) -> None:
    data_set(tmp_path, each=6, copies=0)
    for number in (10, 9):
        shutil.copy(tmp_path / "crack" / "0.jpg", tmp_path / "crack" / f"{number}.jpg")
    (tmp_path / "crack" / "0.jpg").unlink()
    groups = {Path(row.path).name: row.group for row in datasets.split(tmp_path).rows if row.group}
    assert groups == {"9.jpg": "crack/9.jpg", "10.jpg": "crack/9.jpg"}


def test_a_glob_that_could_be_a_regular_expression_is_taken_for_what_fits(tmp_path: Path) -> None:
    for path in sorted(data_set(tmp_path / "set", each=12, copies=0).rglob("*.jpg")):
        path.rename(path.with_name(f"wall{int(path.stem) % 6}_{path.name}"))
    dealt = datasets.split(tmp_path / "set", group_by="wall*_*.jpg")
    assert {row.group for row in dealt.rows} == {str(photo) for photo in range(6)}


def numbered(folder: Path, photos: int = 6) -> Path:
    """A data set whose files are called photo-3-17.jpg."""
    for path in sorted(data_set(folder, each=12, copies=0).rglob("*.jpg")):
        path.rename(path.with_name(f"photo-{int(path.stem) % photos}-{path.name}"))
    return folder


@pytest.mark.parametrize("glob", ["photo-*-*", "photo-*-*.jpg", "ph?to-*-*", "photo-*"])
def test_stars_behind_plain_signs_are_those_of_a_glob(tmp_path: Path, glob: str) -> None:
    rows = datasets.split(numbered(tmp_path / "set"), group_by=glob).rows
    wanted = [Path(row.path).name.removeprefix("photo-").split("-")[0] for row in rows]
    assert [row.group.split("-")[0] for row in rows] == wanted


def test_what_parts_files_as_a_glob_is_one_though_it_parts_them_as_an_expression_too(tmp_path: Path) -> None:
    groups = {row.group for row in datasets.split(numbered(tmp_path / "set", photos=12), group_by="photo-1*-*").rows}
    assert {"0", "1"} <= groups
    assert not [group for group in groups if group.startswith("photo-1")]


@pytest.mark.parametrize("pattern", ["photo-", "[a-z]+", "o*-", "*.jpg*-*"])
def test_a_pattern_that_makes_one_group_of_all_is_refused(tmp_path: Path, pattern: str) -> None:
    root = numbered(tmp_path / "set")
    with pytest.raises(DatasetError, match="no file name fits" if pattern.startswith("*") else "would be one group"):
        datasets.split(root, group_by=pattern)


def test_brackets_part_what_a_star_behind_them_would_not(tmp_path: Path) -> None:
    dealt = datasets.split(numbered(tmp_path / "set"), group_by=r"o*-(\d)")
    assert {row.group for row in dealt.rows} == {str(photo) for photo in range(6)}
