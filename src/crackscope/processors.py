"""How many processors there are to work with."""

import os

MOST_THREADS = 1024
"""More than any machine has processors; thousands of threads would fill its memory before they did any work."""


def usable_processors() -> int:
    """Those that this process may run on, at least 1; where the system does not tell, those that the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
