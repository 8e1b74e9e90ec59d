"""The heatmap of a whole photo.

The network runs over the photo in stages (see `stages`), every pixel once; halos cost a few per cent, and nothing of
the answer depends on how the photo was cut. The photo is continued beyond its borders by reflection, and so is what
passes between stages: no zero that a layer pads with reaches a cell of the map. A graph whose reach is not bounded or
not known (fixed inputs, attention, pooling over the whole picture) is run on overlapping tiles instead.
"""

import threading
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crackscope.arguments import FLAG, NUMBER, WHOLE, refuse_wrong
from crackscope.brief import brief
from crackscope.bundles import Bundle
from crackscope.images import halved
from crackscope.scoring.anatomy import dissect
from crackscope.scoring.blending import blend
from crackscope.scoring.constants import UnknownError
from crackscope.scoring.crew import Share
from crackscope.scoring.features import Features
from crackscope.scoring.flow import Flow, at_once, lay_out
from crackscope.scoring.heap import LARGE_BYTES, trim_heap
from crackscope.scoring.parts import parts_around
from crackscope.scoring.rows import empty
from crackscope.scoring.runtime import Graph, Piece
from crackscope.scoring.stages import Plan, plan

Map = NDArray[np.float32]
Void = NDArray[np.bool_] | None

_AROUND_PX = 8
"""How far around a place in doubt the photo is seen at full scale."""

_MOST_IN_PARTS = 0.9
"""When more than so many of the photo's px would go through at full scale in parts, all of it goes through whole."""

_LEAST_COARSE_PX = 512
"""Photos with a shorter side go through at full scale at once."""

_LEAST_HALVED_PX = 256
"""Photos with a shorter side are not seen at half scale."""


@dataclass(frozen=True, slots=True)
class DenseOptions:
    """How a photo goes through the network.

    memory_mib: what the pass may take beside the photo, its heatmap and the loaded bundle; never less than one block of
    a stage takes, nor, where coarse, one part of up to 320 px a side. coarse: see the photo at half scale first, and at
    full scale only where that leaves doubt. doubt_logits: how far below the bundle's `mask_threshold` a crack logit of
    the half-scale pass still leaves doubt beside places that reach it. On asphalt and generated surfaces, the default
    misses .25 % of the cells that the full pass rightly finds, F1 stays within .005; of SDNET2018's hairlines, which
    half scale does not show, it misses 5 to 9 of 100 patches, and as many false ones (benchmarks/coarse.py). scales: 1
    sees the photo as it is, 2 also at half scale, and takes the mean of both logits; 0 as the bundle says. surface:
    also look for what tells whether the photo shows a surface, where the bundle has features for that.
    """

    memory_mib: int = 160
    coarse: bool = False
    doubt_logits: float = 2.0
    scales: int = 0
    surface: bool = True

    def __post_init__(self) -> None:
        refuse_wrong(memory_mib=(self.memory_mib, WHOLE), coarse=(self.coarse, FLAG), surface=(self.surface, FLAG))
        refuse_wrong(doubt_logits=(self.doubt_logits, NUMBER), scales=(self.scales, WHOLE))
        if self.scales not in (0, 1, 2):
            raise ValueError(f"scales is {self.scales}, give 1, 2, or 0 for what the bundle says")


ORDINARY = DenseOptions()


@dataclass(frozen=True, slots=True, eq=False)
class Heatmap:
    """Crack logits over a photo.

    logits: float32 [ceil(h / stride), ceil(w / stride)]; cell (i, j) covers the px from (i, j) * stride on.
    embedding: float32 [d], mean over the photo without its void (where parts of it were skipped: over the photo at half
    scale). skipped: share of the photo that only the coarse pass saw. tiles: pieces that overlap and were blended, of a
    photo over which the network cannot run at once; else 0. half: the photo at half scale as it was seen at that scale
    alone; None where its logits are no part of these. hidden: bool, of the shape of logits, where a thing lies that is
    no surface (a printed marker, a void) and what lights up was put out; None for nowhere. void: those of them that
    show nothing at all (see `void.py`), and so do not count as seen; None for none. features: float32 [f], what tells
    whether the photo shows a surface beside the embedding (see `features.py`), the same for `half`; None where nothing
    does.
    """

    logits: NDArray[np.float32]
    stride: int
    embedding: NDArray[np.float32]
    skipped: float = 0.0
    tiles: int = 0
    half: "Heatmap | None" = None
    hidden: NDArray[np.bool_] | None = None
    void: NDArray[np.bool_] | None = None
    features: NDArray[np.float32] | None = None

    @property
    def looks(self) -> NDArray[np.float32]:
        """What tells whether the photo shows a surface: the embedding, and behind it the features, float32 [d + f]."""
        return self.embedding if self.features is None else np.concatenate([self.embedding, self.features])

    __repr__ = brief

    @property
    def tiled(self) -> bool:
        """Whether the photo was cut into tiles."""
        return self.tiles > 0

    def without(self, hidden: NDArray[np.bool_]) -> "Heatmap":
        """The same with what lights up in these cells, bool of the shape of logits, put out."""
        dark = np.minimum(self.logits, np.median(self.logits))
        hidden = hidden if self.hidden is None else hidden | self.hidden
        return replace(self, logits=np.where(hidden, dark, self.logits).astype(np.float32), hidden=hidden)

    def beside(self, void: NDArray[np.bool_] | None) -> "Heatmap":
        """The same of a photo that shows nothing in these px, bool [h, w], or None for nowhere: the cells that touch
        them are put out."""
        return self if void is None else self.beside_cells(any_in(void, self.stride))

    def beside_cells(self, void: NDArray[np.bool_]) -> "Heatmap":
        """As `beside`, of cells, bool of the shape of logits."""
        half = None if self.half is None else self.half.beside_cells(any_in(void, 2))
        return replace(self.without(void), void=void, half=half)


