"""What stands on a page stands out from what lies behind it, as Debian's chromium draws both: WCAG 2.2, 1.4.3."""

import pytest

from crackscope.judging import MetBefore
from crackscope.records import Measure
from tests.small_pages import comparison, evaluation, explanation, inspection, matrix, matrix_with

FAINT = """(() => {
  const parts = colour => colour.match(/[\\d.]+/g).map(Number);
  const over = (top, under) => {
    const a = top.length > 3 ? top[3] : 1;
    return [0, 1, 2].map(at => a * top[at] + (1 - a) * under[at]);
  };
  const behind = one => {
    const own = parts(getComputedStyle(one).backgroundColor);
    if (own.length < 4 || own[3] == 1) return own;
    return over(own, one.parentElement ? behind(one.parentElement) : [255, 255, 255]);
  };
  const light = colour => {
    const linear = colour.map(value => value / 255).map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
    return .2126 * linear[0] + .7152 * linear[1] + .0722 * linear[2];
  };
  const ratio = (first, second) => {
    const [dark, bright] = [light(first), light(second)].sort((a, b) => a - b);
    return (bright + .05) / (dark + .05);
  };
  const said = one => Array.from(one.childNodes).some(node => node.nodeType == 3 && node.data.trim());
  const seen = one => one.getClientRects().length && getComputedStyle(one).visibility == 'visible';
  const all = Array.from(document.body.querySelectorAll('*')).filter(one => !one.closest('svg, script, style, button'));
  const spoken = all.filter(one => seen(one) && said(one)).map(one => {
    const ground = behind(one);
    return [ratio(over(parts(getComputedStyle(one).color), ground), ground), one.textContent.trim().slice(0, 40)];
  });
  return [spoken.length, spoken.filter(([found]) => found < 4.5)];
})()"""


def best_and_worst(folder):
    """Cells of every strength of colour, with all that may stand in one."""
    measures = [
        Measure(value=value, low=value / 2, high=1.0) for value in (0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99997, 1)
    ]
    return matrix_with(folder, measures, MetBefore(by="name", sets=("walls",), pictures=80))


@pytest.mark.parametrize("write", [evaluation, comparison, explanation, inspection, matrix, best_and_worst])
def test_every_word_keeps_the_contrast_of_wcag_aa(browser, tmp_path, write):
    page = write(tmp_path)
    for dark in (False, True):
        for width in (1280, 390):
            browser.open(page, width, 844, dark=dark)
            count, faint = browser.run(FAINT)
            assert count > 20
            assert faint == []


MEANT = """Array.from(document.querySelectorAll('.swatch, .bar-of, .tag')).filter(one => one.getClientRects().length)
  .map(one => getComputedStyle(one).backgroundColor)"""


@pytest.mark.parametrize("write", [inspection, explanation])
@pytest.mark.parametrize("dark", [False, True])
def test_colours_that_mean_something_stay_where_the_reader_has_forced_others(browser, tmp_path, write, dark):
    browser.open(write(tmp_path), dark=dark)
    plain = browser.run(MEANT)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    paper = browser.run("getComputedStyle(document.body).backgroundColor")
    browser._call("Emulation.setEmulatedMedia", features=[scheme, {"name": "forced-colors", "value": "active"}])
    assert browser.run("getComputedStyle(document.body).backgroundColor") != paper
    assert plain
    assert paper not in plain
    assert browser.run(MEANT) == plain


@pytest.mark.parametrize("write", [evaluation, matrix])
def test_cells_that_a_forced_colour_empties_keep_their_edges(browser, tmp_path, write):
    browser.open(write(tmp_path))
    edges = (
        "Array.from(document.querySelectorAll('td.right, td.wrong')).map(one => getComputedStyle(one).borderTopStyle)"
    )
    assert set(browser.run(edges)) == {"none"}
    browser._call("Emulation.setEmulatedMedia", features=[{"name": "forced-colors", "value": "active"}])
    assert set(browser.run(edges)) == {"solid"}
