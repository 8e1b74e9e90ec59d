"""Splits keep copies together, hold their shares, and do not depend on where or in what order the files lie."""

import shutil
import tracemalloc
from collections import Counter
from itertools import permutations, product
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crackscope import datasets
from crackscope.datasets.splitting import deal, expected_leak, leak_share, shares_of
from crackscope.errors import DatasetError
from crackscope.records import PARTS
from tests.small_data_set import by_name, data_set


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return data_set(tmp_path_factory.mktemp("split") / "set")


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


def test_what_a_random_split_would_leak_is_the_mean_over_all_of_them(data: Path) -> None:
    said = [datasets.split(data, seed=seed).leak_share for seed in range(3)]
    assert said[0] is not None
    assert said == [said[0]] * 3 == [datasets.scan(data).leak_share] * 3
    drawn = [datasets.split(data, random=True, seed=seed).leak_share or 0.0 for seed in range(12)]
    assert len(set(drawn)) > 3
    assert min(drawn) < said[0] < max(drawn)


@pytest.mark.parametrize(
    "numbers",
    [
        [0, 0, 0, 1, 2, 3, 3, 4, 5],
        [0, 0, 1, 1, 2, 2, 2, 1, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 0],
        [0, 1, 2, 3, 4, 5, 6, 7, 8],
    ],
)
def test_the_mean_is_that_of_every_way_to_deal(numbers: list[int]) -> None:
    strata = ["crack"] * 5 + ["sound"] * 4
    dealt = deal(np.arange(9), strata, [str(place) for place in range(9)], shares_of((40, 20, 40)), 0)
    ways = product(permutations(dealt[:5]), permutations(dealt[5:]))
    leaks = [leak_share(np.array(numbers), (*cracked, *sound)) for cracked, sound in ways]
    assert len(leaks) == 120 * 24
    assert expected_leak(np.array(numbers), strata, dealt) == pytest.approx(sum(leaks) / len(leaks), abs=1e-12)


