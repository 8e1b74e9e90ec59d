"""An evaluation goes to disk and comes back."""

import csv
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from crackscope.encoding import original
from crackscope.errors import JudgingError, OutputError
from crackscope.judging import FIGURES, Bootstrap, BundleFacts, Origin, SplitFacts, evaluate_scores, load, save
from crackscope.records import Failure, Row, Unread


@pytest.fixture
def evaluation():
    rows = [
        Row(path=f"/data/{name}.jpg", label=label, group=group, surface="deck, old")
        for name, label, group in [
            ("plain", "crack", "a"),
            ('quote"comma,', "sound", ""),
            ("new\nline", "crack", "a"),
            ("\udcff", "sound", "b"),
        ]
    ]
    origin = Origin(
        bundle=BundleFacts(name="tiny", fingerprint="0" * 64),
        split=SplitFacts(fingerprint="1" * 64, random=True, seed=3, leak_share=0.33),
        part="test",
        unread=(Unread(path="/data/lost.jpg", error=Failure(kind="missing", message="there is no such file")),),
    )
    return evaluate_scores(rows, [0.9, 0.2, 0.4, 0.1 + 0.2], bootstrap=Bootstrap(resamples=30), origin=origin)


def test_it_comes_back_the_same(evaluation, tmp_path):
    save(evaluation, tmp_path / "run" / "evaluation")
    assert load(tmp_path / "run" / "evaluation") == evaluation
    assert load(tmp_path / "run") == evaluation


def test_a_table_of_before_whose_names_are_bytes_is_read(evaluation, tmp_path):
    save(evaluation, tmp_path)
    table = tmp_path / "predictions.csv"
    assert table.read_bytes().count(rb"/data/\udcff.jpg") == 1
    table.write_bytes(table.read_bytes().replace(rb"\udcff", b"\xff"))
    assert load(tmp_path) == evaluation


@given(st.lists(st.binary(min_size=1, max_size=8).map(os.fsdecode), min_size=3, max_size=3))
def test_names_surfaces_and_groups_of_any_bytes_come_back(tmp_path_factory, names):
    path, group, surface = names
    rows = [Row(path=f"/{end}{path}", label=end, group=group, surface=surface) for end in ("crack", "sound")]
    lost = Unread(path=f"/lost{path}", error=Failure(kind="damaged", message=f"/lost{path}: is damaged"))
    origin = Origin(bundle=BundleFacts(name=surface, fingerprint="0" * 64), part="test", unread=(lost,))
    evaluation = evaluate_scores(rows, [0.9, 0.2], bootstrap=Bootstrap(resamples=3), origin=origin)
    folder = tmp_path_factory.mktemp("any")
    save(evaluation, folder)
    assert load(folder) == evaluation
    (folder / "predictions.csv").read_text(encoding="utf-8")


