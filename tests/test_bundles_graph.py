"""Graphs that are not safe to run, or not ours, are refused before the runtime sees them."""

import contextlib
from collections.abc import Callable
from typing import Any

import msgspec
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from crackscope.bundles import check_face, read_face, with_metadata
from crackscope.errors import BundleError
from tests.small_bundle import EMBEDDING, small_manifest, small_model

SMALL = small_model()


def changed(change: Callable[[Any], object]) -> bytes:
    proto = onnx.load_model_from_string(SMALL)
    change(proto)
    return bytes(proto.SerializeToString())


def refuse(model: bytes, said: str) -> None:
    with pytest.raises(BundleError, match=said) as caught:
        check_face(read_face(model), small_manifest())
    assert "\n" not in str(caught.value)


def test_the_face_is_that_of_the_graph() -> None:
    face = read_face(with_metadata(SMALL, {"a": "1", "b": "é"}))
    check_face(face, small_manifest())
    assert face.inputs[0].shape == ("n", "h", "w", 3)
    assert [(port.name, port.shape[0]) for port in face.outputs] == [("score", "n"), ("map", "n"), ("embedding", "n")]
    assert face.metadata == {"a": "1", "b": "é"}


def test_metadata_is_what_onnx_reads() -> None:
    proto = onnx.load_model_from_string(with_metadata(SMALL, {"key": "x" * 300, "a": ""}))
    assert {entry.key: entry.value for entry in proto.metadata_props} == {"a": "", "key": "x" * 300}


@pytest.mark.parametrize("domain", ["com.microsoft", "custom", "ai.onnx.ml", "AI.ONNX"])
def test_operators_of_other_domains_are_refused(domain: str) -> None:
    def foreign(proto: Any) -> None:
        proto.graph.node[2].domain = domain

    refuse(changed(foreign), "only standard ONNX operators")
    refuse(changed(lambda proto: proto.opset_import.append(helper.make_opsetid(domain, 1))), "only standard")


def test_functions_are_refused() -> None:
    node = helper.make_node("Relu", ["x"], ["y"])
    function = helper.make_function("", "Conv", ["x"], ["y"], [node], [helper.make_opsetid("", 20)])
    refuse(changed(lambda proto: proto.functions.append(function)), "functions")


def test_training_graphs_are_refused() -> None:
    refuse(changed(lambda proto: proto.training_info.add()), "training")


def outside(tensor: Any) -> None:
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../etc/passwd"


def test_tensors_in_other_files_are_refused() -> None:
    refuse(changed(lambda proto: outside(proto.graph.initializer[1])), "another file")

    def location_only(proto: Any) -> None:
        proto.graph.initializer[1].data_location = TensorProto.EXTERNAL

    refuse(changed(location_only), "another file")

    def entry_only(proto: Any) -> None:
        outside(proto.graph.initializer[1])
        proto.graph.initializer[1].ClearField("data_location")

    refuse(changed(entry_only), "another file")
    tensor = onnx.TensorProto(name="t", data_type=TensorProto.FLOAT, dims=[1])
    outside(tensor)
    for value in (tensor, [tensor]):
        constant = helper.make_node("Constant", [], ["c"], value=value)
        refuse(changed(lambda proto, node=constant: proto.graph.node.append(node)), "another file")


def test_graphs_inside_operators_are_refused() -> None:
    inner = helper.make_graph([], "inner", [], [])
    for kind in ("If", "Loop", "Scan", "SequenceMap"):
        refuse(changed(lambda proto, k=kind: proto.graph.node.append(helper.make_node(k, [], []))), "control flow")
    for body in (inner, [inner]):
        hidden = helper.make_node("Relu", ["map"], ["x"], body=body)
        refuse(changed(lambda proto, node=hidden: proto.graph.node.append(node)), "hides a graph")


def test_sparse_tensors_are_refused() -> None:
    refuse(changed(lambda proto: proto.graph.sparse_initializer.add()), "sparse")
    values = helper.make_tensor("v", TensorProto.FLOAT, [1], [1.0])
    sparse = helper.make_sparse_tensor(values, helper.make_tensor("i", TensorProto.INT64, [1], [0]), [4])
    for value in (sparse, [sparse]):
        hidden = helper.make_node("Constant", [], ["c"], sparse_value=value)
        refuse(changed(lambda proto, node=hidden: proto.graph.node.append(node)), "sparse")


