"""Every page laid out as for A4: no table loses a column, and no line lies beside the crack that it marks."""

import numpy as np
import pytest

from crackscope import images, reports
from crackscope.judging import Bootstrap, compare
from crackscope.records import Inspected
from tests.small_inspection import zone
from tests.small_pages import (
    BROKEN_WORDS,
    comparison,
    evaluation,
    evaluations,
    explanation,
    inspection,
    matrix,
)

A4_PX = 688
"""Width of the text on A4, between margins of 14 mm."""
CUT = """Array.from(document.querySelectorAll('table')).filter(one => one.getClientRects().length).filter(one => {
  const card = one.closest('.card') || one.parentElement, edge = card.getBoundingClientRect().right;
  return one.getBoundingClientRect().right > edge || edge > innerWidth;
}).map(one => one.textContent.trim().slice(0, 60))"""
BESIDE = """Array.from(document.querySelectorAll('.over-photo')).map(one => {
  const picture = one.querySelector('img');
  const [drawn, shown] = [one.querySelector('svg'), picture].map(each => each.getBoundingClientRect());
  const stretched = shown.width - shown.height * picture.naturalWidth / picture.naturalHeight;
  return [drawn.width - shown.width, drawn.height - shown.height, drawn.left - shown.left, drawn.top - shown.top,
    stretched].map(Math.abs);
})"""


def lay_out(browser, page) -> None:
    browser.open(page, A4_PX, 990)
    browser._call("Emulation.setEmulatedMedia", media="print")


def four(folder):
    return reports.write_comparison(
        compare([*evaluations(), next(iter(evaluations()))], bootstrap=Bootstrap(60)), folder
    )


@pytest.mark.parametrize("write", [evaluation, comparison, four, matrix, inspection, explanation])
def test_no_column_is_lost(browser, tmp_path, write):
    lay_out(browser, write(tmp_path))
    assert browser.run("document.querySelectorAll('table').length") > 0
    assert browser.run(CUT) == []
    assert browser.run("document.documentElement.scrollWidth") == A4_PX
    assert browser.run(BROKEN_WORDS) == []


@pytest.mark.parametrize("size", [(240, 160), (300, 1200), (1600, 900)])
def test_what_marks_a_crack_lies_over_it_in_the_evidence(browser, tmp_path, size):
    width, height = size
    for name in ("photo.png", "zone.png"):
        images.write_png(np.full((height, width, 3), 90, np.uint8), tmp_path / name)
    photo = Inspected(
        path="wall.jpg", verdict="crack", probability=0.97, width=width, height=height, zones=(zone(1, 62, 4),)
    )
    painted = reports.PaintedFacts(
        zone=1,
        picture="zone.png",
        before="zone.png",
        window=(0, 0, width, height),
        probability=0.1,
        verdict="sound",
        zone_before=0.99,
        zone_after=0.02,
        control=0.96,
    )
    facts = reports.ExplanationFacts(photo=photo, original="photo.png", activation="photo.png", painted=(painted,))
    reports.write_explanation(tmp_path, facts)
    lay_out(browser, tmp_path / "index.html")
    browser.wait("Array.from(document.images).every(one => one.naturalWidth > 0)")
    off = browser.run(BESIDE)
    assert len(off) == 2
    assert max(max(one) for one in off) < 0.5
