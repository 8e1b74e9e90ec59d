"""An asterisk stands on every interval of an evaluation that is an exact bound, and on no other."""

import re

from crackscope import reports
from crackscope.judging import Bootstrap, evaluate_scores
from crackscope.records import Row, Verdict
from tests.small_page import Page

ROWS = re.compile(r'<tr><th scope="row">([^<]*)<span class="meaning">.*?</tr>', re.DOTALL)
STAR = re.compile(r'to [^<]*<a href="#how"[^>]*>\*</a>')


def starred(refused: set[int], folder, groups: int = 20) -> tuple[set[str], str]:
    """The lines with an asterisk of a page on twenty cracked and twenty sound rows, and its text."""
    rows = [
        Row(path=f"/{n}.png", label=("crack", "sound")[n % 2], group=f"g{n // 2 % groups}" if groups < 20 else "")
        for n in range(40)
    ]
    scores = [0.9 - 0.8 * (n % 2) for n in range(40)]
    verdicts: list[Verdict] = ["cannot judge" if n in refused else ("crack", "sound")[n % 2] for n in range(40)]
    found = evaluate_scores(rows, scores, verdicts=verdicts, bootstrap=Bootstrap(60))
    reports.write_evaluation(found, folder)
    page = Page(folder / "report.html")
    lines = [(line[1], line[0]) for line in ROWS.finditer(page.source)]
    assert {"false alarms", "cracked pictures refused", "sound pictures refused", "Accuracy"} <= {
        name for name, _ in lines
    }
    return {name for name, line in lines if STAR.search(line)}, page.text


CALM = {"Accuracy", "cracks missed", "false alarms"}


def test_where_nothing_was_refused_both_shares_are_bounds(tmp_path):
    found, text = starred(set(), tmp_path)
    assert found >= CALM | {"cracked pictures refused", "sound pictures refused"}
    assert "the share refused of sound pictures, the share refused of cracked pictures, so an exact bound" in text
    assert "differed in accuracy, precision, recall, F1, balanced accuracy, Matthews correlation, ROC AUC, " in text


def test_a_share_that_resamples_move_is_none(tmp_path):
    found, text = starred({0, 2, 4}, tmp_path)
    assert "cracked pictures refused" not in found
    assert found >= CALM | {"sound pictures refused"}
    assert "the share refused of cracked" not in text


def test_where_each_group_was_refused_by_half_no_resample_differs(tmp_path):
    """Ten groups of two cracked and two sound rows."""
    found, _ = starred(set(range(0, 20, 2)), tmp_path, groups=10)
    assert found >= {"cracked pictures refused", "sound pictures refused"}
    found, _ = starred(set(range(0, 10, 2)) | {20}, tmp_path, groups=10)
    assert "cracked pictures refused" not in found


def test_a_phone_shows_the_asterisk_too(tmp_path):
    starred(set(), tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    accuracy = next(line[0] for line in ROWS.finditer(page) if line[1] == "Accuracy")
    assert len(STAR.findall(accuracy)) == 2
    assert re.search(r'only-phone">[^<]*<a href="#how"', accuracy)
