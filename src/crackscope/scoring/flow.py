"""A photo on its way through the stages of a network: from top to bottom, each stage just as far ahead as needed.

Every stage works in blocks, several at once. Of what it gives, only the rows that later stages still need are kept,
so memory follows from the width of the photo and the budget, not from the number of pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from crackscope.scoring.anatomy import IMAGES, MAP
from crackscope.scoring.crew import Share
from crackscope.scoring.rows import Array, Photo, Rows
from crackscope.scoring.stages import Plan, Stage

_BANDS_PX = (1024, 768, 512, 384, 256, 192, 128, 96, 64, 32)
_LARGEST_BLOCK = 32 << 20
"""Blocks that take more gain nothing: 4, 8, 16, 32 and 64 MiB gave 3.8, 4.4, 4.7, 4.8 and 4.8 megapixels/s."""

_EMBEDDED_BYTES = 4 << 20
"""What goes into the embedding at a time: it is copied, and of the finer levels a band of a wide photo takes more than
what is kept between all stages."""

_FIXED_BYTES = 16 << 20
_POOL = 1.8
"""What the runtime's pool takes for each byte of a block: stages of different shapes do not reuse all of it."""


class Session(Protocol):
    """A graph that can be run."""

    def run(self, outputs: Sequence[str], inputs: dict[str, Array]) -> list[Array]:
        """Give the named outputs."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a photo is cut: px that the last stage goes down at a time, and for each stage (height, width) of a block,
    margins left out."""

    band: int
    blocks: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Block:
    """What a stage keeps of one run, in px of the photo."""

    top: int
    bottom: int
    left: int
    right: int


