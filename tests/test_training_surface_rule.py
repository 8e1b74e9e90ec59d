"""The rule that tells pictures of surfaces from others."""

import numpy as np

from crackscope.training.surface_rule import BY_EMBEDDING, fit_surface_rule


def test_what_photos_seldom_are_counts_little_against_what_they_are() -> None:
    """Most pictures without colour contradict those with colour, by which photos are to be told apart all the same."""
    rng = np.random.default_rng(0)
    usual = np.arange(500) < 200
    surface = np.arange(500) % 2 == 0
    side = np.where(surface == usual, 2.0, -2.0)
    embeddings = rng.normal(0, 0.5, (500, 4)).astype(np.float32)
    embeddings[:, 0] += side
    rule = fit_surface_rule(embeddings, surface, np.arange(500), usual)
    assert rule is not None
    assert rule.refused <= 0.02
    assert rule.kept <= BY_EMBEDDING.let_pass
    logits = embeddings @ np.array(rule.weights) + rule.shift
    assert (logits[usual & surface] > 0).mean() > 0.95
    assert (logits[usual & ~surface] < 0).mean() > 0.95


def test_too_few_pictures_as_photos_are_give_no_rule() -> None:
    embeddings = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
    surface = np.arange(40) % 2 == 0
    assert fit_surface_rule(embeddings, surface, np.arange(40), np.arange(40) < 18) is None
    assert fit_surface_rule(embeddings, surface, np.arange(40), np.arange(40) < 20) is not None
