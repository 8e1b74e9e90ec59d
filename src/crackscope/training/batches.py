"""Where a training's batches come from: kept features, pictures passed through, or pictures drawn into a mixture.

Every batch is a pure function of (seed, phase, epoch, step), whatever the number of threads; that is what lets an
interrupted training go on to the same bytes.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crackscope.errors import TrainingError
from crackscope.records import Row
from crackscope.training.augmentation import Mask, Pixels, generator
from crackscope.training.features import Features
from crackscope.training.pictures import Reader

AHEAD = 6
"""Batches that are prepared before the network gets the first of them."""


class Hands(NamedTuple):
    """Who prepares batches: so many threads. beside: while the network learns, as they do for a GPU.

    On the processor they take turns with it. Threads of torch wait for each other many times a step, so each pause of
    one, while another reads pictures on its core, is a pause of all (two cores: a step of the default recipe .37 s in
    turns, .48 s beside).
    """

    threads: int
    beside: bool


class Batch(NamedTuple):
    """inputs: features float32 [n, ...] or pictures uint8 [n, h, w, 3]. labels: float32 [n], 1 is crack.

    masks: float32 [n, h, w] or None; masked: bool [n] or None, which of them mean something. trust: float32 [n] or
    None, how much each teaches, 0 to 1. unspoilt: uint8 [k, h, w, 3] or None, the k pictures of which the network that
    training began with is asked, before light and camera changed them; asked: int64 [k] or None, which these are.
    """

    inputs: Tensor
    labels: Tensor
    masks: Tensor | None = None
    masked: Tensor | None = None
    trust: Tensor | None = None
    unspoilt: Tensor | None = None
    asked: Tensor | None = None

    def to(self, device: torch.device) -> "Batch":
        """The batch on another device."""
        moved = {name: part.to(device) for name, part in self._asdict().items() if part is not None}
        return Batch(**moved)


class Source(Protocol):
    """Gives the batches of an epoch."""

    steps: int

    def epoch(self, number: int) -> Iterator[Batch]:
        """The training batches of epoch `number`, counted from 0 over all phases."""

    def validation(self) -> Iterator[Batch]:
        """The validation rows, in a fixed order."""


def order(rows: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """The order of an epoch: a permutation that depends on seed and epoch alone."""
    return generator(seed, 1, epoch).permutation(rows)


def chunks(indices: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    """Batches of `size`; a last one of a single row joins the one before, since a batch norm needs two."""
    starts = list(range(0, len(indices), size))
    if len(starts) > 1 and len(indices) - starts[-1] == 1:
        starts.pop()
    return [indices[a:b] for a, b in pairwise([*starts, len(indices)])]


def labels_of(rows: Sequence[Row]) -> NDArray[np.float32]:
    """float32 [n]: 1 for crack, 0 for sound."""
    return np.array([row.label == "crack" for row in rows], np.float32)


Labelled = tuple[Features, Sequence[Row]]
"""Features and the rows that they belong to."""


class FromFeatures:
    """Batches out of the frozen part's output. Each epoch shows every row once, in the next of its views."""

    def __init__(
        self,
        train: Labelled,
        val: Labelled,
        views: int,
        batch: int,
        seed: int,
    ) -> None:
        self._train, rows = train
        self._val, val_rows = val
        self._labels, self._val_labels = labels_of(rows), labels_of(val_rows)
        self._views, self._batch, self._seed = views, batch, seed
        self._first_view = generator(seed, 2).integers(views, size=len(rows))
        self.steps = len(chunks(np.arange(len(rows)), batch))

    def epoch(self, number: int) -> Iterator[Batch]:
        """See `Source`."""
        views = (self._first_view + number) % self._views
        for picked in chunks(order(len(self._labels), self._seed, number), self._batch):
            yield _features(self._train.take(picked, views[picked]), self._labels[picked])

    def inputs(self, rows: NDArray[np.int64]) -> Tensor:
        """Features of these training rows in their first view, float32 [n, ...]."""
        return torch.from_numpy(self._train.take(rows, self._first_view[rows])).float()

    def validation(self) -> Iterator[Batch]:
        """See `Source`."""
        for picked in chunks(np.arange(len(self._val_labels)), 4 * self._batch):
            yield _features(self._val.take(picked, np.zeros_like(picked)), self._val_labels[picked])


