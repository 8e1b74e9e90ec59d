"""What a bundle says beyond its network, fitted on held-out pictures: probabilities, thresholds, the verdict rule."""

import math
from collections import Counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.bundles import (
    MOST_KNOWN_SOUND,
    MOST_WINDOWS,
    Calibration,
    InputSpec,
    KnownSound,
    LocalCalibration,
    SurfaceRule,
    VerdictRule,
    logistic,
)
from crackscope.errors import TrainingError
from crackscope.recipes import Recipe
from crackscope.training.held_out import SIDE_PX, Given, every, more_sound, plain
from crackscope.training.held_out_scores import Graphs, Judge, Scored, Tally, score, shown, top_share, windows
from crackscope.training.local_calibration import Common, fit_local, knowable
from crackscope.training.mask_rule import UNSEEN_LOGITS, mask_threshold
from crackscope.training.sigmoid import fit_sigmoid
from crackscope.training.surface_rule import BY_EMBEDDING, BY_FEATURES, fit_surface_rule

KEPT_SCORES = 400
"""Largest scores of sound windows that the verdict rule keeps."""

TAIL_SCORES = 30
"""The exponential tail is fitted to so many of them."""

HIGHEST_THRESHOLD = 0.775
"""On a surface that it never saw a network gives cracks lower scores than on those it knows, where 95 of 100 may reach
.99. This is the lowest threshold at which, of surfaces left out of training, no more than 5 of 100 sound pictures were
called cracked (docs/tries.md)."""


class Fitted(NamedTuple):
    """What was fitted, for the manifest. figures: what it gave on the pictures it was fitted on."""

    calibration: Calibration
    threshold: float
    mask_threshold: float
    verdict: VerdictRule
    figures: dict[str, float]
    local: LocalCalibration | None = None


def fit(graphs: Graphs, spec: InputSpec, recipe: Recipe, given: Given) -> Fitted:
    """Fit everything that the recipe asks for on pictures that the graphs were not trained on.

    Raises TrainingError when there is no validation row to fit on.
    """
    if not given.val:
        raise TrainingError("calibrate = true needs validation rows, and the split has none; deal some with --parts")
    full = recipe.verdict == "conformal"
    judge = Judge(graphs, spec, recipe, given, photos=full)
    makers = every(recipe, given) if full else plain(given.val)
    more_makers = more_sound(recipe, given) if full else []
    tally = Tally(given.tell, len(makers) + len(more_makers))
    seen = score(judge, makers, given.threads, tally)
    surface = seen.scored
    labels = seen.cracked[surface].astype(np.float64)
    scale, shift = fit_sigmoid(seen.score[surface], labels)
    calibration = Calibration(scale=scale, shift=shift, method="Platt", fitted_on=len(labels))
    if not full:
        return unfitted(spec, recipe)._replace(calibration=calibration)
    probability = logistic(scale * seen.score + shift)
    threshold = _threshold(probability[surface & seen.cracked], recipe.miss_rate)
    more, of = windows(judge, more_makers, given.threads, tally)
    unbroken = surface & ~seen.cracked
    sound, chances = sound_chances(
        np.concatenate([seen.window[unbroken], more]), np.concatenate([seen.surface[unbroken], of])
    )
    rule = VerdictRule(
        kind="conformal",
        window_px=SIDE_PX,
        top_share=top_share(recipe),
        sound=tuple(round(float(one), 4) for one in sound[:KEPT_SCORES]),
        chances=tuple(round(float(chance), 7) for chance in chances[:KEPT_SCORES]),
        tail=_tail(sound),
        known=known_sound(seen),
        surface=_surface_rule(seen),
    )
    figures = {
        "held_out_pictures": float(surface.sum()),
        "held_out_cracked": float((surface & seen.cracked).sum()),
        "held_out_misses": _share(probability[surface & seen.cracked] < threshold),
        "held_out_false_alarms": _share(probability[surface & ~seen.cracked] >= threshold),
    }
    masks = mask_threshold(seen.maps, given.stride) - UNSEEN_LOGITS
    local = _local(judge, seen, recipe, given, Common(calibration, threshold))
    return Fitted(calibration, threshold, masks, rule, figures, local)


