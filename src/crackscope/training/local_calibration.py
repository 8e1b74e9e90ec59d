"""How scores are read on each surface of a split: a Platt scaling and a threshold of its own, near the common ones.

All are fitted in one go, as they are used: a picture's logit is the blend of its surfaces' logits by how much it looks
like each of them. What a surface's held-out pictures do not say is left as it is in common: the differences have a
normal prior, which few pictures hardly move (ridge; hierarchical shrinkage, Efron & Morris 1975).
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.bundles import Calibration, KnownSurface, LocalCalibration, logistic, logit, pack_projection
from crackscope.training.held_out_scores import Scored
from crackscope.training.likeness import Floats, Likeness, Names, likeness

LEAST_OF_A_LABEL = 10
"""Held-out pictures of each label from which on a surface gets a calibration of its own."""

LEAST_SHOWN = 20
"""Training pictures from which on it is known what a surface looks like."""

MOST_KNOWN = 24

SCALE_SPREAD = 0.15
SHIFT_SPREAD = 1.0
"""Standard deviations of the prior: of a surface's scale as a share of the common one, and of its shift in logits. Of
43 held-out pictures of one of SDNET2018's surfaces the threshold that follows loses .001 to .002 of balanced accuracy
less than with .3 and 2.0, and .005 less than without a prior."""

THRESHOLD_SPREAD = 0.5
STEP_LOGITS = 0.3
"""A surface's threshold is held near even odds so far, in logits, and a picture so near to it counts as half wrong."""

_FOLDS = 5
_REACH = 3.0


class Common(NamedTuple):
    """What holds everywhere: calibration, and probability from which on the verdict is `crack`."""

    calibration: Calibration
    threshold: float


class _Ways(NamedTuple):
    """Scale, shift and logit of the threshold of none of the surfaces, then of each: float64 [1 + k] each."""

    scale: Floats
    shift: Floats
    threshold: Floats


def fit_local(seen: Scored, shown: tuple[NDArray[np.float32], Names], common: Common) -> LocalCalibration | None:
    """Fit the local part of a calibration, None where fewer than two surfaces are known or none has enough pictures.

    seen: held-out pictures of surfaces, and of anything else. shown: embeddings [n, d] and surfaces [n] of pictures
    that were learnt from, as of patches and as of photos: what tells these two apart then tells no surfaces apart.
    """
    embeddings, surface = _known(seen, *shown)
    names = set(surface.tolist())
    enough = tuple(name for name in sorted(names) if _smaller_label(seen, name) >= LEAST_OF_A_LABEL)
    if len(names) < 2 or not enough:
        return None
    others = ~seen.row
    like = likeness(embeddings, surface, seen.both_ways(others))
    rows = seen.row & np.isin(seen.surface, enough)
    like = like.limited(seen.both_ways(rows), np.tile(seen.surface[rows], 2))
    used = seen.scored
    table = _Table(
        like.weights(seen.embedding[used]),
        seen.score[used],
        seen.cracked[used],
        seen.surface[used],
        np.array([name in enough for name in like.names]),
    )
    ways = _fit(table, like, common, np.ones(len(table.score), np.bool_))
    wrong = _crossed(table, like, common)
    return LocalCalibration(
        projection=pack_projection(like.projection),
        origin=tuple(like.origin.tolist()),
        limit=like.limit,
        surfaces=tuple(_surface(place, table, like, ways, wrong) for place in range(len(like.names))),
    )


class _Table(NamedTuple):
    """Pictures [n]: weights [n, 1 + k], scores, labels, surfaces. own: [k], which surfaces get a fit of their own."""

    weights: Floats
    score: Floats
    cracked: NDArray[np.bool_]
    surface: Names
    own: NDArray[np.bool_]


