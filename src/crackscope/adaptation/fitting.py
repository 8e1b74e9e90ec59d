"""Learning a linear change of a network's answers from a few labels, held back by what it knew.

A patch whose calibrated logit lies u above that of the bundle's threshold, with features t (see `bundles.with_offset`),
gets

    u + a * u + b + w . (t - mean) / spread

in which a, b and w are learnt by logistic regression, both classes weighing alike, so that what is called crack from
the same threshold on is called so rightly. A Gaussian prior about zero stands against every change, made sharper by
the curvature of the loss on the pictures that the bundle keeps a word of: what mattered there is hard to change, what
did not is free (Laplace's approximation; Kirkpatrick et al., "Overcoming catastrophic forgetting in neural networks",
2017). All of it is solved among the n labelled patches (Rasmussen and Williams, "Gaussian Processes for Machine
Learning", 2006, section 3.4), so it takes milliseconds.

How much the features may change the answer is different for every surface: cracks in a laboratory's concrete are parted
by their texture alone, those of bridge decks hardly so. So the variance that each kind of features is given is learnt
as well: a grid of them is weighed by the evidence of the labels (the same book, section 5.4.1), and the geometric mean
so weighted is taken.
"""

from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray

from crackscope.adaptation.patches import Floats, Patches
from crackscope.bundles import logistic

Change = NDArray[np.float64]
"""A learnt change, float64 [2 + k]: a, b, and w for the standardised features."""

_VARIANCES = (1.0, 5.0, 25.0)
"""Of the change that one kind of features makes together, in squared logits."""
_OLD_WEIGHT = 30.0
"""So many old pictures stand against the new ones."""
_SCALE_DEVIATION, _SHIFT_DEVIATION = 0.5, 3.0
_LEAST_CURVATURE = 0.01
_LEAST_SPREAD = 1e-3
_WEIGHED_BY = 150
"""Patches of each label that are enough to weigh the variances by."""
_LEAST_SCALE = 0.1
_STEPS, _ENOUGH = 50, 1e-8


class Prior:
    """What is known before the new labels are looked at.

    old: pictures that the bundle keeps a word of, or None. patches: the new ones, which have a part in the features'
    spread; their labels are not looked at. Without features only a and b are learnt.
    """

    def __init__(self, old: Patches | None, patches: Patches) -> None:
        halves = [patches.features] if old is None else [old.features, patches.features]
        self.mean = halves[0].mean(axis=0)
        middle = sum(half.mean(axis=0) for half in halves) / len(halves)
        variance = sum(((half - middle) ** 2).mean(axis=0) for half in halves) / len(halves)
        spread = np.sqrt(variance)
        kinds = np.repeat(np.array(patches.sizes, float), patches.sizes)
        self.spread = (spread + _LEAST_SPREAD * (spread.mean() if len(spread) else 0) + 1e-6) * np.sqrt(kinds)
        self._sizes = patches.sizes
        self._old = None if old is None else self.columns(old)
        self._bend = None if old is None else _bend(old.margin)

    def columns(self, patches: Patches) -> Floats:
        """float64 [n, 2 + k]: margin, one, standardised features, each times what a logit of change counts."""
        ones = np.ones((len(patches), 1))
        columns = np.hstack([patches.plain[:, None], ones, (patches.features - self.mean) / self.spread])
        return np.asarray(columns * patches.gain[:, None])

    @cached_property
    def choices(self) -> list["Restraint"]:
        """Restraints with all variances that are weighed against each other."""
        return [self.restraint(np.array(chosen)) for chosen in product(_VARIANCES, repeat=len(self._sizes))]

    def restraint(self, variances: Floats) -> "Restraint":
        """Before the labels, with a variance for each kind of features."""
        own = np.array([_SCALE_DEVIATION, _SHIFT_DEVIATION]) ** 2
        return Restraint(variances, np.concatenate([own, np.repeat(variances, self._sizes)]), self._old, self._bend)


