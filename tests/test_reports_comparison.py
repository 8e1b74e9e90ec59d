"""The report of a comparison."""

import csv
import json
import shutil

import numpy as np
import pytest

from crackscope.cli import main
from crackscope.judging import TESTED, Bootstrap, BundleFacts, MetBefore, Origin, compare, evaluate_scores, save
from crackscope.records import Row
from crackscope.reports import comparison_sentences, write_comparison
from tests.small_page import Page

EVIL = "</td><script>alert(1)</script>"


@pytest.fixture(scope="module")
def comparison():
    rng = np.random.default_rng(0)
    labels = rng.random(300) < 0.5
    rows = [Row(path=f"/data/{n}.jpg", label="crack" if label else "sound") for n, label in enumerate(labels)]
    evaluations = []
    for name, noise, digit in ((EVIL, 1.0, "d"), ("plain", 4.0, "e"), ("plain", 4.0, "f")):
        scores = 1 / (1 + np.exp(-np.where(labels, 3, -3) - noise * rng.normal(size=300)))
        origin = Origin(bundle=BundleFacts(name=name, fingerprint=64 * digit))
        evaluations.append(evaluate_scores(rows, scores, bootstrap=Bootstrap(100), origin=origin))
    return compare(evaluations, bootstrap=Bootstrap(400))


def test_the_page_shows_all_and_runs_nothing(comparison, tmp_path):
    page = Page(write_comparison(comparison, tmp_path))
    assert page.count("script") == 1
    assert not page.open
    assert EVIL in page.text
    assert "3 bundles on the same rows" in page.text
    assert "plain (2)" in page.text
    assert "more than chance would explain" in page.text
    for one in comparison.contenders:
        assert f"{one.figures['accuracy'].value:.4f}" in page.text


def test_of_more_than_two_the_pairs_that_differ_are_named(comparison, tmp_path):
    ahead, beyond = comparison_sentences(comparison)
    # The two noisy ones are beaten by the first, and no other pair is told apart.
    names = [pair for pair in comparison.pairs if pair.differences["accuracy"].p_holm < 0.05]
    assert [(pair.first, pair.second) for pair in names] == [(EVIL, "plain"), (EVIL, "plain (2)")]
    assert "2 pairs differ by more than chance explains (p below 0.05 after Holm's correction for 3 pairs" in beyond
    assert f"plain and {EVIL} in accuracy, F1" in beyond
    assert "plain (2) and plain in" not in beyond
    page = Page(write_comparison(comparison, tmp_path)).text
    assert ahead in page
    assert "plain (2) and" in page
    assert "p, Holm-corrected" in page


def test_a_run_that_is_compared_with_itself_is_called_that(way, tmp_path, capsys):
    """Twice the same folder, its run, and a copy of its evaluation: all of one bundle."""
    shutil.copytree(way.run / "evaluation", tmp_path / "copy")
    assert main(["compare", str(way.run), str(way.run / "evaluation"), str(tmp_path / "copy")]) == 0
    assert "run, run (2) and copy are one and the same bundle, by" in " ".join(capsys.readouterr().out.split())


def test_different_bundles_are_not_called_the_same(comparison):
    assert not any("the same" in sentence for sentence in comparison_sentences(comparison))


def test_where_no_pair_differs_that_is_said(tmp_path):
    rows = [Row(path=f"/{n}.jpg", label="crack" if n % 2 else "sound") for n in range(40)]
    one = evaluate_scores(rows, [0.9 if n % 2 else 0.1 for n in range(40)], bootstrap=Bootstrap(30))
    _, beyond = comparison_sentences(compare([one, one, one]))
    assert beyond.startswith("No two of them differ by more than chance explains in any figure that is tested")
    assert len(comparison_sentences(compare([one, one]))) == 1


def test_what_learnt_from_what_it_was_judged_on_is_named():
    rows = [Row(path=f"/{n}.jpg", label="crack" if n % 2 else "sound") for n in range(40)]

    def judged(**known):
        bundle = BundleFacts(name="b", fingerprint="", started_from=known.pop("started_from", ()))
        origin = Origin(bundle=bundle, part="test", **known)
        return evaluate_scores(rows, np.linspace(0, 1, len(rows)), bootstrap=Bootstrap(20), origin=origin)

    met = judged(met_before=MetBefore(by="pictures", sets=("walls",), pictures=9, judged=40, learnt_from=3))
    begun = judged(started_from=("deck",))
    compared = compare([met, begun, begun, judged()], names=list("abcd"), bootstrap=Bootstrap(20))
    first, second = comparison_sentences(compared)[-2:]
    assert first.startswith("a: The bundle learnt from 3 of the 40 pictures judged: these figures flatter.")
    assert second.startswith("b, c: The bundle's starting weights, those of an earlier bundle, learnt from deck:")


