"""Which labels are probably wrong: confident learning (Northcutt, Jiang, Chuang, 2021) on out-of-fold probabilities.

A logistic regression over what a network says of each picture (score and embedding) is fitted without the picture's own
fold, and asked about it. A label is doubted when the other label's probability is at least as high as it is on average
among the pictures that do carry that other label, or high enough by itself. Pictures are ranked by how little their own
label is believed.

All of this believes the majority: where most labels are wrong it accuses the right ones. What a network says by itself
tells (`labels_opposed`).
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
_SURE = 0.85
"""Probability of the other label that is enough. Where the two are told apart easily the average is .93 to .99, and a
wrong label, which is fitted to with all others, keeps some belief. Of METU with 3 % of the labels flipped 234 of 240
are doubted and 4 others (without it 217 to 225 and 2 to 4), of 200 pictures a label in six draws 71 of 72 and one other
(65 and 1), of METU as it is 7 of 8,000 (3). At .8 it is 235 to 237 and 5, and 8 to 11. SDNET2018's averages are .73 to
.77: there nothing changes."""
_OPPOSED = 0.4
"""A network at a loss gives an area of .5; one that is surely below this says the opposite of the labels."""

Floats = NDArray[np.float64]


class Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """A picture and how far its label is believed.

    believed: probability of the label that it carries, 0 to 1, by a fit that did not see the picture or its group.
    doubted: whether confident learning counts it among the wrong labels. copies: other files of the same picture that
    carry the same label: what is said holds for them, too.
    """

    path: str
    label: Label
    believed: float
    doubted: bool
    copies: tuple[str, ...] = ()


def label_doubts(
    rows: Sequence[Row], scores: Floats, embeddings: Floats, *, copies: Sequence[int] | None = None, seed: int = 0
) -> tuple[Doubt, ...]:
    """Rank pictures by how little their label is believed, the least first.

    scores: float64 [n], crack logits; embeddings: float64 [n, d], of any network, best one that never saw these labels.
    copies: a number for each row; rows of one number and one label are one picture, which is counted and doubted once.
    Rows of one group are judged by a fit without any of them. Raises JudgingError when a label has under 10 pictures,
    or all of a label are one group, or a number is none.
    """
    members = _pictures(rows, range(len(rows)) if copies is None else copies)
    first = [rows[places[0]] for places in members]
    crack = np.array([row.label == "crack" for row in first])
    if min(int(crack.sum()), int((~crack).sum())) < 2 * _FOLDS:
        raise JudgingError(f"labels cannot be doubted on fewer than {2 * _FOLDS} pictures of each: give more")
    columns = np.column_stack([scores, embeddings])
    known = np.isfinite(columns).all(axis=1)
    if not known.all():
        path = rows[int(known.argmin())].path
        raise JudgingError(f"the network gives no number for {path}: train it again, or take another bundle")
    features = _features(np.stack([columns[places].mean(axis=0) for places in members]))
    groups = number_groups([row.group for row in first])
    probability = _out_of_fold(features, crack, groups, seed)
    believed = np.where(crack, probability, 1 - probability)
    doubted = _confidently_other(probability, crack)
    order = np.lexsort((np.arange(len(first)), believed))
    return tuple(
        Doubt(
            path=first[place].path,
            label=LABELS[int(crack[place])],
            believed=float(believed[place]),
            doubted=bool(doubted[place]),
            copies=tuple(rows[other].path for other in members[place][1:]),
        )
        for place in order
    )


def labels_opposed(rows: Sequence[Row], scores: Floats) -> float | None:
    """The area under the ROC curve where scores, float64 [n], say the opposite of the labels beyond chance; else None.

    As when the two classes are swapped. Standard error by Hanley and McNeil ("The meaning and use of the area under a
    receiver operating characteristic curve", Radiology 143, 1982).
    """
    crack = np.array([row.label == "crack" for row in rows], bool)
    cracks, sounds = int(crack.sum()), int((~crack).sum())
    if min(cracks, sounds) < 2:
        return None
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]
    area = float((ranks[crack].sum() - cracks * (cracks + 1) / 2) / (cracks * sounds))
    first, second = area / (2 - area), 2 * area * area / (1 + area)
    spread = area * (1 - area) + (cracks - 1) * (first - area**2) + (sounds - 1) * (second - area**2)
    error = float(np.sqrt(max(spread, 0.0) / (cracks * sounds)))
    return area if area + 2 * error < _OPPOSED else None


def _pictures(rows: Sequence[Row], copies: Sequence[int]) -> list[list[int]]:
    """The places of each picture's rows, in the order of their first ones."""
    members: dict[tuple[int, Label], list[int]] = {}
    for place, (row, number) in enumerate(zip(rows, copies, strict=True)):
        members.setdefault((number, row.label), []).append(place)
    return list(members.values())


def _features(columns: Floats) -> Floats:
    return np.asarray((columns - columns.mean(axis=0)) / (columns.std(axis=0) + 1e-6))


def _out_of_fold(features: Floats, crack: NDArray[np.bool_], groups: NDArray[np.intp], seed: int) -> Floats:
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


def _confidently_other(probability: Floats, crack: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether the other label is as probable as it is on average among the rows that carry it, or surely enough."""
    as_crack = min(_SURE, float(probability[crack].mean()))
    as_sound = min(_SURE, float(1 - probability[~crack].mean()))
    wrong_sound = ~crack & (probability >= as_crack)
    wrong_crack = crack & (1 - probability >= as_sound)
    return np.asarray(wrong_sound | wrong_crack)
