"""Doing one thing to many, several at a time, in order, with a bounded look-ahead."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

AHEAD = 4
"""Items under way or waiting, for each thread."""


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
