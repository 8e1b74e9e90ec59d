"""A few labels teach a bundle a surface; bad ones do not."""

import dataclasses
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest

from crackscope.adaptation import AdaptOptions, adapt, suggest
from crackscope.adaptation.fitting import Prior, changed, learn
from crackscope.adaptation.patches import remembered, see
from crackscope.bundles import (
    KnownSound,
    KnownSurface,
    LocalCalibration,
    SurfaceRule,
    VerdictRule,
    logit,
    open_bundle,
    pack_projection,
)
from crackscope.datasets import Split
from crackscope.errors import AdaptationError, BundleError
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


def with_mask_threshold(bundle, logit, place):
    plain = open_bundle(bundle)
    manifest = msgspec.structs.replace(plain.manifest, mask_threshold=logit)
    return repack(place, plain, manifest, model=plain.model, reference=plain.reference()).path


def test_what_was_marked_as_crack_keeps_its_area(bundle, surface, tmp_path):
    few, rows, _ = surface
    maps = {row.path: load(bundle).score(read(row.path).pixels).map for row in rows if row.label == "crack"}
    low, high = np.quantile(np.concatenate([heat.ravel() for heat in maps.values()]), [0.8, 0.95])
    assert low < high
    for before in (low, high):
        there = with_mask_threshold(bundle, float(before), tmp_path / f"there{before}")
        adapt(there, few, tmp_path / f"out{before}", FORGETFUL)
        model = load(tmp_path / f"out{before}")
        marked = {path: heat > before for path, heat in maps.items() if (heat > before).any()}
        after = [model.score(read(path).pixels).map > model.manifest.mask_threshold for path in marked]
        known = sum(int(one.sum()) for one in marked.values())
        assert sum(int(one.sum()) for one in after) == pytest.approx(known, abs=max(2, known // 50))


def test_where_nothing_was_marked_the_mask_threshold_stays(bundle, surface, tmp_path):
    there = with_mask_threshold(bundle, 1000.0, tmp_path / "there")
    adapt(there, surface[0], tmp_path / "out", FORGETFUL)
    assert open_bundle(tmp_path / "out").manifest.mask_threshold == 1000


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


def test_the_more_is_learnt_the_nearer_the_threshold_comes_to_an_even_chance(bundle, tmp_path):
    plain = open_bundle(bundle)
    calibration = msgspec.structs.replace(
        plain.manifest.calibration, shift=plain.manifest.calibration.shift + logit(0.9)
    )
    manifest = msgspec.structs.replace(plain.manifest, threshold=0.9, calibration=calibration)
    parts = plain.reference()
    read_with = parts.read + np.array([0, logit(0.9), logit(0.9)], np.float32)
    there = repack(
        tmp_path / "there", plain, manifest, model=plain.model, reference=dataclasses.replace(parts, read=read_with)
    )
    rest = write_surface(tmp_path / "rest", 40, faint=FAINT, first=900)
    for count in (5, 20):
        rows = write_surface(tmp_path / str(count), count, faint=FAINT)
        told = adapt(there.path, Split(rows=tuple(rows), seed=0), tmp_path / f"out{count}", FORGETFUL)
        written = open_bundle(tmp_path / f"out{count}")
        even = count / (count + 5)
        assert told.threshold == written.manifest.threshold
        assert logit(told.threshold) == pytest.approx((1 - even) * logit(0.9), abs=1e-3)
        kept = remembered(written.reference(), written)
        assert written.reference().read[:, 2] == pytest.approx(logit(told.threshold), abs=0.01)
        model = load(written)
        answers = [model.predict(row.path) for row in rest]
        margin = see(model, rest).patches.margin
        assert all((one.verdict == "crack") == (where >= 0) for one, where in zip(answers, margin, strict=True))
        assert [logit(one.probability) for one in answers] == pytest.approx(margin + logit(told.threshold), abs=1e-3)
        assert np.isfinite(kept.margin).all()


def test_surfaces_that_it_knows_keep_their_verdicts_too(bundle, surface, tmp_path):
    """What a score is read with changes, and where the threshold lies in it; what is called crack does not."""
    plain = open_bundle(bundle)
    size = plain.manifest.embedding
    known = tuple(
        KnownSurface(name=name, centre=(at,), scale=0.5, shift=shift, threshold=threshold)
        for name, at, shift, threshold in (("near", 0.0, 0.4, 0.8), ("far", 50.0, -1.0, 0.3))
    )
    local = LocalCalibration(projection=pack_projection(np.zeros((1, size))), origin=(0.0,), limit=1.0, surfaces=known)
    manifest = msgspec.structs.replace(plain.manifest, threshold=0.7, local=local)
    there = repack(tmp_path / "there", plain, manifest, model=plain.model, reference=plain.reference())
    _, rows, rest = surface
    adapt(there.path, Split(rows=tuple(rows), seed=0), tmp_path / "out", FORGETFUL)
    learnt, judged = (see(load(there), some).patches for some in (rows, rest))
    prior = Prior(remembered(there.reference(), there), learnt)
    expected = changed(prior, learn(prior, learnt), judged)
    model = load(tmp_path / "out")
    assert see(model, rest).patches.margin == pytest.approx(expected, abs=0.02)
    for before, after in zip(known, model.manifest.local.surfaces, strict=True):
        assert logit(after.threshold) == pytest.approx(logit(before.threshold) / 3, abs=1e-3)


def test_what_it_keeps_of_old_pictures_is_what_the_new_network_says(bundle, surface, tmp_path):
    few, _, _ = surface
    adapt(bundle, few, tmp_path / "out", FORGETFUL)
    new, kept = load(tmp_path / "out"), open_bundle(tmp_path / "out").reference()
    assert kept is not None
    rows = write_surface(tmp_path / "old", 30, first=5000)
    said = sorted(new.score(read(row.path).pixels).score for row in rows)
    assert np.allclose(sorted(kept.score[: len(rows)]), said, rtol=0.02, atol=0.05)


def test_what_it_learnt_holds_the_next_lesson_back(bundle, surface, tmp_path):
    """Of each lesson a word is kept, so that the next one does not undo it."""
    few, rows, _ = surface
    adapt(bundle, few, tmp_path / "one", FORGETFUL)
    model = load(tmp_path / "one")
    kept = remembered(model.bundle.reference(), model.bundle)
    assert len(kept) == 60 + len(rows)
    mine = see(model, rows).patches
    # The table is float16, and its rows stand in the order of what was read.
    assert np.sort(kept.margin[60:]) == pytest.approx(np.sort(mine.margin), abs=0.05)
    assert sorted(kept.crack[60:]) == sorted(mine.crack)
    told = adapt(tmp_path / "one", Split(rows=tuple(rows), seed=0), tmp_path / "two", FORGETFUL)
    assert told.old_pictures == 60 + len(rows)


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
    with pytest.raises(AdaptationError, match="sound"):
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


def test_how_far_the_learning_is_can_be_watched_and_ended_at_every_step(bundle, surface, tmp_path):
    heard: list[tuple[int, int]] = []

    def hear(done: int, total: int) -> None:
        heard.append((done, total))

    adapt(bundle, surface[0], tmp_path / "plain", dataclasses.replace(FORGETFUL, learning=hear))
    judging = len(heard)
    assert heard == [(step, judging) for step in range(1, judging + 1)]
    heard.clear()
    adapt(bundle, surface[0], tmp_path / "curved", dataclasses.replace(FORGETFUL, curve=True, learning=hear))
    assert len(heard) > 2 * judging
    assert heard == [(step, len(heard)) for step in range(1, len(heard) + 1)]

    def leave(done: int, total: int) -> None:
        if done == total - 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        adapt(bundle, surface[0], tmp_path / "left", dataclasses.replace(FORGETFUL, curve=True, learning=leave))
    assert not (tmp_path / "left").exists()


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
