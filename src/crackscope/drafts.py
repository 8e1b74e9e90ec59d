"""Drafts: files and folders of ours that are moved into place when they are whole, and what kills left of them."""

import contextlib
import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_DRAFT = re.compile(r"\.[0-9a-f]{16}\.part")
_ABANDONED_S = 24 * 3600
"""Where there are no locks, a draft that nothing was put into for so long is one that a kill left: each is written when
what is to be in it is known, which takes minutes at most."""
_OURS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK"))


def lock(descriptor: int) -> bool | None:
    """Keep other processes from locking an open file or folder until it is closed, or this process ends.

    False where another has locked it, None where the system or the file system has no such locks (on NFS, folders have
    none), so that nobody knows.
    """
    try:
        import fcntl
    except ImportError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
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
        if (descriptor is None or lock(descriptor) is not False) and os.path.lexists(draft):
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
    still writing: told by its lock, and where there are none by a day without a change. of: only those that were to
    become this. Raises OSError."""
    beginning = f".{signed(of)[:8]}" if of else ""
    for name in os.listdir(folder):
        if is_draft(name) and name.startswith(beginning):
            _remove(os.path.join(folder, name))


def _remove(draft: str) -> None:
    descriptor = _open(draft)
    try:
        mine = None if descriptor is None else lock(descriptor)
        if mine is False or (mine is None and not _abandoned(draft)):
            return
        if os.path.isdir(draft):
            shutil.rmtree(draft, ignore_errors=True)
        else:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(draft)
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _abandoned(draft: str) -> bool:
    try:
        return time.time() - os.lstat(draft).st_mtime > _ABANDONED_S
    except FileNotFoundError:
        return False


def _open(draft: str) -> int | None:
    """None where there are no locks, so that an open file would only be in the way of its own moving, or no right."""
    try:
        import fcntl  # noqa: F401  (whether it can be imported is the question)

        return os.open(draft, _OURS)
    except (ImportError, OSError):
        return None
