"""What is learnt from few patches, how it is judged on those left out, and what it is held back by."""

import contextlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from crackscope.adaptation import AdaptOptions
from crackscope.adaptation.adapting import measured
from crackscope.adaptation.curve import learning_curve, some_groups
from crackscope.adaptation.fitting import Prior, changed, learn
from crackscope.adaptation.patches import Patches, margins
from crackscope.adaptation.refusing import RefusedError, refuse_forgetting, refuse_worse
from crackscope.adaptation.validating import Worth, beats_guessing, crossed, folds, growth, kept, worth
from crackscope.adaptation.writing import SoundMove
from crackscope.errors import AdaptationError
from crackscope.records import Measure
from tests.small_bundle import small_manifest


def seen(margin, crack, group):
    """Patches without features, read as on a surface never met."""
    return Patches(margin, margin, np.ones(len(margin)), np.zeros((len(margin), 0)), (), crack, group)


def with_features(margin, crack, features):
    """Patches that each are a group, with features of one kind."""
    count, kinds = features.shape
    return Patches(margin, margin, np.ones(count), features, (kinds,), crack, np.arange(count))


@settings(max_examples=40)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=8, max_size=40), st.integers(0, 99))
def test_what_is_held_out_leaves_both_labels_to_learn_from(pictures, seed):
    crack, group = (np.array(column) for column in zip(*pictures, strict=True))
    patches = seen(np.where(crack, 1.0, -1.0), crack, np.unique(group, return_inverse=True)[1])
    assume(min(patches.groups_of(True), patches.groups_of(False)) > 1)
    times = np.zeros(len(crack), int)
    for held in folds(patches, np.random.default_rng(seed)):
        times += held
        assert set(crack[~held]) == {True, False}
        assert not set(group[held]) & set(group[~held])
    assert times.max() <= 1


def test_no_labels_make_a_rising_score_fall():
    crack = np.arange(200) % 2 == 0
    patches = seen(np.where(crack, -3.0, 3.0), crack, np.arange(200))
    scale, _ = learn(Prior(None, patches), patches)
    assert 0 < 1 + scale < 0.2


def test_both_labels_weigh_alike_however_many_there_are_of_each():
    crack = np.arange(40) < 4
    patches = seen(np.full(40, -1.0), crack, np.arange(40))
    prior = Prior(None, patches)
    assert changed(prior, learn(prior, patches), patches) == pytest.approx(0, abs=0.05)


def test_features_that_tell_nothing_change_little_and_telling_ones_much():
    rng = np.random.default_rng(0)
    crack = np.arange(60) % 2 == 0
    noise = rng.normal(0, 1, (60, 30))
    telling = noise + np.where(crack, 1.0, -1.0)[:, None] * (np.arange(30) < 10)
    spreads = []
    for features in (noise, telling):
        patches = with_features(np.zeros(60), crack, features)
        prior = Prior(None, patches)
        spreads.append(changed(prior, learn(prior, patches), patches).std())
    assert spreads[0] < 1 < 2.5 < spreads[1]


def test_a_kind_of_features_counts_no_more_for_being_written_twice():
    rng = np.random.default_rng(0)
    crack = np.arange(60) % 2 == 0
    features = rng.normal(0, 1, (60, 5)) + np.where(crack, 0.5, -0.5)[:, None]
    once, twice = (with_features(np.zeros(60), crack, some) for some in (features, np.hstack([features, features])))
    said = [changed(prior := Prior(None, one), learn(prior, one), one) for one in (once, twice)]
    assert said[0] == pytest.approx(said[1])


def test_what_it_knew_holds_it_back():
    crack = np.arange(40) % 2 == 0
    low = seen(np.where(crack, -1.0, -3.0), crack, np.arange(40))
    known = seen(np.where(np.arange(200) % 2 == 0, 1.0, -1.0), np.arange(200) % 2 == 0, np.arange(200))
    (_, free), (_, held) = (learn(Prior(old, low), low) for old in (None, known))
    assert 0 < held < 0.7 * free


