"""A file for Deepness, the plugin that runs ONNX networks on maps in QGIS.

Deepness feeds float32 [n, 3, tile, tile] between 0 and 1 and wants one output, float32 [n, classes, tile, tile], of
probabilities, at fixed tile sizes. model.onnx takes uint8 [n, h, w, 3] and gives logits on a coarser grid, so the
graph is wrapped: the pixels are brought back to what they were, the map is enlarged and made a probability.
"""

import math
from pathlib import Path
from typing import Any

from crackscope.bundles.folder import Bundle
from crackscope.bundles.metadata import deepness_metadata, with_metadata
from crackscope.errors import BundleError
from crackscope.files import write_whole

TILE_PX = 512
_RESIZE_BY_AXES = 18


def export_deepness(bundle: Bundle, path: str | Path, *, resolution_cm: float | None = None) -> Path:
    """Write one ONNX file that Deepness takes as it is. resolution_cm: cm per px, asked for in QGIS when None.

    Input `tiles` float32 [n, 3, t, t], RGB, 0 to 1; output `crack` float32 [n, 1, t, t], probability of crack in each
    pixel. t is the network's own size when it is fixed, else about 512 px. Raises BundleError when the graph is too
    old to be wrapped, OutputError when the file cannot be written.
    """
    tile = _tile(bundle)
    data = with_metadata(_wrap(bundle, tile), deepness_metadata(bundle.manifest, tile, resolution_cm))
    write_whole(path, data)
    return Path(path)


def _tile(bundle: Bundle) -> int:
    size = bundle.manifest.input
    if size.fixed and size.native is not None:
        return size.native
    step = math.lcm(size.multiple, bundle.manifest.stride)
    return max(step * math.ceil(size.minimum / step), TILE_PX // step * step)


def _wrap(bundle: Bundle, tile: int) -> bytes:
    import onnx
    from onnx import TensorProto, helper

    proto: Any = onnx.load_model_from_string(bundle.model)
    opset = max(entry.version for entry in proto.opset_import if entry.domain in ("", "ai.onnx"))
    if opset < _RESIZE_BY_AXES:
        raise BundleError(f"the graph is of opset {opset}, wrapping needs {_RESIZE_BY_AXES}; export the network again")
    graph = proto.graph
    fitted = bundle.manifest.calibration
    numbers = {"d.full": 255.0, "d.low": 0.0, "d.high": 255.0, "d.scale": fitted.scale, "d.shift": fitted.shift}
    for name, value in numbers.items():
        graph.initializer.append(helper.make_tensor(name, TensorProto.FLOAT, [], [value]))
    graph.initializer.append(helper.make_tensor("d.tile", TensorProto.INT64, [2], [tile, tile]))
    node = helper.make_node
    before = [
        node("Mul", ["tiles", "d.full"], ["d.bytes"]),
        node("Round", ["d.bytes"], ["d.whole"]),
        node("Clip", ["d.whole", "d.low", "d.high"], ["d.clipped"]),
        node("Cast", ["d.clipped"], ["d.uint8"], to=TensorProto.UINT8),
        node("Transpose", ["d.uint8"], ["images"], perm=[0, 2, 3, 1]),
    ]
    resize = node("Resize", ["map", "", "", "d.tile"], ["d.large"], mode="linear", axes=[2, 3])
    after = [
        resize,
        node("Mul", ["d.large", "d.scale"], ["d.scaled"]),
        node("Add", ["d.scaled", "d.shift"], ["d.logit"]),
        node("Sigmoid", ["d.logit"], ["crack"]),
    ]
    nodes = list(graph.node)
    for old in (graph.node, graph.input, graph.output, graph.value_info, proto.metadata_props):
        del old[:]
    graph.node.extend([*before, *nodes, *after])
    graph.input.append(helper.make_tensor_value_info("tiles", TensorProto.FLOAT, ["n", 3, tile, tile]))
    graph.output.append(helper.make_tensor_value_info("crack", TensorProto.FLOAT, ["n", 1, tile, tile]))
    return bytes(proto.SerializeToString(deterministic=True))
