"""Splits keep copies together, hold their shares, and do not depend on where or in what order the files lie."""

import shutil
from collections import Counter
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crackscope import datasets, images
from crackscope.datasets.splitting import PARTS, deal, leak_share, shares_of
from crackscope.errors import DatasetError, OutputError
from crackscope.records import Row


def surface(seed: int, cracked: bool = False, side: int = 64) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rough = images.resize(rng.integers(90, 200, (12, 12)).astype(np.uint8), side, side).astype(float)
    rough += rng.normal(0, 6, (side, side))
    if cracked:
        rough[:, 20:24] -= 70
    return np.clip(rough, 0, 255).astype(np.uint8)


def data_set(folder: Path, each: int = 20, copies: int = 6) -> Path:
    for label in ("crack", "sound"):
        (folder / label).mkdir(parents=True)
        for number in range(each):
            pixels = surface(number + 1000 * (label == "crack"), label == "crack")
            images.write_jpeg(pixels, folder / label / f"{number}.jpg")
            if number < copies:
                images.write_jpeg(np.ascontiguousarray(pixels[:, ::-1]), folder / label / f"{number}m.jpg", 80)
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return data_set(tmp_path_factory.mktemp("split") / "set")


def by_name(split: datasets.Split) -> dict[str, tuple[str | None, str]]:
    return {"/".join(Path(row.path).parts[-2:]): (row.part, row.group) for row in split.rows}


def test_copies_stay_together_and_shares_hold(data: Path) -> None:
    split = datasets.split(data)
    parts = by_name(split)
    assert len(parts) == 52
    for label in ("crack", "sound"):
        counts = Counter(part for name, (part, _) in parts.items() if name.startswith(label))
        assert abs(counts["train"] - 15.6) <= 1.4
        assert abs(counts["test"] - 5.2) <= 1.4
        for number in range(6):
            original, mirrored = parts[f"{label}/{number}.jpg"], parts[f"{label}/{number}m.jpg"]
            assert original == mirrored == (original[0], f"{label}/{number}.jpg")
        assert parts[f"{label}/10.jpg"][1] == ""
    assert [len(split.part(part)) for part in PARTS] == [sum(p == part for p, _ in parts.values()) for part in PARTS]


def test_a_random_split_parts_copies_and_says_so(data: Path) -> None:
    split = datasets.split(data, random=True, seed=3)
    assert split.random
    trained = {row.group for row in split.part("train") if row.group}
    tested = split.part("test")
    assert split.leak_share == pytest.approx(sum(row.group in trained for row in tested) / len(tested))
    assert split.leak_share == datasets.split(data, seed=3).leak_share


def test_one_seed_gives_one_split_wherever_the_files_lie(data: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere" / "deeper"
    for path in sorted(data.rglob("*.jpg"), reverse=True):
        (moved / path.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, moved / path.parent.name / path.name)
    here, there = datasets.split(data, seed=5), datasets.split(moved, seed=5)
    assert by_name(here) == by_name(there)
    assert here.fingerprint == there.fingerprint
    assert by_name(datasets.split(data, seed=6)) != by_name(here)


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


def test_odd_file_names_survive_the_csv(tmp_path: Path) -> None:
    names = ["a,b", 'quo"te', "ü ß 裂", " leading", "semi;colon", "two\nlines", "=1+1"]
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


@pytest.mark.parametrize("parts", [(60, 20), (0, 50, 50), (60, 40, 0), (-1, 1, 1), (float("nan"), 1, 1)])
def test_shares_that_make_no_split(data: Path, parts: tuple[float, ...]) -> None:
    with pytest.raises(DatasetError, match="three shares"):
        datasets.split(data, parts=parts)


def test_too_few_groups_for_the_parts(tmp_path: Path) -> None:
    data_set(tmp_path / "set", each=2, copies=0)
    with pytest.raises(DatasetError, match=r"would hold no .*--parts"):
        datasets.split(tmp_path / "set")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["crack", "sound"])), min_size=60, max_size=160),
    st.integers(0, 5),
    st.randoms(use_true_random=False),
)
def test_dealing_keeps_groups_whole_and_forgets_the_order(rows: list, seed: int, shuffle: Random) -> None:
    numbers = np.array([number for number, _ in rows])
    strata = [label for _, label in rows]
    names = [f"{place}.png" for place in range(len(rows))]
    shares = shares_of((60, 20, 20))
    parts = deal(numbers, strata, names, shares, seed)
    assert all(len({part for part, at in zip(parts, numbers, strict=True) if at == number}) == 1 for number in numbers)
    assert leak_share(numbers, parts) == 0
    order = list(range(len(rows)))
    shuffle.shuffle(order)
    again = deal(numbers[order], [strata[at] for at in order], [names[at] for at in order], shares, seed)
    assert again == [parts[at] for at in order]


@pytest.mark.parametrize("seed", range(5))
def test_large_groups_are_dealt_first_so_that_the_small_ones_can_fill_up(seed: int) -> None:
    numbers = np.array([0] * 45 + [1] * 15 + list(range(2, 42)))
    names = [str(place) for place in range(100)]
    parts = deal(numbers, ["crack"] * 100, names, shares_of((60, 20, 20)), seed)
    assert Counter(parts) == {"train": 60, "val": 20, "test": 20}


@settings(max_examples=40, deadline=None)
@given(st.integers(20, 400), st.integers(20, 400), st.integers(0, 100))
def test_rows_alone_are_dealt_within_one_of_the_share(cracked: int, sound: int, seed: int) -> None:
    strata = ["crack"] * cracked + ["sound"] * sound
    names = [str(place) for place in range(len(strata))]
    parts = deal(np.arange(len(strata)), strata, names, shares_of((60, 20, 20)), seed)
    counts = Counter(zip(strata, parts, strict=True))
    for label, total in (("crack", cracked), ("sound", sound)):
        for part, share in zip(PARTS, (0.6, 0.2, 0.2), strict=True):
            assert abs(counts[label, part] - share * total) <= 1


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


def test_of_a_split_that_is_given_no_leak_is_claimed_without_groups(tmp_path: Path) -> None:
    given = datasets.split(data_set(tmp_path / "set", each=12, copies=0))
    datasets.write_split(given, tmp_path / "split.csv")
    assert datasets.read_split(tmp_path / "split.csv").leak_share is None


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
