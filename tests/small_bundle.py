"""A tiny bundle for tests: one convolution that answers dark lines, made in milliseconds.

The network: uint8 [n, h, w, 3] -> grey -> 3x3 Laplacian -> mean over cells of 4 px -> logits; the score is the
largest cell. It takes any size from 16 px in multiples of 4.
"""

from pathlib import Path

import msgspec
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from crackscope.bundles import Bundle, Calibration, InputSpec, Manifest, TrainedOn
from crackscope.scoring import pack

STRIDE = 4
EMBEDDING = 8


def small_model(side: int | None = None, channels: int = EMBEDDING) -> bytes:
    """The ONNX file; with a side, one that takes pictures of that size only."""
    rng = np.random.default_rng(0)
    grey = np.full((1, 3, 1, 1), 1 / 3, np.float32)
    laplace = np.array([[1, 1, 1], [1, -8, 1], [1, 1, 1]], np.float32).reshape(1, 1, 3, 3) / 255
    many = rng.normal(size=(channels, 1, 3, 3)).astype(np.float32) / 255
    weights = {"grey": grey, "laplace": laplace, "many": many}
    node = helper.make_node
    nodes = [
        node("Cast", ["images"], ["real"], to=TensorProto.FLOAT),
        node("Transpose", ["real"], ["planes"], perm=[0, 3, 1, 2]),
        node("Conv", ["planes", "grey"], ["light"], kernel_shape=[1, 1]),
        node("Conv", ["light", "laplace"], ["edges"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node("Relu", ["edges"], ["lines"]),
        node("AveragePool", ["lines"], ["cells"], kernel_shape=[STRIDE, STRIDE], strides=[STRIDE, STRIDE]),
        node("Mul", ["cells", "gain"], ["gained"]),
        node("Sub", ["gained", "bias"], ["map"]),
        node("ReduceMax", ["map", "axes"], ["score"], keepdims=0),
        node("Conv", ["light", "many"], ["features"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node("Relu", ["features"], ["active"]),
        node("ReduceMean", ["active", "plane"], ["embedding"], keepdims=0),
    ]
    numbers = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    numbers += [
        helper.make_tensor("gain", TensorProto.FLOAT, [], [40.0]),
        helper.make_tensor("bias", TensorProto.FLOAT, [], [8.0]),
        helper.make_tensor("axes", TensorProto.INT64, [3], [1, 2, 3]),
        helper.make_tensor("plane", TensorProto.INT64, [2], [2, 3]),
    ]
    height, width = (side, side) if side else ("h", "w")
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "small",
        [value("images", TensorProto.UINT8, ["n", height, width, 3])],
        [
            value("score", TensorProto.FLOAT, ["n"]),
            value("map", TensorProto.FLOAT, ["n", 1, None, None]),
            value("embedding", TensorProto.FLOAT, ["n", channels]),
        ],
        numbers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def odd_model() -> bytes:
    """The small model whose score of a black picture is no number."""
    proto = onnx.load_model_from_string(small_model())
    (last,) = (node for node in proto.graph.node if node.output[0] == "score")
    last.output[0] = "whole"
    proto.graph.node.extend(
        [
            helper.make_node("ReduceMax", ["light", "axes"], ["brightest"], keepdims=0),
            helper.make_node("Div", ["brightest", "brightest"], ["one"]),
            helper.make_node("Mul", ["whole", "one"], ["score"]),
        ]
    )
    onnx.checker.check_model(proto)
    return bytes(proto.SerializeToString())


def deep_model(depth: int = 6, channels: int = 16) -> bytes:
    """The small model with convolutions and ReLUs between the picture's light and its lines, for quantising."""
    proto = onnx.load_model_from_string(small_model())
    rng = np.random.default_rng(1)
    nodes, before, width = [], "light", 1
    for number in range(depth):
        kernel = rng.normal(size=(channels, width, 3, 3)) * (2 / (9 * width)) ** 0.5
        proto.graph.initializer.append(numpy_helper.from_array(kernel.astype(np.float32), f"k{number}"))
        names = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
        nodes.append(helper.make_node("Conv", [before, f"k{number}"], [f"c{number}"], **names))
        nodes.append(helper.make_node("Relu", [f"c{number}"], [f"r{number}"]))
        before, width = f"r{number}", channels
    nodes.append(helper.make_node("ReduceMean", [before, "channel"], ["deep"], keepdims=1))
    proto.graph.initializer.append(helper.make_tensor("channel", TensorProto.INT64, [1], [1]))
    rest = list(proto.graph.node)
    rest[3].input[0] = "deep"
    del proto.graph.node[:]
    proto.graph.node.extend([*rest[:3], *nodes, *rest[3:]])
    onnx.checker.check_model(proto)
    return bytes(proto.SerializeToString())


def small_manifest(native: int | None = 64, *, fixed: bool = False) -> Manifest:
    """A manifest that fits `small_model`."""
    return Manifest(
        name="small",
        created_with="0",
        stride=STRIDE,
        halo=1,
        embedding=EMBEDDING,
        input=InputSpec(native=native, minimum=16, multiple=STRIDE, fixed=fixed),
        calibration=Calibration(scale=1.5, shift=-0.25, method="temperature", fitted_on=12),
        threshold=0.5,
        trained_on=(TrainedOn(name="nothing", pictures=0, licence="CC0"),),
    )


def write_small_bundle(folder: Path, native: int | None = 64, *, fixed: bool = False, threshold: float = 0.5) -> Bundle:
    """Write a bundle that `crackscope.load` takes; dark lines on a light ground are cracks to it."""
    manifest = msgspec.structs.replace(small_manifest(native, fixed=fixed), threshold=threshold)
    return pack(folder, manifest, model=small_model(native if fixed else None), weights=None)
