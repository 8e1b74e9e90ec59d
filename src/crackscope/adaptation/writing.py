"""An adapted bundle as files: the graph moved, and with it all that the bundle says of its scores.

What was learnt is learnt about the threshold, cracked and sound patches weighing alike, so that an even chance lies
there. The old probabilities say something else of it (.77, say, where few cracks are missed from), and the more patches
were learnt from, the less they hold: every way in which the bundle reads scores is moved towards an even chance at its
threshold. No verdict depends on it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np

from crackscope import __version__
from crackscope.adaptation.fitting import Change, Prior
from crackscope.adaptation.marking import moved_mask_threshold
from crackscope.adaptation.patches import MOST_LOGIT, SURE, Floats, Patches, threshold_logit
from crackscope.bundles import (
    ADAPTED,
    Bundle,
    Calibration,
    KnownSurface,
    Manifest,
    Offset,
    Reference,
    SurfaceRule,
    TrainedOn,
    VerdictRule,
    foreign_file,
    logistic,
    logit,
    open_bundle,
    with_offset,
)
from crackscope.errors import BundleError, OutputError
from crackscope.files import replaceable
from crackscope.scoring import Model, repack

_Way = TypeVar("_Way", Calibration, KnownSurface)

_SURFACE_SHARE = 0.05
_MOST_KEPT = 100
"""Patches of each label that are kept of a lesson."""
_LEAST_STRETCH, _MOST_STRETCH = 1 / 3, 3.0
_AS_MUCH_AS_BEFORE = 5
"""So many patches of the rarer label weigh as much as the probability that the bundle gave its threshold before."""


@dataclass(frozen=True, slots=True)
class SoundMove:
    """How the margins of sound pictures are distributed before and after: their mean and standard deviation."""

    before: tuple[float, float]
    after: tuple[float, float]

    @classmethod
    def of(cls, patches: Patches, said: Floats) -> "SoundMove":
        """Of sound patches, by changes that were not learnt from them: said, float64 [repeats, n]."""
        counts = ~patches.crack
        moved = (patches.plain + (said - patches.margin) / patches.gain)[:, counts]
        return cls(_spread(patches.plain[counts]), _spread(moved))

    def joined(self, other: "SoundMove") -> "SoundMove":
        """Of both together, each weighing alike."""
        return SoundMove(_half_and_half(self.before, other.before), _half_and_half(self.after, other.after))

    def line(self) -> tuple[float, float]:
        """Stretch and shift that bring the old distribution onto the new one."""
        stretch = float(np.clip(self.after[1] / max(self.before[1], 1e-6), _LEAST_STRETCH, _MOST_STRETCH))
        return stretch, self.after[0] - stretch * self.before[0]


def _spread(margins: Floats) -> tuple[float, float]:
    return float(margins.mean()), float(margins.std())


def _half_and_half(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    middle = (one[0] + other[0]) / 2
    variance = (one[1] ** 2 + other[1] ** 2) / 2 + ((one[0] - other[0]) / 2) ** 2
    return middle, float(np.sqrt(variance))


@dataclass(frozen=True, slots=True)
class Lesson:
    """What an adapted bundle says of what it learnt from.

    looks: float64 [n, d + f], embedding and features of each patch. facts: what the bundle said of them before.
    cracked: paths of those labelled so. witnesses: groups of the label that has fewer.
    """

    name: str
    taught: TrainedOn
    figures: dict[str, object]
    looks: Floats
    sound: SoundMove
    facts: Reference
    cracked: tuple[str, ...]
    witnesses: int


def refuse_in_the_way(out: Path, force: bool) -> None:
    """Raise OutputError unless the folder can be written, and is new or empty, or, by force, holds a bundle that was
    adapted before."""
    replaceable(out)
    try:
        if not out.is_dir() or not any(out.iterdir()):
            return
    except OSError as error:
        raise OutputError(f"not allowed to look into it ({error.strerror}), {out}, name another folder") from None
    if not force:
        raise OutputError(
            f"the folder is not empty, {out}, name a new one; --force writes over a bundle that was adapted before"
        )
    try:
        taught = open_bundle(out).manifest.trained_on
    except BundleError:
        taught = ()
    if not taught or taught[-1].name != ADAPTED:
        raise OutputError(f"{out} holds something other than an adapted bundle, name another folder")
    if name := foreign_file(out):
        raise OutputError(
            f"{out} holds more than a bundle, which would be lost, {name} for one, move it away or name another folder"
        )


def write_adapted(out: Path, model: Model, prior: Prior, change: Change, lesson: Lesson) -> Bundle:
    """Write a bundle whose score and map are changed. Raises BundleError, OutputError."""
    bundle, manifest = model.bundle, model.manifest
    offset = _offset(prior, change, manifest)
    moved = with_offset(bundle.model, offset, manifest.stride)
    rule = msgspec.structs.replace(
        _moved_rule(manifest, lesson.sound), surface=_known(manifest.verdict.surface, lesson.looks)
    )
    even = lesson.witnesses / (lesson.witnesses + _AS_MUCH_AS_BEFORE)
    changed = msgspec.structs.replace(
        _nearer_even(manifest, even),
        name=lesson.name,
        created_with=__version__,
        halo=manifest.halo + moved.reach,
        trained_on=(*manifest.trained_on, lesson.taught),
        figures=manifest.figures | {"adapted": lesson.figures},
        verdict=rule,
        mask_threshold=moved_mask_threshold(model, moved.model, lesson.cracked),
    )
    reference = bundle.reference()
    if reference is not None:
        reference = _moved_reference(_with(reference, lesson.facts), offset, even)
    return repack(out, bundle, changed, model=moved.model, reference=reference)


def _nearer_even(manifest: Manifest, even: float) -> Manifest:
    """The same verdicts by probabilities that lie nearer an even chance at each threshold. even: from 0, as they are,
    to 1."""
    local = manifest.local

    def read(way: _Way, threshold: float) -> tuple[_Way, float]:
        before = logit(threshold, SURE)
        nearer = round(float(logistic((1 - even) * before)), 4)
        return msgspec.structs.replace(way, shift=way.shift - before + logit(nearer, SURE)), nearer

    def known(surface: KnownSurface) -> KnownSurface:
        moved, threshold = read(surface, surface.threshold)
        return msgspec.structs.replace(moved, threshold=threshold)

    calibration, threshold = read(manifest.calibration, manifest.threshold)
    if local is not None:
        local = msgspec.structs.replace(local, surfaces=tuple(map(known, local.surfaces)))
    return msgspec.structs.replace(manifest, calibration=calibration, threshold=threshold, local=local)


def _offset(prior: Prior, change: Change, manifest: Manifest) -> Offset:
    """The change in terms of the graph: of crack logits before calibration, and of the features as they are."""
    fitted = manifest.calibration
    weights = change[2:] / prior.spread
    shift = change[0] * (fitted.shift - threshold_logit(manifest)) + change[1] - weights @ prior.mean
    return Offset(
        scale=float(1 + change[0]),
        shift=float(shift / fitted.scale),
        weights=(weights / fitted.scale).astype(np.float32),
        window=(manifest.input.native or manifest.verdict.window_px) // 2,
    )


def _with(old: Reference, learnt: Reference) -> Reference:
    """What a bundle keeps a word of, and some of what it learns now, or the next lesson would undo this one."""
    places = [np.flatnonzero(learnt.crack == crack) for crack in (True, False)]
    most = min(_MOST_KEPT, old.room // 2)
    spread = [one[np.linspace(0, len(one) - 1, min(len(one), most)).round().astype(np.intp)] for one in places]
    chosen = np.sort(np.concatenate(spread))
    return Reference(
        np.concatenate([old.crack, learnt.crack[chosen]]),
        np.concatenate([old.score, learnt.score[chosen]]),
        np.concatenate([old.read, learnt.read[chosen]]),
        np.concatenate([old.features, learnt.features[chosen]]),
    )


def _moved_reference(reference: Reference, offset: Offset, even: float) -> Reference:
    """What the changed network says of the pictures that the bundle keeps a word of, and how it is read now."""
    score = offset.scale * reference.score + offset.shift + reference.features @ offset.weights
    scale, shift, threshold = reference.read.astype(np.float64).T
    threshold = np.clip(threshold, -MOST_LOGIT, MOST_LOGIT)
    read = np.column_stack([scale, shift - even * threshold, (1 - even) * threshold])
    return Reference(reference.crack, score.astype(np.float32), read.astype(np.float32), reference.features)


def _moved_rule(manifest: Manifest, sound: SoundMove) -> VerdictRule:
    """The scores of sound windows, moved as those of sound pictures are: the windows themselves are not kept.

    Mean and deviation are matched, over sound patches of the new surface and the remembered sound ones alike.
    """
    rule, fitted = manifest.verdict, manifest.calibration
    stretch, shift = sound.line()
    zero = fitted.shift - threshold_logit(manifest)
    offset = ((stretch - 1) * zero + shift) / fitted.scale

    def moved(scores: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(round(stretch * score + offset, 4) for score in scores)

    known = tuple(msgspec.structs.replace(one, sound=moved(one.sound)) for one in rule.known)
    return msgspec.structs.replace(rule, sound=moved(rule.sound), tail=rule.tail * stretch, known=known)


def _known(rule: SurfaceRule | None, looks: Floats) -> SurfaceRule | None:
    """A rule of what is a surface that lets the new one pass: all but its oddest patches."""
    if rule is None:
        return None
    logits = looks @ np.asarray(rule.weights) + rule.shift
    return msgspec.structs.replace(rule, limit=min(rule.limit, float(np.quantile(logits, _SURFACE_SHARE))))
