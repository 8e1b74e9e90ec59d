"""The page of an inspection in Debian's chromium, from disk, without a network."""

import json
import re

import msgspec
import numpy as np
import pytest

from crackscope import images, reports
from tests.small_inspection import facts, inspected, photos, picture, zone

ZOOM = "parseInt(document.getElementById('viewer-zoom').textContent)"
OPEN = "document.getElementById('viewer').open"
FULL = (
    "document.querySelector('#viewer-sheet img').complete && document.querySelector('#viewer-sheet img').naturalWidth"
)
ROWS = "document.querySelectorAll('#findings tbody tr').length"


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    found = photos(tmp_path_factory.mktemp("photos"))
    target = tmp_path_factory.mktemp("a stick #1")
    names = reports.picture_names([photo.path for photo in found])
    pixels = images.read(found[1].path).pixels
    heat = pixels[::4, ::4, 0].astype("float32") / 40 - 3
    reports.write_photo(pixels, found[1].path, target, names[found[1].path], (heat, 4))
    reports.write_inspection(target, found, facts())
    return target / "index.html"


@pytest.fixture
def page(browser, index):
    browser.said.clear()
    browser.asked.clear()
    browser.open(index)
    yield browser
    assert browser.said == []
    assert [url for url in browser.asked if not url.startswith(("file:", "data:"))] == []


OVERLAPS = """Array.from(document.querySelectorAll('article .fit')).flatMap(fit => {
  const tags = Array.from(fit.querySelectorAll('.tag'), tag => tag.getBoundingClientRect());
  const edge = fit.getBoundingClientRect(), told = [];
  tags.forEach((a, at) => {
    if (a.left < edge.left || a.right > edge.right || a.top < edge.top || a.bottom > edge.bottom) told.push('outside');
    for (const b of tags.slice(at + 1)) {
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      if (across > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1) told.push('overlap');
    }
  });
  return told;
})"""


