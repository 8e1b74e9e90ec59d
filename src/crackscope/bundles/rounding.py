"""Weights stored in half the room, or in a quarter of it."""

from typing import Any

from crackscope.errors import BundleError

SMALLEST = 256
"""Tensors with fewer numbers stay float32: they are biases and constants, and weigh nothing."""


def store_as_float16(model: bytes) -> bytes:
    """Return the graph with its float32 weights stored as float16, each followed by a cast back.

    The runtime folds the casts when it loads, so speed and arithmetic stay those of float32 with rounded weights.
    Raises BundleError when a weight does not fit into float16 (magnitude over 65,504) or is not finite.
    """
    import numpy as np
    import onnx
    from onnx import helper, numpy_helper

    proto: Any = onnx.load_model_from_string(model)
    casts = []
    for tensor in proto.graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT or int(np.prod(tensor.dims)) < SMALLEST:
            continue
        values = numpy_helper.to_array(tensor)
        if not np.all(np.abs(values) <= np.finfo(np.float16).max):
            raise BundleError(f"the weight {tensor.name!r} does not fit into float16; store the bundle as float32")
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.float16"))
        casts.append(helper.make_node("Cast", [tensor.name], [name], name=f"{name}.cast", to=onnx.TensorProto.FLOAT))
    nodes = list(proto.graph.node)
    del proto.graph.node[:]
    proto.graph.node.extend([*casts, *nodes])
    return bytes(proto.SerializeToString(deterministic=True))


def store_as_bytes(model: bytes) -> bytes:
    """Return the graph with the weights of its convolutions stored as bytes, a scale for each of their channels.

    The runtime works the products out when it loads, so arithmetic stays that of float32 with rounded weights. Raises
    BundleError for a weight that is not finite.
    """
    import numpy as np
    import onnx
    from onnx import helper, numpy_helper

    proto: Any = onnx.load_model_from_string(model)
    first = []
    for tensor in [*proto.graph.initializer]:
        if tensor.data_type != onnx.TensorProto.FLOAT or len(tensor.dims) < 2 or np.prod(tensor.dims) < SMALLEST:
            continue
        name, values = tensor.name, numpy_helper.to_array(tensor)
        if not np.isfinite(values).all():
            raise BundleError(f"the weight {name!r} is not finite; take other weights")
        most = np.abs(values).reshape(len(values), -1).max(1).reshape(-1, *[1] * (values.ndim - 1))
        scale = np.maximum(most / 127, np.finfo(np.float32).tiny).astype(np.float32)
        tensor.CopyFrom(numpy_helper.from_array(np.rint(values / scale).astype(np.int8), f"{name}.int8"))
        proto.graph.initializer.append(numpy_helper.from_array(scale, f"{name}.scale"))
        first += [
            helper.make_node("Cast", [tensor.name], [f"{name}.whole"], name=f"{name}.cast", to=onnx.TensorProto.FLOAT),
            helper.make_node("Mul", [f"{name}.whole", f"{name}.scale"], [name], name=f"{name}.scaled"),
        ]
    nodes = list(proto.graph.node)
    del proto.graph.node[:]
    proto.graph.node.extend([*first, *nodes])
    return bytes(proto.SerializeToString(deterministic=True))
