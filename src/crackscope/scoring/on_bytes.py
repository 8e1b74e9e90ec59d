"""Operators that the runtime runs slowly between bytes, put into others that give the same.

A bundle keeps standard operators, which every reader knows; this is done to a copy when a session is opened. Of the
8-bit default network over 768x768 px a tenth of the time goes into three things, each copied or counted out one number
at a time: enlarging (36,864 cells of 48 channels take 1.5 ms, by rows and columns .1 ms), a map's one channel (blocked
to 16 channels and back, 2.0 ms, as a product .5 ms), and reading sizes off numbers that are made for nothing else.
"""

from typing import Any

import numpy as np

from crackscope.scoring.constants import Constants, UnknownError, attribute

_TO_CHANNELS_LAST, _TO_CHANNELS_FIRST = (0, 2, 3, 1), (0, 3, 1, 2)


def quickened(model: bytes) -> bytes:
    """Return the graph with these operators replaced; the bytes themselves where there are none of them.

    model: an ONNX file, whole or a stage of one. What is enlarged comes out to the bit, the map up to the order of its
    sums.
    """
    if b"DequantizeLinear" not in model:
        return model
    import onnx

    proto: Any = onnx.load_model_from_string(model)
    graph = proto.graph
    made_by = {name: node for node in graph.node for name in node.output}
    constants = Constants(graph)
    nodes: list[Any] = []
    for node in graph.node:
        given = made_by.get(node.input[0]) if node.input else None
        if given is None or given.op_type not in ("DequantizeLinear", "Resize"):
            nodes.append(node)
        elif node.op_type == "Shape":
            node.input[0] = given.input[0]
            nodes.append(node)
        elif node.op_type == "QuantizeLinear" and (factor := _enlarged(node, given, made_by, constants)):
            nodes += _repeated(made_by[given.input[0]].input[0], node.output[0], factor, graph)
        elif _is_one_channel(node, constants):
            nodes += _product(node, constants, graph)
        else:
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(_used(nodes, {port.name for port in graph.output}))
    return bytes(proto.SerializeToString())


def _used(nodes: list[Any], wanted: set[str]) -> list[Any]:
    """The operators that the wanted tensors are made by, in order."""
    kept = []
    for node in reversed(nodes):
        if wanted & set(node.output):
            kept.append(node)
            wanted = wanted | set(node.input)
    return kept[::-1]


def _enlarged(node: Any, resize: Any, made_by: dict[str, Any], constants: Constants) -> int:
    """How many times bytes are enlarged by repeating cells between `resize` and `node`, which turns the outcome into
    the very bytes that it came from; 0 when anything else is done."""
    source = made_by.get(resize.input[0])
    if resize.op_type != "Resize" or source is None or source.op_type != "DequantizeLinear":
        return 0
    repeats = (
        attribute(resize, "mode", b"nearest") == b"nearest"
        and attribute(resize, "coordinate_transformation_mode", b"half_pixel") == b"asymmetric"
        and attribute(resize, "nearest_mode", b"round_prefer_floor") == b"floor"
    )
    if not repeats or list(source.input[1:]) != list(node.input[1:]):
        return 0
    try:
        scales = constants.values(resize, 2)
    except UnknownError:
        return 0
    whole = len(scales) == 4 and scales[:2] == [1, 1] and scales[2] == scales[3] and scales[2] % 1 == 0
    return int(scales[2]) if whole else 0


def _repeated(source: str, out: str, factor: int, graph: Any) -> list[Any]:
    """Cell i // factor for each cell i along both sides, columns first, as there are fewer of them."""
    from onnx import helper

    zero, one, times = (
        _stored(graph, f"{out}.{name}", np.array(value, np.int64))
        for name, value in (("zero", 0), ("one", 1), ("times", factor))
    )
    bytes_last, sides = f"{out}.bytes_last", f"{out}.sides"
    nodes = [
        helper.make_node("Transpose", [source], [bytes_last], perm=_TO_CHANNELS_LAST),
        helper.make_node("Shape", [bytes_last], [sides]),
    ]
    current = bytes_last
    for name, axis in (("columns", 2), ("rows", 1)):
        at = _stored(graph, f"{out}.{name}.axis", np.array(axis, np.int64))
        side, longer, cells, chosen, repeated = (
            f"{out}.{name}.{part}" for part in ("side", "longer", "cells", "chosen", "repeated")
        )
        nodes += [
            helper.make_node("Gather", [sides, at], [side]),
            helper.make_node("Mul", [side, times], [longer]),
            helper.make_node("Range", [zero, longer, one], [cells]),
            helper.make_node("Div", [cells, times], [chosen]),
            helper.make_node("Gather", [current, chosen], [repeated], axis=axis),
        ]
        current = repeated
    return [*nodes, helper.make_node("Transpose", [current], [out], perm=_TO_CHANNELS_FIRST)]


def _is_one_channel(node: Any, constants: Constants) -> bool:
    """Whether an operator weighs the channels of each cell into one, by stored weights."""
    if node.op_type != "Conv":
        return False
    try:
        values, shape = constants.values(node, 1), constants.shape(node.input[1])
    except UnknownError:
        return False
    in_place = not any(attribute(node, "pads", [0])) and set(attribute(node, "strides", [1])) == {1}
    return in_place and attribute(node, "group", 1) == 1 and shape == (1, len(values), 1, 1)


def _product(node: Any, constants: Constants, graph: Any) -> list[Any]:
    from onnx import helper

    out = node.output[0]
    column = _stored(graph, f"{out}.column", np.array(constants.values(node, 1), np.float32)[:, None])
    cells, weighed, first = (f"{out}.{part}" for part in ("cells", "weighed", "first"))
    plain = [
        helper.make_node("Transpose", [node.input[0]], [cells], perm=_TO_CHANNELS_LAST),
        helper.make_node("MatMul", [cells, column], [weighed]),
    ]
    if len(node.input) < 3:
        return [*plain, helper.make_node("Transpose", [weighed], [out], perm=_TO_CHANNELS_FIRST)]
    # The one number is added where it lies along rows: channels last it would be looked up anew for each cell.
    return [
        *plain,
        helper.make_node("Transpose", [weighed], [first], perm=_TO_CHANNELS_FIRST),
        helper.make_node("Add", [first, node.input[2]], [out]),
    ]


def _stored(graph: Any, name: str, values: Any) -> str:
    from onnx import numpy_helper

    graph.initializer.append(numpy_helper.from_array(values, name))
    return name
