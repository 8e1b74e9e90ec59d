"""Hashes of files, and whether they are the ones that a publisher states."""

import hashlib
from pathlib import Path

_BLOCK = 1 << 20


def file_digest(path: Path, algorithm: str = "sha256") -> str:
    """Lower-case hex digest of a file's bytes; memory stays at a MiB. Raises OSError."""
    running = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            running.update(block)
    return running.hexdigest()


def differs(path: Path, algorithm: str, expected: str) -> str:
    """ "" when the digest of `path` begins with `expected` (or none is expected), else the digest that it has."""
    if not expected:
        return ""
    got = file_digest(path, algorithm)
    return "" if got.startswith(expected.lower()) else got
