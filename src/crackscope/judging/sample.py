"""Labelled rows and their scores, laid out so that a figure of thousands of resamples is a few array operations."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crackscope.errors import JudgingError

BINS = 15
"""Equal-width bins of the calibration error: as Guo et al., "On Calibration of Modern Neural Networks", 2017."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows sorted by falling probability.

    order: int [n], the rows' places as they were given. crack, said: bool [n], label and verdict.
    probability: float64 [n], 0 to 1. group: int [n], 0 to groups - 1. ties: int [k], the last row of every run of equal
    probabilities. bin: int [n], 0 to BINS - 1.
    """

    order: NDArray[np.intp]
    crack: NDArray[np.bool_]
    said: NDArray[np.bool_]
    probability: NDArray[np.float64]
    group: NDArray[np.intp]
    groups: int
    ties: NDArray[np.intp]
    bin: NDArray[np.intp]

    @property
    def n(self) -> int:
        """How many rows there are."""
        return len(self.crack)


def sample(
    crack: NDArray[np.bool_], said: NDArray[np.bool_], probability: NDArray[np.float64], group: NDArray[np.intp]
) -> Sample:
    """Sort rows for figuring. All arrays [n]; `group` holds 0 to groups - 1, each at least once."""
    order = np.argsort(-probability, kind="stable")
    ranked = probability[order]
    ties = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    bins = np.clip(np.ceil(ranked * BINS).astype(np.intp) - 1, 0, BINS - 1)
    groups = int(group.max()) + 1 if len(group) else 0
    return Sample(order, crack[order], said[order], ranked, group[order], groups, ties, bins)


def number_groups(names: Sequence[str]) -> NDArray[np.intp]:
    """Number groups from 0 in order of first appearance; every row without a group gets a number of its own."""
    seen: dict[str, int] = {}
    # No name of a group holds a zero byte, so such a key is a row's own.
    return np.array([seen.setdefault(name or f"\0{place}", len(seen)) for place, name in enumerate(names)], np.intp)


def counts_by_group(group: NDArray[np.intp], crack: NDArray[np.bool_], hit: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Hits among the cracked rows of every group, its cracked rows, and both of the sound ones: float64 [groups, 4].

    group: int [n], 0 to groups - 1. crack, hit: bool [n].
    """
    counts = np.zeros((int(group.max()) + 1, 4))
    np.add.at(counts, group, np.stack([crack & hit, crack, ~crack & hit, ~crack], axis=1))
    return counts


def checked_probabilities(probabilities: NDArray[np.float64] | Sequence[float], n: int) -> NDArray[np.float64]:
    """Give probabilities as float64 [n]; JudgingError when there are too many or few, or one is no probability."""
    values = np.asarray(probabilities, dtype=np.float64)
    if values.shape != (n,):
        raise JudgingError(f"{n} rows cannot be judged by probabilities of shape {list(values.shape)}: give one a row")
    bad = np.flatnonzero(~((values >= 0) & (values <= 1)))
    if len(bad):
        raise JudgingError(f"the probability of row {bad[0]} is {values[bad[0]]}: it must lie between 0 and 1")
    return values
