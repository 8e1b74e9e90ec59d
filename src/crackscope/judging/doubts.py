"""Which labels are probably wrong: confident learning (Northcutt, Jiang, Chuang, 2021) on out-of-fold probabilities.

A logistic regression over what a network says of each picture (score and embedding) is fitted without the picture's own
fold, and asked about it. A label is doubted when the other label's probability is at least as high as it is on average
among the pictures that do carry that other label. Pictures are ranked by how little their own label is believed.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from crackscope.errors import JudgingError
from crackscope.judging.sample import number_groups
from crackscope.records import LABELS, Label, Row

_FOLDS = 5
_STRENGTH = 1.25
"""Inverse of the ridge, shared by all features of deviation 1: the labels that are fitted are the ones in doubt."""


class Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """A picture and how far its label is believed.

    believed: probability of the label that it carries, 0 to 1, by a fit that did not see the picture or its group.
    doubted: whether confident learning counts it among the wrong labels.
    """

    path: str
    label: Label
    believed: float
    doubted: bool


def label_doubts(
    rows: Sequence[Row], scores: NDArray[np.float64], embeddings: NDArray[np.float64], *, seed: int = 0
) -> tuple[Doubt, ...]:
    """Rank rows by how little their label is believed, the least first.

    scores: float64 [n], crack logits; embeddings: float64 [n, d], of any network, best one that never saw these labels.
    Rows of one group are judged by a fit without any of them. Raises JudgingError when a label has under 10 rows, or
    all of a label are one group.
    """
    crack = np.array([row.label == "crack" for row in rows])
    if min(int(crack.sum()), int((~crack).sum())) < 2 * _FOLDS:
        raise JudgingError(f"labels cannot be doubted on fewer than {2 * _FOLDS} pictures of each: give more")
    groups = number_groups([row.group for row in rows])
    probability = _out_of_fold(_features(scores, embeddings), crack, groups, seed)
    believed = np.where(crack, probability, 1 - probability)
    doubted = _confidently_other(probability, crack)
    order = np.lexsort((np.arange(len(rows)), believed))
    return tuple(
        Doubt(
            path=rows[place].path,
            label=LABELS[int(crack[place])],
            believed=float(believed[place]),
            doubted=bool(doubted[place]),
        )
        for place in order
    )


def _features(scores: NDArray[np.float64], embeddings: NDArray[np.float64]) -> NDArray[np.float64]:
    columns = np.column_stack([scores, embeddings])
    return np.asarray((columns - columns.mean(axis=0)) / (columns.std(axis=0) + 1e-6))


def _out_of_fold(
    features: NDArray[np.float64], crack: NDArray[np.bool_], groups: NDArray[np.intp], seed: int
) -> NDArray[np.float64]:
    """Probability of crack by fits without the row's fold; folds keep groups whole and labels even."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold

    fewest = min(len(np.unique(groups[crack])), len(np.unique(groups[~crack])))
    if fewest < 2:
        raise JudgingError("all pictures of one label are one group: their labels cannot be doubted")
    probability = np.empty(len(crack))
    folds = StratifiedGroupKFold(min(_FOLDS, fewest), shuffle=True, random_state=seed)
    for learnt, held in folds.split(features, crack, groups):
        if len(np.unique(crack[learnt])) < 2:
            raise JudgingError("the pictures of one label are nearly all one group: their labels cannot be doubted")
        fit = LogisticRegression(C=_STRENGTH / features.shape[1], class_weight="balanced", max_iter=300, tol=1e-3)
        fit.fit(features[learnt], crack[learnt])
        probability[held] = fit.predict_proba(features[held])[:, 1]
    return probability


def _confidently_other(probability: NDArray[np.float64], crack: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether the other label is as probable as it is on average among the rows that carry it."""
    as_crack, as_sound = float(probability[crack].mean()), float(1 - probability[~crack].mean())
    wrong_sound = ~crack & (probability >= as_crack)
    wrong_crack = crack & (1 - probability >= as_sound)
    return np.asarray(wrong_sound | wrong_crack)
