"""A few labels teach a bundle a surface; bad ones do not."""

import dataclasses
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from crackscope.adaptation import AdaptOptions, adapt, suggest
from crackscope.adaptation.adapting import measured
from crackscope.adaptation.curve import learning_curve
from crackscope.adaptation.fitting import Prior, changed, learn
from crackscope.adaptation.patches import Patches, remembered, see
from crackscope.adaptation.validating import beats_guessing, crossed, folds, growth, kept, worth
from crackscope.adaptation.writing import SoundMove
from crackscope.bundles import KnownSound, SurfaceRule, VerdictRule, open_bundle
from crackscope.datasets import Split
from crackscope.errors import AdaptationError, BundleError, DatasetError
from crackscope.images import read, write_png
from crackscope.records import Row
from crackscope.scoring import load, pack, repack
from tests.small_bundle import odd_model, small_manifest, write_small_bundle
from tests.small_surfaces import pooled_bundle, remembering_bundle, write_surface

FAINT = 0.3
FORGETFUL = AdaptOptions(most_forgotten=1)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return remembering_bundle(tmp_path_factory.mktemp("bundles") / "small").path


@pytest.fixture(scope="module")
def surface(tmp_path_factory):
    """A faint surface: 10 patches a label to learn from, and 30 to be judged on."""
    folder = tmp_path_factory.mktemp("surface")
    return (
        folder / "few",
        write_surface(folder / "few", 10, faint=FAINT),
        write_surface(folder / "rest", 30, faint=FAINT, first=300),
    )


def right(model, rows):
    answers = [model.predict(row.path).verdict == row.label for row in rows]
    cracked = np.array([row.label == "crack" for row in rows])
    return (np.mean(np.array(answers)[cracked]) + np.mean(np.array(answers)[~cracked])) / 2


def test_ten_labels_of_a_surface_are_worth_having(bundle, surface, tmp_path):
    few, _, rest = surface
    told = adapt(bundle, few, tmp_path / "out", FORGETFUL)
    before, after = right(load(bundle), rest), right(load(tmp_path / "out"), rest)
    assert after >= before + 0.1
    stated = told.after.balanced_accuracy
    assert stated.low <= after <= stated.high
    assert stated.high - stated.low > 0.1  # ten a label cannot know more
    assert told.labels == {"sound": 10, "crack": 10}
    assert told.old_before is not None
    assert told.old_pictures == 60


def test_what_the_map_looks_at_besides_is_in_the_halo(bundle, surface, tmp_path):
    other = write_small_bundle(tmp_path / "other").path
    adapt(bundle, surface[0], tmp_path / "with", FORGETFUL)
    adapt(other, surface[0], tmp_path / "without")
    halos = [open_bundle(place).manifest.halo for place in (bundle, tmp_path / "with", other, tmp_path / "without")]
    assert halos[1] >= halos[0] + 16  # half the neighbourhood of a patch of 64 px
    assert halos[3] == halos[2]


def test_a_surface_that_was_refused_is_known_afterwards(bundle, surface, tmp_path):
    plain = open_bundle(bundle)
    few, rows, rest = surface
    model = load(bundle)
    highest = max(model.embed(row.path)[0] for row in (*rows, *rest))
    weights = (1.0, *[0.0] * (plain.manifest.embedding - 1))
    refusing = SurfaceRule(weights=weights, shift=0.0, limit=float(highest) + 1)
    rule = VerdictRule(kind="conformal", window_px=64, sound=(1.0,), chances=(0.02,), surface=refusing)
    manifest = msgspec.structs.replace(plain.manifest, verdict=rule)
    repack(tmp_path / "strict", plain, manifest, model=plain.model, reference=plain.reference())
    adapt(tmp_path / "strict", few, tmp_path / "out", FORGETFUL)
    before, after = load(tmp_path / "strict"), load(tmp_path / "out")
    assert {before.predict(row.path).verdict for row in (*rows, *rest)} == {"cannot judge"}
    assert np.mean([after.predict(row.path).verdict == "cannot judge" for row in rows]) <= 0.05
    assert np.mean([after.predict(row.path).verdict == "cannot judge" for row in rest]) < 0.5


@settings(max_examples=40, deadline=None)
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


def seen(margin, crack, group):
    """Patches without features, read as on a surface never met."""
    return Patches(margin, margin, np.ones(len(margin)), np.zeros((len(margin), 0)), (), crack, group)


def with_features(margin, crack, features):
    """Patches that each are a group, with features of one kind."""
    count, kinds = features.shape
    return Patches(margin, margin, np.ones(count), features, (kinds,), crack, np.arange(count))


def test_the_map_moves_with_the_score(bundle, surface, tmp_path):
    few, _, rest = surface
    adapt(bundle, few, tmp_path / "out", FORGETFUL)
    old, new = load(bundle), load(tmp_path / "out")
    for row in rest[:4]:
        pixels = read(row.path).pixels
        before, after = old.score(pixels), new.score(pixels)
        assert np.sign((after.map - before.map).mean()) == np.sign(after.score - before.score)
        heat = new.heatmap(pixels)
        assert heat.logits.shape == after.map.shape


