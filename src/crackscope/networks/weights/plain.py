"""Arrays as networks take them, and the bounds within which a file may unfold."""

from collections.abc import Mapping

import numpy as np

from crackscope.errors import WeightsError

Arrays = Mapping[str, np.ndarray]

_UNFOLDING = 16
_ALLOWANCE = 1 << 20


def as_float32(array: np.ndarray, where: str) -> np.ndarray | None:
    """A C-contiguous float32 array of native byte order; None for what is no weight (counters, seeds).

    Raises WeightsError for NaN or infinity, float64 that does not fit included.
    """
    if array.dtype.kind != "f" and array.dtype.name != "bfloat16":
        return None
    with np.errstate(over="ignore"):
        plain = np.ascontiguousarray(array, dtype=np.float32)
    if not np.isfinite(plain).all():
        raise WeightsError(f"{where}: not a number, or infinite: the file is damaged, or its training went wrong")
    return plain


def check_unfolding(unfolded: int, stored: int, where: str) -> None:
    """Refuse a file of `stored` bytes that would take over sixteen times as many in memory.

    Weights hardly compress; a file that claims otherwise is made to fill the memory. Raises WeightsError.
    """
    if unfolded > _UNFOLDING * stored + _ALLOWANCE:
        raise WeightsError(f"{where} has {stored:,} bytes and would unfold to {unfolded:,}: these are no weights")