@pytest.mark.parametrize(("width", "phone"), [(1400, False), (420, True), (360, True)])
def test_numbers_on_a_card_stand_apart_and_inside(browser, tmp_path, width, phone):
    corner = tuple(zone(1 + n, 4 + 5 * n, 2, x=2, length=12) for n in range(4))
    crowd = tuple(zone(5 + n, 60 + 4 * (n // 2), 2, x=80 + 90 * (n % 2), length=60) for n in range(8))
    found = inspected(picture(tmp_path, "wall.jpg", 1), zones=corner + crowd)
    reports.write_inspection(tmp_path / "out", [found], facts())
    browser.open(tmp_path / "out" / "index.html", width, 900, phone=phone)
    assert browser.run("document.querySelectorAll('article .fit .tag').length") == 12
    assert browser.run(OVERLAPS) == []


STILL = """new Promise(done => {
  let last = "", same = 0;
  const look = () => {
    const now = [scrollY, document.documentElement.scrollHeight].join();
    same = now === last ? same + 1 : 0;
    last = now;
    if (same > 20) done(true); else requestAnimationFrame(look);
  };
  look();
})"""


@pytest.mark.parametrize(("width", "phone"), [(1400, False), (390, True), (360, True), (320, True)])
def test_a_link_at_the_top_ends_at_the_head_of_its_section(browser, tmp_path, width, phone):
    found = [inspected(picture(tmp_path, f"wall_{n}.jpg", n), zones=(zone(1, 62, 4),)) for n in range(1, 13)]
    found += [inspected(picture(tmp_path, f"blurred_{n}.jpg", n), "cannot judge", reason="blurred") for n in (20, 21)]
    found += [inspected(picture(tmp_path, f"sound_{n}.jpg", n), "sound") for n in range(30, 34)]
    name = reports.picture_names([photo.path for photo in found])[found[0].path]
    heat = np.zeros((30, 40), np.float32), 4  # without one there is a switch less above the photos
    reports.write_photo(images.read(found[0].path).pixels, found[0].path, tmp_path / "out", name, heat)
    reports.write_inspection(tmp_path / "out", found, facts())
    for section in ("cracked", "table", "again", "sound", "how"):
        browser.open(tmp_path / "out" / "index.html", width, 844, phone=phone)
        browser.click(f'nav a[href="#{section}"]')
        browser.run(STILL)
        top = browser.run(f"document.querySelector('#{section} h2').getBoundingClientRect().top")
        assert abs(top) <= 1, section
    browser.open(tmp_path / "out" / "index.html", width, 844, phone=phone)
    browser.click(".glance-tiles li:nth-child(9) a")
    browser.run(STILL)
    chosen = browser.run("document.querySelector(':target').getBoundingClientRect().top")
    covered = browser.run("document.querySelector('#cracked > .layers').getBoundingClientRect().bottom")
    assert covered <= chosen <= covered + 40


def test_it_opens_from_disk_and_shows_its_pictures(page):
    page.run("document.querySelectorAll('img').forEach(one => { one.loading = 'eager'; })")
    page.wait("Array.from(document.querySelectorAll('img')).every(one => one.complete)")
    widths = page.run("Array.from(document.querySelectorAll('img')).map(one => one.naturalWidth)")
    assert len(widths) == 6
    assert min(widths) > 0
    assert page.run("document.querySelectorAll('[onerror], [src=x]').length") == 0


def test_marks_are_switched_on_and_off(page):
    def shown(selector):
        return page.run(f"getComputedStyle(document.querySelector({json.dumps(selector)})).display") != "none"

    layers = {"outline": ".marks .outline", "centre": ".marks .centre", "number": ".fit .tag", "heat": ".fit .heat"}
    layers["widest"] = ".marks .widest"
    for layer, selector in layers.items():
        before = shown(selector)
        assert before == (layer not in ("heat", "widest"))
        page.click(f"#cracked input[data-layer={layer}]")
        assert shown(selector) != before
        page.click(f"#cracked input[data-layer={layer}]")
        assert shown(selector) == before
    stroke = "getComputedStyle(document.querySelector('.marks .outline:not(.case)')).stroke"
    coloured = page.run(stroke)
    page.click("#cracked input[data-layer=colour]")
    assert page.run(stroke) != coloured
    assert page.run("document.querySelector('#viewer input[data-layer=colour]').checked") is False


def test_a_crack_that_is_looked_at_shows_where_it_is_widest(page):
    page.run("document.querySelector('a.frame').click()")
    shown = "Array.from(document.querySelectorAll('#viewer-sheet .widest.core'), one => getComputedStyle(one).display)"
    assert set(page.run(shown)) == {"none"}
    page.run("document.querySelector('#viewer-zones button').click()")
    assert page.run(shown).count("inline") == 1
    (x, y), (left, top, width, height) = page.run(
        "(() => { const box = document.querySelector('#viewer-sheet .chosen .widest').getBoundingClientRect();"
        " const crack = document.querySelector('#viewer-sheet .chosen .centre').getBoundingClientRect();"
        " return [[box.left + box.width / 2, box.top + box.height / 2],"
        " [crack.left, crack.top, crack.width, crack.height]]; })()"
    )
    assert left + width / 4 == pytest.approx(x, abs=2)
    assert top + height / 2 == pytest.approx(y, abs=2)


def test_marks_lie_over_the_crack_of_the_picture(page):
    page.run("document.querySelector('.photo').scrollIntoView()")
    page.wait("document.querySelector('.photo img').complete")
    picture, mark = page.run(
        "['.photo img', '.photo .zone'].map(one => { const b = document.querySelector(one).getBoundingClientRect();"
        " return [b.left, b.top, b.width, b.height]; })"
    )
    left, top = (mark[0] - picture[0]) / picture[2] * 240, (mark[1] - picture[1]) / picture[3] * 160
    assert (left, top) == pytest.approx((40.5, 56.5), abs=1.5)
    assert mark[2] / picture[2] * 240 == pytest.approx(100, abs=2)


def test_the_table_sorts(page):
    def column(place):
        return page.run(
            f"Array.from(document.querySelectorAll('#findings tbody tr')).map(r => r.cells[{place}].innerText)"
        )

    def widths():
        return [float(re.match(r"[\d.]+", text).group()) for text in column(3)]

    assert page.run(ROWS) == 4
    assert widths() == [1.2, 0.4, 0.25, 3.0]
    assert page.run("document.querySelector('[aria-sort]').dataset.key") == "width"
    page.click("#findings [data-key=width] button")
    assert widths() == [3.0, 0.25, 0.4, 1.2]
    assert page.run("document.querySelector('[data-key=width]').getAttribute('aria-sort')") == "ascending"
    page.click("#findings [data-key=photo] button")
    names = column(0)
    assert names[-2:] == ["IMG_0001.jpg"] * 2
    page.run("document.querySelector('#findings [data-key=length] button').focus()")
    page.key("Enter")
    assert page.run("document.querySelectorAll('[aria-sort]').length") == 1
    assert page.run("document.querySelector('[aria-sort]').dataset.key") == "length"


def test_the_table_filters(page):
    def choose(element, value):
        page.run(
            f"(() => {{ const e = document.getElementById('{element}'); e.value = {json.dumps(value)};"
            " e.dispatchEvent(new Event('input')); })()"
        )

    choose("show", "cannot judge")
    assert page.run("document.querySelector('#findings tbody tr').lastElementChild.innerText") == "–"
    counts = {"all": 8, "crack": 4, "sound": 1, "cannot judge": 1, "unreadable": 2, "zones": 4}
    for value, count in counts.items():
        choose("show", value)
        assert page.run(ROWS) == count, value
    choose("find", "img_0001")
    assert page.run(ROWS) == 2
    choose("wider", "0.3")
    assert page.run(ROWS) == 1
    assert page.run("document.getElementById('counted').textContent") == "1 of 4 cracks"
    choose("wider", "")
    choose("find", "")
    assert page.run("document.getElementById('class').options.length") == 5
    choose("class", "px-1")
    assert page.run(ROWS) == 1
    choose("class", "")
    choose("find", "<img src=x")
    assert page.run(ROWS) == 1


def test_a_photo_opens_and_zooms_by_button_wheel_and_key(page):
    page.click("#photo-2 a.frame")
    page.wait(f"{OPEN} && {FULL}")
    assert page.run(FULL) == 240
    fitted = page.run(ZOOM)
    page.click("#viewer-in")
    assert page.run(ZOOM) == round(fitted * 1.25)
    page.key("0")
    assert page.run(ZOOM) == fitted
    x, y = page.middle("#viewer-stage")
    for _ in range(12):
        page.wheel(x, y, -300)
    page.wait(f"{ZOOM} === 800")
    page.key("1")
    assert page.run(ZOOM) == 100
    page.key("-")
    assert page.run(ZOOM) == 100
    page.key("Escape")
    assert page.run(OPEN) is False
    assert page.run("document.activeElement.dataset.number") == "2"


def test_the_wheel_keeps_the_place_under_the_pointer(page):
    page.click("#photo-2 a.frame")
    page.wait(FULL)
    edges = (
        "(() => { const b = document.querySelector('#viewer-sheet').getBoundingClientRect();"
        " return [b.left, b.top, b.width, b.height]; })()"
    )
    page.run("document.getElementById('viewer-full').click()")
    for _ in range(6):
        page.click("#viewer-in")
    left, top, width, height = page.run(edges)
    x, y = 400.0, 300.0
    before = (x - left) / width, (y - top) / height
    page.wheel(x, y, -400)
    page.wait(f"{ZOOM} > 500")
    left, top, width, height = page.run(edges)
    assert ((x - left) / width, (y - top) / height) == pytest.approx(before, abs=0.01)


def test_keys_alone_lead_from_photo_to_photo(page):
    page.run("document.querySelector('#photo-3 a.frame').focus()")
    page.key("Enter")
    page.wait(OPEN)
    assert page.run("document.getElementById('viewer-before').disabled") is True
    page.key("n")
    assert page.run("document.getElementById('viewer-name').textContent") == "IMG_0001.jpg: crack"
    page.key("ArrowRight")
    page.key("p")
    assert page.run("document.getElementById('viewer-name').textContent") == "IMG_0001.jpg: crack"
    assert page.run("document.querySelectorAll('#viewer-zones li').length") == 2
    page.run("document.querySelectorAll('#viewer-zones button')[1].focus()")
    page.key("Enter")
    assert page.run("document.querySelector('#viewer-sheet .chosen').dataset.zone") == "2"
    page.key("ArrowRight")
    assert page.run("document.getElementById('viewer-name').textContent") == "IMG_0001.jpg: crack"


def test_the_table_leads_to_the_crack(page):
    page.click("#findings a[data-photo='2'][data-zone='2']")
    page.wait(OPEN)
    assert page.run("document.querySelector('#viewer-sheet .chosen').dataset.zone") == "2"
    x, y = page.run(
        "(() => { const z = document.querySelector('#viewer-sheet .chosen').getBoundingClientRect();"
        " const s = document.getElementById('viewer-stage').getBoundingClientRect();"
        " return [(z.left + z.width / 2 - s.left) / s.width, (z.top + z.height / 2 - s.top) / s.height]; })()"
    )
    assert 0 < x < 1
    assert 0 < y < 1


def test_on_a_phone_nothing_sticks_out_and_fingers_zoom(browser, index):
    browser.open(index, 360, 740, phone=True)
    assert browser.run("document.documentElement.scrollWidth") == 360
    small = browser.run(
        "Array.from(document.querySelectorAll('#cracked label, #table button, #table select, #table input'))"
        ".filter(one => { const b = one.getBoundingClientRect(); return b.height && b.height < 24; }).length"
    )
    assert small == 0
    browser.run("document.querySelector('#photo-2 a.frame').click()")
    browser.wait(f"{OPEN} && {FULL}")
    assert browser.run("document.getElementById('viewer').scrollWidth") == 360
    fitted = browser.run(ZOOM)
    x, y = browser.middle("#viewer-stage")
    browser.pinch(x, y, 60, 180)
    browser.wait(f"{ZOOM} >= {2.5 * fitted}")
    assert browser.run(ZOOM) == pytest.approx(3 * fitted, rel=0.1)


def test_it_prints(page):
    page.wait("document.fonts.ready")
    # Nobody has scrolled to them, and printing waits for none.
    page.wait("Array.from(document.querySelectorAll('.fit > img:not(.heat)')).every(one => one.naturalWidth > 0)")
    document = page.pdf()
    assert document.startswith(b"%PDF")
    pages = len(re.findall(rb"/Type\s*/Page\b", document))
    assert 2 <= pages <= 8
    assert len(re.findall(rb"/Subtype\s*/Image", document)) >= 5
    page.wait(f"{ROWS} === 4")


def test_no_page_of_paper_has_the_footer_alone(browser, tmp_path):
    """Whatever the length of the last list: its last words stand where the page ends."""
    photo = inspected(picture(tmp_path, "a.jpg", 1), zones=(zone(1, 62, 4),))
    pages, others = [], []
    for many in range(34, 46, 2):
        limits = tuple(f"Limit {number} of what it can do." for number in range(many))
        reports.write_inspection(tmp_path / "out", [photo], msgspec.structs.replace(facts(), known_limits=limits))
        browser.open(tmp_path / "out" / "index.html")
        pages.append(browser.pdf().count(b"/Type /Page\n"))
        browser.run("document.querySelector('footer').remove()")
        others.append(browser.pdf().count(b"/Type /Page\n"))
    assert pages == others
    assert len(set(pages)) > 1


def test_text_is_read_in_the_dark_too(browser, index):
    grounds = []
    for dark in (False, True):
        browser.open(index, dark=dark)
        grounds.append(browser.run("getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(251, 250, 248)", "rgb(20, 23, 26)"]


def test_a_hostile_title_stays_the_title(page):
    assert "<img src=x" in page.run("document.title")
    assert page.run("document.querySelector('h1').textContent").startswith("<img src=x")
