"""Which pictures a report shows, and their thumbnails."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crackscope.errors import ImageError
from crackscope.judging import Evaluation, Judged

SIDE = 144
"""Longest side of a thumbnail, px."""

_QUALITY = 78
_SAMPLES_A_CLASS = 12
_WORST = 36
_CLOSE = 12
_REFUSED = 24

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture of a gallery. picture: a data URI, or None when it can no longer be read."""

    row: Judged
    picture: str | None
    width: int = SIDE
    height: int = SIDE


def samples(evaluation: Evaluation) -> list[Judged]:
    """Up to twelve rows of each class, drawn by the seed of the evaluation and mixed."""
    rng = np.random.default_rng(evaluation.intervals.seed)
    chosen: list[Judged] = []
    for label in ("crack", "sound"):
        rows = [row for row in evaluation.predictions if row.label == label]
        places = rng.permutation(len(rows))[:_SAMPLES_A_CLASS]
        chosen += [rows[place] for place in sorted(places.tolist())]
    return [chosen[place] for place in rng.permutation(len(chosen))]


def worst(evaluation: Evaluation) -> list[Judged]:
    """The wrong rows, those first that were wrong with most confidence."""
    wrong = [row for row in evaluation.predictions if row.correct is False]
    return sorted(wrong, key=lambda row: (-_conviction(row), row.path))[:_WORST]


def close_calls(evaluation: Evaluation) -> list[Judged]:
    """The right rows that were nearest to being wrong."""
    right = [row for row in evaluation.predictions if row.correct]
    return sorted(right, key=lambda row: (_conviction(row), row.path))[:_CLOSE]


def refused(evaluation: Evaluation) -> list[Judged]:
    """Rows that the bundle would not judge, cracked ones first, and of those the most probable cracks."""
    rows = [row for row in evaluation.predictions if row.correct is None]
    return sorted(rows, key=lambda row: (row.label != "crack", -row.probability, row.path))[:_REFUSED]


def _conviction(row: Judged) -> float:
    """The probability given to the verdict."""
    return row.probability if row.verdict == "crack" else 1 - row.probability


def thumbnail(path: str) -> Pixels | None:
    """A picture shrunk to SIDE px at most, never enlarged; None when it cannot be read. uint8 [h, w, 3]."""
    from crackscope import images

    try:
        return images.shrunk(images.read(path).pixels, SIDE)
    except ImageError:
        return None


def shown(rows: Sequence[Judged]) -> list[Shown]:
    """Rows with their thumbnails as data URIs (JPEG)."""
    from crackscope import images

    result = []
    for row in rows:
        pixels = thumbnail(row.path)
        if pixels is None:
            result.append(Shown(row, None))
            continue
        uri = "data:image/jpeg;base64," + base64.b64encode(images.encode_jpeg(pixels, _QUALITY)).decode("ascii")
        result.append(Shown(row, uri, pixels.shape[1], pixels.shape[0]))
    return result
