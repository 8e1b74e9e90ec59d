"""`adapt`: a bundle that has learnt a new surface from a few labelled patches, in seconds and without torch."""

import time
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from crackscope.adaptation.at_hand import (
    ADAPTED,
    adapted_before,
    by_photo,
    contradictions,
    learnt_before,
    photos_of,
    refuse_both_labels,
)
from crackscope.adaptation.curve import Curve, learning_curve
from crackscope.adaptation.fitting import Prior, learn
from crackscope.adaptation.label_studio import load_labels
from crackscope.adaptation.patches import Patches, Progress, remembered, see
from crackscope.adaptation.validating import Worth, beats_guessing, crossed, growth, kept, worth
from crackscope.adaptation.writing import Lesson, SoundMove, refuse_in_the_way, write_adapted
from crackscope.bundles import TrainedOn
from crackscope.datasets import Layout, Split
from crackscope.errors import AdaptationError, several
from crackscope.records import Label, Row, Unread
from crackscope.scoring import Model
from crackscope.scoring import load as load_model

LEAST_A_LABEL = 5
MOST_PATCHES = 2000
_KNOWN_WORDS = Layout()
_MORE_TOLD = " (--curve says what they would bring)"


@dataclass(frozen=True, slots=True)
class AdaptOptions:
    """How to adapt.

    name: of the new bundle; after the old one unless said. most_forgotten: the loss of balanced accuracy on the old
    pictures, 0 to 1, from which on it is refused. curve: work out what more labels would bring. group_by: what keeps
    patches together, as `datasets.split` takes it. licence: of the patches. force: write over a bundle that was adapted
    before. progress: called as patches are read.
    """

    name: str = ""
    most_forgotten: float = 0.05
    curve: bool = False
    group_by: str | None = None
    layout: Layout = _KNOWN_WORDS
    licence: str = ""
    force: bool = False
    threads: int | None = None
    seed: int = 0
    progress: Progress | None = None


class RefusedError(AdaptationError):
    """A bundle that was not written, since what it would have learnt is worth nothing, or costs too much of what it
    knew. curve: what more labels would bring, where that was asked for."""

    curve: Curve | None = None


class Adapted(msgspec.Struct, frozen=True, kw_only=True):
    """What an adaptation gave. Everything is measured on patches, or old pictures, that it did not learn from.

    bundle: folder that was written. before, after: on the new surface. old_before, old_after: on the pictures that the
    bundle keeps a word of, None when it keeps none. labels, groups: patches learnt from. suggested: how many of them
    `suggest` chose as hard or likely cracked, so that the figures are not those of ordinary photos. photos: of how many
    photos they are. one_photo: whether all patches of one label are of one photo, so that patches count one by one and
    the figures flatter. learnt_before: whether the old bundle learnt from this very set, so that the figures flatter.
    adapted_before: patches that the old bundle was adapted to, some of which may be among these. conflicts: groups of
    copies that hold both labels; contradictions: a cracked and a sound patch of each, where groups are of copies alone.
    """

    bundle: str
    parent: str
    labels: dict[Label, int]
    groups: int
    suggested: int
    photos: int
    one_photo: bool
    learnt_before: bool
    adapted_before: int
    conflicts: int
    contradictions: tuple[tuple[str, str], ...]
    before: Worth
    after: Worth
    old_before: Worth | None
    old_after: Worth | None
    old_pictures: int
    threshold: float
    curve: Curve | None
    unread: tuple[Unread, ...]
    seconds: float


