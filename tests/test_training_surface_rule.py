"""The rule that tells pictures of surfaces from others."""

import numpy as np
import pytest

from crackscope.training.surface_rule import BY_EMBEDDING, REFUSED, fit_surface_rule


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


@pytest.mark.parametrize(("spread", "apart"), [(0.5, True), (3.0, False)])
def test_no_surface_is_refused_for_less_than_few_others_that_pass(spread: float, apart: bool) -> None:
    """Where surfaces lie apart from all else the limit lies as far out as the others allow, else as surfaces do."""
    rng = np.random.default_rng(0)
    surface = np.arange(1000) % 2 == 0
    embeddings = rng.normal(0, spread, (1000, 4)).astype(np.float32)
    embeddings[:, 0] += np.where(surface, 2.0, -2.0)
    rule = fit_surface_rule(embeddings, surface, np.arange(1000), np.ones(1000, np.bool_))
    assert rule is not None
    if apart:
        assert (rule.refused, rule.kept) == (0, pytest.approx(BY_EMBEDDING.let_pass, abs=0.004))
    else:
        assert rule.refused == pytest.approx(REFUSED, abs=0.004)
        assert rule.kept > 2 * BY_EMBEDDING.let_pass


def test_too_few_pictures_as_photos_are_give_no_rule() -> None:
    embeddings = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
    surface = np.arange(40) % 2 == 0
    assert fit_surface_rule(embeddings, surface, np.arange(40), np.arange(40) < 18) is None
    assert fit_surface_rule(embeddings, surface, np.arange(40), np.arange(40) < 20) is not None
