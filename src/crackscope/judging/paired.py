"""Tests of two classifiers on the same rows."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crackscope.judging.figures import Values


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided exact p of McNemar's test (1947), from the rows that only the one and only the other got right.

    Under the null hypothesis each such row is a fair coin. 1 when there is none.
    """
    from scipy.special import bdtr

    tossed = only_first + only_second
    if tossed == 0:
        return 1.0
    return min(1.0, 2.0 * float(bdtr(min(only_first, only_second), tossed, 0.5)))


def flipped(shifts: NDArray[np.intp]) -> float:
    """Two-sided exact p of a sum of shifts, int [groups], each of which is as likely to go the other way.

    The sign-flip test of Fisher (1935). Of how many more rows of a group only the second got right than only the first
    it knows of groups as McNemar's does of rows, and where a group is a row it is McNemar's.
    """
    sizes = np.abs(shifts[shifts != 0])
    if (sizes == 1).all():
        return mcnemar(int((shifts < 0).sum()), int((shifts > 0).sum()))
    chances = np.ones(1)
    for size, groups in zip(*np.unique(sizes, return_counts=True), strict=True):
        chances = _with_groups(chances, int(size), int(groups))
    reach = len(chances) - 1
    # The sum is what goes forward less the rest.
    far = np.abs(2 * np.arange(reach + 1) - reach) >= abs(int(shifts.sum()))
    return min(1.0, float(chances[far].sum()))


def _with_groups(chances: Values, size: int, groups: int) -> Values:
    """The chances that 0, 1, 2 ... rows go forward, when so many groups of one size join those that have these."""
    tossed = _tossed(groups)
    joined = np.zeros(len(chances) + size * groups)
    # Groups of one size move in steps of it, so that places a step apart are apart from all others.
    for first in range(min(size, len(chances))):
        joined[first::size][: len(chances[first::size]) + groups] = np.convolve(chances[first::size], tossed)
    return joined


def _tossed(coins: int) -> Values:
    """The chances of 0, 1, 2 ... heads of one coin or more."""
    if coins == 1:
        return np.array([0.5, 0.5])
    half = _tossed(coins // 2)
    both = np.convolve(half, half)
    return np.convolve(both, [0.5, 0.5]) if coins % 2 else both


def sign_share(differences: Values) -> float | None:
    """Two-sided p of a bootstrapped difference: twice the share of resamples on the rarer side of nought.

    One is added to both counts, so that p is never 0 (Davison and Hinkley, 1997, section 4.2.5); None when no resample
    has the figure.
    """
    known = differences[np.isfinite(differences)]
    if not len(known):
        return None
    rarer = min(int((known <= 0).sum()), int((known >= 0).sum()))
    return min(1.0, 2.0 * (rarer + 1) / (len(known) + 1))


def holm(values: Sequence[float | None]) -> list[float | None]:
    """Correct p values for being several (Holm, 1979). None stays None and does not count."""
    known: NDArray[np.intp] = np.array(
        [place for place, value in enumerate(values) if value is not None], dtype=np.intp
    )
    corrected: list[float | None] = [None] * len(values)
    ranked = sorted(known.tolist(), key=lambda place: values[place] or 0.0)
    least = 0.0
    for rank, place in enumerate(ranked):
        least = max(least, min(1.0, (values[place] or 0.0) * (len(ranked) - rank)))
        corrected[place] = least
    return corrected
