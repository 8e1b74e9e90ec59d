"""Adding operators at the end of a graph."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Rewriting:
    """A loaded graph while operators are added. Every method that adds some takes and gives names of tensors."""

    def __init__(self, proto: Any) -> None:
        self._graph = proto.graph
        self._taken = {name for node in proto.graph.node for name in (*node.input, *node.output)}
        self._taken |= {tensor.name for tensor in proto.graph.initializer} | {node.name for node in proto.graph.node}

    def free(self, wish: str) -> str:
        """A name that nothing has yet; a bundle may be adapted again and again."""
        number = 1
        while f"{wish}.{number}" in self._taken:
            number += 1
        self._taken.add(f"{wish}.{number}")
        return f"{wish}.{number}"

    def rename(self, old: str, new: str) -> None:
        """Call a tensor otherwise, wherever it is made or used."""
        for node in self._graph.node:
            for names in (node.input, node.output):
                for place, name in enumerate(names):
                    if name == old:
                        names[place] = new

    def constant(self, wish: str, values: NDArray[Any]) -> str:
        """Store numbers."""
        from onnx import numpy_helper

        name = self.free(f"adapted.{wish}")
        self._graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def real(self, wish: str, value: float) -> str:
        """Store one float32 number, as an array that takes part in anything."""
        return self.constant(wish, np.array([value], np.float32))

    def scalar(self, wish: str, value: float) -> str:
        """Store one float32 number without sides."""
        return self.constant(wish, np.array(value, np.float32))

    def integers(self, *values: int) -> str:
        """Store int64 numbers."""
        return self.constant("integers", np.array(values, np.int64))

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator of one output."""
        from onnx import helper

        output = self.free(f"adapted.{operator.lower()}")
        self._graph.node.append(helper.make_node(operator, list(inputs), [output], name=output, **attributes))
        return output

    def total(self, names: list[str]) -> str:
        """The sum of tensors."""
        name = names[0]
        for other in names[1:]:
            name = self.add("Add", name, other)
        return name

    def summed(self, name: str) -> str:
        """The sum over all places: [n, c, 1, 1]."""
        return self.add("ReduceSum", name, self.integers(2, 3), keepdims=1)

    def averaged(self, name: str, half: int, passes: int) -> str:
        """A mean over up to passes * half cells to each side, that counts what is near more."""
        side = 2 * half + 1
        window = {"kernel_shape": [side, side], "pads": [half] * 4, "strides": [1, 1], "count_include_pad": 0}
        for _ in range(passes):
            name = self.add("AveragePool", name, **window)
        return name

    def combined(self, name: str, weights: NDArray[np.float32]) -> str:
        """weights . features at every place: [n, 1, h, w]."""
        kernel = self.constant("kernel", weights.astype(np.float32)[None, :, None, None])
        return self.add("Conv", name, kernel, kernel_shape=[1, 1])

    def enlarged(self, name: str, side: int, like: str) -> str:
        """Every cell side by side times, cut to the height and width of another tensor."""
        if side == 1:
            return name
        scales = self.constant("scales", np.array([1, 1, side, side], np.float32))
        rule = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        large = self.add("Resize", name, "", scales, **rule)
        sides = self.add("Shape", like, start=2, end=4)
        return self.add("Slice", large, self.integers(0, 0), sides, self.integers(2, 3))
