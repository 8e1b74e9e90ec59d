"""The page of a cross-surface matrix."""

from crackscope.judging import MATRIX_FIGURES, Matrix, MatrixCell, MatrixColumn
from crackscope.records import Measure
from crackscope.reports import write_matrix
from crackscope.reports.formatting import MEANINGS, TITLES
from tests.small_page import Page


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
