"""`adapt`: a bundle that has learnt a new surface from a few labelled patches, in seconds and without torch."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it comes without types

from crackscope.adaptation.at_hand import adapted_before, contradictions
from crackscope.adaptation.curve import Curve, draws, learning_curve
from crackscope.adaptation.fitting import Prior, learn
from crackscope.adaptation.gathering import Gathered, gather
from crackscope.adaptation.patches import Patches, Progress, Unfit
from crackscope.adaptation.refusing import (
    RefusedError,
    refuse_8_bits,
    refuse_forgetting,
    refuse_guessing,
    refuse_swapped,
    refuse_worse,
)
from crackscope.adaptation.steps import Step, Steps, unwatched
from crackscope.adaptation.validating import Worth, crossed, growth, kept, lessons, worth
from crackscope.adaptation.writing import Lesson, SoundMove, refuse_in_the_way, write_adapted
from crackscope.arguments import CALL, FLAG, NUMBER, PATH, TEXT, WHOLE, a_path_or, record, refuse_wrong
from crackscope.bundles import ADAPTED, MOST_TEXT, Bundle, TrainedOn
from crackscope.datasets import Layout, LikelyGroups, Split, load_apart
from crackscope.errors import AdaptationError
from crackscope.judging import MetBefore
from crackscope.records import Label, Unread
from crackscope.scoring import Model
from crackscope.scoring import load as load_model

_KNOWN_WORDS = Layout()


@dataclass(frozen=True, slots=True)
class AdaptOptions:
    """How to adapt.

    name: of the new bundle; after the old one unless said, so that the same labels give the same bundle wherever it is
    written. most_forgotten: the loss of balanced accuracy on the old pictures, -1 (a gain) to 1, from which on it is
    refused. curve: work out what more labels would bring. group_by: what keeps patches together, as `datasets.split`
    takes it. licence: of the patches. force: write over a bundle that was adapted before. progress: called as patches
    are read. learning: called as changes are learnt, to judge one and for the curve, which takes seconds where patches
    are many.

    Raises AdaptationError for a name or a licence that no bundle takes, a share or a seed that cannot be.
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
    learning: Progress | None = None

    def __post_init__(self) -> None:
        refuse_wrong(name=(self.name, TEXT), licence=(self.licence, TEXT), group_by=(self.group_by, TEXT.or_none))
        refuse_wrong(curve=(self.curve, FLAG), force=(self.force, FLAG), layout=(self.layout, record(Layout)))
        refuse_wrong(
            threads=(self.threads, WHOLE.or_none), seed=(self.seed, WHOLE), most_forgotten=(self.most_forgotten, NUMBER)
        )
        refuse_wrong(progress=(self.progress, CALL.or_none), learning=(self.learning, CALL.or_none))
        if not -1 <= self.most_forgotten <= 1:
            raise AdaptationError(f"most_forgotten is {self.most_forgotten}: it must lie between -1 (a gain) and 1")
        if self.seed < 0:
            raise AdaptationError(f"the seed is {self.seed}: it must be 0 or more")
        for what, text in (("name", self.name), ("licence", self.licence)):
            if len(text) > MOST_TEXT:
                raise AdaptationError(
                    f"the {what} has {len(text):,} letters, a bundle takes {MOST_TEXT:,}: give a shorter one"
                )


class Adapted(msgspec.Struct, frozen=True, kw_only=True):
    """What an adaptation gave. Everything is measured on patches, or old pictures, that it did not learn from.

    bundle: folder that was written. before, after: on the new surface. old_before, old_after: on the pictures that the
    bundle keeps a word of, None when it keeps none. labels, groups: patches learnt from. suggested: how many of them
    `suggest` chose as hard or likely cracked, so that the figures are not those of ordinary photos. photos: of how many
    photos they are. one_photo: whether all patches of one label are of one photo, so that patches count one by one and
    the figures flatter. learnt_before: whether the old bundle learnt from all of these, so that the figures flatter.
    met_before: what of these patches the bundle had learnt from, as an evaluation says it. adapted_before: patches that
    the old bundle was adapted to and does not know again, some of which may be among these. conflicts: groups of copies
    that hold both labels; contradictions: a cracked and a sound patch of each, where groups are of copies alone.
    likely_groups: what their file names look grouped by, unless groups were named, photos are known or parts were
    given. unlabelled: {folder: count} of pictures left out, as nothing labels them. unfit: patches left out, as they
    cannot be judged.
    """

    bundle: str
    parent: str
    labels: dict[Label, int]
    groups: int
    suggested: int
    photos: int
    one_photo: bool
    learnt_before: bool
    met_before: MetBefore | None
    adapted_before: int
    conflicts: int
    contradictions: tuple[tuple[str, str], ...]
    likely_groups: LikelyGroups | None
    before: Worth
    after: Worth
    old_before: Worth | None
    old_after: Worth | None
    old_pictures: int
    threshold: float
    curve: Curve | None
    unlabelled: dict[str, int]
    unread: tuple[Unread, ...]
    unfit: tuple[Unfit, ...]
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
    refuse_wrong(data=(data, a_path_or(Split)), out=(out, PATH), options=(options, record(AdaptOptions)))
    refuse_in_the_way(Path(out), options.force)
    model = bundle if isinstance(bundle, Model) else load_model(bundle, threads=options.threads)
    refuse_8_bits(model)
    split = data if isinstance(data, Split) else load_apart(data, group_by=options.group_by, layout=options.layout)
    gathered = gather(model, split, "" if isinstance(data, Split) else f"{data}: ", options.progress)
    # With threads that wait for each other, systems as small as these take twice the time, on a busy machine far more.
    with threadpool_limits(1, "blas"):
        step = Steps(options.learning, lessons(gathered.patches) + options.curve * draws(gathered.patches))
        facts = _measured_or_refused(gathered, options, step)
        change = learn(facts.prior, gathered.patches)
        curve = _curve(facts.prior, gathered, options, step)
    lesson = Lesson(
        name=options.name or f"{model.manifest.name}-adapted",
        taught=TrainedOn(
            name=ADAPTED,
            fingerprint=split.fingerprint,
            pictures=len(gathered.patches),
            licence=options.licence,
            digests=gathered.digests,
        ),
        figures=_figures(facts, gathered),
        looks=gathered.looks,
        sound=facts.sound,
        facts=gathered.facts,
        cracked=gathered.cracked,
        witnesses=gathered.patches.fewest_groups,
    )
    written = write_adapted(Path(out), model, facts.prior, change, lesson)
    return _told(written, gathered, facts, curve, time.perf_counter() - began)