def _features(values: NDArray[np.float16], labels: NDArray[np.float32]) -> Batch:
    return Batch(torch.from_numpy(values).float(), torch.from_numpy(labels))


class FromPictures:
    """Batches of whole pictures, each row once an epoch in a fresh augmented version."""

    def __init__(
        self, rows: Sequence[Row], val_rows: Sequence[Row], reader: Reader, batch: int, seed: int, hands: Hands
    ) -> None:
        self._rows, self._val_rows, self._reader = rows, val_rows, reader
        self._batch, self._seed, self._hands = batch, seed, hands
        self.steps = len(chunks(np.arange(len(rows)), batch))

    def epoch(self, number: int) -> Iterator[Batch]:
        """See `Source`."""
        picked = chunks(order(len(self._rows), self._seed, number), self._batch)

        def make(step: int) -> Batch:
            rows = [self._rows[index] for index in picked[step]]
            views = [self._reader.view(row, int(i), number) for row, i in zip(rows, picked[step], strict=True)]
            return stack([(view.pixels, view.mask) for view in views], rows)

        return prepared(make, len(picked), self._hands)

    def validation(self) -> Iterator[Batch]:
        """See `Source`."""
        return plain_batches(self._val_rows, self._reader, self._batch, self._hands.threads)


def plain_batches(rows: Sequence[Row], reader: Reader, size: int, threads: int) -> Iterator[Batch]:
    """Pictures as they are, in batches of one size; neighbours in the list that differ in size are parted."""
    with ThreadPoolExecutor(threads) as pool:
        waiting: list[tuple[tuple[Pixels, Mask | None], Row]] = []
        for start in range(0, len(rows), size):
            piece = rows[start : start + size]
            for read, row in zip(pool.map(reader.plain, piece), piece, strict=True):
                if waiting and (read[0].shape != waiting[0][0][0].shape or len(waiting) == size):
                    yield stack([w[0] for w in waiting], [w[1] for w in waiting])
                    waiting = []
                waiting.append((read, row))
        if waiting:
            yield stack([w[0] for w in waiting], [w[1] for w in waiting])


def stack(pictures: Sequence[tuple[Pixels, Mask | None]], rows: Sequence[Row]) -> Batch:
    """One batch of pictures of one size with their masks, where there are any. TrainingError for several sizes."""
    sizes = sorted({pixels.shape[1::-1] for pixels, _ in pictures})
    if len(sizes) > 1:
        first, other = (f"{width} x {height}" for width, height in (sizes[0], sizes[-1]))
        raise TrainingError(
            f"pictures of {first} and of {other} px cannot be learnt from together: name the side of the squares that "
            "are cut out of them, --set augmentation.crop=128"
        )
    pixels = torch.from_numpy(np.stack([pixels for pixels, _ in pictures]))
    height, width = pixels.shape[1:3]
    masks = np.zeros((len(pictures), height, width), np.float32)
    masked = np.zeros(len(pictures), np.bool_)
    labels = labels_of(rows)
    for number, (_, mask) in enumerate(pictures):
        if mask is not None:
            masks[number], masked[number] = mask, True
            labels[number] = float(mask.any())
    return Batch(pixels, torch.from_numpy(labels), torch.from_numpy(masks), torch.from_numpy(masked))


def prepared(make: Callable[[int], Batch], count: int, hands: Hands) -> Iterator[Batch]:
    """`make(0), make(1), ...` in order."""
    with ThreadPoolExecutor(hands.threads) as pool:
        if not hands.beside:
            several = max(AHEAD, hands.threads)
            for first in range(0, count, several):
                yield from list(pool.map(make, range(first, min(first + several, count))))
            return
        waiting: deque[Future[Batch]] = deque()
        try:
            for step in range(count):
                waiting.append(pool.submit(make, step))
                if len(waiting) > AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
