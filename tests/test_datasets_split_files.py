"""Splits as files and as trees: written, read back, refused, and never written over anything else."""

import shutil
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from crackscope import datasets, images
from crackscope.datasets.dealt import fingerprint
from crackscope.errors import DatasetError, OutputError
from crackscope.records import Row
from tests.small_data_set import data_set, surface


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return data_set(tmp_path_factory.mktemp("split") / "set")


def test_written_and_read_back(data: Path, tmp_path: Path) -> None:
    for random in (False, True):
        split = datasets.split(data, random=random)
        path = tmp_path / "deep" / f"{random}.csv"
        datasets.write_split(split, path)
        back = datasets.read_split(path)
        assert back.rows == split.rows
        assert back.fingerprint == split.fingerprint
        assert back.random == random
        assert datasets.load(path) == back
    header = path.read_text(encoding="utf-8").splitlines()[0]
    assert header == "path,label,part,group"


def test_a_fingerprint_is_of_every_name_label_part_and_size(data: Path, tmp_path: Path) -> None:
    rows = datasets.split(data).rows
    first, rest = rows[0], rows[1:]
    other = tmp_path / Path(first.path).parent.name / Path(first.path).name
    other.parent.mkdir()
    other.write_bytes(Path(first.path).read_bytes() + b"?")
    renamed = shutil.copy(first.path, other.with_name(f"other-{other.name}"))
    changes: list[dict[str, str]] = [
        {"label": "sound" if first.label == "crack" else "crack"},
        {"part": "val" if first.part == "train" else "train"},
        {"path": str(other)},
        {"path": str(renamed)},
    ]
    prints = {fingerprint(rows), *(fingerprint([msgspec.structs.replace(first, **one), *rest]) for one in changes)}
    assert len(prints) == 1 + len(changes)
    assert fingerprint(rows[::-1]) == fingerprint(rows)


def test_odd_file_names_survive_the_csv(tmp_path: Path) -> None:
    names = ["a,b", 'quo"te', "ü ß 裂", " leading", "semi;colon", "two\nlines", "two\rlines", "=1+1"]
    for number, name in enumerate(names * 2):
        folder = tmp_path / "set" / ("crack" if number < len(names) else "sound")
        folder.mkdir(parents=True, exist_ok=True)
        images.write_jpeg(surface(number), folder / f"{name}.jpg")
    split = datasets.split(tmp_path / "set", parts=(50, 25, 25))
    datasets.write_split(split, tmp_path / "split.csv")
    assert datasets.read_split(tmp_path / "split.csv").rows == split.rows


@pytest.mark.parametrize("odd", ["path", "mask"])
def test_the_file_whose_name_is_no_text_is_named(tmp_path: Path, odd: str) -> None:
    unseen = Row(path=str(tmp_path / "a\u200bb.png"), label="sound", part="train")
    lost = Row(**{"path": str(tmp_path / "c.png"), "label": "crack", odd: str(tmp_path / "c.\udcff")})
    with pytest.raises(OutputError, match=r"the name of .*c\.\udcff is not UTF-8"):
        datasets.write_split(datasets.Split(rows=(unseen, lost)), tmp_path / "split.csv")
    assert not list(tmp_path.iterdir())


def test_of_many_names_that_are_no_text_the_count_and_a_few_are_told(tmp_path: Path) -> None:
    rows = [Row(path=str(tmp_path / f"{number}\udcff.png"), label="sound", part="train") for number in range(7)]
    with pytest.raises(
        OutputError, match=r": 7 names are not UTF-8: .*0\udcff.*4\udcff\.png and 2 more; rename them$"
    ) as one:
        datasets.write_split(datasets.Split(rows=tuple(rows)), tmp_path / "split.csv")
    assert "5\udcff" not in str(one.value)


@pytest.mark.parametrize("told", ["label", "mask"])
def test_a_csv_whose_files_are_all_gone(tmp_path: Path, told: str) -> None:
    lines = [f"path,{told},part", *(f"{number}.png,{'crack' if told == 'label' else 'm.png'},test" for number in "123")]
    (tmp_path / "gone.csv").write_text("\n".join(lines), encoding="utf-8")
    for read in (datasets.load, datasets.read_split):
        with pytest.raises(DatasetError, match=r"none of its 3 pictures can be used: .*1\.png"):
            read(tmp_path / "gone.csv")


def test_a_split_that_cannot_be_written_leaves_nothing(data: Path, tmp_path: Path) -> None:
    split = datasets.split(data)
    (tmp_path / "taken").mkdir()
    with pytest.raises(OutputError, match="taken"):
        datasets.write_split(split, tmp_path / "taken")
    with pytest.raises(OutputError):
        datasets.write_split(split, data / "crack" / "0.jpg" / "split.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_ready_made_tree_is_taken_as_it_is(data: Path, tmp_path: Path) -> None:
    split = datasets.split(data, random=True)
    for row in split.rows:
        folder = tmp_path / {"val": "validation"}.get(str(row.part), str(row.part)) / row.label
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(row.path, folder)
    taken = datasets.load(tmp_path)
    assert Counter(row.part for row in taken.rows) == Counter(row.part for row in split.rows)
    assert taken.leak_share == split.leak_share > 0
    assert taken.random
    assert datasets.scan(tmp_path).leak_share_now == split.leak_share
    shutil.copytree(tmp_path / "test" / "crack", tmp_path / "crack")
    with pytest.raises(DatasetError, match="stand in no part"):
        datasets.load(tmp_path)
    assert any("stand in no part" in problem for problem in datasets.scan(tmp_path).problems)


def test_ready_parts_are_not_dealt_otherwise_in_silence(data: Path, tmp_path: Path) -> None:
    datasets.write_split(datasets.split(data), tmp_path / "split.csv")
    for options, said in (({"group_by": "group"}, "--group-by"), ({"random": True}, "--random")):
        with pytest.raises(DatasetError, match=f"have their parts already.*{said}.*crackscope split"):
            datasets.load(tmp_path / "split.csv", **options)


def test_a_split_replaces_splits_alone(data: Path, tmp_path: Path) -> None:
    split = datasets.split(data)
    picture, table, place = Path(split.rows[0].path), tmp_path / "mine.csv", tmp_path / "split.csv"
    table.write_text("path,label,part,group,remark\na.png,crack,train,,mine\n")
    for path in (picture, table, tmp_path):
        before = path.is_file() and path.read_bytes()
        with pytest.raises(OutputError, match=r"no split|in the way"):
            datasets.write_split(split, path)
        assert (path.is_file() and path.read_bytes()) == before
    place.touch()
    for _ in range(2):
        datasets.write_split(split, place)
        assert datasets.read_split(place).rows == split.rows


def test_of_a_split_that_is_given_no_leak_is_claimed_without_groups(tmp_path: Path) -> None:
    given = datasets.split(data_set(tmp_path / "set", each=12, copies=0))
    datasets.write_split(given, tmp_path / "split.csv")
    assert datasets.read_split(tmp_path / "split.csv").leak_share is None
