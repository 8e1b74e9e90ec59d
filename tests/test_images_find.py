"""What was typed becomes the pictures that were meant."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crackscope import images
from crackscope.errors import ImageError


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


def test_reports_below_are_passed_over_but_not_one_that_is_named(folder):
    report = folder / "out" / "photos"
    report.mkdir(parents=True)
    (report / "img1.jpg").touch()
    (folder / "out" / "inspection.jsonl").touch()
    assert not [name for name in images.find([str(folder)]) if "out" in name.split(os.sep)]
    assert names(images.find([str(folder / "out")]), folder) == ["out/photos/img1.jpg"]


def test_photos_that_cannot_be_read_are_not_passed_over(folder):
    for name in ("IMG_1.HEIC", "raw.dng", "img2.dng", "b/x.gif", "b/y.gif"):
        (folder / name).touch()
    found = names(images.find([str(folder)]), folder)
    assert [name for name in found if name.endswith(("HEIC", "dng", "gif"))] == ["b/y.gif", "IMG_1.HEIC", "raw.dng"]
    assert names(images.find([str(folder / "*.dng")]), folder) == ["img2.dng", "raw.dng"]
    with pytest.raises(ImageError, match="empty"):
        images.read(folder / "raw.dng")


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


@pytest.mark.parametrize("name", ["gone.png", "*.gif", "empty", "[", "nul\0"])
def test_what_stands_for_nothing_is_an_error(folder, name):
    (folder / "empty").mkdir()
    with pytest.raises(ImageError) as caught:
        images.find([str(folder / "img1.png"), str(folder / name)])
    assert caught.value.kind == "missing"
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is denied to root")
def test_a_folder_that_may_not_be_entered_is_not_passed_over(folder):
    closed = folder / "a"
    closed.chmod(0)
    try:
        found = images.find([str(folder)])
        assert str(closed) in found
    finally:
        closed.chmod(0o755)


def test_no_arguments_find_nothing():
    assert images.find([]) == []


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 10**30), min_size=1, max_size=8, unique=True))
def test_numbers_are_sorted_by_value(tmp_path_factory, numbers):
    folder = tmp_path_factory.mktemp("numbers")
    for number in numbers:
        (folder / f"n{number}.png").touch()
    assert names(images.find([str(folder)]), folder) == [f"n{number}.png" for number in sorted(numbers)]