@pytest.mark.parametrize("threshold", [0.5, 0.9])
def test_what_is_written_answers_as_what_was_judged(bundle, surface, tmp_path, threshold):
    plain = open_bundle(bundle)
    manifest = msgspec.structs.replace(plain.manifest, threshold=threshold)
    there = repack(tmp_path / "there", plain, manifest, model=plain.model, reference=plain.reference())
    _, rows, rest = surface
    adapt(tmp_path / "there", Split(rows=tuple(rows), seed=0), tmp_path / "out", FORGETFUL)
    learnt, judged = (see(load(tmp_path / "there"), some).patches for some in (rows, rest))
    prior = Prior(remembered(there.reference(), there), learnt)
    expected = changed(prior, learn(prior, learnt), judged)
    assert see(load(tmp_path / "out"), rest).patches.margin == pytest.approx(expected, abs=0.02)
    assert np.abs(expected - judged.margin).max() > 0.5


def test_what_it_keeps_of_old_pictures_is_what_the_new_network_says(bundle, surface, tmp_path):
    few, _, _ = surface
    adapt(bundle, few, tmp_path / "out", FORGETFUL)
    new, kept = load(tmp_path / "out"), open_bundle(tmp_path / "out").reference()
    assert kept is not None
    rows = write_surface(tmp_path / "old", 30, first=5000)
    said = sorted(new.score(read(row.path).pixels).score for row in rows)
    assert np.allclose(sorted(kept.score), said, rtol=0.02, atol=0.05)


