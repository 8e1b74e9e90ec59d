"""A graph whose answers are moved by what its last layer sees: how a bundle learns a new surface.

The map of a network here is a 1x1 convolution of features; what else it could make of them tells a joint from a crack.
Features are averaged with weights that grow with the map, so that what raised suspicion counts:

    t       = sum of exp(m / 2) * features / sum of exp(m / 2)      over the patch; m: the map before any change
    score' = scale * score + shift + weights . t
    map'   = scale * map   + shift + weights . t around each place

Around a place means within a window about half as wide as a patch. The offset is thus the same all over one suspicious
thing, and which places stand out within it does not change. Only operators that look at a bounded neighbourhood lead to
the map, so a photo may still be cut anywhere. Features are those that the map is made of and, in a pyramid, those of
the next coarser level.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crackscope.errors import BundleError

_SHARPNESS = 0.5
"""A logit more weighs so many powers of e more. Sharper, single pixels decide; blunter, the background does."""
_MOST_LOGIT = 20.0
_PASSES = 3
"""Averaging so many times over small squares is quicker than once over a large one, and has no edge."""


@dataclass(frozen=True, slots=True, eq=False)
class Offset:
    """How answers are moved. scale: above 0. weights: float32 [k], one a feature; zeros for none.

    window: side of the neighbourhood, px, over which the map's features are averaged.
    """

    scale: float
    shift: float
    weights: NDArray[np.float32]
    window: int


@dataclass(frozen=True, slots=True)
class Moved:
    """A graph with an offset. reach: px that the neighbourhood adds to what a place of the map depends on, each way."""

    model: bytes
    reach: int


@dataclass(frozen=True, slots=True)
class _Layer:
    """Where a map comes from: its name before any change, and the features under it, with their channels."""

    map: str
    features: tuple[str, ...]
    channels: tuple[int, ...]


def has_features(model: bytes) -> bool:
    """Tell whether a graph's map is a 1x1 convolution of features, so that weights on them can move it."""
    return _layer(_loaded(model)) is not None


def with_features(model: bytes) -> bytes:
    """Return the graph with t, as defined above, before the embedding, in its place: float32 [n, k + d].

    Raises BundleError when the graph has none.
    """
    proto = _loaded(model)
    layer = _found(proto)
    graph = _Rewriting(proto)
    embedding = graph.free("embedding")
    graph.rename("embedding", embedding)
    weight = graph.attention(layer.map)
    below = graph.summed(weight)
    parts = [graph.add("Div", graph.summed(graph.add("Mul", name, weight)), below) for name in layer.features]
    graph.rename(graph.add("Concat", *parts, embedding, axis=1), "embedding")
    proto.graph.output[2].type.tensor_type.shape.dim[1].Clear()
    return _written(proto)


def with_offset(model: bytes, offset: Offset, stride: int) -> Moved:
    """Return the graph with moved score and map, and the embedding as it was. stride: px per cell of the map.

    Raises BundleError when the graph has no features, unless the weights are all zero.
    """
    proto = _loaded(model)
    graph = _Rewriting(proto)
    layer = _found(proto) if np.any(offset.weights) else None
    old_score, old_map = graph.free("score"), graph.free("map")
    graph.rename("score", old_score)
    graph.rename("map", old_map)
    moved_score, moved_map = (graph.affine(name, offset) for name in (old_score, old_map))
    half = 0
    if layer is not None:
        weight = graph.attention(old_map if layer.map == "map" else layer.map)
        weighted = graph.add("Mul", graph.weighed(layer, offset.weights), weight)
        everywhere = graph.add("Div", graph.summed(weighted), graph.summed(weight))
        moved_score = graph.add("Add", moved_score, graph.add("Squeeze", everywhere, graph.integers(1)))
        half = max(1, round(offset.window / stride / 2 / _PASSES))
        local = graph.add("Div", graph.averaged(weighted, half), graph.averaged(weight, half))
        moved_map = graph.add("Add", moved_map, local)
    graph.rename(moved_score, "score")
    graph.rename(moved_map, "map")
    return Moved(_written(proto), (_PASSES * half + 1) * stride if half else 0)


def _loaded(model: bytes) -> Any:
    import onnx

    return onnx.load_model_from_string(model)


def _written(proto: Any) -> bytes:
    del proto.metadata_props[:]
    return bytes(proto.SerializeToString(deterministic=True))


def _found(proto: Any) -> _Layer:
    layer = _layer(proto)
    if layer is None:
        raise BundleError("this network's map is no 1x1 convolution of features: it can be moved as a whole only")
    return layer


