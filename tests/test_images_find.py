"""What was typed becomes the pictures that were meant."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from crackscope import images
from crackscope.errors import ImageError
from tests.small_heif import WALL
from tests.small_pictures import RGB, saved
from tests.small_rights import as_nobody, open_folder


@pytest.fixture
def folder(tmp_path):
    for name in ("img10.jpg", "img2.JPG", "img1.png", "notes.txt", ".hidden.png", "b/x.tif", "a/x.webp", ".git/x.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return tmp_path


def names(found, folder):
    return [os.path.relpath(name, folder) for name in found]


def test_folders_are_sorted_as_people_count(folder):
    found = images.find([str(folder)])
    assert names(found, folder) == ["a/x.webp", "b/x.tif", "img1.png", "img2.JPG", "img10.jpg"]


@given(st.lists(st.integers(0, 10**6), min_size=2), st.sampled_from(["p{}", "wall {}/a.jpg", "{}"]))
def test_names_that_differ_in_a_number_are_sorted_by_it(numbers, form):
    assert sorted(map(form.format, numbers), key=images.natural) == [form.format(one) for one in sorted(numbers)]


def test_a_number_may_be_longer_than_python_takes():
    thousands = "9" * 5000
    assert images.natural("8" + thousands) < images.natural("9" + thousands) < images.natural("1" + thousands + "0")


def test_files_stand_for_themselves_whatever_they_are_called(folder):
    given = [str(folder / "notes.txt"), "-", str(folder / ".hidden.png")]
    assert images.find(given) == given


def test_nothing_is_found_twice(folder):
    one = str(folder / "img1.png")
    assert names(images.find([one, str(folder), one]), folder) == [
        "img1.png",
        "a/x.webp",
        "b/x.tif",
        "img2.JPG",
        "img10.jpg",
    ]


def test_one_file_under_two_spellings_is_found_once_as_it_was_named_first(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (one, *others) = images.find(["."])
    assert images.find([one, f"./{one}", str(folder / one), f"../{folder.name}/{one}", "."]) == [one, *others]


def test_what_is_called_as_ours_and_is_not_is_no_reason_to_pass_over_photos(folder):
    for name in ("explain.json", "predictions.csv", "run.json", "matrix.json", "doubts.csv", ".crackscope-demo"):
        (folder / "a" / name).write_text('{"of": "somebody else"}')
    told: list[str] = []
    assert "a/x.webp" in names(images.find([str(folder)], ours=told.append), folder)
    assert told == []


@pytest.mark.parametrize("mark", ["inspection.jsonl", "suggestions.csv"])
def test_what_we_wrote_below_is_passed_over_but_not_what_is_named(folder, mark):
    report = folder / "out" / "photos"
    report.mkdir(parents=True)
    (report / "img1.jpg").touch()
    (folder / "out" / mark).touch()
    assert not [name for name in images.find([str(folder)]) if "out" in name.split(os.sep)]
    assert names(images.find([str(folder / "out")]), folder) == ["out/photos/img1.jpg"]


def test_photos_that_cannot_be_read_are_not_passed_over(folder):
    for name in ("img2.JPG", "b/x.tif"):
        images.write_png(np.zeros((8, 8, 3), np.uint8), folder / name)
    for name in ("IMG_1.HEIC", "raw.dng", "img2.dng", "b/x.gif", "b/y.gif"):
        (folder / name).touch()
    found = names(images.find([str(folder)]), folder)
    assert [name for name in found if name.endswith(("HEIC", "dng", "gif"))] == ["b/y.gif", "IMG_1.HEIC", "raw.dng"]
    assert names(images.find([str(folder / "*.dng")]), folder) == ["img2.dng", "raw.dng"]
    with pytest.raises(ImageError, match="empty"):
        images.read(folder / "raw.dng")


WALL_PX = np.tile(RGB, (4, 4, 1))
SHOT = saved(Image.fromarray(WALL_PX), "JPEG")
FILM = b"\0\0\0\x18ftypmp42" + bytes(64)
PREVIEW = SHOT[:2] + b"\xff\xe1" + (len(SHOT) + 2).to_bytes(2, "big") + SHOT + SHOT[2:]
"""Like a photo of a camera: a small whole JPEG lies in its header."""


def beside(folder: Path, content: bytes, **others: bytes) -> tuple[list[str], list[str]]:
    """What is found, and what is told as passed over, of IMG_1.JPG with this content and others of its name."""
    (folder / "IMG_1.JPG").write_bytes(content)
    for suffix, bytes_of in others.items():
        (folder / f"IMG_1.{suffix}").write_bytes(bytes_of)
    passed: list[str] = []
    found = images.find([str(folder)], passed.append)
    by_pattern: list[str] = []
    assert images.find([str(folder / "IMG*")], by_pattern.append) == found
    assert by_pattern == passed
    return names(found, folder), names(passed, folder)


@pytest.mark.parametrize(
    "broken",
    [b"", b"wall", FILM, SHOT[:200], SHOT[: len(SHOT) // 2], SHOT[:-2], SHOT[:-100] + bytes(100), PREVIEW[:-400]],
    ids=["empty", "text", "film", "header", "half", "marker", "zeros", "preview"],
)
def test_nothing_gives_way_to_a_file_that_cannot_be_read(tmp_path, broken):
    assert beside(tmp_path, broken, HEIC=WALL) == (["IMG_1.HEIC", "IMG_1.JPG"], [])
    assert beside(tmp_path, broken, HEIC=b"", dng=b"II*\0") == (["IMG_1.dng", "IMG_1.HEIC", "IMG_1.JPG"], [])


@pytest.mark.parametrize(
    "whole",
    [SHOT, SHOT + bytes(3), SHOT + FILM + bytes(100_000), PREVIEW, saved(Image.fromarray(RGB), "PNG")],
    ids=["jpeg", "padded", "motion", "preview", "misnamed"],
)
def test_one_shot_is_found_once_where_its_jpeg_is_whole(tmp_path, whole):
    assert beside(tmp_path, whole, HEIC=WALL, dng=b"II*\0") == (["IMG_1.JPG"], ["IMG_1.dng", "IMG_1.HEIC"])


def test_a_raw_photo_gives_way_to_a_heic_beside_a_broken_jpeg(tmp_path):
    pytest.importorskip("pi_heif", reason="wants the extra heif, which the extra dev brings")
    assert beside(tmp_path, SHOT[:-2], HEIC=WALL, dng=b"II*\0") == (["IMG_1.HEIC", "IMG_1.JPG"], ["IMG_1.dng"])


def test_nothing_gives_way_to_a_photo_that_is_too_large(tmp_path):
    (tmp_path / "IMG_1.jpg").write_bytes(SHOT)
    (tmp_path / "IMG_1.heic").write_bytes(WALL)
    for most, found in ((WALL_PX.size // 3, ["IMG_1.jpg"]), (WALL_PX.size // 3 - 1, ["IMG_1.heic", "IMG_1.jpg"])):
        assert names(images.find([str(tmp_path)], limits=images.Limits(max_pixels=most)), tmp_path) == found


def test_patterns(folder):
    assert names(images.find([str(folder / "img*")]), folder) == ["img1.png", "img2.JPG", "img10.jpg"]
    assert names(images.find([str(folder / "[ab]")]), folder) == ["a/x.webp", "b/x.tif"]
    assert names(images.find([str(folder / "**" / "x.*")]), folder) == ["a/x.webp", "b/x.tif"]


def test_a_name_that_exists_is_no_pattern(folder):
    odd = folder / "img[1].png"
    odd.touch()
    assert images.find([str(odd)]) == [str(odd)]


def test_links_that_go_round(folder):
    (folder / "a" / "up").symlink_to(folder, target_is_directory=True)
    (folder / "self").symlink_to("self")
    (folder / "gone.png").symlink_to("nowhere.png")
    found = names(images.find([str(folder)]), folder)
    assert found == ["a/x.webp", "b/x.tif", "gone.png", "img1.png", "img2.JPG", "img10.jpg"]


@pytest.mark.parametrize("target", ["loop", "y" * 300, "nowhere"])
def test_a_link_that_leads_nowhere_loses_no_picture_beside_it(folder, target):
    for number in range(30):
        (folder / f"wall-{number}.jpg").touch()
    plain = images.find([str(folder)])
    (folder / "loop").symlink_to(target)
    told: list[str] = []
    assert images.find([str(folder)], misnamed=told.append) == plain
    assert told == []


@pytest.mark.parametrize("name", ["gone.png", "*.gif", "empty", "[", "nul\0"])
def test_what_stands_for_nothing_is_an_error(folder, name):
    (folder / "empty").mkdir()
    with pytest.raises(ImageError) as caught:
        images.find([str(folder / "img1.png"), str(folder / name)])
    assert caught.value.kind == "missing"
    assert "\n" not in str(caught.value)


def test_an_empty_name_is_an_error_in_words():
    with pytest.raises(ImageError, match=r"\Aan empty name stands for no picture"):
        images.find([""])


def test_a_folder_that_may_not_be_entered_is_named_as_denied():
    with open_folder() as folder:
        for name in ("locked", "open"):
            os.mkdir(f"{folder}/{name}")
            Path(f"{folder}/{name}/1.png").touch()
        os.chmod(f"{folder}/locked", 0)
        try:
            with as_nobody():
                found = images.find([str(folder)])
                with pytest.raises(ImageError, match=r"locked: this folder cannot be entered") as caught:
                    images.read(f"{folder}/locked")
        finally:
            os.chmod(f"{folder}/locked", 0o755)
        assert found == [f"{folder}/locked", f"{folder}/open/1.png"]
        assert caught.value.kind == "denied"
        with pytest.raises(ImageError, match="it is a folder") as caught:
            images.read(f"{folder}/open")
        assert caught.value.kind == "not-a-picture"


def test_what_is_passed_over_for_a_readable_one_of_its_name_is_told(folder):
    for name in ("img2.heic", "b/x.gif", "b/y.gif"):
        (folder / name).touch()
    for name in ("img2.JPG", "b/x.tif"):
        images.write_png(np.zeros((8, 8, 3), np.uint8), folder / name)
    told = []
    images.find([str(folder)], told.append)
    assert names(told, folder) == ["b/x.gif", "img2.heic"]
    told.clear()
    found = images.find([str(folder), str(folder / "img2.heic"), str(folder / "b" / "*")], told.append)
    assert names(told, folder) == ["b/x.gif"]
    assert str(folder / "img2.heic") in found


def test_pictures_without_a_name_of_one_are_told(folder):
    for name, content in (
        ("photo", b"\xff\xd8\xff\xe0" + bytes(20)),
        ("..jpg", b"\xff\xd8\xff\xe0" + bytes(20)),
        ("b/scan.tif~", b"II*\0" + bytes(20)),
        (".IMG", b"\xff\xd8\xff\xe0" + bytes(20)),
        ("..hidden.jpg", b"\xff\xd8\xff\xe0" + bytes(20)),
        ("empty", b""),
        ("notes.md", b"RIFF and the like, no picture"),
    ):
        (folder / name).write_bytes(content)
    plain, told = images.find([str(folder)]), []
    assert images.find([str(folder)], misnamed=told.append) == plain
    assert sorted(names(told, folder)) == ["..jpg", "b/scan.tif~", "photo"]
    told.clear()
    images.find([str(folder / "*")], misnamed=told.append)
    assert names(told, folder) == ["b/scan.tif~"]  # a pattern is asked for the names it matches


def test_no_arguments_find_nothing():
    assert images.find([]) == []


@settings(max_examples=50)
@given(st.lists(st.integers(0, 10**30), min_size=1, max_size=8, unique=True))
def test_numbers_are_sorted_by_value(tmp_path_factory, numbers):
    folder = tmp_path_factory.mktemp("numbers")
    for number in numbers:
        (folder / f"n{number}.png").touch()
    assert names(images.find([str(folder)]), folder) == [f"n{number}.png" for number in sorted(numbers)]