def test_a_second_graph_is_refused() -> None:
    refuse(SMALL + SMALL, "2 graphs")
    refuse(b"", "0 graphs")


@pytest.mark.parametrize(
    ("node", "again", "said"),
    [
        (helper.make_node("Relu", ["map"], ["x"], domain="evil"), b"\x3a\x00", "evil"),
        (helper.make_node("If", ["map"], ["x"]), b"\x22\x04Relu", "control flow"),
    ],
)
def test_what_is_said_twice_of_an_operator_is_seen_both_times(node: Any, again: bytes, said: str) -> None:
    """Protobuf keeps the last of several values; the check must not depend on which."""
    twice = node.SerializeToString() + again
    graph = b"\x0a" + bytes([len(twice)]) + twice
    refuse(SMALL + b"\x3a" + bytes([len(graph)]) + graph, said)


def test_the_runtime_s_own_format_is_refused() -> None:
    refuse(b"\x12\x08ppORTMpp" + SMALL, "runtime's own format")


def test_configuring_the_runtime_is_refused() -> None:
    refuse(with_metadata(SMALL, {"ort_config": "{}"}), "configure the runtime")


def test_other_faces_are_refused() -> None:
    def rename(proto: Any) -> None:
        proto.graph.input[0].name = "input"

    def float_input(proto: Any) -> None:
        proto.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT

    def planes_first(proto: Any) -> None:
        proto.graph.input[0].type.tensor_type.shape.dim[3].dim_param = "w"
        proto.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 3

    refuse(changed(rename), "instead of")
    refuse(changed(float_input), "not of type uint8")
    refuse(changed(planes_first), "has the shape")
    refuse(changed(lambda proto: proto.graph.output.pop()), "instead of")
    refuse(small_model(channels=EMBEDDING + 1), "embedding has the shape")
    refuse(small_model(64), "images has the shape")


def test_shapes_of_other_outputs_and_batches_are_refused() -> None:
    def batch_of(count: int) -> bytes:
        return changed(lambda proto: setattr(proto.graph.input[0].type.tensor_type.shape.dim[0], "dim_value", count))

    def two_maps(proto: Any) -> None:
        proto.graph.output[1].type.tensor_type.shape.dim[1].dim_value = 2

    def one_more_axis(proto: Any) -> None:
        proto.graph.output[0].type.tensor_type.shape.dim.add().dim_value = 1

    def double_score(proto: Any) -> None:
        proto.graph.output[0].type.tensor_type.elem_type = TensorProto.DOUBLE

    check_face(read_face(batch_of(1)), small_manifest())
    refuse(batch_of(4), "images has the shape")
    refuse(changed(two_maps), "map has the shape")
    refuse(changed(one_more_axis), "score has the shape")
    refuse(changed(double_score), "score is not of type float32")


def test_a_fixed_input_must_be_the_stated_one() -> None:
    check_face(read_face(small_model(64)), small_manifest(64, fixed=True))
    with pytest.raises(BundleError, match="images has the shape"):
        check_face(read_face(small_model(64)), small_manifest(32, fixed=True))


def test_the_embedding_must_have_the_stated_length() -> None:
    manifest = msgspec.structs.replace(small_manifest(), embedding=99)
    with pytest.raises(BundleError, match="embedding"):
        check_face(read_face(SMALL), manifest)


@settings(max_examples=300)
@given(cuts=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=3)), min_size=1, max_size=6))
def test_mutated_graphs_raise_nothing_else(cuts: list[tuple[float, bytes]]) -> None:
    data = SMALL
    for where, piece in cuts:
        at = int(where * len(data))
        data = data[:at] + piece + data[at + 1 :]
    with contextlib.suppress(BundleError):
        check_face(read_face(data), small_manifest())


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes_raise_nothing_else(data: bytes) -> None:
    with pytest.raises(BundleError):
        read_face(data)
