"""A graph whose answers are moved by a linear function of what it sees: how a bundle learns a new surface.

score' = scale * score + shift + weights . embedding
map'   = scale * map   + shift + weights . (what the embedding is the mean of), averaged around each place

The embedding of the networks here is the mean of feature maps, so the same weights apply at every place; averaging
them over a window of about the size of a patch keeps the two in step, and gives the map an offset of its own in every
part of a photo. Only operators that look at a bounded neighbourhood are added, so a photo may still be cut anywhere.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crackscope.errors import BundleError

_PROBE = 2048
"""Side of a picture, px, whose feature sizes tell their strides."""


@dataclass(frozen=True, slots=True, eq=False)
class Offset:
    """How answers are moved. scale: above 0. weights: float32 [d], one a number of the embedding; zeros for none.

    window: side of the neighbourhood, px, over which the map's part is averaged.
    """

    scale: float
    shift: float
    weights: NDArray[np.float32]
    window: int


@dataclass(frozen=True, slots=True)
class _Level:
    """A feature map that part of the embedding is the mean of: its name, channels and stride in cells of the map."""

    name: str
    channels: int
    cells: int


@dataclass(frozen=True, slots=True)
class Moved:
    """A graph with an offset. reach: px that the neighbourhood adds to what a place of the map depends on, each way."""

    model: bytes
    reach: int


def with_offset(model: bytes, offset: Offset, stride: int) -> Moved:
    """Return the graph with moved score and map, and the embedding as it was. stride: px per cell of the map.

    Raises BundleError when the embedding is no mean of feature maps, unless the weights are all zero.
    """
    import onnx

    proto: Any = onnx.load_model_from_string(model)
    graph = _Rewriting(proto)
    old_score, old_map = graph.free("score"), graph.free("map")
    graph.rename("score", old_score)
    graph.rename("map", old_map)
    moved_score, moved_map = (graph.affine(name, offset) for name in (old_score, old_map))
    reach = 0
    if np.any(offset.weights):
        levels = _levels(proto, stride)
        graph.constant("weights", offset.weights.astype(np.float32)[:, None])
        row = graph.add("MatMul", "embedding", graph.named("weights"))
        moved_score = graph.add("Add", moved_score, graph.add("Squeeze", row, graph.integers(1)))
        at = 0
        for level in levels:
            part = offset.weights[at : at + level.channels]
            at += level.channels
            local, cells = graph.local(level, part, max(1, round(offset.window / (stride * level.cells))))
            moved_map = graph.add("Add", moved_map, graph.enlarged(local, level.cells, old_map))
            reach = max(reach, (cells + 1) * stride * level.cells)
    graph.rename(moved_score, "score")
    graph.rename(moved_map, "map")
    del proto.metadata_props[:]
    return Moved(bytes(proto.SerializeToString(deterministic=True)), reach)


def has_mean_embedding(model: bytes, stride: int) -> bool:
    """Tell whether a graph's embedding is the mean of feature maps, so that weights on it can be given to its map."""
    import onnx

    try:
        _levels(onnx.load_model_from_string(model), stride)
    except BundleError:
        return False
    return True


def _levels(proto: Any, stride: int) -> list[_Level]:
    """The feature maps whose means are the embedding, in its order."""
    made_by = {name: node for node in proto.graph.node for name in node.output}
    last = made_by.get("embedding")
    means = list(last.input) if last is not None and last.op_type == "Concat" else ["embedding"]
    names = []
    for name in means:
        node = made_by.get(name)
        if node is None or node.op_type not in ("ReduceMean", "GlobalAveragePool"):
            raise BundleError("this network's embedding is no mean of feature maps: its map cannot learn a surface")
        names.append(node.input[0])
    return [_level(name, sizes, stride) for name, sizes in _sizes(proto, names).items()]


