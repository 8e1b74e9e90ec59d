"""What the shipped threshold costs, what an alarm is worth where cracks are rarer, and what is refused."""

import json
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from crackscope import images
from crackscope.bundles import QualityRule, VerdictRule
from crackscope.errors import JudgingError
from crackscope.judging import (
    Bootstrap,
    Evaluation,
    Origin,
    at_prevalence,
    evaluate,
    evaluate_scores,
    load,
    save,
    stated,
)
from crackscope.records import Measure, Row
from crackscope.scoring import pack
from tests.small_bundle import small_manifest, small_model, write_small_bundle
from tests.small_patches import write_patches

NOTHING = Measure(value=None, low=None, high=None)


def judged(tn: int, fp: int, fn: int, tp: int, resamples: int = 200, a_group: int = 1) -> Evaluation:
    """An evaluation with this confusion matrix; so many rows a group."""
    cells = [("sound", 0.1)] * tn + [("sound", 0.9)] * fp + [("crack", 0.1)] * fn + [("crack", 0.9)] * tp
    rows = [Row(path=f"/{n}.png", label=label, group=f"g{n // a_group}") for n, (label, _) in enumerate(cells)]
    return evaluate_scores(rows, [score for _, score in cells], bootstrap=Bootstrap(resamples))


def test_misses_and_false_alarms_are_the_other_side_of_both_recalls():
    evaluation = judged(tn=70, fp=10, fn=5, tp=45)
    assert evaluation.miss_rate.value == pytest.approx(0.1)
    assert evaluation.miss_rate.low == pytest.approx(1 - evaluation.recall.high)
    assert evaluation.miss_rate.high == pytest.approx(1 - evaluation.recall.low)
    assert evaluation.false_alarm_rate.value == pytest.approx(1 / 8)
    assert evaluation.false_alarm_rate.low < 1 / 8 < evaluation.false_alarm_rate.high


def test_without_spread_the_interval_is_that_of_clopper_and_pearson_with_one_trial_a_group():
    evaluation = judged(tn=60, fp=0, fn=0, tp=90, a_group=3)
    assert evaluation.false_alarm_rate.low == 0
    assert evaluation.false_alarm_rate.high == pytest.approx(stats.binomtest(0, 20).proportion_ci().high)
    assert evaluation.miss_rate.high == pytest.approx(stats.binomtest(0, 30).proportion_ci().high)
    assert {"miss_rate", "false_alarm_rate"} <= set(evaluation.intervals.bounded)


def test_without_spread_precision_rests_on_what_was_called_crack_alone():
    evaluation = judged(tn=60, fp=0, fn=50, tp=10)
    assert evaluation.precision.value == 1
    assert evaluation.precision.low == pytest.approx(stats.binomtest(10, 10).proportion_ci().low)


@pytest.mark.parametrize("errors", [1, 2, 5, 9])
@pytest.mark.parametrize("rows", [20, 400])
def test_where_few_rows_err_shares_have_the_interval_of_clopper_and_pearson(errors, rows):
    evaluation = judged(tn=rows - errors, fp=errors, fn=0, tp=rows)
    exact = stats.binomtest(errors, rows).proportion_ci()
    alarms = evaluation.false_alarm_rate
    assert (alarms.low, alarms.high) == pytest.approx((exact.low, exact.high))
    exact = stats.binomtest(rows, rows + errors).proportion_ci()
    assert (evaluation.precision.low, evaluation.precision.high) == pytest.approx((exact.low, exact.high))
    exact = stats.binomtest(2 * rows - errors, 2 * rows).proportion_ci()
    assert (evaluation.accuracy.low, evaluation.accuracy.high) == pytest.approx((exact.low, exact.high))


def test_an_error_never_makes_a_figure_surer_than_none():
    for rows in (20, 100, 400):
        none, one = (judged(tn=rows, fp=0, fn=missed, tp=rows - missed) for missed in (0, 1))
        for name in ("accuracy", "recall"):
            assert getattr(one, name).low < getattr(none, name).low, name
        # Without any error both shares are taken at their worst at once, else their reaches are added in squares.
        for name in ("f1", "balanced_accuracy", "mcc"):
            measure = getattr(one, name)
            assert measure.value - measure.low > 0.7 * (1 - getattr(none, name).low), name
            assert measure.value < measure.high < 1, name
        assert one.miss_rate.high > none.miss_rate.high
        worth = [at_prevalence(evaluation, 0.02).npv for evaluation in (none, one)]
        assert worth[1].low < worth[0].low
        assert worth[1].value < worth[1].high < 1


