"""The head of an inspection's page: the figures come first, long names stay short, and it says what to do."""

import json
import re

import msgspec
import pytest

from crackscope import images, reports
from crackscope.records import Failure, PhotoScale, Unread
from tests.small_inspection import facts, inspected, picture, zone
from tests.small_page import Page

LONG = f"2026-03-12 abutment north, bay 4, upper third, {'after cleaning, ' * 4}IMG_20260312_101544_HDR.jpg"
SHORT = "2026-03-12 abutment n…0260312_101544_HDR.jpg"
VALUES = "Array.from(document.querySelectorAll('.tile .value')).map(one => one.getBoundingClientRect().bottom)"
SAID = "document.getElementById('widest-said').innerText"
HOME = "document.querySelector('[data-tile=widest] a').textContent"
IN_TABLE = "Array.from(document.querySelectorAll('#findings tbody bdi')).map(one => [one.textContent, one.title])"


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """One photo of a long name with a likely crack, a wider one that is less likely, and one that hardly is one; one
    of a short name; one that cannot be judged; none has a scale."""
    folder = tmp_path_factory.mktemp("head")
    chances = {1: 0.53, 2: 0.93, 3: 0.46}
    zones = tuple(
        msgspec.structs.replace(zone(number, 30.0 * number, 13 - 3 * number), probability=chance)
        for number, chance in chances.items()
    )
    found = [
        inspected(picture(folder, LONG, 1), zones=zones),
        inspected(picture(folder, "b.jpg", 2), zones=(zone(1, 60, 3),)),
        inspected(picture(folder, "soft.jpg", 3), "cannot judge", reason="blurred: edges are 9 px wide"),
    ]
    reports.write_inspection(folder / "out", found, facts())
    return folder / "out" / "index.html"


@pytest.mark.parametrize(("width", "height"), [(390, 844), (360, 740), (820, 900), (1440, 900)])
def test_the_figures_stand_on_the_first_screen(browser, index, width, height):
    browser.open(index, width, height, phone=width < 500)
    bottoms = browser.run(VALUES)
    assert len(bottoms) == 4
    assert max(bottoms) < height


def test_a_long_name_is_cut_where_it_stands_often_and_whole_on_its_card(browser, index):
    # As it is read where no script runs: of the widest crack and of a less likely wider one, on the tile, once a row.
    page = re.sub(r"<[^>]+>", "", index.read_text(encoding="utf-8").partition("<main>")[0])
    assert page.count(SHORT) == 2 + 1
    rows = [about["title"] for tag, about in Page(index).elements if tag == "bdi" and about.get("title") == LONG]
    assert len(rows) == 3
    browser.open(index)
    assert browser.run(SAID).count(SHORT) == 2
    assert browser.run(HOME) == SHORT
    assert browser.run(IN_TABLE) == [[SHORT, LONG]] * 3 + [["b.jpg", ""]]
    assert browser.run("document.querySelector('#photo-1 h4').textContent") == LONG


def test_a_long_name_stays_cut_when_cracks_are_left_out(browser, index):
    browser.open(index)
    browser.run(
        "(() => { const e = document.getElementById('least'); e.value = 0.5; e.dispatchEvent(new Event('input')); })()"
    )
    browser.wait(f"{SAID}.split({json.dumps(SHORT)}).length === 3")
    assert browser.run(HOME) == SHORT
    assert LONG not in browser.run(SAID)


def test_the_table_finds_a_photo_by_what_is_cut_from_its_name(browser, index):
    browser.open(index)
    browser.run(
        "(() => { const e = document.getElementById('find'); e.value = 'upper third';"
        " e.dispatchEvent(new Event('input')); })()"
    )
    assert browser.run("document.querySelectorAll('#findings tbody tr').length") == 3


@pytest.mark.parametrize("name", ["a" * 44, "a" * 45, "ü😀" * 40, "wall.jpg", ""])
def test_the_script_cuts_names_as_the_page_does(browser, index, name):
    from crackscope.reports.formatting import elided

    browser.open(index)
    assert browser.run(f"words.elided({json.dumps(name)}, 44)") == elided(name, 44)
    assert browser.run(f"words.elided({json.dumps(name)}, 7)") == elided(name, 7)


@pytest.mark.parametrize(("width", "phone"), [(390, True), (320, True), (844, True), (1440, False)])
def test_a_long_name_keeps_its_end_and_its_verdict_where_the_photo_is_seen_large(browser, index, width, phone):
    browser.open(index, width, 800, phone=phone)
    browser.run("document.querySelector('#photo-1 a.frame').click()")
    head = "document.getElementById('viewer-name')"
    assert browser.run(f"{head}.textContent") == f"{SHORT}: crack"
    assert browser.run(f"{head}.title") == LONG
    assert browser.run(f"[{head}.scrollWidth <= {head}.clientWidth, {head}.scrollHeight <= {head}.clientHeight]") == [
        True,
        True,
    ]
    assert browser.run("document.getElementById('viewer').scrollWidth") == width


