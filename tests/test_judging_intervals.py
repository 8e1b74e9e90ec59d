"""Intervals: over groups, never narrower than what was seen allows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from crackscope.judging import FIGURES, Bootstrap, curves, evaluate_scores
from crackscope.judging.intervals import draws, exact
from crackscope.records import Row


def rows_of(labels, groups) -> list[Row]:
    return [
        Row(path=f"/data/{place}.jpg", label="crack" if label else "sound", group=str(group))
        for place, (label, group) in enumerate(zip(labels, groups, strict=True))
    ]


def drawn(n: int, groups: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    group = rng.integers(0, groups, n)
    labels = rng.random(n) < 0.5
    scores = 1 / (1 + np.exp(-np.where(labels, 1.5, -1.5) - rng.normal(size=groups)[group] - rng.normal(size=n)))
    return labels, scores, group


def test_a_resample_draws_as_many_groups_as_there_are():
    counts = np.concatenate(list(draws(17, 95, seed=1)))
    assert counts.shape == (95, 17)
    assert (counts.sum(axis=1) == 17).all()
    assert counts.min() == 0


def test_resampling_the_groups_by_hand_gives_the_same_interval():
    labels, scores, group = drawn(200, 25)
    evaluation = evaluate_scores(rows_of(labels, group), scores, bootstrap=Bootstrap(resamples=300, seed=5))
    names = list(dict.fromkeys(group))  # in order of first appearance
    right = (scores >= 0.5) == labels
    by_hand = []
    for counts in np.concatenate(list(draws(len(names), 300, seed=5))):
        rows = np.concatenate(
            [np.flatnonzero(group == name).repeat(count) for name, count in zip(names, counts, strict=True)]
        )
        by_hand.append(right[rows].mean())
    low, high = np.quantile(by_hand, [0.025, 0.975])
    assert evaluation.accuracy.low == pytest.approx(low)
    assert evaluation.accuracy.high == pytest.approx(high)


def test_an_interval_holds_its_figure_though_every_resample_be_larger():
    scores = np.repeat([0.25, 0.5, 0.75], 40)
    labels = np.concatenate([np.arange(40) < cracked for cracked in (10, 20, 30)])
    ece = evaluate_scores(rows_of(labels, np.arange(120)), scores, bootstrap=Bootstrap(resamples=300)).ece
    assert ece.value == pytest.approx(0, abs=1e-12)
    assert ece.low == ece.value
    assert ece.high > 0.05


def test_an_evaluation_is_the_same_twice_and_another_with_another_seed():
    labels, scores, group = drawn(100, 30)
    rows = rows_of(labels, group)
    first, again, other = (evaluate_scores(rows, scores, bootstrap=Bootstrap(seed=seed)) for seed in (1, 1, 2))
    assert first == again
    assert first.roc_auc != other.roc_auc


def test_rows_of_a_group_count_as_one_witness():
    labels, scores, _ = drawn(60, 60)
    labels, scores = np.tile(labels, 6), np.tile(scores, 6)
    copies = evaluate_scores(rows_of(labels, np.tile(np.arange(60), 6)), scores).accuracy
    alone = evaluate_scores(rows_of(labels, np.arange(360)), scores).accuracy
    assert copies.value == alone.value
    assert copies.high - copies.low > 1.8 * (alone.high - alone.low)


def test_rows_without_a_group_are_groups_of_their_own():
    rows = [Row(path=f"/data/{place}.jpg", label="crack") for place in range(7)]
    assert evaluate_scores(rows, [0.9] * 7).groups == 7


@settings(max_examples=40)
@given(st.integers(2, 40), st.integers(1, 12), st.integers(0, 2**31), st.booleans())
def test_every_interval_holds_its_figure_and_keeps_to_its_range(n, groups, seed, perfect):
    labels, scores, group = drawn(n, groups, seed)
    if perfect:
        scores = labels * 0.5 + 0.25
    figures = evaluate_scores(rows_of(labels, group), scores, bootstrap=Bootstrap(resamples=50)).figures
    for name in FIGURES:
        value, low, high = figures[name].value, figures[name].low, figures[name].high
        if value is None or low is None:
            assert value is None or name == "log_loss" or (name == "f1" and not labels.any())
            continue
        assert low <= value <= high
        if name != "log_loss":
            assert (-1 if name == "mcc" else 0) <= low
            assert high <= 1
            assert high - low > 1e-9, f"{name} claims to be known exactly"


def test_the_band_of_a_curve_that_rises_at_once_is_that_of_its_top():
    labels = np.arange(40) < 20
    roc = curves(evaluate_scores(rows_of(labels, range(40)), np.linspace(0.95, 0.05, 40))).roc
    assert (roc.low == 1).all()
    assert (roc.high == 1).all()


def test_the_band_of_a_curve_begins_at_the_origin_however_many_share_the_first_place():
    labels = np.arange(60) < 30
    scores = np.where(labels, np.arange(60) % 3 > 0, np.arange(60) % 5 == 0) * 0.8 + 0.1
    roc = curves(evaluate_scores(rows_of(labels, range(60)), scores, bootstrap=Bootstrap(resamples=200))).roc
    drawn_at = np.interp(roc.at, roc.x, roc.y)
    assert roc.high[0] == 0
    assert (roc.low <= drawn_at).all()
    assert (drawn_at <= roc.high).all()


@pytest.mark.parametrize(("cracks", "sounds"), [(40, 5), (5, 40)])
def test_an_area_of_one_is_no_surer_than_the_rarer_label_makes_it(cracks, sounds):
    labels = np.arange(cracks + sounds) < cracks
    area = evaluate_scores(rows_of(labels, range(len(labels))), labels * 0.5 + 0.25, bootstrap=Bootstrap(50)).roc_auc
    assert area.value == 1
    assert area.low == pytest.approx(stats.binomtest(5, 5).proportion_ci().low)


@pytest.mark.parametrize(("hits", "trials"), [(0, 5), (5, 5), (3, 11), (200, 200)])
def test_exact_bounds_are_scipys_clopper_pearson(hits, trials):
    interval = stats.binomtest(hits, trials).proportion_ci(confidence_level=0.95, method="exact")
    assert exact(hits / trials, trials) == pytest.approx((interval.low, interval.high))


def test_no_error_at_all_is_not_certainty():
    n = 200
    labels = np.arange(n) % 2 == 0
    figures = evaluate_scores(rows_of(labels, np.arange(n)), labels * 0.98 + 0.01)
    assert figures.accuracy.low == pytest.approx(0.025 ** (1 / 200))
    assert figures.recall.low == figures.precision.low == pytest.approx(0.025 ** (1 / 100))
    assert figures.roc_auc.low == pytest.approx(0.025 ** (1 / 100))
    assert figures.balanced_accuracy.low == pytest.approx(0.025 ** (1 / 100))
    assert 0.9 < figures.mcc.low < figures.f1.low < 1
    assert figures.average_precision.low == pytest.approx(0.025 ** (2 / 100))
    assert set(figures.intervals.bounded) >= set(FIGURES[:8])


def test_a_handful_of_groups_bounds_little_however_many_rows_they_have():
    labels = np.arange(400) % 2 == 0
    evaluation = evaluate_scores(rows_of(labels, np.arange(400) // 100), labels * 0.98 + 0.01)
    four_right = 0.025 ** (1 / 4)
    assert evaluation.accuracy.low == pytest.approx(four_right)
    assert evaluation.ece.value == pytest.approx(0.01)
    assert evaluation.ece.high == pytest.approx(0.01 + 1 - four_right)
    low, *_, high = evaluation.reliability
    assert (low.share_low, low.share_high) == pytest.approx((0, 1 - four_right))
    assert (high.share_low, high.share_high) == pytest.approx((four_right, 1))


def test_the_area_rests_on_as_many_witnesses_as_the_rarer_label_has():
    labels = np.arange(200) < 10
    roc_auc = evaluate_scores(rows_of(labels, np.arange(200)), labels * 0.98 + 0.01).roc_auc
    assert roc_auc.low == pytest.approx(0.025 ** (1 / 10))


def test_intervals_cover_the_truth():
    # Balanced accuracy over 40 groups whose members share their fate: the truth is .8.
    rng = np.random.default_rng(0)
    covered = 0
    for seed in range(150):
        group = np.repeat(np.arange(40), 5)
        labels = np.repeat(np.arange(40) % 2 == 0, 5)
        right = np.repeat(rng.random(40) < 0.8, 5)
        measure = evaluate_scores(
            rows_of(labels, group), np.where(right == labels, 0.9, 0.1), bootstrap=Bootstrap(200, seed)
        ).balanced_accuracy
        covered += measure.low <= 0.8 <= measure.high
    assert covered >= 0.88 * 150
