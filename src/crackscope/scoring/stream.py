"""Doing one thing to many, several at a time, in order, with a bounded look-ahead."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

AHEAD = 4
"""Items under way or waiting, for each thread."""

FEW = 8
"""So many small items are handed to a thread at once."""


def in_order(function: Callable[[Item], Answer], items: Iterable[Item], threads: int) -> Iterator[Answer]:
    """Yield function(item) for each item, in the order of the items, computed in `threads` threads.

    Items are drawn lazily, in the caller's thread. An exception of the function is raised when its item's turn comes.
    When the caller stops early or is interrupted, what has not begun is dropped at once.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix="crackscope")
    waiting: deque[Future[Answer]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) >= AHEAD * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
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
