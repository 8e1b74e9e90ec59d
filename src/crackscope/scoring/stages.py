"""A network cut into stages, each with a narrow halo of its own.

What a cell of the map depends on may reach 280 px far, and blocks with so wide a halo cost several times what their
kept part does. Most of that reach comes from the coarse layers, most of the memory from the fine ones. So the graph is
cut where little has to be kept for each pixel, into stages that see 10 to 130 px each: every stage goes over the photo
in blocks of its own size, and what it gives is kept whole, without a halo, for the next ones.
Cuts are chosen by dynamic programming over the places where every living tensor is a grid over the picture.
Related: Alwani et al. 2016, "Fused-layer CNN accelerators", doi 10.1109/MICRO.2016.7783725, who weigh the same terms.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import inf, lcm, sqrt
from typing import Any

from crackscope.scoring.anatomy import IMAGES, MAP, Anatomy, in_numbers
from crackscope.scoring.operators import Grid, Step, Window

_NOMINAL_BYTES = 48 << 20
"""Memory of a block that the cuts are chosen for: fixed, so that the same bundle is always cut the same way."""

_MACS_PER_BYTE = 8.0
"""What moving a byte costs beside a multiplication."""

_SLACK = 1.6
"""The runtime's copies (blocked layouts, alignment), beside the tensors alone."""


@dataclass(frozen=True, slots=True)
class Margin:
    """px that a stage's block needs before and after what is kept of it."""

    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the graph. inputs, outputs: names of grids; rows, columns: its margins; grain: starts and sides of
    its blocks are multiples of it; bytes_per_px: memory that running it takes."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    rows: Margin
    columns: Margin
    grain: int
    bytes_per_px: float
    model: bytes


@dataclass(frozen=True, slots=True)
class Plan:
    """stages: in order. grids: what passes between them. tail: from `tail_inputs` to the
    embedding. grain: a multiple of every stage's. bytes_per_px: memory that running all of it at once takes."""

    stages: tuple[Stage, ...]
    grids: dict[str, Grid]
    tail: bytes
    tail_inputs: tuple[str, ...]
    grain: int
    bytes_per_px: float


def plan(anatomy: Anatomy) -> Plan:
    """Choose the cuts. A graph in bytes is cut where the same one in numbers would be: beyond its borders a photo is
    continued at every cut, so that other cuts would give another map there."""
    uses = _last_uses(anatomy)
    parts = [_draft(anatomy, uses, *pair) for pair in pairwise(_cuts(anatomy))]
    stages = tuple(
        Stage(
            part.inputs, part.outputs, part.rows, part.columns, part.grain, part.bytes_per_px, _cut_out(anatomy, part)
        )
        for part in parts
    )
    names = {name for stage in stages for name in (*stage.inputs, *stage.outputs)}
    return Plan(
        stages=stages,
        grids={name: anatomy.grids[name] for name in sorted(names)},
        tail=_graph(anatomy, anatomy.tail, anatomy.tail_inputs, ("embedding",)),
        tail_inputs=anatomy.tail_inputs,
        grain=lcm(*(stage.grain for stage in stages)),
        bytes_per_px=_draft(anatomy, uses, 0, len(anatomy.steps)).bytes_per_px,
    )


def _cuts(anatomy: Anatomy) -> list[int]:
    """Numbers of the steps before which the graph is cut, and its end."""
    numbers = in_numbers(anatomy)
    chosen = _cheapest(numbers)
    at = {step.output: number for number, step in enumerate(anatomy.steps)}
    cuts = [at[numbers.steps[number].output] for number in chosen[1:-1]]
    return [0, *(_before_numbers(anatomy, cut) for cut in cuts), len(anatomy.steps)]


def _before_numbers(anatomy: Anatomy, number: int) -> int:
    """The step itself, or the first of those that turn bytes into numbers for it."""
    while anatomy.steps[number - 1].node.op_type == "DequantizeLinear":
        number -= 1
    return number


