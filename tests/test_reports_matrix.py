"""The page of a cross-surface matrix."""

import re

from crackscope.judging import MATRIX_FIGURES, Matrix, MatrixCell, MatrixColumn
from crackscope.records import Measure
from crackscope.reports import write_matrix
from crackscope.reports.formatting import MEANINGS, TITLES
from tests.small_browser import Browser
from tests.small_page import Page
from tests.small_pages import matrix, matrix_with


def test_figures_are_called_and_told_as_everywhere_else(tmp_path):
    figures = dict.fromkeys(MATRIX_FIGURES, Measure(value=0.9, low=0.8, high=0.95))
    column = MatrixColumn(name="walls", part="test", support={"crack": 4, "sound": 4}, groups=8, fingerprint="f" * 64)
    table = Matrix(
        rows=("walls",),
        trained_on={"walls": "walls 80"},
        columns=(column,),
        cells=(
            MatrixCell(row="walls", column="walls", own=True, support=column.support, not_judged=0, figures=figures),
        ),
        baselines={"always crack": dict.fromkeys(MATRIX_FIGURES, 0.5)},
        resamples=100,
        seed=0,
    )
    text = Page(write_matrix(table, tmp_path)).text
    for name in MATRIX_FIGURES:
        assert f"{TITLES[name]} {MEANINGS[name]}. The stronger the blue, the better" in text


NONE = Measure(value=None, low=None, high=None)
EDGES = """(() => { const left = one => { const all = document.createRange(); all.selectNodeContents(one);
  return Math.round(all.getBoundingClientRect().left); };
  const table = document.querySelector('table.crossing');
  return Array.from(table.querySelectorAll('tr > :first-child')).map(left); })()"""


def test_figures_of_one_table_have_as_many_decimals(tmp_path):
    """Three, and five where one of them would else pass for 1; none is rounded up to 1."""
    for near, values in (
        (0.9994, {"0.999", "0.500 to 0.999", "0.900", "0.500 to 1.000", "–", "0.500"}),
        (0.99997, {"0.99997", "0.50000 to 0.99999", "0.90000", "0.50000 to 1.00000", "–", "0.50000"}),
    ):
        measures = [Measure(value=near, low=0.5, high=0.999999), Measure(value=0.9, low=0.5, high=1.0), NONE] * 3
        page = Page(matrix_with(tmp_path / str(near), measures))
        cells = set(re.findall(r'<td class="right.*?<b>(.*?)</b><span class="meaning tight">(.*?)</span>', page.source))
        told = {text for cell in cells for text in cell} | set(
            re.findall(r"<tfoot>.*?<td[^>]*>(.*?)</td>", page.source, re.S)
        )
        assert told == values


def test_names_of_lines_stand_below_each_other(tmp_path):
    browser = Browser(tmp_path)
    try:
        browser.open(matrix(tmp_path))
        edges = browser.run(EDGES)
    finally:
        browser.close()
    assert len(edges) == 5
    assert len(set(edges)) == 1
