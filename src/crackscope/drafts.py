"""Drafts: files and folders of ours that are moved into place when they are whole, and what kills left of them."""

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

_DRAFT = re.compile(r"\.[0-9a-f]{16}\.part")
_OURS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK"))


def lock(descriptor: int) -> bool:
    """Keep other processes from locking an open file or folder until it is closed, or this process ends.

    False where another has locked it. Where the system has no such locks, the user is trusted.
    """
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def signed(name: str) -> str:
    """16 hexadecimal digits that stand for a name in the names of what is put beside it: the name itself may already be
    as long as the file system allows."""
    return hashlib.blake2b(os.fsencode(name), digest_size=8).hexdigest()


@contextlib.contextmanager
def begun(folder: str, make: Callable[[str], None], of: str = "") -> Iterator[str]:
    """The path of a new draft in a folder, as `make` makes it there; while this lasts no other process takes it for
    one that a kill left. of: what it is to become, for `remove_drafts`. Raises OSError."""
    while True:
        draft = os.path.join(folder, f".{signed(of)[:8] if of else os.urandom(4).hex()}{os.urandom(4).hex()}.part")
        make(draft)
        descriptor = _open(draft)
        if (descriptor is None or lock(descriptor)) and os.path.lexists(draft):
            break
        if descriptor is not None:  # Another process was quicker to find it than we to lock it, and removes it.
            os.close(descriptor)
    try:
        yield draft
    finally:
        if descriptor is not None:
            os.close(descriptor)


def is_draft(name: str) -> bool:
    """Whether only a file or folder of ours that is half written is called so."""
    return _DRAFT.fullmatch(name) is not None


def remove_drafts(folder: str | Path, of: str = "") -> None:
    """Remove the files and folders of ours that a kill left half written in a folder, but none that another process is
    still writing. of: only those that were to become this. Raises OSError."""
    beginning = f".{signed(of)[:8]}" if of else ""
    for name in os.listdir(folder):
        if is_draft(name) and name.startswith(beginning):
            _remove(os.path.join(folder, name))


def _remove(draft: str) -> None:
    descriptor = _open(draft)
    try:
        if descriptor is not None and not lock(descriptor):
            return
        if os.path.isdir(draft):
            shutil.rmtree(draft, ignore_errors=True)
        else:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(draft)
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _open(draft: str) -> int | None:
    """None where there are no locks, so that an open file would only be in the way of its own moving, or no right."""
    try:
        import fcntl  # noqa: F401  (whether it can be imported is the question)

        return os.open(draft, _OURS)
    except (ImportError, OSError):
        return None
