"""What a network sees that never learnt cracks, as a graph of its own beside that of a bundle.

A network that learns cracks forgets what they run through: by what it sees, leaves, people and text are harder to tell
from walls than by what the one that it began with sees (docs/tries.md).
"""

from typing import TYPE_CHECKING

from crackscope.bundles import store_as_bytes
from crackscope.networks.building import backbone_of
from crackscope.networks.fusing import fused
from crackscope.networks.graph import GraphWriter
from crackscope.networks.loading import load_weights
from crackscope.networks.network import CrackNetwork

if TYPE_CHECKING:
    from crackscope.networks.weights.record import Weights
    from crackscope.recipes import Network

LENGTH = 320
"""Channels of the last stage that is kept."""

_STAGE = "block_16"


def export_features(network: "Network", weights: "Weights") -> bytes | None:
    """MobileNetV2 up to block_16 with the weights that a training begins with, as ONNX: images uint8 [n, h, w, 3] of
    any size -> features float32 [n, 320], averages over the picture; weights in bytes, 1.9 MB. None for others."""
    from crackscope.networks.heads import PooledHead
    from crackscope.recipes import Head

    if network.backbone != "mobilenetv2":
        return None
    backbone = backbone_of(network)
    whole = CrackNetwork(backbone, PooledHead(backbone.channels, Head(kind="pooled")))
    load_weights(whole, weights)
    writer = GraphWriter()
    last = writer.run(fused(backbone.cut_after(_STAGE).steps.eval()), "images", "")
    writer.add("ReduceMean", last, writer.integers(2, 3), keepdims=0, name="features")
    return store_as_bytes(writer.finish({"images": ("n", "height", "width", 3)}, {"features": ("n", LENGTH)}))