def _cheapest(anatomy: Anatomy) -> tuple[int, ...]:
    """Cuts whose stages cost least together."""
    uses = _last_uses(anatomy)
    places = _places(anatomy, uses)
    costs = {
        (first, last): _draft(anatomy, uses, first, last).cost
        for number, first in enumerate(places)
        for last in places[number + 1 :]
    }

    @cache
    def cheapest(last: int) -> tuple[float, tuple[int, ...]]:
        if last == 0:
            return 0.0, (0,)
        ways = (
            (cheapest(first)[0] + costs[first, last], (*cheapest(first)[1], last)) for first in places if first < last
        )
        return min(ways)

    return cheapest(places[-1])[1]


@dataclass(frozen=True, slots=True)
class _Draft:
    """A stage that might be."""

    steps: Sequence[Step]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    rows: Margin
    columns: Margin
    grain: int
    bytes_per_px: float
    cost: float


def _last_uses(anatomy: Anatomy) -> dict[str, int]:
    """The number of the step that uses a tensor last; what the map and the embedding read is used after the end."""
    last = {name: number for number, step in enumerate(anatomy.steps) for name in step.inputs}
    return last | dict.fromkeys((*anatomy.tail_inputs, MAP), len(anatomy.steps))


def _places(anatomy: Anatomy, last: dict[str, int]) -> list[int]:
    """Numbers of the steps before which the graph may be cut, and its end.

    All that lives there are plain grids, and there is less of them than at the places beside.
    """
    born = {IMAGES: -1} | {step.output: number for number, step in enumerate(anatomy.steps)}
    weights = [inf]
    for number in range(1, len(anatomy.steps)):
        living = [anatomy.grids[name] for name, at in born.items() if at < number <= last.get(name, -1)]
        plain = last[IMAGES] < number and not any(grid.extra or grid.channels_last for grid in living)
        weights.append(sum(grid.bytes_per_px for grid in living) if plain else inf)
    weights.append(inf)
    inner = range(1, len(anatomy.steps))
    return [
        0,
        *(at for at in inner if weights[at] < weights[at - 1] and weights[at] <= weights[at + 1]),
        len(anatomy.steps),
    ]


def _draft(anatomy: Anatomy, uses: dict[str, int], first: int, last: int) -> _Draft:
    steps = anatomy.steps[first:last]
    made = {step.output for step in steps}
    inputs = tuple(dict.fromkeys(name for step in steps for name in step.inputs if name not in made))
    outputs = tuple(step.output for step in steps if uses.get(step.output, -1) >= last)
    grids = {name: anatomy.grids[name] for name in {*inputs, *made}}
    grain = lcm(*(grid.stride for grid in grids.values()))
    rows, columns = (_margin(steps, (inputs, outputs), grids, grain, axis) for axis in (0, 1))
    room = _peak(steps, inputs, outputs, grids)
    side = sqrt(_NOMINAL_BYTES / room)
    kept = [side - margin.before - margin.after for margin in (rows, columns)]
    moved = sum(grids[step.output].bytes_per_px for step in steps if not step.in_place)
    handed = sum(grids[name].bytes_per_px for name in (*inputs, *outputs))
    work = sum(step.macs for step in steps) + _MACS_PER_BYTE * (moved + 3 * handed)
    cost = work * side * side / (kept[0] * kept[1]) if min(kept) >= grain else 1e9 * work
    return _Draft(steps, inputs, outputs, rows, columns, grain, room, cost)


