"""Labelled patches as a network sees them."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from crackscope.bundles import Bundle, Manifest, Reference, feature_sizes, logit
from crackscope.errors import BundleError, ImageError
from crackscope.images import read
from crackscope.judging import number_groups
from crackscope.records import Row, Unread
from crackscope.scoring import Described, Model, describe, out_of_coloured_light, showing_features, unfit_pixels

Floats = NDArray[np.float64]
Numbers = NDArray[np.intp]
Progress = Callable[[int, int], None]
_HELD_NUMBERS = 1 << 23
"""Pictures are read until they have more numbers than this together, then run through the network in threads."""
SURE = 1e-3
"""What a threshold that says always, or never, counts as, or 1 less it."""
MOST_LOGIT = logit(1, SURE)


class Unfit(msgspec.Struct, frozen=True):
    """A picture that cannot be judged, or a patch of one, and why: `blurred: ...`, `too dark: ...`.

    left, top: where the patch lies, px after the EXIF turn; None of a whole picture.
    """

    path: str
    reason: str
    left: int | None = None
    top: int | None = None


def unfit_patch(pixels: NDArray[np.uint8], manifest: Manifest) -> str:
    """Why a patch, uint8 [h, w, 3], cannot be judged by its pixels, as `predict` says it; "" when it can."""
    seen = out_of_coloured_light(pixels, manifest.coloured)
    return unfit_pixels(seen, manifest, however_blurred=manifest.verdict.kind == "threshold")


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """What a network says of n labelled patches.

    margin: float64 [n], logit of the calibrated probability less that of the threshold, both as the bundle reads them
    on such a patch: called crack from 0 on. plain: float64 [n], the same as it reads them on a surface never met. gain:
    float64 [n], what margin grows by when plain grows by one. features: float64 [n, k], of several kinds; sizes: how
    many of each. crack: bool [n]. group: int [n], from 0 on; patches of one group are no independent witnesses.
    """

    margin: Floats
    plain: Floats
    gain: Floats
    features: Floats
    sizes: tuple[int, ...]
    crack: NDArray[np.bool_]
    group: Numbers

    def __len__(self) -> int:
        return len(self.margin)

    def at(self, places: NDArray[np.intp] | NDArray[np.bool_]) -> "Patches":
        """Some of them."""
        return Patches(
            self.margin[places],
            self.plain[places],
            self.gain[places],
            self.features[places],
            self.sizes,
            self.crack[places],
            self.group[places],
        )

    def groups_of(self, crack: bool) -> int:
        """How many groups have a patch of this label."""
        return len(np.unique(self.group[self.crack == crack]))

    @property
    def fewest_groups(self) -> int:
        """How many groups the label with fewer of them has."""
        return min(self.groups_of(True), self.groups_of(False))


def see(model: Model, rows: Sequence[Row], progress: Progress | None = None) -> "Seen":
    """Run a network over rows, for its features and its embedding; what cannot be judged is left out.

    Raises BundleError when it gives no number.
    """
    seen, told, general, unread, unfit = _described(model, rows, progress)
    own = model.manifest.embedding
    score = np.array([answer.score for answer in told], np.float64)
    embedding = np.array([answer.embedding[-own:] for answer in told], np.float64).reshape(len(told), own)
    features = np.array([answer.embedding[:-own] for answer in told], np.float64).reshape(len(told), -1)
    refuse_no_number([row.path for row in seen], score, features)
    ways = np.array([model.reading(answer.embedding[-own:]) for answer in told]).reshape(len(told), 3)
    patches = Patches(
        *margins(score, ways, model.manifest),
        features,
        feature_sizes(model.bundle.model),
        np.array([row.label == "crack" for row in seen], np.bool_),
        number_groups([row.group for row in seen]),
    )
    facts = Reference(patches.crack, score.astype(np.float32), ways.astype(np.float32), features.astype(np.float32))
    looks = np.concatenate([embedding, np.array(general, np.float64).reshape(len(told), -1)], axis=1)
    return Seen(patches, seen, unread, unfit, embedding, looks, facts)


class Seen(NamedTuple):
    """rows: those that could be read and judged, one a patch. embedding: float64 [n, d]. looks: float64 [n, d + f], the
    same and the features behind it. facts: what a bundle would keep of them."""

    patches: Patches
    rows: list[Row]
    unread: list[Unread]
    unfit: list[Unfit]
    embedding: Floats
    looks: Floats
    facts: Reference


def _described(
    model: Model, rows: Sequence[Row], progress: Progress | None
) -> tuple[list[Row], list[Described], list[NDArray[np.float32]], list[Unread], list[Unfit]]:
    """What a network says of rows: of those that can be judged and read, with what tells that they show a surface, and
    the others."""
    showing = showing_features(model)
    general: list[NDArray[np.float32]] = []
    seen: list[Row] = []
    told: list[Described] = []
    unread: list[Unread] = []
    unfit: list[Unfit] = []
    held: list[NDArray[np.uint8]] = []
    for done, row in enumerate(rows, start=1):
        try:
            pixels = read(row.path).pixels
        except ImageError as error:
            unread.append(Unread.of(row.path, error))
        else:
            if reason := unfit_patch(pixels, model.manifest):
                unfit.append(Unfit(row.path, reason))
            else:
                seen.append(row)
                held.append(pixels)
        if held and (done == len(rows) or sum(one.size for one in held) > _HELD_NUMBERS):
            told += [answer for answer in describe(showing, held) if isinstance(answer, Described)]
            with ThreadPoolExecutor(model.threads) as pool:
                general += pool.map(lambda pixels: model.features(model.in_plain_light(pixels)), held)
            held.clear()
        if progress is not None:
            progress(done, len(rows))
    return seen, told, general, unread, unfit


def refuse_no_number(paths: Sequence[str], score: Floats, features: Floats) -> None:
    """Raise BundleError where what a network says of a picture is NaN or infinite: score [n], features [n, k]."""
    known = np.isfinite(score) & np.isfinite(features).all(axis=1)
    if not known.all():
        path = paths[int(known.argmin())]
        raise BundleError(f"the network gives no number for {path}: train it again, or take another bundle")


def remembered(reference: Reference, bundle: Bundle) -> Patches:
    """What a bundle keeps a word of; every picture is a group of its own.

    Raises BundleError when it is of another network.
    """
    sizes = feature_sizes(bundle.model)
    if reference.features.shape[1] != sum(sizes):
        raise BundleError(f"{bundle.path}: its reference is of another network; fetch the bundle again")
    every = np.arange(len(reference.score), dtype=np.intp)
    score, ways = reference.score.astype(np.float64), reference.read.astype(np.float64)
    return Patches(
        *margins(score, ways, bundle.manifest), reference.features.astype(np.float64), sizes, reference.crack, every
    )


def margins(score: Floats, ways: Floats, manifest: Manifest) -> tuple[Floats, Floats, Floats]:
    """Margin, plain and gain of Patches. score: float64 [n]. ways: [n, 3], what each is read with."""
    fitted = manifest.calibration
    threshold = np.clip(ways[:, 2], -MOST_LOGIT, MOST_LOGIT)
    plain = fitted.scale * score + fitted.shift - threshold_logit(manifest)
    return ways[:, 0] * score + ways[:, 1] - threshold, plain, ways[:, 0] / fitted.scale


def threshold_logit(manifest: Manifest) -> float:
    """The logit of a bundle's threshold; of one that says always, or never, that of a probability near it."""
    return logit(manifest.threshold, SURE)
