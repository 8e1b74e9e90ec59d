"""A graph moved by a linear function of its features answers as the formula says, map and score alike."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crackscope.bundles import Offset, feature_sizes, has_features, with_features, with_offset
from crackscope.errors import BundleError
from crackscope.scoring import Graph
from tests.small_bundle import EMBEDDING, STRIDE, small_model
from tests.small_patches import patch
from tests.small_surfaces import pooled_model

MODEL = pooled_model()
GRAPH, SHOWING = Graph(MODEL), Graph(with_features(MODEL))
FEATURES = 9
NONE = np.zeros(FEATURES, np.float32)


def some_weights(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=FEATURES).astype(np.float32)


def test_the_features_stand_before_the_embedding():
    pixels, _ = patch(1, 64, cracked=True)
    before, shown = GRAPH.run(pixels), SHOWING.run(pixels)
    assert shown.score == before.score
    assert len(shown.embedding) == FEATURES + EMBEDDING
    assert np.array_equal(shown.embedding[FEATURES:], before.embedding)
    weight = np.exp(np.clip(before.map, -20, 20))
    lines = (before.map + 8) / 40
    assert shown.embedding[0] == pytest.approx(float((lines * weight).sum() / weight.sum()), rel=1e-4)


@settings(max_examples=12)
@given(st.floats(0.1, 3), st.floats(-5, 5), st.integers(0, 99), st.integers(1, 80), st.booleans())
def test_the_score_follows_the_formula_and_the_embedding_stays(scale, shift, seed, window, weighted):
    weights = some_weights(seed) if weighted else NONE
    pixels, _ = patch(seed, 64, cracked=True)
    before, shown = GRAPH.run(pixels), SHOWING.run(pixels)
    after = Graph(with_offset(MODEL, Offset(scale, shift, weights, window), STRIDE).model).run(pixels)
    moved = scale * before.score + shift + weights @ shown.embedding[:FEATURES]
    assert after.score == pytest.approx(moved, abs=1e-3)
    assert np.array_equal(after.embedding, before.embedding)
    if not weighted:
        assert np.allclose(after.map, scale * before.map + shift, atol=1e-4)


@settings(max_examples=8)
@given(st.integers(0, 99))
def test_the_largest_logit_of_the_map_moves_as_the_score_does(seed):
    weights = some_weights(seed)
    pixels, _ = patch(seed, 64, cracked=True)
    before = GRAPH.run(pixels)
    after = Graph(with_offset(MODEL, Offset(1, 0, weights, 64), STRIDE).model).run(pixels)
    change = after.score - before.score
    assert float(after.map.max() - before.map.max()) == pytest.approx(change, abs=0.1 + 0.25 * abs(change))


def test_with_a_window_far_larger_than_the_patch_every_place_moves_as_the_score_does():
    for seed in range(6):
        pixels, _ = patch(seed, 64, cracked=True)
        before = GRAPH.run(pixels)
        after = Graph(with_offset(MODEL, Offset(1, 0, some_weights(seed), 512), STRIDE).model).run(pixels)
        assert np.allclose(after.map - before.map, after.score - before.score, atol=1e-3)


def test_moving_there_and_back_is_not_moving():
    weights = some_weights(2)
    there = with_offset(MODEL, Offset(2, 3, weights, 16), STRIDE).model
    back = with_offset(there, Offset(0.5, -1.5, -weights / 2, 16), STRIDE).model
    pixels, _ = patch(4, 64, cracked=True)
    before, after = GRAPH.run(pixels), Graph(back).run(pixels)
    assert after.score == pytest.approx(before.score, abs=1e-3)
    assert np.allclose(after.map, before.map, atol=1e-3)
    shown = Graph(with_features(there)).run(pixels).embedding
    assert np.allclose(shown, SHOWING.run(pixels).embedding, atol=1e-5)


def test_a_place_of_the_map_depends_on_nothing_beyond_its_reach():
    moved = with_offset(MODEL, Offset(1, 0, some_weights(5), 32), STRIDE)
    graph, halo = Graph(moved.model), 4 + moved.reach
    pixels, _ = patch(6, 160, cracked=True)
    whole = graph.run(pixels).map
    start = (160 // 2 - halo) // STRIDE * STRIDE
    piece = graph.run(np.ascontiguousarray(pixels[start : start + 2 * halo, start : start + 2 * halo])).map
    inner, at = halo // STRIDE, start // STRIDE + halo // STRIDE
    assert piece[inner, inner] == pytest.approx(whole[at, at], abs=1e-4)


def test_what_has_no_features_can_be_moved_as_a_whole_only():
    assert has_features(MODEL)
    assert feature_sizes(MODEL) == (FEATURES,)
    assert feature_sizes(small_model()) == ()
    assert not has_features(small_model())
    with pytest.raises(BundleError, match="as a whole only"):
        with_offset(small_model(), Offset(1, 0, some_weights(0), 16), STRIDE)
    with pytest.raises(BundleError, match="do not fit"):
        with_offset(MODEL, Offset(1, 0, some_weights(0)[:4], 16), STRIDE)
    with_offset(small_model(), Offset(1, 1, NONE, 16), STRIDE)


def test_the_graph_of_the_package_can_be_moved():
    from crackscope.bundles import default_bundle, open_bundle

    bundle = open_bundle(default_bundle())
    pixels, _ = patch(1, 101, cracked=True)
    before, shown = Graph(bundle.model).run(pixels), Graph(with_features(bundle.model)).run(pixels)
    features = shown.embedding[: -len(before.embedding)]
    weights = np.random.default_rng(0).normal(size=len(features)).astype(np.float32) / 20
    moved = with_offset(bundle.model, Offset(1, 0.5, weights, 112), bundle.manifest.stride)
    after = Graph(moved.model).run(pixels)
    assert after.score == pytest.approx(before.score + 0.5 + weights @ features, abs=1e-3)
    assert after.map.shape == before.map.shape
    assert len(moved.model) < len(bundle.model) + 20_000
    assert len(feature_sizes(bundle.model)) == 2
    assert sum(feature_sizes(bundle.model)) == len(features)


def test_what_the_whole_patch_looks_like_moves_the_map_as_it_moves_the_score():
    from crackscope.bundles import default_bundle, open_bundle

    bundle = open_bundle(default_bundle())
    pixels, _ = patch(1, 128, cracked=True)
    suspicious, whole = feature_sizes(bundle.model)
    weights = np.zeros(suspicious + whole, np.float32)
    weights[suspicious:] = np.random.default_rng(0).normal(size=whole) / 20
    moved = with_offset(bundle.model, Offset(1, 0, weights, 4096), bundle.manifest.stride)
    before, after = Graph(bundle.model).run(pixels), Graph(moved.model).run(pixels)
    assert abs(after.score - before.score) > 0.1
    assert np.allclose(after.map - before.map, after.score - before.score, atol=1e-3)


def test_a_photo_may_be_cut_anywhere_after_a_move(tmp_path):
    import msgspec

    from crackscope.bundles import default_bundle, open_bundle
    from crackscope.scoring import load, repack
    from crackscope.surfaces import generate

    bundle = open_bundle(default_bundle())
    weights = np.random.default_rng(0).normal(size=sum(feature_sizes(bundle.model))).astype(np.float32) / 20
    moved = with_offset(bundle.model, Offset(1, 0.5, weights, 112), bundle.manifest.stride)
    manifest = msgspec.structs.replace(bundle.manifest, halo=bundle.manifest.halo + moved.reach, scales=1)
    changed = load(repack(tmp_path / "moved", bundle, manifest, model=moved.model, reference=None))
    pixels = generate(3, (640, 512), cracked=True, kind="concrete").pixels
    whole, heat = changed.graph.run(pixels).map, changed.heatmap(pixels).logits
    inner = np.s_[40:-40, 40:-40]  # borders are continued by reflection in a photo, by nothing in a patch
    assert np.corrcoef(whole[inner].ravel(), heat[inner].ravel())[0, 1] > 0.99
