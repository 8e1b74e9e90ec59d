"""Memory that is given back within a training stays with the process, and goes back to the system afterwards."""

import json
import platform
import subprocess
import sys

import numpy as np
import pytest

from crackscope.scoring.heap import kept_heap

ARRAY_BYTES = 48 << 20

MEASURING = f"""
import ctypes, json
import numpy as np
from crackscope.scoring.heap import kept_heap

fields = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()
MallInfo = type("MallInfo", (ctypes.Structure,), {{"_fields_": [(name, ctypes.c_size_t) for name in fields]}})
library = ctypes.CDLL(None)
library.mallinfo2.restype = MallInfo

def of_the_system():
    before = library.mallinfo2().hblkhd
    array = np.full({ARRAY_BYTES}, 1, np.uint8)
    taken = library.mallinfo2().hblkhd - before
    assert array[-1] == 1
    return taken

with kept_heap():
    within = of_the_system()
print(json.dumps([within, of_the_system()]))
"""
"""Tells the bytes that a large array takes in blocks that go back to the system when it is dropped: within, outside."""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries are left as they are")
def test_large_arrays_lie_in_the_heap_within_and_in_blocks_of_their_own_outside() -> None:
    """In a process of its own: where others left large holes in the heap, an array lies in one of them."""
    ended = subprocess.run([sys.executable, "-c", MEASURING], capture_output=True, text=True, check=True)
    within, outside = json.loads(ended.stdout)
    assert within == 0
    assert outside >= ARRAY_BYTES


def test_what_goes_wrong_within_is_told() -> None:
    with pytest.raises(ZeroDivisionError), kept_heap():
        _ = 1 / 0
    with kept_heap():
        assert np.ones(1 << 20).sum() == 1 << 20
