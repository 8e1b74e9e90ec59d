"""The order of cracked photos, in the report and on the terminal: by cracks that are at least as likely as not."""

import re
from pathlib import Path

import msgspec
import pytest

from crackscope import reports
from crackscope.cli.inspection_summary import show, summarise
from crackscope.records import Inspected, Zone
from tests.small_browser import Browser
from tests.small_inspection import facts, inspected, picture, zone
from tests.small_page import Page

HEADINGS = "Array.from(document.querySelectorAll('#groups h3')).map(one => one.innerText.trim())"
ORDER = "Array.from(document.querySelectorAll('#groups article')).map(one => one.id)"


def crack(number: int, width: float, probability: float, mm_per_px: float | None = None, length: int = 100) -> Zone:
    return msgspec.structs.replace(
        zone(number, 20 + 20 * number, width, mm_per_px, length=length), probability=probability
    )


ZONES = {
    "torn.jpg": (crack(1, 30, 0.2, 0.1), crack(2, 1.5, 0.9, 0.1)),
    "joint.jpg": (crack(1, 25, 0.3, 0.1),),
    "plain.jpg": (crack(1, 4, 0.6, 0.1),),
    "even.jpg": (crack(1, 2.5, 0.5, 0.1), crack(2, 20, 0.49, 0.1)),
    "bare-joint.jpg": (crack(1, 28, 0.4),),
    "bare.jpg": (crack(1, 6, 0.9), crack(2, 9, 0.1, 0.1)),
    "seam.jpg": (crack(1, 2.5, 0.49, 0.1),),
    "none.jpg": (),
}
WORST_FIRST = ["plain", "even", "torn", "bare", "joint", "seam", "bare-joint", "none"]
GROUPS = [
    "Widest crack 0.3 to 0.5 mm 1 photo",
    "Widest crack 0.2 to 0.3 mm 1 photo",
    "Widest crack 0.1 to 0.2 mm 1 photo",
    "Widest crack 4 to 8 px, no scale known there 1 photo",
    "Widest crack over 1 mm, less likely one than not 1 photo",
    "Widest crack 0.2 to 0.3 mm, less likely one than not 1 photo",
    "Widest crack over 16 px, no scale known there, less likely one than not 1 photo",
]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Inspected]:
    folder = tmp_path_factory.mktemp("photos")
    return [inspected(picture(folder, name, n), zones=zones) for n, (name, zones) in enumerate(ZONES.items(), 1)]


@pytest.fixture(scope="module")
def index(found: list[Inspected], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    reports.write_inspection(folder, found, facts())
    return folder / "index.html"


def leave_out(browser: Browser, least: float) -> None:
    browser.run(f"document.getElementById('least').value = {least}")
    browser.run("document.getElementById('least').dispatchEvent(new Event('input'))")
    browser.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def ids(names: list[str]) -> list[str]:
    numbers = {name.removesuffix(".jpg"): n for n, name in enumerate(ZONES, 1)}
    return [f"photo-{numbers[name]}" for name in names]


def test_photos_whose_cracks_are_all_less_likely_than_not_stand_behind_the_others(index):
    page = Page(index)
    assert [a["id"] for tag, a in page.elements if tag == "article"] == ids(WORST_FIRST)


def test_a_likely_crack_in_px_comes_before_a_wider_one_in_mm_that_is_less_likely_than_not():
    likely = inspected("likely.jpg", zones=(crack(1, 2, 0.9),))
    joint = inspected("joint.jpg", zones=(crack(1, 30, 0.3, 0.1),))
    assert sorted([joint, likely], key=reports.severity) == [likely, joint]


def test_each_group_is_named_by_the_crack_that_put_its_photos_there(index):
    text = " ".join(Page(index).text.split())
    places = [text.index(heading) for heading in GROUPS]
    assert places == sorted(places)


def test_the_spot_and_the_words_of_a_photo_follow_the_same_crack(index):
    page = Page(index)
    spots = {a["data-photo"]: a["class"] for tag, a in page.elements if tag == "a" and "spot" in a.get("class", "")}
    assert spots["1"] == "spot mm-1"
    assert spots["2"] == "spot mm-5"
    alts = [a["alt"] for tag, a in page.elements if tag == "img"]
    assert "torn.jpg: crack, 2 cracks, the widest 0.15 mm" in alts


def test_the_terminal_has_the_order_of_the_report(found, capsys):
    show(summarise(found), quiet=False)
    lines = capsys.readouterr().out.splitlines()
    assert re.findall(r"([a-z-]+)\.jpg", "\n".join(lines)) == WORST_FIRST


def test_what_is_not_cracked_stands_in_the_order_given_what_looks_like_a_crack_first(tmp_path, capsys):
    called = [
        ("sound", 0.1),
        ("cannot judge", 0.2),
        ("crack", 0.9),
        ("cannot judge", 0.7),
        ("sound", 0.6),
        ("sound", 0.8),
    ]
    photos = [
        inspected(picture(tmp_path, f"{n}.jpg", n), verdict, probability=probability)
        for n, (verdict, probability) in enumerate(called, 1)
    ]
    show(summarise(photos), quiet=False)
    assert re.findall(r"(\d)\.jpg", capsys.readouterr().out) == list("342561")
    reports.write_inspection(tmp_path, photos, facts())
    page = Page(tmp_path / "index.html")
    assert [a["id"] for tag, a in page.elements if tag == "article"] == [f"photo-{n}" for n in (3, 4, 2, 5, 6)]


def test_the_width_on_the_terminal_is_that_which_put_the_photo_there(found, capsys):
    show(summarise(found), quiet=False)
    lines = {line.split("/")[-1].split(".jpg")[0]: line.split() for line in capsys.readouterr().out.splitlines()}
    assert lines["torn"][2:7] == ["2", "0.15", "mm", "20", "mm"]
    assert lines["bare"][2:10] == ["2", "6.0", "px", "10", "mm", "and", "100", "px"]
    assert lines["joint"][2:5] == ["1", "2.50", "mm"]


def test_the_script_puts_photos_back_where_the_page_had_them(index, tmp_path):
    browser = Browser(tmp_path)
    try:
        browser.open(index)
        written = browser.run(ORDER), browser.run(HEADINGS)
        assert written[0] == ids(WORST_FIRST[:-1])
        leave_out(browser, 0.05)
        assert browser.run(ORDER) == ids(WORST_FIRST[:-1])
        assert browser.run(HEADINGS) == written[1]
        leave_out(browser, 0.45)
        assert browser.run(ORDER) == ids(["plain", "even", "torn", "bare", "seam"])
        assert browser.run(HEADINGS)[-1] == "Widest crack 0.2 to 0.3 mm, less likely one than not 1 photo"
    finally:
        browser.close()


def test_the_viewer_goes_through_the_photos_as_they_stand(index, found, tmp_path):
    browser = Browser(tmp_path)
    try:
        browser.open(index)
        leave_out(browser, 0.45)
        browser.click(f"#{ids(['bare'])[0]} a.frame")
        browser.wait("document.getElementById('viewer').open")
        seen = []
        for _ in range(4):
            seen.append(browser.run("document.getElementById('viewer-name').textContent"))
            browser.key("n")
        assert seen == [f"{name}.jpg: crack" for name in ("bare", "seam", "joint", "bare-joint")]
    finally:
        browser.close()
