"""The chance that a sound photo shows as much.

It is conformal (Vovk et al., "Algorithmic Learning in a Random World", 2005): the share of held-out sound windows that
score as high, the photo's own counted among them, and every surface counted alike. Beyond the largest of them it falls
exponentially, as maxima of light-tailed scores do (Pickands 1975); a photo of n windows has n chances, taken as
independent, which errs towards `sound`. A long crack shows in many windows of a large photo, none of which need be so
rare alone: so the best few are asked about together as well.

Sound windows of one surface score higher than those of another. Where a photo looks like a surface that the bundle
knows, its scores are brought down by how far that surface's own held-out windows lie above those of all, so that the
rate holds there, too.
"""

import math
from collections.abc import Sequence

import numpy as np

from crackscope.bundles import KnownSound, Manifest, VerdictRule

FEW_WINDOWS = 8
"""From so many on, the most suspicious windows are asked about together: photos of 9 by 9 overlapping windows."""

LIKELIEST = 0.3
"""How a surface's windows lie is looked at where at most this share of them scores as high: rates beyond are not asked
for, and what lies there says nothing of the tail."""

LEAST_WINDOWS = 10
"""Sound windows from which on a surface is given a lag."""

ROUNDING_LOGITS = 1e-6
"""So much more, lest a window that lies at the very limit be let through by the last bit of a sum."""


def chance(scores: Sequence[float], overlapping: int, windows: float, rule: VerdictRule) -> float:
    """Chance, 0 to 1, that a sound photo shows as much as the best of its windows, or as the best few together.

    scores: of the most suspicious of so many `overlapping` windows, falling. windows: how many lie side by side. That k
    of m windows score as high as the k-th has a chance of at most m / k times that of one, however they hang together
    (Rüger 1978, Metrika 25). Asking twice doubles the chance; in a small photo it is not asked, since it has no few.
    """
    single = float(-math.expm1(max(windows, 1.0) * math.log1p(-min(chance_of_one(scores[0], rule), 1 - 1e-12))))
    if len(scores) < FEW_WINDOWS:
        return single
    several = overlapping / len(scores) * chance_of_one(scores[-1], rule)
    return min(1.0, 2 * min(single, several))


def chance_of_one(score: float, rule: VerdictRule) -> float:
    """Chance, 0 to 1, that a sound window of any surface scores as high."""
    above = int(np.searchsorted(-np.asarray(rule.sound), -score, side="right"))
    one = rule.chances[min(above, len(rule.chances) - 1)]
    return one * math.exp(-max(0.0, score - rule.sound[0]) / rule.tail) if above == 0 else one


def lag(known: KnownSound, rule: VerdictRule) -> float:
    """How many logits the sound windows of a surface score above those of all, where the chance is the same.

    The largest such difference: at the rates 1 / (n + 1), 2 / (n + 1), ... of its n windows, no more of them are then
    called cracked than the conformal rule for this surface alone would. 0 where there are too few to say.
    """
    count = len(known.sound)
    asked = min(LIKELIEST, rule.chances[-1]) if rule.chances else 0.0
    ranks = range(1, math.floor(asked * (count + 1)) + 1)
    if count < LEAST_WINDOWS or not ranks:
        return 0.0
    return max(known.sound[rank - 1] - _exceeded(rank / (count + 1), rule) for rank in ranks) + ROUNDING_LOGITS


def _exceeded(share: float, rule: VerdictRule) -> float:
    """The score above which a sound window of any surface lies with at most this chance."""
    places = np.flatnonzero(np.asarray(rule.chances) <= share)
    if len(places):
        return rule.sound[min(int(places[-1]), len(rule.sound) - 1)]
    return rule.sound[0] + rule.tail * math.log(rule.chances[0] / share)


def alarms_by_surface(manifest: Manifest, rate: float) -> dict[str, float]:
    """Of each real surface's held-out sound windows, the share that would be called cracked if it were not known.

    So it may go on a surface that the bundle has never met.
    """
    rule = manifest.verdict
    least = manifest.mask_threshold
    return {
        known.name: sum(one >= least and chance_of_one(one, rule) <= rate for one in known.sound) / len(known.sound)
        for known in rule.known
    }
