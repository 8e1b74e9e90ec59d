"""Reads torch's `.pth` files without running what is in them.

A `.pth` is a pickle, and a pickle can name any function and have it called. `torch.load(weights_only=True)` reads it
with an unpickler of torch's own that builds tensors and plain containers from a fixed list of names and raises on any
other name before anything is called; the releases whose list could be got around (before 2.6) are not admitted by our
requirements. On top of that sizes are bounded here before memory is taken, since a file of a few bytes can state a
tensor of any size.
"""

import pickle
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crackscope.errors import WeightsError, first_line
from crackscope.networks.weights.missing import needs
from crackscope.networks.weights.plain import Arrays, as_float32, check_unfolding

_NESTS = ("state_dict", "model_state_dict", "model", "model_ema")


def read_torch(path: Path) -> Arrays:
    """All floating tensors of a state dict as float32, under its names without "module.". Raises WeightsError."""
    with needs("torch"):
        import torch
    _check_archive(path)
    try:
        # From an open file: torch would go by the name of a path. Its warnings are for those who wrote the file.
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise WeightsError(
            f"{path} holds more than tensors (code that would run on loading, or no torch file at all) and is refused: "
            "save the state_dict alone"
        ) from None
    except Exception as error:
        # torch has no common base for what a damaged file may raise.
        raise WeightsError(f"{path} is no whole torch file ({first_line(error)}): fetch it again") from None
    tensors = _state_dict(content, path)
    check_unfolding(sum(one.numel() * one.element_size() for one in tensors.values()), path.stat().st_size, str(path))
    arrays = {}
    for name, tensor in tensors.items():
        if tensor.is_floating_point():
            array = as_float32(tensor.detach().to(torch.float32).numpy(), f"{path}, {name}")
            if array is not None:
                arrays[name.removeprefix("module.")] = array
    return arrays


def _check_archive(path: Path) -> None:
    try:
        if not zipfile.is_zipfile(path):  # which raises, too, at some damaged archives
            return
        with zipfile.ZipFile(path) as archive:
            unfolded = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise WeightsError(f"{path} is no whole torch file ({error}): fetch it again") from None
    check_unfolding(unfolded, path.stat().st_size, str(path))


def _state_dict(content: Any, path: Path) -> dict[str, Any]:
    import torch

    for key in _NESTS:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
            break
    if not isinstance(content, Mapping):
        raise WeightsError(f"{path} holds no state_dict but {type(content).__name__}: save the state_dict alone")
    tensors = {str(name): value for name, value in content.items() if isinstance(value, torch.Tensor)}
    if any(tensor.layout != torch.strided or tensor.is_quantized for tensor in tensors.values()):
        raise WeightsError(f"{path} holds sparse or quantised tensors, which are not read: save it in floating point")
    return tensors
