"""Where in a graph the features are that can move its answers.

In a pyramid that this package wrote, lateral convolutions (`lateral_0` at the map's own stride, each next one at twice
the stride) read the backbone at several depths. What they read, but for the deepest, is looked at where the map is
suspicious; the last of those also all over the patch. Of any other graph whose map is a 1x1 convolution, the features
under the map are looked at where it is suspicious, and nothing else.
"""

import re
from dataclasses import dataclass
from typing import Any

_LATERAL = re.compile(r"lateral_(\d+)$")
_LEAST_LATERALS = 2


@dataclass(frozen=True, slots=True)
class Level:
    """A tensor of features, [n, channels, h, w]; one cell covers `side` by `side` cells of the map."""

    name: str
    channels: int
    side: int = 1


@dataclass(frozen=True, slots=True)
class Levels:
    """map: its name before any change. suspicious: features looked at where the map is high. whole: everywhere."""

    map: str
    suspicious: tuple[Level, ...]
    whole: Level | None

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many features there are of each kind: at suspicious places, and mean and deviation over the patch."""
        kinds = [sum(level.channels for level in self.suspicious)]
        return (*kinds, 2 * self.whole.channels) if self.whole else tuple(kinds)


def find_levels(proto: Any) -> Levels | None:
    """Find the features of a loaded graph; None where its map is no 1x1 convolution."""
    made_by = {name: node for node in proto.graph.node for name in node.output}
    shapes = {tensor.name: list(tensor.dims) for tensor in proto.graph.initializer}
    shapes |= {node.output[0]: shapes[node.input[0]] for node in proto.graph.node if _is_cast(node, shapes)}
    name = "map"
    while name in made_by and made_by[name].op_type in ("Add", "Mul"):  # earlier changes
        name = made_by[name].input[0]
    last = made_by.get(name)
    kernel = shapes.get(last.input[1], []) if last is not None and last.op_type == "Conv" else []
    if last is None or len(kernel) != 4 or kernel[0] != 1 or kernel[2:] != [1, 1]:
        return None
    read = _laterals(proto, shapes)[:-1]
    if read:
        return Levels(name, tuple(read), read[-1])
    return Levels(name, (Level(last.input[0], int(kernel[1])),), None)


def _is_cast(node: Any, shapes: dict[str, list[int]]) -> bool:
    return node.op_type == "Cast" and node.input[0] in shapes


def _laterals(proto: Any, shapes: dict[str, list[int]]) -> list[Level]:
    """What lateral convolutions read, the finest first; nothing where sizes are rounded down on the way."""
    found: dict[int, Level] = {}
    for node in proto.graph.node:
        known = _LATERAL.match(node.output[0]) if node.op_type == "Conv" else None
        if known and node.input[1] in shapes:
            number = int(known.group(1))
            found[number] = Level(node.input[0], int(shapes[node.input[1]][1]), 2**number)
    rounded = any(name.endswith(".edged") for node in proto.graph.node for name in node.output)
    whole = len(found) >= _LEAST_LATERALS and sorted(found) == list(range(len(found)))
    return [found[number] for number in sorted(found)] if whole and not rounded else []
