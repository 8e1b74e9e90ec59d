"""What a graph does to places of a picture: which tensors lie over it as grids, and which cells a cell is made of.

Enough operators are known for the networks that this package trains (and for convolutional ones of others). A graph
with any other operator between pixels and map, or with one that looks at the whole picture, has no anatomy: it has to
be run on tiles.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from crackscope.scoring.constants import UINT8, Constants, UnknownError
from crackscope.scoring.operators import Grid, Step, result_of, step_of

IMAGES, MAP, EMBEDDING = "images", "map", "embedding"


@dataclass(slots=True)
class Anatomy:
    """steps: operators that pixels pass on their way to the map, in order. grids: what lies between them.

    sizes: numbers that follow from the size of grids, and of which. tail: operators from grids to the embedding, in
    order, and the grids that they start from.
    """

    model: Any
    steps: list[Step] = field(default_factory=list)
    grids: dict[str, Grid] = field(default_factory=dict)
    sizes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tail: list[Any] = field(default_factory=list)
    tail_inputs: tuple[str, ...] = ()


def dissect(model: bytes) -> Anatomy:
    """Find the way of the pixels through a graph. Raises UnknownError where it cannot be followed."""
    import onnx

    proto: Any = onnx.load_model_from_string(model)
    _dequantise_late(proto.graph)
    found = Anatomy(proto, grids={IMAGES: Grid(1, 3, UINT8, channels_last=True)})
    constants = Constants(proto.graph)
    for_map, for_embedding = (_ancestors(proto.graph.node, name) for name in (MAP, EMBEDDING))
    for node in proto.graph.node:
        if constants.take(node):
            continue
        if _of_size(node, found):
            found.sizes.update(dict.fromkeys(node.output, _sized_by(node, found)))
        elif node.output[0] in for_map | for_embedding:
            try:
                step = step_of(node, _sized_by(node, found), found.grids, constants)
                found.grids[step.output] = result_of(step, found.grids, constants)
                found.steps.append(step)
            except UnknownError:
                if node.output[0] in for_map:
                    raise
                found.tail.append(node)
    if MAP not in found.grids or found.grids[MAP].channels != 1 or found.grids[MAP].extra:
        raise UnknownError("the map is no map")
    _dequantise_in_tail(found)
    _check_tail(found, constants)
    return found


def _dequantise_late(graph: Any) -> None:
    """Turn bytes into numbers right before each operator that wants numbers, so that bytes are what lies in between."""
    import copy

    outputs = {port.name for port in graph.output}
    given: dict[str, Any] = {}
    ordered = []
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and node.output[0] not in outputs:
            given[node.output[0]] = node
            continue
        for place, name in enumerate(node.input):
            if name in given and node.op_type == "Shape":
                node.input[place] = given[name].input[0]
            elif name in given:
                own = copy.deepcopy(given[name])
                own.output[0] = own.name = node.input[place] = f"{name}.{node.output[0]}.{place}"
                ordered.append(own)
        ordered.append(node)
    del graph.node[:]
    graph.node.extend(ordered)


def _dequantise_in_tail(found: Anatomy) -> None:
    """Leave to the tail what turns bytes into numbers for it alone, so that bytes are kept for it."""
    used = {MAP} | {name for step in found.steps for name in step.inputs}
    steps, found.steps = found.steps, []
    late = []
    for step in steps:
        if step.node.op_type == "DequantizeLinear" and step.output not in used:
            late.append(step.node)
            found.grids.pop(step.output)
        else:
            found.steps.append(step)
    found.tail[:0] = late


def in_numbers(anatomy: Anatomy) -> Anatomy:
    """The same way of the pixels without its turns into bytes and back."""
    same: dict[str, str] = {}
    steps = []
    for step in anatomy.steps:
        inputs = tuple(dict.fromkeys(same.get(name, name) for name in step.inputs))
        if step.node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            same[step.output] = inputs[0]
        else:
            steps.append(replace(step, inputs=inputs))
    tail_inputs = tuple(same.get(name, name) for name in anatomy.tail_inputs)
    return replace(anatomy, steps=steps, tail_inputs=tail_inputs)


def _ancestors(nodes: Sequence[Any], name: str) -> set[str]:
    """All tensors that a tensor is made of, itself included."""
    wanted = {name}
    for node in reversed(nodes):
        if wanted & set(node.output):
            wanted |= set(node.input)
    return wanted


def _of_size(node: Any, found: Anatomy) -> bool:
    if node.op_type == "Shape":
        return node.input[0] in found.grids
    dynamic = [name for name in node.input if name in found.sizes]
    return bool(dynamic) and not any(name in found.grids for name in node.input)


def _sized_by(node: Any, found: Anatomy) -> tuple[str, ...]:
    """The grids whose sizes an operator looks at."""
    return tuple(
        name for given in node.input for name in ((given,) if given in found.grids else found.sizes.get(given, ()))
    )


def _check_tail(found: Anatomy, constants: Constants) -> None:
    """Name the grids that the embedding is made of. Raises UnknownError when it is made of anything else."""
    inside = {name for node in found.tail for name in node.output}
    used = {name for node in found.tail for name in node.input if name not in inside and name not in constants}
    grids = [found.grids.get(name) for name in sorted(used)]
    if not used or any(grid is None or grid.extra or grid.channels_last for grid in grids):
        raise UnknownError("the embedding is made of more than grids")
    found.tail_inputs = tuple(sorted(used))
