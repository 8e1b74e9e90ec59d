"""Memory that is given back within a training stays with the process, and goes back to the system afterwards."""

import ctypes
import platform

import numpy as np
import pytest

from crackscope.training.heap import kept_heap

ARRAY_BYTES = 48 << 20


class MallInfo(ctypes.Structure):
    """What glibc's `mallinfo2` gives; hblkhd: bytes in blocks of the system's own."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "top",
        )
    ]


def of_the_system() -> int:
    """Bytes that a large array takes in blocks that go back to the system when it is dropped."""
    library = ctypes.CDLL(None)
    library.mallinfo2.restype = MallInfo
    before = library.mallinfo2().hblkhd
    array = np.full(ARRAY_BYTES, 1, np.uint8)
    taken = int(library.mallinfo2().hblkhd - before)
    assert array[-1] == 1
    return taken


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries are left as they are")
def test_large_arrays_lie_in_the_heap_within_and_in_blocks_of_their_own_outside() -> None:
    with kept_heap():
        assert of_the_system() == 0
    assert of_the_system() >= ARRAY_BYTES


def test_what_goes_wrong_within_is_told() -> None:
    with pytest.raises(ZeroDivisionError), kept_heap():
        _ = 1 / 0
    with kept_heap():
        assert np.ones(1 << 20).sum() == 1 << 20
