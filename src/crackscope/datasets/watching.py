"""Who is told how far the opening of pictures is, and in how many threads it is done: said once, around the call."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, NamedTuple

from crackscope.processors import usable_processors

Progress = Callable[[int, int], None]

_MOST_THREADS: Final = 8
"""Unless more are asked for: beyond, Python's lock keeps them waiting for each other."""


class _Terms(NamedTuple):
    progress: Progress | None = None
    threads: int | None = None


_NOBODY: Final = _Terms()
_terms: ContextVar[_Terms] = ContextVar("terms", default=_NOBODY)


@contextmanager
def watched(progress: Progress, threads: int | None = None) -> Iterator[None]:
    """Inside, `progress(pictures opened, pictures in all)` is called as scan, split and load open pictures.

    threads: in which they do; None for one per processor, up to 8. They change the time, never the outcome.
    """
    token = _terms.set(_Terms(progress, threads))
    try:
        yield
    finally:
        _terms.reset(token)


def watcher() -> Progress | None:
    """Who is told, here and now."""
    return _terms.get().progress


def thread_count() -> int:
    """How many threads to use, here and now."""
    return _terms.get().threads or min(_MOST_THREADS, usable_processors())
