"""Networks that find cracks: backbones as in Keras, torchvision, TF-slim and timm, their weights, and two heads.

torch is imported when the first name is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crackscope.networks.building import FAMILIES, build
    from crackscope.networks.heads import Output
    from crackscope.networks.loading import load_weights
    from crackscope.networks.network import CrackNetwork, Split
    from crackscope.networks.table import Layer, parameter_counts
    from crackscope.networks.weights import find_weights
    from crackscope.networks.weights.record import Weights

_HOMES = {
    "FAMILIES": "building",
    "CrackNetwork": "network",
    "Layer": "table",
    "Output": "heads",
    "Split": "network",
    "Weights": "weights.record",
    "build": "building",
    "find_weights": "weights",
    "load_weights": "loading",
    "parameter_counts": "table",
}

__all__ = [
    "FAMILIES",
    "CrackNetwork",
    "Layer",
    "Output",
    "Split",
    "Weights",
    "build",
    "find_weights",
    "load_weights",
    "parameter_counts",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
