"""Learning a linear change of a network's answers from a few labels, held back by what it knew.

A patch whose calibrated logit lies u above that of the bundle's threshold, with embedding e, gets

    u + a * u + b + w . (e - mean) / spread

in which a, b and w are learnt by logistic regression, both classes weighing alike, so that what is called crack from
the same threshold on is called so rightly. A Gaussian prior about zero stands
against every change. Its precision is a ridge on w, and beside it the curvature of the loss on the pictures that the
bundle keeps a word of: what mattered there is hard to change, what did not is free (Laplace's approximation;
Kirkpatrick et al., "Overcoming catastrophic forgetting in neural networks", 2017). One direction is left freer, the one
that tells the new surface from the old pictures (Fisher's discriminant): along it a surface as a whole can be shifted
without moving the old. The ridge is chosen among a few by the evidence (MacKay, "The evidence framework applied to
classification networks", 1992), which needs no labels to be put aside. All of it is solved among the n labelled patches
(Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006, section 3.4), so it takes milliseconds.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from crackscope.adaptation.patches import Floats, Patches

RIDGES: tuple[float | None, ...] = (None, 1000.0, 300.0, 100.0)
"""Precisions of w that are tried, None for no w at all. Below 100, five patches a class are learnt by heart."""

_OLD_WEIGHT = 100.0
"""So many old pictures stand against the new ones."""
_SCALE_DEVIATION, _SHIFT_DEVIATION, _SURFACE_DEVIATION = 0.5, 3.0, 4.0
_LEAST_CURVATURE, _NEVER = 0.01, 1e12
_SHRINKAGE = 1.0
_LEAST_SCALE = 0.1
_STEPS, _ENOUGH = 50, 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """A learnt change. by: float64 [2 + d], for u, 1 and the standardised embedding. ridge: None without embedding."""

    by: Floats
    ridge: float | None


class Prior:
    """What is known before the new labels are looked at.

    old: pictures that the bundle keeps a word of, or None. patches: the new ones, whose embeddings stand in for the old
    ones' mean and spread where there are none; their labels are not looked at. embedding: whether the embedding may
    be used; else only a and b are learnt.
    """

    def __init__(self, old: Patches | None, patches: Patches, *, embedding: bool = True) -> None:
        base = patches if old is None else old
        self.ridges = RIDGES if embedding else RIDGES[:1]
        self.freer = embedding and old is not None
        self.mean = base.embedding.mean(axis=0)
        self.spread = base.embedding.std(axis=0) + 1e-6
        self._old = None if old is None else self.columns(old)
        self._chance = None if old is None else _sigmoid(old.margin)
        self._covariances: dict[float | None, Floats] = {}

    def columns(self, patches: Patches) -> Floats:
        """float64 [n, 2 + d]: margin, one, standardised embedding."""
        ones = np.ones((len(patches), 1))
        return np.hstack([patches.margin[:, None], ones, (patches.embedding - self.mean) / self.spread])

    def covariance(self, ridge: float | None) -> Floats:
        """Of the change before the labels, float64 [2 + d, 2 + d]."""
        if ridge not in self._covariances:
            size = 2 + len(self.mean)
            precision = np.full(size, _NEVER if ridge is None else ridge, np.float64)
            precision[:2] = _SCALE_DEVIATION**-2, _SHIFT_DEVIATION**-2
            inverse = np.linalg.inv(np.diag(precision) + _OLD_WEIGHT * self._curvature)
            self._covariances[ridge] = np.asarray(inverse, np.float64)
        return self._covariances[ridge]

    @cached_property
    def _curvature(self) -> NDArray[np.float64]:
        """Of the mean loss on the old pictures, float64 [2 + d, 2 + d]; a little even where they are beyond doubt."""
        size = 2 + len(self.mean)
        if self._old is None or self._chance is None:
            return np.zeros((size, size))
        weights = np.maximum(self._chance * (1 - self._chance), _LEAST_CURVATURE)
        return np.asarray((self._old * weights[:, None]).T @ self._old / len(self._old))

    @cached_property
    def _whitening(self) -> NDArray[np.float64]:
        assert self._old is not None
        embedding = self._old[:, 2:]
        centred = embedding - embedding.mean(axis=0)
        covariance = centred.T @ centred / len(centred)
        return np.asarray(np.linalg.inv(covariance + _SHRINKAGE * np.eye(len(covariance))))

    def surface_direction(self, columns: Floats, crack: NDArray[np.bool_]) -> Floats:
        """float64 [2 + d]: 0 at the old pictures' mean, 1 at that of the new surface; zeros where nothing is old."""
        direction = np.zeros(columns.shape[1])
        if not self.freer:
            return direction
        middle = (columns[crack, 2:].mean(axis=0) + columns[~crack, 2:].mean(axis=0)) / 2
        across = self._whitening @ middle
        length = float(across @ middle)
        if length > 1e-9:
            direction[2:] = across / length
        return direction


