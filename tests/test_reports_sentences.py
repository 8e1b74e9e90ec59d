"""What an evaluation says in plain sentences, in the terminal and on the page."""

import json

import msgspec
import pytest

from crackscope.cli import main
from crackscope.judging import (
    AtPrevalence,
    Bootstrap,
    BundleFacts,
    CalibrationFacts,
    Evaluation,
    Origin,
    Stated,
    at_prevalence,
    evaluate_scores,
)
from crackscope.records import Measure, Row
from crackscope.reports import conclusions, write_evaluation
from tests.small_bundle import write_small_bundle
from tests.small_page import Page
from tests.small_patches import write_patches


def bundle_of(stated: Stated | None, method: str = "Platt") -> BundleFacts:
    calibration = CalibrationFacts(method=method, fitted_on=1234)
    return BundleFacts(name="b", fingerprint="0" * 64, stated=stated, calibration=calibration)


def judged(missed: int, stated: Stated | None = None, *, refused: int = 0, method: str = "Platt") -> Evaluation:
    """100 cracked rows of which some are missed, 100 sound ones of which two are called crack."""
    rows = [Row(path=f"/{n}.png", label="crack" if n < 100 else "sound") for n in range(200)]
    scores = [0.2 if n < missed else 0.9 if n < 102 else 0.1 for n in range(200)]
    verdicts = ["crack" if score > 0.55 else "sound" for score in scores]
    verdicts[200 - refused :] = ["cannot judge"] * refused
    reasons = ("",) * (200 - refused) + ("blurred: edges are 9.1 px wide",) * refused
    origin = Origin(bundle=bundle_of(stated, method), reasons=reasons)
    return evaluate_scores(rows, scores, 0.55, verdicts=verdicts, bootstrap=Bootstrap(200), origin=origin)


CHOSEN = Stated(
    miss_rate=0.05,
    misses=0.049,
    false_alarms=0.013,
    pictures=612,
    misses_low=0.028,
    misses_high=0.08,
    false_alarms_low=0.0036,
    false_alarms_high=0.033,
)


def test_the_threshold_is_told_with_what_it_was_chosen_for():
    first, second = conclusions(judged(5, CHOSEN))
    assert first.startswith(
        "Threshold 0.55, chosen to miss at most 5 % of held-out cracked pictures; here it misses 5.0 % ("
    )
    assert "gives false alarms on 2.0" in first
    assert second.startswith("Of the 612 held-out pictures, real and generated and of all surfaces together, that its")
    assert (
        "missed 4.9 % (2.8 to 8.0 %) of the cracked and gave false alarms on 1.30 % (0.36 to 3.30 %) of the sound"
        in second
    )


def test_a_bundle_that_states_nothing_is_not_given_words():
    (only,) = conclusions(judged(5))
    assert only.startswith("Threshold 0.55; here it misses")


def test_more_misses_than_chance_explains_are_a_warning():
    for missed in (14, 30):
        assert any("misses more than the 5 %" in sentence for sentence in conclusions(judged(missed, CHOSEN)))
    assert not any("misses more" in sentence for sentence in conclusions(judged(6, CHOSEN)))


def test_of_suggested_pictures_no_warning_says_that_the_surface_is_another():
    """They were chosen as hard: the surface need not be unlike the held-out one, so no bundle is adapted for it."""
    alarming = Measure(value=0.1, low=0.05, high=0.17)
    plain = msgspec.structs.replace(judged(30, CHOSEN), false_alarm_rate=alarming)
    for suggested, says in ((0, "these pictures are unlike"), (200, "that these pictures were chosen"), (40, "40 of")):
        told = conclusions(msgspec.structs.replace(plain, suggested=suggested))
        misses, alarms = (
            [one for one in told if words in one] for words in ("misses more", "that it states of held-out")
        )
        for sentence in (*misses, *alarms):
            assert ("adapt the bundle" in sentence) == ("unlike" in sentence) == (suggested == 0)
        assert says in misses[0]
        assert len(alarms) == 1


def test_alarms_are_counted_out_of_a_hundred():
    evaluation = judged(5)
    evaluation = msgspec.structs.replace(evaluation, at_prevalence=at_prevalence(evaluation, 0.02))
    told = " ".join(conclusions(evaluation))
    assert "Where 2 % of the pictures are cracked: of 100 alarms, 49 are cracks (" in told
    assert "of 1,000 pictures let pass, 1 is cracked (" in told


def plain(value: float) -> Measure:
    return Measure(value=value, low=value, high=value)


@pytest.mark.parametrize(
    ("precision", "words"),
    [
        (0.34, "34 are cracks (34 to 34)"),
        (0.9999, "more than 99.9 are cracks"),
        (1.0, "100 are cracks"),
        (0.0, "0 are cracks"),
        (0.01, "1 is a crack"),
        (0.0001, "fewer than 0.1 are cracks"),
    ],
)
def test_a_count_claims_neither_all_nor_none_by_rounding(precision, words):
    restated = AtPrevalence(prevalence=0.02, precision=plain(precision), npv=plain(0.9), alarm_share=plain(0.1))
    told = " ".join(conclusions(msgspec.structs.replace(judged(5), at_prevalence=restated)))
    assert f"of 100 alarms, {words}" in told


def test_refusals_are_told_with_shares_and_reasons():
    told = conclusions(judged(5, refused=10))[-1]
    assert told.startswith("Cannot judge 10 pictures: 0 % (0 to 3.6 %) of the cracked and 10.0 % (")
    assert told.endswith("blurred 10.")


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Page:
    evaluation = judged(30, CHOSEN, refused=10)
    evaluation = msgspec.structs.replace(evaluation, at_prevalence=at_prevalence(evaluation, 0.02))
    return Page(write_evaluation(evaluation, tmp_path_factory.mktemp("out")))


def test_the_page_says_all_of_it(page):
    for words in (
        "The threshold as shipped",
        "chosen to miss at most 5 % of held-out cracked pictures",
        "The bundle misses more than the 5 %",
        "of 100 alarms,",
        "sound pictures refused",
        "blurred 0 10",
        "blurred: edges are 9.1 px wide",
        "of all pictures said to be cracked with a probability of 80 %, 80 % are",
        "fitted by Platt scaling (a sigmoid of scale × score + shift) on 1,234 pictures",
        "Pictures that it would not judge",
    ):
        assert words in page.text, words
    assert {"shipped", "refused"} <= page.ids


def test_a_page_without_a_prevalence_says_how_to_name_one(tmp_path):
    text = Page(write_evaluation(judged(5, method="none"), tmp_path)).text
    assert "--prevalence 0.02" in text
    assert "does not state what its threshold was chosen for" in text
    assert "This bundle is not calibrated" in text
    assert "Pictures that it would not judge" not in text


def test_evaluate_takes_a_prevalence(tmp_path, capsys):
    data = write_patches(tmp_path / "data", count=8)
    bundle = write_small_bundle(tmp_path / "bundle").path
    call = ["evaluate", str(bundle), str(data), "--part", "all", "--prevalence", "0.02"]
    assert main(call) == 0
    assert "Where 2 % of the pictures are cracked" in capsys.readouterr().out
    assert main([*call, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["at_prevalence"]["prevalence"] == 0.02
    assert main([*call[:-1], "2"]) == 2
    assert "--prevalence" in capsys.readouterr().err
