"""One process at a time writes one file of the cache."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive(path: Path) -> Iterator[bool]:
    """Hold the lock of the file `path` (made if absent); waits while another process holds it.

    Yields True when it is held, False where the system or the file system has no such locks: what is written must then
    have a name of its own. The lock goes with its process, so that a killed one leaves nothing behind to clear away.
    """
    try:
        import fcntl
    except ImportError:
        yield False
        return
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            held = True
        except OSError:
            held = False
        yield held
