"""Labelled patches as a network sees them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crackscope.bundles import Manifest, Reference
from crackscope.records import Row, Unread
from crackscope.scoring import Described, Model, describe

Floats = NDArray[np.float64]
Numbers = NDArray[np.intp]
Progress = Callable[[int, int], None]
_SURE = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """What a network says of n labelled patches.

    margin: float64 [n], logit of the calibrated probability less that of the bundle's threshold: called crack from 0
    on. embedding: float64 [n, d]. crack: bool [n]. group: int [n], from 0 on; patches of one group are no independent
    witnesses.
    """

    margin: Floats
    embedding: Floats
    crack: NDArray[np.bool_]
    group: Numbers

    def __len__(self) -> int:
        return len(self.margin)

    def at(self, places: NDArray[np.intp] | NDArray[np.bool_]) -> "Patches":
        """Some of them."""
        return Patches(self.margin[places], self.embedding[places], self.crack[places], self.group[places])

    def groups_of(self, crack: bool) -> int:
        """How many groups have a patch of this label."""
        return len(np.unique(self.group[self.crack == crack]))


def see(model: Model, rows: Sequence[Row], progress: Progress | None = None) -> tuple[Patches, list[Row], list[Unread]]:
    """Run a network over rows; returns what it says, the rows that could be read, and the others."""
    answers = list(zip(rows, describe(model, [row.path for row in rows], progress), strict=True))
    seen = [(row, answer) for row, answer in answers if isinstance(answer, Described)]
    embedding = np.array([one.embedding for _, one in seen], np.float64).reshape(len(seen), model.manifest.embedding)
    score = np.array([one.score for _, one in seen], np.float64)
    patches = Patches(
        margins(score, model.manifest),
        embedding,
        np.array([row.label == "crack" for row, _ in seen], np.bool_),
        numbered([row.group for row, _ in seen]),
    )
    return patches, [row for row, _ in seen], [answer for _, answer in answers if isinstance(answer, Unread)]


def remembered(reference: Reference, manifest: Manifest) -> Patches:
    """What a bundle keeps of pictures that training set aside."""
    score = reference.score.astype(np.float64)
    every = np.arange(len(score), dtype=np.intp)
    return Patches(margins(score, manifest), reference.embedding.astype(np.float64), reference.crack, every)


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