def _measured_or_refused(gathered: Gathered, options: AdaptOptions, step: Step) -> "Facts":
    """As `measured`; a refusal says besides what more labels would bring, and that these were learnt from before."""

    def ask() -> Curve | None:
        return _curve(Prior(gathered.old, gathered.patches), gathered, options, step)

    try:
        return measured(gathered.patches, gathered.old, options, gathered.apart, step, ask)
    except RefusedError as refused:
        curve = refused.curve or ask()
        if gathered.learnt_before:
            name = gathered.model.manifest.name
            refused = RefusedError(f"{refused}; {name} learnt from these very pictures before: label others")
        refused.curve = curve
        raise refused from None


def _told(bundle: Bundle, gathered: Gathered, facts: "Facts", curve: Curve | None, seconds: float) -> Adapted:
    patches, split, manifest = gathered.patches, gathered.split, gathered.model.manifest
    return Adapted(
        bundle=str(bundle.path),
        parent=manifest.name,
        labels={"sound": int((~patches.crack).sum()), "crack": int(patches.crack.sum())},
        groups=len(np.unique(patches.group)),
        suggested=gathered.suggested,
        photos=len(set(gathered.photos) - {""}),
        one_photo=any(gathered.photos) and not gathered.of_photos,
        learnt_before=gathered.learnt_before,
        met_before=gathered.met,
        adapted_before=adapted_before(manifest),
        conflicts=split.conflicts,
        contradictions=contradictions(split.rows, split.conflicts),
        likely_groups=None if gathered.of_photos or split.seed is None else split.likely_groups,
        before=facts.before,
        after=facts.after,
        old_before=facts.old_before,
        old_after=facts.old_after,
        old_pictures=0 if gathered.old is None else len(gathered.old),
        threshold=bundle.manifest.threshold,
        curve=curve,
        unlabelled=dict(split.unlabelled),
        unread=(*split.unreadable, *gathered.unread),
        unfit=tuple(gathered.unfit),
        seconds=seconds,
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


def _curve(prior: Prior, gathered: Gathered, options: AdaptOptions, step: Step) -> Curve | None:
    if not options.curve:
        return None
    return learning_curve(prior, gathered.patches, options.seed, of_photos=gathered.of_photos, step=step)


def _figures(facts: Facts, gathered: Gathered) -> dict[str, object]:
    suggested = gathered.suggested
    chosen = {"of them suggested, so hard or likely cracked, unlike ordinary photos": suggested} if suggested else {}
    figures: dict[str, object] = {
        "labelled patches": len(gathered.patches),
        **chosen,
        "balanced accuracy before": msgspec.to_builtins(facts.before.balanced_accuracy),
        "balanced accuracy, cross-validated": msgspec.to_builtins(facts.after.balanced_accuracy),
    }
    if facts.old_before is not None and facts.old_after is not None:
        figures["on old pictures before"] = msgspec.to_builtins(facts.old_before.balanced_accuracy)
        figures["on old pictures"] = msgspec.to_builtins(facts.old_after.balanced_accuracy)
    return figures


def measured(
    patches: Patches,
    old: Patches | None,
    options: AdaptOptions,
    apart: Patches | None = None,
    step: Step = unwatched,
    ask: Callable[[], Curve | None] = lambda: None,
) -> Facts:
    """Judge a bundle as it is and as it would be, on patches and old pictures that it did not learn from.

    apart: the same patches in smaller groups, of copies alone; whether labels mean anything at all is asked of these,
    since labels drawn by lot, or swapped, are so patch by patch. ask: for the curve, where it would be worse.
    Raises RefusedError when it would be worse, AdaptationError when the patches cannot tell.
    """
    apart = patches if apart is None else apart
    if patches.fewest_groups < 2:
        raise AdaptationError("all patches of one label are copies of each other: label patches of other places")
    prior = Prior(old, patches)
    before = worth(patches.margin[None], patches)
    refuse_swapped(worth(apart.margin[None], apart))
    said = crossed(prior, patches, options.seed, step)
    after = worth(said, patches)
    refuse_worse(before, after, growth(said, patches), ask)
    refuse_guessing(after, apart)
    sound = SoundMove.of(patches, said)
    if old is None:
        return Facts(prior, before, after, None, None, sound)
    old_before = worth(old.margin[None], old)
    old_said = kept(old, patches, options.seed)
    old_after = worth(old_said, old)
    refuse_forgetting(old_before, old_after, options.most_forgotten)
    return Facts(prior, before, after, old_before, old_after, sound.joined(SoundMove.of(old, old_said)))