def test_few_right_answers_are_no_proof_against_guessing():
    crack = np.arange(8) % 2 == 0
    margin = np.where(crack, 3.0, -3.0)
    for groups, proven in ((crack.astype(int), False), (np.arange(8), True)):
        patches = seen(margin, crack, groups)
        assert beats_guessing(worth(margin[None], patches), patches) == proven


def test_what_grows_beyond_its_error_is_refused_though_as_many_are_called_rightly():
    """One patch of twelve that looks like the other label: what is learnt from it spoils the answers to the rest."""
    crack = np.arange(12) % 2 == 0
    margin = np.where(crack, 4.0, -4.0)
    margin[0] = -4.0
    patches = seen(margin, crack, np.arange(12))
    said = crossed(Prior(None, patches), patches, 0)
    before, after = (worth(one, patches).balanced_accuracy for one in (margin[None], said))
    assert before.value == after.value
    with pytest.raises(AdaptationError, match="would get worse"):
        measured(patches, None, AdaptOptions())


def test_why_it_is_refused_though_more_are_called_rightly_is_said_in_words():
    """Margins on which what is learnt moves the even ones to the right side, and those far off farther."""
    margin = [3.7, -0.4, 4.0, -2.5, 0.5, 0.7, 1.5, 6.2, 0.1, -2.9, 1.5, 0.3, 5.7, 0.3, 1.1, -1.1, 1.6, -0.3, -0.4, -0.1]
    patches = seen(np.array(margin), np.arange(20) % 2 == 0, np.arange(20))
    with pytest.raises(AdaptationError) as refused:
        measured(patches, None, AdaptOptions())
    for words in ("more patches rightly (balanced accuracy 0.750 and 0.780)", "would fit the labels less (log loss"):
        assert words in str(refused.value)


def test_more_labels_are_advised_only_where_the_curve_expects_a_gain():
    crack = np.arange(12) % 2 == 0
    margin = np.where(crack, 4.0, -4.0)
    margin[0] = -4.0
    patches = seen(margin, crack, np.arange(12))
    prior = Prior(None, patches)
    with pytest.raises(
        AdaptationError, match=r"nothing was written: label more patches \(--curve says what"
    ) as refused:
        measured(patches, None, AdaptOptions())
    assert "curve=True" not in str(refused.value)
    with pytest.raises(AdaptationError, match=r"even 24 a label are not expected to help .* so check the") as refused:
        measured(patches, None, AdaptOptions(curve=True), ask=lambda: learning_curve(prior, patches, 0))
    assert "label more" not in str(refused.value)


