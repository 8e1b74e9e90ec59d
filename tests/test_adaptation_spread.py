"""Suggested patches lie apart from each other, those that are taken as likely cracks included."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from crackscope import images
from crackscope.adaptation import suggest
from crackscope.scoring import Model, load, pack
from tests.small_bundle import STRIDE, small_manifest

EAST, NORTH, SOUTH, WEST = (128, 228, 128), (128, 128, 228), (128, 128, 28), (128, 28, 128)
"""Colours: the network's three features. Its score is the first of them, the other two tell kinds of patches apart."""


def seeing_colours() -> bytes:
    node, value = helper.make_node, helper.make_tensor_value_info
    numbers = {"kernel": np.array([1, 0, 0], np.float32).reshape(1, 3, 1, 1) / 16, "low": np.array([-8], np.float32)}
    nodes = [
        node("Cast", ["images"], ["real"], to=TensorProto.FLOAT),
        node("Transpose", ["real"], ["planes"], perm=[0, 3, 1, 2]),
        node("AveragePool", ["planes"], ["seen"], kernel_shape=[STRIDE, STRIDE], strides=[STRIDE, STRIDE]),
        node("Conv", ["seen", "kernel", "low"], ["map"], kernel_shape=[1, 1]),
        node("ReduceMax", ["map", "axes"], ["score"], keepdims=0),
        node("ReduceMean", ["seen", "plane"], ["mean"], keepdims=0),
        node("Pad", ["mean", "wider"], ["embedding"]),
    ]
    graph = helper.make_graph(
        nodes,
        "colours",
        [value("images", TensorProto.UINT8, ["n", "h", "w", 3])],
        [
            value("score", TensorProto.FLOAT, ["n"]),
            value("map", TensorProto.FLOAT, ["n", 1, None, None]),
            value("embedding", TensorProto.FLOAT, ["n", 8]),
        ],
        [
            *(numpy_helper.from_array(number, name) for name, number in numbers.items()),
            helper.make_tensor("axes", TensorProto.INT64, [3], [1, 2, 3]),
            helper.make_tensor("plane", TensorProto.INT64, [2], [2, 3]),
            helper.make_tensor("wider", TensorProto.INT64, [4], [0, 0, 0, 5]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load(
        pack(tmp_path_factory.mktemp("colours") / "bundle", small_manifest(), model=seeing_colours(), weights=None)
    )


def suggested(
    model: Model, folder: Path, colours: list[tuple[int, int, int]], count: int
) -> list[tuple[int, int, int]]:
    """The colours of the patches that are chosen among patches of these colours."""
    paths = [str(folder / f"{number:03}.png") for number in range(len(colours))]
    for path, colour in zip(paths, colours, strict=True):
        images.write_png(np.full((64, 64, 3), colour, np.uint8), path)
    return [colours[paths.index(one.path)] for one in suggest(model, paths, count).patches]


def test_after_a_patch_comes_its_opposite_and_not_one_on_the_way_there(model: Model, tmp_path: Path) -> None:
    between = [(128, green, blue) for green in (57, 199) for blue in (57, 199)]
    around = [EAST, *between, NORTH, SOUTH, WEST]
    assert suggested(model, tmp_path, around, 2) == [EAST, WEST]


def test_a_likely_crack_is_named_and_no_other_of_its_kind_before_each_kind_is(model: Model, tmp_path: Path) -> None:
    """Of four kinds one is likeliest; it is taken third, for its score, and lies farther from the first two than what
    is left."""
    likely = (178, *EAST[1:])
    chosen = suggested(model, tmp_path, [NORTH] * 6 + [SOUTH] * 6 + [likely] * 6 + [WEST] * 6, 4)
    assert chosen == [NORTH, SOUTH, likely, WEST]


def test_likely_cracks_are_named_though_nobody_doubts_them(model: Model, tmp_path: Path) -> None:
    """Of nine a third is named for its score, the likeliest first."""
    rng = np.random.default_rng(3)
    sound = [
        (int(red), int(green), int(blue)) for red, green, blue in rng.integers((20, 20, 20), (80, 230, 230), (60, 3))
    ]
    cracks = [(250, 128, 128), (240, 128, 128), (230, 128, 128)]
    chosen = suggested(model, tmp_path, [*sound, *cracks[::-1]], 9)
    assert [colour for colour in chosen if colour in cracks] == cracks
