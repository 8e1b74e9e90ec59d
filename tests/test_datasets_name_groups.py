"""Which groups file names suggest: photos whose patches are counted, and neither counters nor kinds of surface."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from crackscope import datasets
from tests.small_labelled import picture

PHOTOS = range(1200, 1212)


def suggested(folder: Path, names: Sequence[str]) -> datasets.LikelyGroups | None:
    """What a scan of pictures with these names suggests; they are spread over both labels."""
    for place, name in enumerate(names):
        picture(folder / ("crack", "sound")[place % 2] / name, place)
    found = datasets.scan(folder).likely_groups
    assert datasets.split(folder).likely_groups == found
    return found


def named(folder: Path, names: Sequence[str], pattern: str) -> dict[str, str]:
    """The group of each name when a split is made by this pattern."""
    return {Path(row.path).name: row.group for row in datasets.split(folder, group_by=pattern).rows}


@pytest.mark.parametrize(
    ("names", "pattern"),
    [
        ([f"{photo}-{patch}.png" for photo in PHOTOS for patch in (3, 14, 159)], r"^(\d+)-"),
        ([f"wall{photo}_{patch}.png" for photo in PHOTOS for patch in range(3)], r"^(.+)_\d+\."),
        ([f"IMG_{photo}_{x}-{y}.png" for photo in PHOTOS for x in (0, 32) for y in (0, 32)], r"^(.+)_\d+-\d+\."),
        ([f"bridge{letter}-{patch}.png" for letter in "ABCDEFGHIJKL" for patch in range(4)], r"^(.+)-\d+\."),
        ([f"20210111_10{photo}_{patch}.png" for photo in PHOTOS for patch in range(4)], r"^(.+)_\d+\."),
        (
            [f"{photo}-{n}.png" for photo in PHOTOS for n in ("3", "14", "159", "4-2"[: 1 + 2 * (photo < 1202)])],
            r"^(\d+)-",
        ),
        ([f"s{photo}{'-_'[patch % 2]}{patch}.png" for photo in PHOTOS for patch in range(4)], r"^(.+)[-_]\d+\."),
    ],
)
def test_patches_that_are_counted_within_a_photo(tmp_path: Path, names: list[str], pattern: str) -> None:
    found = suggested(tmp_path, names)
    assert found is not None
    assert found.pattern == pattern
    groups = named(tmp_path, names, found.pattern)
    assert len(set(groups.values())) == found.groups == 12
    assert groups[found.examples[0]] == groups[found.examples[1]]
    assert datasets.split(tmp_path, group_by=found.pattern).likely_groups is None
    assert datasets.scan(tmp_path, group_by=found.pattern).likely_groups is None


@pytest.mark.parametrize(("odd", "pattern"), [(3, r"^(.+)[-_]\d+\."), (2, r"^(.+)-\d+\.")])
def test_a_slip_in_one_name_of_24_is_no_pattern_and_one_in_16_is(tmp_path: Path, odd: int, pattern: str) -> None:
    names = [f"s{photo}{'-_'[photo < 1200 + odd and n == 2]}{n}.png" for photo in PHOTOS for n in range(4)]
    found = suggested(tmp_path, names)
    assert found is not None
    assert (found.pattern, found.groups) == (pattern, 12)


@pytest.mark.parametrize(
    "names",
    [
        [f"{number:05d}.png" for number in range(40)],
        [f"img_{number:04d}.png" for number in range(40)],
        [f"{number:05d}{'_1' * (number % 2)}.png" for number in range(40)],
        [f"{('brick', 'tile', 'pipe', 'stone')[number % 4]}-{number:05d}.png" for number in range(40)],
        [f"{'abcdefghijkl'[number % 12]}-{number:05d}.png" for number in range(48)],
        [f"photo{number}_{number}.png" for number in range(40)],
        [f"{number:05d}.png" for number in range(24)] + [f"{photo}-{patch}.png" for photo in PHOTOS for patch in "12"],
        [f"day{day}-{number}.png" for day in range(2, 8) for number in range(3)] + [f"day1-{n}.png" for n in range(25)],
        [f"{photo}-{patch}.png" for photo in range(5) for patch in range(20)] + [f"{n}-1.png" for n in range(5, 25)],
        [f"{kind}-{number}.png" for kind in ("brick", "tile", "pipe", "stone", "road") for number in range(8)],
        [f"site{site}-{number}.png" for site in (1, 2) for number in range(20)],
        [f"IMG_202101{day}_10{number:02d}371.png" for day in range(11, 17) for number in range(4)],
        [f"IMG_202101{day}_10{number:02d}37.png" for day in range(11, 17) for number in range(4)],
        [f"202101{day}-{number}.png" for day in range(11, 17) for number in range(4)],
        [f"wall{day}_10{number:02d}37.png" for day in range(11, 17) for number in range(4)],
        [f"2021-{month:02d}-{day}.png" for month in range(1, 7) for day in range(10, 14)],
        [f"2021_{month:02d}_{day}.png" for month in range(1, 7) for day in range(10, 14)],
        [f"{year}-{month:02d}-10.png" for year in range(2015, 2021) for month in range(1, 5)],
        [f"2021-{month:02d}-10_{number}.png" for month in range(1, 7) for number in range(4)],
        [f"2021-{month:02d}-{day}_{number}.png" for month in range(1, 7) for day in (10, 11) for number in range(4)],
    ],
)
def test_names_that_tell_no_photos(tmp_path: Path, names: list[str]) -> None:
    assert suggested(tmp_path, names) is None


def test_a_column_with_groups_is_not_argued_with(tmp_path: Path) -> None:
    rows = ["path,label,group"]
    for number, name in enumerate(f"{photo}-{patch}.png" for photo in PHOTOS for patch in range(3)):
        picture(tmp_path / name, number)
        rows.append(f"{name},{('crack', 'sound')[number % 2]},{number // 6}")
    (tmp_path / "rows.csv").write_text("\n".join(rows), encoding="utf-8")
    assert datasets.scan(tmp_path / "rows.csv").likely_groups is None


@pytest.mark.parametrize(
    ("kind", "pattern"), [("metu", None), ("sdnet2018", r"^(\d+)-"), ("asphalt/images", None), ("walls/images", None)]
)
def test_names_as_they_are_published(shared: Path, tmp_path: Path, kind: str, pattern: str | None) -> None:
    """Names alone: the pictures behind them are nothing but noise."""
    names = sorted({path.name for path in (shared / "data" / kind).rglob("*.jpg")})
    found = suggested(tmp_path, [f"{Path(name).stem}.png" for name in names[:: max(1, len(names) // 500)]])
    assert (found and found.pattern) == pattern
