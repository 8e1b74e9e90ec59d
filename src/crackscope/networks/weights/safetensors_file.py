"""Reads safetensors: arrays and a header of words, nothing that could run."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from crackscope.errors import WeightsError, first_line
from crackscope.networks.weights.missing import needs
from crackscope.networks.weights.plain import Arrays, as_float32


def read_safetensors(path: Path) -> tuple[Arrays, Mapping[str, str]]:
    """All floating tensors of a file as float32, under their names, and its header's words.

    The header's own count of parameters, where it has one, must agree. Raises WeightsError.
    """
    with needs("safetensors"):
        from safetensors import SafetensorError, safe_open
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = dict(file.metadata() or {})
            names = file.keys()
            arrays = {name: _tensor(file.get_tensor(name), path, name) for name in names}
    except (SafetensorError, OSError, TypeError, ValueError, AttributeError) as error:
        raise WeightsError(f"{path} is no whole safetensors file ({first_line(error)}): fetch it again") from None
    tensors = {name: array for name, array in arrays.items() if array is not None}
    _check_count(path, metadata, tensors)
    return tensors, metadata


def _tensor(array: np.ndarray, path: Path, name: str) -> np.ndarray | None:
    return as_float32(array, f"{path}, {name}")


def _check_count(path: Path, metadata: Mapping[str, str], tensors: Arrays) -> None:
    stated = metadata.get("parameters", "")
    held = sum(array.size for array in tensors.values())
    if stated.isdecimal() and int(stated) != held:
        raise WeightsError(f"the header of {path} promises {stated} parameters, but {held} are there: fetch it again")
