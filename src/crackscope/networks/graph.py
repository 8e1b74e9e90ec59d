"""Our own networks written down as ONNX, operator by operator.

The layers that our networks are made of are few, and each is one operator. Writing them takes milliseconds where
tracing takes ten seconds, gives the same bytes on every machine, and keeps padding rules and names readable.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper
from torch import Tensor, nn

from crackscope.networks import layers as own
from crackscope.networks.fusing import FusedSameConv, FusedSameMaxPool
from crackscope.networks.heads import GlobalAverage

OPSET = 18
_IR_VERSION = 9

Side = int | str | None


class GraphWriter:
    """Collects operators. Every method that writes some takes and gives names of tensors."""

    def __init__(self) -> None:
        self._nodes: list[NodeProto] = []
        self._constants: dict[str, TensorProto] = {}

    def constant(self, values: NDArray[Any] | Tensor, name: str = "") -> str:
        """Add a constant; equal small integers are shared."""
        array = values.detach().cpu().numpy() if isinstance(values, Tensor) else values
        name = name or f"constant_{len(self._constants)}"
        self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(array), name)
        return name

    def integers(self, *values: int) -> str:
        """Add a constant int64 [k]."""
        name = "integers_" + "_".join(map(str, values)).replace("-", "minus")
        return self.constant(np.array(values, np.int64), name)

    def add(self, operator: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """Add an operator of one output, which gets the operator's name."""
        name = name or f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def add_first(self, operator: str, outputs: int, *inputs: str, name: str, **attributes: Any) -> str:
        """Add an operator of several outputs, of which the first is wanted."""
        names = [name, *(f"{name}.{number}" for number in range(1, outputs))]
        self._nodes.append(helper.make_node(operator, list(inputs), names, name=name, **attributes))
        return name

    def run(self, module: nn.Module, x: str, name: str) -> str:
        """Add what a module does to a tensor [n, c, h, w] (to pictures [n, h, w, 3], the input layer)."""
        if isinstance(module, nn.Sequential):
            for child, layer in module.named_children():
                x = self.run(layer, x, child if not name else f"{name}.{child}")
            return x
        for kind, write in _WRITERS.items():
            if isinstance(module, kind):
                result: str = write(self, module, x, name)
                return result
        raise TypeError(f"{name}: no operator is known for {type(module).__name__}")

    def rename(self, old: str, new: str) -> None:
        """Give the output of the operator that was added last another name."""
        node = self._nodes[-1]
        assert node.output[0] == old
        node.output[0] = new

    def finish(self, inputs: Mapping[str, tuple[Side, ...]], outputs: Mapping[str, tuple[Side, ...] | None]) -> bytes:
        """The model. inputs are uint8, outputs float32; a side is a number, or a name where it is free. None: of any
        shape."""
        graph = helper.make_graph(
            self._nodes,
            "crackscope",
            [helper.make_tensor_value_info(name, TensorProto.UINT8, sides) for name, sides in inputs.items()],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, sides) for name, sides in outputs.items()],
            list(self._constants.values()),
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=_IR_VERSION, producer_name="crackscope"
        )
        return bytes(model.SerializeToString(deterministic=True))


def _pixels(writer: GraphWriter, layer: own.Pixels, x: str, name: str) -> str:
    x = writer.add("Transpose", x, perm=[0, 3, 1, 2], name=f"{name}.planes")
    if layer.bgr:
        x = writer.add("Gather", x, writer.integers(2, 1, 0), axis=1, name=f"{name}.bgr")
    x = writer.add("Cast", x, to=TensorProto.FLOAT, name=f"{name}.float")
    x = writer.add("Mul", x, writer.constant(layer.scale, f"{name}.scale"), name=f"{name}.scaled")
    return writer.add("Add", x, writer.constant(layer.offset, f"{name}.offset"), name=name)


def _conv(writer: GraphWriter, layer: nn.Conv2d, x: str, name: str, same: bool = False) -> str:
    inputs = [x, writer.constant(layer.weight, f"{name}.weight")]
    if layer.bias is not None:
        inputs.append(writer.constant(layer.bias, f"{name}.bias"))
    attributes: dict[str, Any] = {"kernel_shape": list(layer.kernel_size), "strides": list(layer.stride)}
    if same:
        attributes["auto_pad"] = "SAME_UPPER"
    else:
        assert not isinstance(layer.padding, str)
        attributes["pads"] = [*layer.padding, *layer.padding]
    return writer.add("Conv", *inputs, group=layer.groups, name=name, **attributes)


