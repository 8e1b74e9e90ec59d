"""What a bundle says of pixels: its networks, and how their answers are read. Who works on it, and when, is for others
to say: each call is told how its work is shared."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crackscope.brief import brief
from crackscope.bundles import FEATURES, Bundle
from crackscope.images import Picture
from crackscope.scoring.calibrated import Calibrated, Calibrator
from crackscope.scoring.coloured_light import out_of_coloured_light
from crackscope.scoring.crew import Share
from crackscope.scoring.dense import ORDINARY, Dense, DenseOptions, Heatmap
from crackscope.scoring.facing import facing_of
from crackscope.scoring.features import Features
from crackscope.scoring.further_looks import Eyes, judge_photo
from crackscope.scoring.runtime import Graph
from crackscope.scoring.tiling import WHOLE, WHOLE_AVERAGED, Tile, cut, lay, take
from crackscope.scoring.verdict import Said, by_threshold, judge_patch, known_chance, unfit_pixels
from crackscope.scoring.void import Surface, surface_of

PHOTO_RATE = 0.05
"""Share of the sound photos that may be called cracked, where nothing else is asked for."""


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


class Sight:
    """A bundle's networks and how their answers are read; safe to use from several threads.

    threads: how many may work at once. share: runs a function on several things, as `Crew.share` does; who calls holds
    a seat of that crew.
    """

    def __init__(self, bundle: Bundle, threads: int) -> None:
        self.manifest = bundle.manifest
        self.graph = Graph(bundle.model, str(bundle.path / "model.onnx"))
        self.calibrator = Calibrator(bundle.manifest, str(bundle.path))
        self._features = None if bundle.features is None else Features(bundle.features, str(bundle.path / FEATURES))
        self.dense = Dense(bundle, self.graph, self._features, threads)

    def score(self, pixels: NDArray[np.uint8], share: Share) -> Scored:
        """A picture, uint8 [h, w, 3] RGB of any size: as a whole, or the tiles of a large one put together."""
        pixels = self.in_plain_light(pixels)
        spec, stride = self.manifest.input, self.manifest.stride
        height, width = pixels.shape[:2]
        tiles = self._cut(height, width)
        answers = share(lambda tile: self.graph.run(take(pixels, tile, spec)), tiles)
        best = max(range(len(tiles)), key=lambda number: answers[number].score)
        heat = np.full((-(-height // stride), -(-width // stride)), -np.inf, np.float32)
        for tile, answer in zip(tiles, answers, strict=True):
            lay(heat, answer.map, tile, (height, width), stride)
        return Scored(answers[best].score, heat, answers[best].embedding, len(tiles), tiles[best])

    def in_plain_light(self, pixels: NDArray[np.uint8], void: NDArray[np.bool_] | None = None) -> NDArray[np.uint8]:
        """A picture in grey where its light has a stronger colour than anything the bundle learnt from, else as it is.
        void: where it shows nothing and was filled, bool [h, w]."""
        return out_of_coloured_light(pixels, self.manifest.coloured, void)

    def features(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What a picture in plain light shows to a network that learnt no cracks: float32 [f], of length 0 where the
        bundle has no such network."""
        return np.empty(0, np.float32) if self._features is None else self._features.of(pixels, _in_turn)

    def eyes(self, options: DenseOptions, share: Share) -> Eyes:
        """How the bundle looks at a photo, again and smaller."""

        def see(pixels: NDArray[np.uint8], scales: int) -> Heatmap:
            return self.dense.heatmap(pixels, replace(options, scales=scales, coarse=False, surface=False), share)

        return Eyes(self.manifest, see, self._read_beside)

    def _read_beside(self, heat: Heatmap) -> Callable[[float], Calibrated]:
        """How a score is read on the photo of this heatmap."""
        return lambda score: self.calibrator.read(score, heat.embedding)

    def judged(self, picture: Picture, share: Share) -> Said:
        """The verdict on a picture: of a patch by its score, of a photo as `Model.judge` gives it, where the bundle
        can. The pixels of a photo are written over."""
        tiles = self._cut(*picture.pixels.shape[:2])
        if self.manifest.verdict.kind == "conformal":
            surface = surface_of(picture.pixels, picture.hidden, over=True)
            if len(tiles) > 1 or surface.void is not None:
                return self._as_photo(surface, share)
        pixels = self.in_plain_light(picture.pixels)
        return self._in_tiles(pixels, tiles, share)._replace(in_grey=pixels is not picture.pixels)

    def _in_tiles(self, pixels: NDArray[np.uint8], tiles: list[Tile], share: Share) -> Said:
        spec = self.manifest.input
        if self.manifest.verdict.kind == "threshold":
            looks = share(lambda tile: self.graph.look(take(pixels, tile, spec)), tiles)
            found = self.calibrator.read(*max(looks, key=lambda look: look[0]))
            # To tell the blur of each patch would take a tenth of the time that an 8-bit network does.
            if reason := unfit_pixels(pixels, self.manifest, however_blurred=len(tiles) == 1):
                return Said("cannot judge", found.probability, reason, tiles=len(tiles))
            verdict = by_threshold(found)
            return Said(verdict, found.probability, "", found.surface, tiles=len(tiles), threshold=found.threshold)
        score, embedding = self.graph.look(take(pixels, tiles[0], spec))
        shown = np.concatenate([embedding, self.features(pixels)])
        return judge_patch(self.manifest, pixels, shown, self.calibrator.read(score, embedding))

    def _as_photo(self, surface: Surface, share: Share) -> Said:
        facing = facing_of(surface.bounded)
        turned = facing.turned_over(surface.pixels)
        hidden = None if surface.void is None else facing.turned(surface.void) > 0
        seen = self.in_plain_light(turned, hidden)
        heat = self.dense.heatmap(seen, ORDINARY, share, hidden)
        judged = judge_photo(self.eyes(ORDINARY, share), heat, seen, PHOTO_RATE)
        told = (judged.verdict, judged.probability, judged.reason, judged.surface, judged.halved, judged.from_afar)
        return Said(*told, known_chance(self.manifest, judged), max(1, heat.tiles), in_grey=seen is not turned)

    def _cut(self, height: int, width: int) -> list[Tile]:
        averaged = self.manifest.verdict.top_share == 1
        return cut(height, width, self.manifest.input, WHOLE_AVERAGED if averaged else WHOLE)


def _in_turn(function: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    return [function(item) for item in items]
