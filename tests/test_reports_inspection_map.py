"""Photos taken at one place: one mark on the map, which leads to all of them; and the map on a phone."""

import msgspec
import pytest

from crackscope import reports
from crackscope.records import Inspected, PhotoScale, Place
from crackscope.reports.inspection_classes import classes_of
from crackscope.reports.inspection_map import photo_map
from tests.small_inspection import facts, inspected, picture, zone


def taken(path: str, metres: float, verdict: str = "crack", width: float = 0, probability: float = 0.9, **other):
    """A photo so many metres north of the first, that looks east."""
    place = Place(latitude=50 + metres / 111_320, longitude=10.0, direction_deg=90.0)
    zones = (msgspec.structs.replace(zone(1, 62, width, 0.1), probability=probability),) if width else ()
    return inspected(path, verdict, zones=zones, place=place, scale=PhotoScale(mm_per_px=0.1, source="flag"), **other)


def drawn(*found: Inspected):
    numbers = {one.path: number for number, one in enumerate(found, 1)}
    return photo_map(found, numbers, classes_of(reports.InspectionFacts()), {one.path: one.path for one in found})


def test_photos_that_would_hide_each_other_are_one_mark_of_the_worst_of_them():
    here = [taken("a", 0, "sound"), taken("b", 0.5, width=4), taken("c", 0, "cannot judge"), taken("d", 0.2, width=9)]
    apart = drawn(*here, taken("e", 100, "sound"))
    single, many = apart.marks
    assert (single.alone, single.kind, single.says, single.number) == (True, "sound", "e: sound", 5)
    assert [spot.number for spot in many.spots] == [1, 2, 3, 4]
    assert (many.number, many.kind, many.directions) == (1, "mm-4", [90.0])
    assert many.says == "4 photos: 1 sound, 2 crack, 1 cannot judge"
    assert len(apart.spots) == 5
    assert [len(mark.spots) for mark in drawn(*here[:2]).marks] == [1, 1], "half a metre is seen on a map of two"
    (doubtful,) = drawn(taken("a", 0, "sound"), taken("b", 0), taken("c", 0, "cannot judge")).marks
    assert doubtful.kind == "unmeasured"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("map")
    found = [
        taken(picture(folder, "thin.jpg", 1), 0, width=2),
        taken(picture(folder, "wide.jpg", 2), 0, width=9, probability=0.3),
        taken(picture(folder, "calm.jpg", 3), 0, "sound"),
        taken(picture(folder, "alone.jpg", 4), 100, width=3),
    ]
    reports.write_inspection(folder / "out", found, facts())
    return folder / "out" / "index.html"


LISTED = """Array.from(document.querySelectorAll('.place a[data-photo]')).filter(one => one.getClientRects().length)
  .map(one => one.innerText.trim())"""
MARKS = "Array.from(document.querySelectorAll('.where svg .spot')).map(one => one.getAttribute('class'))"


def test_a_mark_of_several_photos_leads_to_each_by_keys_and_by_mouse(browser, page):
    browser.open(page)
    many = ".where svg .spot:not([data-photo])"
    assert browser.run(f"document.querySelector('{many} text').textContent") == "3"
    assert browser.run(LISTED) == []
    browser.run(f"document.querySelector('{many}').focus()")
    browser.key("Enter")
    browser.wait("document.querySelector('.place:target')")
    assert browser.run(LISTED) == ["thin.jpg: crack", "wide.jpg: crack", "calm.jpg: sound"]
    for _ in range(3):
        browser.key("Tab")
    browser.key("Enter")
    assert browser.run("document.getElementById('viewer-name').textContent") == "wide.jpg: crack"
    browser.key("Escape")
    browser.click(".place:target a[href='#map']")
    browser.wait("!document.querySelector('.place:target')")
    assert browser.run(LISTED) == []
    browser.click(f"{many} circle")
    browser.wait("document.querySelector('.place:target')")
    assert len(browser.run(LISTED)) == 3
    assert browser.said == []


def test_the_mark_follows_when_cracks_are_left_out(browser, page):
    browser.open(page)
    before = browser.run(MARKS)
    assert before == ["spot mm-3", "spot mm-4"]
    for least, marks in ((0.5, ["spot mm-1", "spot mm-3"]), (1, ["spot unmeasured", "spot unmeasured"]), (0, before)):
        browser.run(
            f"(one => {{ one.value = {least}; one.dispatchEvent(new Event('input')); }})"
            "(document.getElementById('least'))"
        )
        browser.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert browser.run(MARKS) == marks


@pytest.mark.parametrize("width", [390, 360])
def test_on_a_phone_the_whole_map_is_seen_and_can_be_read(browser, page, width):
    browser.open(page, width, 844, phone=True)
    assert browser.run("(one => one.scrollWidth - one.clientWidth)(document.querySelector('.where'))") == 0
    ends = "Array.from(document.querySelectorAll('.where svg *')).map(one => one.getBoundingClientRect().right)"
    assert max(browser.run(ends)) < width
    letters = """Array.from(document.querySelectorAll('.where svg text')).map(
      one => parseFloat(getComputedStyle(one).fontSize) * one.getScreenCTM().a)"""
    assert min(browser.run(letters)) > 9.5
    assert browser.run("document.querySelector('.spot circle').getBoundingClientRect().width") > 12


def test_one_place_is_told_in_words_and_not_drawn_on_an_empty_sheet(browser, tmp_path):
    def text(*found: Inspected) -> str:
        for number, one in enumerate(found):
            picture(tmp_path, one.path, number)
        reports.write_inspection(tmp_path / "out", found, facts())
        browser.open(tmp_path / "out" / "index.html")
        assert browser.run("document.querySelector('#map svg, #map figure, .place')") is None
        browser.run("document.getElementById('least').value = 0.95")
        browser.run("document.getElementById('least').dispatchEvent(new Event('input'))")
        return browser.run("document.getElementById('map').innerText")

    other = inspected("none.jpg", zones=(zone(1, 62, 3),))
    said = text(taken("a.jpg", 0, width=4), other)
    assert "1 photo with a position, taken: 50.00000° N, 10.00000° E, looking east. 1 photo without a position." in said
    south = msgspec.structs.replace(taken("b.jpg", 0.01), place=Place(latitude=50, longitude=10.0, direction_deg=181))
    unsure = msgspec.structs.replace(taken("c.jpg", 0), place=Place(latitude=50, longitude=10.0))
    said = text(taken("a.jpg", 0, width=4), south, unsure)
    assert "3 photos with a position, all taken at one place: 50.00000° N, 10.00000° E, looking east and south." in said
    west = msgspec.structs.replace(unsure, place=Place(latitude=-33.5, longitude=-70.25))
    assert drawn(west).place == "33.50000° S, 70.25000° W"
    assert drawn(west, unsure).place == ""