def adapt(
    bundle: str | Path | Model, data: str | Path | Split, out: str | Path, options: AdaptOptions = AdaptOptions()
) -> Adapted:
    """Write a bundle that has learnt the surface of labelled patches: its score, and its map with it.

    data: labelled patches as `datasets.load` takes them, or a JSON export of Label Studio; from 5 a label. Of data with
    parts the test part is left alone. The figures that come back are cross-validated, and honest about how few patches
    they rest on: those that `suggest` cut from one photo are one witness, as copies are, unless one label has no second
    one.

    Raises AdaptationError, and writes nothing, when the bundle is in 8 bits, which keeps no word of old pictures, when
    there are too few patches, when one picture has both labels, or when labels seem to be swapped: the bundle, asked
    beforehand, is surely worse than guessing; and RefusedError, which is one, when the bundle would get
    worse: on patches of the new surface that it did not learn from, or by `most_forgotten` on the old ones. Raises
    BundleError and DatasetError for what cannot be used, OutputError when the bundle cannot be written or something is
    in its way.
    """
    began = time.perf_counter()
    refuse_in_the_way(Path(out), options.force)
    model = bundle if isinstance(bundle, Model) else load_model(bundle, threads=options.threads)
    _refuse_8_bits(model)
    split = data if isinstance(data, Split) else load_labels(data, options.group_by, options.layout)
    rows = [row for row in split.rows if split.seed is not None or row.part != "test"]
    _check_count(rows)
    refuse_both_labels(rows)
    apart, read, unread, embedding = see(model, rows, options.progress)
    _check_count(read)
    photos = photos_of(read)
    patches = by_photo(apart, photos)
    of_photos = patches is not apart
    reference = model.bundle.reference()
    old = None if reference is None else remembered(reference, model.bundle)
    try:
        facts = measured(patches, old, options, apart)
    except RefusedError as refused:
        refused.curve = _curve(Prior(old, patches), patches, options, of_photos=of_photos)
        raise
    change = learn(facts.prior, patches)
    suggested = len(photos) - photos.count("")
    lesson = Lesson(
        name=options.name or f"{model.manifest.name}-adapted",
        taught=TrainedOn(name=ADAPTED, fingerprint=split.fingerprint, pictures=len(patches), licence=options.licence),
        figures=_figures(facts, patches, suggested),
        embedding=embedding,
        sound=facts.sound,
    )
    written = write_adapted(Path(out), model.bundle, facts.prior, change, lesson)
    return Adapted(
        bundle=str(written.path),
        parent=model.manifest.name,
        labels={"sound": int((~patches.crack).sum()), "crack": int(patches.crack.sum())},
        groups=len(np.unique(patches.group)),
        suggested=suggested,
        photos=len(set(photos) - {""}),
        one_photo=any(photos) and not of_photos,
        learnt_before=learnt_before(model.manifest, split.fingerprint),
        adapted_before=adapted_before(model.manifest),
        conflicts=split.conflicts,
        contradictions=contradictions(split.rows, split.conflicts),
        before=facts.before,
        after=facts.after,
        old_before=facts.old_before,
        old_after=facts.old_after,
        old_pictures=0 if old is None else len(old),
        threshold=model.manifest.threshold,
        curve=_curve(facts.prior, patches, options, of_photos=of_photos),
        unread=(*split.unreadable, *unread),
        seconds=time.perf_counter() - began,
    )


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known before a bundle is written: the prior, what answers are worth on new and on old pictures, and how
    the answers to sound ones move."""

    prior: Prior
    before: Worth
    after: Worth
    old_before: Worth | None
    old_after: Worth | None
    sound: SoundMove


def _curve(prior: Prior, patches: Patches, options: AdaptOptions, *, of_photos: bool) -> Curve | None:
    return learning_curve(prior, patches, options.seed, of_photos=of_photos) if options.curve else None


def _figures(facts: Facts, patches: Patches, suggested: int) -> dict[str, object]:
    chosen = {"of them suggested, so hard or likely cracked, unlike ordinary photos": suggested} if suggested else {}
    figures: dict[str, object] = {
        "labelled patches": len(patches),
        **chosen,
        "balanced accuracy before": msgspec.to_builtins(facts.before.balanced_accuracy),
        "balanced accuracy, cross-validated": msgspec.to_builtins(facts.after.balanced_accuracy),
    }
    if facts.old_before is not None and facts.old_after is not None:
        figures["on old pictures before"] = msgspec.to_builtins(facts.old_before.balanced_accuracy)
        figures["on old pictures"] = msgspec.to_builtins(facts.old_after.balanced_accuracy)
    return figures


def _refuse_8_bits(model: Model) -> None:
    if model.manifest.precision == "int8":
        raise AdaptationError(
            f"{model.bundle.path} is in 8 bits, where nothing holds back what it knew: adapt the float32 bundle that "
            "it was made from, then write that in 8 bits (`crackscope bundle export BUNDLE --int8`)"
        )


def _check_count(rows: list[Row]) -> None:
    cracks = sum(row.label == "crack" for row in rows)
    for label, count in (("cracked", cracks), ("sound", len(rows) - cracks)):
        if count < LEAST_A_LABEL:
            there = several(count, "readable patch is", "readable patches are")
            raise AdaptationError(
                f"{there} labelled {label}, at least {LEAST_A_LABEL} are needed: label some more "
                "(`crackscope suggest` names those that help most)"
            )
    if len(rows) > MOST_PATCHES:
        raise AdaptationError(
            f"{len(rows)} patches are more than adapting is made for ({MOST_PATCHES}): train on them with "
            "`crackscope train`"
        )


def measured(patches: Patches, old: Patches | None, options: AdaptOptions, apart: Patches | None = None) -> Facts:
    """Judge a bundle as it is and as it would be, on patches and old pictures that it did not learn from.

    apart: the same patches in smaller groups, of copies alone; whether labels mean anything at all is asked of these,
    since labels drawn by lot, or swapped, are so patch by patch.
    Raises RefusedError when it would be worse, AdaptationError when the patches cannot tell.
    """
    apart = patches if apart is None else apart
    if patches.fewest_groups < 2:
        raise AdaptationError("all patches of one label are copies of each other: label patches of other places")
    prior = Prior(old, patches)
    before = worth(patches.margin[None], patches)
    _refuse_swapped(worth(apart.margin[None], apart))
    said = crossed(prior, patches, options.seed)
    after = worth(said, patches)
    _refuse_worse(before, after, growth(said, patches), "" if options.curve else _MORE_TOLD)
    _refuse_guessing(after, apart)
    sound = SoundMove.of(patches, said)
    if old is None:
        return Facts(prior, before, after, None, None, sound)
    old_before = worth(old.margin[None], old)
    old_said = kept(old, patches, options.seed)
    old_after = worth(old_said, old)
    _refuse_forgetting(old_before, old_after, options.most_forgotten)
    return Facts(prior, before, after, old_before, old_after, sound.joined(SoundMove.of(old, old_said)))


def _refuse_swapped(before: Worth) -> None:
    here, high = before.balanced_accuracy.value, before.balanced_accuracy.high
    if here is not None and high is not None and high < 0.5:
        raise AdaptationError(
            f"crack and sound seem to be swapped: the bundle says the opposite of {1 - here:.0%} of the labels, so "
            "nothing was written: check the names of the folders and the labels"
        )


def _refuse_worse(before: Worth, after: Worth, growth: tuple[float, float], more: str) -> None:
    """By the log loss, which tells better from worse on fewer patches than the balanced accuracy does.

    growth: of the log loss, and its standard error; what lies within the error is no sign of getting worse. more: on
    how to learn what more labels would bring.
    """
    here, there = before.balanced_accuracy, after.balanced_accuracy
    grown = growth[0] > growth[1]
    if not grown and (there.high or 0.0) >= (here.value or 0.0):
        return
    losses = f"log loss {before.log_loss:.3f} as it is, {after.log_loss:.3f} on patches left out in learning"
    shares = f"balanced accuracy {here.value:.3f} and {there.value:.3f}"
    if grown and (there.value or 0.0) > (here.value or 0.0):
        worse = (
            f"it would call more patches rightly ({shares}), but its probabilities would fit the labels less "
            f"({losses}), as it would be surer where it is wrong, or less sure where it is right"
        )
    else:
        worse = f"{losses} ({shares})"
    raise RefusedError(
        f"the bundle would get worse: {worse}; nothing was written: label more patches{more}, check the labels "
        "(`crackscope scan DATA --bundle BUNDLE` names doubtful ones), or keep the bundle as it is"
    )


def _refuse_guessing(after: Worth, patches: Patches) -> None:
    if not beats_guessing(after, patches):
        raise RefusedError(
            f"nothing can be learnt from these labels: balanced accuracy {after.balanced_accuracy.value:.3f} on those "
            "left out while learning from the others, which guessing might reach as well, so nothing was written: "
            "check the labels, or label more patches"
        )


def _refuse_forgetting(before: Worth, after: Worth, most: float) -> None:
    lost = (before.balanced_accuracy.value or 0.0) - (after.balanced_accuracy.value or 0.0)
    if lost > most:
        raise RefusedError(
            f"the bundle would forget too much: balanced accuracy on what it knew falls by {lost:.3f}, more than "
            f"{most:g}, so nothing was written: check that no labels are swapped, label more patches, or allow more"
        )
