"""Files that hold the same bytes."""

import contextlib
import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable


def find_copies(paths: Iterable[str]) -> dict[str, str]:
    """The paths whose files are copies, byte for byte, of another before them, each with the first of its kind.

    Only files of one size are read, and compared by a hash of 64 bytes. What cannot be read is no copy.
    """
    sizes: dict[int, list[str]] = defaultdict(list)
    for path in dict.fromkeys(paths):
        with contextlib.suppress(OSError, ValueError):
            sizes[os.stat(path).st_size].append(path)
    alike = (path for some in sizes.values() if len(some) > 1 for path in some)
    first: dict[bytes, str] = {}
    copies: dict[str, str] = {}
    for path in alike:
        with contextlib.suppress(OSError), open(path, "rb") as file:
            known = first.setdefault(hashlib.file_digest(file, "blake2b").digest(), path)
            if known != path:
                copies[path] = known
    return copies