def test_precision_elsewhere_is_no_surer_than_the_rate_of_false_alarms():
    """One false alarm among 400: the rate may be a fifth of a per mille, or more than five times as high."""
    evaluation = judged(tn=399, fp=1, fn=40, tp=360, resamples=1000)
    precision = at_prevalence(evaluation, 0.02).precision
    exact = stats.binomtest(1, 400).proportion_ci()
    ends = [0.02 * 0.9 / (0.02 * 0.9 + 0.98 * share) for share in (exact.high, exact.low)]
    assert (precision.low, precision.high) == pytest.approx(ends, abs=0.002)


def test_rows_that_err_together_are_one_trial():
    alone, together = (judged(tn=396, fp=4, fn=0, tp=400, a_group=size).false_alarm_rate for size in (1, 4))
    exact = stats.binomtest(1, 100).proportion_ci()
    assert (together.low, together.high) == pytest.approx((exact.low, exact.high))
    assert together.high > alone.high


def test_errors_that_fall_by_chance_into_a_few_large_groups_are_trials_of_their_own():
    """Nine misses, four, three and two in three photos of eleven: no photo is worse than another."""
    even = [verdict for missed in (4, 3, 2) for verdict in ["crack"] * (11 - missed) + ["sound"] * missed]
    rows = [Row(path=f"/{n}.png", label="crack", group=f"g{n // 11}") for n in range(33)]
    rate = evaluate_scores(rows, [0.5] * 33, verdicts=even, bootstrap=Bootstrap(200)).miss_rate
    uneven = ["crack"] * 11 + ["crack"] * 10 + ["sound"] + ["crack"] * 3 + ["sound"] * 8
    worse = evaluate_scores(rows, [0.5] * 33, verdicts=uneven, bootstrap=Bootstrap(200)).miss_rate
    exact = stats.binomtest(9, 33).proportion_ci()
    assert (rate.low, rate.high) == pytest.approx((exact.low, exact.high))
    assert worse.value == rate.value == pytest.approx(9 / 33)
    assert worse.low < exact.low < exact.high < worse.high


def test_balanced_accuracy_of_few_errors_covers_the_truth():
    """100 rows of each label, 3 % of them missed and 2 % false alarms: the truth is .975."""
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        fn, fp = rng.binomial(100, [0.03, 0.02]).tolist()
        measure = judged(tn=100 - fp, fp=fp, fn=fn, tp=100 - fn, resamples=40).balanced_accuracy
        covered += measure.low <= 0.975 <= measure.high
    assert covered >= 0.94 * 200


def test_few_refusals_have_the_interval_of_clopper_and_pearson():
    refused = with_refusals().refused.crack
    exact = stats.binomtest(4, 50).proportion_ci()
    assert (refused.low, refused.high) == pytest.approx((exact.low, exact.high))


def test_of_shares_refused_without_spread_a_group_is_one_trial():
    refused = judged(tn=60, fp=0, fn=0, tp=90, a_group=3).refused
    assert (refused.sound.value, refused.crack.value) == (0, 0)
    assert refused.sound.high == pytest.approx(stats.binomtest(0, 20).proportion_ci().high)
    assert refused.crack.high == pytest.approx(stats.binomtest(0, 30).proportion_ci().high)


def test_the_rate_of_a_label_without_rows_is_open():
    evaluation = judged(tn=4, fp=1, fn=0, tp=0)
    assert evaluation.miss_rate == NOTHING
    assert evaluation.false_alarm_rate.value == pytest.approx(0.2)
    restated = at_prevalence(evaluation, 0.1)
    assert (restated.precision, restated.npv, restated.alarm_share) == (NOTHING, NOTHING, NOTHING)


@settings(max_examples=40)
@given(st.tuples(*[st.integers(0, 12)] * 4).filter(lambda cells: sum(cells[:2]) and sum(cells[2:])))
def test_at_the_share_that_was_judged_precision_stays_what_it_is(cells):
    evaluation = judged(*cells, resamples=20)
    tn, fp, fn, tp = cells
    restated = at_prevalence(evaluation, (fn + tp) / sum(cells))
    for measure, hits, of in ((restated.precision, tp, tp + fp), (restated.npv, tn, tn + fn)):
        if of:
            assert measure.value == pytest.approx(hits / of)
            assert 0 <= measure.low <= measure.value <= measure.high <= 1
        else:
            assert measure == NOTHING
    assert restated.alarm_share.value == pytest.approx((tp + fp) / sum(cells))


def test_precision_at_another_prevalence_by_hand():
    restated = at_prevalence(judged(tn=98, fp=2, fn=5, tp=95, resamples=600), 0.02)
    assert restated.precision.value == pytest.approx(0.02 * 0.95 / (0.02 * 0.95 + 0.98 * 0.02))
    assert restated.npv.value == pytest.approx(0.98 * 0.98 / (0.98 * 0.98 + 0.02 * 0.05))
    assert restated.precision.low < 0.35
    assert restated.precision.high > 0.7


