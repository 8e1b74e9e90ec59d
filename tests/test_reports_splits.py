"""What the report of an evaluation says of the copies in its split: what is, and what would be in a random one."""

import pytest

from crackscope import reports
from crackscope.judging import Bootstrap, Origin, SplitFacts, evaluate_scores
from crackscope.records import Row
from tests.small_page import Page

ROWS = [Row(path=f"/{number}.png", label=("crack", "sound")[number % 2]) for number in range(20)]


@pytest.mark.parametrize(
    ("dealt", "random", "seed", "leak", "says"),
    [
        (
            "here, in groups",
            False,
            0,
            0.25,
            "25.0 % of the test rows would have a near-copy among the training rows of a",
        ),
        ("here, at random", True, 0, 0.25, "25.0 % of the test rows have a near-copy among the training rows;"),
        (
            "elsewhere, with copies",
            True,
            None,
            0.25,
            "25.0 % of the test rows have a near-copy among the training rows;",
        ),
        ("elsewhere, in groups", False, None, 0.0, "0 % of the test rows have a near-copy among the training rows;"),
    ],
)
def test_copies_are_told_of_the_split_that_they_are_in(tmp_path, dealt, random, seed, leak, says):
    split = SplitFacts(fingerprint="1" * 64, random=random, seed=seed, leak_share=leak)
    found = evaluate_scores(ROWS, [0.5] * 20, bootstrap=Bootstrap(20), origin=Origin(split=split, part="test"))
    reports.write_evaluation(found, tmp_path)
    assert says in Page(tmp_path / "report.html").text
