"""A loaded bundle: pictures in, verdicts, scores and embeddings out."""

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from crackscope.arguments import FLAG, PATH, Wanted, record, refuse_wrong
from crackscope.bundles import Bundle, Manifest, default_bundle, open_bundle
from crackscope.errors import ImageError, several
from crackscope.images import Source, name_of, or_unread, read, refuse_lone
from crackscope.records import Prediction, Unread
from crackscope.scoring.calibrated import Calibrated
from crackscope.scoring.crew import Crew
from crackscope.scoring.dense import ORDINARY, DenseOptions, Heatmap
from crackscope.scoring.further_looks import judge_photo, look_smaller
from crackscope.scoring.golden import check_golden
from crackscope.scoring.heap import trim_heap
from crackscope.scoring.opened import Opened, open_picture
from crackscope.scoring.runtime import Graph, usable_threads
from crackscope.scoring.sight import PHOTO_RATE, Scored, Sight
from crackscope.scoring.stream import in_groups, in_order
from crackscope.scoring.verdict import Judgement, Look
from crackscope.scoring.void import surface_of

_TASK = "scored"

HELD_PIXELS = 1 << 20
"""Pictures are read ahead of the network, in one thread, until they have more pixels than this together."""

Void = NDArray[np.bool_] | Literal["unknown"] | None
"""Where a photo shows nothing, bool [h, w], if it was filled there; None for nowhere; else it is still to be found."""


def load(
    bundle: "str | Path | Bundle | Model | None" = None, *, threads: int | None = None, check: bool = True
) -> "Model":
    """Open a bundle and make it ready to score.

    bundle: its folder, its run, None or `default` for the one in the package; what is loaded already is no longer
    checked, and comes back as it is unless it is to have other threads. threads: how many pictures go through at once,
    None for one per processor; it changes the time, never the answers. check: recompute the golden outputs.
    Raises BundleError for a bundle that is incomplete, altered, unsafe, or that answers otherwise than stated.
    """
    refuse_wrong(bundle=(bundle, BUNDLE.or_none), check=(check, FLAG))
    if isinstance(bundle, Model):
        wanted = bundle.threads if threads is None else usable_threads(threads)
        return bundle if wanted == bundle.threads else Model(bundle.bundle, wanted)
    if not isinstance(bundle, Bundle):
        bundle = open_bundle(default_bundle() if bundle is None else bundle)
    model = Model(bundle, usable_threads(threads))
    if check and bundle.manifest.golden is not None:
        check_golden(model.graph.run, bundle.manifest.golden, str(bundle.path))
    return model


