"""The summary of a network as text: a line a layer, and what learns."""

from collections.abc import Sequence

from crackscope.networks.network import CrackNetwork
from crackscope.networks.table import Layer, layer_table, output_shapes, parameter_counts
from crackscope.recipes import Freeze


def summary(network: CrackNetwork, size: tuple[int, int] = (224, 224), phases: Sequence[Freeze] = ()) -> str:
    """Name, kind, output shape, parameters and state of every layer, then the three counts, as Keras counts.

    size: (height, width) in px of the picture that the shapes are for. phases: what each phase of a training freezes:
    a column and counts for each, and the network is left as in the last. Without them, as it is frozen now.
    """
    tables, foot = [], [f"parameters  {parameter_counts(network)[0]:>12,}"]
    shapes = output_shapes(network, size)
    for number in range(max(len(phases), 1)):
        if phases:
            network.freeze(phases[number])
        tables.append(layer_table(network, size, shapes))
        _, trainable, frozen = parameter_counts(network)
        phase = f"  in phase {number + 1}" if len(phases) > 1 else ""
        foot += [f"  learn     {trainable:>12,}{phase}", f"  do not    {frozen:>12,}{phase}"]
    learns = [f"learns in phase {number + 1}" if len(phases) > 1 else "learns" for number in range(len(tables))]
    rows = [["layer", "kind", f"output at {size[1]} x {size[0]} px", "parameters", *learns]]
    rows += [[*_cells(same[0]), *map(_learns, same)] for same in zip(*tables, strict=True)]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    lines = [_line(row, widths) for row in rows]
    rule = "-" * (sum(widths) + 2 * len(widths) - 2)
    return "\n".join([lines[0], rule, *lines[1:], rule, *foot]) + "\n"


def _cells(layer: Layer) -> list[str]:
    return [layer.name, layer.kind, " x ".join(map(str, layer.output_shape)), f"{layer.parameters:,}"]


def _learns(layer: Layer) -> str:
    return "" if not layer.parameters else "yes" if layer.trainable else "no"


def _line(row: list[str], widths: list[int]) -> str:
    """The cells in columns; counts to the right."""
    cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
    cells[3] = row[3].rjust(widths[3])
    return "  ".join(cells).rstrip()
