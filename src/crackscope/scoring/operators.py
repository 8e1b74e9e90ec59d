"""What operators of a graph do to grids over a picture: which cells of the input a cell of the output is made of.

Known are the operators of the networks that this package trains and exports, and of convolutional ones of others.
Source: the operators' definitions, https://onnx.ai/onnx/operators/
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from crackscope.scoring.constants import FLOAT, INT8, UINT8, Constants, UnknownError, attribute

_BYTES = {FLOAT: 4, UINT8: 1, INT8: 1}
# fmt: off
_POINTWISE = frozenset((
    "Add", "Sub", "Mul", "Div", "Relu", "Clip", "LeakyRelu", "PRelu", "Sigmoid", "HardSigmoid", "HardSwish",
    "Tanh", "Erf", "Gelu", "Exp", "Sqrt", "Pow", "Identity", "Dropout", "BatchNormalization", "Concat",
    "Gather", "Cast", "QuantizeLinear", "DequantizeLinear", "LayerNormalization", "MatMul",
))
# fmt: on
_WINDOWS = frozenset(("Conv", "MaxPool", "AveragePool"))
_OVER_CHANNELS = frozenset(("ReduceMean", "ReduceMax", "ReduceSum"))
_OUT_OF_PLACE = frozenset(("Concat", "MatMul", "Transpose", "Cast", *_OVER_CHANNELS))


@dataclass(frozen=True, slots=True)
class Grid:
    """A tensor that lies over a picture: one cell for each `stride` px along both sides.

    extra: cells more than the picture's side / stride, while a padding is waiting for its window. kind: element type
    as ONNX numbers them. channels_last: [n, h, w, c] instead of [n, c, h, w].
    """

    stride: int
    channels: int
    kind: int = FLOAT
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


def step_of(node: Any, read: tuple[str, ...], grids: Mapping[str, Grid], constants: Constants) -> Step:
    """Find out what an operator does. read: grids that it reads, or whose sizes it reads. Raises UnknownError."""
    if not any(name in grids for name in node.input):
        raise UnknownError(node.op_type)
    inputs = tuple(dict.fromkeys(read))
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
    elif kind in _OVER_CHANNELS:
        _check_over_channels(node, grid, constants)
    elif kind in _POINTWISE:
        _check_pointwise(node, grids, constants)
    else:
        raise UnknownError(kind)
    macs = grid.channels * constants.shape(node.input[1])[-1] / grid.stride**2 if kind == "MatMul" else 0.0
    return Step(node, inputs, node.output[0], macs=macs, in_place=kind not in _OUT_OF_PLACE)


def _check_slice(node: Any, strides: list[int], constants: Constants) -> None:
    """Raise UnknownError unless a grid is cut to the size of another one, at its end."""
    to_size = len(strides) == 2 and strides[0] == strides[1]
    if not to_size or any(constants.values(node, 1)) or sorted(constants.values(node, 3)) != [2, 3]:
        raise UnknownError("Slice that moves the grid")


def _check_turn(node: Any, grid: Grid) -> None:
    if list(attribute(node, "perm", [])) != ([0, 3, 1, 2] if grid.channels_last else [0, 2, 3, 1]):
        raise UnknownError("Transpose")


def _check_over_channels(node: Any, grid: Grid, constants: Constants) -> None:
    axes = constants.values(node, 1) if len(node.input) > 1 else attribute(node, "axes", [])
    if [axis % 4 for axis in axes] != [3 if grid.channels_last else 1] or not attribute(node, "keepdims", 1):
        raise UnknownError(f"{node.op_type} over the picture")


def _check_pointwise(node: Any, grids: Mapping[str, Grid], constants: Constants) -> None:
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


def _window(node: Any, inputs: tuple[str, ...], grid: Grid, constants: Constants) -> Step:
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


def _padding(node: Any, grid: Grid, constants: Constants) -> tuple[Window, Window]:
    pads = constants.values(node, 1)
    if grid.channels_last or len(pads) != 8 or any(pads[place] for place in (0, 1, 4, 5)) or len(node.input) > 3:
        raise UnknownError("Pad")
    return Window(before=int(pads[2])), Window(before=int(pads[3]))


def _enlarging(node: Any, constants: Constants) -> tuple[Window, Window]:
    scales = constants.values(node, 2)
    exact = attribute(node, "mode", b"nearest") == b"nearest" and (
        attribute(node, "coordinate_transformation_mode", b"half_pixel") == b"asymmetric"
        and attribute(node, "nearest_mode", b"round_prefer_floor") == b"floor"
    )
    if len(scales) != 4 or scales[:2] != [1, 1] or scales[2] != scales[3] or scales[2] % 1 or scales[2] < 1:
        raise UnknownError("Resize")
    window = Window(1, int(scales[2])) if exact else Window(1, int(scales[2]), 1, 3)
    return window, window


def result_of(step: Step, grids: Mapping[str, Grid], constants: Constants) -> Grid:
    """What a step gives. Raises UnknownError."""
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
        return replace(grid, extra=grids[step.inputs[1]].extra)
    return _pointwise_result(node, grid, grids, constants)


def _pointwise_result(node: Any, grid: Grid, grids: Mapping[str, Grid], constants: Constants) -> Grid:
    kind = node.op_type
    if kind == "Transpose":
        return replace(grid, channels_last=not grid.channels_last)
    if kind == "Cast":
        return replace(grid, kind=_known(attribute(node, "to")))
    if kind == "QuantizeLinear":
        return replace(grid, kind=_known(constants.kind(node.input[2]) if len(node.input) > 2 else UINT8))
    if kind == "DequantizeLinear":
        return replace(grid, kind=FLOAT)
    return replace(grid, channels=_channels(node, grids, constants))


def _channels(node: Any, grids: Mapping[str, Grid], constants: Constants) -> int:
    kind = node.op_type
    if kind == "Concat":
        return sum(grids[name].channels for name in node.input)
    if kind == "Gather":
        return int(np.prod(constants.shape(node.input[1])))
    if kind in _OVER_CHANNELS:
        return 1
    return constants.shape(node.input[1])[-1] if kind == "MatMul" else _widest(node, grids, constants)


def _widest(node: Any, grids: Mapping[str, Grid], constants: Constants) -> int:
    """Channels of what an operator gives that repeats the narrower of its inputs."""
    first = next(grids[name] for name in node.input if name in grids)
    counts = [grids[name].channels for name in node.input if name in grids]
    for name in node.input:
        if node.op_type in ("Add", "Sub", "Mul", "Div") and name in constants:
            shape = constants.shape(name)
            counts += shape[-1:] if first.channels_last else shape[-3:-2]
            if any(side != 1 for side in (shape[-3:-1] if first.channels_last else shape[-2:])):
                raise UnknownError(f"{node.op_type} with something that has sides of its own")
    return max(counts)


def _known(kind: int) -> int:
    if kind not in _BYTES:
        raise UnknownError(f"element type {kind}")
    return kind


def _windowed(step: Step, grid: Grid, constants: Constants) -> Grid:
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
