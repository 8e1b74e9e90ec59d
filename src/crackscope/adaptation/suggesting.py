"""`suggest`: the patches of unlabelled photos whose labels would help most."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from crackscope.adaptation.choosing import choose, doubts
from crackscope.adaptation.patches import Progress, refuse_no_number
from crackscope.bundles import feature_sizes
from crackscope.errors import AdaptationError, ImageError
from crackscope.images import read
from crackscope.records import Unread
from crackscope.scoring import Described, Model, describe, showing_features, unfit_pixels

_WHOLE = 1.5
"""A picture up to so many times the native size on a side is a patch as it is."""
_PATCH_PX = 256


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """A patch to label. left, top, width, height: where it lies in its photo, px after the EXIF turn.

    rank: 1 for the most wanted. probability: of crack, 0 to 1. doubt: how unsure the score is among all that were seen,
    0 to 1.
    """

    rank: int
    path: str
    left: int
    top: int
    width: int
    height: int
    probability: float
    doubt: float

    def cut(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The patch out of its photo, uint8 [h, w, 3]."""
        return np.ascontiguousarray(pixels[self.top : self.top + self.height, self.left : self.left + self.width])


class Unfit(msgspec.Struct, frozen=True):
    """A picture whose patches are not worth a label, and why: `blurred: ...`, `too dark: ...`."""

    path: str
    reason: str


class Suggestions(msgspec.Struct, frozen=True, kw_only=True):
    """What to label, the most wanted first. seen: patches looked at. unfit: pictures left out."""

    patches: tuple[Suggestion, ...]
    seen: int
    unread: tuple[Unread, ...]
    unfit: tuple[Unfit, ...] = ()


@dataclass(frozen=True, slots=True)
class _Place:
    path: str
    left: int
    top: int
    width: int
    height: int


def suggest(model: Model, paths: Sequence[str], count: int, *, progress: Progress | None = None) -> Suggestions:
    """Choose up to `count` patches of photos, or of folders of patches, that the model is unsure of and that differ.

    paths: pictures of any size; large ones are cut into patches of the network's native size. progress: called as
    pictures are done. Pictures that the bundle calls too dark, overexposed, blurred or too small are left out; those
    that only show what it has not learnt from are not, since their labels teach it. Raises AdaptationError when nothing
    is asked for, no picture is named, or none can be read and judged, and BundleError when the network gives no number.
    """
    if count < 1:
        raise AdaptationError(f"{count} patches cannot be chosen: ask for 1 or more")
    if not paths:
        raise AdaptationError("there is nothing to choose from: name photos")
    seen: list[tuple[_Place, Described]] = []
    unread: list[Unread] = []
    unfit: list[Unfit] = []
    side = model.manifest.input.native or _PATCH_PX
    showing = showing_features(model)
    for done, path in enumerate(paths, start=1):
        try:
            pixels = read(path).pixels
        except ImageError as error:
            unread.append(Unread.of(path, error))
        else:
            if reason := unfit_pixels(pixels, model.manifest):
                unfit.append(Unfit(path, reason))
            else:
                seen += _described(showing, pixels, _grid(path, pixels.shape[0], pixels.shape[1], side))
        if progress is not None:
            progress(done, len(paths))
    if not seen and unfit:
        why = f"{unfit[0].path}: {unfit[0].reason}"
        raise AdaptationError(f"none of {len(paths)} pictures can be judged, so there is none to label: {why}")
    if not seen:
        raise AdaptationError(f"none of {len(paths)} pictures can be read: {unread[0].error.message}")
    return Suggestions(patches=_chosen(model, seen, count), seen=len(seen), unread=tuple(unread), unfit=tuple(unfit))


def _grid(path: str, height: int, width: int, side: int) -> list[_Place]:
    """Patches that cover a picture, as evenly as may be."""
    tops, tall = _starts(height, side)
    lefts, wide = _starts(width, side)
    return [_Place(path, left, top, wide, tall) for top in tops for left in lefts]


def _starts(length: int, side: int) -> tuple[list[int], int]:
    if length <= _WHOLE * side:
        return [0], length
    count = -(-length // side)
    return np.linspace(0, length - side, count).round().astype(int).tolist(), side


def _described(model: Model, pixels: NDArray[np.uint8], places: Sequence[_Place]) -> Iterator[tuple[_Place, Described]]:
    pieces = [
        np.ascontiguousarray(pixels[place.top : place.top + place.height, place.left : place.left + place.width])
        for place in places
    ]
    for place, answer in zip(places, describe(model, pieces), strict=True):
        if isinstance(answer, Described):
            yield place, answer


def _chosen(model: Model, seen: Sequence[tuple[_Place, Described]], count: int) -> tuple[Suggestion, ...]:
    places, answers = zip(*seen, strict=True)
    score = np.array([answer.score for answer in answers], np.float64)
    shown = np.array([answer.embedding for answer in answers], np.float64)
    refuse_no_number([place.path for place in places], score, shown)
    features = shown[:, : sum(feature_sizes(model.bundle.model)[:1])]
    doubt = doubts(score)
    return tuple(
        Suggestion(
            rank=rank,
            path=places[at].path,
            left=places[at].left,
            top=places[at].top,
            width=places[at].width,
            height=places[at].height,
            probability=model.probability(answers[at].score, answers[at].embedding[-model.manifest.embedding :]),
            doubt=float(doubt[at]),
        )
        for rank, at in enumerate(choose(score, features if features.shape[1] else shown, count).tolist(), start=1)
    )
