"""What an adaptation has to go by: the labelled patches as the network sees them, and what the bundle knew."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from crackscope.adaptation.at_hand import by_photo, refuse_both_labels
from crackscope.adaptation.patches import Floats, Patches, Progress, Unfit, remembered, see
from crackscope.adaptation.refusing import check_count
from crackscope.bundles import Reference
from crackscope.datasets import Split, photos_of
from crackscope.judging import MetBefore, digests_of, met_before, met_in_training
from crackscope.records import Unread
from crackscope.scoring import Model


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is learnt from, and held back by.

    apart: the patches in groups of copies alone; patches: in groups of which those that share a photo are one. photos:
    of each patch, "" for none known. looks: float64 [n, d + f], by which surfaces are told from all else. old: what the
    bundle keeps a word of. facts: what it will keep of these. cracked: paths of the patches that are labelled so. met:
    what of the patches the bundle learnt from before. digests: by which they are known again.
    """

    model: Model
    split: Split
    apart: Patches
    patches: Patches
    photos: list[str]
    unread: list[Unread]
    unfit: list[Unfit]
    looks: Floats
    old: Patches | None
    facts: Reference
    cracked: tuple[str, ...]
    met: MetBefore | None
    digests: str

    @property
    def learnt_before(self) -> bool:
        """Whether the bundle learnt from all of these patches before."""
        return self.met is not None and (self.met.by == "split" or self.met.learnt_from == len(self.patches))

    @property
    def of_photos(self) -> bool:
        """Whether patches of one photo count as one."""
        return self.patches is not self.apart

    @property
    def suggested(self) -> int:
        """How many patches `suggest` cut from photos."""
        return len(self.photos) - self.photos.count("")


def gather(model: Model, split: Split, where: str, progress: Progress | None) -> Gathered:
    """See the labelled patches of a split, but for its test part. where: what refusals begin with, the place of the
    data. Raises AdaptationError, BundleError; see `adapt`."""
    rows = [row for row in split.rows if split.seed is not None or row.part != "test"]
    check_count(rows, where, split.unreadable)
    refuse_both_labels(rows)
    seen = see(model, rows, progress)
    check_count(seen.rows, where, (*split.unreadable, *seen.unread), seen.unfit)
    photos = photos_of([row.path for row in seen.rows])
    reference = model.bundle.reference()
    # The score has no part in what a patch looks like.
    surfaces = Counter(model.calibrated(0.0, one).surface for one in seen.embedding.astype(np.float32))
    known = met_before(model.manifest, split.fingerprint, None, seen.rows, read_as={"": surfaces})
    return Gathered(
        model=model,
        split=split,
        apart=seen.patches,
        patches=by_photo(seen.patches, photos),
        photos=photos,
        unread=seen.unread,
        unfit=seen.unfit,
        looks=seen.looks,
        old=None if reference is None else remembered(reference, model.bundle),
        facts=seen.facts,
        cracked=tuple(row.path for row in seen.rows if row.label == "crack"),
        met=met_in_training(model.bundle, seen.rows, known),
        digests=digests_of(row.path for row in seen.rows),
    )
