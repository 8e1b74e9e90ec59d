"""Metadata inside an ONNX file, for the QGIS plugin Deepness and for whoever finds the file alone.

Deepness reads these keys, each a JSON value: model_type, class_names, resolution (cm per px), tile_size,
tiles_overlap (percent), seg_thresh, seg_small_segment, standardization_mean, standardization_std.
Source: https://qgis-plugin-deepness.readthedocs.io (creators, "Add metadata to model").
"""

import json
import math

from crackscope.bundles.manifest import Manifest
from crackscope.bundles.wire import encode_bytes

_MODEL_METADATA = 14


def deepness_metadata(manifest: Manifest, tile: int, resolution_cm: float | None = None) -> dict[str, str]:
    """What Deepness wants to know of a segmenting model. tile: px; resolution_cm: cm per px, left out when unknown."""
    overlap = min(50, math.ceil(200 * manifest.halo / tile)) if manifest.halo else 15
    said: dict[str, object] = {
        "model_type": "Segmentor",
        "class_names": {"0": manifest.classes[0], "1": manifest.classes[1]},
        "tile_size": tile,
        "tiles_overlap": overlap,
        "seg_thresh": manifest.threshold,
        "seg_small_segment": 0,
        "standardization_mean": [0.0, 0.0, 0.0],
        "standardization_std": [1.0, 1.0, 1.0],
    }
    if resolution_cm is not None:
        said["resolution"] = resolution_cm
    return {key: json.dumps(value) for key, value in said.items()}


def bundle_metadata(manifest: Manifest) -> dict[str, str]:
    """What model.onnx says of itself: the Deepness keys, and how its own input and outputs are meant."""
    own: dict[str, object] = {
        "name": manifest.name,
        "created_with": manifest.created_with,
        "input": "images: uint8 [n, h, w, 3], RGB as decoded; normalising happens inside the graph",
        "score": "float32 [n], crack logit; probability = sigmoid(scale * score + shift)",
        "map": f"float32 [n, 1, h/{manifest.stride}, w/{manifest.stride}], crack logits",
        "embedding": f"float32 [n, {manifest.embedding}]",
        "calibration": {"scale": manifest.calibration.scale, "shift": manifest.calibration.shift},
        "threshold": manifest.threshold,
        "precision": manifest.precision,
    }
    keys = deepness_metadata(manifest, manifest.input.native or 512)
    return keys | {
        f"crackscope.{key}": value if isinstance(value, str) else json.dumps(value) for key, value in own.items()
    }


def with_metadata(model: bytes, metadata: dict[str, str]) -> bytes:
    """Append metadata to an ONNX file. Protobuf messages grow by concatenation, so nothing is parsed or rewritten."""
    entries = (
        encode_bytes(_MODEL_METADATA, encode_bytes(1, key.encode()) + encode_bytes(2, value.encode()))
        for key, value in sorted(metadata.items())
    )
    return model + b"".join(entries)