def _fused_same_conv(writer: GraphWriter, layer: FusedSameConv, x: str, name: str) -> str:
    return _conv(writer, layer.conv, x, name, same=True)


def _norm(writer: GraphWriter, layer: own.Norm, x: str, name: str) -> str:
    assert layer.running_mean is not None
    assert layer.running_var is not None
    scale = layer.weight.double() / (layer.running_var.double() + layer.eps).sqrt()
    shift = layer.bias.double() - layer.running_mean.double() * scale
    x = writer.add(
        "Mul", x, writer.constant(scale.float()[None, :, None, None], f"{name}.scale"), name=f"{name}.scaled"
    )
    return writer.add("Add", x, writer.constant(shift.float()[None, :, None, None], f"{name}.shift"), name=name)


def _relu6(writer: GraphWriter, _: nn.ReLU6, x: str, name: str) -> str:
    low, high = writer.constant(np.array(0, np.float32), "zero"), writer.constant(np.array(6, np.float32), "six")
    return writer.add("Clip", x, low, high, name=name)


def _relu(writer: GraphWriter, _: nn.ReLU, x: str, name: str) -> str:
    return writer.add("Relu", x, name=name)


def _pad(writer: GraphWriter, layer: nn.ZeroPad2d, x: str, name: str) -> str:
    left, right, top, bottom = layer.padding
    if not any(layer.padding):
        return x
    # Next to nothing instead of zero keeps a runtime from merging it into a maximum that follows (see fusing).
    value = writer.constant(np.array(layer.value, np.float32), f"{name}.value")
    return writer.add("Pad", x, writer.integers(0, 0, top, left, 0, 0, bottom, right), value, name=name)


def _max_pool(writer: GraphWriter, layer: nn.MaxPool2d, x: str, name: str) -> str:
    kernel, stride = _pair(layer.kernel_size), _pair(layer.stride)
    return writer.add("MaxPool", x, kernel_shape=kernel, strides=stride, name=name)


def _same_max_pool(writer: GraphWriter, _: nn.Module, x: str, name: str) -> str:
    return writer.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER", name=name)


def _residual(writer: GraphWriter, block: own.Residual, x: str, _: str) -> str:
    def walk(path: str, x: str) -> str:
        for name in block.paths.get(path, ()):
            x = writer.run(block.get_submodule(name), x, name)
        return x

    start = walk("before", x)
    shortcut = walk("shortcut", x if block.raw_shortcut else start)
    total = writer.add("Add", shortcut, walk("body", start), name=block.paths["add"][0])
    return walk("after", total)


def _global_average(writer: GraphWriter, _: nn.Module, x: str, name: str) -> str:
    return writer.add("ReduceMean", x, writer.integers(2, 3), keepdims=0, name=name)


def _nothing(_: GraphWriter, __: nn.Module, x: str, ___: str) -> str:
    return x


def _pair(value: int | Sequence[int]) -> list[int]:
    return [value, value] if isinstance(value, int) else list(value)


_WRITERS: dict[type[nn.Module], Any] = {
    own.Pixels: _pixels,
    own.Residual: _residual,
    own.Norm: _norm,
    FusedSameConv: _fused_same_conv,
    FusedSameMaxPool: _same_max_pool,
    nn.Conv2d: _conv,
    nn.ReLU6: _relu6,
    nn.ReLU: _relu,
    nn.ZeroPad2d: _pad,
    nn.MaxPool2d: _max_pool,
    GlobalAverage: _global_average,
    nn.Dropout: _nothing,
    nn.Identity: _nothing,
}


def writable(module: nn.Module) -> bool:
    """Whether all layers of a module are ours to write; backbones of other packages are not."""
    return not any(isinstance(part, own.Opaque) for part in module.modules())


def linear_weights(layer: nn.Linear, last: bool) -> tuple[Tensor, Tensor]:
    """Weight [out, in] and bias [out] of a dense layer; of a last one with two units, crack minus sound."""
    weight, bias = layer.weight.detach(), layer.bias.detach()
    if last and weight.shape[0] == 2:
        return weight[1:] - weight[:1], bias[1:] - bias[:1]
    return weight, bias
