"""The rule that tells pictures of surfaces from others."""

import numpy as np

from crackscope.training.surface_rule import LET_PASS, fit_surface_rule


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
    assert rule.kept <= LET_PASS
    logits = embeddings @ np.array(rule.weights) + rule.shift
    assert (logits[usual & surface] > 0).mean() > 0.95
    assert (logits[usual & ~surface] < 0).mean() > 0.95


def test_too_few_pictures_as_photos_are_give_no_rule() -> None:
    embeddings = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
    surface = np.arange(40) % 2 == 0
    assert fit_surface_rule(embeddings, surface, np.arange(40), np.arange(40) < 18) is None
    assert fit_surface_rule(embeddings, surface, np.arange(40), np.arange(40) < 20) is not None


def test_the_limit_is_read_off_held_out_pictures_alone() -> None:
    """However far out others of the surfaces lie, that only say what surfaces look like."""
    rng = np.random.default_rng(0)
    place = np.arange(600)
    surface, held_out = place % 2 == 0, place < 300
    embeddings = rng.normal(0, 0.5, (600, 4)).astype(np.float32)
    embeddings[:, 0] += np.where(surface, 2, -2)
    embeddings[surface & ~held_out & (place % 10 == 0), 0] -= 5
    usual = np.ones(600, bool)
    told, of_all = (fit_surface_rule(embeddings, surface, place, usual, read) for read in (held_out, None))
    assert told is not None
    assert of_all is not None
    assert told.refused <= 0.02
    assert of_all.refused > 0.05 or of_all.limit < told.limit
    none_held_out = np.zeros(600, bool)
    assert fit_surface_rule(embeddings, surface, place, usual, none_held_out) is None
