"""The matrix holds what judging each bundle on each surface gives, beside what is had without looking."""

import csv
import io
import json
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest

from crackscope.bundles import QualityRule, VerdictRule
from crackscope.cli import main
from crackscope.datasets import Split, load
from crackscope.errors import JudgingError
from crackscope.images import write_png
from crackscope.judging import MATRIX_FIGURES, Entry, Surface, evaluate, matrix, matrix_csv
from crackscope.judging import Bootstrap as Drawing
from crackscope.records import Row
from crackscope.reports import write_matrix
from crackscope.reports.formatting import number
from crackscope.scoring import load as load_model
from crackscope.scoring import pack
from tests.small_bundle import small_manifest, small_model, write_small_bundle
from tests.small_page import Page
from tests.small_surfaces import write_surface


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("matrix")
    for name, faint in (("plain", 1.0), ("faint <b>", 0.3)):
        write_surface(folder / name, 12, faint=faint)
    bundles = [write_small_bundle(folder / f"b{place}", threshold=limit) for place, limit in enumerate((0.5, 0.95))]
    entries = [
        Entry(name="easy", model=load_model(bundles[0]), trained_on="plain ones", column="plain"),
        Entry(name="strict & late", model=load_model(bundles[1]), trained_on="nothing"),
    ]
    surfaces = [Surface(name=name, split=load(folder / name), part=None) for name in ("plain", "faint <b>")]
    return entries, surfaces, matrix(entries, surfaces, bootstrap=Drawing(resamples=200))


def test_every_cell_is_what_judging_gives(made):
    entries, surfaces, table = made
    for entry in entries:
        for surface in surfaces:
            alone = evaluate(entry.model, surface.split, part=None, resamples=20)
            cell = table.cell(entry.name, surface.name)
            for name in ("roc_auc", "balanced_accuracy", "recall"):
                assert cell.figures[name].value == alone.figures[name].value
            assert cell.figures["false_alarm_rate"].value == alone.false_alarm_rate.value
            assert cell.own == (entry.name == "easy" and surface.name == "plain")


def test_intervals_hold_their_values_and_are_never_points(made):
    _, _, table = made
    for cell in table.cells:
        for name in MATRIX_FIGURES:
            one = cell.figures[name]
            assert 0 <= one.low <= one.value <= one.high <= 1
            assert one.high > one.low


def test_false_alarms_are_told_of_a_surface_without_cracks(made):
    entries, surfaces, _ = made
    sound = Split(rows=tuple(row for row in surfaces[0].split.rows if row.label == "sound"))
    table = matrix(entries, [Surface(name="sound", split=sound, part=None)], bootstrap=Drawing(resamples=50))
    for entry in entries:
        figures = table.cell(entry.name, "sound").figures
        assert figures["false_alarm_rate"].value is not None
        assert {figures[name].value for name in ("roc_auc", "balanced_accuracy", "recall")} == {None}


@pytest.mark.parametrize(("label", "one"), [("sound", "false_alarm_rate"), ("crack", "recall")])
def test_baselines_are_defined_where_the_figures_are(made, tmp_path, capsys, label, one):
    entries, surfaces, _ = made
    rows = [row for row in surfaces[0].split.rows if row.label == label]
    table = matrix(
        entries, [Surface(name="some", split=Split(rows=tuple(rows)), part=None)], bootstrap=Drawing(resamples=5)
    )
    (column,) = table.columns
    defined = {name for name in MATRIX_FIGURES if table.baseline("always crack", column, name) is not None}
    assert defined == {one}
    lines = list(csv.DictReader(io.StringIO(matrix_csv(table).decode())))
    assert {line["figure"] for line in lines if line["trained_on"] == "always crack" and line["value"]} == {one}
    assert Page(write_matrix(table, tmp_path / "page")).source.count(">–</td>") == 2 * 3
    for row in rows:
        folder = tmp_path / "data" / label
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(row.path, folder)
    bundle = str(entries[0].model.bundle.path)
    assert main(["matrix", "--bundle", bundle, "--on", f"some={tmp_path / 'data'}", "--quiet"]) == 0
    told = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip().startswith("always crack")]
    assert [words[2] for words in told] == ["not" if name != one else "1.0000" for name in MATRIX_FIGURES]


