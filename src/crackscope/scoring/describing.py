"""What a network says of many pictures: score and embedding, for adapting, choosing and doubting."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crackscope.bundles import Bundle, Reference, has_features, with_features
from crackscope.errors import BundleError, ImageError
from crackscope.images import Source, read
from crackscope.records import Row, Unread
from crackscope.scoring.model import Model, load
from crackscope.scoring.packing import repack
from crackscope.scoring.stream import in_order

MOST_KEPT = 400
"""Pictures that a bundle keeps a word of: enough to tell a loss of one in a hundred, in a tenth of a megabyte."""


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """score: crack logit. embedding: float32 [d]."""

    score: float
    embedding: NDArray[np.float32]


def describe(
    model: Model, sources: Sequence[Source], progress: Callable[[int, int], None] | None = None
) -> Iterator[Described | Unread]:
    """Yield what a network says of each picture, in order; Unread for what cannot be read.

    Sources are paths or pixels uint8 [h, w, 3]. A picture too large to be scored whole (`tiling`) is described by
    the tile with the largest score. progress: called with how many are done, and of how many.
    """

    def one(source: Source) -> Described | Unread:
        try:
            pixels = source if isinstance(source, np.ndarray) and source.dtype == np.uint8 else read(source).pixels
            scored = model.score(pixels)
        except ImageError as error:
            return Unread.of(str(source), error)
        return Described(scored.score, scored.embedding)

    for done, answer in enumerate(in_order(one, sources, model.threads), start=1):
        if progress is not None:
            progress(done, len(sources))
        yield answer


def showing_features(model: Model) -> Model:
    """The same network with the features of its map before its embedding, in one; as it is where it has none."""
    bundle = model.bundle
    if not has_features(bundle.model):
        return model
    return load(replace(bundle, model=with_features(bundle.model)), threads=model.threads, check=False)


def keep_reference(
    bundle: Bundle, rows: Sequence[Row], *, count: int = MOST_KEPT, threads: int | None = None
) -> Bundle:
    """Write a bundle anew with a word on up to `count` labelled pictures that it did not learn from.

    rows: best those that training set aside; drawn evenly from every surface and label. Raises BundleError when
    fewer than two pictures of a label can be read, OutputError when the bundle cannot be written.
    """
    model = showing_features(load(bundle, threads=threads, check=False))
    chosen = _drawn(rows, count)
    answers = zip(chosen, describe(model, [row.path for row in chosen]), strict=True)
    read_ones = [(row, answer) for row, answer in answers if isinstance(answer, Described)]
    if not read_ones:
        raise BundleError("a bundle can keep no reference without pictures; give labelled ones that can be read")
    own = bundle.manifest.embedding
    reference = Reference(
        np.array([row.label == "crack" for row, _ in read_ones]),
        np.array([answer.score for _, answer in read_ones], np.float32),
        np.stack([model.reading(answer.embedding[-own:]) for _, answer in read_ones]).astype(np.float32),
        np.stack([answer.embedding[:-own] for _, answer in read_ones]),
    )
    return repack(bundle.path, bundle, bundle.manifest, model=bundle.model, reference=reference)


def _drawn(rows: Sequence[Row], count: int) -> list[Row]:
    """Up to `count` rows, in turn from every surface and label, so that a rare one is not crowded out."""
    rng = np.random.default_rng(0)
    heaps: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        heaps.setdefault((row.surface, row.label), []).append(row)
    shuffled = [[heap[place] for place in rng.permutation(len(heap))] for _, heap in sorted(heaps.items())]
    turns = [heap[turn] for turn in range(max(map(len, shuffled), default=0)) for heap in shuffled if turn < len(heap)]
    return turns[:count]
