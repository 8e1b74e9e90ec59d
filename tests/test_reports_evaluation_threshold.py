"""Another threshold, as a reader of an evaluation tries it: with the slider, the box beside it, or keys alone."""

import json

import numpy as np
import pytest

from crackscope import reports
from crackscope.judging import Bootstrap, Origin, SplitFacts, evaluate_scores
from crackscope.records import Row

COUNT = 3000
OUTCOME = "Array.from(document.querySelectorAll('.outcome dd')).map(one => one.textContent)"
BOX = "document.getElementById('at-typed')"
SLIDER = "document.getElementById('at')"


@pytest.fixture(scope="module")
def judged():
    """So many rows that four decimals would make an accuracy of 1, one of them called wrongly."""
    cracked = np.arange(COUNT) % 2 == 0
    probabilities = np.where(cracked, 0.6 + 0.4 * np.arange(COUNT) / COUNT, 0.4 * np.arange(COUNT) / COUNT)
    probabilities[0] = 0.45
    rows = [Row(path=f"/{n}.jpg", label="crack" if one else "sound", group=str(n)) for n, one in enumerate(cracked)]
    origin = Origin(split=SplitFacts(fingerprint="1" * 64, random=False, seed=0, leak_share=None))
    return evaluate_scores(rows, probabilities, bootstrap=Bootstrap(20), origin=origin)


@pytest.fixture(scope="module")
def page(judged, tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluation")
    reports.write_evaluation(judged, folder)
    return folder / "report.html"


def told(judged, threshold: float) -> list[str]:
    """Cracks found and missed, false alarms and sound ones let pass, by this threshold."""
    found = [sum(row.probability >= threshold for row in judged.told if row.label == one) for one in ("crack", "sound")]
    half = COUNT // 2
    return [f"{count:,}" for count in (found[0], half - found[0], found[1], half - found[1])]


def type_in(browser, words: str) -> None:
    browser.run(f"(() => {{ {BOX}.value = {json.dumps(words)}; {BOX}.dispatchEvent(new Event('input')); }})()")


def test_at_first_stands_what_the_page_was_written_with(browser, page, judged):
    browser.said.clear()
    browser.open(page)
    accuracy, precision, recall, alarms, f1 = browser.run(OUTCOME)[4:]
    assert browser.run(OUTCOME)[:4] == told(judged, 0.5) == ["1,499", "1", "0", "1,500"]
    assert (accuracy, precision, recall, alarms, f1) == ("0.999667", "1.0000", "0.9993", "0.0000", "0.999667")
    assert browser.run(f"{BOX}.value") == "0.5"
    assert browser.said == []


def test_counts_and_figures_are_a_line_each_and_false_alarms_a_share_of_the_sound(browser, page, judged):
    browser.open(page, 1000, 800)
    tops = "Array.from(document.querySelectorAll('.outcome dd')).map(one => one.getBoundingClientRect().top)"
    found = browser.run(tops)
    assert len(set(found[:4])) == len(set(found[4:])) == 1
    assert len(found) == 9
    type_in(browser, "0.2")
    false_alarms = int(told(judged, 0.2)[2].replace(",", ""))
    assert (
        browser.run("document.getElementById('out-false_alarm_rate').textContent") == f"{2 * false_alarms / COUNT:.4f}"
    )


def test_what_does_not_follow_the_slider_says_so(browser, page):
    browser.open(page)
    text = browser.run("document.body.innerText")
    assert "1 row wrong at the threshold as shipped" in text
    assert "All else on this page stays at the threshold as shipped" in text


def test_groups_that_are_single_rows_are_called_that_and_no_split_is_named_where_all_was_judged(browser, page):
    browser.open(page)
    text = browser.run("document.body.innerText")
    assert "3,000 groups, each row one of its own" in text
    assert "split by groups" not in text


def test_keys_alone_move_it_and_the_figures_follow_at_once(browser, page, judged):
    browser.open(page)
    browser.run(f"{SLIDER}.focus()")
    for _ in range(4):
        browser.key("ArrowLeft")
    assert browser.run(f"{BOX}.value") == "0.496"
    browser.key("Tab")
    assert browser.run("document.activeElement.id") == "at-typed"
    browser.run(f"{BOX}.select()")
    for sign in "0,7":
        browser.key(sign)
    assert browser.run(f"{BOX}.value") == "0,7"
    assert browser.run(f"{SLIDER}.value") == "0.7"
    assert browser.run(OUTCOME)[:4] == told(judged, 0.7) != told(judged, 0.5)
    browser.key("Enter")
    assert browser.run(f"{BOX}.value") == "0.7"
    browser.key("Tab")
    assert browser.run("document.activeElement.id") == "at-reset"
    browser.key("Enter")
    assert browser.run(f"{BOX}.value") == "0.5"
    assert browser.run(OUTCOME)[:4] == told(judged, 0.5)


@pytest.mark.parametrize(
    ("words", "at", "left"),
    [
        ("0.6005", 0.6005, "0.6005"),
        ("5", 1, "1"),
        ("-2", 0, "0"),
        ("", 0.5, "0.5"),
        (".", 0.5, "0.5"),
        (",3", 0.3, "0.3"),
    ],
)
def test_what_is_in_the_box_is_what_is_in_force(browser, page, judged, words, at, left):
    browser.open(page)
    type_in(browser, "0.9")
    type_in(browser, words)
    assert browser.run(OUTCOME)[:4] == told(judged, at)
    browser.run(f"{BOX}.dispatchEvent(new Event('change'))")
    assert browser.run(f"{BOX}.value") == left
    assert browser.run(f"{SLIDER}.getAttribute('aria-valuetext')") == left


def test_what_is_no_number_is_marked_and_the_last_one_stays(browser, page, judged):
    browser.open(page)
    type_in(browser, "0.9")
    type_in(browser, "a half")
    assert browser.run(f"{BOX}.getAttribute('aria-invalid')") == "true"
    assert browser.run(f"getComputedStyle({BOX}).outlineStyle") == "solid"
    assert browser.run(OUTCOME)[:4] == told(judged, 0.9)
    browser.run(f"{BOX}.dispatchEvent(new Event('change'))")
    assert browser.run(f"[{BOX}.value, {BOX}.hasAttribute('aria-invalid')]") == ["0.9", False]


def test_screen_readers_are_told_what_each_part_is(browser, page):
    browser.open(page)
    inputs = "Array.from(document.querySelectorAll('.slider input'))"
    names = browser.run(f"{inputs}.map(one => one.ariaLabel || one.labels[0].innerText)")
    assert names == ["Threshold", "Threshold, as a number from 0 to 1"]
    assert browser.run("document.querySelector('.slider').role") == "group"
    assert browser.run("document.querySelector('.outcome').parentElement.ariaLive") == "polite"
