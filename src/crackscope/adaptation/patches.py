"""Labelled patches as a network sees them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.bundles import Manifest, Reference
from crackscope.records import Row, Unread
from crackscope.scoring import Described, Model, describe, showing_features

Floats = NDArray[np.float64]
Numbers = NDArray[np.intp]
Progress = Callable[[int, int], None]
_SURE = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """What a network says of n labelled patches.

    margin: float64 [n], logit of the calibrated probability less that of the bundle's threshold: called crack from 0
    on. features: float64 [n, k]. crack: bool [n]. group: int [n], from 0 on; patches of one group are no independent
    witnesses.
    """

    margin: Floats
    features: Floats
    crack: NDArray[np.bool_]
    group: Numbers

    def __len__(self) -> int:
        return len(self.margin)

    def at(self, places: NDArray[np.intp] | NDArray[np.bool_]) -> "Patches":
        """Some of them."""
        return Patches(self.margin[places], self.features[places], self.crack[places], self.group[places])

    def groups_of(self, crack: bool) -> int:
        """How many groups have a patch of this label."""
        return len(np.unique(self.group[self.crack == crack]))


def see(model: Model, rows: Sequence[Row], progress: Progress | None = None) -> "Seen":
    """Run a network over rows, for its features and its embedding."""
    answers = zip(rows, describe(showing_features(model), [row.path for row in rows], progress), strict=True)
    read: list[Row] = []
    told: list[Described] = []
    unread: list[Unread] = []
    for row, answer in answers:
        if isinstance(answer, Unread):
            unread.append(answer)
        else:
            read.append(row)
            told.append(answer)
    shown = np.array([answer.embedding for answer in told], np.float64)
    count = shown.shape[1] - model.manifest.embedding if told else 0
    patches = Patches(
        margins(np.array([answer.score for answer in told], np.float64), model.manifest),
        shown[:, :count] if told else np.empty((0, 0)),
        np.array([row.label == "crack" for row in read], np.bool_),
        numbered([row.group for row in read]),
    )
    return Seen(patches, read, unread, shown[:, count:] if told else np.empty((0, 0)))


class Seen(NamedTuple):
    """rows: those that could be read, one a patch. embedding: float64 [n, d]."""

    patches: Patches
    rows: list[Row]
    unread: list[Unread]
    embedding: Floats


def remembered(reference: Reference, manifest: Manifest) -> Patches:
    """What a bundle keeps of pictures that training set aside."""
    score = reference.score.astype(np.float64)
    every = np.arange(len(score), dtype=np.intp)
    return Patches(margins(score, manifest), reference.features.astype(np.float64), reference.crack, every)


def margins(score: Floats, manifest: Manifest) -> Floats:
    """How far calibrated logits lie above that of the threshold, float64 [n]."""
    fitted = manifest.calibration
    return fitted.scale * score + fitted.shift - threshold_logit(manifest)


def threshold_logit(manifest: Manifest) -> float:
    """The logit of a bundle's threshold; of one that says always, or never, that of a probability near it."""
    threshold = min(max(manifest.threshold, _SURE), 1 - _SURE)
    return math.log(threshold) - math.log1p(-threshold)


def numbered(names: Sequence[str]) -> Numbers:
    """Number groups from 0; a row without a name is a group of its own."""
    seen: dict[str, int] = {}
    return np.array([seen.setdefault(name or f"\0{place}", len(seen)) for place, name in enumerate(names)], np.intp)
