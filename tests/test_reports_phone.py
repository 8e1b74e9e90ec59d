"""Every page on a phone, in Debian's chromium: no table is cut, none wants to be pushed sideways."""

import pytest

from crackscope import reports
from tests.small_inspection import facts, inspected, picture, zone
from tests.small_pages import BROKEN_WORDS, comparison, evaluation, explanation, inspection, matrix

CUT = """Array.from(document.querySelectorAll('table')).filter(table => table.getClientRects().length).filter(table => {
  const card = table.closest('.scroll') || table.parentElement;
  return card.scrollWidth > card.clientWidth || table.getBoundingClientRect().right > innerWidth;
}).map(table => table.textContent.trim().slice(0, 60))"""


BROKEN_ENDS = """Array.from(document.querySelectorAll('#findings tbody bdi')).filter(name => {
  let last = name;
  while (last.lastChild) last = last.lastChild;
  const end = document.createRange();
  end.setStart(last, last.length - 6);
  end.setEnd(last, last.length);
  return new Set(Array.from(end.getClientRects()).map(box => Math.round(box.top))).size > 1;
}).map(name => name.textContent)"""


CARD_ENDS = BROKEN_ENDS.replace("#findings tbody bdi", "article h4 bdi")
LINES = """Array.from(document.querySelectorAll('article h4 bdi')).map(name => {
  const lines = [];
  let top = null;
  const walker = document.createTreeWalker(name, NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode(); text; text = walker.nextNode()) for (let at = 0; at < text.length; at++) {
    const letter = document.createRange();
    letter.setStart(text, at);
    letter.setEnd(text, at + 1);
    const now = Math.round(letter.getClientRects()[0].top);
    if (now !== top) lines.push("");
    top = now;
    lines[lines.length - 1] += text.data[at];
  }
  return lines;
})"""


def test_names_on_cards_break_behind_their_signs_and_keep_their_endings(browser, tmp_path):
    names = ["cracked_wall_canon350d_a.jpg", "Rissbilder_for_Florian_9S6A2865_415_206_2924_3039_and_more_4641.jpg"]
    found = [inspected(picture(tmp_path, name, 1), zones=(zone(1, 62, 4),)) for name in names]
    reports.write_inspection(tmp_path / "out", found, facts())
    for width in (360, 300, 260):
        browser.open(tmp_path / "out" / "index.html", width, 812, phone=True)
        assert browser.run(CARD_ENDS) == []
        told = browser.run(LINES)
        assert ["".join(lines) for lines in told] == names
        assert all(line[-1] in "_-." for lines in told for line in lines[:-1])
    assert max(len(lines) for lines in told) > 1
    browser.open(tmp_path / "out" / "index.html", 420, 812, phone=True)
    told = browser.run(LINES.replace("article h4", ".glance-tiles"))
    assert told[0] == ["cracked_wall…", "non350d_a.jpg"]


def test_the_name_of_an_explained_photo_breaks_behind_its_signs(browser, tmp_path):
    name = "Rissbilder_for_Florian_9S6A3099_86_2659_2827_2257.jpg"
    photo = inspected(picture(tmp_path, name, 1), "sound")
    about = reports.ExplanationFacts(photo=photo, original=name, activation=name)
    reports.write_explanation(tmp_path, about)
    for width in (420, 360, 320):
        browser.open(tmp_path / "index.html", width, 812, phone=True)
        (lines,) = browser.run(LINES.replace("article h4 bdi", "h1 bdi"))
        assert "".join(lines) == name
        assert len(lines) > 1
        assert all(line[-1] in "_-." for line in lines[:-1])


@pytest.mark.parametrize("width", [1400, 700, 400])
def test_no_name_in_the_table_is_broken_before_its_last_letters(browser, tmp_path, width):
    """Names of every length, one of which ends just beyond a line."""
    names = [f"wall{'0123456789' * 6}"[: 4 + more] + "_a.jpg" for more in range(0, 40, 2)]
    found = [inspected(picture(tmp_path, name, 1), zones=(zone(1, 62, 4),)) for name in names]
    reports.write_inspection(tmp_path / "out", found, facts())
    browser.open(tmp_path / "out" / "index.html", width=width)
    assert browser.run("document.querySelectorAll('#findings tbody bdi').length") == len(names)
    assert browser.run(BROKEN_ENDS) == []


HIDDEN = """Array.from(document.querySelectorAll('bdi, .path, h4')).filter(one => one.getClientRects().length)
  .filter(one => one.getBoundingClientRect().right > 375 || (getComputedStyle(one).display != 'inline'
    && (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1)))
  .map(one => `${one.className} ${one.textContent.slice(0, 40)}`)"""


