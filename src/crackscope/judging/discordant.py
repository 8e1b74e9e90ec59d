"""Where two classifiers differ on the same rows, in groups: all that a paired test has to go by."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.judging.evaluation import Judged
from crackscope.judging.few import together
from crackscope.judging.sample import number_groups

FEWEST = 10
"""Groups that must differ for a difference to be resampled: with fewer, a resample often draws none that speak for the
one that is behind, and p comes out too small. Of two equally good classifiers on 400 rows p is below .05 in 12 of 100
cases where 4 pictures differ, in 3 to 6 from 9 on; below .01 in 3 of 100 where 6 differ, in 0 to 2 from 10 on."""

_RANKED = ("roc_auc", "average_precision")


class Differing(NamedTuple):
    """Groups with a row that differs between two classifiers, and of how many. clump: how many rows are one witness, by
    how far those that differ keep to the same groups (`few.together`); 1 where none differs, or all do."""

    groups: int
    of: int
    clump: float


class Shift(NamedTuple):
    """What differs between two classifiers. by_group: int [groups], how many more rows the second got right. verdicts:
    rows that only one of them got right. ranks: rows that stand elsewhere among those of the other label, of the label
    that has fewer groups with such rows. alike: both gave every row the same probability."""

    by_group: NDArray[np.intp]
    verdicts: Differing
    ranks: Differing
    alike: bool

    def differing(self, figure: str) -> Differing:
        """What a difference in this figure comes from."""
        return self.ranks if figure in _RANKED else self.verdicts

    def enough(self, figure: str) -> bool:
        """Whether a bootstrapped p of this figure says anything; of two that do not differ at all it is 1."""
        groups = self.differing(figure).groups
        return groups == 0 or groups >= FEWEST

    def shows_all(self, figure: str) -> bool:
        """Whether resamples show how far this figure may differ: not where only a few rows differ, which leaves unseen
        what another sample may hold. Ranks differ by more or less in nearly every row, as a rule, and then all groups
        speak, however few they are."""
        found = self.differing(figure)
        return self.enough(figure) or (figure in _RANKED and 2 * found.groups >= found.of)


def shift(first: Sequence[Judged], second: Sequence[Judged], grouped: Sequence[Judged]) -> Shift:
    """What differs between two classifiers on the same rows, by the groups that the rows of `grouped` have."""
    group = number_groups([row.group for row in grouped])
    right = np.array([[bool(row.correct) for row in one] for one in (first, second)], int)
    by_row = right[1] - right[0]
    by_group = np.zeros(int(group.max()) + 1, np.intp)
    np.add.at(by_group, group, by_row)
    crack = np.array([row.label == "crack" for row in first])
    probability = [np.array([row.probability for row in one]) for one in (first, second)]
    places = [_places(one, crack) for one in probability]
    moved = places[0] != places[1]
    ranks = min((_differing(group[one], moved[one]) for one in (crack, ~crack)), key=lambda found: found.groups)
    alike = bool((probability[0] == probability[1]).all() and not by_row.any())
    return Shift(by_group, _differing(group, by_row != 0), ranks, alike)


def _differing(group: NDArray[np.intp], differs: NDArray[np.bool_]) -> Differing:
    """group: int [n]. differs: bool [n]."""
    of = np.bincount(group).astype(np.float64)
    rows = np.bincount(group[differs], minlength=len(of)).astype(np.float64)
    clump = together(rows, of) if 0 < rows.sum() < of.sum() else 1.0
    return Differing(int(np.count_nonzero(rows)), int(np.count_nonzero(of)), clump)


def _places(probability: NDArray[np.float64], crack: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How many rows of the other label are below each row, ties counting half."""
    places = np.empty(len(crack))
    for own in (crack, ~crack):
        others = np.sort(probability[~own])
        at = probability[own]
        places[own] = (np.searchsorted(others, at, "left") + np.searchsorted(others, at, "right")) / 2
    return places
