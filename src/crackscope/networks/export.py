"""Networks as ONNX: pictures in, standard operators, any number and size of pictures."""

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from crackscope.networks.fusing import fused
from crackscope.networks.graph import OPSET, GraphWriter, writable
from crackscope.networks.graph_heads import write_dense, write_pooled
from crackscope.networks.heads import PooledHead
from crackscope.networks.network import CrackNetwork
from crackscope.networks.receptive import embedding_size


@dataclass(frozen=True)
class Freedom:
    """What may vary in an exported graph. batch: how many pictures. sides: height and width in px."""

    batch: bool = True
    sides: bool = True


FREE = Freedom()
"""Any number of pictures of any size."""


class _ThreeOutputs(nn.Module):
    """The outputs that a bundle's graph has, in order: score, map, embedding."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Run the network."""
        output = self.network(images)
        return output.score, output.map, output.embedding


def export_network(network: CrackNetwork, size: tuple[int, int] = (224, 224), freedom: Freedom = FREE) -> bytes:
    """The whole network as ONNX: images uint8 [n, h, w, 3] -> score [n], map [n, 1, h/s, w/s], embedding [n, d].

    Inference mode, float32, norms folded. size: (height, width) in px, of every picture where sides are not free.
    """
    if writable(network):
        return _written(fused(network), size, freedom)
    return _export(_ThreeOutputs(fused(network)), size, ("score", "map", "embedding"), freedom)


def export_prefix(prefix: nn.Module, size: tuple[int, int] = (224, 224), freedom: Freedom = FREE) -> bytes:
    """A frozen prefix as ONNX: images uint8 [n, h, w, 3] -> features, one float32 tensor."""
    if not writable(prefix):
        return _export(fused(prefix), size, ("features",), freedom)
    writer = GraphWriter()
    writer.rename(writer.run(fused(prefix), "images", ""), "features")
    return writer.finish({"images": _sides(size, freedom)}, {"features": None})


def _written(network: nn.Module, size: tuple[int, int], freedom: Freedom) -> bytes:
    """A network of our own layers, operator by operator."""
    assert isinstance(network, CrackNetwork)
    writer, x, seen = GraphWriter(), "images", {}
    for name, step in network.steps.named_children():
        seen[name] = x = writer.run(step, x, name)
    taps = [seen[name] for name in network.taps]
    if isinstance(network.head, PooledHead):
        write_pooled(writer, network.head, taps[-1])
    else:
        write_dense(writer, network.head, taps)
    n, height, width, _ = _sides(size, freedom)
    cells = ("map_height", "map_width") if freedom.sides else _cells(network, size)
    outputs = {"score": (n,), "map": (n, 1, *cells), "embedding": (n, embedding_size(network))}
    return writer.finish({"images": (n, height, width, 3)}, outputs)


def _cells(network: CrackNetwork, size: tuple[int, int]) -> tuple[int, int]:
    """Height and width of the map for pictures of one size."""
    up = 0 if network.backbone.floors else network.stride - 1
    return (size[0] + up) // network.stride, (size[1] + up) // network.stride


def _sides(size: tuple[int, int], freedom: Freedom) -> tuple[int | str, ...]:
    """Of the pictures that go in: numbers, or names where they are free."""
    sides = ("height", "width") if freedom.sides else size
    return ("n" if freedom.batch else 1, *sides, 3)


def _export(module: nn.Module, size: tuple[int, int], outputs: tuple[str, ...], freedom: Freedom) -> bytes:
    images = torch.zeros((2 if freedom.batch else 1, *size, 3), dtype=torch.uint8)
    free: dict[int, object] = {}
    if freedom.batch:
        free[0] = torch.export.Dim.DYNAMIC
    if freedom.sides:
        free |= {1: torch.export.Dim.DYNAMIC, 2: torch.export.Dim.DYNAMIC}
    with _quiet(), torch.no_grad():
        program = torch.onnx.export(
            module.eval(),
            (images,),
            input_names=["images"],
            output_names=list(outputs),
            dynamic_shapes=(free,) if free else None,
            opset_version=OPSET,
            dynamo=True,
            optimize=True,
            verbose=False,
        )
    assert program is not None
    return _tidied(program.model_proto, outputs)


def _tidied(model: Any, outputs: tuple[str, ...]) -> bytes:
    """The model without the exporter's notes (they name files of this machine), its free sides under plain names."""
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    del model.graph.value_info[:]
    del model.graph.metadata_props[:]
    names = {"images": ("n", "height", "width", "")}
    names |= {name: ("n", "", f"{name}_height", f"{name}_width") for name in outputs}
    for value in [*model.graph.input, *model.graph.output]:
        del value.metadata_props[:]
        for side, name in zip(value.type.tensor_type.shape.dim, names[value.name], strict=False):
            if side.dim_param:
                side.dim_param = name
    data: bytes = model.SerializeToString(deterministic=True)
    return data


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's remarks about itself from the user's terminal."""
    with warnings.catch_warnings(), open(os.devnull, "w") as sink, contextlib.redirect_stdout(sink):
        warnings.simplefilter("ignore")
        before = logging.root.manager.disable
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(before)
