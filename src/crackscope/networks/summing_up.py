"""The summary of a network as text: a line a layer, and what learns."""

from crackscope.networks.network import CrackNetwork
from crackscope.networks.table import Layer, parameter_counts


def summary(network: CrackNetwork, size: tuple[int, int] = (224, 224)) -> str:
    """Name, kind, output shape, parameters and state of every layer, then the three counts, as Keras counts.

    size: (height, width) in px of the picture that the shapes are for.
    """
    rows = [("layer", "kind", "output", "parameters", "learns")]
    rows += [_cells(layer) for layer in network.layer_table(size)]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = [_line(row, widths) for row in rows]
    total, trainable, frozen = parameter_counts(network)
    rule = "-" * (sum(widths) + 8)
    counts = [f"parameters  {total:>12,}", f"  learn     {trainable:>12,}", f"  do not    {frozen:>12,}"]
    return "\n".join([lines[0], rule, *lines[1:], rule, *counts]) + "\n"


def _cells(layer: Layer) -> tuple[str, str, str, str, str]:
    shape = " x ".join(map(str, layer.output_shape))
    learns = "" if not layer.parameters else "yes" if layer.trainable else "no"
    return layer.name, layer.kind, shape, f"{layer.parameters:,}", learns


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    """The cells in columns; counts to the right."""
    cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
    cells[3] = row[3].rjust(widths[3])
    return "  ".join(cells).rstrip()
