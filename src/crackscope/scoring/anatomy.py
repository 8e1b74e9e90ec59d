"""What a graph does to places of a picture: which tensors lie over it as grids, and which cells a cell is made of.

Enough operators are known for the networks that this package trains (and for convolutional ones of others). A graph
with any other operator between pixels and map, or with one that looks at the whole picture, has no anatomy: it has to
be run on tiles.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

IMAGES, MAP, EMBEDDING = "images", "map", "embedding"
_FLOAT, _UINT8, _INT8 = 1, 2, 3
_BYTES = {_FLOAT: 4, _UINT8: 1, _INT8: 1}

# fmt: off
_POINTWISE = frozenset((
    "Add", "Sub", "Mul", "Div", "Relu", "Clip", "LeakyRelu", "PRelu", "Sigmoid", "HardSigmoid", "HardSwish",
    "Tanh", "Erf", "Gelu", "Exp", "Sqrt", "Pow", "Identity", "Dropout", "BatchNormalization", "Concat",
    "Gather", "Cast", "QuantizeLinear", "DequantizeLinear", "LayerNormalization", "MatMul",
))
# fmt: on
_WINDOWS = frozenset(("Conv", "MaxPool", "AveragePool"))


class UnknownError(Exception):
    """An operator whose reach over the picture is not known, or is the whole picture."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A tensor that lies over a picture: one cell for each `stride` px along both sides.

    extra: cells more than the picture's side / stride, while a padding is waiting for its window. kind: element type
    as ONNX numbers them. channels_last: [n, h, w, c] instead of [n, c, h, w].
    """

    stride: int
    channels: int
    kind: int = _FLOAT
    extra: int = 0
    channels_last: bool = False

    @property
    def bytes_per_px(self) -> float:
        """Memory that it takes for each px of the picture."""
        return self.channels * _BYTES[self.kind] / self.stride**2


class Window(NamedTuple):
    """Cell i of the output along one side is made of cells i * step // up - before to that + span - 1 of the input."""

    step: int = 1
    up: int = 1
    before: int = 0
    span: int = 1

    def inputs(self, low: int, high: int) -> tuple[int, int]:
        """The range of input cells that a range of output cells, low <= i < high, is made of."""
        return low * self.step // self.up - self.before, (high - 1) * self.step // self.up - self.before + self.span


@dataclass(frozen=True, slots=True)
class Step:
    """One operator between pixels and map. macs: multiplications for each px of the picture."""

    node: Any
    inputs: tuple[str, ...]
    output: str
    windows: tuple[Window, Window] = (Window(), Window())
    macs: float = 0.0
    in_place: bool = False


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
    found = Anatomy(proto, grids={IMAGES: Grid(1, 3, _UINT8, channels_last=True)})
    constants = _Constants(proto.graph)
    for_map, for_embedding = (_ancestors(proto.graph.node, name) for name in (MAP, EMBEDDING))
    for node in proto.graph.node:
        if constants.take(node):
            continue
        if _of_size(node, found):
            found.sizes.update(dict.fromkeys(node.output, _sized_by(node, found)))
        elif node.output[0] in for_map | for_embedding:
            try:
                step = _step(node, found, constants)
                found.grids[step.output] = _result(step, found.grids, constants)
                found.steps.append(step)
            except UnknownError:
                if node.output[0] in for_map:
                    raise
                found.tail.append(node)
    if found.grids[MAP].channels != 1 or found.grids[MAP].extra:
        raise UnknownError("the map is no map")
    _check_tail(found, constants)
    return found


class _Constants:
    """Tensors that do not depend on the picture."""

    def __init__(self, graph: Any) -> None:
        from onnx import numpy_helper

        self._read: Callable[[Any], NDArray[Any]] = numpy_helper.to_array
        self._stored = {tensor.name: tensor for tensor in graph.initializer}
        self._shapes = {name: tuple(tensor.dims) for name, tensor in self._stored.items()}
        self._names = {*self._stored, ""}

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def take(self, node: Any) -> bool:
        """Whether an operator has constants only as inputs; what it gives is constant from now on."""
        if not all(name in self._names for name in node.input):
            return False
        self._names |= set(node.output)
        if node.op_type == "Constant":
            value = attribute(node, "value")
            self._stored[node.output[0]] = value
            self._shapes[node.output[0]] = tuple(value.dims) if value is not None else ()
        elif node.input and node.input[0] in self._shapes:  # casts, (de)quantised weights: same shape
            self._shapes[node.output[0]] = self._shapes[node.input[0]]
        return True

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a constant. Raises UnknownError when it is worked out by operators that change it."""
        if name not in self._shapes:
            raise UnknownError(f"the shape of {name}")
        return self._shapes[name]

    def values(self, node: Any, place: int) -> list[float]:
        """The numbers of an operator's input. Raises UnknownError unless it is a stored constant."""
        name = node.input[place] if place < len(node.input) else ""
        if self._stored.get(name) is None:
            raise UnknownError(f"input {place} of {node.op_type}")
        return [float(value) for value in self._read(self._stored[name]).reshape(-1)]