def _sizes(proto: Any, names: list[str]) -> dict[str, tuple[int, int]]:
    """Channels and height of feature maps for a picture of the probe's size."""
    import onnx

    probe: Any = onnx.ModelProto()
    probe.CopyFrom(proto)
    del probe.graph.value_info[:]
    for dimension, size in zip(probe.graph.input[0].type.tensor_type.shape.dim, (1, _PROBE, _PROBE), strict=False):
        if dimension.dim_param or not dimension.dim_value:
            dimension.dim_value = size
    inferred = onnx.shape_inference.infer_shapes(probe)
    side = inferred.graph.input[0].type.tensor_type.shape.dim[1].dim_value
    shapes = {info.name: [d.dim_value for d in info.type.tensor_type.shape.dim] for info in inferred.graph.value_info}
    sizes = {}
    for name in names:
        shape = shapes.get(name, [])
        if len(shape) != 4 or not all(shape[1:]):
            raise BundleError(f"the size of {name} cannot be worked out: this network's map cannot learn a surface")
        sizes[name] = (shape[1], round(side / shape[2]))
    return sizes


def _level(name: str, sizes: tuple[int, int], stride: int) -> _Level:
    channels, apart = sizes
    if apart % stride:
        raise BundleError(f"{name} has a cell per {apart} px, the map one per {stride}: its map cannot learn a surface")
    return _Level(name, channels, apart // stride)


class _Rewriting:
    """A graph while operators are added at its end."""

    def __init__(self, proto: Any) -> None:
        self._graph = proto.graph
        self._taken = {name for node in proto.graph.node for name in (*node.input, *node.output)}
        self._taken |= {tensor.name for tensor in proto.graph.initializer} | {node.name for node in proto.graph.node}
        self._names: dict[str, str] = {}

    def free(self, wish: str) -> str:
        """A name that nothing has yet; a bundle may be adapted again and again."""
        number = 1
        while f"{wish}.{number}" in self._taken:
            number += 1
        self._taken.add(f"{wish}.{number}")
        return f"{wish}.{number}"

    def rename(self, old: str, new: str) -> None:
        """Call a tensor otherwise, wherever it is made or used."""
        for node in self._graph.node:
            for names in (node.input, node.output):
                for place, name in enumerate(names):
                    if name == old:
                        names[place] = new

    def named(self, wish: str) -> str:
        """The name that a constant got."""
        return self._names[wish]

    def constant(self, wish: str, values: NDArray[Any]) -> str:
        """Store numbers."""
        from onnx import numpy_helper

        name = self._names[wish] = self.free(f"adapted.{wish}")
        self._graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def integers(self, *values: int) -> str:
        """Store int64 numbers."""
        return self.constant("integers", np.array(values, np.int64))

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator of one output; return its name."""
        from onnx import helper

        output = self.free(f"adapted.{operator.lower()}")
        self._graph.node.append(helper.make_node(operator, list(inputs), [output], name=output, **attributes))
        return output

    def affine(self, name: str, offset: Offset) -> str:
        """scale * tensor + shift."""
        scale = self.constant("scale", np.array([offset.scale], np.float32))
        shift = self.constant("shift", np.array([offset.shift], np.float32))
        return self.add("Add", self.add("Mul", name, scale), shift)

    def local(self, level: _Level, weights: NDArray[np.float32], window: int) -> tuple[str, int]:
        """Weighted features averaged over an odd number of cells around each, and how many cells that is each way."""
        half = window // 2
        kernel = self.constant("kernel", weights.astype(np.float32)[None, :, None, None])
        weighted = self.add("Conv", level.name, kernel, kernel_shape=[1, 1])
        if not half:
            return weighted, 0
        sides = {"kernel_shape": [2 * half + 1] * 2, "pads": [half] * 4, "strides": [1, 1]}
        return self.add("AveragePool", weighted, count_include_pad=0, **sides), half

    def enlarged(self, name: str, cells: int, like: str) -> str:
        """A coarse map on the grid of a finer one: each cell repeated, the rest cut off or its edge repeated."""
        if cells > 1:
            scales = self.constant("scales", np.array([1, 1, cells, cells], np.float32))
            rule = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
            name = self.add("Resize", name, "", scales, **rule)
            pads = self.integers(0, 0, 0, 0, 0, 0, cells - 1, cells - 1)
            name = self.add("Pad", name, pads, mode="edge")
        sides = self.add("Shape", like, start=2, end=4)
        return self.add("Slice", name, self.integers(0, 0), sides, self.integers(2, 3))
