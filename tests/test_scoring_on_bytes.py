"""Operators on bytes that are put another way give what the runtime gives for the graph as it is stored."""

from collections import Counter

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from crackscope.scoring.on_bytes import quickened


def enlarging(
    channels: int = 3,
    *,
    times: float = 2,
    mode: str = "asymmetric",
    out_scale: float = 0.1,
    outputs: int = 1,
    bias: bool = True,
    side: int = 1,
) -> bytes:
    """Bytes that are enlarged, of which the channels are then weighed into `outputs` ones."""
    stored = {
        "twice": np.array([1, 1, times, times], np.float32),
        "scale": np.float32(0.1),
        "other": np.float32(out_scale),
        "zero": np.uint8(7),
        "weights": np.random.default_rng(1).normal(size=(outputs, channels, side, side)).astype(np.float32),
        "bias": np.full(outputs, 0.25, np.float32),
    }
    other = "scale" if out_scale == 0.1 else "other"
    nodes = [
        helper.make_node("DequantizeLinear", ["bytes", "scale", "zero"], ["numbers"]),
        helper.make_node(
            "Resize",
            ["numbers", "", "twice"],
            ["large"],
            mode="nearest",
            nearest_mode="floor",
            coordinate_transformation_mode=mode,
        ),
        helper.make_node("QuantizeLinear", ["large", other, "zero"], ["larger"]),
        helper.make_node("DequantizeLinear", ["larger", other, "zero"], ["again"]),
        helper.make_node("Conv", ["again", "weights", *(["bias"] if bias else [])], ["map"], pads=[side // 2] * 4),
        helper.make_node("Shape", ["again"], ["sides"]),
    ]
    graph = helper.make_graph(
        nodes,
        "enlarging",
        [helper.make_tensor_value_info("bytes", TensorProto.UINT8, [1, channels, "h", "w"])],
        [
            helper.make_tensor_value_info("map", TensorProto.FLOAT, [1, outputs, "H", "W"]),
            helper.make_tensor_value_info("sides", TensorProto.INT64, [4]),
        ],
        [numpy_helper.from_array(np.asarray(values), name) for name, values in stored.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def operators(model: bytes) -> Counter[str]:
    return Counter(node.op_type for node in onnx.load_model_from_string(model).graph.node)


def answers(model: bytes, cells: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return [np.asarray(answer) for answer in session.run(None, {"bytes": cells})]


@settings(max_examples=25)
@given(
    channels=st.sampled_from([1, 3, 16, 48]),
    times=st.integers(1, 3),
    sides=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    bias=st.booleans(),
    seed=st.integers(0, 99),
)
def test_the_same_comes_out(channels: int, times: int, sides: tuple[int, int], bias: bool, seed: int) -> None:
    model = enlarging(channels, times=times, bias=bias)
    quick = quickened(model)
    onnx.checker.check_model(onnx.load_model_from_string(quick))
    assert operators(quick)["Conv"] == operators(quick)["Resize"] == 0
    assert operators(quick)["Gather"] == 4
    cells = np.random.default_rng(seed).integers(0, 256, (1, channels, *sides), dtype=np.uint8)
    for one, other in zip(answers(model, cells), answers(quick, cells), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize(
    ("model", "kept"),
    [
        (enlarging(mode="half_pixel"), "Resize"),
        (enlarging(times=1.5), "Resize"),
        (enlarging(out_scale=0.2), "Resize"),
        (enlarging(outputs=2), "Conv"),
        (enlarging(side=3), "Conv"),
    ],
)
def test_what_means_something_else_stays(model: bytes, kept: str) -> None:
    quick = quickened(model)
    assert operators(quick)[kept] == 1
    assert (operators(quick)["Gather"] == 0) == (kept == "Resize")
    cells = np.random.default_rng(0).integers(0, 256, (1, 3, 5, 4), dtype=np.uint8)
    for one, other in zip(answers(model, cells), answers(quick, cells), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-5)


def test_a_graph_of_numbers_is_not_touched() -> None:
    model = b"whatever, but with no operator on bytes"
    assert quickened(model) is model