def test_one_seed_gives_one_split_wherever_the_files_lie(data: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere" / "deeper"
    for path in sorted(data.rglob("*.jpg"), reverse=True):
        (moved / path.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, moved / path.parent.name / path.name)
    here, there = datasets.split(data, seed=5), datasets.split(moved, seed=5)
    assert by_name(here) == by_name(there)
    assert here.fingerprint == there.fingerprint
    assert by_name(datasets.split(data, seed=6)) != by_name(here)


@pytest.mark.parametrize("parts", [(60, 20), (0, 50, 50), (60, 40, 0), (-1, 1, 1), (float("nan"), 1, 1)])
def test_shares_that_make_no_split(data: Path, parts: tuple[float, ...]) -> None:
    with pytest.raises(DatasetError, match="three shares"):
        datasets.split(data, parts=parts)


@pytest.mark.parametrize(
    ("parts", "lacking"),
    [((1e308, 1e308, 1), "test"), ((60, 5e-324, 20), "val"), ((5e-324, 0, 1), "train"), ((1, 0, 9e-7), "test")],
)
def test_shares_beside_which_another_is_nothing_are_refused(data: Path, parts: tuple[float, ...], lacking: str) -> None:
    with pytest.raises(DatasetError, match=f"{lacking} would get less than a millionth"):
        datasets.split(data, parts=parts)


@pytest.mark.parametrize(
    ("parts", "shares"),
    [
        ((60, 20, 20), (0.6, 0.2, 0.2)),
        ((84, 6, 10), (0.84, 0.06, 0.1)),
        ((70, 15, 15), (0.7, 0.15, 0.15)),
        ((3, 1, 1), (0.6, 0.2, 0.2)),
        ((0.6, 0.2, 0.2), (0.6, 0.2, 0.2)),
    ],
)
def test_shares_are_exact_since_their_last_bits_decide_between_parts_that_are_equally_full(
    parts: tuple[float, ...], shares: tuple[float, ...]
) -> None:
    """The split of the bundle in the package could not be made again: two pictures changed their parts."""
    assert shares_of(parts) == shares


@pytest.mark.parametrize("unit", [1e308, 1, 5e-324])
def test_shares_count_only_beside_each_other(data: Path, unit: float) -> None:
    assert by_name(datasets.split(data, parts=(unit, unit, unit))) == by_name(datasets.split(data, parts=(1, 1, 1)))


def test_too_few_groups_for_the_parts(tmp_path: Path) -> None:
    data_set(tmp_path / "set", each=2, copies=0)
    with pytest.raises(DatasetError, match=r"would hold no .*--parts"):
        datasets.split(tmp_path / "set")


@settings(max_examples=60)
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


@pytest.mark.parametrize("random", [False, True])
def test_pictures_with_a_folder_for_each_photo_are_dealt_by_their_labels(tmp_path: Path, random: bool) -> None:
    """Each photo is a surface then, of one or two pictures a label, all of which would go to the largest part."""
    data_set(tmp_path / "set", each=20, copies=0)
    for place, path in enumerate(sorted((tmp_path / "set").rglob("*.jpg"))):
        folder = path.parent / f"photo {place % 12}"
        folder.mkdir(exist_ok=True)
        path.rename(folder / path.name)
    split = datasets.split(tmp_path / "set", random=random)
    counts = Counter((row.part, row.label) for row in split.rows)
    wanted = zip(PARTS, (12, 4, 4), strict=True)
    assert counts == {(part, label): count for part, count in wanted for label in ("crack", "sound")}
    assert len({row.surface for row in split.rows}) == 12
    assert split.untested == ()


def wall_and_piers(folder: Path, each: int, of_piers: int, held: int) -> None:
    """So many pictures a label, some of them of piers that hold a few each, the others of one wall."""
    data_set(folder, each=each, copies=0)
    for place, path in enumerate(sorted(folder.rglob("*.jpg"))):
        surface = path.parent / (f"pier {place // held}" if place % each < of_piers else "wall")
        surface.mkdir(exist_ok=True)
        path.rename(surface / path.name)


@pytest.mark.parametrize("random", [False, True])
def test_surfaces_of_a_picture_or_two_have_their_share_of_each_part_together(tmp_path: Path, random: bool) -> None:
    """Beside one that fills the parts each of them by itself would go to the largest, and none ever be tested."""
    wall_and_piers(tmp_path / "set", each=50, of_piers=30, held=2)
    split = datasets.split(tmp_path / "set", random=random)
    counts = Counter((row.part, row.label, row.surface == "wall") for row in split.rows)
    for label in ("crack", "sound"):
        assert [counts[part, label, True] for part in PARTS] == [12, 4, 4]
        assert [counts[part, label, False] for part in PARTS] == [18, 6, 6]
    tested = {row.surface for row in split.part("test")}
    assert set(split.untested) == {row.surface for row in split.rows} - tested


@pytest.mark.parametrize(
    ("held", "parts"), [(3, (60, 20, 20)), (4, (70, 15, 15)), (6, (80, 10, 10)), (2, (80, 0, 20)), (3, (80, 0, 20))]
)
def test_small_surfaces_have_the_shares_that_were_asked_for(tmp_path: Path, held: int, parts: tuple[int, ...]) -> None:
    """Dealt one by one, three pictures go one into each part, 33:33:33, however many surfaces there are."""
    wall_and_piers(tmp_path / "set", each=48, of_piers=24, held=held)
    split = datasets.split(tmp_path / "set", parts=parts)
    counts = Counter((row.part, row.label, row.surface == "wall") for row in split.rows)
    for label in ("crack", "sound"):
        for wall in (True, False):
            for part, share in zip(PARTS, parts, strict=True):
                assert abs(counts[part, label, wall] - 24 * share / 100) < 1


@pytest.mark.parametrize(("held", "parts"), [(4, (60, 20, 20)), (5, (60, 20, 20)), (7, (80, 10, 10)), (4, (80, 0, 20))])
def test_surfaces_of_a_few_pictures_have_some_in_every_part(tmp_path: Path, held: int, parts: tuple[int, ...]) -> None:
    data_set(tmp_path / "set", each=4 * held, copies=0)
    for place, path in enumerate(sorted((tmp_path / "set").rglob("*.jpg"))):
        folder = path.parent / f"pier {place % 4}"
        folder.mkdir(exist_ok=True)
        path.rename(folder / path.name)
    split = datasets.split(tmp_path / "set", parts=parts)
    there = {(row.part, row.label, row.surface) for row in split.rows}
    assert len(there) == 2 * 4 * sum(share > 0 for share in parts)


def test_surfaces_with_too_few_pictures_for_the_test_part_are_named(tmp_path: Path) -> None:
    data_set(tmp_path / "set", each=20, copies=0)
    for place, path in enumerate(sorted((tmp_path / "set").rglob("*.jpg"))):
        folder = path.parent / (f"pier {place}" if place % 10 == 0 else "wall")
        folder.mkdir(exist_ok=True)
        path.rename(folder / path.name)
    split = datasets.split(tmp_path / "set")
    assert split.untested == ("pier 0", "pier 10", "pier 20", "pier 30")
    assert datasets.untested_told(split.untested) == (
        "4 surfaces have too few pictures for one in the test part (pier 0, pier 10, pier 20 and 1 more): figures on "
        "it say nothing of them"
    )
    assert datasets.load(tmp_path / "set", parts=None).untested == ()


def test_a_surface_for_each_few_pictures_takes_no_table_of_both() -> None:
    """A folder for each photo is a surface for each. Of 8,000 pictures in 2,000 folders such a table has 16 million
    numbers."""
    names = [f"{place}.png" for place in range(8000)]
    folders = [f"photo {place // 4}" for place in range(8000)]
    tracemalloc.start()
    parts = deal(np.arange(8000), folders, names, shares_of((60, 20, 20)), 0)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert set(parts) == set(PARTS)
    assert most < 16 << 20


@settings(max_examples=40)
@given(st.integers(20, 400), st.integers(20, 400), st.integers(0, 100))
def test_rows_alone_are_dealt_within_one_of_the_share(cracked: int, sound: int, seed: int) -> None:
    strata = ["crack"] * cracked + ["sound"] * sound
    names = [str(place) for place in range(len(strata))]
    parts = deal(np.arange(len(strata)), strata, names, shares_of((60, 20, 20)), seed)
    counts = Counter(zip(strata, parts, strict=True))
    for label, total in (("crack", cracked), ("sound", sound)):
        for part, share in zip(PARTS, (0.6, 0.2, 0.2), strict=True):
            assert abs(counts[label, part] - share * total) <= 1


def test_a_seed_below_nothing_is_refused(data: Path) -> None:
    with pytest.raises(DatasetError, match="the seed of the split is -1: it must be 0 or more"):
        datasets.split(data, seed=-1)