@pytest.mark.parametrize("middle", ["W", "i", "north-abutment_level 2 "])
def test_long_names_of_photos_stay_inside_and_keep_their_ends(browser, tmp_path, middle):
    found = []
    for number, verdict in enumerate(("crack", "sound", "cannot judge", "sound"), 1):
        path = picture(tmp_path, f"{(middle * 120)[:114]}_{number}.jpg", number)
        zones = (zone(1, 62, 4),) if verdict == "crack" else ()
        found.append(inspected(path, verdict, zones=zones, probability=0.9 if number == 4 else 0.1))
    reports.write_inspection(tmp_path / "out", found, facts())
    browser.open(tmp_path / "out" / "index.html", 375, 812, phone=True)
    assert browser.run("document.documentElement.scrollWidth") == 375
    assert browser.run(HIDDEN) == []
    told = browser.run("Array.from(document.querySelectorAll('.path')).map(one => one.textContent)")
    assert [name[-6:] for name in told] == ["_1.jpg", "_2.jpg"]


SPILT = """Array.from(document.querySelectorAll('.tile')).flatMap(card => Array.from(card.querySelectorAll('*')).filter(
  one => one.getBoundingClientRect().right > card.getBoundingClientRect().right - parseFloat(
    getComputedStyle(card).paddingRight)).map(one => one.textContent.trim().slice(0, 40)))"""


def test_a_name_without_blanks_stays_on_its_card(browser, tmp_path):
    found = inspected(picture(tmp_path, "cracked_wall_canon350d_a.jpg", 1), zones=(zone(1, 62, 4),))
    reports.write_inspection(tmp_path / "out", [found], facts())
    for width in (375, 320):
        browser.open(tmp_path / "out" / "index.html", width, 812, phone=True)
        told = browser.run(
            "Array.from(document.querySelectorAll('.tile a:not(.left-out)')).map(one => one.textContent)"
        )
        assert told == ["cracked_wall_canon350d_a.jpg"]
        assert browser.run(SPILT) == []


@pytest.mark.parametrize("write", [evaluation, comparison, matrix, inspection, explanation])
def test_no_table_is_cut(browser, tmp_path, write):
    page = write(tmp_path)
    # 320 px are a small phone, and a page of 1280 px enlarged four times (WCAG 2.2, 1.4.10).
    for width in (390, 360, 320):
        browser.open(page, width, 844, phone=True)
        assert browser.run("document.querySelectorAll('table').length") > 0
        assert browser.run(CUT) == []
        assert browser.run("document.documentElement.scrollWidth") == width
    # What tells a figure's meaning on a phone must be the head of its column on a desk.
    heads = browser.run("Array.from(document.querySelectorAll('thead th')).map(one => one.textContent.trim())")
    told = browser.run("Array.from(document.querySelectorAll('td[data-of]')).map(one => one.dataset.of)")
    assert set(told) <= set(heads)
    browser.open(page, 1280, 800)
    assert browser.run(CUT) == []


ROWS = """Array.from(document.querySelectorAll('.without tbody tr')).map(row => {
  const shown = Array.from(row.children).filter(cell => cell.getClientRects().length);
  return [new Set(shown.map(cell => cell.getBoundingClientRect().top)).size, row.getBoundingClientRect().height];
})"""


def test_what_is_said_without_a_zone_is_no_list_of_a_line_for_each_figure(browser, tmp_path):
    """Nine zones of seven lines each were three screens of a phone."""
    browser.open(explanation(tmp_path), 360, 780, phone=True)
    rows = browser.run(ROWS)
    assert len(rows) == 5
    assert all(lines <= 2 and height < 80 for lines, height in rows)


def test_names_at_a_glance_are_not_broken_within_their_words(browser, tmp_path):
    page = comparison(tmp_path)
    for width in (390, 320):
        browser.open(page, width, 844, phone=True)
        assert browser.run("document.querySelectorAll('.glance th bdi').length") == 15
        assert browser.run(BROKEN_WORDS) == []
        assert browser.run("document.documentElement.scrollWidth") == width


LETTERS = """Array.from(document.querySelectorAll('.chart svg[role]')).filter(one => one.getClientRects().length).map(
  one => [one.closest('figure').id,
    parseFloat(getComputedStyle(one.querySelector('text')).fontSize) * one.getScreenCTM().a])"""
PUSHED = """Array.from(document.querySelectorAll('figure')).filter(one => one.scrollWidth > one.clientWidth)
  .map(one => one.id)"""
AT = """Array.from(document.querySelectorAll('.at')).filter(one => one.getClientRects().length).map(one => {
  const grid = Array.from(one.closest('svg').querySelectorAll('.grid')).filter(line => line.getBBox().width == 0);
  const [first, , , , , last] = grid.map(line => line.getBoundingClientRect().left);
  return (one.getBoundingClientRect().left - first) / (last - first);
})"""


@pytest.mark.parametrize("width", [390, 360, 600, 900, 1280])
def test_every_chart_can_be_read_as_a_whole(browser, tmp_path, width):
    browser.open(evaluation(tmp_path), width, 844, phone=width < 500)
    drawn = dict(browser.run(LETTERS))
    assert set(drawn) == {"chart-roc", "chart-pr", "chart-reliability", "chart-scores"}
    assert min(drawn.values()) > 9.5
    assert browser.run(PUSHED) == []
    assert browser.run(AT) == pytest.approx([0.5], abs=0.01)
    browser.run(
        "(at => { at.value = '0.25'; at.dispatchEvent(new Event('input')); })(document.getElementById('at-typed'))"
    )
    assert browser.run(AT) == pytest.approx([0.25], abs=0.01)