def learn(prior: Prior, patches: Patches) -> Change:
    """Learn from labelled patches of both classes."""
    columns, crack = prior.columns(patches), patches.crack
    n, cracks = len(patches), int(crack.sum())
    weights = np.where(crack, n / (2 * cracks), n / (2 * (n - cracks)))
    surface = _SURFACE_DEVIATION * prior.surface_direction(columns, crack)
    along = columns @ surface
    best: tuple[float, Change] | None = None
    for ridge in prior.ridges:
        spread = prior.covariance(ridge) @ columns.T
        dual, evidence = _solve(columns @ spread + np.outer(along, along), patches, weights)
        if best is None or evidence > best[0]:
            best = evidence, Change(spread @ dual + surface * (along @ dual), ridge)
    assert best is not None
    by = best[1].by.copy()
    by[0] = max(by[0], _LEAST_SCALE - 1)  # a falling score would turn the map's cracks into its valleys
    if best[1].ridge is None and not prior.freer:
        by[2:] = 0
    return Change(by, best[1].ridge)


def changed(prior: Prior, change: Change, patches: Patches) -> Floats:
    """Margins after the change, float64 [n]."""
    return np.asarray(patches.margin + prior.columns(patches) @ change.by)


def _solve(kernel: Floats, patches: Patches, weights: Floats) -> tuple[Floats, float]:
    """The most probable change in the space of the patches, and the logarithm of the evidence.

    Newton's method, a step halved until the loss falls. kernel: float64 [n, n], covariance of the changes of logits.
    """
    labels, before = patches.crack.astype(np.float64), patches.margin
    dual, logit = np.zeros(len(labels)), before.copy()
    loss = _loss(logit, labels, weights)
    for _ in range(_STEPS):
        chance = _sigmoid(logit)
        bend = weights * np.maximum(chance * (1 - chance), 1e-6)
        wanted = bend * (logit - before) + weights * (labels - chance)
        root = np.sqrt(bend)
        inner = np.eye(len(labels)) + root[:, None] * kernel * root
        step = wanted - root * np.linalg.solve(inner, root * (kernel @ wanted)) - dual
        length, found = 1.0, loss
        while length > 1e-4:
            logit_there = before + kernel @ (dual + length * step)
            found = _loss(logit_there, labels, weights) + (dual + length * step) @ (logit_there - before) / 2
            if found <= loss:
                break
            length /= 2
        if length <= 1e-4:
            break
        dual, logit, gain, loss = dual + length * step, logit_there, loss - found, found
        if gain < _ENOUGH:
            break
    chance = _sigmoid(logit)
    root = np.sqrt(weights * chance * (1 - chance))
    _, volume = np.linalg.slogdet(np.eye(len(labels)) + root[:, None] * kernel * root)
    return dual, float(-loss - volume / 2)


def _loss(logit: Floats, labels: Floats, weights: Floats) -> float:
    return float((weights * (np.logaddexp(0, logit) - labels * logit)).sum())


def _sigmoid(logit: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(logit, -500, 500))))
