"""Heads written down as ONNX: from features to score, map and embedding."""

from collections.abc import Sequence

import numpy as np
from torch import nn

from crackscope.networks.graph import GraphWriter, linear_weights
from crackscope.networks.heads import DenseHead, PooledHead, described

SCORE, MAP, EMBEDDING = "score", "map", "embedding"


def write_pooled(writer: GraphWriter, head: PooledHead, features: str) -> None:
    """Global average and dense layers for the score; the same layers at every position for the map."""
    pooled = writer.add("ReduceMean", features, writer.integers(2, 3), keepdims=0, name=EMBEDDING)
    everywhere = features
    dense = [(name, layer) for name, layer in head.dense.named_children() if isinstance(layer, nn.Linear)]
    for number, (name, layer) in enumerate(dense, 1):
        last = number == len(dense)
        weight, bias = linear_weights(layer, last)
        named = writer.constant(weight, f"{name}.weight"), writer.constant(bias, f"{name}.bias")
        kernel = writer.constant(weight[:, :, None, None], f"{name}.kernel")
        pooled = writer.add("Gemm", pooled, *named, transB=1, name=f"head.{name}")
        everywhere = writer.add(
            "Conv", everywhere, kernel, named[1], kernel_shape=[1, 1], name=MAP if last else f"map.{name}"
        )
        if not last:
            pooled = writer.add("Relu", pooled)
            everywhere = writer.add("Relu", everywhere)
    writer.add("Squeeze", pooled, writer.integers(1), name=SCORE)


def write_dense(writer: GraphWriter, head: DenseHead, taps: Sequence[str]) -> None:
    """The pyramid, its map of logits, and the mean of the largest share of them."""
    level = writer.run(head.lateral[-1], taps[-1], f"lateral_{len(taps) - 1}")
    for index in reversed(range(len(taps) - 1)):
        finer = writer.run(head.lateral[index], taps[index], f"lateral_{index}")
        total = writer.add("Add", finer, _doubled(writer, level, finer, head.floors), name=f"merged_{index}")
        level = writer.run(head.blocks[index], total, f"block_{index}")
    logits = writer.run(head.logits, level, MAP)
    flat = writer.add("Flatten", logits, axis=1, name="flat")
    writer.add("ReduceMean", _largest(writer, flat, head.per_million), writer.integers(1), keepdims=0, name=SCORE)
    means = [
        writer.add("ReduceMean", tap, writer.integers(2, 3), keepdims=0, name=f"average_{number}")
        for number, tap in enumerate(described(taps))
    ]
    writer.add("Concat", *means, axis=1, name=EMBEDDING)


def _doubled(writer: GraphWriter, coarse: str, finer: str, floors: bool) -> str:
    scales = writer.constant(np.array([1, 1, 2, 2], np.float32), "twice")
    rule = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    enlarged = writer.add("Resize", coarse, "", scales, name=f"{coarse}.doubled", **rule)
    if floors:
        enlarged = writer.add(
            "Pad", enlarged, writer.integers(0, 0, 0, 0, 0, 0, 1, 1), mode="edge", name=f"{coarse}.edged"
        )
    sides = writer.add("Shape", finer, start=2, end=4, name=f"{finer}.sides")
    return writer.add("Slice", enlarged, writer.integers(0, 0), sides, writer.integers(2, 3), name=f"{coarse}.cut")


def _largest(writer: GraphWriter, flat: str, per_million: int) -> str:
    """The largest share of each row, at least one: [n, k]."""
    million = writer.integers(1_000_000)
    count = writer.add("Shape", flat, start=1, end=2, name="positions")
    count = writer.add("Mul", count, writer.integers(per_million))
    count = writer.add("Add", count, writer.integers(999_999))
    count = writer.add("Div", count, million)
    return writer.add_first("TopK", 2, flat, count, name="largest", axis=1, largest=1, sorted=1)
