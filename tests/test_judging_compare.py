"""Comparing evaluations of the same rows."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from crackscope.errors import JudgingError
from crackscope.judging import Bootstrap, compare, evaluate_scores, save
from crackscope.judging.paired import flipped, holm, mcnemar, sign_share
from crackscope.records import Row

FEW = Bootstrap(resamples=200)


def evaluation(scores, labels, names=None):
    rows = [
        Row(
            path=f"/data/{names[place] if names else place}.jpg", label="crack" if label else "sound", group=f"g{place}"
        )
        for place, label in enumerate(labels)
    ]
    return evaluate_scores(rows, scores, bootstrap=FEW)


@pytest.fixture
def labels():
    return np.random.default_rng(0).random(400) < 0.5


def scores(labels, noise, seed):
    rng = np.random.default_rng(seed)
    return 1 / (1 + np.exp(-np.where(labels, 2, -2) - rng.normal(scale=noise, size=len(labels))))


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_scipys_binomial_test(first, second):
    expected = stats.binomtest(first, first + second).pvalue if first + second else 1.0
    assert mcnemar(first, second) == pytest.approx(expected)


@given(st.lists(st.integers(-1, 1), min_size=1, max_size=40))
def test_flipping_single_rows_is_mcnemars_test(shifts):
    assert flipped(np.array(shifts)) == mcnemar(shifts.count(-1), shifts.count(1))


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=9))
def test_flipping_groups_counts_every_way_they_can_go(shifts):
    ways = [sum(way) for way in product(*((one, -one) for one in shifts))]
    far = [abs(one) >= abs(sum(shifts)) for one in ways]
    assert flipped(np.array(shifts)) == pytest.approx(sum(far) / len(far))


def test_flipping_many_groups_of_many_sizes_is_the_law_of_their_sum():
    """Against its moments: the sum is as good as normal, with the sum of squares as its variance."""
    sizes = np.random.default_rng(3).integers(1, 7, 20_000)
    spread = np.sqrt((sizes**2).sum())
    for way in (0.001, 0.004, 0.008):
        shifts = np.where(np.random.default_rng(4).random(len(sizes)) < 0.5 + way, sizes, -sizes)
        # The sum moves in steps of two: what lies half way to the next belongs to it.
        expected = 2 * stats.norm.sf((abs(shifts.sum()) - 1) / spread)
        assert flipped(shifts) == pytest.approx(expected, rel=1e-3)


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=12))
def test_holm_never_lowers_and_keeps_the_order(ps):
    corrected = holm(ps)
    known = sorted((p, q) for p, q in zip(ps, corrected, strict=True) if p is not None)
    assert [q is None for q in corrected] == [p is None for p in ps]
    assert all(p <= q <= 1 for p, q in known)
    assert [q for _, q in known] == sorted(q for _, q in known)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    # What has no p is not tested, and so is none of the several.
    assert holm([None, 0.01, 0.04, None]) == [None, pytest.approx(0.02), pytest.approx(0.04), None]


def test_no_number_of_resamples_makes_a_difference_certain():
    assert sign_share(np.ones(199)) == pytest.approx(2 / 200)
    assert sign_share(np.array([1.0, -1.0, np.nan, 2.0])) == 1
    assert sign_share(np.full(5, np.nan)) is None


def test_the_groups_of_the_first_are_drawn_for_all(labels):
    values = scores(labels, 2.0, 1)
    rows = [Row(path=f"/data/{place}.jpg", label="crack" if one else "sound") for place, one in enumerate(labels)]
    in_pairs = [Row(path=row.path, label=row.label, group=f"{place // 2}") for place, row in enumerate(rows)]
    comparison = compare([evaluate_scores(some, values, bootstrap=FEW) for some in (in_pairs, rows)], bootstrap=FEW)
    assert comparison.groups == 200
    for difference in comparison.pairs[0].differences.values():
        assert (difference.low, difference.value, difference.high, difference.p) == (0, 0, 0, 1)


def test_a_better_one_is_told_from_a_worse_one_and_from_itself(labels, tmp_path):
    for name, noise, seed in (("good", 0.8, 1), ("bad", 4.0, 2)):
        save(evaluation(scores(labels, noise, seed), labels), tmp_path / name / "evaluation")
    comparison = compare([tmp_path / "good", tmp_path / "bad", tmp_path / "good"], bootstrap=FEW)
    assert [one.name for one in comparison.contenders] == ["good", "bad", "good (2)"]
    between, itself, _ = comparison.pairs
    assert (between.first, between.second) == ("good", "bad")
    assert between.only_first > between.only_second
    assert between.mcnemar_p < between.mcnemar_p_holm < 0.01
    worse = between.differences["roc_auc"]
    assert worse.low <= worse.value <= worse.high < 0
    assert worse.p <= worse.p_holm < 0.05
    assert itself.mcnemar_p == 1
    assert (itself.differences["f1"].value, itself.differences["f1"].p) == (0, 1)
    assert comparison.n == 400


def certain(labels, low):
    """Scores that call every row rightly, cracked ones from `low` to 1 and sound ones below what is left."""
    sure = np.linspace(low, 1, len(labels))
    return np.where(labels, sure, 1 - sure)


def test_two_that_differ_on_no_row_are_not_said_to_be_alike_for_certain(labels):
    rivals = [evaluation(certain(labels, low), labels) for low in (0.6, 0.9)]
    differences = compare(rivals, bootstrap=FEW).pairs[0].differences
    assert {one.value for one in differences.values()} == {0}
    for name, rows in (("accuracy", 400), ("roc_auc", min(labels.sum(), (~labels).sum()))):
        unseen = stats.binomtest(0, int(rows)).proportion_ci().high
        assert (differences[name].low, differences[name].high) == pytest.approx((-unseen, unseen))
    for one in differences.values():
        assert -0.1 < one.low < 0 < one.high < 0.1


def test_the_fewer_the_rows_the_less_two_without_a_difference_are_known_to_be_alike(labels):
    spans = []
    for rows in (400, 100, 25):
        few = labels[:rows]
        rivals = [evaluation(certain(few, low), few) for low in (0.6, 0.9)]
        differences = compare(rivals, bootstrap=FEW).pairs[0].differences
        spans.append([differences[name].high - differences[name].low for name in differences])
    assert np.all(np.diff(spans, axis=0) > 0)
    assert np.max(spans) <= 2


def test_two_that_gave_every_row_the_same_probability_do_not_differ(labels):
    alike = evaluation(scores(labels, 1.0, 1), labels)
    differences = compare([alike, alike], bootstrap=FEW).pairs[0].differences
    assert {(one.low, one.value, one.high) for one in differences.values()} == {(0, 0, 0)}


def test_the_order_of_rows_does_not_matter(labels):
    values = scores(labels, 1.0, 1)
    turned = evaluation(values[::-1], labels[::-1], names=range(399, -1, -1))
    comparison = compare([evaluation(values, labels), turned], bootstrap=FEW)
    assert comparison.pairs[0].differences["roc_auc"].value == pytest.approx(0, abs=1e-12)


def test_different_rows_are_refused_by_name(labels):
    one = evaluation(scores(labels, 1.0, 1), labels)
    other = evaluation(scores(labels, 1.0, 1), labels, names=[*range(399), "other"])
    with pytest.raises(JudgingError, match=r"1 of a are not among those of b, the first is /data/399\.jpg"):
        compare([one, other], names=["a", "b"])


def test_another_label_is_another_row(labels):
    turned = labels.copy()
    turned[0] = not turned[0]
    with pytest.raises(JudgingError, match="did not judge the same rows"):
        compare([evaluation(scores(labels, 1, 1), labels), evaluation(scores(labels, 1, 1), turned)])


def test_rows_that_one_gave_no_verdict_are_left_out_for_all_and_counted(labels):
    values = scores(labels, 1.0, 1)
    rows = [Row(path=f"/data/{place}.jpg", label="crack" if one else "sound") for place, one in enumerate(labels)]
    said = ["cannot judge" if place < 3 else "crack" if value >= 0.5 else "sound" for place, value in enumerate(values)]
    some = evaluate_scores(rows, values, verdicts=said, bootstrap=FEW)
    comparison = compare([some, evaluate_scores(rows, values, bootstrap=FEW)], bootstrap=FEW)
    assert (comparison.n, comparison.left_out) == (397, 3)
    assert sum(comparison.support.values()) == 397
    first, second = comparison.contenders
    assert first.correct == second.correct == int(((values >= 0.5) == labels)[3:].sum())


def right_but_for(labels, wrong):
    """Sure scores, right but for the rows at these places."""
    sure = np.linspace(0.9, 0.99, len(labels))
    said = labels.copy()
    said[list(wrong)] ^= True
    return np.where(said, sure, 1 - sure)


def test_the_accuracys_p_is_mcnemars_where_no_rows_share_a_group(labels):
    few = compare([evaluation(right_but_for(labels, some), labels) for some in ((), (0, 1, 2))], bootstrap=FEW)
    (pair,) = few.pairs
    assert (pair.only_first, pair.only_second) == (3, 0)
    assert pair.differences["accuracy"].p == pair.mcnemar_p == 0.25


def test_copies_of_one_picture_are_one_to_the_accuracys_p(labels):
    rows = [Row(path=f"/{n}.jpg", label="crack" if one else "sound", group=f"{n // 8}") for n, one in enumerate(labels)]
    both = [
        evaluate_scores(rows, right_but_for(labels, some), bootstrap=FEW) for some in ((), [*range(8), *range(40, 48)])
    ]
    (pair,) = compare(both, bootstrap=FEW).pairs
    assert pair.mcnemar_p < 0.001
    assert pair.differences["accuracy"].p == 0.5


def test_the_groups_of_the_first_are_those_of_every_pair(labels):
    wrong = [*range(8), *range(40, 48)]
    in_eights = [f"{place // 8}" for place in range(len(labels))]
    alone = [f"{place}" for place in range(len(labels))]
    evaluations = [
        evaluate_scores(
            [Row(path=f"/{n}.jpg", label="crack" if one else "sound", group=groups[n]) for n, one in enumerate(labels)],
            right_but_for(labels, some),
            bootstrap=FEW,
        )
        for groups, some in ((in_eights, ()), (alone, wrong), (alone, ()))
    ]
    with_second, _, without_first = compare(evaluations, bootstrap=FEW).pairs
    assert [pair.differences["accuracy"].p for pair in (with_second, without_first)] == [0.5, 0.5]


@pytest.mark.parametrize(("count", "known"), [(0, True), (1, False), (9, False), (10, True), (30, True)])
def test_a_p_is_resampled_where_enough_rows_differ(labels, count, known):
    wrong = [*np.flatnonzero(labels)[: (count + 1) // 2], *np.flatnonzero(~labels)[: count // 2]]
    both = [evaluation(right_but_for(labels, some), labels) for some in ((), wrong)]
    differences = compare(both, bootstrap=FEW).pairs[0].differences
    for name in ("f1", "balanced_accuracy"):
        assert (differences[name].p is not None) == (differences[name].p_holm is not None) == known
        assert differences[name].value is not None
    assert differences["accuracy"].p is not None


def of_two(labels, first, second, resamples=1000):
    """The differences of two that are right but for these rows."""
    both = [evaluation(right_but_for(labels, wrong), labels) for wrong in (first, second)]
    return compare(both, bootstrap=Bootstrap(resamples=resamples)).pairs[0].differences


@pytest.mark.parametrize("rows", [40, 400])
@pytest.mark.parametrize(
    ("only_first", "only_second"), [(1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (9, 0), (6, 1), (7, 1), (7, 2)]
)
def test_where_few_rows_differ_the_accuracys_interval_agrees_with_its_exact_p(labels, rows, only_first, only_second):
    wrong = range(only_first + only_second)
    gap = of_two(labels[:rows], wrong[only_first:], wrong[:only_first])["accuracy"]
    assert gap.value == pytest.approx((only_second - only_first) / rows)
    assert gap.p == pytest.approx(stats.binomtest(only_second, only_first + only_second).pvalue)
    assert (gap.low < 0 < gap.high) == (gap.p >= 0.05)
    assert gap.low < gap.value < gap.high


@pytest.mark.parametrize("differing", [1, 2, 3])
def test_of_two_that_differ_on_a_few_rows_none_is_surely_no_worse(labels, differing):
    """An interval that ends at 0 would say so: resamples hold none of these rows, and never one that says otherwise."""
    cracks, sounds = np.flatnonzero(labels), np.flatnonzero(~labels)
    wrong = [*cracks[: differing - differing // 2], *sounds[: differing // 2]]
    for name, gap in of_two(labels, wrong, ()).items():
        assert gap.low < 0 < gap.value < gap.high < 0.05, name


def test_the_fewer_the_rows_the_less_is_known_of_two_that_differ_on_two(labels):
    spans = []
    for rows in (400, 100, 25):
        differences = of_two(labels[:rows], (0, 1), ())
        spans.append([differences[name].high - differences[name].low for name in differences])
    assert np.all(np.diff(spans, axis=0) > 0)


def in_groups(labels, scores, size):
    rows = [
        Row(path=f"/{n}.jpg", label="crack" if one else "sound", group=f"{n // size}") for n, one in enumerate(labels)
    ]
    return evaluate_scores(rows, scores, bootstrap=FEW)


def test_copies_that_differ_together_are_one_to_the_intervals(labels):
    for size in (8, 1):
        both = [in_groups(labels, right_but_for(labels, wrong), size) for wrong in ((*range(8), *range(40, 48)), ())]
        differences = compare(both, bootstrap=FEW).pairs[0].differences
        assert {gap.low < 0 < gap.high for gap in differences.values()} == {size == 8}
        reach = differences["accuracy"].high - differences["accuracy"].value
        assert (reach > stats.binomtest(0, 400 // 8).proportion_ci().high) == (size == 8)


def test_a_few_photos_that_all_differ_in_ranks_leave_nothing_unseen(labels):
    """Of four photos each holds rows that stand elsewhere: resamples show how far ranks may differ, and are kept to."""
    both = [in_groups(labels, scores(labels, 1.0, seed), 100) for seed in (1, 2)]
    gap = compare(both, bootstrap=FEW).pairs[0].differences["roc_auc"]
    assert gap.p is None
    assert gap.high - gap.low < 0.1


def test_where_many_rows_differ_the_interval_is_that_of_resamples(labels):
    gap = of_two(labels, range(30), (), resamples=4000)["accuracy"]
    assert (gap.low, gap.high) == pytest.approx(stats.binom(400, 30 / 400).ppf([0.025, 0.975]) / 400, abs=2 / 400)


@pytest.mark.parametrize(("swapped", "known"), [(0, True), (4, False), (9, False), (10, True)])
def test_ranks_count_by_the_rows_that_change_places_with_the_other_label(swapped, known):
    labels = np.arange(60) < 30
    ranks = np.linspace(0.99, 0.51, 60)
    other = ranks.copy()
    moved = [*range(30 - swapped, 30), *range(30, 30 + swapped)]
    other[moved] = other[moved[::-1]]
    # All are called crack, so that they differ in rank and in no verdict.
    differences = compare([evaluation(one, labels) for one in (ranks, other)], bootstrap=FEW).pairs[0].differences
    assert [differences[name].p is not None for name in ("roc_auc", "average_precision")] == [known, known]
    assert differences["f1"].p == 1


def ranked_p(first, second, labels):
    """The p of the AUC's difference; scores above one half throughout, so that all are called crack."""
    return (
        compare([evaluation(one, labels) for one in (first, second)], bootstrap=FEW).pairs[0].differences["roc_auc"].p
    )