def test_the_rarer_cracks_are_the_less_an_alarm_is_worth():
    evaluation = judged(tn=90, fp=10, fn=10, tp=90)
    worth = [at_prevalence(evaluation, share).precision for share in (0.01, 0.1, 0.5, 0.9)]
    for rarer, more in pairwise(worth):
        assert rarer.value < more.value
        assert rarer.low < more.low


def test_precision_without_a_false_alarm_is_not_taken_for_certain():
    restated = at_prevalence(judged(tn=50, fp=0, fn=0, tp=50), 0.01)
    assert restated.precision.value == 1
    assert restated.precision.low < 0.3
    assert restated.npv.value == 1
    assert restated.npv.low < 1


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, float("nan")])
def test_a_prevalence_that_is_no_share_is_refused(share):
    with pytest.raises(JudgingError, match="prevalence"):
        at_prevalence(judged(1, 1, 1, 1), share)


def with_refusals(a_group: int = 1) -> Evaluation:
    reasons = ["too dark: 80% of the pixels are black"] * 3 + ["too dark: 91% of the pixels are black"] * 2
    reasons += ["unlike any surface that the bundle has learnt from"] * 3
    rows, scores, verdicts = [], [], []
    for number in range(100):
        label = "crack" if number % 2 else "sound"
        rows.append(Row(path=f"/{number}.png", label=label, group=f"g{number // a_group}"))
        scores.append(0.8 if label == "crack" else 0.2)
        verdicts.append("cannot judge" if number < len(reasons) else label)
    return evaluate_scores(
        rows,
        scores,
        verdicts=verdicts,
        bootstrap=Bootstrap(200),
        origin=Origin(reasons=(*reasons, *[""] * (100 - len(reasons)))),
    )


def test_what_is_refused_is_counted_by_label_and_reason():
    evaluation = with_refusals()
    refused = evaluation.refused
    assert evaluation.cannot_judge == {"sound": 4, "crack": 4}
    assert refused.crack.value == refused.sound.value == pytest.approx(4 / 50)
    assert refused.crack.low < 4 / 50 < refused.crack.high
    assert refused.reasons == {
        "too dark": {"sound": 3, "crack": 2},
        "unlike any surface that the bundle has learnt from": {"sound": 1, "crack": 2},
    }
    assert next(iter(refused.reasons)) == "too dark"


def test_the_most_frequent_reason_comes_first_whatever_its_name():
    rows = [Row(path=f"/{n}.png", label="crack") for n in range(5)]
    reasons = ("", "blurred: edges are 9.0 px wide", "too dark: all", "too dark: most", "")
    verdicts = ["cannot judge" if reason else "crack" for reason in reasons]
    origin = Origin(reasons=reasons)
    found = evaluate_scores(rows, [0.9] * 5, verdicts=verdicts, bootstrap=Bootstrap(5), origin=origin).refused.reasons
    assert list(found) == ["too dark", "blurred"]


def test_refusals_of_one_place_make_the_interval_wider():
    alone, together = (with_refusals(a_group).refused.crack for a_group in (1, 8))
    assert together.high - together.low > alone.high - alone.low


def test_where_nothing_is_refused_the_share_has_an_upper_bound():
    refused = judged(tn=20, fp=1, fn=1, tp=30).refused
    assert refused.crack.value == 0
    assert refused.crack.high == pytest.approx(stats.binomtest(0, 31).proportion_ci().high)
    assert refused.reasons == {}


def test_where_all_is_refused_it_says_why():
    rows = [Row(path="/a.png", label="crack"), Row(path="/b.png", label="sound")]
    origin = Origin(reasons=("blurred: edges are 9.0 px wide", "too dark: 99% of the pixels are black"))
    with pytest.raises(JudgingError, match=r"all 2 rows were refused \(blurred and too dark\)"):
        evaluate_scores(rows, [0.4, 0.6], verdicts=["cannot judge"] * 2, origin=origin)
    with pytest.raises(JudgingError, match="3 reasons"):
        evaluate_scores(rows, [0.4, 0.6], origin=Origin(reasons=("", "", "")))


def test_all_of_it_goes_to_disk_and_comes_back(tmp_path):
    evaluation = with_refusals()
    evaluation = msgspec.structs.replace(evaluation, at_prevalence=at_prevalence(evaluation, 0.05))
    save(evaluation, tmp_path)
    assert load(tmp_path) == evaluation
    facts = json.loads((tmp_path / "metrics.json").read_text())
    assert set(facts["at_prevalence"]) == {"prevalence", "precision", "npv", "alarm_share"}
    assert facts["refused"]["crack"]["value"] == pytest.approx(0.08)
    assert list(facts["miss_rate"]) == ["value", "low", "high"]


