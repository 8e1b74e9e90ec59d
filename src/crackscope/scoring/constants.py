"""What of a graph does not depend on the picture."""

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

FLOAT, UINT8, INT8 = 1, 2, 3
"""Element types as ONNX numbers them."""

_SHAPE_KEPT = frozenset(("Cast", "Identity", "QuantizeLinear", "DequantizeLinear"))


class UnknownError(Exception):
    """An operator whose reach over the picture is not known, or is the whole picture."""


class Constants:
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
        elif node.op_type in _SHAPE_KEPT and node.input[0] in self._shapes:
            self._shapes[node.output[0]] = self._shapes[node.input[0]]
        return True

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a constant. Raises UnknownError when it is worked out by operators that change it."""
        if name not in self._shapes:
            raise UnknownError(f"the shape of {name}")
        return self._shapes[name]

    def kind(self, name: str) -> int:
        """The element type of a stored constant, as ONNX numbers them; that of bytes where there is none."""
        stored = self._stored.get(name)
        return UINT8 if stored is None else int(stored.data_type)

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