def test_ranks_count_by_the_label_that_has_fewer_rows_in_other_places():
    labels = np.arange(60) < 30
    ranks = np.linspace(0.99, 0.51, 60)
    other = ranks.copy()
    other[30] = (ranks[14] + ranks[15]) / 2
    assert ranked_p(ranks, other, labels) is None
    other[31:40] = other[30] - np.arange(1, 10) * 1e-5
    assert ranked_p(ranks, other, labels) is not None


@pytest.mark.parametrize("above", [True, False])
def test_a_tie_with_the_other_label_is_half_a_place_for_both(above):
    labels = np.arange(60) < 30
    tied = np.tile(np.linspace(0.99, 0.51, 30), 2)
    broken = tied.copy()
    broken[:4] += 1e-4 if above else -1e-4
    assert ranked_p(tied, broken, labels) is None
    broken[:12] = tied[:12] + (1e-4 if above else -1e-4)
    assert ranked_p(tied, broken, labels) is not None


def test_one_alone_is_no_comparison(labels):
    with pytest.raises(JudgingError, match="two evaluations"):
        compare([evaluation(scores(labels, 1, 1), labels)])


def test_equal_classifiers_are_seldom_told_apart():
    told = 0
    for seed in range(60):
        labels = np.random.default_rng(seed).random(120) < 0.5
        one, other = (evaluation(scores(labels, 2.0, seed * 2 + side + 1), labels) for side in (0, 1))
        told += compare([one, other], bootstrap=FEW).pairs[0].differences["roc_auc"].p < 0.05
    assert told <= 9