def test_an_evaluation_of_an_older_version_is_still_read(tmp_path):
    save(judged(tn=3, fp=1, fn=1, tp=3), tmp_path)
    facts = json.loads((tmp_path / "metrics.json").read_text())
    for name in ("miss_rate", "false_alarm_rate", "at_prevalence", "refused"):
        del facts[name]
    (tmp_path / "metrics.json").write_text(json.dumps(facts))
    table = (tmp_path / "predictions.csv").read_text().splitlines()
    (tmp_path / "predictions.csv").write_text("\n".join(line.rpartition(",")[0] for line in table) + "\n")
    older = load(tmp_path)
    assert older.miss_rate == NOTHING
    assert older.predictions[0].reason == ""


STATING = {"held_out_misses": 0.049, "held_out_false_alarms": 0.013, "held_out_pictures": 612.0}


def stating(folder, figures, recipe):
    manifest = msgspec.structs.replace(small_manifest(), figures=figures, recipe=recipe)
    return pack(folder, manifest, model=small_model(), weights=None).path


def test_what_the_bundle_states_stands_beside_what_was_found(tmp_path):
    data = write_patches(tmp_path / "data", count=6)
    bundle = stating(tmp_path / "bundle", STATING, {"miss_rate": 0.05})
    evaluation = evaluate(bundle, data, part=None, resamples=20, prevalence=0.02)
    facts = evaluation.bundle
    said = facts.stated
    assert (said.miss_rate, said.misses, said.false_alarms, said.pictures) == (0.05, 0.049, 0.013, 612)
    assert (facts.calibration.method, facts.calibration.fitted_on) == ("temperature", 12)
    assert evaluation.at_prevalence == at_prevalence(evaluation, 0.02)


@pytest.mark.parametrize(
    ("kept", "cracked", "sound"),
    [
        ({}, 306, 306),
        ({"held_out_cracked": 204.0}, 204, 408),
        ({"held_out_cracked": 612.0}, 306, 306),
        ({"held_out_pictures": None}, None, None),
    ],
)
def test_a_stated_share_has_the_exact_bounds_of_its_count(kept, cracked, sound):
    """Of the pictures half are cracked where the bundle does not say how many are."""
    facts = stated(msgspec.structs.replace(small_manifest(), figures=STATING | kept))
    for measure, trials in ((facts.missed, cracked), (facts.alarmed, sound)):
        if trials is None:
            assert (measure.low, measure.high) == (None, None)
            continue
        hits = measure.value * trials
        assert measure.low == pytest.approx(stats.beta.ppf(0.025, hits, trials - hits + 1))
        assert measure.high == pytest.approx(stats.beta.ppf(0.975, hits + 1, trials - hits))


@pytest.mark.parametrize(
    "figures",
    [
        {},
        {"held_out_misses": None, "held_out_false_alarms": "few"},
        {"held_out_misses": 1.2, "held_out_false_alarms": True, "held_out_pictures": -1},
        {**STATING, "adapted": {"labelled patches": 20}},
    ],
)
def test_what_a_bundle_states_is_not_taken_on_trust(tmp_path, figures):
    data = write_patches(tmp_path / "data", count=6)
    evaluation = evaluate(stating(tmp_path / "bundle", figures, {"miss_rate": 0.05}), data, part=None, resamples=5)
    assert evaluation.bundle.stated is None


def test_a_prevalence_is_refused_before_anything_is_scored(tmp_path):
    bundle = write_small_bundle(tmp_path / "bundle").path
    calls = []
    with pytest.raises(JudgingError, match=r"such as 0\.02"):
        evaluate(bundle, tmp_path / "absent", prevalence=2, progress=lambda *call: calls.append(call))
    assert calls == []


def test_dark_pictures_are_refused_and_named(tmp_path):
    data = write_patches(tmp_path / "data", count=6)
    for label in ("crack", "sound"):
        images.write_png(np.zeros((64, 64, 3), np.uint8), data / label / "0000.png")
    rule = VerdictRule(kind="conformal", window_px=64, sound=(1.0,), chances=(0.02,), quality=QualityRule(dark=0.5))
    manifest = msgspec.structs.replace(small_manifest(), verdict=rule)
    bundle = pack(tmp_path / "bundle", manifest, model=small_model(), weights=None).path
    evaluation = evaluate(bundle, data, part=None, resamples=20)
    assert evaluation.cannot_judge == {"sound": 1, "crack": 1}
    assert evaluation.refused.reasons == {"too dark": {"sound": 1, "crack": 1}}
    (first, *_) = [row for row in evaluation.predictions if row.correct is None]
    assert first.reason == "too dark: 100% of the pixels are black"
