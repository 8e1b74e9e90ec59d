"""Rights as those of a user to whom something is denied: tests may be run by root, to whom nothing is."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def as_nobody() -> Iterator[None]:
    """Go on as another user where the user is root; who asks for rights (os.access) is told of the real one, too."""
    root = os.geteuid() == 0
    if root:
        os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        if root:
            os.setresuid(0, 0, 0)


@contextmanager
def open_folder() -> Iterator[Path]:
    """A new folder that all may enter: that of `tmp_path` nobody but its maker may."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        try:
            yield folder
        finally:
            folder.chmod(0o755)
