"""Networks that find cracks: backbones as in Keras, torchvision, TF-slim and timm, their weights, and two heads.

torch is imported when the first name is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crackscope.networks.building import FAMILIES, build
    from crackscope.networks.export import Freedom, export_network, export_prefix
    from crackscope.networks.features import export_features
    from crackscope.networks.folding import round_to_float16
    from crackscope.networks.heads import Output
    from crackscope.networks.loading import load_weights
    from crackscope.networks.network import CrackNetwork, Split
    from crackscope.networks.receptive import embedding_size, halo
    from crackscope.networks.saving import to_bytes
    from crackscope.networks.summing_up import summary
    from crackscope.networks.table import Layer, parameter_counts
    from crackscope.networks.weights import find_weights
    from crackscope.networks.weights.record import Weights

_HOMES = {
    "FAMILIES": "building",
    "CrackNetwork": "network",
    "Freedom": "export",
    "Layer": "table",
    "Output": "heads",
    "Split": "network",
    "Weights": "weights.record",
    "build": "building",
    "embedding_size": "receptive",
    "export_features": "features",
    "export_network": "export",
    "export_prefix": "export",
    "find_weights": "weights",
    "halo": "receptive",
    "load_weights": "loading",
    "parameter_counts": "table",
    "round_to_float16": "folding",
    "summary": "summing_up",
    "to_bytes": "saving",
}

__all__ = [
    "FAMILIES",
    "CrackNetwork",
    "Freedom",
    "Layer",
    "Output",
    "Split",
    "Weights",
    "build",
    "embedding_size",
    "export_features",
    "export_network",
    "export_prefix",
    "find_weights",
    "halo",
    "load_weights",
    "parameter_counts",
    "round_to_float16",
    "summary",
    "to_bytes",
]

if not TYPE_CHECKING:  # that a typo is found, which any name from here would hide

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
