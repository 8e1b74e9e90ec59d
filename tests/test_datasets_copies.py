"""Copies of every kind are found; pictures that only look alike because they are plain are not."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from crackscope import datasets, images
from crackscope.datasets.checking import compare
from crackscope.datasets.grouping import components, copy_groups
from crackscope.datasets.neighbours import near_pairs
from crackscope.datasets.prints import print_of
from crackscope.errors import DatasetError
from crackscope.surfaces import generate

Change = Callable[[np.ndarray], np.ndarray]
SIDE = 160
COUNT = 24


def encoded(pixels: np.ndarray, quality: int = 85) -> np.ndarray:
    return images.read(images.encode_jpeg(np.ascontiguousarray(pixels), quality)).pixels


def brightened(gain: float) -> Change:
    return lambda pixels: np.clip(pixels * gain, 0, 255).astype(np.uint8)


def cropped(left: int, right: int, top: int, bottom: int) -> Change:
    return lambda pixels: pixels[top : SIDE - bottom, left : SIDE - right]


KINDS: dict[str, Change] = {
    "re-encoded": lambda pixels: encoded(pixels, 60),
    "mirrored": lambda pixels: pixels[:, ::-1],
    "upside down": lambda pixels: pixels[::-1],
    "a quarter turn": lambda pixels: np.rot90(pixels),
    "darker": brightened(0.7),
    "brighter": brightened(1.15),
    "halved": lambda pixels: images.resize(pixels, SIDE // 2, SIDE // 2),
    "cropped all round": cropped(8, 8, 8, 8),
    "cropped at the left": cropped(8, 0, 0, 0),
    "cropped at a corner": cropped(0, 7, 7, 0),
    "cropped, turned, darker": lambda pixels: np.rot90(brightened(0.8)(cropped(8, 8, 8, 8)(pixels)), 3),
}


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    """Of kinds that have marks: of 30 drawn of each kind 3 of plaster and 2 of asphalt are so even that they are not
    known again when they are cropped all round."""
    drawn = [(seed, ("concrete", "brick")[seed % 2]) for seed in range(COUNT)]
    return [generate(seed, (SIDE, SIDE), cracked=seed % 2 == 0, kind=kind).pixels for seed, kind in drawn]


def prints(pictures: list[np.ndarray]) -> np.ndarray:
    return np.stack([print_of(images.read_thumbnail(pixels, 64)) for pixels in pictures])


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_copy_is_found_and_nothing_else(pictures: list[np.ndarray], kind: str) -> None:
    copies = [encoded(KINDS[kind](pixels)) for pixels in pictures]
    groups = components(2 * COUNT, near_pairs(prints(pictures + copies)))
    assert groups.tolist() == [*range(COUNT), *range(COUNT)]


def test_copies_of_real_patches(shared: Path) -> None:
    paths = sorted((shared / "data" / "sdnet2018" / "CD").glob("*.jpg"))[:30]
    originals = [images.read(path).pixels for path in paths]
    for change in (lambda p: encoded(np.rot90(p), 60), lambda p: encoded(p[12:-12, 13:-13][:, ::-1], 70)):
        groups = components(60, near_pairs(prints(originals + [change(pixels) for pixels in originals])))
        assert (groups[:30] == groups[30:]).mean() >= 0.95
        assert len(np.unique(groups)) >= 30


def test_plain_walls_are_not_copies_of_each_other() -> None:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-1:1:128j, -1:1:128j]
    walls = []
    for _ in range(100):
        lit = 150 + rng.normal(0, 20) + rng.uniform(5, 25) * (x + 0.1 * rng.normal() * y) - 4 * (x * x + y * y)
        grainy = np.clip(lit + rng.normal(0, 3, lit.shape), 0, 255).astype(np.uint8)
        walls.append(encoded(np.stack([grainy] * 3, axis=-1)))
    assert len(near_pairs(prints(walls))) == 0


def test_pictures_so_bright_that_a_part_burnt_out_are_copies_of_the_dark_ones(pictures: list[np.ndarray]) -> None:
    burnt = [encoded(brightened(1.5)(pixels)) for pixels in pictures]
    assert np.median([(pixels >= 250).mean() for pixels in burnt]) > 0.1
    groups = components(2 * COUNT, near_pairs(prints(pictures + burnt)))
    assert (groups[:COUNT] == groups[COUNT:]).sum() >= 0.85 * COUNT


def cells(pattern: np.ndarray, seed: int) -> np.ndarray:
    """A pattern [16, 16] in grain of its own, float32 [1, 256]."""
    return (pattern + np.random.default_rng(seed).normal(0, 2, pattern.shape)).reshape(1, 256).astype(np.float32)


@pytest.mark.parametrize("alike_in", ["light", "crack"])
def test_one_light_or_one_straight_crack_does_not_make_a_copy(alike_in: str) -> None:
    pattern = np.zeros((16, 16))
    if alike_in == "light":
        pattern += 8 * np.arange(16)
    else:
        pattern[:, 7] = -90
    one, other = cells(pattern, 0), cells(pattern, 1)
    found = compare(one, other)
    assert found.whole[0] > 0.99
    assert not found.enough[0]
    assert compare(one, one + 0.3 * (other - one)).enough[0]


@pytest.mark.parametrize(("own", "copies"), [(0.6, True), (1.4, False)])
def test_one_crack_makes_a_copy_only_where_the_grain_around_it_is_the_same_too(own: float, copies: bool) -> None:
    rng = np.random.default_rng(0)
    shared_grain = rng.normal(0, 2, (16, 16))
    shared_grain[:, 7] -= 90
    one, other = ((shared_grain + rng.normal(0, own, (16, 16))).reshape(1, 256).astype(np.float32) for _ in range(2))
    found = compare(one, other)
    assert found.whole[0] > 0.995
    assert found.enough[0] == copies


@pytest.mark.parametrize(("deviation", "pairs"), [(0.3, 0), (1.0, 1)])
def test_texture_fainter_than_the_rounding_of_a_file_tells_no_copy(deviation: float, pairs: int) -> None:
    faint = 128 + np.random.default_rng(0).normal(0, deviation, (16, 16)).repeat(2, 0).repeat(2, 1)
    assert len(near_pairs(np.stack([faint, faint[::-1]]).astype(np.float16))) == pairs


def test_blank_pictures_have_exact_copies_only() -> None:
    blank = np.stack([np.full((32, 32), grey, np.float16) for grey in (0, 255, 128, 128, 129)])
    assert len(near_pairs(blank)) == 0
    assert copy_groups(blank, [b"a", b"b", b"c", b"c", b"d"]).tolist() == [0, 1, 2, 2, 3]


def test_a_crowd_of_copies_is_one_group(pictures: list[np.ndarray]) -> None:
    rng = np.random.default_rng(1)
    one = prints(pictures[:1])[0].astype(np.float32)
    crowd = np.stack([one + rng.normal(0, 0.3, one.shape) for _ in range(150)]).astype(np.float16)
    others = prints(pictures[1:9])
    groups = copy_groups(np.concatenate([crowd, others]), [bytes([number]) for number in range(158)])
    assert groups.tolist() == [0] * 150 + list(range(1, 9))


def test_clusters_of_copies_of_one_picture_are_one_group() -> None:
    """Each has more near neighbours in its own cluster than are looked at."""
    rng = np.random.default_rng(3)
    one = rng.integers(60, 200, (16, 16)).repeat(2, 0).repeat(2, 1)
    middles = [one + rng.normal(0, 4, one.shape) for _ in range(6)]
    crowd = np.stack([middle + rng.normal(0, 0.1, one.shape) for middle in middles for _ in range(9)])
    groups = copy_groups(crowd.astype(np.float16), [bytes([number]) for number in range(54)])
    assert groups.tolist() == [0] * 54


def test_no_pictures_and_one_have_no_copies() -> None:
    assert near_pairs(np.zeros((0, 32, 32), np.float16)).shape == (0, 2)
    assert copy_groups(np.ones((1, 32, 32), np.float16), [b"x"]).tolist() == [0]


def test_the_same_prints_give_the_same_pairs(pictures: list[np.ndarray]) -> None:
    all_of_them = prints([*pictures, *(pixels[:, ::-1] for pixels in pictures)])
    assert (near_pairs(all_of_them) == near_pairs(all_of_them)).all()


def test_a_scan_says_what_is_wrong(tmp_path: Path, pictures: list[np.ndarray]) -> None:
    (tmp_path / "crack").mkdir()
    (tmp_path / "sound").mkdir()
    for number, pixels in enumerate(pictures[:10]):
        images.write_jpeg(pixels, tmp_path / ("crack" if number % 2 == 0 else "sound") / f"{number}.jpg")
    (tmp_path / "sound" / "again.jpg").write_bytes((tmp_path / "sound" / "1.jpg").read_bytes())
    images.write_jpeg(np.ascontiguousarray(pictures[0][::-1]), tmp_path / "sound" / "0-turned.jpg")
    (tmp_path / "sound" / "broken.jpg").write_bytes((tmp_path / "sound" / "3.jpg").read_bytes()[:900])
    (tmp_path / "sound" / "text.png").write_text("no picture")
    report = datasets.scan(tmp_path)
    assert report.pictures == 12
    assert report.labels == {"crack": 5, "sound": 7}
    assert [(size.width, size.height, size.count) for size in report.sizes] == [(SIDE, SIDE, 12)]
    assert [Path(unread.path).name for unread in report.unreadable] == ["broken.jpg", "text.png"]
    assert report.unreadable_share == pytest.approx(2 / 14)
    assert (report.exact.pictures, report.near.pictures, report.near.groups) == (2, 4, 2)
    assert [[Path(member.path).name for member in group] for group in report.conflicts] == [["0.jpg", "0-turned.jpg"]]
    assert len(report.problems) == 2


def test_one_class_empty(tmp_path: Path, pictures: list[np.ndarray]) -> None:
    for number in range(4):
        images.write_png(pictures[number], tmp_path / f"{number}.png")
    lines = ["path,label", *(f"{number}.png,crack" for number in range(4))]
    (tmp_path / "all.csv").write_text("\n".join(lines), encoding="utf-8")
    for refuse in (datasets.split, datasets.load):
        with pytest.raises(DatasetError, match="sound"):
            refuse(tmp_path / "all.csv")
    assert "sound" in datasets.scan(tmp_path / "all.csv").problems[0]
    # All of it may be judged all the same, unless the other class seems to be there and unknown.
    assert len(datasets.load(tmp_path / "all.csv", parts=None).rows) == 4
    for number in range(4):
        (tmp_path / "data" / "crack").mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / "good ones").mkdir(exist_ok=True)
        images.write_png(
            pictures[number], tmp_path / "data" / ("crack" if number < 2 else "good ones") / f"{number}.png"
        )
    with pytest.raises(DatasetError, match="good ones"):
        datasets.load(tmp_path / "data", parts=None)


def test_one_picture_and_none_readable(tmp_path: Path, pictures: list[np.ndarray]) -> None:
    (tmp_path / "crack").mkdir()
    images.write_png(pictures[0], tmp_path / "crack" / "a.png")
    with pytest.raises(DatasetError, match=r"one labelled picture only .*a\.png"):
        datasets.scan(tmp_path)
    assert len(datasets.read_rows(tmp_path)) == 1
    for name in "ab":
        (tmp_path / "crack" / f"{name}.png").write_bytes(b"broken")
    for refuse in (datasets.scan, datasets.split, datasets.load):
        with pytest.raises(DatasetError, match=r"of 2 pictures none can be read: .*a\.png"):
            refuse(tmp_path)


def test_a_part_of_the_pictures_unreadable(tmp_path: Path, pictures: list[np.ndarray]) -> None:
    lines = ["path,label"]
    for number, pixels in enumerate(pictures):
        if number % 10 < 7:
            images.write_png(pixels, tmp_path / f"{number}.png")
        lines.append(f"{number}.png,{'crack' if number % 2 else 'sound'}")
    (tmp_path / "all.csv").write_text("\n".join(lines), encoding="utf-8")
    split = datasets.split(tmp_path / "all.csv")
    assert [Path(unread.path).stem for unread in split.unreadable] == ["7", "8", "9", "17", "18", "19"]
    assert {unread.error.kind for unread in split.unreadable} == {"missing"}
    assert split.unreadable_share == pytest.approx(6 / 24)


def test_progress_is_told(tmp_path: Path, pictures: list[np.ndarray]) -> None:
    for number in range(6):
        images.write_png(pictures[number], tmp_path / f"{number}.png")
    lines = ["path,label", *(f"{number}.png,{number % 2}" for number in range(6))]
    (tmp_path / "all.csv").write_text("\n".join(lines), encoding="utf-8")
    told: list[tuple[int, int]] = []
    with datasets.watched(lambda done, total: told.append((done, total))):
        datasets.scan(tmp_path / "all.csv")
    datasets.scan(tmp_path / "all.csv")
    assert told == [(done, 6) for done in range(1, 7)]