def head_of(folder, photos) -> str:
    reports.write_inspection(folder, photos, facts())
    page = Page(folder / "index.html").text
    return page[: page.index("Cracks by width")]


def test_the_share_of_cracked_photos_is_of_those_of_which_anything_is_said(tmp_path):
    cracked = inspected(picture(tmp_path, "a.jpg", 1), zones=(zone(1, 62, 4),))
    sound = inspected(picture(tmp_path, "b.jpg", 2), "sound")
    dark = inspected(picture(tmp_path, "c.jpg", 3), "cannot judge", reason="too dark")
    lost = Unread(path="/d.jpg", error=Failure(kind="missing", message="is not there"))
    for number, (photos, said) in enumerate(
        [
            ([cracked, sound], "1 50.0 % of 2 photos read"),
            ([cracked, sound, lost], "1 50.0 % of 2 photos read"),
            ([cracked, sound, dark], "1 50.0 % of 2 photos that could be judged"),
            ([cracked, dark, lost], "1 100 % of 1 photo that could be judged"),
            ([dark, lost], "0 none could be judged"),
            ([lost], "0 none could be read"),
            ([], "0 there was none"),
        ]
    ):
        assert f"Photos called cracked {said} " in head_of(tmp_path / str(number), photos)


def test_where_nothing_was_judged_the_head_does_not_say_that_none_is_cracked(tmp_path):
    dark = inspected(picture(tmp_path, "c.jpg", 3), "cannot judge", reason="too dark", probability=0.1)
    soft = inspected(picture(tmp_path, "d.jpg", 4), "cannot judge", reason="blurred", probability=0.9)
    lost = Unread(path="/d.jpg", error=Failure(kind="missing", message="is not there"))
    for number, (photos, said) in enumerate(
        [
            ([dark], "Nothing can be said of 1 photo: 1 cannot be judged."),
            ([dark, soft], "2 photos: 2 cannot be judged (1 looks like a crack all the same)."),
            ([dark, lost], "Nothing can be said of 2 photos: 1 cannot be judged and 1 is unreadable."),
            ([lost], "Nothing can be said of 1 photo: 1 is unreadable."),
        ]
    ):
        head = head_of(tmp_path / str(number), photos)
        assert said in head
        assert "none is called cracked" not in head


def test_photos_without_a_scale_are_told_with_what_to_do(tmp_path):
    bare = inspected(picture(tmp_path, "a.jpg", 1), zones=(zone(1, 62, 4),))
    metric = inspected(picture(tmp_path, "b.jpg", 2), zones=(zone(1, 62, 4, 0.1),))
    metric = msgspec.structs.replace(metric, scale=PhotoScale(mm_per_px=0.1, source="flag"))
    options = "--mm-per-px, --marker-mm, --distance-m or --scale."
    said = head_of(tmp_path / "bare", [bare])
    assert "No scale is known: lengths and widths are in pixels of the photo, and say nothing about millim" in said
    assert f"To have these, give the scale: {options}" in said
    said = head_of(tmp_path / "some", [bare, metric])
    assert "For 1 cracked photo no scale is known: lengths and widths there are in pixels of the photo" in said
    assert f"To have these, give the scale of those photos: {options}" in said


def test_how_many_cracks_were_left_out_is_said_in_numbers_that_agree(tmp_path):
    for many, said in ((1, "1 crack with a probability below 0.3 is left out, "), (2, "2 cracks with a probability")):
        photo = inspected(picture(tmp_path, "a.jpg", 1), zones=(zone(1, 62, 4),), left_out=many)
        reports.write_inspection(tmp_path, [photo], msgspec.structs.replace(facts(), least_probability=0.3))
        text = Page(tmp_path / "index.html").text
        assert said in text
        assert f"the numbers with {'it' if many == 1 else 'them'}; photos" in text


def test_where_no_photo_is_called_cracked_the_heatmap_can_be_switched_on_all_the_same(browser, tmp_path):
    photo = inspected(picture(tmp_path, "soft.jpg", 5), "cannot judge", reason="blurred: edges are 9 px wide")
    names = reports.picture_names([photo.path])
    pixels = images.read(photo.path).pixels
    heat = pixels[::4, ::4, 0].astype("float32") / 40 - 3
    reports.write_photo(pixels, photo.path, tmp_path / "out", names[photo.path], (heat, 4))
    reports.write_inspection(tmp_path / "out", [photo], facts())
    browser.open(tmp_path / "out" / "index.html")
    shown = "getComputedStyle(document.querySelector('#photo-1 .heat')).display"
    assert browser.run(shown) == "none"
    browser.click("#again input[data-layer=heat]")
    assert browser.run(shown) == "block"
    assert browser.run("document.querySelector('#viewer input[data-layer=heat]').checked") is True
