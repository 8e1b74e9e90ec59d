"""What a bundle keeps of labelled pictures: not the pictures, but what the network said of some of them.

reference.npy is one float16 array [n, 5 + k], a row a picture: label (0 sound, 1 crack), score (crack logit), how the
bundle reads it (scale, shift, logit of the threshold; see `calibration.py`), features (see `offset.py`). The pictures
are those that training set aside, so that what is measured on them does not flatter, and some of those that the bundle
was adapted to since. A later adaptation is held to them, and says what it lost there.
"""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crackscope.errors import BundleError

MOST_REFERENCE_BYTES = 16 << 20
_HEADER_BYTES = 1024
_LEAST_OF_A_LABEL = 2
_FACTS = 5
_TABLE = 2


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """What a network said of labelled pictures.

    crack: bool [n]; score: float32 [n]; read: float32 [n, 3], scale, shift and logit of the threshold that each score
    is read with; features: float32 [n, k].
    """

    crack: NDArray[np.bool_]
    score: NDArray[np.float32]
    read: NDArray[np.float32]
    features: NDArray[np.float32]

    @property
    def room(self) -> int:
        """How many more pictures the file has room for."""
        columns = _FACTS + int(self.features.shape[1])
        most = (MOST_REFERENCE_BYTES - _HEADER_BYTES) // (2 * columns)
        return max(0, most - len(self.crack))


def encode_reference(reference: Reference) -> bytes:
    """reference.npy, rounded to float16. Raises BundleError when a number does not fit, or a label is missing."""
    table = np.column_stack([reference.crack, reference.score, reference.read, reference.features]).astype(np.float64)
    if not np.all(np.abs(table) <= np.finfo(np.float16).max):
        raise BundleError("the reference holds numbers that do not fit into float16; leave those pictures out")
    _check_labels(reference.crack, "the reference")
    file = io.BytesIO()
    np.save(file, table.astype(np.float16), allow_pickle=False)
    return file.getvalue()


def decode_reference(data: bytes, where: str) -> Reference:
    """Read reference.npy. Raises BundleError for anything else than such a file."""
    try:
        table = np.load(io.BytesIO(data), allow_pickle=False)
    except (ValueError, OSError, EOFError, MemoryError) as error:
        raise BundleError(f"{where} is not a reference ({error}); fetch the bundle again") from None
    if not isinstance(table, np.ndarray) or table.dtype != np.float16 or table.ndim != _TABLE:
        raise BundleError(f"{where} is not a float16 table; fetch the bundle again")
    if table.shape[1] < _FACTS or not np.all(np.isfinite(table)):
        raise BundleError(f"{where} is not a finite table of {_FACTS} columns or more; fetch the bundle again")
    if not np.all(np.isin(table[:, 0], (0, 1))):
        raise BundleError(f"{where} holds labels other than 0 and 1; fetch the bundle again")
    values = table.astype(np.float32)
    reference = Reference(values[:, 0] > 0, values[:, 1], values[:, 2:_FACTS], values[:, _FACTS:])
    _check_labels(reference.crack, where)
    return reference


def _check_labels(crack: NDArray[np.bool_], where: str) -> None:
    if min(int(crack.sum()), int((~crack).sum())) < _LEAST_OF_A_LABEL:
        raise BundleError(f"{where} holds fewer than {_LEAST_OF_A_LABEL} pictures of one label; give some of both")