def test_csv_and_json_say_the_same(comparison, tmp_path):
    write_comparison(comparison, tmp_path)
    facts = json.loads((tmp_path / "compare.json").read_text())
    assert facts["n"] == 300
    with (tmp_path / "compare.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * 10 + 3 * (len(TESTED) + 1)
    gap = next(row for row in rows if row["second"] == "plain" and row["figure"] == "roc_auc")
    stated = facts["pairs"][0]["differences"]["roc_auc"]
    assert float(gap["value"]) == stated["value"] < 0
    assert float(gap["p_holm"]) == stated["p_holm"]


def test_equals_are_not_called_better(tmp_path):
    rows = [Row(path=f"/{n}.jpg", label="crack" if n % 2 else "sound") for n in range(40)]
    one = evaluate_scores(rows, [0.9 if n % 2 else 0.1 for n in range(40)], bootstrap=Bootstrap(30))
    other = evaluate_scores(rows, [0.9 if n % 2 or n == 4 else 0.1 for n in range(40)], bootstrap=Bootstrap(30))
    assert "no more than chance explains" in Page(write_comparison(compare([one, other]), tmp_path)).text
    assert "both got 40 of 40 rows right" in Page(write_comparison(compare([one, one]), tmp_path)).text
    ahead, _ = comparison_sentences(compare([other, one, one, one], names=list("abcd")))
    assert ahead == "b, c and d all got 40 of 40 rows right."


def test_where_each_refused_other_rows_it_is_said_over_how_many_its_figures_are(tmp_path, capsys):
    rows = [Row(path=f"/{n}.jpg", label="crack" if n % 2 else "sound") for n in range(40)]
    scores = [0.9 if n % 2 or n == 4 else 0.1 for n in range(40)]
    said = ["crack" if score > 0.5 else "sound" for score in scores]
    for name, refused in (("all", 0), ("most", 5)):
        verdicts = ["cannot judge"] * refused + said[refused:]
        save(evaluate_scores(rows, scores, verdicts=verdicts, bootstrap=Bootstrap(30)), tmp_path / name)
    folders = [str(tmp_path / name) for name in ("all", "most")]
    assert main(["compare", *folders, "-o", str(tmp_path / "page")]) == 0
    told = " ".join(capsys.readouterr().out.split())
    page = Page(tmp_path / "page" / "compare.html").text
    for text in (told, page):
        assert "over the 35 rows that all judged; the figures side by side are over all that each judged" in text
        assert "itself: all 40, most 35." in text
    assert "Rows judged 40 35" in page
    assert "35 pictures in" not in told
    alike = compare([folders[1], folders[1]])
    assert alike.left_out == 5
    assert "Rows judged" not in Page(write_comparison(alike, tmp_path)).text


def green(page: Page) -> int:
    return sum("best" in (attributes.get("class") or "").split() for _, attributes in page.elements)


def test_only_what_stands_alone_at_the_top_is_green(tmp_path):
    rows = [Row(path=f"/{n}.jpg", label="crack" if n % 2 else "sound") for n in range(40)]
    one = evaluate_scores(rows, [0.9 if n % 2 else 0.1 for n in range(40)], bootstrap=Bootstrap(30))
    other = evaluate_scores(rows, [0.9 if n % 2 or n == 4 else 0.1 for n in range(40)], bootstrap=Bootstrap(30))
    assert green(Page(write_comparison(compare([one, one]), tmp_path))) == 0
    # Of three the third, at .9 where it is wrong, is nearer to the share of cracks by a hair: in that alone.
    assert other.figures["ece"].value < one.figures["ece"].value
    assert green(Page(write_comparison(compare([one, one, other]), tmp_path))) == 1
    differing = sum(one.figures[name].value != other.figures[name].value for name in one.figures)
    assert 0 < green(Page(write_comparison(compare([one, other]), tmp_path))) <= differing


def test_what_few_groups_show_is_not_called_more_than_chance(tmp_path):
    # One building, photographed sixty times, makes all the difference: sixty rows tell them apart, four groups do not.
    rows = [Row(path=f"/{n}.jpg", label="crack" if n % 2 else "sound", group=f"g{n // 60}") for n in range(240)]
    right = [0.9 if n % 2 else 0.1 for n in range(240)]
    wrong = [1 - score if n < 60 else score for n, score in enumerate(right)]
    both = compare([evaluate_scores(rows, scores, bootstrap=Bootstrap(50)) for scores in (right, wrong)])
    assert both.pairs[0].mcnemar_p_holm < 1e-9
    assert "no more than chance explains" in Page(write_comparison(both, tmp_path)).text