class Restraint:
    """A Gaussian about no change. variances: of the kinds of features. each: of every number of the change, [2 + k].

    old: columns of old pictures [m, 2 + k], bend: curvature of their loss [m], which sharpen it.
    """

    def __init__(self, variances: Floats, each: Floats, old: Floats | None, bend: Floats | None) -> None:
        self.variances = variances
        self._each = each
        self._old = old
        if old is not None and bend is not None:
            self._inner = np.linalg.inv((old * each) @ old.T + np.diag(len(old) / (_OLD_WEIGHT * bend)))

    def spread(self, columns: Floats) -> NDArray[np.float64]:
        """Covariance of the change with what it makes of patches, columns float64 [n, 2 + k]: float64 [2 + k, n]."""
        free = self._each[:, None] * columns.T
        if self._old is None:
            return np.asarray(free)
        return np.asarray(free - (self._each[:, None] * self._old.T) @ (self._inner @ (self._old @ free)))


def _bend(margin: Floats) -> Floats:
    """Curvature of the loss on old pictures, float64 [m]; a little even where they are beyond doubt."""
    chance = logistic(margin)
    return np.asarray(np.maximum(chance * (1 - chance), _LEAST_CURVATURE))


def learn(prior: Prior, patches: Patches) -> Change:
    """Learn from labelled patches of both classes."""
    chosen = prior.choices[0]
    if len(prior.choices) > 1:
        few = _few(patches)
        evidence = np.array([_fitted(one, prior, few)[1] for one in prior.choices])
        weights = np.exp(evidence - evidence.max())
        logs = np.log([one.variances for one in prior.choices])
        chosen = prior.restraint(np.exp(weights @ logs / weights.sum()))
    change = _fitted(chosen, prior, patches)[0]
    change[0] = max(change[0], _LEAST_SCALE - 1)  # a falling score would turn the map's cracks into its valleys
    return change


def changed(prior: Prior, change: Change, patches: Patches) -> Floats:
    """Margins after the change, float64 [n]."""
    return np.asarray(patches.margin + prior.columns(patches) @ change)


def _few(patches: Patches) -> Patches:
    """Patches evenly out of each label."""
    places = [np.flatnonzero(patches.crack == crack) for crack in (True, False)]
    kept = [one[np.linspace(0, len(one) - 1, min(len(one), _WEIGHED_BY)).astype(np.intp)] for one in places]
    return patches.at(np.sort(np.concatenate(kept)))


def _fitted(restraint: Restraint, prior: Prior, patches: Patches) -> tuple[Change, float]:
    """The most probable change, and the logarithm of the labels' evidence for the restraint."""
    columns, crack = prior.columns(patches), patches.crack
    n, cracks = len(patches), int(crack.sum())
    weights = np.where(crack, n / (2 * cracks), n / (2 * (n - cracks)))
    spread = restraint.spread(columns)
    dual, evidence = _solve(columns @ spread, patches, weights)
    return np.asarray(spread @ dual), evidence


def _solve(kernel: Floats, patches: Patches, weights: Floats) -> tuple[Floats, float]:
    """The most probable change in the space of the patches, float64 [n], and the evidence (Laplace's approximation).

    Newton's method, a step halved until the loss falls. kernel: float64 [n, n], covariance of the changes of margins.
    """
    labels, before = patches.crack.astype(np.float64), patches.margin
    dual, margin = np.zeros(len(labels)), before.copy()
    loss = _loss(margin, labels, weights)
    for _ in range(_STEPS):
        chance = logistic(margin)
        bend, inner = _inner(kernel, margin, weights)
        wanted = bend * (margin - before) + weights * (labels - chance)
        root = np.sqrt(bend)
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
    return dual, -loss - float(np.linalg.slogdet(_inner(kernel, margin, weights)[1])[1]) / 2


def _inner(kernel: Floats, margin: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Curvature of the loss [n], and one plus the kernel between its roots [n, n]."""
    chance = logistic(margin)
    bend = weights * np.maximum(chance * (1 - chance), 1e-6)
    root = np.sqrt(bend)
    return bend, np.eye(len(margin)) + root[:, None] * kernel * root


def _loss(margin: Floats, labels: Floats, weights: Floats) -> float:
    return float((weights * (np.logaddexp(0, margin) - labels * margin)).sum())