def attribute(node: Any, name: str, default: Any = None) -> Any:
    """The value of an operator's attribute."""
    from onnx import helper

    for entry in node.attribute:
        if entry.name == name:
            return helper.get_attribute_value(entry)
    return default


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


def _step(node: Any, found: Anatomy, constants: _Constants) -> Step:
    grids = found.grids
    if not any(name in grids for name in node.input):
        raise UnknownError(node.op_type)
    inputs = tuple(dict.fromkeys(_sized_by(node, found)))
    kind, grid = node.op_type, grids[inputs[0]]
    if kind in _WINDOWS:
        return _window(node, inputs, grid, constants)
    if kind == "Pad":
        return Step(node, inputs, node.output[0], _padding(node, grid, constants))
    if kind == "Resize":
        return Step(node, inputs, node.output[0], _enlarging(node, constants))
    if kind == "Slice":
        _check_slice(node, [grids[name].stride for name in inputs], constants)
    elif kind == "Transpose":
        _check_turn(node, grid)
    elif kind in _POINTWISE:
        _check_pointwise(node, grids, constants)
    else:
        raise UnknownError(kind)
    macs = grid.channels * constants.shape(node.input[1])[-1] / grid.stride**2 if kind == "MatMul" else 0.0
    return Step(node, inputs, node.output[0], macs=macs, in_place=kind not in ("Concat", "MatMul", "Transpose", "Cast"))


def _check_slice(node: Any, strides: list[int], constants: _Constants) -> None:
    """Raise UnknownError unless a grid is cut to the size of another one, at its end."""
    to_size = len(strides) == 2 and strides[0] == strides[1]
    if not to_size or any(constants.values(node, 1)) or sorted(constants.values(node, 3)) != [2, 3]:
        raise UnknownError("Slice that moves the grid")


def _check_turn(node: Any, grid: Grid) -> None:
    if list(attribute(node, "perm", [])) != ([0, 3, 1, 2] if grid.channels_last else [0, 2, 3, 1]):
        raise UnknownError("Transpose")


def _check_pointwise(node: Any, grids: Mapping[str, Grid], constants: _Constants) -> None:
    """Raise UnknownError unless every input is a constant or lies over the picture in the same way."""
    kind, grid = node.op_type, grids[next(name for name in node.input if name in grids)]
    if not all(name in grids or name in constants for name in node.input):
        raise UnknownError(f"{kind} with something seen over the whole picture")
    if any(
        (grids[name].stride, grids[name].extra, grids[name].channels_last)
        != (grid.stride, grid.extra, grid.channels_last)
        for name in node.input
        if name in grids
    ):
        raise UnknownError(f"{kind} of different grids")
    channel = 3 if grid.channels_last else 1
    if kind in ("Concat", "Gather") and attribute(node, "axis", 0) not in (channel, channel - 4):
        raise UnknownError(f"{kind} along the picture")
    if kind in ("LayerNormalization", "MatMul") and not grid.channels_last:
        raise UnknownError(f"{kind} along the picture")
    if kind == "LayerNormalization" and attribute(node, "axis", -1) not in (-1, 3):
        raise UnknownError("LayerNormalization over the picture")


def _window(node: Any, inputs: tuple[str, ...], grid: Grid, constants: _Constants) -> Step:
    if grid.channels_last:
        raise UnknownError(f"{node.op_type} with channels last")
    weights = constants.shape(node.input[1]) if node.op_type == "Conv" else (grid.channels, 0, 0, 0)
    sides = list(attribute(node, "kernel_shape", weights[2:]))
    steps, wide = (list(attribute(node, name, [1, 1])) for name in ("strides", "dilations"))
    if attribute(node, "ceil_mode", 0) or len(sides) != 2:
        raise UnknownError(node.op_type)
    spans = [(side - 1) * step + 1 for side, step in zip(sides, wide, strict=True)]
    before = _before(node, spans, steps)
    windows = [Window(step, 1, pad, span) for step, pad, span in zip(steps, before, spans, strict=True)]
    if steps[0] != steps[1]:
        raise UnknownError(f"{node.op_type} with different strides")
    macs = float(np.prod(weights)) / (grid.stride * steps[0]) ** 2 if node.op_type == "Conv" else 0.0
    return Step(node, inputs, node.output[0], (windows[0], windows[1]), macs)