def lay_out(plan: Plan, width: int, memory: int, threads: int) -> Layout:
    """Choose bands and blocks. width: px of the photo; memory: bytes for what is kept between stages and for running
    them in so many threads."""
    step = plan.grain
    bands = [max(step, band // step * step) for band in _BANDS_PX]
    free = memory - _FIXED_BYTES
    band = next((band for band in bands if _kept_bytes(plan, width, band) <= free // 2), bands[-1])
    each = int((free - _kept_bytes(plan, width, band)) / (_POOL * threads))
    each = min(_LARGEST_BLOCK, max(1 << 20, each))
    return Layout(band, tuple(_block(stage, width, band, each, threads) for stage in plan.stages))


def at_once(plan: Plan, area_px: int, memory: int) -> int:
    """How many pieces of so many px the whole graph may run on at once within so many bytes; one in any case."""
    return max(1, int((memory - _FIXED_BYTES) / (_POOL * plan.bytes_per_px * area_px)))


def _kept_bytes(plan: Plan, width: int, band: int) -> int:
    """What is kept between the stages at most."""
    total = 0.0
    for number, stage in enumerate(plan.stages):
        for name in stage.outputs:
            users = [at for at, other in enumerate(plan.stages) if name in other.inputs]
            last = max([*users, number]) if name not in plan.tail_inputs else len(plan.stages) - 1
            ahead = sum(other.rows.after for other in plan.stages[number + 1 : last + 1])
            behind = max((plan.stages[at].rows.before for at in users), default=0)
            total += plan.grids[name].bytes_per_px * width * (band + ahead + behind)
    return int(total)


def _block(stage: Stage, width: int, band: int, memory: int, threads: int) -> tuple[int, int]:
    """Height and width of a stage's blocks, about square with their margins, multiples of its grain."""
    area = max(int(memory / stage.bytes_per_px), 1)
    rows, columns = (margin.before + margin.after for margin in (stage.rows, stage.columns))
    parts = max(1, -(-band // max(stage.grain, isqrt(area) - rows)))
    height = _up(-(-band // parts), stage.grain)
    widest = max(stage.grain, (area // (height + rows) - columns) // stage.grain * stage.grain)
    across = -(-width // widest)
    if parts * across % threads and parts * across < 8 * threads and width >= threads * 8 * stage.grain:
        across = -(-across // threads) * threads
    return height, _up(-(-width // across), stage.grain)


def _up(value: int, grain: int) -> int:
    return -(-value // grain) * grain


class Flow:
    """One photo through one plan."""

    def __init__(
        self,
        plan: Plan,
        sessions: Sequence[Session],
        pixels: NDArray[np.uint8],
        layout: Layout,
        void: NDArray[np.bool_] | None = None,
    ) -> None:
        """sessions: one a stage, and one for the tail. void: bool [h, w], px that have no say in the embedding, unless
        there are no others."""
        self._plan, self._sessions, self._layout = plan, sessions, layout
        height, width = pixels.shape[:2]
        self._shape = (_up(height, plan.grain), _up(width, plan.grain))
        # Of a sliver of surface one px wide nothing may be left at half size.
        self._photo, self._void = Photo(pixels), None if void is None or void.all() else void
        self._rows = {
            name: Rows(plan.grids[name], *self._shape)
            for stage in plan.stages
            for name in stage.outputs
            if name != MAP or name in plan.tail_inputs
        }
        self._makers = {name: number for number, stage in enumerate(plan.stages) for name in stage.outputs}
        self._done = [0] * len(plan.stages)
        self._pooled = 0
        cell = plan.grids[MAP].stride
        self._cells = (-(-height // cell), -(-width // cell))
        self.map = np.empty(tuple(side // cell for side in self._shape), np.float32)
        self._sum: NDArray[np.float64] | None = None
        self._weight = 0.0

    def run(self, share: Share) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Work out the map, float32 [ceil(h / s), ceil(w / s)], and the mean embedding, float32 [d]. share: runs a
        function on many things, several at a time."""
        for bottom in range(self._layout.band, self._shape[0] + self._layout.band, self._layout.band):
            bottom = min(bottom, self._shape[0])
            self._advance(self._makers[MAP], bottom, share)
            self._embed(bottom, share)
        embedding = np.zeros(0) if self._sum is None else self._sum / self._weight
        return self.map[: self._cells[0], : self._cells[1]], embedding.astype(np.float32)

    def _advance(self, number: int, bottom: int, share: Share) -> None:
        """Bring a stage down to a row, and the ones before it as far as it takes."""
        stage, top = self._plan.stages[number], self._done[number]
        bottom = min(_up(bottom, stage.grain), self._shape[0])
        if bottom <= top:
            return
        for name in stage.inputs:
            if name != IMAGES:
                self._advance(self._makers[name], min(bottom + stage.rows.after, self._shape[0]), share)
        for name in stage.outputs:
            if name in self._rows:
                self._rows[name].open(bottom, self._needed(name))
        high, wide = self._layout.blocks[number]
        blocks = [
            Block(row, min(row + high, bottom), column, min(column + wide, self._shape[1]))
            for row in range(top, bottom, high)
            for column in range(0, self._shape[1], wide)
        ]
        share(lambda block: self._run(number, block), blocks)
        self._done[number] = bottom

    def _needed(self, name: str) -> int:
        """The first row of a grid, in px, that may still be read."""
        lowest = self._shape[0]
        for number, stage in enumerate(self._plan.stages):
            if name in stage.inputs:
                mirror = self._shape[0] - stage.rows.after - self._plan.grain
                lowest = min(lowest, self._done[number] - stage.rows.before, mirror)
        if name in self._plan.tail_inputs:
            lowest = min(lowest, self._pooled)
        return max(0, lowest) // self._plan.grain * self._plan.grain

    def _run(self, number: int, block: Block) -> None:
        stage = self._plan.stages[number]
        rows = (block.top - stage.rows.before, block.bottom + stage.rows.after)
        columns = (block.left - stage.columns.before, block.right + stage.columns.after)
        inputs = {
            name: (self._photo if name == IMAGES else self._rows[name]).take(rows, columns) for name in stage.inputs
        }
        answers = self._sessions[number].run(stage.outputs, inputs)
        for name, answer in zip(stage.outputs, answers, strict=True):
            stride = self._plan.grids[name].stride
            top, left = stage.rows.before // stride, stage.columns.before // stride
            high, wide = (block.bottom - block.top) // stride, (block.right - block.left) // stride
            kept = answer[0, :, top : top + high, left : left + wide]
            if name in self._rows:
                self._rows[name].put((block.top, block.bottom), (block.left, block.right), kept)
            if name == MAP:
                at, beside = block.top // stride, block.left // stride
                self.map[at : at + high, beside : beside + wide] = kept[0]

    def _embed(self, bottom: int, share: Share) -> None:
        """Add the embedding of the rows that have not been looked at, a few at a time."""
        for name in self._plan.tail_inputs:
            self._advance(self._makers[name], bottom, share)
        row = sum(self._plan.grids[name].bytes_per_px for name in self._plan.tail_inputs) * self._shape[1]
        few = max(1, int(_EMBEDDED_BYTES / (row * self._plan.grain))) * self._plan.grain
        while self._pooled < bottom:
            self._embed_rows(min(self._pooled + few, bottom))

    def _embed_rows(self, bottom: int) -> None:
        """Add the embedding of the next rows, weighted by how many they are.

        Cells in the void are given the mean of the others: however the tail pools, they tell it nothing new.
        """
        rows, columns = (self._pooled, bottom), (0, self._shape[1])
        inputs = {name: self._rows[name].take(rows, columns) for name in self._plan.tail_inputs}
        weight = float(bottom - self._pooled)
        if self._void is not None:
            void = self._void[self._pooled : bottom]
            weight *= 1 - float(void.mean())
            inputs = {name: _evened(grid, void, self._plan.grids[name].stride) for name, grid in inputs.items()}
        embedding = np.asarray(self._sessions[-1].run(["embedding"], inputs)[0][0], np.float64)
        added = embedding * weight
        self._sum = added if self._sum is None else self._sum + added
        self._weight += weight
        self._pooled = bottom


def _evened(grid: Array, void: NDArray[np.bool_], stride: int) -> Array:
    """A grid [1, c, h, w] with the mean of its other cells in those in the void, bool [h', w'] in px; itself where
    there are no others."""
    at = np.minimum(np.arange(grid.shape[2]) * stride + stride // 2, void.shape[0] - 1)
    beside = np.minimum(np.arange(grid.shape[3]) * stride + stride // 2, void.shape[1] - 1)
    hidden = void[at][:, beside]
    if hidden.all() or not hidden.any():
        return grid
    evened = grid.copy()
    evened[0][:, hidden] = grid[0][:, ~hidden].mean(1, dtype=np.float64)[:, None].astype(grid.dtype)
    return evened
