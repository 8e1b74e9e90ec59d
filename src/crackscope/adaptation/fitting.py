"""Learning a linear change of a network's answers from a few labels, held back by what it knew.

A patch whose calibrated logit lies u above that of the bundle's threshold, with features t (see `bundles.with_offset`),
gets

    u + a * u + b + w . (t - mean) / spread

in which a, b and w are learnt by logistic regression, both classes weighing alike, so that what is called crack from
the same threshold on is called so rightly. A Gaussian prior about zero stands against every change. Its precision is a
ridge on w, and beside it the curvature of the loss on the pictures that the bundle keeps a word of: what mattered there
is hard to change, what did not is free (Laplace's approximation; Kirkpatrick et al., "Overcoming catastrophic
forgetting in neural networks", 2017). One direction is left freer, the one that tells the new surface from the old
pictures (Fisher's discriminant): along it a surface as a whole can be shifted without moving the old. All of it is
solved among the n labelled patches (Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006, section
3.4), so it takes milliseconds.

How strong the restraints are matters little: twice or half as strong moved no balanced accuracy by more than .01 on
surfaces that were left out of training (decks, walls and pavements of SDNET2018, asphalt), with 5, 10 or 50 a class.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from crackscope.adaptation.patches import Floats, Patches

Change = NDArray[np.float64]
"""A learnt change, float64 [2 + k]: a, b, and w for the standardised features."""

_RIDGE, _RIDGE_ALONE = 10 / 96, 50 / 96
"""Precision of each w, times the number of features; the second where no old pictures hold it back besides."""
_OLD_WEIGHT = 30.0
"""So many old pictures stand against the new ones."""
_SCALE_DEVIATION, _SHIFT_DEVIATION, _SURFACE_DEVIATION = 0.5, 3.0, 4.0
_LEAST_CURVATURE = 0.01
_SHRINKAGE = 1.0
_LEAST_SCALE = 0.1
_STEPS, _ENOUGH = 50, 1e-8


class Prior:
    """What is known before the new labels are looked at.

    old: pictures that the bundle keeps a word of, or None. patches: the new ones, whose features stand in for the old
    ones' mean and spread where there are none; their labels are not looked at. Without features only a and b are
    learnt.
    """

    def __init__(self, old: Patches | None, patches: Patches) -> None:
        base = patches if old is None else old
        self.mean = base.features.mean(axis=0)
        self.spread = base.features.std(axis=0) + 1e-6
        self._old = None if old is None else self.columns(old)
        self._chance = None if old is None else _sigmoid(old.margin)

    def columns(self, patches: Patches) -> Floats:
        """float64 [n, 2 + k]: margin, one, standardised features."""
        ones = np.ones((len(patches), 1))
        return np.hstack([patches.margin[:, None], ones, (patches.features - self.mean) / self.spread])

    @cached_property
    def covariance(self) -> NDArray[np.float64]:
        """Of the change before the labels, float64 [2 + k, 2 + k]."""
        count = len(self.mean)
        each = count * (_RIDGE_ALONE if self._old is None else _RIDGE)
        precision = np.array([_SCALE_DEVIATION**-2, _SHIFT_DEVIATION**-2, *[each] * count])
        return np.asarray(np.linalg.inv(np.diag(precision) + _OLD_WEIGHT * self._curvature))

    @property
    def _curvature(self) -> NDArray[np.float64]:
        """Of the mean loss on the old pictures, float64 [2 + k, 2 + k]; a little even where they are beyond doubt."""
        size = 2 + len(self.mean)
        if self._old is None or self._chance is None:
            return np.zeros((size, size))
        weights = np.maximum(self._chance * (1 - self._chance), _LEAST_CURVATURE)
        return np.asarray((self._old * weights[:, None]).T @ self._old / len(self._old))

    @cached_property
    def _whitening(self) -> NDArray[np.float64]:
        assert self._old is not None
        features = self._old[:, 2:]
        centred = features - features.mean(axis=0)
        covariance = centred.T @ centred / len(centred)
        return np.asarray(np.linalg.inv(covariance + _SHRINKAGE * np.eye(len(covariance))))

    def surface_direction(self, columns: Floats, crack: NDArray[np.bool_]) -> Floats:
        """float64 [2 + k]: 0 at the old pictures' mean, 1 at that of the new surface; noughts where nothing is old."""
        direction = np.zeros(columns.shape[1])
        if self._old is None:
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
    spread = prior.covariance @ columns.T
    dual = _solve(columns @ spread + np.outer(along, along), patches, weights)
    change: Change = spread @ dual + surface * (along @ dual)
    change[0] = max(change[0], _LEAST_SCALE - 1)  # a falling score would turn the map's cracks into its valleys
    return change


def changed(prior: Prior, change: Change, patches: Patches) -> Floats:
    """Margins after the change, float64 [n]."""
    return np.asarray(patches.margin + prior.columns(patches) @ change)


def _solve(kernel: Floats, patches: Patches, weights: Floats) -> Floats:
    """The most probable change in the space of the patches, float64 [n].

    Newton's method, a step halved until the loss falls. kernel: float64 [n, n], covariance of the changes of margins.
    """
    labels, before = patches.crack.astype(np.float64), patches.margin
    dual, margin = np.zeros(len(labels)), before.copy()
    loss = _loss(margin, labels, weights)
    for _ in range(_STEPS):
        chance = _sigmoid(margin)
        bend = weights * np.maximum(chance * (1 - chance), 1e-6)
        wanted = bend * (margin - before) + weights * (labels - chance)
        root = np.sqrt(bend)
        inner = np.eye(len(labels)) + root[:, None] * kernel * root
        step = wanted - root * np.linalg.solve(inner, root * (kernel @ wanted)) - dual
        length, found = 1.0, loss
        while length > 1e-4:
            there = before + kernel @ (dual + length * step)
            found = _loss(there, labels, weights) + (dual + length * step) @ (there - before) / 2
            if found <= loss:
                break
            length /= 2
        if length <= 1e-4:
            break
        dual, margin, gain, loss = dual + length * step, there, loss - found, found
        if gain < _ENOUGH:
            break
    return dual


def _loss(margin: Floats, labels: Floats, weights: Floats) -> float:
    return float((weights * (np.logaddexp(0, margin) - labels * margin)).sum())


def _sigmoid(margin: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(margin, -500, 500))))
