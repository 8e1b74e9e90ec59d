"""`suggest`: the patches of unlabelled photos whose labels would help most."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
from numpy.typing import NDArray

from crackscope.adaptation.choosing import LIKELIEST, choose, doubts
from crackscope.adaptation.patches import Unfit, refuse_no_number, unfit_patch
from crackscope.arguments import CALL, PATHS, WHOLE, list_of, refuse_wrong
from crackscope.bundles import Manifest, feature_sizes
from crackscope.errors import AdaptationError, ImageError, none_can
from crackscope.images import Picture, read
from crackscope.records import Label, Row, Unread
from crackscope.scoring import LOADED, Described, Model, describe, showing_features, surface_of, unfit_pixels

_WHOLE = 1.5
"""A picture up to so many times the native size on a side is a patch as it is."""
_PATCH_PX = 256


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """A patch to label. left, top, width, height: where it lies in its photo, px after the EXIF turn.

    rank: 1 for the most wanted. probability: of crack, 0 to 1. verdict: what `predict` calls it, by a threshold that
    may be far from a half. doubt: how unsure the score is among all that were seen, 0 to 1.
    """

    rank: int
    path: str
    left: int
    top: int
    width: int
    height: int
    probability: float
    verdict: Label
    doubt: float

    def cut(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The patch out of its photo, uint8 [h, w, 3]."""
        return _cut(pixels, self)


class Suggestions(msgspec.Struct, frozen=True, kw_only=True):
    """What to label, the most wanted first. seen: patches that were to choose from. labelled: patches left out, as they
    are labelled already. unfit: pictures that were left out as they cannot be judged, unfit_patches: patches of others
    that were."""

    patches: tuple[Suggestion, ...]
    seen: int
    labelled: int
    unread: tuple[Unread, ...]
    unfit: tuple[Unfit, ...] = ()
    unfit_patches: tuple[Unfit, ...] = ()


@dataclass(frozen=True, slots=True)
class _Place:
    path: str
    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is kept of a patch, of which there may be a hundred thousand. features: float32 [k], by which it is chosen.

    probability: of crack, 0 to 1.
    """

    place: _Place
    score: float
    probability: float
    verdict: Label
    features: NDArray[np.float32]


_Tell = Callable[[float], None]
_Look = Callable[[NDArray[np.uint8], Sequence[_Place]], Iterator[_Seen]]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is labelled already. pixels: a digest of each. features: float64 [m, k], and cracks: how many are cracked,
    of those that can be judged."""

    unread: list[Unread]
    pixels: frozenset[bytes]
    features: NDArray[np.float64] | None
    cracks: int

    def without(self, pixels: NDArray[np.uint8], places: list[_Place]) -> list[_Place]:
        """The places of a picture that are not labelled yet."""
        return [place for place in places if _digest(_cut(pixels, place)) not in self.pixels] if self.pixels else places


def suggest(
    model: Model,
    paths: Sequence[str],
    count: int,
    *,
    labelled: Sequence[Row] = (),
    progress: Callable[[float, int], None] | None = None,
) -> Suggestions:
    """Choose up to `count` patches of photos, or of folders of patches, that the model is unsure of and that differ.

    Every third is the highest score left instead, until there are seven cracked ones with those that are labelled, so
    that cracks are among them. What is chosen, and its order, does not depend on the order of paths or labels.
    paths: pictures of any size; large ones are cut into patches of the network's native size. labelled: patches that
    have their label, which are known by their very pixels wherever they lie; they are not named again, nor is what
    looks like them. progress: called with how many pictures are done, the labelled ones first, and of how many; of the
    one under way its share that is done counts. Pictures, and patches of others, that the bundle calls too dark,
    overexposed, blurred or too small are left out; those that only show what it has not learnt from are not, since
    their labels teach it. Raises AdaptationError when nothing is asked for, no picture is named, none can be read and
    judged, or all is labelled, and BundleError when the network gives no number.
    """
    refuse_wrong(model=(model, LOADED), paths=(paths, PATHS), count=(count, WHOLE), progress=(progress, CALL.or_none))
    refuse_wrong(labelled=(labelled, list_of(Row)))
    if count < 1:
        raise AdaptationError(f"{count} patches cannot be chosen: ask for 1 or more")
    if not paths:
        raise AdaptationError("there is nothing to choose from: name photos")
    paths = list(dict.fromkeys(paths))
    look = _look(model)
    total = len(labelled) + len(paths)

    def tell(done: float) -> None:
        if progress is not None:
            progress(done, total)

    known = _known(model, look, labelled, tell)
    survey = _survey(model, look, paths, known, lambda done: tell(len(labelled) + done))
    _refuse_nothing(survey, paths)
    # Copies of a patch have the same score, and are told apart by where they lie alone.
    survey.seen.sort(key=lambda one: (one.place.path, one.place.top, one.place.left))
    return Suggestions(
        patches=_chosen(survey.seen, count, known),
        seen=len(survey.seen),
        labelled=survey.labelled,
        unread=(*known.unread, *survey.unread),
        unfit=tuple(survey.unfit),
        unfit_patches=tuple(survey.unfit_patches),
    )


@dataclass(slots=True)
class _Survey:
    """What was met in pictures. labelled: patches left out, as they have their label. unfit: pictures, and
    unfit_patches: patches of others, that cannot be judged."""

    seen: list[_Seen] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    unfit: list[Unfit] = field(default_factory=list)
    unfit_patches: list[Unfit] = field(default_factory=list)
    labelled: int = 0