def _layer(proto: Any) -> _Layer | None:
    made_by = {name: node for node in proto.graph.node for name in node.output}
    shapes = {tensor.name: list(tensor.dims) for tensor in proto.graph.initializer}
    shapes |= {node.output[0]: shapes[node.input[0]] for node in proto.graph.node if _is_cast(node, shapes)}
    name = "map"
    while name in made_by and made_by[name].op_type in ("Add", "Mul"):  # earlier changes
        name = made_by[name].input[0]
    last = made_by.get(name)
    kernel = shapes.get(last.input[1], []) if last is not None and last.op_type == "Conv" else []
    if last is None or len(kernel) != 4 or kernel[0] != 1 or kernel[2:] != [1, 1]:
        return None
    coarser = _coarser(proto, last.input[0], shapes)
    found = [(last.input[0], int(kernel[1])), *([coarser] if coarser else [])]
    return _Layer(name, tuple(one for one, _ in found), tuple(channels for _, channels in found))


def _is_cast(node: Any, shapes: dict[str, list[int]]) -> bool:
    return node.op_type == "Cast" and node.input[0] in shapes


def _coarser(proto: Any, features: str, shapes: dict[str, list[int]]) -> tuple[str, int] | None:
    """The next coarser level of a pyramid, brought to the grid of its finest: name and channels."""
    wanted = {features}
    enlarged = None
    for node in reversed(proto.graph.node):
        if wanted & set(node.output):
            wanted |= set(node.input)
            if node.op_type == "Resize" and enlarged is None:
                enlarged = node
    if enlarged is None:
        return None
    name = enlarged.output[0]
    users = {entry: node for node in reversed(proto.graph.node) for entry in node.input[:1]}
    while name in users and users[name].op_type in ("Pad", "Slice"):
        name = users[name].output[0]
    channels = _channels(proto, enlarged.input[0], shapes)
    return None if channels is None else (name, channels)


def _channels(proto: Any, name: str, shapes: dict[str, list[int]]) -> int | None:
    """How many channels the last convolution before a tensor gives."""
    made_by = {entry: node for node in proto.graph.node for entry in node.output}
    while name in made_by:
        node = made_by[name]
        if node.op_type == "Conv":
            return shapes[node.input[1]][0] if node.input[1] in shapes else None
        if node.op_type not in ("Relu", "Clip", "BatchNormalization", "Identity"):
            return None
        name = node.input[0]
    return None


class _Rewriting:
    """A graph while operators are added at its end."""

    def __init__(self, proto: Any) -> None:
        self._graph = proto.graph
        self._taken = {name for node in proto.graph.node for name in (*node.input, *node.output)}
        self._taken |= {tensor.name for tensor in proto.graph.initializer} | {node.name for node in proto.graph.node}

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

    def constant(self, wish: str, values: NDArray[Any]) -> str:
        """Store numbers."""
        from onnx import numpy_helper

        name = self.free(f"adapted.{wish}")
        self._graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def real(self, wish: str, value: float) -> str:
        """Store one float32 number, as an array that takes part in anything."""
        return self.constant(wish, np.array([value], np.float32))

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
        scaled = self.add("Mul", name, self.real("scale", offset.scale))
        return self.add("Add", scaled, self.real("shift", offset.shift))

    def attention(self, name: str) -> str:
        """exp(sharpness * map), bounded."""
        least, most = (self.constant("limit", np.array(sign * _MOST_LOGIT, np.float32)) for sign in (-1, 1))
        bounded = self.add("Clip", name, least, most)
        return self.add("Exp", self.add("Mul", bounded, self.real("sharpness", _SHARPNESS)))

    def summed(self, name: str) -> str:
        """The sum over all places: [n, c]."""
        return self.add("ReduceSum", name, self.integers(2, 3), keepdims=0)

    def weighed(self, layer: _Layer, weights: NDArray[np.float32]) -> str:
        """weights . features at every place: [n, 1, h, w]."""
        if len(weights) != sum(layer.channels):
            raise BundleError(f"{len(weights)} weights do not fit {sum(layer.channels)} features")
        parts, at = [], 0
        for name, channels in zip(layer.features, layer.channels, strict=True):
            kernel = weights[at : at + channels].astype(np.float32)[None, :, None, None]
            at += channels
            parts.append(self.add("Conv", name, self.constant("kernel", kernel), kernel_shape=[1, 1]))
        return parts[0] if len(parts) == 1 else self.add("Add", *parts)

    def averaged(self, name: str, half: int) -> str:
        """A mean over up to _PASSES * half cells to each side, that counts what is near more."""
        side = 2 * half + 1
        window = {"kernel_shape": [side, side], "pads": [half] * 4, "strides": [1, 1], "count_include_pad": 0}
        for _ in range(_PASSES):
            name = self.add("AveragePool", name, **window)
        return name
