"""What is suggested: patches in doubt that differ, and likely cracks, out of pictures of any size, as files to sort."""

import csv
import json
import shutil
from pathlib import Path
from urllib.parse import unquote

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crackscope import images
from crackscope.adaptation import LEAST_A_LABEL, hand_out, suggest
from crackscope.adaptation.choosing import choose, doubts, parting
from crackscope.bundles import feature_sizes
from crackscope.datasets import read_rows
from crackscope.errors import AdaptationError, BundleError
from crackscope.records import Row
from crackscope.scoring import describe, load, pack, repack, showing_features, unfit_pixels
from tests.small_bundle import odd_model, small_manifest
from tests.small_patches import patch
from tests.small_surfaces import pooled_bundle, remembering_bundle


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return load(remembering_bundle(tmp_path_factory.mktemp("bundles") / "small"))


def photo(folder, name, height, width):
    pixels = np.tile(patch(len(name), 64, cracked=True)[0], (-(-height // 64), -(-width // 64), 1))[:height, :width]
    path = folder / name
    images.write_png(np.ascontiguousarray(pixels), path)
    return str(path)


@settings(max_examples=30)
@given(st.integers(1, 40), st.integers(1, 50), st.integers(0, 9))
def test_as_many_as_asked_for_and_none_twice(count, patches, seed):
    rng = np.random.default_rng(seed)
    taken = choose(rng.normal(size=patches), rng.normal(size=(patches, 5)), count)
    assert len(taken) == min(count, patches)
    assert len(set(taken.tolist())) == len(taken)


def test_of_patches_all_alike_none_is_taken_twice():
    taken = choose(np.zeros(6), np.ones((6, 3)), 4)
    assert len(set(taken.tolist())) == 4


def test_one_of_each_kind_comes_before_a_second_of_any():
    rng = np.random.default_rng(0)
    kinds = np.repeat(np.arange(4), 20)
    embedding = np.eye(4)[kinds] * 9 + rng.normal(scale=0.1, size=(80, 4))
    taken = choose(rng.normal(size=80), embedding, 4, likeliest=0)
    assert sorted(kinds[taken].tolist()) == [0, 1, 2, 3]


def test_a_kind_that_is_labelled_already_comes_last():
    """Four kinds, the most doubtful of which is known."""
    rng = np.random.default_rng(3)
    kinds = 5 * np.eye(4).repeat(5, axis=0)
    features = kinds + 0.01 * rng.normal(size=(20, 4))
    score = np.repeat([0.0, 1.0, -1.0, 2.0], 5)
    assert 0 in choose(score, features, 3, likeliest=0) // 5
    assert sorted(choose(score, features, 3, likeliest=0, known=features[:2]) // 5) == [1, 2, 3]


def test_of_patches_that_differ_alike_the_most_doubtful_come_first():
    score = np.random.default_rng(1).normal(size=24)
    taken = choose(score, np.eye(24), 6, likeliest=0)
    assert sorted(taken.tolist()) == sorted(np.argsort(-doubts(score))[:6].tolist())


@settings(max_examples=30)
@given(st.integers(1, 60), st.integers(0, 9))
def test_every_third_is_the_highest_score_left_until_there_are_seven(patches, seed):
    rng = np.random.default_rng(seed)
    score = rng.normal(size=patches)
    taken = choose(score, rng.normal(size=(patches, 5)), 40).tolist()
    for place in range(2, min(21, len(taken)), 3):
        assert score[taken[place]] == np.delete(score, taken[:place]).max()


def test_more_patches_begin_with_those_of_fewer():
    rng = np.random.default_rng(2)
    score, features = rng.normal(size=50), rng.normal(size=(50, 8))
    assert choose(score, features, 12).tolist() == choose(score, features, 30)[:12].tolist()


@settings(max_examples=30)
@given(st.integers(2, 60), st.integers(0, 99), st.booleans())
def test_what_is_chosen_does_not_depend_on_the_order_of_the_patches(patches, seed, labelled):
    """The two whose scores lie beside where scores part are always as doubtful as each other."""
    rng = np.random.default_rng(seed)
    score, features = rng.normal(size=patches), rng.normal(size=(patches, 5)).astype(np.float32)
    known = rng.normal(size=(4, 5)) if labelled else None
    taken = choose(score, features, 12, known=known)
    order = rng.permutation(patches)
    shuffled = choose(score[order], features[order], 12, known=None if known is None else known[::-1])
    assert order[shuffled].tolist() == taken.tolist()


def test_no_copy_is_taken_for_its_high_score_while_others_are_left():
    """Each patch thrice."""
    rng = np.random.default_rng(4)
    score, features = rng.normal(size=12).repeat(3), rng.normal(size=(12, 6)).repeat(3, axis=0)
    taken = choose(score, features, 12)
    assert sorted(taken // 3) == list(range(12))


def test_few_cracks_that_look_alike_among_much_that_is_sound_are_named_for_adapt(model, tmp_path):
    """Sound patches differ a lot, and doubt lies among them: by doubt and distance alone 1 of 6 cracks is named."""
    paths = []
    for number in range(120):
        cracked = number % 20 == 0
        pixels = patch(7 if cracked else 500 + number, 64, cracked=cracked)[0]
        path = tmp_path / f"{'crack' if cracked else 'sound'}-{number}.png"
        images.write_png(np.clip(pixels * (0.9 + number / 1200), 0, 255).astype(np.uint8), path)
        paths.append(str(path))
    named = [Path(one.path).name.partition("-")[0] for one in suggest(model, paths, 20).patches]
    assert named.count("crack") >= LEAST_A_LABEL


def test_doubt_is_largest_where_the_scores_part_wherever_they_lie():
    score = np.concatenate([np.linspace(4, 5, 30), [7.0], np.linspace(9, 10, 30)])
    assert 5 < parting(score) < 9
    assert 30 in np.argsort(doubts(score))[-2:]
    assert np.allclose(doubts(score), doubts(score + 100))


@settings(max_examples=30)
@given(st.lists(st.floats(-50, 50), min_size=2, max_size=30))
def test_numbers_are_parted_inside_their_range(values):
    score = np.array(values)
    assert score.min() <= parting(score) <= score.max()
    assert np.all((doubts(score) > 0) & (doubts(score) <= 1))


@pytest.mark.parametrize(("height", "width"), [(40, 64), (90, 90), (100, 300), (257, 131)])
def test_the_patches_of_a_photo_cover_it(model, tmp_path, height, width):
    found = suggest(model, [photo(tmp_path, "p.png", height, width)], 999)
    covered = np.zeros((height, width), bool)
    for one in found.patches:
        assert one.left + one.width <= width
        assert one.top + one.height <= height
        covered[one.top : one.top + one.height, one.left : one.left + one.width] = True
    assert covered.all()
    assert found.seen == len(found.patches)
    assert [one.rank for one in found.patches] == list(range(1, found.seen + 1))


def test_pictures_that_cannot_be_judged_are_left_out_and_told(tmp_path):
    """By the bundle in the package, which has a rule of what is too dark."""
    judging = load()
    good, dark = photo(tmp_path, "good.png", 64, 200), str(tmp_path / "dark.png")
    images.write_png(np.full((64, 200, 3), 3, np.uint8), dark)
    found = suggest(judging, [dark, good], 99)
    assert {one.path for one in found.patches} == {good}
    assert [(one.path, one.reason.partition(":")[0]) for one in found.unfit] == [(dark, "too dark")]
    assert judging.predict(dark).verdict == "cannot judge"
    with pytest.raises(AdaptationError, match=r"the only picture cannot be judged.*dark\.png: too dark"):
        suggest(judging, [dark], 99)
    with pytest.raises(AdaptationError, match="all patches of these photos that can be judged are labelled already"):
        suggest(judging, [dark, good], 99, labelled=[Row(path=good, label="crack")])


def test_patches_that_predict_would_not_judge_are_left_out_and_told(tmp_path):
    """By the bundle in the package; a photo whose one end is blown out, and one of which little shows anything."""
    judging = load()
    rng = np.random.default_rng(0)
    wall = np.clip(rng.normal(128, 30, (454, 908, 1)), 0, 255).repeat(3, axis=2).astype(np.uint8)
    wall[:, 400:] = 255
    lit, framed = str(tmp_path / "lit.png"), str(tmp_path / "framed.png")
    images.write_png(wall, lit)
    frame = np.zeros((908, 908, 3), np.uint8)
    frame[227:681, 227:681] = wall[:, :400].repeat(2, axis=1)[:, :454]
    images.write_png(frame, framed)
    found = suggest(judging, [lit, framed], 99)
    assert found.unfit == ()
    assert {(one.path, one.reason.partition(":")[0]) for one in found.unfit_patches} == {
        (lit, "overexposed"),
        (framed, "too dark"),
    }
    assert (found.seen, len(found.unfit_patches)) == (4 + 4, 4 + 12)
    for one in found.patches:
        assert not unfit_pixels(one.cut(images.read(one.path).pixels), judging.manifest)
    left_out = {(one.path, one.left, one.top) for one in found.unfit_patches}
    assert not left_out & {(one.path, one.left, one.top) for one in found.patches}


def test_what_is_suggested_is_the_same_in_whichever_order_photos_and_labels_are_named(model, tmp_path):
    """Among them one photo under two names."""
    paths = [photo(tmp_path, f"{'n' * number}.png", 100, 40 + 20 * number) for number in range(1, 9)]
    paths.append(str(shutil.copy(paths[3], tmp_path / "other.png")))
    rows = [Row(path=paths[number], label="crack" if number else "sound") for number in range(3)]
    first = suggest(model, paths[3:], 12, labelled=rows)
    again = suggest(model, [*paths[:2:-1], paths[4]], 12, labelled=rows[::-1])
    assert again.patches == first.patches
    assert again.seen == first.seen


def test_labelled_patches_that_cannot_be_judged_are_no_cracks_to_learn_from(tmp_path):
    """Eight cracked ones would be enough to look for no likely cracks any more."""
    judging = load()
    paths = [str(tmp_path / f"{number}.png") for number in range(12)]
    for number, path in enumerate(paths):
        images.write_png(patch(number, 64, cracked=number % 3 == 0)[0], path)
    black = tmp_path / "black.png"
    images.write_png(np.zeros((64, 64, 3), np.uint8), black)
    rows = [Row(path=str(black), label="crack")] * 8
    assert suggest(judging, paths, 9, labelled=rows).patches == suggest(judging, paths, 9).patches


def test_what_cannot_be_read_is_told_and_the_rest_goes_on(model, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    good = photo(tmp_path, "good.png", 64, 64)
    found = suggest(model, [str(tmp_path / "bad.png"), good], 5)
    assert [one.path for one in found.unread] == [str(tmp_path / "bad.png")]
    assert [one.path for one in found.patches] == [good]
    with pytest.raises(AdaptationError, match="the only picture cannot be"):
        suggest(model, [str(tmp_path / "bad.png")], 5)


def test_what_is_chosen_follows_from_the_score_and_the_first_kind_of_features(tmp_path):
    judging = load()
    paths = [photo(tmp_path, f"{'n' * number}.png", 64, 64) for number in range(1, 13)]
    told = list(describe(showing_features(judging), paths))
    first = feature_sizes(judging.bundle.model)[0]
    score = np.array([one.score for one in told], np.float64)
    features = np.array([one.embedding[:first] for one in told], np.float64)
    embeddings = [one.embedding[-judging.manifest.embedding :] for one in told]
    chosen = choose(score, features, 8).tolist()
    found = suggest(judging, paths, 8)
    assert [one.path for one in found.patches] == [paths[at] for at in chosen]
    assert [one.probability for one in found.patches] == [
        judging.probability(told[at].score, embeddings[at]) for at in chosen
    ]


@pytest.mark.parametrize("cracks", [0, 3, 8])
def test_labelled_patches_count_as_taken_and_cracked_ones_as_likely_cracks(model, tmp_path, cracks):
    """They lie elsewhere, a grey level lighter."""
    paths = []
    for number in range(24):
        path = tmp_path / f"{number}.png"
        images.write_png(patch(number, 64, cracked=number % 3 == 0)[0], path)
        paths.append(str(path))
    rows = []
    for number in range(8):
        path = tmp_path / "labelled" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        images.write_png(np.minimum(images.read(paths[number]).pixels, 254) + np.uint8(1), path)
        rows.append(Row(path=str(path), label="crack" if number < cracks else "sound"))
    told = list(describe(showing_features(model), [*paths, *(row.path for row in rows)]))
    first = feature_sizes(model.bundle.model)[0]
    score = np.array([one.score for one in told[:24]], np.float64)
    features = np.array([one.embedding[:first] for one in told], np.float64)
    chosen = choose(score, features[:24], 12, likeliest=max(0, 7 - cracks), known=features[24:])
    found = suggest(model, paths, 12, labelled=rows)
    assert [one.path for one in found.patches] == [paths[at] for at in chosen]
    assert found.labelled == 0


def test_a_network_that_gives_no_number_is_refused_with_the_picture(tmp_path):
    bundle = pack(tmp_path / "odd", small_manifest(), model=odd_model(), weights=None)
    good, black = photo(tmp_path, "good.png", 64, 64), str(tmp_path / "black.png")
    images.write_png(np.zeros((64, 64, 3), np.uint8), black)
    with pytest.raises(BundleError, match=rf"no number for {black}: train it again"):
        suggest(load(bundle), [good, black], 2)


def test_without_photos_or_a_number_there_is_nothing_to_choose(model, tmp_path):
    with pytest.raises(AdaptationError, match="name photos"):
        suggest(model, [], 5)
    with pytest.raises(AdaptationError, match="ask for 1 or more"):
        suggest(model, [photo(tmp_path, "good.png", 64, 64)], 0)


def test_progress_counts_what_cannot_be_read_too(model, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    paths = [photo(tmp_path, "good.png", 64, 64), str(tmp_path / "bad.png")]
    told: list[tuple[int, int]] = []

    def tell(done, total):
        told.append((done, total))

    suggest(model, paths, 5, progress=tell)
    assert told == [(1, 2), (2, 2)]
    suggest(model, paths, 5, labelled=[Row(path=str(tmp_path / "gone.png"), label="sound")], progress=tell)
    assert told[2:] == [(1, 3), (2, 3), (3, 3)]


def test_progress_moves_within_a_large_photo(model, tmp_path):
    paths = [photo(tmp_path, "small.png", 64, 64), photo(tmp_path, "large.png", 128, 256)]
    told: list[tuple[float, int]] = []
    seen = suggest(model, paths, 5, progress=lambda done, total: told.append((done, total))).seen
    assert seen == 9
    assert told == [(1, 2), *((1 + number / 8, 2) for number in range(1, 8)), (2, 2)]


def test_the_files_can_be_sorted_into_a_data_set(tmp_path):
    """Of a bundle whose threshold lies far from a half."""
    bundle = pooled_bundle(tmp_path / "bundle")
    likely = msgspec.structs.replace(bundle.manifest, threshold=0.9)
    model = load(repack(tmp_path / "likely", bundle, likely, model=bundle.model, reference=None))
    paths = []
    for number in range(12):
        path = tmp_path / f"{number} ä.png"
        images.write_png(patch(number, 64, cracked=number % 2 == 0)[0], path)
        paths.append(str(path))
    found = suggest(model, paths, 12)
    assert any((one.probability >= 0.5) != (one.verdict == "crack") for one in found.patches)
    out = tmp_path / "out"
    names = hand_out(found.patches, out, "small")
    for name, one in zip(names, found.patches, strict=True):
        pixels = images.read(name).pixels
        assert np.array_equal(pixels, one.cut(images.read(one.path).pixels))
    tasks = json.loads((out / "label-studio.json").read_text())
    with (out / "suggestions.csv").open(encoding="utf-8", newline="") as file:
        listed = [row["patch"] for row in csv.DictReader(file)]
    assert [unquote(task["data"]["image"].rpartition("?d=")[2]) for task in tasks] == listed
    for task, one in zip(tasks, found.patches, strict=True):
        (opinion,) = task["predictions"]
        cracked = opinion["result"][0]["value"]["choices"] == ["crack"]
        assert one.verdict == model.predict(one.path).verdict == ("crack" if cracked else "sound")
        assert opinion["score"] == pytest.approx(one.probability if cracked else 1 - one.probability, abs=1e-4)
    for name, one in zip(names, found.patches, strict=True):
        cracked = int(one.path.rpartition("/")[2].split()[0]) % 2 == 0
        Path(name).rename(out / ("crack" if cracked else "sound") / Path(name).name)
    labels = [row.label for row in read_rows(out)]
    assert (labels.count("crack"), labels.count("sound")) == (6, 6)
