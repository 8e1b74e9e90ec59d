"""A graph whose answers are moved by what it sees: how a bundle learns a new surface.

What the network reads at several depths (see `levels`) tells a joint from a crack, and one material from another, in
two ways. Where the map m, before any change, is suspicious, features x are averaged with weights that grow with it;
and all over the patch their mean and standard deviation are taken:

    t       = ( sum of exp(m) * x / sum of exp(m),   mean of x,   deviation of x )
    score' = scale * score + shift + weights . t
    map'   = scale * map   + shift + weights . t around each place

Around a place means within a window about half as wide as a patch. The offset is thus the same all over one suspicious
thing, and which places stand out within it does not change. Only operators that look at a bounded neighbourhood lead to
the map, so a photo may still be cut anywhere.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crackscope.bundles.levels import Level, Levels, find_levels
from crackscope.bundles.rewriting import Rewriting
from crackscope.errors import BundleError

_MOST_LOGIT = 20.0
_LEAST_VARIANCE = 1e-6
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


def feature_sizes(model: bytes) -> tuple[int, ...]:
    """How many features of each kind a graph has, as t above has them; none where it can be moved as a whole only."""
    levels = find_levels(_loaded(model))
    return levels.sizes if levels else ()


def has_features(model: bytes) -> bool:
    """Tell whether a graph has features, so that weights on them can move it."""
    return bool(feature_sizes(model))


def with_features(model: bytes) -> bytes:
    """Return the graph with t, as defined above, before the embedding, in its place: float32 [n, k + d].

    Raises BundleError when the graph has none.
    """
    proto = _loaded(model)
    levels = _found(proto)
    graph = Rewriting(proto)
    embedding = graph.free("embedding")
    graph.rename("embedding", embedding)
    parts = _features(graph, levels)
    flat = [graph.add("Flatten", part, axis=1) for part in parts]
    graph.rename(graph.add("Concat", *flat, embedding, axis=1), "embedding")
    proto.graph.output[2].type.tensor_type.shape.dim[1].Clear()
    return _written(proto)


def with_offset(model: bytes, offset: Offset, stride: int) -> Moved:
    """Return the graph with moved score and map, and the embedding as it was. stride: px per cell of the map.

    Raises BundleError when the graph has no features, unless the weights are all zero.
    """
    proto = _loaded(model)
    graph = Rewriting(proto)
    levels = _found(proto) if np.any(offset.weights) else None
    if levels is not None and len(offset.weights) != sum(levels.sizes):
        raise BundleError(f"{len(offset.weights)} weights do not fit {sum(levels.sizes)} features")
    old_score, old_map = graph.free("score"), graph.free("map")
    graph.rename("score", old_score)
    graph.rename("map", old_map)
    moved_score, moved_map = (_affine(graph, name, offset) for name in (old_score, old_map))
    reach = 0
    if levels is not None:
        if levels.map == "map":
            levels = Levels(old_map, levels.suspicious, levels.whole)
        everywhere = _weighed(graph, levels, offset.weights)
        moved_score = graph.add("Add", moved_score, graph.add("Squeeze", everywhere, graph.integers(1, 2, 3)))
        around, reach = _around(graph, levels, offset, stride)
        moved_map = graph.add("Add", moved_map, around)
    graph.rename(moved_score, "score")
    graph.rename(moved_map, "map")
    return Moved(_written(proto), reach)


def _loaded(model: bytes) -> Any:
    import onnx

    return onnx.load_model_from_string(model)


def _written(proto: Any) -> bytes:
    del proto.metadata_props[:]
    return bytes(proto.SerializeToString(deterministic=True))


def _found(proto: Any) -> Levels:
    levels = find_levels(proto)
    if levels is None:
        raise BundleError("this network's map is no 1x1 convolution of features: it can be moved as a whole only")
    return levels


def _affine(graph: Rewriting, name: str, offset: Offset) -> str:
    """scale * tensor + shift."""
    scaled = graph.add("Mul", name, graph.real("scale", offset.scale))
    return graph.add("Add", scaled, graph.real("shift", offset.shift))


def _attention(graph: Rewriting, name: str) -> str:
    """exp(map), bounded."""
    least, most = (graph.scalar("limit", sign * _MOST_LOGIT) for sign in (-1, 1))
    return graph.add("Exp", graph.add("Clip", name, least, most))


def _features(graph: Rewriting, levels: Levels) -> list[str]:
    """t over the whole patch, in parts [n, c, 1, 1]."""
    weight = _attention(graph, levels.map)
    below = graph.summed(weight)
    parts = []
    for level in levels.suspicious:
        grown = graph.enlarged(level.name, level.side, weight)
        parts.append(graph.add("Div", graph.summed(graph.add("Mul", grown, weight)), below))
    if levels.whole:
        axes = graph.integers(2, 3)
        mean, square = (
            graph.add("ReduceMean", name, axes, keepdims=1)
            for name in (levels.whole.name, graph.add("Mul", levels.whole.name, levels.whole.name))
        )
        parts += [mean, _deviation(graph, mean, square)]
    return parts


def _deviation(graph: Rewriting, mean: str, square: str) -> str:
    variance = graph.add("Sub", square, graph.add("Mul", mean, mean))
    bounded = graph.add("Clip", variance, graph.scalar("least", _LEAST_VARIANCE))
    return graph.add("Sqrt", bounded)


def _weighed(graph: Rewriting, levels: Levels, weights: NDArray[np.float32]) -> str:
    """weights . t over the whole patch: [n, 1, 1, 1]."""
    counts = [level.channels for level in levels.suspicious]
    counts += [levels.whole.channels] * 2 if levels.whole else []
    pieces = np.split(weights, np.cumsum(counts)[:-1])
    return graph.total(
        [graph.combined(part, piece) for part, piece in zip(_features(graph, levels), pieces, strict=True)]
    )


def _around(graph: Rewriting, levels: Levels, offset: Offset, stride: int) -> tuple[str, int]:
    """weights . t around each place, [n, 1, h, w], and how far it looks, px."""
    weight = _attention(graph, levels.map)
    looked, at = [], 0
    for level in levels.suspicious:
        one = graph.combined(level.name, offset.weights[at : at + level.channels])
        looked.append(graph.enlarged(one, level.side, weight))
        at += level.channels
    half = _half(offset.window, stride)
    weighted = graph.add("Mul", graph.total(looked), weight)
    local = graph.add("Div", graph.averaged(weighted, half, _PASSES), graph.averaged(weight, half, _PASSES))
    reach = (_PASSES * half + levels.suspicious[-1].side) * stride
    if levels.whole is None:
        return local, reach
    step = stride * levels.whole.side
    texture = _texture(graph, levels.whole, offset.weights[at:], _half(offset.window, step))
    local = graph.add("Add", local, graph.enlarged(texture, levels.whole.side, weight))
    return local, max(reach, (_PASSES * _half(offset.window, step) + 1) * step)


def _half(window: int, step: int) -> int:
    """Half the side of the small squares: their passes together spread as far as one square of side `window` does."""
    return max(1, round(window / step / 2 / float(np.sqrt(_PASSES))))


def _texture(graph: Rewriting, level: Level, weights: NDArray[np.float32], half: int) -> str:
    """Mean and deviation around each place of a level, times their weights: [n, 1, h, w]."""
    mean, square = (
        graph.averaged(name, half, _PASSES) for name in (level.name, graph.add("Mul", level.name, level.name))
    )
    spread = _deviation(graph, mean, square)
    return graph.add(
        "Add",
        graph.combined(mean, weights[: level.channels]),
        graph.combined(spread, weights[level.channels :]),
    )
