"""Cracks of a low probability left out by the reader of a report: all that is counted and shown follows."""

import json
from pathlib import Path

import msgspec
import pytest

from crackscope import reports
from crackscope.records import Estimate, Inspected, PhotoScale
from tests.small_inspection import facts, inspected, picture, zone

LEAST = 0.5
LEAD = "document.querySelector('.lead').innerText + document.getElementById('widest-said').innerText"
TILES = "Array.from(document.querySelectorAll('.tile')).map(one => one.innerText)"
CLASSES = "Array.from(document.querySelectorAll('.classes tbody tr')).map(one => one.innerText)"
BARS = "Array.from(document.querySelectorAll('.bar-of')).map(one => parseFloat(one.style.width))"
HEADINGS = "Array.from(document.querySelectorAll('#groups h3, #bare:not(.left-out) h3')).map(one => one.innerText)"
ORDER = "Array.from(document.querySelectorAll('#groups article, #bare article')).map(one => one.id)"
MEASURES = (
    "Array.from(document.querySelectorAll('#cracked .measures:not(.left-out) tbody tr'))"
    ".map(one => Array.from(one.cells).map(cell => cell.textContent.trim()).join('|'))"
)
SPOTS = "Array.from(document.querySelectorAll('.spot')).map(one => one.getAttribute('class') + ' ' + one.dataset.photo)"
LEGEND = (
    "Array.from(document.querySelectorAll('.legend li'))"
    ".filter(one => one.getClientRects().length).map(one => one.innerText)"
)
ALTS = "Array.from(document.querySelectorAll('#groups .fit > img, #bare .fit > img')).map(one => one.alt)"
ROWS = "Array.from(document.querySelectorAll('#findings tbody tr')).map(one => one.innerText).sort()"
NOTE = "document.getElementById('left-out').innerText"
LINK = "document.querySelector('[data-tile=widest] a').href.split('#')[1]"
LABELS = (
    "Array.from(document.querySelectorAll('.glance-tiles li'))"
    ".filter(one => one.getClientRects().length).map(one => one.querySelector('svg').getAttribute('aria-label'))"
)
FOLLOWING = (LEAD, TILES, CLASSES, BARS, HEADINGS, ORDER, MEASURES, SPOTS, LEGEND, ALTS, ROWS, LINK, LABELS)


def likely(number: int, probability: float, *about, **more):
    return msgspec.structs.replace(zone(number, *about, **more), probability=probability)


def found(folder: Path) -> list[Inspected]:
    """Two photos with a scale, of which that with the widest crack has it from a torn edge, two without one, whose
    order turns, one that keeps none of its cracks, and two sound ones, of which one has its zones."""
    folder.mkdir()
    scale = PhotoScale(mm_per_px=0.1, source="flag")
    many = tuple(likely(2 + n, LEAST + n / 50, 20 + 9 * n, 4 - n / 10, 0.1, length=60 + 2 * n) for n in range(10))
    vague = msgspec.structs.replace(
        likely(1, 0.8, 30, 10, 0.1, length=40), width_max_mm=Estimate(value=1.0, low=0.2, high=2.0)
    )
    long = msgspec.structs.replace(likely(2, 0.93, 62, 9, 0.1, length=120), length_mm=1300.0)
    kept = (likely(1, 0.3, 62, 14, 0.1), likely(2, 0.8, 90, 3, 0.1))
    return [
        inspected(picture(folder, "torn.jpg", 1), zones=(likely(1, 0.2, 62, 12, 0.1), *many), scale=scale),
        inspected(picture(folder, "sure.jpg", 2), zones=(vague, long), scale=scale),
        inspected(picture(folder, "bare.jpg", 3), zones=(likely(1, 0.7, 62, 6), likely(2, 0.3, 90, 3))),
        inspected(picture(folder, "joint.jpg", 4), zones=(likely(1, 0.1, 62, 17),)),
        inspected(picture(folder, "calm.jpg", 5), "sound"),
        inspected(picture(folder, "twin.jpg", 6), zones=(likely(1, 0.7, 62, 6, length=150),)),
        inspected(picture(folder, "kept.jpg", 7), "sound", zones=kept, scale=scale),
    ]


