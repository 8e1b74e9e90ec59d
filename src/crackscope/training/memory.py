"""How much memory a training may count on."""

import os
from pathlib import Path

_UNKNOWN = 2 * 2**30
"""Taken to be free where the system does not tell how much memory there is."""


def free_memory() -> int:
    """Bytes of memory that can be had now without swapping, within the limit of the container if there is one.

    Where the system tells no more than how much there is in all, as macOS does, half of that; 2 GiB where it tells
    nothing, as Windows.
    """
    free = _available()
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        if limit.isdigit():
            free = min(free, max(0, int(limit) - int(Path("/sys/fs/cgroup/memory.current").read_text())))
    except (OSError, ValueError):
        pass
    return free


def _available() -> int:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (AttributeError, ValueError, OSError):
        return _UNKNOWN