def _margin(
    steps: Sequence[Step], ends: tuple[Sequence[str], Sequence[str]], grids: dict[str, Grid], grain: int, axis: int
) -> Margin:
    """What one grain of the outputs depends on, followed back along one axis. ends: inputs, outputs."""
    inputs, outputs = ends
    needs = {name: (0, grain // grids[name].stride) for name in outputs}
    for step in reversed(steps):
        if step.output not in needs:
            continue
        window: Window = step.windows[axis]
        low, high = window.inputs(*needs[step.output])
        for name in step.inputs:
            have = needs.get(name, (low, high))
            needs[name] = (min(low, have[0]), max(high, have[1]))
    read = [(needs[name], grids[name].stride) for name in inputs if name in needs]
    before = max(-low * stride for (low, _), stride in read)
    after = max(high * stride - grain for (_, high), stride in read)
    return Margin(*(max(0, -(-value // grain) * grain) for value in (before, after)))


def _peak(steps: Sequence[Step], inputs: Sequence[str], outputs: Sequence[str], grids: dict[str, Grid]) -> float:
    """The most bytes for each px that live at once while the steps run."""
    last = {name: number for number, step in enumerate(steps) for name in step.inputs}
    last |= dict.fromkeys(outputs, len(steps))
    living = {name: grids[name].bytes_per_px for name in inputs}
    most = sum(living.values())
    for number, step in enumerate(steps):
        gone = [name for name in step.inputs if last[name] == number]
        if step.in_place and gone:
            living.pop(gone.pop(0))
        living[step.output] = grids[step.output].bytes_per_px
        most = max(most, sum(living.values()))
        for name in gone:
            living.pop(name)
    return _SLACK * most


def _cut_out(anatomy: Anatomy, draft: _Draft) -> bytes:
    nodes = [step.node for step in draft.steps]
    return _without_cuts(_graph(anatomy, nodes, draft.inputs, draft.outputs), anatomy.grids)


def _without_cuts(model: bytes, grids: dict[str, Grid]) -> bytes:
    """Drop what cuts a grid to the size of another one, since the sides of blocks are multiples of every stride.

    Reading that size costs the runtime a copy of the whole tensor in another layout.
    """
    import onnx

    proto: Any = onnx.load_model_from_string(model)
    given = {port.name for port in proto.graph.output}
    renamed: dict[str, str] = {}
    for node in proto.graph.node:
        for place, name in enumerate(node.input):
            node.input[place] = renamed.get(name, name)
        if node.op_type == "Slice" and node.input[0] in grids and node.output[0] not in given:
            renamed[node.output[0]] = node.input[0]
    kept = []
    for node in reversed(proto.graph.node):
        if given & set(node.output) and node.output[0] not in renamed:
            kept.append(node)
            given |= set(node.input)
    del proto.graph.node[:]
    proto.graph.node.extend(kept[::-1])
    return bytes(proto.SerializeToString())


def _graph(anatomy: Anatomy, nodes: Sequence[Any], inputs: Sequence[str], outputs: Sequence[str]) -> bytes:
    """An ONNX file of some operators, with whatever constants and sizes they want."""
    from onnx import TensorProto, helper

    graph = anatomy.model.graph
    chosen, wanted = {id(node) for node in nodes}, {name for node in nodes for name in node.input}
    kept = []
    for node in reversed(graph.node):
        if id(node) in chosen or (wanted & set(node.output) and node.output[0] not in anatomy.grids):
            kept.append(node)
            wanted |= set(node.input)
    ports = []
    for name in inputs:
        grid = anatomy.grids[name]
        shape: list[str | int | None] = (
            [1, "h", "w", grid.channels] if grid.channels_last else [1, grid.channels, f"{name}_h", f"{name}_w"]
        )
        ports.append(helper.make_tensor_value_info(name, grid.kind, shape))
    kinds = {name: anatomy.grids[name].kind if name in anatomy.grids else TensorProto.FLOAT for name in outputs}
    given = [helper.make_tensor_value_info(name, kind, None) for name, kind in kinds.items()]
    stored = [tensor for tensor in graph.initializer if tensor.name in wanted]
    made = helper.make_graph(kept[::-1], "stage", ports, given, stored)
    model = helper.make_model(made, opset_imports=anatomy.model.opset_import, ir_version=anatomy.model.ir_version)
    return bytes(model.SerializeToString())
