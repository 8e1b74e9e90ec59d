"""The page of an inspection on paper: photos with many cracks, in a browser that lays it out as for printing."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from crackscope import images, reports
from crackscope.records import Inspected
from tests.small_browser import Browser
from tests.small_inspection import facts, inspected, picture, zone

A4_PX = 688
"""Width of the text on A4, between the margins of the page."""
TOUCHING = """Array.from(document.querySelectorAll('.fit')).flatMap(fit => {
  const all = Array.from(fit.querySelectorAll('.tag')).map(one => one.getBoundingClientRect());
  return all.flatMap((a, at) => all.slice(0, at).filter(b => {
    const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    return across > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
  }).map(b => [a.left, a.top]));
})"""
CUT = """Array.from(document.querySelectorAll('.measures')).filter(one =>
  one.getBoundingClientRect().right > one.closest('article').getBoundingClientRect().right).length"""
SIZES = "Array.from(document.querySelectorAll('.fit .tag')).map(one => parseFloat(getComputedStyle(one).fontSize))"
FRAMES = "Array.from(document.querySelectorAll('.fit')).map(one => one.getBoundingClientRect().height)"


def crowded(folder: Path, name: str, number: int, size: tuple[int, int]) -> Inspected:
    """A photo with 24 short cracks all over it, the first of them told with as many digits as there are."""
    across, down = (4, 6) if size[0] < size[1] else (6, 4)
    rng = np.random.default_rng(number)
    places = [(n % across + rng.uniform(0, 0.6), n // across + rng.uniform(0.2, 0.8)) for n in range(across * down)]
    zones = [
        zone(n, y * size[1] / down, 3, 0.4, x=x * size[0] / across, length=90) for n, (x, y) in enumerate(places, 1)
    ]
    zones[0] = msgspec.structs.replace(zones[0], length_mm=12_345.0, probability=0.5)
    record = inspected(picture(folder, name, number), zones=tuple(zones))
    return msgspec.structs.replace(record, width=size[0], height=size[1])


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("paper")
    sizes = {"tall.jpg": (900, 1200), "broad.jpg": (1200, 900), "slim.jpg": (750, 1334)}
    photos = [crowded(folder, name, n, size) for n, (name, size) in enumerate(sizes.items(), 1)]
    reports.write_inspection(folder / "out", photos, facts())
    browser = Browser(folder)
    browser.open(folder / "out" / "index.html", A4_PX, 990)
    browser._call("Emulation.setEmulatedMedia", media="print")
    yield browser
    browser.close()


def test_numbers_of_many_cracks_stand_apart(printed):
    assert printed.run("document.querySelectorAll('.fit .tag').length") == 72
    assert printed.run(TOUCHING) == []


def test_numbers_are_still_read(printed):
    """No smaller than 6 points, on photos that are half as large as on a screen."""
    assert min(printed.run(SIZES)) >= 6 * 96 / 72
    assert max(printed.run(FRAMES)) < 230


def test_classes_of_width_stay_on_one_page(printed):
    assert printed.run("getComputedStyle(document.getElementById('widths')).breakInside") == "avoid"


def test_no_column_of_a_card_is_cut_off(printed):
    assert printed.run("document.querySelectorAll('.measures').length") == 3
    assert printed.run(CUT) == 0


def test_a_card_with_its_table_leaves_no_half_of_a_page_empty(printed):
    """Nothing may part a card, so a tall one goes to the next page, whatever is left of this one."""
    cards = "Array.from(document.querySelectorAll('article')).map(one => one.getBoundingClientRect().height)"
    assert max(printed.run(cards)) < 990 / 3


def test_what_is_said_of_the_heatmap_holds_on_paper_where_it_is_printed(tmp_path):
    photos = [
        inspected(picture(tmp_path, f"{n}.jpg", n), verdict, probability=0.8)
        for n, verdict in enumerate(("crack", "cannot judge", "sound"), 1)
    ]
    heat = (np.zeros((8, 8), np.float32), 4)
    for photo in photos:
        reports.write_photo(images.read(photo.path).pixels, photo.path, tmp_path / "out", Path(photo.path).stem, heat)
    reports.write_inspection(tmp_path / "out", photos, facts())
    browser = Browser(tmp_path)
    try:
        browser.open(tmp_path / "out" / "index.html", A4_PX, 990)
        said = "(document.getElementById('again').innerText.match(/heatmap shows/g) || []).length"
        assert browser.run(said) == 3
        browser._call("Emulation.setEmulatedMedia", media="print")
        assert browser.run(said) == 0
        browser.run("document.querySelector('#again [data-layer=heat]').click()")
        assert browser.run(said) == 3
    finally:
        browser.close()
