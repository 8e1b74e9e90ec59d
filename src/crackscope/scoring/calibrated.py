"""From a score to a probability and a threshold, as the bundle reads scores on what the picture looks like.

Hairlines on a bridge deck score lower than cracks in a laboratory's concrete, so one calibration for all of them says
too little on the one and too much on the other. A bundle that knows several surfaces reads a score on each as was
fitted there, blended by how much the picture looks like it (a mixture of experts with a fixed gate: Jordan & Jacobs,
"Hierarchical mixtures of experts and the EM algorithm", 1994). What is unlike all of them is read as the bundle reads
everything.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.bundles import Manifest, logistic, logit
from crackscope.errors import BundleError
from crackscope.scoring.by_chance import lag


class Calibrated(NamedTuple):
    """How a score is read. probability: of crack, 0 to 1. threshold: the verdict is `crack` from this one on.

    surface: the known surface that decided most, "" where the bundle's own calibration did. lag: how many logits sound
    windows of photos that look so score above those of all surfaces.
    """

    probability: float
    threshold: float
    surface: str = ""
    lag: float = 0.0


class Calibrator:
    """Reads the scores of a bundle; safe to use from several threads. where: names the bundle in errors."""

    def __init__(self, manifest: Manifest, where: str) -> None:
        self._where = where
        self._common = manifest.calibration
        self._threshold = manifest.threshold
        local = manifest.local
        self._names = ("", *(known.name for known in local.surfaces)) if local else ()
        if local:
            self._projection = local.matrix()
            self._origin = np.array(local.origin)
            self._centres = np.array([known.centre for known in local.surfaces])
            self._limit = local.limit
            ways = [(self._common.scale, self._common.shift, manifest.threshold)]
            ways += [(known.scale, known.shift, known.threshold) for known in local.surfaces]
            self._ways = np.array([(scale, shift, logit(threshold)) for scale, shift, threshold in ways])
            lags = {known.name: lag(known, manifest.verdict) for known in manifest.verdict.known}
            self._lags = np.array([lags.get(name, 0.0) for name in self._names])

    def read(self, score: float, embedding: NDArray[np.float32] | None = None) -> Calibrated:
        """Read the score of a picture with this embedding, float32 [d]; without one, as on a surface never met.

        Raises BundleError for a score that is no number.
        """
        if embedding is None or not self._names:
            return Calibrated(self._probability(score, self._common.scale, self._common.shift), self._threshold)
        weights = self.weights(embedding)
        scale, shift, threshold = weights @ self._ways
        decided = int(weights.argmax())
        limit = self._threshold if weights[0] == 1 else float(logistic(threshold))
        probability = self._probability(score, float(scale), float(shift))
        return Calibrated(probability, limit, self._names[decided], float(weights @ self._lags))

    def reading(self, embedding: NDArray[np.float32]) -> NDArray[np.float64]:
        """Scale, shift and logit of the threshold that the score of such a picture is read with, float64 [3]."""
        if not self._names:
            return np.array([self._common.scale, self._common.shift, logit(self._threshold)])
        return np.asarray(self.weights(embedding) @ self._ways)

    def weights(self, embedding: NDArray[np.float32]) -> NDArray[np.float64]:
        """How much a picture looks like none of the surfaces, then like each of them: float64 [1 + k], sum 1."""
        with np.errstate(invalid="ignore", over="ignore"):
            place = self._projection @ embedding.astype(np.float64) + self._origin
            far = np.concatenate([[self._limit], ((place - self._centres) ** 2).sum(1)])
        far[~np.isfinite(far)] = np.inf
        weights = np.exp(-(far - far.min()) / 2)
        return np.asarray(weights / weights.sum())

    def _probability(self, score: float, scale: float, shift: float) -> float:
        read = scale * score + shift
        if math.isnan(read):
            raise BundleError(f"{self._where} gives no number for this picture (NaN)")
        return float(logistic(read))