def test_the_same_labels_give_the_same_bundle(bundle, surface, tmp_path):
    few, _, _ = surface
    for name in ("a", "b"):
        adapt(bundle, few, tmp_path / name, FORGETFUL)
    for file in ("model.onnx", "bundle.json", "reference.npy"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_bundle_that_would_forget_is_not_written(bundle, surface, tmp_path):
    with pytest.raises(AdaptationError, match="forget"):
        adapt(bundle, surface[0], tmp_path / "out", AdaptOptions(most_forgotten=0.01))
    assert not (tmp_path / "out").exists()


def test_as_much_is_forgotten_as_is_allowed(bundle, surface, tmp_path):
    told = adapt(bundle, surface[0], tmp_path / "free", FORGETFUL)
    lost = told.old_before.balanced_accuracy.value - told.old_after.balanced_accuracy.value
    assert lost > 0.01
    adapt(bundle, surface[0], tmp_path / "allowed", AdaptOptions(most_forgotten=lost + 1e-6))
    with pytest.raises(AdaptationError, match="forget"):
        adapt(bundle, surface[0], tmp_path / "forbidden", AdaptOptions(most_forgotten=lost - 1e-6))


def test_a_network_that_gives_no_number_is_refused_by_the_name_of_the_picture(tmp_path):
    bundle = pack(tmp_path / "odd", small_manifest(), model=odd_model(), weights=None)
    rows = write_surface(tmp_path / "data", 6)
    write_png(np.zeros((64, 64, 3), np.uint8), Path(rows[3].path))
    with pytest.raises(BundleError, match=f"no number for .*{Path(rows[3].path).name}"):
        adapt(bundle.path, Split(rows=tuple(rows), seed=0), tmp_path / "out")
    with pytest.raises(BundleError, match=f"no number for .*{Path(rows[3].path).name}"):
        suggest(load(bundle), [row.path for row in rows], 3)
    assert not (tmp_path / "out").exists()


def test_labels_drawn_by_lot_are_refused(bundle, tmp_path):
    rng = np.random.default_rng(3)
    rows = write_surface(tmp_path / "data", 15, faint=0.6)
    mixed = tmp_path / "mixed"
    for name in ("crack", "sound"):
        (mixed / name).mkdir(parents=True)
    for number, place in enumerate(rng.permutation(len(rows))):
        shutil.copy(rows[place].path, mixed / ("crack" if number % 2 else "sound") / f"{number}.png")
    with pytest.raises(AdaptationError, match="check the labels, or label more patches"):
        adapt(bundle, mixed, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_too_few_or_one_label_only_are_refused_before_anything_is_written(bundle, tmp_path):
    write_surface(tmp_path / "four", 4)
    with pytest.raises(AdaptationError, match="at least 5"):
        adapt(bundle, tmp_path / "four", tmp_path / "out")
    write_surface(tmp_path / "one", 8)
    shutil.rmtree(tmp_path / "one" / "sound")
    with pytest.raises(DatasetError, match="sound"):
        adapt(bundle, tmp_path / "one", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_copies_of_one_picture_and_thousands_of_patches_are_refused(bundle, surface, tmp_path):
    copies = [msgspec.structs.replace(row, group="one" if row.label == "crack" else "") for row in surface[1]]
    with pytest.raises(AdaptationError, match="copies of each other"):
        adapt(bundle, Split(rows=tuple(copies), seed=0), tmp_path / "out")
    many = [Row(path=f"/no/{n}.png", label="crack" if n % 2 else "sound") for n in range(2001)]
    with pytest.raises(AdaptationError, match="crackscope train"):
        adapt(bundle, Split(rows=tuple(many), seed=0), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_test_part_is_left_alone(bundle, surface, tmp_path):
    _, rows, rest = surface
    parts = [msgspec.structs.replace(row, part="train") for row in rows]
    parts += [msgspec.structs.replace(row, part="test") for row in rest]
    told = adapt(bundle, Split(rows=tuple(parts)), tmp_path / "out", FORGETFUL)
    assert told.labels == {"sound": 10, "crack": 10}


def test_groups_widen_the_interval(bundle, surface, tmp_path):
    rows = surface[1]
    alone = adapt(bundle, Split(rows=tuple(rows), seed=0), tmp_path / "a", FORGETFUL)
    paired = [msgspec.structs.replace(row, group=f"{row.label}{place // 2}") for place, row in enumerate(rows)]
    grouped = adapt(bundle, Split(rows=tuple(paired), seed=0), tmp_path / "b", FORGETFUL)
    assert grouped.groups == 10
    wide, narrow = grouped.before.balanced_accuracy, alone.before.balanced_accuracy
    assert wide.value == pytest.approx(narrow.value)
    assert wide.high - wide.low > narrow.high - narrow.low


def test_without_a_word_on_old_pictures_nothing_is_claimed_of_them(surface, tmp_path):
    plain = pooled_bundle(tmp_path / "plain").path
    told = adapt(plain, surface[0], tmp_path / "out")
    assert (told.old_before, told.old_after, told.old_pictures) == (None, None, 0)
    assert open_bundle(tmp_path / "out").reference() is None


def test_a_network_without_features_is_moved_as_a_whole(surface, tmp_path):
    other = write_small_bundle(tmp_path / "other").path
    adapt(other, surface[0], tmp_path / "out")
    pixels = read(surface[1][0].path).pixels
    before, after = load(other).score(pixels), load(tmp_path / "out").score(pixels)
    lines = np.polyfit(before.map.ravel(), after.map.ravel(), 1)
    assert np.allclose(np.polyval(lines, before.map), after.map, atol=1e-3)


def test_a_curve_says_what_was_measured_and_what_is_guessed(bundle, surface, tmp_path):
    options = dataclasses.replace(FORGETFUL, curve=True)
    curve = adapt(bundle, surface[0], tmp_path / "out", options).curve
    assert curve is not None
    sizes = [point.a_label for point in curve.points]
    assert sizes == sorted(sizes)
    assert [point.a_label for point in curve.points if not point.measured] == [20, 40]
    for point in curve.points:
        one = point.balanced_accuracy
        assert 0 <= one.low <= one.value <= one.high <= 1


def test_a_curve_of_a_dozen_patches_a_label_is_not_sure_of_itself():
    rng = np.random.default_rng(0)
    crack = np.arange(24) % 2 == 0
    patches = seen(np.where(crack, 1.0, -1.0) + rng.normal(0, 1.2, 24), crack, np.arange(24))
    for point in learning_curve(Prior(None, patches), patches, 0).points:
        assert point.balanced_accuracy.high - point.balanced_accuracy.low > 0.15


def test_a_handful_of_sound_patches_does_not_stretch_the_windows_beyond_belief():
    for deviation, most in ((9.0, 3.0), (0.01, 1 / 3), (2.0, 2.0)):
        stretch, shift = SoundMove(before=(-1.0, 1.0), after=(-2.0, deviation)).line()
        assert stretch == pytest.approx(most)
        assert -1 * stretch + shift == pytest.approx(-2)


def test_sound_windows_move_as_sound_pictures_do(surface, tmp_path):
    plain = remembering_bundle(tmp_path / "plain")
    old = write_surface(tmp_path / "old", 20, first=9000)
    sound = [row for row in old if row.label == "sound"]
    scores = sorted((load(plain).score(read(row.path).pixels).score for row in sound), reverse=True)
    rule = VerdictRule(
        kind="conformal",
        window_px=64,
        sound=tuple(scores),
        chances=(0.5,) * len(scores),
        known=(KnownSound(name="wall", sound=tuple(scores[::2])),),
    )
    manifest = msgspec.structs.replace(plain.manifest, verdict=rule)
    repack(tmp_path / "whole", plain, manifest, model=plain.model, reference=plain.reference())
    adapt(tmp_path / "whole", surface[0], tmp_path / "out", FORGETFUL)
    new = load(tmp_path / "out")
    moved = new.manifest.verdict
    assert list(moved.sound) == sorted(moved.sound, reverse=True)
    assert moved.known[0].sound == moved.sound[::2]
    stretch = np.polyfit(scores, moved.sound, 1)[0]
    assert 0 < moved.tail == pytest.approx(stretch * rule.tail, rel=1e-2)
    said = [new.score(read(row.path).pixels).score for row in sound]
    before, after = np.mean(said) - np.mean(scores), np.mean(said) - np.mean(moved.sound)
    assert abs(after) < abs(before)
