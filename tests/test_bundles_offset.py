"""A graph moved by a linear function of its embedding answers as the formula says, map and score alike."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crackscope.bundles import Offset, has_mean_embedding, with_offset
from crackscope.errors import BundleError
from crackscope.scoring import Graph
from tests.small_bundle import EMBEDDING, STRIDE, small_model
from tests.small_patches import patch
from tests.small_surfaces import pooled_model

MODEL = pooled_model()
GRAPH = Graph(MODEL)
NONE = np.zeros(EMBEDDING, np.float32)


def some_weights(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=EMBEDDING).astype(np.float32)


@settings(max_examples=12, deadline=None)
@given(st.floats(0.1, 3), st.floats(-5, 5), st.integers(0, 99), st.integers(1, 40), st.booleans())
def test_the_score_follows_the_formula_and_the_embedding_stays(scale, shift, seed, window, weighted):
    weights = some_weights(seed) if weighted else NONE
    pixels, _ = patch(seed, 64, cracked=True)
    before = GRAPH.run(pixels)
    after = Graph(with_offset(MODEL, Offset(scale, shift, weights, window), STRIDE).model).run(pixels)
    assert after.score == pytest.approx(scale * before.score + shift + weights @ before.embedding, abs=1e-4)
    assert np.array_equal(after.embedding, before.embedding)
    if not weighted:
        assert np.allclose(after.map, scale * before.map + shift, atol=1e-5)


def test_over_the_whole_patch_the_map_moves_as_the_score_does():
    weights = some_weights(1)
    pixels, _ = patch(3, 64, cracked=True)
    before = GRAPH.run(pixels)
    after = Graph(with_offset(MODEL, Offset(1, 0, weights, 1), STRIDE).model).run(pixels)
    assert float((after.map - before.map).mean()) == pytest.approx(after.score - before.score, abs=1e-4)


def test_moving_there_and_back_is_not_moving():
    weights = some_weights(2)
    there = with_offset(MODEL, Offset(2, 3, weights, 16), STRIDE).model
    back = with_offset(there, Offset(0.5, -1.5, -weights / 2, 16), STRIDE).model
    pixels, _ = patch(4, 64, cracked=True)
    before, after = GRAPH.run(pixels), Graph(back).run(pixels)
    assert after.score == pytest.approx(before.score, abs=1e-4)
    assert np.allclose(after.map, before.map, atol=1e-4)


def test_a_place_of_the_map_depends_on_nothing_beyond_its_reach():
    moved = with_offset(MODEL, Offset(1, 0, some_weights(5), 32), STRIDE)
    graph, halo = Graph(moved.model), 4 + moved.reach
    pixels, _ = patch(6, 160, cracked=True)
    whole = graph.run(pixels).map
    start = (160 // 2 - halo) // STRIDE * STRIDE
    piece = graph.run(np.ascontiguousarray(pixels[start : start + 2 * halo, start : start + 2 * halo])).map
    inner, at = halo // STRIDE, start // STRIDE + halo // STRIDE
    assert piece[inner, inner] == pytest.approx(whole[at, at], abs=1e-4)


def test_what_is_no_mean_of_features_can_be_moved_as_a_whole_only():
    assert has_mean_embedding(MODEL, STRIDE)
    assert not has_mean_embedding(small_model(), STRIDE)
    with pytest.raises(BundleError, match="cannot learn a surface"):
        with_offset(small_model(), Offset(1, 0, some_weights(0), 16), STRIDE)
    with_offset(small_model(), Offset(1, 1, NONE, 16), STRIDE)


def test_the_graph_of_the_package_can_be_moved():
    from crackscope.bundles import default_bundle, open_bundle

    bundle = open_bundle(default_bundle())
    weights = np.random.default_rng(0).normal(size=bundle.manifest.embedding).astype(np.float32) / 20
    moved = with_offset(bundle.model, Offset(1, 0.5, weights, 227), bundle.manifest.stride)
    pixels, _ = patch(1, 101, cracked=True)
    before, after = Graph(bundle.model).run(pixels), Graph(moved.model).run(pixels)
    assert after.score == pytest.approx(before.score + 0.5 + weights @ before.embedding, abs=1e-3)
    assert after.map.shape == before.map.shape
    assert len(moved.model) < len(bundle.model) + 20_000
