"""Where in a network's embedding the surfaces lie that it learnt from, and how far from them is elsewhere.

Surfaces are taken for normal distributions of one covariance, as linear discriminant analysis does (Fisher 1936), and
what is far from all of them by the Mahalanobis distance for a surface never met (Lee et al., "A simple unified
framework for detecting out-of-distribution samples", 2018).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Names = NDArray[np.str_]

MOST_BETWEEN = 8
"""Directions that tell surfaces from each other, at most."""

ELSEWHERE = 6
"""Directions in which other pictures differ most from all of them. With asphalt, METU, or SDNET2018's pavements, walls
or decks left out, 1, 1, .95, .33 and .28 of their held-out pictures are then taken for unlike the other four (to the
network walls and decks look alike); 12 or 20 directions change no share by more than .2."""

_SHRUNK = 0.3
"""The covariance within surfaces is drawn so far towards a sphere: 150 pictures of a surface give it less than full
rank."""

AS_KNOWN = 0.9
"""Share of the held-out pictures of a known surface that shall look more like one than like none."""


class Likeness(NamedTuple):
    """Coordinates = projection [q, d] @ embedding + origin [q]; the surfaces' centres in them, [k, q], in the order of
    their names; limit: squared distance from which on a picture is more unlike a surface than like it.
    """

    projection: Floats
    origin: Floats
    centres: Floats
    names: tuple[str, ...]
    limit: float = 1.0

    def squared(self, embeddings: NDArray[np.float32]) -> Floats:
        """Squared distances of embeddings [n, d] from the centres, float64 [n, k]."""
        places = embeddings.astype(np.float64) @ self.projection.T + self.origin
        return np.asarray(((places[:, None] - self.centres) ** 2).sum(2))

    def weights(self, embeddings: NDArray[np.float32]) -> Floats:
        """How much each looks like none of the surfaces, then like each of them: float64 [n, 1 + k], rows sum to 1."""
        squared = self.squared(embeddings)
        far = np.concatenate([np.full((len(squared), 1), self.limit), squared], axis=1)
        weights = np.exp(-(far - far.min(1, keepdims=True)) / 2)
        return np.asarray(weights / weights.sum(1, keepdims=True))

    def limited(self, embeddings: NDArray[np.float32], surface: Names) -> "Likeness":
        """With the limit that held-out pictures of the surfaces ask for, surfaces counting alike."""
        squared = self.squared(embeddings)
        here = [squared[surface == name, place] for place, name in enumerate(self.names) if name in surface]
        limit = float(np.mean([np.quantile(one, AS_KNOWN) for one in here])) if here else 1.0
        return self._replace(limit=max(1.0, round(limit, 4)))


def likeness(embeddings: NDArray[np.float32], surface: Names, others: NDArray[np.float32]) -> Likeness:
    """Fit to embeddings [n, d] of pictures of two surfaces or more, and those [m, d] of pictures of anything else."""
    names = tuple(sorted(set(surface.tolist())))
    middle, spread = embeddings.mean(0, np.float64), embeddings.std(0, dtype=np.float64)
    shrink = np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > 1e-6 * max(spread.max(), 1e-12))
    known, beyond = ((one.astype(np.float64) - middle) * shrink for one in (embeddings, others))
    white = _whitening(known, surface, names)
    means = np.stack([known[surface == name].mean(0) for name in names]) @ white
    between = _directions(means - means.mean(0), min(len(names) - 1, MOST_BETWEEN))
    rest = beyond @ white - means.mean(0)
    elsewhere = _directions(rest - rest @ between.T @ between, min(ELSEWHERE, len(rest)))
    basis = white @ np.concatenate([between, elsewhere]).T
    basis = basis @ _whitening(known @ basis, surface, names, shrunk=0.01)
    projection = _rounded((shrink[:, None] * basis).T)
    origin = _rounded(-projection @ middle)
    places = embeddings.astype(np.float64) @ projection.T + origin
    return Likeness(projection, origin, _rounded(np.stack([places[surface == n].mean(0) for n in names])), names)


def _whitening(points: Floats, surface: Names, names: tuple[str, ...], shrunk: float = _SHRUNK) -> Floats:
    """What makes the covariance within surfaces, each counting alike, the identity: [d, d]."""
    within = np.mean(
        [np.cov(points[surface == name].T, bias=True).reshape(2 * (points.shape[1],)) for name in names], 0
    )
    mean = max(float(np.trace(within)) / len(within), 1e-12)
    values, vectors = np.linalg.eigh((1 - shrunk) * within + shrunk * mean * np.eye(len(within)))
    return np.asarray(vectors / np.sqrt(values))


def _directions(points: Floats, count: int) -> Floats:
    """The `count` orthonormal directions in which points [n, d] reach farthest from 0: [count, d]."""
    if count < 1:
        return np.empty((0, points.shape[1]))
    _, vectors = np.linalg.eigh(points.T @ points)
    return np.asarray(vectors[:, ::-1][:, :count].T)


def _rounded(values: Floats) -> Floats:
    """To six digits, so that the last bits of a sum, which differ between machines, do not show."""
    digits = 5 - np.floor(np.log10(np.maximum(np.abs(values), 1e-30)))
    return np.asarray(np.round(values * 10.0**digits) / 10.0**digits)
