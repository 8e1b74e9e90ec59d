"""A small bundle that a surface can be new to: its map is made of features, and faint lines escape it."""

from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from crackscope import images
from crackscope.bundles import Bundle
from crackscope.records import Row
from crackscope.scoring import keep_reference, pack
from tests.small_bundle import small_manifest, small_model
from tests.small_patches import patch


def pooled_model() -> bytes:
    """`small_model` whose map is a 1x1 convolution of nine features: the lines, which it looks at, and eight others."""
    proto = onnx.load_model_from_string(small_model())
    kernel = np.zeros((1, 9, 1, 1), np.float32)
    kernel[0, 0] = 40.0
    numbers = {"kernel": kernel, "low": np.array([-8.0], np.float32)}
    proto.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in numbers.items())
    nodes = [node for node in proto.graph.node if node.output[0] not in ("gained", "map", "score")]
    size = {"kernel_shape": [4, 4], "strides": [4, 4]}
    nodes += [
        helper.make_node("AveragePool", ["active"], ["coarse"], **size),
        helper.make_node("Concat", ["cells", "coarse"], ["seen"], axis=1),
        helper.make_node("Conv", ["seen", "kernel", "low"], ["map"], kernel_shape=[1, 1]),
        helper.make_node("ReduceMax", ["map", "axes"], ["score"], keepdims=0),
    ]
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)
    onnx.checker.check_model(proto)
    return bytes(proto.SerializeToString())


def pooled_bundle(folder: Path) -> Bundle:
    """A bundle of it, without a word on old pictures."""
    return pack(folder, small_manifest(), model=pooled_model(), weights=None)


def write_surface(folder: Path, count: int, *, faint: float = 1.0, first: int = 0) -> list[Row]:
    """`count` patches a label in crack/ and sound/, their contrast times `faint`; returns their rows."""
    rows = []
    for label in ("crack", "sound"):
        (folder / label).mkdir(parents=True, exist_ok=True)
        for number in range(first, first + count):
            pixels, _ = patch(number + (50_000 if label == "sound" else 0), cracked=label == "crack")
            dulled = 128 + faint * (pixels.astype(np.float32) - 128)
            path = folder / label / f"{number:04d}.png"
            images.write_png(dulled.round().astype(np.uint8), path)
            rows.append(Row(path=str(path), label="crack" if label == "crack" else "sound"))
    return rows


def remembering_bundle(folder: Path, count: int = 30) -> Bundle:
    """A bundle that keeps a word on `count` patches a label of ordinary contrast."""
    rows = write_surface(folder.parent / f"{folder.name}-old", count, first=5000)
    return keep_reference(pooled_bundle(folder), rows)
