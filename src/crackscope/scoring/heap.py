"""Memory that the C library holds back, or hands back: not by what Python frees alone.

A training step makes and drops hundreds of tensors of up to 150 MB. The C library of Linux gives each back to the
system at once and asks for it again a moment later, page by page: of the default recipe's time on a processor a fifth
went there. A photo of 100 megapixels on its way through the network leaves 80 MB that were freed and are still held.
"""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
"""Numbers of options of glibc's `mallopt`."""

LARGE_BYTES = 96 << 20
"""A photo of so many bytes is worth it that what is freed after a step goes back to the system, which takes some ms."""

_KEEPING = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, 2**31 - 1), (_TOP_PAD, 100 << 20))
_ORDINARY = ((_MMAP_MAX, 65536), (_TRIM_THRESHOLD, 128 << 10), (_TOP_PAD, 0))


@contextmanager
def kept_heap() -> Iterator[None]:
    """Keep memory that is given back within, for the next who asks; afterwards the system gets it.

    Does nothing where the C library is another one.
    """
    calls = _glibc()
    if calls is None:
        yield
        return
    mallopt, malloc_trim = calls
    for option, value in _KEEPING:
        mallopt(option, value)
    try:
        yield
    finally:
        for option, value in _ORDINARY:
            mallopt(option, value)
        malloc_trim(0)


def trim_heap() -> None:
    """Give the system what was freed and is still held: arrays of some MB leave gaps that larger ones do not fit into.

    Does nothing where the C library is another one.
    """
    calls = _glibc()
    if calls is not None:
        calls[1](0)


def _glibc() -> tuple[Callable[[int, int], int], Callable[[int], int]] | None:
    try:
        library = ctypes.CDLL(None)
        return library.mallopt, library.malloc_trim
    except (OSError, AttributeError, TypeError):
        return None
