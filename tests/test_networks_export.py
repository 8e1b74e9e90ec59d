"""Networks as ONNX graphs say what torch says."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from crackscope.networks import CrackNetwork, Freedom, export_network, export_prefix
from crackscope.recipes import Freeze, Head, Network
from tests.networks_random import pictures, random_network

SIZES = [(96, 96), (99, 99), (64, 130), (65, 98)]
NETWORKS = {
    "keras, dense": (Network(backbone="mobilenetv2", cut="block_6"), Head(kind="dense")),
    "keras, softmax": (Network(backbone="mobilenetv2", cut="block_3"), Head(outputs="softmax", layers=(8,))),
    "keras, zeros before a maximum": (Network(backbone="resnet50v2", cut="conv2"), Head()),
    "tf-slim": (Network(backbone="resnet50v2", family="tf-slim", cut="conv2"), Head()),
}


def run(graph: bytes, images: torch.Tensor) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return list(session.run(None, {"images": images.numpy()}))


@pytest.mark.parametrize("kind", NETWORKS)
def test_graphs_agree_with_torch_at_any_size(kind: str, capfd: pytest.CaptureFixture[str]) -> None:
    network: CrackNetwork = random_network(*NETWORKS[kind])
    graph = export_network(network)
    assert capfd.readouterr() == ("", "")
    for size in SIZES:
        images = pictures(*size, n=1 if size[1] % 2 else 2)
        with torch.no_grad():
            wanted = network(images)[:3]
        for ours, theirs in zip(run(graph, images), wanted, strict=True):
            assert theirs is not None
            assert np.abs(ours - theirs.numpy()).max() <= 1e-4
    check_graph(onnx.load_from_string(graph))


def check_graph(model: onnx.ModelProto) -> None:
    """Standard operators, plain names, no norm behind a convolution, nothing of the machine it was made on."""
    onnx.checker.check_model(model)
    assert {node.domain for node in model.graph.node} == {""}
    assert [(opset.domain, opset.version >= 17) for opset in model.opset_import] == [("", True)]
    assert [value.name for value in model.graph.output] == ["score", "map", "embedding"]
    sides = model.graph.input[0].type.tensor_type.shape.dim
    assert [side.dim_param or side.dim_value for side in sides] == ["n", "height", "width", 3]
    convolutions = {node.output[0] for node in model.graph.node if node.op_type == "Conv"}
    norms = [node for node in model.graph.node if node.op_type == "BatchNormalization"]
    assert not [node for node in norms if node.input[0] in convolutions]
    assert b".py" not in model.SerializeToString()


def test_a_prefix_alone_gives_its_features() -> None:
    network = random_network(Network(backbone="mobilenetv2"))
    network.freeze(Freeze(layers=30))
    prefix, _ = network.split_at_frozen()
    assert prefix is not None
    images = pictures(63, 64)
    (features,) = run(export_prefix(prefix), images)
    assert np.abs(features - prefix(images).numpy()).max() <= 1e-4


@pytest.mark.parametrize(("name", "cut"), [("mobilenetv2", "block_1"), ("vgg16", "block2")])
def test_what_is_not_free_is_fixed(name: str, cut: str) -> None:
    network = random_network(Network(backbone=name, cut=cut))
    model = onnx.load_from_string(export_network(network, (47, 66), Freedom(batch=False, sides=False)))
    shapes = [[side.dim_value for side in value.type.tensor_type.shape.dim] for value in model.graph.input]
    shapes += [[side.dim_value for side in value.type.tensor_type.shape.dim] for value in model.graph.output]
    found = run(model.SerializeToString(), pictures(47, 66, n=1))
    assert shapes == [[1, 47, 66, 3], *(list(array.shape) for array in found)]


def test_the_same_network_gives_the_same_bytes() -> None:
    network = random_network(Network(backbone="mobilenetv2", cut="expanded_conv"))
    assert export_network(network, (32, 32)) == export_network(network, (32, 32))