def _before(node: Any, spans: list[int], steps: list[int]) -> list[int]:
    """Cells of padding before the picture; sides are multiples of every stride here."""
    rule = attribute(node, "auto_pad", b"NOTSET")
    if rule in (b"SAME_UPPER", b"SAME_LOWER"):
        total = [max(span - step, 0) for span, step in zip(spans, steps, strict=True)]
        return [value // 2 if rule == b"SAME_UPPER" else value - value // 2 for value in total]
    if rule not in (b"NOTSET", b"VALID", b""):
        raise UnknownError(f"auto_pad {rule!r}")
    return list(attribute(node, "pads", [0, 0, 0, 0]))[:2]


def _padding(node: Any, grid: Grid, constants: _Constants) -> tuple[Window, Window]:
    pads = constants.values(node, 1)
    if grid.channels_last or len(pads) != 8 or any(pads[place] for place in (0, 1, 4, 5)) or len(node.input) > 3:
        raise UnknownError("Pad")
    return Window(before=int(pads[2])), Window(before=int(pads[3]))


def _enlarging(node: Any, constants: _Constants) -> tuple[Window, Window]:
    scales = constants.values(node, 2)
    exact = attribute(node, "mode", b"nearest") == b"nearest" and (
        attribute(node, "coordinate_transformation_mode", b"half_pixel") == b"asymmetric"
        and attribute(node, "nearest_mode", b"round_prefer_floor") == b"floor"
    )
    if len(scales) != 4 or scales[:2] != [1, 1] or scales[2] != scales[3] or scales[2] % 1 or scales[2] < 1:
        raise UnknownError("Resize")
    window = Window(1, int(scales[2])) if exact else Window(1, int(scales[2]), 1, 3)
    return window, window


def _result(step: Step, grids: Mapping[str, Grid], constants: _Constants) -> Grid:
    """What a step gives."""
    node, grid = step.node, grids[step.inputs[0]]
    kind = node.op_type
    if kind in _WINDOWS:
        return _windowed(step, grid, constants)
    if kind == "Pad":
        pads = constants.values(node, 1)
        if pads[2] + pads[6] != pads[3] + pads[7]:
            raise UnknownError("Pad of different sides")
        return replace(grid, extra=grid.extra + int(pads[2] + pads[6]))
    if kind == "Resize":
        up = step.windows[0].up
        if grid.stride % up or grid.extra:
            raise UnknownError("Resize")
        return replace(grid, stride=grid.stride // up)
    if kind == "Slice":
        return replace(grid, extra=0)
    if kind == "Transpose":
        return replace(grid, channels_last=not grid.channels_last)
    if kind == "Cast":
        to = attribute(node, "to")
        return replace(grid, kind=_known(to))
    if kind == "QuantizeLinear":
        return replace(grid, kind=_UINT8)
    if kind == "DequantizeLinear":
        return replace(grid, kind=_FLOAT)
    if kind == "Concat":
        return replace(grid, channels=sum(grids[name].channels for name in node.input))
    return replace(grid, channels=constants.shape(node.input[1])[-1]) if kind == "MatMul" else grid


def _known(kind: int) -> int:
    if kind not in _BYTES:
        raise UnknownError(f"element type {kind}")
    return kind


def _windowed(step: Step, grid: Grid, constants: _Constants) -> Grid:
    node, window = step.node, step.windows[0]
    channels = constants.shape(node.input[1])[0] if node.op_type == "Conv" else grid.channels
    if attribute(node, "auto_pad", b"NOTSET") in (b"SAME_UPPER", b"SAME_LOWER"):
        if grid.extra:
            raise UnknownError("padding twice")
        return replace(grid, channels=channels, stride=grid.stride * window.step)
    pads = list(attribute(node, "pads", [0, 0, 0, 0]))
    if pads[0] + pads[2] != pads[1] + pads[3]:
        raise UnknownError("pads of different sides")
    extra = (grid.extra + pads[0] + pads[2] - window.span) // window.step + 1
    return replace(grid, channels=channels, stride=grid.stride * window.step, extra=extra)


def _check_tail(found: Anatomy, constants: _Constants) -> None:
    """Name the grids that the embedding is made of. Raises UnknownError when it is made of anything else."""
    inside = {name for node in found.tail for name in node.output}
    used = {name for node in found.tail for name in node.input if name not in inside and name not in constants}
    grids = [found.grids.get(name) for name in sorted(used)]
    if not used or any(grid is None or grid.extra or grid.channels_last for grid in grids):
        raise UnknownError("the embedding is made of more than grids")
    found.tail_inputs = tuple(sorted(used))
