"""The page of a cross-surface matrix."""

import re

import msgspec

from crackscope.judging import MATRIX_FIGURES, Matrix, MatrixCell, MatrixColumn, MetBefore
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
        told = "fewer false alarms: palest from 0.5 up" if name == "false_alarm_rate" else "better: palest at"
        assert f"{TITLES[name]} {MEANINGS[name]}. The stronger the blue, the {told}" in text


def test_a_quarter_of_false_alarms_is_seen_apart_from_nearly_a_half(tmp_path):
    def tint(rate):
        figures = dict.fromkeys(MATRIX_FIGURES, Measure(value=rate, low=None, high=None))
        cells = tuple(msgspec.structs.replace(one, figures=figures) for one in matrix_of(*[None] * 4).cells)
        table = msgspec.structs.replace(matrix_of(*[None] * 4), cells=cells)
        source = Page(write_matrix(table, tmp_path)).source
        return float(re.search(r"--share: ([\d.]+)", source[source.index("the fewer false alarms") :])[1])

    assert tint(0) == 2.6
    assert tint(0.257) > 3 * tint(0.429) > 0
    assert tint(0.5) == tint(0.9) == 0


def test_what_is_said_of_several_pairs_is_said_once_with_their_names(tmp_path):
    table = matrix_of(
        MetBefore(by="name", sets=("walls",), pictures=80),
        MetBefore(by="name", sets=("decks",), pictures=1200),
        MetBefore(by="pictures", sets=(), pictures=0, judged=30, learnt_from=12, chosen_on=3),
        MetBefore(by="pictures", sets=(), pictures=0, judged=40, chosen_on=4),
    )
    page = Page(write_matrix(table, tmp_path))
    assert page.source.count('<p class="note">') == 2
    assert (
        "a on walls (80 pictures of walls), decks (1,200 pictures of decks): The bundle learnt from these "
        "pictures, as these data are called: where they are the same pictures, the figures flatter."
    ) in page.text
    assert (
        "b on walls (12 of the 30 pictures judged, and 3 chose its epoch and threshold), decks (none of the 40 "
        "pictures judged, but 4 of them chose its epoch and threshold): The bundle learnt from these pictures: these"
    ) in page.text
    same = MetBefore(by="weights", sets=("walls",), pictures=80)
    page = Page(write_matrix(matrix_of(same, None, same, None), tmp_path))
    assert "a on walls; b on walls: The bundle's starting weights" in page.text
    assert page.text.count("learnt from 80 pictures of walls, as these data are called") == 1
    page = Page(write_matrix(matrix_of(same, same, None, same), tmp_path))
    assert "a on walls, decks; b on decks: The bundle's starting weights" in page.text


def test_what_starting_weights_learnt_from_is_told_beside_the_cells_that_may_be_of_it(tmp_path):
    seen = MetBefore(by="name", sets=("walls",), pictures=80)
    plain = matrix_of(seen, None, None, None)
    assert "tarting weights" not in Page(write_matrix(plain, tmp_path)).text
    begun = msgspec.structs.replace(plain, started_from={"a": ("deck", "metu")})
    page = Page(write_matrix(begun, tmp_path))
    assert "a: The bundle's starting weights, those of an earlier bundle, learnt from deck, metu: where" in page.text
    assert "Starting weights may have learnt from some of them, see the note" in page.text
    assert page.text.count("starting weights learnt from it?") == len(MATRIX_FIGURES) + 1
    assert "starting weights learnt from it? what its training began with learnt from pictures so named" in page.text
    all_seen = msgspec.structs.replace(matrix_of(seen, seen, None, None), started_from={"a": ("deck", "metu")})
    assert "tarting weights" not in Page(write_matrix(all_seen, tmp_path)).text


def test_the_marks_of_cells_are_explained_where_there_are_such(tmp_path):
    plain = matrix_of(None, None, None, None)
    bare = Page(write_matrix(plain, tmp_path)).text
    assert "ringed" not in bare
    assert "from it?" not in bare
    own = msgspec.structs.replace(plain.cells[0], own=True)
    text = Page(write_matrix(msgspec.structs.replace(plain, cells=(own, *plain.cells[1:])), tmp_path)).text
    assert text.count("ringed") == 1
    assert "judged on the surface that it was trained on, by pictures that were kept out of its training" in text
    seen = MetBefore(by="name", sets=("walls",), pictures=80)
    counted = MetBefore(by="pictures", sets=(), pictures=0, judged=30, learnt_from=12, chosen_on=3)
    text = Page(write_matrix(matrix_of(seen, counted, None, None), tmp_path)).text
    assert " learnt from it? it learnt from pictures so named, or alike, perhaps from these: see the note" in text
    assert "met before so many of the pictures judged took part in its training: the figure flatters" in text


def test_where_no_surface_is_new_to_its_classifier_the_page_says_so(tmp_path):
    seen = MetBefore(by="name", sets=("walls",), pictures=80)
    text = Page(write_matrix(matrix_of(seen, seen, seen, seen), tmp_path)).text
    assert "This says nothing of surfaces that a classifier never met" in text


def test_the_first_sentence_says_whose_figures_it_gives(tmp_path):
    seen = MetBefore(by="name", sets=("walls",), pictures=80)

    def lead(*met):
        return Page(write_matrix(matrix_of(*met), tmp_path)).text

    assert "On surfaces that a classifier was not trained on here, balanced accuracy" in lead(seen, None, None, None)
    assert "On surfaces that b was not trained on here, balanced accuracy is" in lead(seen, seen, None, None)
    assert "On surfaces that a was not trained on here, balanced accuracy is 0.9000." in lead(seen, None, seen, seen)
    alone = matrix_of(seen, None, None, None)
    alone = msgspec.structs.replace(alone, rows=("a",), cells=alone.cells[:2])
    assert "On surfaces that it was not trained on here" in Page(write_matrix(alone, tmp_path)).text


def matrix_of(*met):
    """Two classifiers on two surfaces, and what each met before of what it is judged on."""
    figures = dict.fromkeys(MATRIX_FIGURES, Measure(value=0.9, low=0.8, high=0.95))
    support = {"crack": 4, "sound": 4}
    columns = [
        MatrixColumn(name=name, part="test", support=support, groups=8, fingerprint="f" * 64)
        for name in ("walls", "decks")
    ]
    cells = [
        MatrixCell(
            row="ab"[n // 2],
            column=columns[n % 2].name,
            own=False,
            support=support,
            not_judged=0,
            figures=figures,
            met_before=one,
        )
        for n, one in enumerate(met)
    ]
    return Matrix(
        rows=("a", "b"),
        trained_on={"a": "walls 80", "b": "decks 9"},
        columns=tuple(columns),
        cells=tuple(cells),
        baselines={},
        resamples=100,
        seed=0,
    )


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
