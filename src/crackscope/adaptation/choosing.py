"""Which patches to label next: those the network is least sure of, and unlike each other, and some likely cracks.

Taken one by one, each time the patch whose doubt times squared distance to all that are taken already is the largest:
the greedy form of k-centre (Sener and Savarese, "Active learning for convolutional neural networks", 2018) with the
doubt as a weight (Zhdanov, "Diverse mini-batch active learning", 2019). Nothing is left to chance, nor to the order in
which patches come: of those wanted alike the lowest score goes first, as the highest are named anyway (see below). Such
there are always, since where scores part lies half way between two of them.

On a new surface all scores may lie too high or too low, and then those about an even chance are all of one label. So
doubt is counted from where the scores of these very patches part best (Otsu, "A threshold selection method from
gray-level histograms", 1979).

What is labelled already is taken from the start, as the first centres are in k-centre.

Where most is sound, though, scores part among the sound patches, and these lie farthest apart: where a tenth is cracked
20 so chosen hold two or three cracked ones, and `adapt` needs five. So every third patch is the one of the highest
score left, copies of what is taken apart, until there are seven: what is probably of the rarer label has to be favoured
(Aggarwal, Popescu and Hudelot, "Minority class oriented active learning for imbalanced datasets", 2020), and more than
seven taught less where half is cracked. What they bring stands in benchmarks/suggest.txt.

Distances are those of the features at suspicious places (see `bundles.with_offset`). On decks, walls, pavements and
asphalt, each left out of training and half of it cracked, 20 patches chosen by doubt and distance alone taught a bundle
to a balanced accuracy of .750, .804, .845 and .943 on the other half of the surface; 20 drawn by lot .750, .800, .842
and .937; the 20 nearest the threshold .710, .751, .834 and .946 (means of 12 halves).
"""

import numpy as np
from numpy.typing import NDArray

from crackscope.adaptation.patches import Floats

LIKELIEST = 7
"""Patches taken for their high score alone: a few more than the 5 cracked ones without which nothing can be learnt."""
_EVERY = 3
"""So often one of them is taken, until there are enough."""
_FARTHEST = 4.0
"""Squared distance of two opposite patches: none lies farther off."""
_FLOOR = 0.25
"""Doubt that even a patch beyond doubt has: somewhere the network is sure and wrong."""
_COMPONENTS = 32
_ALIKE = 1e-9
"""What differs by no larger share than this may differ by rounding alone."""


def choose(
    score: Floats, features: Floats, count: int, *, likeliest: int = LIKELIEST, known: Floats | None = None
) -> NDArray[np.intp]:
    """Places of up to `count` patches (1 or more), the most wanted first; of more patches these are the first as well.

    Which patches these are does not depend on their order, unless their scores are the same to the last digit.

    score: float64 [n]; features: [n, k]. likeliest: how many are taken for their high score alone. known: [m, k],
    features of what is labelled already.
    """
    rising = np.argsort(score, kind="stable")
    score, features = score[rising], features[rising]
    doubt = doubts(score)
    every = features if known is None else np.vstack([features, known])
    places, old = np.split(_apart(every), [len(score)])
    free = np.ones(len(score), np.bool_)
    distance = np.full(len(score), _FARTHEST)
    for place in old:
        distance = np.minimum(distance, ((places - place) ** 2).sum(axis=1))
    taken: list[int] = []
    while len(taken) < min(count, len(score)):
        by_score = len(taken) % _EVERY == _EVERY - 1 and len(taken) < _EVERY * likeliest
        unlike = free & (distance > _ALIKE)
        at = _most_wanted(score if by_score else doubt * distance, unlike if unlike.any() else free)
        taken.append(at)
        free[at] = False
        distance = np.minimum(distance, ((places - places[at]) ** 2).sum(axis=1))
    return np.asarray(rising[taken], np.intp)


def _most_wanted(worth: Floats, free: NDArray[np.bool_]) -> int:
    """The first of the free places where the worth is the highest, but for rounding."""
    left = np.where(free, worth, -np.inf)
    most = left.max()
    return int(np.flatnonzero(left >= most - _ALIKE * abs(most))[0])


def doubts(score: Floats) -> Floats:
    """How unsure a score is among these, float64 [n]: 1 where they part, the least at their ends."""
    away = (score - parting(score)) / (score.std() + 1e-6)
    return np.asarray(_FLOOR + (1 - _FLOOR) * np.exp(-(away**2)))


def parting(score: Floats) -> float:
    """The value that parts numbers into two heaps with the least spread inside them, float64 [n]."""
    rising = np.sort(score)
    if len(rising) < 2 or rising[0] == rising[-1]:
        return float(rising[0])
    below = np.arange(1, len(rising))
    sums = np.cumsum(rising)
    gap = (sums[-1] - sums[:-1]) / (len(rising) - below) - sums[:-1] / below
    best = int((below * (len(rising) - below) * gap**2).argmax())
    return float((rising[best] + rising[best + 1]) / 2)


def _apart(features: Floats) -> Floats:
    """Features in which distances count what differs among these patches: their largest components, float64 [n, k].

    Each patch is brought to length 1 afterwards, so that odd ones do not lie farther off than others can.
    """
    centred = (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-6)
    kept = min(_COMPONENTS, *centred.shape)
    across, lengths, _ = np.linalg.svd(centred, full_matrices=False)
    found = across[:, :kept] * lengths[:kept]
    return np.asarray(found / (np.linalg.norm(found, axis=1, keepdims=True) + 1e-9))