def _survey(model: Model, look: _Look, paths: Sequence[str], known: _Known, tell: _Tell) -> _Survey:
    """Look at every patch of these pictures that can be judged and has no label yet."""
    survey = _Survey()
    for done, path in enumerate(paths, start=1):
        try:
            picture = read(path)
        except ImageError as error:
            survey.unread.append(Unread.of(path, error))
        else:
            places = _worth_a_look(survey, path, picture, known, model.manifest)
            for number, seen in enumerate(look(picture.pixels, places), start=1):
                survey.seen.append(seen)
                # A huge photo has a thousand patches and more.
                if number < len(places):
                    tell(done - 1 + number / len(places))
        tell(done)
    return survey


def _worth_a_look(survey: _Survey, path: str, picture: Picture, known: _Known, manifest: Manifest) -> list[_Place]:
    """The patches of a picture that can be judged and have no label yet; notes what is left out."""
    pixels = picture.pixels
    grid = _grid(path, picture.height, picture.width, manifest.input.native or _PATCH_PX)
    if len(grid) > 1 and (reason := unfit_pixels(surface_of(pixels, picture.hidden).bounded, manifest)):
        survey.unfit.append(Unfit(path, reason))
        return []
    unlabelled = known.without(pixels, grid)
    survey.labelled += len(grid) - len(unlabelled)
    fit: list[_Place] = []
    for place in unlabelled:
        reason = unfit_patch(_cut(pixels, place), manifest)
        if not reason:
            fit.append(place)
        elif len(grid) == 1:
            survey.unfit.append(Unfit(path, reason))
        else:
            survey.unfit_patches.append(Unfit(path, reason, place.left, place.top))
    return fit


def _refuse_nothing(survey: _Survey, paths: Sequence[str]) -> None:
    """Raise AdaptationError where no patch is left to choose from, with the reason."""
    if survey.seen:
        return
    unfit = [*survey.unfit, *survey.unfit_patches]
    if survey.labelled:
        which = " that can be judged" if unfit or survey.unread else ""
        raise AdaptationError(f"all patches of these photos{which} are labelled already: name other photos")
    if unfit:
        why = f"{unfit[0].path}: {unfit[0].reason}"
        raise AdaptationError(f"{none_can(len(paths), 'picture', 'be judged')}, so there is none to label: {why}")
    raise AdaptationError(f"{none_can(len(paths), 'picture', 'be read')}: {survey.unread[0].error.message}")


def _known(model: Model, look: _Look, labelled: Sequence[Row], tell: _Tell) -> _Known:
    """Look at what is labelled already; what cannot be judged teaches nothing, but is not named again either."""
    unread: list[Unread] = []
    pixels_of: set[bytes] = set()
    features: list[NDArray[np.float32]] = []
    cracks = 0
    for done, row in enumerate(sorted(labelled, key=lambda row: row.path), start=1):
        try:
            pixels = read(row.path).pixels
        except ImageError as error:
            unread.append(Unread.of(row.path, error))
        else:
            pixels_of.add(_digest(pixels))
            if not unfit_patch(pixels, model.manifest):
                whole = _Place(row.path, 0, 0, pixels.shape[1], pixels.shape[0])
                features += [one.features for one in look(pixels, [whole])]
                cracks += row.label == "crack"
        tell(done)
    return _Known(unread, frozenset(pixels_of), np.array(features, np.float64) if features else None, cracks)


def _digest(pixels: NDArray[np.uint8]) -> bytes:
    return hashlib.blake2b(pixels.tobytes(), digest_size=16).digest()


def _cut(pixels: NDArray[np.uint8], place: Suggestion | _Place) -> NDArray[np.uint8]:
    return np.ascontiguousarray(pixels[place.top : place.top + place.height, place.left : place.left + place.width])


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


def _look(model: Model) -> _Look:
    """What looks at the patches of a picture, uint8 [h, w, 3]."""
    showing = showing_features(model)
    # The first kind of features alone tells patches apart; where a network has none, what it says of a patch in all.
    first = sum(feature_sizes(model.bundle.model)[:1]) or None

    def look(pixels: NDArray[np.uint8], places: Sequence[_Place]) -> Iterator[_Seen]:
        pieces = [_cut(pixels, place) for place in places]
        for place, answer in zip(places, describe(showing, pieces), strict=True):
            if isinstance(answer, Described):
                shown = answer.embedding
                refuse_no_number([place.path], np.array([answer.score]), np.array(shown[None], np.float64))
                found = model.calibrated(answer.score, shown[-model.manifest.embedding :])
                verdict: Label = "crack" if found.probability >= found.threshold else "sound"
                yield _Seen(place, answer.score, found.probability, verdict, np.array(shown[:first], np.float32))

    return look


def _chosen(seen: Sequence[_Seen], count: int, known: _Known) -> tuple[Suggestion, ...]:
    score = np.array([one.score for one in seen], np.float64)
    features = np.array([one.features for one in seen], np.float64)
    doubt = doubts(score)
    chosen = choose(score, features, count, likeliest=max(0, LIKELIEST - known.cracks), known=known.features)
    return tuple(
        Suggestion(
            rank=rank,
            path=seen[at].place.path,
            left=seen[at].place.left,
            top=seen[at].place.top,
            width=seen[at].place.width,
            height=seen[at].place.height,
            probability=seen[at].probability,
            verdict=seen[at].verdict,
            doubt=float(doubt[at]),
        )
        for rank, at in enumerate(chosen.tolist(), start=1)
    )
