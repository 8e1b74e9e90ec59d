"""Two folders that swap their names in one step, where the system can do that."""

import os
import sys
from pathlib import Path

_LINUX_HERE, _LINUX_EXCHANGE = -100, 2
"""AT_FDCWD and RENAME_EXCHANGE: https://man7.org/linux/man-pages/man2/rename.2.html"""
_MACOS_SWAP = 2
"""RENAME_SWAP of macOS' renamex_np(2)."""


def exchange(one: Path, other: Path) -> bool:
    """Give each of two folders the other's name, so that at no moment either name is without one.

    False where the system, or the file system, cannot: nothing has changed then.
    """
    import ctypes

    first, second = os.fsencode(one), os.fsencode(other)
    try:
        if sys.platform.startswith("linux"):
            failed = ctypes.CDLL(None).renameat2(_LINUX_HERE, first, _LINUX_HERE, second, _LINUX_EXCHANGE)
        elif sys.platform == "darwin":
            failed = ctypes.CDLL(None).renamex_np(first, second, _MACOS_SWAP)
        else:
            return False
    except (AttributeError, OSError):  # a C library without the call, or none that can be opened
        return False
    return not failed
