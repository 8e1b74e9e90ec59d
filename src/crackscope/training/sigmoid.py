"""Platt scaling: the sigmoid that turns scores into probabilities."""

import numpy as np
from numpy.typing import NDArray

from crackscope.bundles import logistic


def fit_sigmoid(scores: NDArray[np.float64], labels: NDArray[np.float64]) -> tuple[float, float]:
    """Scale (above 0) and shift that make sigmoid(scale * score + shift) fit the labels best, both classes alike.

    Labels are softened as Platt (1999) does, so that scores that separate perfectly give a finite scale; the classes
    get the same weight, since the share of cracks in a set says nothing of the next surface.
    """
    positives, negatives = labels.sum(), (1 - labels).sum()
    targets = np.where(labels > 0, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    weights = np.where(labels > 0, 0.5 / max(positives, 1), 0.5 / max(negatives, 1))
    scale, shift = 1.0, 0.0
    for _ in range(100):
        found = logistic(scale * scores + shift)
        error, bend = weights * (found - targets), weights * found * (1 - found) + 1e-12
        gradient = np.array([(error * scores).sum(), error.sum()])
        cross = (bend * scores).sum()
        hessian = np.array([[(bend * scores**2).sum(), cross], [cross, bend.sum()]]) + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        step *= min(1.0, 2.0 / max(np.abs(step).max(), 1e-12))
        scale, shift = max(scale - step[0], 1e-3), shift - step[1]
        if np.abs(step).max() < 1e-9:
            break
    return float(scale), float(shift)
