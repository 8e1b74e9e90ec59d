"""A loaded bundle: pictures in, verdicts, scores and embeddings out."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from crackscope.brief import brief
from crackscope.bundles import FEATURES, Bundle, Manifest, default_bundle, open_bundle
from crackscope.errors import ImageError, several
from crackscope.images import Picture, Source, name_of, or_unread, read, refuse_lone
from crackscope.records import Prediction, Unread
from crackscope.scoring.calibrated import Calibrated, Calibrator
from crackscope.scoring.coloured_light import out_of_coloured_light
from crackscope.scoring.crew import Crew, Share
from crackscope.scoring.dense import ORDINARY, Dense, DenseOptions, Heatmap
from crackscope.scoring.facing import facing_of
from crackscope.scoring.features import Features
from crackscope.scoring.further_looks import Eyes, judge_photo, look_smaller
from crackscope.scoring.golden import check_golden
from crackscope.scoring.opened import Opened, open_picture
from crackscope.scoring.runtime import Graph, usable_threads
from crackscope.scoring.stream import in_groups, in_order
from crackscope.scoring.tiling import WHOLE, WHOLE_AVERAGED, Tile, cut, lay, take
from crackscope.scoring.verdict import (
    Judgement,
    Look,
    Said,
    by_threshold,
    judge_patch,
    known_chance,
    unfit_pixels,
)
from crackscope.scoring.void import Surface, surface_of

_TASK = "scored"

HELD_PIXELS = 1 << 20
"""Pictures are read ahead of the network, in one thread, until they have more pixels than this together."""

PHOTO_RATE = 0.05
"""Share of the sound photos that may be called cracked, where nothing else is asked for."""

Void = NDArray[np.bool_] | Literal["unknown"] | None
"""Where a photo shows nothing, bool [h, w], if it was filled there; None for nowhere; else it is still to be found."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What the network says of one picture.

    score: crack logit; of a picture scored in tiles, the largest of its tiles'.
    map: float32 [ceil(h/s), ceil(w/s)], crack logits, one per stride s; of tiles, what lies at
        the centre of each cell, and where they overlap the larger logit.
    embedding: float32 [d]; of a picture scored in tiles, that of the tile with the largest score.
    tiles: pieces scored. where: the piece that the score is of, in px.
    """

    score: float
    map: NDArray[np.float32]
    embedding: NDArray[np.float32]
    tiles: int
    where: Tile

    __repr__ = brief


def load(
    bundle: "str | Path | Bundle | Model | None" = None, *, threads: int | None = None, check: bool = True
) -> "Model":
    """Open a bundle and make it ready to score.

    bundle: its folder, its run, None or `default` for the one in the package; what is loaded already is no longer
    checked, and comes back as it is unless it is to have other threads. threads: how many pictures go through at once,
    None for one per processor; it changes the time, never the answers. check: recompute the golden outputs.
    Raises BundleError for a bundle that is incomplete, altered, unsafe, or that answers otherwise than stated.
    """
    if isinstance(bundle, Model):
        return bundle if threads in (None, bundle.threads) else Model(bundle.bundle, usable_threads(threads))
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
        self.graph = Graph(bundle.model, str(bundle.path / "model.onnx"))
        self._calibrator = Calibrator(bundle.manifest, str(bundle.path))
        self._crew = Crew(threads)
        self._features = None if bundle.features is None else Features(bundle.features, str(bundle.path / FEATURES))
        self._dense = Dense(bundle, self.graph, self._features, threads)

    def __repr__(self) -> str:
        where, threads = str(self.bundle.path), several(self.threads, "thread")
        return f"Model({self.manifest.name!r}, {where!r}, {self.manifest.precision}, {threads})"

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
        pixels = self.in_plain_light(pixels)
        spec, stride = self.manifest.input, self.manifest.stride
        height, width = pixels.shape[:2]
        tiles = self._cut(height, width)
        with self._crew.seat():
            answers = self._crew.share(lambda tile: self.graph.run(take(pixels, tile, spec)), tiles)
        best = max(range(len(tiles)), key=lambda number: answers[number].score)
        heat = np.full((-(-height // stride), -(-width // stride)), -np.inf, np.float32)
        for tile, answer in zip(tiles, answers, strict=True):
            lay(heat, answer.map, tile, (height, width), stride)
        return Scored(answers[best].score, heat, answers[best].embedding, len(tiles), tiles[best])

    def in_plain_light(self, pixels: NDArray[np.uint8], void: NDArray[np.bool_] | None = None) -> NDArray[np.uint8]:
        """A picture, uint8 [h, w, 3] RGB, as this bundle sees it: itself, or where its light has a stronger colour than
        anything the bundle learnt from, a new one in grey (see `coloured_light.py`). void: where it shows nothing and
        was filled, bool [h, w]; None for nowhere."""
        return out_of_coloured_light(pixels, self.manifest.coloured, void)

    def _cut(self, height: int, width: int) -> list[Tile]:
        averaged = self.manifest.verdict.top_share == 1
        return cut(height, width, self.manifest.input, WHOLE_AVERAGED if averaged else WHOLE)

    def features(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What a picture, uint8 [h, w, 3] as `in_plain_light` gives it, shows to a network that learnt no cracks:
        float32 [f], of length 0 where the bundle has no such network. Raises BundleError."""
        return np.empty(0, np.float32) if self._features is None else self._features.of(pixels, _in_turn)

    def calibrated(self, score: float, embedding: NDArray[np.float32] | None = None) -> Calibrated:
        """Read a score as a probability and a threshold, on the surface that the embedding, float32 [d], looks like.

        Without an embedding it is read as on a surface that the bundle has never met.
        """
        return self._calibrator.read(score, embedding)

    def reading(self, embedding: NDArray[np.float32]) -> NDArray[np.float64]:
        """Scale, shift and logit of the threshold that a score is read with beside this embedding: float64 [3]."""
        return self._calibrator.reading(embedding)

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
        if isinstance(void, str):
            surface = surface_of(pixels)
            pixels, void = surface.pixels, surface.hidden
        with self._crew.seat():
            return self._dense.heatmap(pixels, options, self._crew.share, void)

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
            return self._judge(heat, filled, rate, options, self._crew.share)

    def _judge(
        self, heat: Heatmap, pixels: NDArray[np.uint8], rate: float, options: DenseOptions, share: Share
    ) -> Judgement:
        """As `judge`, of pixels whose void is filled; the caller holds a seat."""
        return judge_photo(self._eyes(options, share), heat, pixels, rate)

    def look_smaller(
        self, heat: Heatmap, pixels: NDArray[np.uint8], times: int, *, options: DenseOptions = ORDINARY
    ) -> Look:
        """A photo, uint8 [h, w, 3] RGB with its void filled and its heatmap, as it looks so many times smaller, a power
        of two. What is put out of the heatmap stays so."""
        with self._crew.seat():
            return look_smaller(self._eyes(options, self._crew.share), heat, pixels, times)

    def _eyes(self, options: DenseOptions, share: Share) -> Eyes:
        def see(pixels: NDArray[np.uint8], scales: int) -> Heatmap:
            return self._dense.heatmap(pixels, replace(options, scales=scales, coarse=False, surface=False), share)

        return Eyes(self.manifest, see, self._read_beside)

    def _read_beside(self, heat: Heatmap) -> Callable[[float], Calibrated]:
        """How a score is read on the photo of this heatmap."""
        return lambda score: self.calibrated(score, heat.embedding)

    def embed(self, source: Source) -> NDArray[np.float32]:
        """Return the embedding of a picture, float32 [d]. Raises ImageError when it cannot be read."""
        return self.score(read(source).pixels).embedding

    def predict(self, source: Source, *, stop: threading.Event | None = None) -> Prediction:
        """Read and judge one picture: a path, bytes, an open file, an array uint8 [h, w, 3] or a Pillow image.

        A photo larger than twice the network's native size on a side, and any picture that shows nothing in places (see
        `void.py`), is scored at its own resolution and without leaving anything out, and judged as `judge` does; by a
        bundle without a rule for photos a large one is scored in tiles, and its probability is the largest of theirs:
        the more `tiles`, the likelier a false alarm among them.
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
        reading one patch takes .57 ms; of eight in a row each takes .25 ms.
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
        judged = self._judged_whole(picture, partial(self._crew.share, stop=stop))
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

    def _judged_whole(self, picture: Picture, share: Share) -> Said:
        """The verdict on a picture: of a patch by its score, of a photo as `judge` gives it, where the bundle can."""
        tiles = self._cut(*picture.pixels.shape[:2])
        if self.manifest.verdict.kind == "conformal":
            surface = surface_of(picture.pixels, picture.hidden)
            if len(tiles) > 1 or surface.void is not None:
                return self._judged_as_photo(surface, share)
        pixels = self.in_plain_light(picture.pixels)
        return self._judged_in_tiles(pixels, tiles, share)._replace(in_grey=pixels is not picture.pixels)

    def _judged_in_tiles(self, pixels: NDArray[np.uint8], tiles: list[Tile], share: Share) -> Said:
        spec = self.manifest.input
        if self.manifest.verdict.kind == "threshold":
            looks = share(lambda tile: self.graph.look(take(pixels, tile, spec)), tiles)
            found = self.calibrated(*max(looks, key=lambda look: look[0]))
            # To tell the blur of each patch would take a tenth of the time that an 8-bit network does.
            if reason := unfit_pixels(pixels, self.manifest, however_blurred=len(tiles) == 1):
                return Said("cannot judge", found.probability, reason, tiles=len(tiles))
            verdict = by_threshold(found)
            return Said(verdict, found.probability, "", found.surface, tiles=len(tiles), threshold=found.threshold)
        score, embedding = self.graph.look(take(pixels, tiles[0], spec))
        shown = np.concatenate([embedding, self.features(pixels)])
        return judge_patch(self.manifest, pixels, shown, self.calibrated(score, embedding))

    def _judged_as_photo(self, surface: Surface, share: Share) -> Said:
        facing = facing_of(surface.bounded)
        turned = facing.turned(surface.pixels)
        hidden = None if surface.void is None else facing.turned(surface.void) > 0
        seen = self.in_plain_light(turned, hidden)
        heat = self._dense.heatmap(seen, ORDINARY, share, hidden)
        judged = self._judge(heat, seen, PHOTO_RATE, ORDINARY, share)
        told = (judged.verdict, judged.probability, judged.reason, judged.surface, judged.halved, judged.from_afar)
        return Said(*told, known_chance(self.manifest, judged), max(1, heat.tiles), in_grey=seen is not turned)


def _in_turn(function: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    return [function(item) for item in items]


def _refuse_others(pixels: NDArray[np.uint8]) -> None:
    """Raise ImageError for an array that is no RGB picture: the network would see other colours, or none."""
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise ImageError(
            "unsupported",
            f"an array {pixels.dtype} {list(pixels.shape)} is no picture as decoded: give uint8 [h, w, 3] RGB, as "
            "crackscope.images.read does",
        )
