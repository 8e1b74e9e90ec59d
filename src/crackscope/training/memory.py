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
    available, whole = _available(), _whole()
    if available is None:
        available = _UNKNOWN if whole is None else whole // 2
    return min(available, _in_container(available))


def most_memory() -> int | None:
    """Bytes of memory beyond which nobody can ask: those that are free where the system tells, else all there are, or
    None where it tells nothing."""
    most = _whole() if (available := _available()) is None else available
    return None if most is None else min(most, _in_container(most))


def _available() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


def _whole() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _in_container(otherwise: int) -> int:
    """What its container leaves to this process; the same as otherwise where there is none with a limit."""
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        if limit.isdigit():
            return max(0, int(limit) - int(Path("/sys/fs/cgroup/memory.current").read_text()))
    except (OSError, ValueError):
        pass
    return otherwise