def ten_of_three_photos(wrong):
    """Ten patches a label of three photos, so many of each label on the wrong side; and the same patches one by one."""
    crack = np.arange(20) % 2 == 0
    margin = np.where(crack ^ (np.arange(20) < 2 * wrong), 0.3, -0.3)
    apart = seen(margin, crack, np.arange(20))
    return replace(apart, group=np.arange(20) // 2 % 3), apart


def test_swapped_labels_are_seen_by_patches_where_photos_are_few():
    photos, apart = ten_of_three_photos(wrong=8)
    assert worth(photos.margin[None], photos).balanced_accuracy.high > 0.5
    with pytest.raises(AdaptationError, match="seem to be swapped"):
        measured(photos, None, AdaptOptions(), apart)


def test_what_beats_guessing_patch_by_patch_is_not_refused_for_few_photos():
    photos, apart = ten_of_three_photos(wrong=2)
    with pytest.raises(AdaptationError, match="guessing might reach"):
        measured(photos, None, AdaptOptions())
    found = measured(photos, None, AdaptOptions(), apart).after.balanced_accuracy
    assert found.low < 0.5 < found.value


def test_growth_is_the_mean_of_both_labels_and_its_error_that_of_their_groups():
    crack = np.array([True] * 6 + [False] * 4)
    group = np.array([0, 0, 1, 1, 2, 3, 4, 4, 5, 6])
    margin = np.linspace(-2, 3, 10)
    others = np.stack([margin + 0.5, margin * 0.7])
    lost = [np.log1p(np.exp(np.where(crack, -one, one))) for one in (margin, *others)]
    each = (lost[1] + lost[2]) / 2 - lost[0]
    trials = [[each[group == number].mean() for number in some] for some in ((0, 1, 2, 3), (4, 5, 6))]
    found = growth(others, seen(margin, crack, group))
    assert found[0] == pytest.approx(np.mean([np.mean(some) for some in trials]))
    assert found[1] == pytest.approx(np.hypot(*(stats.sem(some) / 2 for some in trials)))


def of(value, high):
    """The worth of a bundle with this balanced accuracy, and the upper end of its interval."""
    share = Measure(value=value, low=0.5, high=high)
    return Worth(balanced_accuracy=share, recall=share, false_alarms=share, margin_loss=0.4)


@pytest.mark.parametrize(
    ("growth", "high", "refused"),
    [((0.01, 0.02), 0.8, False), ((0.03, 0.02), 0.99, True), ((0.01, 0.02), 0.79, True), ((-0.1, 0.02), 0.8, False)],
)
def test_worse_is_a_loss_beyond_its_error_or_a_share_that_is_surely_smaller(growth, high, refused):
    with pytest.raises(RefusedError, match="would get worse") if refused else contextlib.nullcontext():
        refuse_worse(of(0.8, 0.9), of(0.7, high), growth)


def test_as_much_may_be_forgotten_as_is_allowed_and_no_more():
    refuse_forgetting(of(0.75, 0.9), of(0.5, 0.9), 0.25)
    with pytest.raises(RefusedError, match=r"falls by 0\.250, more than 0\.24,"):
        refuse_forgetting(of(0.75, 0.9), of(0.5, 0.9), 0.24)


def test_what_is_said_of_a_patch_was_not_learnt_from_it():
    """Each patch has a feature of its own, from which its label can be learnt by heart and no other's."""
    crack = np.arange(40) % 2 == 0
    patches = with_features(np.zeros(40), crack, 3 * np.eye(40))
    prior = Prior(None, patches)
    by_heart = worth(changed(prior, learn(prior, patches), patches)[None], patches)
    held_out = worth(crossed(prior, patches, 0), patches)
    assert by_heart.balanced_accuracy.value == 1
    assert held_out.balanced_accuracy.value < 0.6


def test_what_is_said_of_an_old_picture_was_not_held_back_by_it():
    rng = np.random.default_rng(0)
    crack = np.arange(40) % 2 == 0
    old = with_features(np.where(crack, 1.0, -1.0), crack, rng.normal(0, 1, (40, 60)))
    new = with_features(np.where(crack, -1.0, 1.0), crack, old.features + rng.normal(0, 0.1, (40, 60)))
    prior = Prior(old, new)
    held = np.abs(changed(prior, learn(prior, new), old) - old.margin).mean()
    assert np.abs(kept(old, new, 0) - old.margin).mean() > 1.1 * held


def test_few_patches_are_held_out_many_times_over():
    for count, times in ((20, 10), (100, 4), (800, 1)):
        crack = np.arange(count) % 2 == 0
        patches = seen(np.where(crack, 1.0, -1.0), crack, np.arange(count))
        assert crossed(Prior(None, patches), patches, 0).shape == (times, count)


def test_an_error_counts_both_labels_alike():
    crack = np.arange(40) < 30
    patches = seen(np.full(40, 3.0), crack, np.arange(40))
    found = worth(patches.margin[None], patches)
    assert (found.balanced_accuracy.value, found.recall.value, found.false_alarms.value) == (0.5, 1, 1)


def test_a_curve_of_a_dozen_patches_a_label_is_not_sure_of_itself():
    rng = np.random.default_rng(0)
    crack = np.arange(24) % 2 == 0
    patches = seen(np.where(crack, 1.0, -1.0) + rng.normal(0, 1.2, 24), crack, np.arange(24))
    for point in learning_curve(Prior(None, patches), patches, 0).points:
        assert point.balanced_accuracy.high - point.balanced_accuracy.low > 0.15


def curve_of(margin, crack):
    patches = seen(margin, crack, np.arange(len(crack)))
    return learning_curve(Prior(None, patches), patches, 0).points


@pytest.mark.parametrize("a_label", [6, 12])
def test_a_curve_where_all_are_called_rightly_is_as_unsure_as_the_figures_beside_it(a_label):
    crack = np.arange(2 * a_label) % 2 == 0
    margin = np.where(crack, 4.0, -4.0)
    patches = seen(margin, crack, np.arange(2 * a_label))
    beside = worth(margin[None], patches).balanced_accuracy
    points = curve_of(margin, crack)
    assert [point.measured for point in points][-3:] == [True, False, False]
    assert [point.a_label for point in points][-2:] == [2 * a_label, 4 * a_label]
    for point in points:
        found = point.balanced_accuracy
        assert (found.value, found.high) == (1, 1)
        assert found.low == pytest.approx(beside.low, abs=0.02)


def test_a_curve_of_five_patches_a_label_says_what_was_measured_and_no_more():
    crack = np.arange(10) % 2 == 0
    (point,) = curve_of(np.where(crack, 4.0, -4.0), crack)
    assert (point.a_label, point.measured) == (3, True)
    assert point.balanced_accuracy.low < 0.75


@settings(max_examples=60)
@given(st.lists(st.sampled_from(["crack", "sound", "both"]), min_size=3, max_size=20), st.integers(0, 9))
def test_groups_that_hold_both_labels_count_for_both(kinds, seed):
    rows = [
        (group, label)
        for group, kind in enumerate(kinds)
        for label in (True, False)
        if kind != ("sound", "crack")[not label]
    ]
    group, crack = (np.array(column) for column in zip(*rows, strict=True))
    patches = seen(np.zeros(len(rows)), crack, group)
    size = patches.fewest_groups - 1
    assume(size > 0)
    chosen = some_groups(patches, size, np.random.default_rng(seed))
    assert len(set(chosen.tolist())) == len(chosen)
    of_label = [sum(kinds[one] in (label, "both") for one in chosen) for label in ("crack", "sound")]
    assert min(of_label) == size
    alone = min(kinds.count("crack"), kinds.count("sound"))
    if alone >= size or set(kinds) == {"both"}:
        assert max(of_label) == size


def test_a_handful_of_sound_patches_does_not_stretch_the_windows_beyond_belief():
    for deviation, most in ((9.0, 3.0), (0.01, 1 / 3), (2.0, 2.0)):
        stretch, shift = SoundMove(before=(-1.0, 1.0), after=(-2.0, deviation)).line()
        assert stretch == pytest.approx(most)
        assert -1 * stretch + shift == pytest.approx(-2)


def test_gain_is_what_the_margin_grows_by_as_the_plain_one_grows_by_one():
    score, ways = np.array([-1.0, 0.5, 3.0]), np.array([[0.4, 0.1, 0.0], [1.5, -0.2, 0.3], [2.0, 0.0, -0.1]])
    one, more = (margins(some, ways, small_manifest()) for some in (score, score + 1))
    assert (more[0] - one[0]) / (more[1] - one[1]) == pytest.approx(one[2])
    assert one[0] == pytest.approx(ways[:, 0] * score + ways[:, 1] - ways[:, 2])
    assert (more[1] - one[1]) == pytest.approx(small_manifest().calibration.scale)
    assert small_manifest().calibration.scale != 1
