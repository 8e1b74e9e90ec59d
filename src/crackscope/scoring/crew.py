"""Threads shared fairly between pictures and the tiles of large ones."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

Share = Callable[[Callable[[Any], Any], Sequence[Any]], list[Any]]
"""Runs a function on many things, several at a time; gives its answers in their order."""


class StoppedError(Exception):
    """Whoever asked lost interest in the answer while it was being worked out."""


class Crew:
    """As many seats as threads. A picture takes a seat; a photo of many tiles takes every seat that falls free.

    So one photo alone goes through on all processors, and so do many small pictures, without more threads at work
    than were asked for.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._seats = threading.BoundedSemaphore(threads)

    @contextmanager
    def seat(self) -> Iterator[None]:
        """Work only while holding a seat; wait for one."""
        with self._seats:
            yield

    def share(
        self, function: Callable[[Item], Answer], items: Sequence[Item], stop: threading.Event | None = None
    ) -> list[Answer]:
        """Return [function(item) for item in items], with the help of every seat that is or falls free.

        The caller, who holds a seat, works along, and alone where no thread can be started. Raises the function's first
        error, StoppedError once `stop` is set.
        """
        stop = stop or threading.Event()
        if len(items) == 1 and not stop.is_set():
            return [function(items[0])]
        work = _Work(function, items, stop)
        helpers: list[threading.Thread] = []
        try:
            # Help is called before each item, not after: of two items the second would else wait for the first.
            going = more = True
            while going:
                most = min(self._threads - 1, len(helpers) + work.left() - 1)
                while more and len(helpers) < most and self._seats.acquire(blocking=False):
                    more = self._call(work, helpers)
                going = work.step()
        finally:
            work.abandon()
            for helper in helpers:
                helper.join()
        return work.answers()

    def _call(self, work: "_Work[Item, Answer]", helpers: list[threading.Thread]) -> bool:
        """Let one more help, in a seat that was taken for that, and put it down among the helpers; whether it can.

        A thread each, which costs no more than asking a pool: of a pool that fails to start one the task stays behind,
        with all that it holds, and it takes itself for larger than it is from then on.
        """
        helper = threading.Thread(target=self._help, args=(work,), name="crackscope-tiles")
        try:
            helper.start()
        except RuntimeError:  # there are too many, or Python is ending
            self._seats.release()
            return False
        helpers.append(helper)
        return True

    def _help(self, work: "_Work[Item, Answer]") -> None:
        try:
            while work.step():
                pass
        finally:
            self._seats.release()


class _Work(Generic[Item, Answer]):
    """Items taken one at a time by whoever has time."""

    def __init__(self, function: Callable[[Item], Answer], items: Sequence[Item], stop: threading.Event) -> None:
        self._function, self._items, self._stop = function, items, stop
        self._found: dict[int, Answer] = {}
        self._next = 0
        self._error: BaseException | None = None
        self._lock = threading.Lock()

    def left(self) -> int:
        """How many items nobody has begun."""
        return len(self._items) - self._next

    def step(self) -> bool:
        """Work out one item; returns whether there may be more."""
        with self._lock:
            number = self._next
            if number >= len(self._items) or self._error is not None or self._stop.is_set():
                return False
            self._next += 1
        try:
            answer = self._function(self._items[number])
        except Exception as error:
            self._error = error
            return False
        self._found[number] = answer
        return True

    def abandon(self) -> None:
        """Let nobody begin another item."""
        with self._lock:
            self._next = len(self._items)

    def answers(self) -> list[Answer]:
        """The answers in the order of the items."""
        if self._error is not None:
            raise self._error
        if len(self._found) < len(self._items):
            raise StoppedError
        return [self._found[number] for number in range(len(self._items))]