def test_surfaces_and_unreadable_pictures_are_called_as_the_rows_call_them(tmp_path):
    """By the bytes that `open` takes, not as JSON spells them."""
    surfaces = ("deck-\udcff", "wall")
    rows = [Row(path=f"/{n}.jpg", label=("crack", "sound")[n % 2], surface=surfaces[n // 2]) for n in range(4)]
    lost = Unread(path="/lost-\udcff.jpg", error=Failure(kind="missing", message="there is no such file"))
    save(evaluate_scores(rows, [0.9, 0.2] * 2, bootstrap=Bootstrap(3), origin=Origin(unread=(lost,))), tmp_path)
    again = load(tmp_path)
    assert again.unread[0].path == "/lost-\udcff.jpg"
    assert set(again.by_surface) == {row.surface for row in again.predictions} == set(surfaces)


def test_metrics_json_has_the_keys_of_the_design(evaluation, tmp_path):
    save(evaluation, tmp_path)
    facts = json.loads((tmp_path / "metrics.json").read_text())
    for name in FIGURES:
        assert list(facts[name]) == ["value", "low", "high"]
    assert facts["n"] == 4
    assert facts["support"] == {"sound": 2, "crack": 2}
    assert facts["confusion"] == [[2, 0], [1, 1]]
    assert set(facts["by_class"]) == {"sound", "crack", "macro", "weighted"}
    assert set(facts["baselines"]) == {"always crack", "always sound", "by frequency"}
    assert facts["split"]["leak_share"] == 0.33
    assert facts["unread"][0]["error"]["kind"] == "missing"
    assert "predictions" not in facts


def test_predictions_csv_gives_the_same_figures_to_anybody(evaluation, tmp_path):
    save(evaluation, tmp_path)
    with (tmp_path / "predictions.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["path", "label", "group", "surface", "probability", "verdict", "correct", "reason"]
    assert [original(row["path"]) for row in rows] == [row.path for row in evaluation.predictions]
    scores = [float(row["probability"]) for row in rows]
    assert metrics.roc_auc_score([row["label"] == "crack" for row in rows], scores) == evaluation.roc_auc.value
    assert [row["correct"] for row in rows] == ["true", "true", "false", "true"]


def test_a_name_that_is_no_text_does_not_stop_the_report(tmp_path):
    lost = Unread(path="/data/\udcff.jpg", error=Failure(kind="damaged", message="/data/\udcff.jpg is damaged"))
    evaluation = evaluate_scores(
        [Row(path="/a.jpg", label="crack")], [0.7], bootstrap=Bootstrap(5), origin=Origin(unread=(lost,))
    )
    save(evaluation, tmp_path)
    assert json.loads((tmp_path / "metrics.json").read_text())["unread"][0]["path"] == "/data/\\udcff.jpg"


def test_nothing_half_written_stays(evaluation, tmp_path):
    (tmp_path / "metrics.json").mkdir()
    with pytest.raises(OutputError, match=r"metrics\.json"):
        save(evaluation, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["metrics.json", "predictions.csv"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("metrics.json", b"{"),
        ("metrics.json", b'{"n": "\xff"}'),
        ("metrics.json", b"[" * 100_000),
        ("metrics.json", b'{"n": "many"}'),
        ("predictions.csv", b"path,label\n/a.jpg,crack\n"),
        ("predictions.csv", b"path,label,group,surface,probability,verdict\n" + b"a" * 200_000),
        ("predictions.csv", b"path,label,group,surface,probability,verdict,correct\n/a.jpg,maybe,,,0.5,crack,true\n"),
        ("predictions.csv", b"path,label,group,surface,probability,verdict,correct\n/a.jpg,crack,,,nan,crack,true\n"),
        ("predictions.csv", b"path,label,group,surface,probability,verdict,correct\n/a.jpg,crack,,,1.5,crack,true\n"),
    ],
)
def test_a_damaged_evaluation_is_refused(evaluation, tmp_path, name, content):
    save(evaluation, tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(JudgingError, match="evaluate again"):
        load(tmp_path)


TABLE = "path,label,group,surface,probability,verdict,correct,reason\n/a.jpg,crack,,,0.5,crack,true,\n"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "predictions.csv has no column path, label, group, surface, probability, verdict, correct)"),
        (TABLE.replace(",", ";").encode(), "predictions.csv has no column path, label, group,"),
        (TABLE.encode("utf-16"), "predictions.csv has no column path, label, group,"),
        (TABLE.replace("label", "Klasse").encode(), "predictions.csv has no column label)"),
        (TABLE.encode() + b"/b.jpg,so", "predictions.csv is cut short in line 3)"),
        (TABLE.replace("0.5", "0,5").encode(), "has a row of label 'crack' and verdict '5'"),
    ],
)
def test_what_a_spreadsheet_or_a_cut_made_of_a_table_is_told(evaluation, tmp_path, content, says):
    save(evaluation, tmp_path)
    (tmp_path / "predictions.csv").write_bytes(content)
    with pytest.raises(JudgingError, match="evaluate again") as refused:
        load(tmp_path)
    assert says in str(refused.value)


@pytest.mark.parametrize("name", ["metrics.json", "predictions.csv"])
def test_a_file_of_an_evaluation_is_none(evaluation, tmp_path, name):
    save(evaluation, tmp_path)
    with pytest.raises(JudgingError, match=f"{name} is a file: name the folder of an evaluation, or a run"):
        load(tmp_path / name)


def test_figures_beside_the_rows_of_another_evaluation_are_refused(evaluation, tmp_path):
    save(evaluation, tmp_path)
    rows = (tmp_path / "predictions.csv").read_bytes()
    save(evaluate_scores([Row(path="/a.jpg", label="crack")], [0.7], bootstrap=Bootstrap(5)), tmp_path)
    (tmp_path / "predictions.csv").write_bytes(rows)
    with pytest.raises(JudgingError, match="not of one evaluation"):
        load(tmp_path)


def test_a_folder_without_an_evaluation_is_named(tmp_path):
    for folder in (tmp_path, tmp_path / ("long" * 100)):
        with pytest.raises(JudgingError, match="holds no evaluation"):
            load(folder)
    with pytest.raises(JudgingError, match=r"there is no folder .*nowhere: name that of an evaluation, or a run"):
        load(tmp_path / "nowhere")
