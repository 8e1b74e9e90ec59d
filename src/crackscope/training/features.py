"""The output of the frozen part of a network, computed once a view and kept.

The frozen part runs in inference mode, picture by picture, through the same runtime that a bundle is used with. Its
output is rounded to float16 whether it is kept or not, so that a training sees the same numbers with and without cache.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from crackscope.errors import TrainingError
from crackscope.records import Row
from crackscope.training.augmentation import Pixels
from crackscope.training.memory import free_memory, most_memory
from crackscope.training.pictures import Reader

Half = NDArray[np.float16]
_LARGEST = float(np.finfo(np.float16).max)
Runner = Callable[[Pixels], NDArray[np.float32]]
Tick = Callable[[int, int], None]


class Features(Protocol):
    """Features by row number and view number: float16 [n, ...]."""

    def take(self, rows: NDArray[np.int64], views: NDArray[np.int64]) -> Half:
        """Features of these rows in these views, in this order."""


class Maker:
    """Computes the features of single pictures: augmented, one version a view, or as they are, whatever the view."""

    def __init__(self, rows: Sequence[Row], reader: Reader, runner: Runner, threads: int, augmented: bool) -> None:
        self.rows = rows
        self._reader = reader
        self._runner = runner
        self._augmented = augmented
        self.threads = threads

    def one(self, row: int, view: int) -> Half:
        """Features of one picture, float16, without a batch axis. Raises TrainingError where they do not fit that."""
        if self._augmented:
            pixels = self._reader.view(self.rows[row], row, view).pixels
        else:
            pixels, _ = self._reader.plain(self.rows[row])
        features = self._runner(pixels)
        largest = float(max(features.max(), -features.min()))
        if not largest <= _LARGEST:  # so that what is no number is refused as well
            raise TrainingError(
                f"{self.rows[row].path}: the frozen layers give {largest:.3g} for it, more than the {_LARGEST:,.0f} "
                "that can be kept; random weights do that (--weights none): name trained ones, or let all layers learn "
                "(--set phases.0.freeze={})"
            )
        return features.astype(np.float16)

    def many(self, wanted: Sequence[tuple[int, int]]) -> Iterator[Half]:
        """Features of many pictures, in order, computed side by side."""
        with ThreadPoolExecutor(self.threads) as pool:
            yield from pool.map(lambda pair: self.one(*pair), wanted)


class Recomputed:
    """No cache: the frozen part runs again for every batch."""

    def __init__(self, maker: Maker) -> None:
        self._maker = maker

    def take(self, rows: NDArray[np.int64], views: NDArray[np.int64]) -> Half:
        """See `Features`."""
        return np.stack(list(self._maker.many(list(zip(rows.tolist(), views.tolist(), strict=True)))))


class Kept:
    """All views of all rows, float16 [rows, views, ...], in memory or in a file that the system pages in."""

    def __init__(self, values: Half) -> None:
        self._values = values

    def take(self, rows: NDArray[np.int64], views: NDArray[np.int64]) -> Half:
        """See `Features`."""
        return np.asarray(self._values[rows, views])


class Budget:
    """Memory that all kept features share, in bytes; of none at all nothing is kept."""

    def __init__(self, total: int) -> None:
        self.total = self._left = total

    def take(self, need: int) -> bool:
        """Whether there is room for so much more, which is taken then."""
        enough = need <= self._left
        self._left -= need if enough else 0
        return enough


def keep(maker: Maker, views: int, budget: Budget, spill: Path, tick: Tick) -> Features:
    """Compute all views of all rows and keep them: in memory within what is left of it, else in the file `spill`.

    Raises:
        TrainingError: neither memory nor disk has room; said before the work starts.
    """
    if not budget.total:
        return Recomputed(maker)
    first = maker.one(0, 0)
    shape = (len(maker.rows), views, *first.shape)
    need = int(np.prod(shape)) * 2
    values = np.empty(shape, np.float16) if budget.take(need) else _in_file(spill, shape, need)
    pairs = [(row, view) for row in range(shape[0]) for view in range(views)]
    for done, (pair, value) in enumerate(zip(pairs, maker.many(pairs), strict=True), 1):
        values[pair] = value
        tick(done, len(pairs))
    return Kept(values)


def memory_budget(asked_mib: int | None) -> Budget:
    """What kept features may take: what was asked for, or half of the memory that is free now, as also where more was
    asked for than there is."""
    if asked_mib is None or beyond_memory(asked_mib):
        return Budget(free_memory() // 2)
    return Budget(asked_mib * 2**20)


def beyond_memory(asked_mib: int | None) -> str:
    """That so much cannot be had, and what is done instead; "" where it can, or nobody knows."""
    most = most_memory()
    if asked_mib is None or most is None or asked_mib * 2**20 <= most:
        return ""
    return (
        f"--cache-mib {asked_mib} is more than the {most / 2**20:,.0f} MiB of memory that there are: half of what is "
        "free is taken, as without it, and what does not fit goes to a file in the run"
    )


def _in_file(spill: Path, shape: tuple[int, ...], need: int) -> Half:
    free = shutil.disk_usage(spill.parent).free
    if need > 0.95 * free:
        raise TrainingError(
            f"the frozen part's output takes {need / 2**30:.1f} GiB, and there is no room for it: give more memory "
            f"with --cache-mib, free space in {spill.parent}, or lower augmentation.views (--cache-mib 0 recomputes it)"
        )
    return np.memmap(spill, np.float16, "w+", shape=shape)
