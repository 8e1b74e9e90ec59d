"""How far the answers of an 8-bit bundle lie from those of the one it was made from, and how far they may."""

from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from crackscope.scoring.model import Model
from crackscope.scoring.runtime import Graph


@dataclass(frozen=True, slots=True)
class Gate:
    """How far 8-bit answers may differ: verdicts: share that turns over, mean: of |change of probability|, cells: of
    the cells that either marks as crack, the share that one alone does.

    Of the bundle in the package these are .013 of the cells on METU, .045 on SDNET2018, half of which shows cracks, and
    .11 on its sound walls alone, where what is marked is faint; of `probe`, whose maps are coarse, .042 on METU.
    """

    verdicts: float = 0.005
    mean: float = 0.01
    cells: float = 0.2


USUAL_GATE = Gate()


class QuantisedReport(msgspec.Struct, frozen=True, kw_only=True):
    """How an 8-bit bundle compares with the one it was made from, on rows that it was not calibrated on.

    compared, calibrated: pictures. verdicts_changed: share, 0 to 1. mean_change, largest_change: of probability.
    cells_changed: of the cells of their maps that either bundle marks as crack (above the mask threshold), the share
    that one alone does, 0 to 1; 0 where neither marks any.
    float_convolutions: how many of the first convolutions stayed float32.
    """

    compared: int
    calibrated: int
    verdicts_changed: float
    mean_change: float
    largest_change: float
    cells_changed: float
    float_convolutions: int


@dataclass(frozen=True, slots=True)
class QuantisedFacts:
    """What is known before the comparison: pictures calibrated on, convolutions kept float32."""

    calibrated: int
    kept: int


class Answers(NamedTuple):
    """What a graph says of pictures. read: probability and threshold of each, float64 [n, 2]. marked: which cells of
    all maps lie above the mask threshold, bool, one picture after the other."""

    read: NDArray[np.float64]
    marked: NDArray[np.bool_]


def compare(
    model: Model, plain: Answers, quantised: bytes, pictures: list[NDArray[np.uint8]], facts: QuantisedFacts
) -> QuantisedReport:
    """Hold a quantised graph against the answers of the plain one."""
    found = answers(model, Graph(quantised), pictures)
    change = np.abs(found.read[:, 0] - plain.read[:, 0])
    cracked, before = (said.read[:, 0] >= said.read[:, 1] for said in (found, plain))
    return QuantisedReport(
        compared=len(pictures),
        calibrated=facts.calibrated,
        verdicts_changed=float(np.mean(cracked != before)),
        mean_change=float(change.mean()),
        largest_change=float(change.max()),
        cells_changed=_by_one_alone(found.marked, plain.marked),
        float_convolutions=facts.kept,
    )


def _by_one_alone(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float((one != other).sum() / max(1, (one | other).sum()))


def answers(model: Model, graph: Graph, pictures: list[NDArray[np.uint8]]) -> Answers:
    """What a graph says of pictures, uint8 [h, w, 3], read as the model reads it. Raises BundleError."""
    least = model.manifest.mask_threshold
    read: list[tuple[float, float]] = []
    marked: list[NDArray[np.bool_]] = []
    for pixels in pictures:
        raw = graph.run(pixels)
        read.append(model.calibrated(raw.score, raw.embedding)[:2])
        marked.append(raw.map.ravel() > least)
    return Answers(np.array(read), np.concatenate(marked))


def passes(report: QuantisedReport, gate: Gate) -> bool:
    """Whether the answers agree as well as is asked for."""
    return (
        report.verdicts_changed <= gate.verdicts
        and report.mean_change <= gate.mean
        and report.cells_changed <= gate.cells
    )


def told_apart(report: QuantisedReport, gate: Gate) -> str:
    """Why a bundle is refused, with its figures beside those of the gate."""
    return (
        f"8-bit answers differ too much from float32 on {report.compared} pictures: {report.verdicts_changed:.2%} of "
        f"verdicts turned over (gate {gate.verdicts:.2%}), probability changed by {report.mean_change:.4f} on average "
        f"(gate {gate.mean:.4f}), {report.largest_change:.3f} at most, and of the cells that "
        f"either marks as crack {report.cells_changed:.1%} are marked by one alone (gate {gate.cells:.1%}); use the "
        "float32 bundle"
    )