def _known(seen: Scored, embeddings: NDArray[np.float32], surface: Names) -> tuple[NDArray[np.float32], Names]:
    """What was shown of the surfaces that may be known."""
    names, counts = np.unique(surface, return_counts=True)
    shown = {str(name): int(count) // 2 for name, count in zip(names, counts, strict=True)}  # each was seen both ways
    kept = np.isin(surface, knowable(seen, shown))
    return embeddings[kept], surface[kept]


def knowable(seen: Scored, shown: Mapping[str, int]) -> list[str]:
    """Of surfaces, with how many pictures of each were learnt from, those that may be known: of which there are enough,
    and the ones with most held-out pictures where there are many."""
    enough = [name for name, count in shown.items() if count >= LEAST_SHOWN]
    enough.sort(key=lambda name: (-_smaller_label(seen, name), name))
    return enough[:MOST_KNOWN]


def _smaller_label(seen: Scored, name: str) -> int:
    labels = seen.cracked[seen.row & (seen.surface == name)]
    return int(min(labels.sum(), (~labels).sum()))


def _fit(table: _Table, like: Likeness, common: Common, rows: NDArray[np.bool_]) -> _Ways:
    """The common way of reading a score, and each surface's, fitted on some rows, bool [n]."""
    scale, shift = common.calibration.scale, common.calibration.shift
    gate = table.weights[rows][:, 1:][:, table.own]
    labels, surface = table.cracked[rows], table.surface[rows]
    moved = _differences(gate, table.score[rows], labels, surface, (scale, shift))
    count = len(like.names) + 1
    ways = _Ways(np.full(count, scale), np.full(count, shift), np.full(count, logit(common.threshold)))
    places = 1 + np.flatnonzero(table.own)
    ways.scale[places] = np.maximum(scale + moved[: len(places)], 0.2 * scale)
    ways.shift[places] = shift + moved[len(places) :]
    logits = _logits(table, ways)[rows]
    for place in places:
        here = surface == like.names[place - 1]
        ways.threshold[place] = _threshold(logits[here], labels[here])
    return ways


def _logits(table: _Table, ways: _Ways) -> Floats:
    return np.asarray((table.weights @ ways.scale) * table.score + table.weights @ ways.shift)


def _differences(
    gate: Floats, scores: Floats, labels: NDArray[np.bool_], surface: Names, common: tuple[float, float]
) -> Floats:
    """Scales, then shifts, of surfaces less the common ones, [2 k]: the largest posterior, by Newton's method."""
    scale, shift = common
    targets, weights = _softened(labels, surface)
    design = np.concatenate([gate * scores[:, None], gate], axis=1)
    spread = np.repeat([SCALE_SPREAD * scale, SHIFT_SPREAD], gate.shape[1])
    moved = np.zeros(design.shape[1])
    for _ in range(100):
        found = logistic(scale * scores + shift + design @ moved)
        gradient = design.T @ (weights * (found - targets)) + moved / spread**2
        bend = (design * (weights * found * (1 - found))[:, None]).T @ design + np.diag(1 / spread**2)
        step = np.linalg.solve(bend, gradient)
        step *= min(1.0, 1.0 / max(float(np.abs(step).max()), 1e-12))
        moved = moved - step
        if np.abs(step).max() < 1e-9:
            break
    return moved


def _softened(labels: NDArray[np.bool_], surface: Names) -> tuple[Floats, Floats]:
    """Targets as Platt (1999) softens them, and weights that count both labels of a surface alike; 0 with one label."""
    targets, weights = np.zeros(len(labels)), np.zeros(len(labels))
    for name in np.unique(surface):
        cracked, sound = (surface == name) & labels, (surface == name) & ~labels
        positives, negatives = int(cracked.sum()), int(sound.sum())
        if positives and negatives:
            half = (positives + negatives) / 2
            targets[cracked], targets[sound] = (positives + 1) / (positives + 2), 1 / (negatives + 2)
            weights[cracked], weights[sound] = half / positives, half / negatives
    return targets, weights


def _threshold(logits: Floats, labels: NDArray[np.bool_]) -> float:
    """The logit with fewest misses and false alarms, both labels counting alike, that is not far from even odds."""
    grid = np.arange(-_REACH, _REACH + 0.01, 0.02)
    above = logistic((logits - grid[:, None]) / STEP_LOGITS)
    wrong = (1 - above[:, labels]).mean(1) + above[:, ~labels].mean(1)
    return float(grid[np.argmin(len(logits) * wrong / 2 + (grid / THRESHOLD_SPREAD) ** 2 / 2)])


def _crossed(table: _Table, like: Likeness, common: Common) -> NDArray[np.bool_]:
    """Which pictures get the wrong verdict when what was fitted did not see them: bool [n]."""
    wrong = np.zeros(len(table.score), np.bool_)
    fold = np.arange(len(table.score)) % _FOLDS
    for left in range(_FOLDS):
        ways = _fit(table, like, common, fold != left)
        said = _logits(table, ways) >= table.weights @ ways.threshold
        wrong[fold == left] = (said != table.cracked)[fold == left]
    return wrong


def _surface(place: int, table: _Table, like: Likeness, ways: _Ways, wrong: NDArray[np.bool_]) -> KnownSurface:
    here = table.surface == like.names[place]
    own = bool(table.own[place])
    return KnownSurface(
        name=like.names[place],
        centre=tuple(like.centres[place].tolist()),
        scale=round(float(ways.scale[place + 1]), 6),
        shift=round(float(ways.shift[place + 1]), 6),
        threshold=round(float(logistic(ways.threshold[place + 1])), 4),
        fitted_on=int(here.sum()) if own else 0,
        misses=round(float(wrong[here & table.cracked].mean()), 4) if own else None,
        false_alarms=round(float(wrong[here & ~table.cracked].mean()), 4) if own else None,
    )
