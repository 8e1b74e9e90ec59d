"""Doing one thing to many, several at a time, in order, with a bounded look-ahead."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

AHEAD = 4
"""Items under way or waiting, for each thread."""

FEW = 8
"""So many small items are handed to a thread at once."""


class DrawnItems(Generic[Item]):
    """Items of a source up to where it raises, as if they ended there; the error is kept until what came before is
    done. Interrupts are not kept."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._items = iter(items)
        self._error: Exception | None = None

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        try:
            return next(self._items)
        except StopIteration:
            raise
        except Exception as error:
            self._error = error
            raise StopIteration from None

    def raise_kept(self) -> None:
        """Raise what ended the items, if anything did."""
        error, self._error = self._error, None
        if error is not None:
            raise error


def in_order(function: Callable[[Item], Answer], items: Iterable[Item], threads: int) -> Iterator[Answer]:
    """Yield function(item) for each item, in the order of the items, computed in `threads` threads.

    Items are drawn lazily, in the caller's thread. An exception of the function is raised when its item's turn comes,
    one of the items after the answers to those before it.
    When the caller stops early or is interrupted, what has not begun is dropped at once.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix="crackscope")
    waiting: deque[Future[Answer]] = deque()
    drawn = DrawnItems(items)
    try:
        for item in drawn:
            waiting.append(pool.submit(function, item))
            if len(waiting) >= AHEAD * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
        drawn.raise_kept()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def in_groups(items: Iterable[Item], threads: int) -> Iterator[Sequence[Item]]:
    """Yield the items in groups of up to FEW, towards the end ever fewer, so that no thread runs out of work.

    What has no length comes one by one: its end, or its next item, may be long in coming.
    """
    if not isinstance(items, Sequence):
        yield from ((item,) for item in items)
        return
    start = 0
    while start < len(items):
        count = max(1, min(FEW, (len(items) - start) // (2 * threads)))
        yield items[start : start + count]
        start += count