class Dense:
    """A bundle's network made ready for whole photos; the work of that is done on first use."""

    def __init__(self, bundle: Bundle, graph: Graph, features: Features | None, threads: int) -> None:
        self._bundle, self._graph, self._features, self._threads = bundle, graph, features, threads
        self._lock = threading.Lock()
        self._prepared: tuple[Plan, list[Piece]] | None = None
        self._whole: Piece | None = None
        self._tiled = bundle.manifest.input.fixed

    def heatmap(self, pixels: NDArray[np.uint8], options: DenseOptions, share: Share, void: Void = None) -> Heatmap:
        """Score every place of a photo, uint8 [h, w, 3]. share: runs a function on many things, several at a time.

        void: bool [h, w], what was filled since it shows nothing; it is left out.
        """
        heat = self._scored(pixels, options, share, void)
        if self._features is not None and options.surface:
            features = self._features.of(pixels, share, void)
            self.settle(pixels)
            half = None if heat.half is None else replace(heat.half, features=features)
            heat = replace(heat, half=half, features=features)
        return heat.beside(void)

    def _scored(self, pixels: NDArray[np.uint8], options: DenseOptions, share: Share, void: Void) -> Heatmap:
        prepared = self._prepare()
        stride = self._bundle.manifest.stride
        if prepared is None:
            logits, embedding, tiles = blend(self._graph, self._bundle.manifest, pixels, share)
            return Heatmap(logits, stride, embedding, tiles=tiles)
        try:
            if options.coarse and min(pixels.shape[:2]) >= _LEAST_COARSE_PX:
                return self._coarse_to_fine(pixels, options, share, void)
            logits, embedding = self._flow(pixels, options, void).run(share)
            if self._scales(options) == 2 and min(pixels.shape[:2]) >= _LEAST_HALVED_PX:
                # The photo at half size, and blocks of other shapes, come on top of what is held.
                self.settle(pixels)
                half = self._halved(pixels, options, share, void)
                self.settle(pixels)
                return Heatmap(_mean(logits, grown(half.logits, logits.shape)), stride, embedding, half=half)
            return Heatmap(logits, stride, embedding)
        finally:
            self._give_back()
            self.settle(pixels)

    def settle(self, pixels: NDArray[np.uint8]) -> None:
        """After some work on a photo, hand back what is held of it and not used where that is worth it, by the
        runtime's pool and by the C library: of 100 megapixels some 200 MB."""
        if pixels.nbytes >= LARGE_BYTES:
            if self._prepared is not None:
                self._give_back()
            trim_heap()

    def _give_back(self) -> None:
        """Return the memory that the runtime's pool holds and does not use."""
        assert self._prepared is not None
        cut, pieces = self._prepared
        grids = {name: cut.grids[name] for name in cut.tail_inputs}
        pieces[-1].give_back({name: empty((1, grid.channels, 1, 1), grid) for name, grid in grids.items()})

    def _prepare(self) -> tuple[Plan, list[Piece]] | None:
        with self._lock:
            if self._prepared is None and not self._tiled:
                where = str(self._bundle.path / "model.onnx")
                cut = dense_plan(self._bundle.model, self._bundle.manifest.stride)
                if cut is None:
                    self._tiled = True
                    return None
                models = [*(stage.model for stage in cut.stages), cut.tail]
                self._prepared = cut, [Piece(model, where) for model in models]
                trim_heap()  # 15 MB
            return self._prepared

    def _flow(self, pixels: NDArray[np.uint8], options: DenseOptions, void: Void, besides: int = 0) -> Flow:
        """besides: bytes of the budget that are taken; half of it is left in any case."""
        assert self._prepared is not None
        cut, pieces = self._prepared
        budget = options.memory_mib << 20
        layout = lay_out(cut, pixels.shape[1], max(budget // 2, budget - besides), self._threads)
        return Flow(cut, pieces, pixels, layout, void)

    def _uncut(self) -> Piece:
        """The whole graph, which takes its memory from the same pool as the stages."""
        with self._lock:
            if self._whole is None:
                self._whole = Piece(self._bundle.model, str(self._bundle.path / "model.onnx"))
            return self._whole

    def _scales(self, options: DenseOptions) -> int:
        return options.scales or self._bundle.manifest.scales

    def _halved(self, pixels: NDArray[np.uint8], options: DenseOptions, share: Share, void: Void) -> Heatmap:
        """The photo at half scale, seen at that scale alone."""
        there = None if void is None else void[::2, ::2]
        half = halved(pixels)
        logits, embedding = self._flow(half, options, there, besides=half.nbytes).run(share)
        return Heatmap(logits, self._bundle.manifest.stride, embedding)

    def _coarse_to_fine(self, pixels: NDArray[np.uint8], options: DenseOptions, share: Share, void: Void) -> Heatmap:
        import cv2

        assert self._prepared is not None
        stride, grain = self._bundle.manifest.stride, self._prepared[0].grain
        half = self._halved(pixels, options, share, void)
        cells = (-(-pixels.shape[0] // stride), -(-pixels.shape[1] // stride))
        rough = grown(half.logits, cells)
        both = self._scales(options) == 2
        kept = half if both else None
        doubtful = _doubtful(rough, self._bundle.manifest.mask_threshold, options.doubt_logits)
        around = 2 * (_AROUND_PX // stride) + 1
        wanted = any_in(cv2.dilate(doubtful, np.ones((around, around), np.uint8)) > 0, grain // stride)
        parts = parts_around(wanted, grain)
        if parts.area_px > _MOST_IN_PARTS * pixels.shape[0] * pixels.shape[1]:
            logits, embedding = self._flow(pixels, options, void).run(share)
            return Heatmap(_mean(logits, rough) if both else logits, stride, embedding, half=kept)
        seen = wanted.repeat(grain // stride, 0).repeat(grain // stride, 1)[: cells[0], : cells[1]]
        if parts.rectangles:
            many = at_once(self._prepared[0], parts.largest_px, options.memory_mib << 20)
            fine = parts.map(self._uncut(), pixels, stride, share, many)
            # Where the map was not worked out, it holds nothing, not even numbers.
            rough[seen] = _mean(fine[seen], rough[seen]) if both else fine[seen]
        skipped = 1 - float(seen.mean())
        return Heatmap(rough, stride, half.embedding, skipped, half=kept)


def dense_plan(model: bytes, stride: int) -> Plan | None:
    """How a graph goes over photos without seams; None where it has to be run on tiles. stride: px for a map cell."""
    try:
        cut = plan(dissect(model))
    except UnknownError:
        return None
    return cut if cut.grids["map"].stride == stride else None


def grown(rough: Map, cells: tuple[int, ...]) -> Map:
    """A map at half scale on the grid of the full one, of so many cells (rows, columns)."""
    import cv2

    large = cv2.resize(rough, (2 * rough.shape[1], 2 * rough.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(large[: cells[0], : cells[1]], np.float32)


def _doubtful(rough: Map, threshold: float, doubt: float) -> NDArray[np.uint8]:
    """Where a map comes within `doubt` of the threshold and hangs together with what reaches it, uint8, 0 or 1."""
    import cv2

    near = (rough >= threshold - doubt).astype(np.uint8)
    count, parts = cv2.connectedComponents(near, connectivity=8)
    # Few cells come near: what is asked of them alone is looked up for them alone.
    places = np.flatnonzero(near.view(np.bool_))
    part = np.asarray(parts, np.int32).take(places)
    reaching = np.zeros(count, np.uint8)
    reaching[part[rough.take(places) >= threshold]] = 1
    near.put(places, reaching[part])
    return near


def _mean(fine: Map, rough: Map) -> Map:
    """Mean of two maps, in the memory of the first."""
    fine += rough
    fine *= np.float32(0.5)
    return fine


def any_in(cells: NDArray[np.bool_], side: int) -> NDArray[np.bool_]:
    """Whether any cell is true in each square of side * side; the last squares may be smaller."""
    height, width = cells.shape
    padded = np.pad(cells, ((0, -height % side), (0, -width % side)))
    # Whole rows, then what is left of columns: both at once take six times as long.
    tall = np.asarray(padded.reshape(-1, side, padded.shape[1]).any(1))
    return np.asarray(tall.reshape(len(tall), -1, side).any(2))