def _surface_rule(seen: Scored) -> SurfaceRule | None:
    """What tells surfaces from everything else, by more than colour: leaves are green to it otherwise."""
    looks = seen.looks, seen.colourless
    usual = np.repeat([True, False], [len(few) for few in looks])
    general = looks[0].shape[1] > seen.embedding.shape[1]
    return fit_surface_rule(
        np.concatenate(looks),
        np.tile(seen.surface != "", 4),
        np.tile(seen.source, 4),
        usual,
        BY_FEATURES if general else BY_EMBEDDING,
    )


def _local(judge: Judge, seen: Scored, recipe: Recipe, given: Given, common: Common) -> LocalCalibration | None:
    """Nothing is looked at where the held-out rows name fewer than two surfaces, nor of surfaces that few rows show."""
    named = [(row.surface or "unnamed", row) for row in given.train if row.surface not in recipe.mixture.bare]
    known = knowable(seen, Counter(name for name, _ in named))
    if len(np.unique(seen.surface[seen.row])) < 2 or len(known) < 2:
        return None
    rows = [row for name, row in named if name in known]
    return fit_local(seen, shown(judge, rows, given.threads), common)


def unfitted(spec: InputSpec, recipe: Recipe) -> Fitted:
    """What a bundle says when nothing is fitted: a probability of .5 is the threshold."""
    rule = VerdictRule(top_share=top_share(recipe), window_px=spec.native or SIDE_PX)
    return Fitted(Calibration(), 0.5, 0.0, rule, {})


def sound_chances(
    scores: NDArray[np.float64], surface: NDArray[np.str_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scores [n] of sound windows, falling, and the chance that one scores as high, every surface [n] counting alike.

    A score held against them counts as one of them itself (Vovk et al. 2005), so that no chance is nothing.
    """
    names, place, counts = np.unique(surface, return_inverse=True, return_counts=True)
    order = np.argsort(-scores, kind="stable")
    weights = (1 / (len(names) * counts))[place][order]
    own = 1 / len(scores)
    above = np.concatenate([[0.0], np.cumsum(weights)[:-1]])
    return scores[order], (above + own) / (1 + own)


def known_sound(seen: Scored) -> tuple[KnownSound, ...]:
    """Scores of the sound windows of validation rows, by surface, in the order of their names; as many of both as a
    bundle takes."""
    of = seen.row & ~seen.cracked & seen.scored
    names, counts = np.unique(seen.surface[of], return_counts=True)
    # Where there are more surfaces than a bundle takes, folders of photos say, those with few windows tell least.
    kept = sorted(np.argsort(-counts, kind="stable")[:MOST_KNOWN_SOUND].tolist())
    falling = {str(names[at]): -np.sort(-seen.window[of & (seen.surface == names[at])]) for at in kept}
    return tuple(
        KnownSound(name=name, sound=tuple(round(float(one), 4) for one in thinned(scores)))
        for name, scores in falling.items()
    )


def thinned(falling: NDArray[np.float64], most: int = MOST_WINDOWS) -> NDArray[np.float64]:
    """Of scores, falling, at most so many, evenly by rank: no share of them lies lower than the same share of all."""
    count = len(falling)
    if count <= most:
        return falling
    return np.asarray(falling[np.arange(1, most + 1) * (count + 1) // (most + 1) - 1])


def _threshold(cracked: NDArray[np.float64], miss_rate: float) -> float:
    """The highest threshold within bounds that misses no more than `miss_rate` of the cracked; .5 for no rate."""
    if not miss_rate:
        return 0.5
    highest = float(np.clip(np.quantile(cracked, miss_rate, method="lower"), 0.05, HIGHEST_THRESHOLD))
    return math.floor(highest * 1e4) / 1e4  # rounded up, it would miss the very picture that it was read from


def _tail(falling: NDArray[np.float64]) -> float:
    """Mean excess of the largest scores over the one below them: the scale of an exponential tail."""
    count = min(TAIL_SCORES, len(falling) - 1)
    return max(0.05, float((falling[:count] - falling[count]).mean())) if count > 0 else 1.0


def _share(flags: NDArray[np.bool_]) -> float:
    return round(float(flags.mean()), 4) if len(flags) else math.nan