class Model:
    """A bundle ready to score; safe to use from several threads. Made by `load`."""

    def __init__(self, bundle: Bundle, threads: int) -> None:
        self.bundle = bundle
        self.threads = threads
        self._sight = Sight(bundle, threads)
        self._crew = Crew(threads)
        # To make the graphs ready takes 20 MB more than they are.
        trim_heap()

    def __repr__(self) -> str:
        where, threads = str(self.bundle.path), several(self.threads, "thread")
        return f"Model({self.manifest.name!r}, {where!r}, {self.manifest.precision}, {threads})"

    @property
    def graph(self) -> Graph:
        """The network itself, as the runtime holds it."""
        return self._sight.graph

    @property
    def manifest(self) -> Manifest:
        """What the bundle says of itself."""
        return self.bundle.manifest

    def score(self, pixels: NDArray[np.uint8]) -> Scored:
        """Score a picture, uint8 [h, w, 3] RGB, of any size, at its own resolution.

        Small ones are enlarged by reflection to the network's minimum; large ones are scored in tiles (see
        `tiling.cut`) and take the largest of the tiles' scores. Raises ImageError for other arrays.
        """
        _refuse_others(pixels)
        with self._crew.seat():
            return self._sight.score(pixels, self._crew.share)

    def in_plain_light(self, pixels: NDArray[np.uint8], void: NDArray[np.bool_] | None = None) -> NDArray[np.uint8]:
        """A picture, uint8 [h, w, 3] RGB, as this bundle sees it: itself, or where its light has a stronger colour than
        anything the bundle learnt from, a new one in grey (see `coloured_light.py`). void: where it shows nothing and
        was filled, bool [h, w]; None for nowhere."""
        return self._sight.in_plain_light(pixels, void)

    def features(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What a picture, uint8 [h, w, 3] as `in_plain_light` gives it, shows to a network that learnt no cracks:
        float32 [f], of length 0 where the bundle has no such network. Raises BundleError."""
        return self._sight.features(pixels)

    def calibrated(self, score: float, embedding: NDArray[np.float32] | None = None) -> Calibrated:
        """Read a score as a probability and a threshold, on the surface that the embedding, float32 [d], looks like.

        Without an embedding it is read as on a surface that the bundle has never met.
        """
        return self._sight.calibrator.read(score, embedding)

    def reading(self, embedding: NDArray[np.float32]) -> NDArray[np.float64]:
        """Scale, shift and logit of the threshold that a score is read with beside this embedding: float64 [3]."""
        return self._sight.calibrator.reading(embedding)

    def probability(self, score: float, embedding: NDArray[np.float32] | None = None) -> float:
        """Turn a score into a probability of crack, 0 to 1, as `calibrated` does."""
        return self.calibrated(score, embedding).probability

    def heatmap(
        self, pixels: NDArray[np.uint8], *, options: DenseOptions = ORDINARY, void: Void = "unknown"
    ) -> Heatmap:
        """Score every place of a photo, uint8 [h, w, 3] RGB, of any size, at its own resolution.

        The colour of its light stays: see `in_plain_light`. Where the photo shows nothing, in a frame, say, nothing
        lights up (see `void.py`). void: where that is, bool [h, w], of a photo that was filled there, or None for
        nowhere; it is looked for where neither is known. Neither threads nor memory change the answer by more than
        rounding does. Raises BundleError, and ImageError for other arrays.
        """
        _refuse_others(pixels)
        refuse_wrong(options=(options, record(DenseOptions)))
        if isinstance(void, str):
            surface = surface_of(pixels)
            pixels, void = surface.pixels, surface.hidden
        with self._crew.seat():
            return self._sight.dense.heatmap(pixels, options, self._crew.share, void)

    def judge(
        self,
        heat: Heatmap,
        pixels: NDArray[np.uint8],
        rate: float = PHOTO_RATE,
        *,
        options: DenseOptions = ORDINARY,
        void: Void = "unknown",
    ) -> Judgement:
        """Say of a photo `crack`, `sound` or `cannot judge`; `rate` of the sound ones may be called cracked.

        A large one may be looked at again at smaller sizes (see `further_looks.py`), within the memory that the options
        allow. void: as for `heatmap`. Where `predict` judges a photo, it does the same.
        """
        with self._crew.seat():
            filled = surface_of(pixels).pixels if isinstance(void, str) else pixels
            judged = judge_photo(self._sight.eyes(options, self._crew.share), heat, filled, rate)
            self._sight.dense.settle(pixels)
            return judged

    def look_smaller(
        self, heat: Heatmap, pixels: NDArray[np.uint8], times: int, *, options: DenseOptions = ORDINARY
    ) -> Look:
        """A photo, uint8 [h, w, 3] RGB with its void filled and its heatmap, as it looks so many times smaller, a power
        of two. What is put out of the heatmap stays so."""
        with self._crew.seat():
            look = look_smaller(self._sight.eyes(options, self._crew.share), heat, pixels, times)
            self._sight.dense.settle(pixels)
            return look

    def embed(self, source: Source) -> NDArray[np.float32]:
        """Return the embedding of a picture, float32 [d]. Raises ImageError when it cannot be read."""
        return self.score(read(source).pixels).embedding

    def predict(self, source: Source, *, stop: threading.Event | None = None) -> Prediction:
        """Read and judge one picture: a path, bytes, an open file, an array uint8 [h, w, 3] or a Pillow image.

        A photo more than twice as long as the network's native size (1.25 times where the score is a mean over the
        picture), and any picture that shows nothing in places (see `void.py`), is scored at its own resolution and
        without leaving anything out, and judged as `judge` does; by a bundle without a rule for photos a large one is
        scored in tiles, and its probability is the largest of theirs: the more `tiles`, the likelier a false alarm
        among them.
        Raises ImageError when it cannot be read, and, where `stop` is set meanwhile, StoppedError within a block of it.
        """
        with self._crew.seat():
            return self._judged(open_picture(source), stop or threading.Event())

    def predict_all(self, sources: Iterable[Source]) -> Iterator[Prediction | Unread]:
        """Judge many pictures; yields one record each, in the order of the sources, drawn lazily.

        Decoding runs beside the network, in `threads` threads. What cannot be read or scored comes back as Unread,
        and the rest go on. Stopping early, or an interrupt, ends the work under way within a tile, or a block of a
        photo. What drawing the sources raises is raised once all that came before are judged. Raises TypeError for one
        picture, or one name, in place of many.
        """
        refuse_lone(sources, "predict_all", "predict takes one")
        return self._predict_all(sources)

    def _predict_all(self, sources: Iterable[Source]) -> Iterator[Prediction | Unread]:
        stop = threading.Event()
        answers = in_order(lambda few: self._predict_few(few, stop), in_groups(sources, self.threads), self.threads)
        try:
            for few in answers:
                yield from few
        finally:
            stop.set()

    def _predict_few(self, sources: Sequence[Source], stop: threading.Event) -> list[Prediction | Unread]:
        """Read small pictures one after another, then score them; a large one is scored before the next is read.

        Right after the network has run, the decoder finds none of its code and tables in the processor's cache, and
        reading one patch takes .36 ms; of eight in a row each takes .17 ms.
        """
        answers: list[Prediction | Unread] = []
        held: list[Opened | Unread] = []
        with self._crew.seat():
            for number, source in enumerate(sources, 1):
                held.append(or_unread(name_of(source), _TASK, partial(open_picture, source)))
                pixels = sum(one.picture.pixels.size // 3 for one in held if not isinstance(one, Unread))
                if pixels > HELD_PIXELS or number == len(sources):
                    answers += [self._judged_or_say_why(one, stop) for one in held]
                    held.clear()
        return answers

    def _judged_or_say_why(self, opened: "Opened | Unread", stop: threading.Event) -> Prediction | Unread:
        if isinstance(opened, Unread):
            return opened
        return or_unread(opened.picture.name, _TASK, partial(self._judged, opened, stop))

    def _judged(self, opened: Opened, stop: threading.Event) -> Prediction:
        """Score what was read; the caller holds a seat."""
        begin = time.perf_counter()
        picture = opened.picture
        judged = self._sight.judged(picture, partial(self._crew.share, stop=stop))
        return Prediction(
            path=picture.name,
            verdict=judged.verdict,
            probability=judged.probability,
            width=picture.width,
            height=picture.height,
            seconds=opened.seconds + time.perf_counter() - begin,
            tiles=judged.tiles,
            reason=judged.reason,
            surface=judged.surface,
            pages=picture.pages,
            bits=picture.bits,
            halved=judged.halved,
            from_afar=judged.from_afar,
            chance=judged.chance,
            threshold=judged.threshold,
            in_grey=judged.in_grey,
        )


LOADED = record(Model, "crackscope.load()")
BUNDLE = Wanted((*PATH.types, Bundle, Model), "a path, or what crackscope.load() gives")
"""As arguments: a model that is loaded, and whatever `load` takes."""


def _refuse_others(pixels: NDArray[np.uint8]) -> None:
    """Raise ImageError for an array that is no RGB picture: the network would see other colours, or none."""
    if not isinstance(pixels, np.ndarray):
        given = f"a {type(pixels).__name__}"
    elif pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        given = f"an array {pixels.dtype} {list(pixels.shape)}"
    else:
        return
    raise ImageError(
        "unsupported",
        f"{given} is no picture as decoded: give uint8 [h, w, 3] RGB, as crackscope.images.read does",
    )