def test_what_was_not_judged_is_counted(made, tmp_path):
    entries, surfaces, _ = made
    lost = Row(path=str(tmp_path / "gone.png"), label="crack")
    dark = Row(path=str(tmp_path / "dark.png"), label="sound")
    write_png(np.zeros((64, 64, 3), np.uint8), Path(dark.path))
    rule = VerdictRule(kind="conformal", window_px=64, sound=(1.0,), chances=(0.02,), quality=QualityRule(dark=0.5))
    manifest = msgspec.structs.replace(small_manifest(), verdict=rule)
    bundle = pack(tmp_path / "strict", manifest, model=small_model(), weights=None)
    strict = Entry(name="strict", model=load_model(bundle), trained_on="nothing")
    some = Surface(name="some", split=Split(rows=(*surfaces[0].split.rows, lost, dark)), part=None)
    table = matrix([entries[0], strict], [some], bootstrap=Drawing(resamples=20))
    assert [table.cell(name, "some").not_judged for name in ("easy", "strict")] == [1, 2]
    assert table.columns[0].support == {"crack": 13, "sound": 13}
    judged = [table.cell(name, "some").support for name in ("easy", "strict")]
    assert judged == [{"crack": 12, "sound": 13}, {"crack": 12, "sound": 12}]
    page = Page(write_matrix(table, tmp_path / "out"))
    told = "On some not all classifiers judged as many rows"
    for words in ("25 judged, 1 not", "24 judged, 2 not", "12 + 13", "12 + 12", told):
        assert words in page.text
    lines = list(csv.DictReader(io.StringIO(matrix_csv(table).decode())))
    counts = {row["trained_on"]: (row["cracked"], row["sound"], row["not_judged"]) for row in lines}
    assert (counts["easy"], counts["strict"], counts["never crack"]) == (
        ("12", "13", "1"),
        ("12", "12", "2"),
        ("",) * 3,
    )


def test_a_surface_of_which_one_refuses_all_ends_nothing(made, tmp_path, capsys):
    entries, surfaces, _ = made
    rule = VerdictRule(quality=QualityRule(smallest_px=1000))
    manifest = msgspec.structs.replace(small_manifest(), verdict=rule)
    bundle = pack(tmp_path / "strict", manifest, model=small_model(), weights=None)
    strict = Entry(name="strict", model=load_model(bundle), trained_on="nothing")
    table = matrix([entries[0], strict], surfaces[:1], bootstrap=Drawing(resamples=20))
    cell = table.cell("strict", "plain")
    assert (cell.support, cell.not_judged) == ({"crack": 0, "sound": 0}, 24)
    assert {one.value for one in cell.figures.values()} == {None}
    assert table.cell("easy", "plain").figures["recall"].value is not None
    assert "0 judged, 24 not" in Page(write_matrix(table, tmp_path / "both")).text
    alone = matrix([strict], surfaces[:1], bootstrap=Drawing(resamples=20))
    assert "or where balanced accuracy is not defined." in Page(write_matrix(alone, tmp_path / "alone")).text
    data = Path(surfaces[0].split.rows[0].path).parents[1]
    assert main(["matrix", "--bundle", str(tmp_path / "strict"), "--on", f"plain={data}"]) == 0
    assert "0 + 0, 24 not" in capsys.readouterr().out


def test_progress_is_told_over_all_cells(made):
    entries, surfaces, _ = made
    told = []
    matrix(entries, surfaces, bootstrap=Drawing(resamples=5), progress=lambda *call: told.append(call))
    pictures = len(entries) * sum(len(surface.split.rows) for surface in surfaces)
    assert told == [(done, pictures) for done in range(1, pictures + 1)]


def test_beside_it_stands_what_is_had_without_looking(made):
    _, _, table = made
    always, never = table.baselines["always crack"], table.baselines["never crack"]
    assert (always["recall"], always["false_alarm_rate"], always["balanced_accuracy"]) == (1, 1, 0.5)
    assert (never["recall"], never["false_alarm_rate"], never["balanced_accuracy"]) == (0, 0, 0.5)


def test_names_that_repeat_are_refused(made):
    entries, surfaces, _ = made
    with pytest.raises(JudgingError, match="'plain'"):
        matrix(entries, [surfaces[0], surfaces[0]])
    with pytest.raises(JudgingError, match="'easy'"):
        matrix([entries[0], entries[0]], surfaces)
    with pytest.raises(JudgingError, match="needs something"):
        matrix([], surfaces)


def test_a_surface_with_nothing_to_judge_is_refused_before_any_is_judged(made):
    entries, surfaces, _ = made
    calls = []
    empty = Surface(name="empty", split=Split(rows=()), part="test")
    with pytest.raises(JudgingError, match="empty holds no test rows"):
        matrix(entries, [surfaces[0], empty], progress=lambda *call: calls.append(call))
    assert calls == []


def test_table_and_page_say_the_same(made, tmp_path):
    _, _, table = made
    page = Page(write_matrix(table, tmp_path))
    rows = list(csv.DictReader(io.StringIO(matrix_csv(table).decode())))
    assert len(rows) == (2 + 2) * 2 * 4
    assert (tmp_path / "matrix.csv").read_bytes() == matrix_csv(table)
    facts = json.loads((tmp_path / "matrix.json").read_text())
    for row in rows:
        if row["trained_on"] in facts["rows"]:
            cell = next(
                one for one in facts["cells"] if (one["row"], one["column"]) == (row["trained_on"], row["judged_on"])
            )
            assert float(row["value"]) == cell["figures"][row["figure"]]["value"]
            assert number(float(row["value"]), 3) in page.text
    assert page.open == []
    assert "faint <b>" in page.text
    assert "strict & late" in page.text
    assert page.count("table") == 5