def without(photo: Inspected) -> Inspected:
    return msgspec.structs.replace(photo, zones=tuple(one for one in photo.zones if one.probability >= LEAST))


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The report of all cracks, and one that was written without those that are left out."""
    folder = tmp_path_factory.mktemp("shown")
    photos = found(folder / "photos")
    reports.write_inspection(folder / "all", photos, facts())
    reports.write_inspection(
        folder / "sure", [without(photo) for photo in photos], msgspec.structs.replace(facts(), least_probability=LEAST)
    )
    return folder / "all" / "index.html", folder / "sure" / "index.html"


def leave_out(browser, least, element="least"):
    browser.run(
        f"(() => {{ const e = document.getElementById('{element}'); e.value = {json.dumps(least)};"
        " e.dispatchEvent(new Event('input')); })()"
    )
    settle(browser)


def settle(browser):
    browser.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def seen(browser):
    return [browser.run(one) for one in FOLLOWING]


def test_what_is_counted_is_as_if_the_report_had_been_written_without_them(browser, pages):
    whole, sure = pages
    browser.open(sure)
    wanted = seen(browser)
    browser.open(whole)
    before = seen(browser)
    assert browser.run(NOTE) == ""
    leave_out(browser, LEAST)
    told = seen(browser)
    for one, other in zip(told, wanted, strict=True):
        assert one == other
    # The widest crack of the tile is a likely one before, too.
    assert [one for one, old, new in zip(FOLLOWING, before, told, strict=True) if old == new] == [LINK]
    assert browser.run(NOTE).startswith("4 cracks of 19 are left out here, with a probability below 0.5.")
    browser.click("#least-none")
    settle(browser)
    assert seen(browser) == before
    assert browser.run(NOTE) == ""
    assert browser.said == []


@pytest.mark.parametrize("widths", [(6.86, 4.12, 6.2, 5.77), (6.86, 4.12, 7.5, 3.0), (6.86, 4.12, 3.0, 2.0)])
def test_what_is_said_of_the_widest_likely_crack_and_of_a_wider_one_follows(browser, tmp_path, widths):
    value, low, other, other_low = widths
    zones = (
        msgspec.structs.replace(likely(1, 0.3, 62, 14), width_max_px=Estimate(value=14.0, low=12.0, high=16.0)),
        msgspec.structs.replace(likely(2, 0.93, 30, 6), width_max_px=Estimate(value=value, low=low, high=9.6)),
        msgspec.structs.replace(likely(3, 0.53, 90, 6), width_max_px=Estimate(value=other, low=other_low, high=9.0)),
    )
    whole = inspected(picture(tmp_path, "wall.jpg", 1), zones=zones)
    pages = {}
    for name, photo in (("whole", whole), ("sure", without(whole))):
        reports.write_inspection(tmp_path / name, [photo], facts())
        pages[name] = tmp_path / name / "index.html"
    browser.open(pages["sure"])
    wanted = [browser.run(one) for one in (LEAD, TILES)]
    browser.open(pages["whole"])
    leave_out(browser, LEAST)
    assert [browser.run(one) for one in (LEAD, TILES)] == wanted
    assert "0.8 or more" in str(wanted)
    assert ("may be wider" in str(wanted)) == (other > value or other_low > low)


def test_marks_of_what_is_left_out_are_not_drawn(browser, pages):
    browser.open(pages[0])
    drawn = (
        "Array.from(document.querySelectorAll('#photo-1 .frame [data-zone], .glance-tiles [data-photo=\"1\"] path'))"
        ".filter(one => getComputedStyle(one).display !== 'none').map(one => one.dataset.zone)"
    )
    assert "1" in browser.run(drawn)
    leave_out(browser, LEAST)
    assert set(browser.run(drawn)) == {str(number) for number in range(2, 12)}
    assert browser.run("document.querySelector('#photo-1 .beyond').textContent") == "2 more cracks in the table."
    assert "1 crack is left out, by its probability." in browser.run("document.querySelector('#photo-4').textContent")
    tile = "getComputedStyle(document.querySelector('.glance-tiles [data-photo=\"4\"]')).display"
    assert browser.run(tile) == "none"
    browser.click("#photo-3 a.frame")
    browser.wait("document.getElementById('viewer').open")
    listed = "Array.from(document.querySelectorAll('#viewer-zones li')).map(one => one.innerText)"
    assert [text.split()[:3] for text in browser.run(listed)] == [["1", "6.0", "px"]]
    assert "crack probability 0.70" in browser.run(listed)[0]
    hidden = "getComputedStyle(document.querySelector('#viewer-sheet g[data-zone=\"2\"]')).display"
    assert browser.run(hidden) == "none"


def test_a_photo_that_keeps_no_crack_stays_cracked(browser, pages):
    browser.open(pages[0])
    leave_out(browser, LEAST)
    leave_out(browser, "crack", "show")
    assert [row for row in browser.run(ROWS) if "joint.jpg" in row and "left out, by their probability" in row]
    leave_out(browser, 1)
    assert browser.run(LEAD) == "Of 7 photos 5 are called cracked and 2 look sound."
    assert browser.run(HEADINGS) == ["Called cracked, but no crack is shown 5 photos"]
    assert browser.run(BARS) == [0.0] * len(browser.run(BARS))
    # No link without words is left for the keyboard to come to.
    assert browser.run("document.querySelector('[data-tile=widest] a').getClientRects().length") == 0
    leave_out(browser, 0)
    assert browser.run("document.querySelector('[data-tile=widest] a').innerText") == "sure.jpg"


AGAIN = "document.querySelector('#again').textContent.split(/\\n+/)"
LOOK = f"{TILES}[3].split(/\\n+/).slice(1)"


def test_photos_that_lose_all_of_their_cracks_are_to_be_looked_at_again(browser, pages):
    browser.open(pages[0])
    seen_at = "document.querySelectorAll('{}')[0].getClientRects().length"
    places = [seen_at.format(one) for one in ("#again", 'nav a[href="#again"]', "[data-tile=again] a")]
    assert [browser.run(one) for one in places] == [0, 0, 0]
    assert browser.run(LOOK) == ["0", "nothing"]
    leave_out(browser, LEAST)
    assert all(browser.run(one) for one in places)
    assert browser.run(LOOK) == ["1", "1 called cracked with no crack shown", "which"]
    said = browser.run(AGAIN)[1:]
    assert said[:2] == ["To look at again", "Called cracked, but no crack is shown 1 photo"]
    assert "joint.jpg" in said
    assert "1 crack is left out, by its probability." in said
    assert "joint.jpg" not in browser.run("document.getElementById('cracked').innerText")
    leave_out(browser, 1)
    assert browser.run(LOOK)[:2] == ["5", "5 called cracked with no crack shown"]
    assert "Nothing is shown: no crack of these photos has a probability of 1 or more." in browser.run(
        "document.getElementById('cracked').innerText"
    )
    browser.click("#least-none")
    settle(browser)
    assert [browser.run(one) for one in places] == [0, 0, 0]
    assert browser.run(LOOK) == ["0", "nothing"]


def test_the_slider_begins_where_the_report_was_written(browser, pages):
    browser.open(pages[1])
    slider, box = (f"document.getElementById('{one}')" for one in ("least", "least-typed"))
    assert browser.run(f"[{slider}.value, {slider}.min, {box}.value]") == ["0.5", "0.5", "0.5"]
    assert "It begins at 0.5: cracks of a lower probability were left out" in browser.run(
        "document.querySelector('.slider').innerText"
    )
    before = seen(browser)
    assert browser.run(NOTE) == ""
    leave_out(browser, "0.2", "least-typed")
    assert browser.run(f"{box}.value") == "0.5"
    assert browser.run(NOTE) == ""
    assert seen(browser) == before
    leave_out(browser, 0.85)
    assert browser.run(NOTE).startswith("14 cracks of 15 are left out here, with a probability below 0.85.")
    browser.click("#least-none")
    settle(browser)
    assert browser.run(f"[{slider}.value, {box}.value]") == ["0.5", "0.5"]
    assert seen(browser) == before


def test_probabilities_are_read_as_the_page_has_them(browser, pages):
    """None below one half is told as 0.50, and none below 1 as 1.00."""
    from crackscope.reports.inspection_marks import chance_text, whole_chance

    browser.open(pages[0])
    known = [0, 0.004, 0.005, 0.125, 0.145, 0.4949, 0.497, 0.49999, 0.5, 0.505, 0.9, 0.994, 0.995, 0.99999, 1]
    told = [chance_text(one) for one in known]
    sent = [whole_chance(one) / 10_000 for one in known]
    assert browser.run(f"{json.dumps(sent)}.map(words.chance)") == told
    assert told[5:9] == ["0.49", "0.49", "0.49", "0.50"]
    assert told[-4:] == ["0.99", "0.99", "0.99", "1.00"]


def test_the_figures_are_of_the_cracks_that_are_shown_and_of_their_photos(browser, pages):
    browser.open(pages[0])
    counted = "document.getElementById('counted').textContent"
    figures = f"{TILES}.slice(0, 2).map(one => one.split(/\\n+/).slice(1))"
    assert browser.run(counted) == "19 of 19 cracks"
    assert browser.run(figures) == [
        ["5", "71.4 % of 7 photos read"],
        ["17", "1.38 m and 450 px long", "3.4 a photo that shows one, 3 less likely than not"],
    ]
    leave_out(browser, LEAST)
    assert browser.run(counted) == "15 of 19 cracks"
    assert browser.run(figures) == [
        ["5", "71.4 % of 7 photos read"],
        ["14", "1.37 m and 250 px long", "3.5 a photo that shows one"],
    ]
    leave_out(browser, "all", "show")
    assert browser.run(counted) == "15 of 19 cracks and 2 photos with no crack shown"
    leave_out(browser, 1)
    assert browser.run(counted) == "7 photos with no crack shown"
    assert browser.run(figures) == [
        ["5", "71.4 % of 7 photos read"],
        ["0", "nothing of that probability"],
    ]
    leave_out(browser, "zones", "show")
    assert browser.run(counted) == "0 of 19 cracks"


def test_on_the_map_photos_that_keep_no_crack_lie_below_and_are_named(browser, pages):
    browser.open(pages[0])
    assert "cracked, none shown" not in browser.run(LEGEND)
    before = browser.run(SPOTS)
    leave_out(browser, LEAST)
    assert browser.run(SPOTS)[0] == "spot unmeasured 4"
    assert "cracked, none shown" in browser.run(LEGEND)
    ink = "getComputedStyle(document.querySelector('.spot.unmeasured circle')).fill"
    assert browser.run(ink) == browser.run("getComputedStyle(document.querySelector('.legend .unmeasured')).fill")
    assert browser.run(ink) == "rgb(236, 233, 227)"
    leave_out(browser, 1)
    assert browser.run(LEGEND) == ["cracked, none shown", "sound"]
    leave_out(browser, 0)
    assert browser.run(SPOTS) == before


def test_where_no_crack_is_shown_at_a_glance_words_stand_instead_of_an_empty_legend(browser, pages):
    browser.open(pages[0])
    said = "document.getElementById('glance').innerText"
    legend = "document.querySelector('#glance .legend').getClientRects().length"
    before = browser.run(said)
    assert "Each frame is a photo" in before
    leave_out(browser, 1)
    assert browser.run(said).split("\n", 1)[1].strip() == (
        "Nothing is shown: no crack of these photos has a probability of 1 or more."
    )
    assert browser.run(legend) == 0
    leave_out(browser, LEAST)
    assert "Each frame is a photo" in browser.run(said)
    assert browser.run(legend) == 1
    leave_out(browser, 1)
    leave_out(browser, 0)
    assert browser.run(said) == before
    assert browser.run(legend) == 1


def test_the_units_of_a_legend_go_where_cracks_of_one_alone_are_shown(browser, pages):
    browser.open(pages[0])
    units = "Array.from(document.querySelectorAll('#glance .legend .unit')).filter(one => one.getClientRects().length)"
    said = f"{units}.map(one => one.innerText)"
    assert browser.run(said) == ["in mm", "in px, no scale known there"]
    leave_out(browser, 0.85)
    assert browser.run(said) == []
    leave_out(browser, 0)
    assert len(browser.run(said)) == 2


def test_keys_alone_and_typed_numbers_choose(browser, pages):
    browser.open(pages[0])
    browser.run("document.getElementById('least').focus()")
    browser.key("ArrowRight")
    assert browser.run("document.getElementById('least-typed').value") == "0.01"
    leave_out(browser, "0.25", "least-typed")
    assert browser.run("document.getElementById('least').value") == "0.25"
    assert browser.run(NOTE).startswith("2 cracks of 19")
    leave_out(browser, "0.15", "least-typed")
    assert browser.run(NOTE).startswith("1 crack of 19 is left out here")
    browser.run("document.getElementById('least-typed').focus()")
    browser.key("Enter")
    settle(browser)
    assert browser.run("location.search") == ""
    assert browser.run(NOTE).startswith("1 crack of 19 is left out here")


@pytest.mark.parametrize(
    ("words", "stands", "left", "number"),
    [
        ("5", "1", "1", 19),
        ("-1", "0", "0", 0),
        ("0,5", "0,5", "0.5", 4),
        ("", "", "0", 0),
        ("0.895", "0.895", "0.895", 18),
        (".", ".", "0", 0),
        ("0.250", "0.250", "0.25", 2),
        ("a half", "a half", "0.15", 1),
    ],
)
def test_what_is_in_the_box_is_what_is_in_force(browser, pages, words, stands, left, number):
    browser.open(pages[0])
    leave_out(browser, "0.15", "least-typed")
    box = "document.getElementById('least-typed')"
    leave_out(browser, words, "least-typed")
    told = f"{number} crack{'s' * (number > 1)} of 19" if number else ""
    assert browser.run(NOTE)[: len(told) or None] == told
    assert browser.run(f"{box}.value") == stands
    assert browser.run(f"{box}.getAttribute('aria-invalid')") == ("true" if words == "a half" else None)
    browser.run(f"{box}.dispatchEvent(new Event('change'))")
    settle(browser)
    assert browser.run(f"{box}.value") == left
    assert browser.run(f"{box}.hasAttribute('aria-invalid')") is False
    assert browser.run(NOTE)[: len(told) or None] == told
    assert browser.run("document.getElementById('least').getAttribute('aria-valuetext')") == left
    assert browser.run(f"{box}.checkValidity()") is True


def test_on_paper_stands_what_was_left_out(browser, pages):
    browser.open(pages[0], 420, 900, phone=True)
    assert browser.run("document.querySelector('div.slider').scrollWidth <= 420") is True
    leave_out(browser, LEAST)
    browser._call("Emulation.setEmulatedMedia", media="print")
    shown = "getComputedStyle(document.querySelector('{}')).display"
    assert browser.run(shown.format("div.slider")) == "none"
    assert browser.run(shown.format("#left-out")) != "none"
    heights = (
        "Array.from(document.querySelectorAll('#findings tr, .classes tr, .measures:not(.left-out) tr'))"
        ".map(one => one.getBoundingClientRect().height)"
    )
    assert len(browser.run(heights)) > 30
    assert min(browser.run(heights)) > 0
    browser._call("Emulation.setDeviceMetricsOverride", width=700, height=990, deviceScaleFactor=1, mobile=False)
    assert browser.run("document.documentElement.scrollWidth") == 700
    # Chromium paints no button in headings that it repeats, only their words.
    buttons = "Array.from(document.querySelectorAll('#findings thead button'))"
    assert browser.run(f"{buttons}.map(one => getComputedStyle(one).display)") == ["contents"] * 8
    edges = "['#findings', '#table .card'].map(one => document.querySelector(one).getBoundingClientRect().right)"
    table, card = browser.run(edges)
    assert table <= card
    browser._call("Emulation.setEmulatedMedia", media="")


def test_what_copies_add_follows_too(browser, tmp_path):
    photos = found(tmp_path / "photos")
    copies = {photos[2].path: photos[0].path, photos[4].path: photos[3].path}
    reports.write_inspection(tmp_path / "out", photos, msgspec.structs.replace(facts(), copies=copies))
    browser.open(tmp_path / "out" / "index.html")
    told = "document.querySelector('.copies summary').innerText"
    said = (
        "2 of 7 photos are copies of others, byte for byte, and counted like any other. Without them: 4 photos called "
    )
    assert browser.run(told) == f"{said}cracked, 15 cracks, 1.38 m and 250 px long."
    leave_out(browser, LEAST)
    assert browser.run(told) == f"{said}cracked, 13 cracks, 1.37 m and 150 px long."
    leave_out(browser, 0)
    assert browser.run(told) == f"{said}cracked, 15 cracks, 1.38 m and 250 px long."


def test_thousands_of_cracks_follow_once_the_hand_rests(browser, tmp_path):
    zones = tuple(likely(1 + n, 0.2 if n % 2 else 0.9, 20 + n % 200, 3) for n in range(2100))
    reports.write_inspection(tmp_path / "out", [inspected(picture(tmp_path, "many.jpg", 1), zones=zones)], facts())
    browser.open(tmp_path / "out" / "index.html")
    leave_out(browser, 0.4)
    leave_out(browser, LEAST)
    browser.wait("document.getElementById('left-out').innerText.startsWith('1,050 cracks of 2,100 are left out')")
    assert browser.run("document.querySelector('[data-tile=cracks] .value').innerText") == "1,050"
    assert browser.said == []


def test_what_is_left_out_is_said_where_screen_readers_listen(browser, pages):
    """In a region that is there before anything is said in it."""
    browser.open(pages[0])
    shown = "getComputedStyle(document.querySelector('[role=status]')).display"
    assert browser.run(shown) != "none"
    leave_out(browser, LEAST)
    assert "left out here" in browser.run("document.querySelector('[role=status]').innerText")
    inputs = "Array.from(document.querySelectorAll('.slider input'))"
    names = browser.run(f"{inputs}.map(one => one.ariaLabel || one.labels[0].innerText)")
    assert len(names) == 2
    assert all(name.startswith("Leave out cracks with a probability below") for name in names)


def test_a_report_without_cracks_has_nothing_to_leave_out(browser, tmp_path):
    calm = [inspected(picture(tmp_path, "calm.jpg", 1), "sound")]
    reports.write_inspection(tmp_path / "out", calm, facts())
    browser.said.clear()
    browser.open(tmp_path / "out" / "index.html")
    assert browser.run("document.getElementById('least')") is None
    assert browser.said == []


def test_the_legend_of_the_map_has_what_is_on_the_map(browser, tmp_path):
    """The widest crack of all is in a photo without a place; leaving a crack out makes a thinner one the widest."""
    scale = PhotoScale(mm_per_px=0.1, source="flag")
    placed = inspected(
        picture(tmp_path, "placed.jpg", 1),
        zones=(likely(1, 0.4, 62, 4.5, 0.1), likely(2, 0.3, 90, 2.5, 0.1), likely(3, 0.2, 120, 1.5, 0.1)),
        scale=scale,
    )
    nowhere = inspected(picture(tmp_path, "nowhere.jpg", 2, placed=False), zones=(likely(1, 0.9, 62, 17),))
    calm = inspected(picture(tmp_path, "calm.jpg", 3), "sound")
    reports.write_inspection(tmp_path / "out", [placed, nowhere, calm], facts())
    browser.open(tmp_path / "out" / "index.html")
    drawn = LEGEND.replace(".legend", ".where .legend")
    assert browser.run(drawn) == ["0.3 to 0.5 mm", "sound"]
    assert browser.run(LEGEND.replace(".legend", "#glance .legend"))[-2:] == [
        "in px, no scale known there",
        "over 16 px",
    ]
    leave_out(browser, 0.5)
    assert browser.run(drawn) == ["cracked, none shown", "sound"]
    leave_out(browser, 0)
    assert browser.run(drawn) == ["0.3 to 0.5 mm", "sound"]


@pytest.mark.parametrize(("width", "phone"), [(1400, False), (390, True)])
def test_a_crack_at_a_glance_shows_its_colour_and_not_that_of_its_border_alone(browser, tmp_path, width, phone):
    shapes = ((448, 448), (400, 300), (300, 400))
    photos = [
        msgspec.structs.replace(
            inspected(picture(tmp_path, f"{at}.jpg", at), zones=(zone(1, 62, 3),)), width=across, height=up
        )
        for at, (across, up) in enumerate(shapes)
    ]
    reports.write_inspection(tmp_path / "out", photos, facts())
    browser.open(tmp_path / "out" / "index.html", width, 844, phone=phone)
    drawn = "Array.from(document.querySelectorAll('.glance-tiles path')).map(one => [one.classList.contains('case'), "
    spans = browser.run(f"{drawn}one.getScreenCTM().a * parseFloat(getComputedStyle(one).strokeWidth)])")
    borders, colours = ([wide for case, wide in spans if case is which] for which in (True, False))
    assert len(colours) == len(shapes)
    assert min(colours) >= 2
    assert all(border - colour >= 0.9 for border, colour in zip(borders, colours, strict=True))
