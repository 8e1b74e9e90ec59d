"""From a trained network to a bundle: rounded, exported, calibrated, checked."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

import crackscope
from crackscope import networks, scoring
from crackscope.bundles import Calibration, InputSpec, Manifest, TrainedOn
from crackscope.datasets import Split
from crackscope.networks import CrackNetwork
from crackscope.recipes import Augmentation, Recipe
from crackscope.records import Row
from crackscope.training.batches import labels_of
from crackscope.training.pictures import Reader, Size
from crackscope.training.records import Epoch


class Training(NamedTuple):
    """What a bundle has to know about the training that made it."""

    size: Size
    val_rows: Sequence[Row]
    history: Sequence[Epoch]
    threads: int
    licences: dict[str, str]


def write_bundle(network: CrackNetwork, recipe: Recipe, split: Split, folder: Path, training: Training) -> Path:
    """Write `folder/bundle`, which scores as the network does: golden outputs are taken from what is written.

    The bytes depend on the network, the recipe and the split alone.
    """
    network = network.cpu().eval()
    half = recipe.store == "float16"
    if half:
        networks.round_to_float16(network)
    model = networks.export_network(network, (training.size.height, training.size.width))
    spec = _input_spec(network, training.size)
    manifest = Manifest(
        name=recipe.name,
        created_with=crackscope.__version__,
        input=spec,
        stride=network.stride,
        halo=networks.halo(network),
        embedding=networks.embedding_size(network),
        trained_on=_trained_on(split, training.licences),
        recipe=msgspec.to_builtins(recipe),
        figures=_figures(training),
        calibration=_calibration(model, spec, training) if recipe.calibrate else Calibration(),
    )
    target = folder / "bundle"
    scoring.pack(target, manifest, model=model, weights=networks.to_bytes(network, half=half), as_float16=half)
    return target


def _input_spec(network: CrackNetwork, size: Size) -> InputSpec:
    native = max(size.width, size.height)
    return InputSpec(native=native, minimum=network.minimum_side, multiple=network.input_multiple)


def _trained_on(split: Split, licences: dict[str, str]) -> tuple[TrainedOn, ...]:
    """One entry for every surface among the training rows."""
    counts = Counter(row.surface for row in split.part("train"))
    return tuple(
        TrainedOn(
            name=surface or "unnamed",
            fingerprint=split.fingerprint,
            pictures=count,
            licence=licences.get(surface, licences.get("", "")),
        )
        for surface, count in sorted(counts.items())
    )


def _figures(training: Training) -> dict[str, float]:
    """The validation figures of the epoch whose weights these are: the best of the last phase."""
    if not training.history:
        return {}
    last = [row for row in training.history if row.phase == training.history[-1].phase]
    best = min(last, key=lambda row: row.val_loss)
    return {
        "validation_pictures": len(training.val_rows),
        "validation_loss": round(best.val_loss, 6),
        "validation_accuracy": round(best.val_accuracy, 6),
    }


def _calibration(model: bytes, spec: InputSpec, training: Training) -> Calibration:
    """Fit probability = sigmoid(scale * score + shift) on the validation rows (Platt 1999)."""
    runner = scoring.Runner(model, training.threads)
    reader = Reader(None, Augmentation(), 0)

    def score(row: Row) -> float:
        pixels = reader.plain(row)[0]
        return float(runner.run(scoring.take(pixels, scoring.Tile(0, 0, pixels.shape[1], pixels.shape[0]), spec)))

    with ThreadPoolExecutor(training.threads) as pool:
        scores = np.array(list(pool.map(score, training.val_rows)), np.float64)
    scale, shift = fit_sigmoid(scores, labels_of(training.val_rows).astype(np.float64))
    return Calibration(scale=scale, shift=shift, method="Platt", fitted_on=len(scores))


def fit_sigmoid(scores: NDArray[np.float64], labels: NDArray[np.float64]) -> tuple[float, float]:
    """Scale (above 0) and shift that make sigmoid(scale * score + shift) fit the labels best, both classes alike.

    Labels are softened as Platt (1999) does, so that scores that separate perfectly give a finite scale; the classes
    get the same weight, since the share of cracks in a set says nothing of the next surface.
    """
    positives, negatives = labels.sum(), (1 - labels).sum()
    targets = np.where(labels > 0, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    weights = np.where(labels > 0, 0.5 / max(positives, 1), 0.5 / max(negatives, 1))
    scale, shift = 1.0, 0.0
    for _ in range(100):
        found = 1 / (1 + np.exp(-np.clip(scale * scores + shift, -40, 40)))
        error, bend = weights * (found - targets), weights * found * (1 - found) + 1e-12
        gradient = np.array([(error * scores).sum(), error.sum()])
        cross = (bend * scores).sum()
        hessian = np.array([[(bend * scores**2).sum(), cross], [cross, bend.sum()]]) + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        step *= min(1.0, 2.0 / max(np.abs(step).max(), 1e-12))
        scale, shift = max(scale - step[0], 1e-3), shift - step[1]
        if np.abs(step).max() < 1e-9:
            break
    return float(scale), float(shift)
