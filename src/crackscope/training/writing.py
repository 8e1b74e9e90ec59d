"""From a trained network to a bundle: rounded, exported, calibrated, checked."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

import crackscope
from crackscope import networks, scoring
from crackscope.bundles import InputSpec, Manifest, StartedFrom, TrainedOn, features_length
from crackscope.datasets import Split
from crackscope.networks import CrackNetwork
from crackscope.recipes import Recipe
from crackscope.training.calibrating import fit, unfitted
from crackscope.training.held_out import Given
from crackscope.training.held_out_scores import Graphs
from crackscope.training.pictures import Size
from crackscope.training.quality_rule import quality_rule
from crackscope.training.records import Epoch, Listener, Progress, nobody

MOST_SETS = 1000
"""Sets of pictures by their names, at most: a manifest has its limits."""


class Training(NamedTuple):
    """What a bundle has to know about the training that made it. validated: rows scored after every epoch. start:
    the bundle whose weights it began with. features: the graph of features.onnx, for bundles that tell surfaces from
    everything else. tell: hears what is to be said while it is written."""

    size: Size
    validated: int
    history: Sequence[Epoch]
    threads: int
    licences: dict[str, str]
    start: StartedFrom | None = None
    features: bytes | None = None
    tell: Listener = nobody


def write_bundle(network: CrackNetwork, recipe: Recipe, split: Split, folder: Path, training: Training) -> Path:
    """Write `folder/bundle`, which scores as the network does: golden outputs are taken from what is written.

    The bytes depend on the network, what it began with, the recipe and the split alone.
    """
    network = network.cpu().eval()
    half = recipe.store == "float16"
    if half:
        networks.round_to_float16(network)
    free = networks.Freedom(sides=not network.side)
    model = networks.export_network(network, (training.size.height, training.size.width), free)
    spec = _input_spec(network, training.size)
    given = Given(network.stride, split.part("val"), split.part("train"), training.threads, training.tell)
    features = training.features if recipe.calibrate and recipe.verdict == "conformal" else None
    fitted = fit(Graphs(model, features), spec, recipe, given) if recipe.calibrate else unfitted(spec, recipe)
    surfaces = [row for row in given.train if row.surface not in recipe.mixture.bare]
    limits = quality_rule(surfaces, spec.minimum, recipe.seed)
    training.tell(Progress(stage="writing", remark=limits.remark))
    manifest = Manifest(
        name=recipe.name,
        created_with=crackscope.__version__,
        input=spec,
        stride=network.stride,
        halo=networks.halo(network),
        embedding=networks.embedding_size(network),
        features=msgspec.UNSET if features is None else features_length(features),
        trained_on=trained_on(split, training.licences),
        started_from=training.start or msgspec.UNSET,
        recipe=msgspec.to_builtins(recipe),
        figures=_figures(training, recipe) | fitted.figures,
        calibration=fitted.calibration,
        local=fitted.local,
        threshold=fitted.threshold,
        mask_threshold=fitted.mask_threshold,
        scales=recipe.head.scales,
        coloured=limits.coloured if _knows_grey(recipe) else 0.0,
        verdict=msgspec.structs.replace(fitted.verdict, quality=limits.rule),
    )
    target = folder / "bundle"
    weights = networks.to_bytes(network, half=half)
    bundle = scoring.pack(target, manifest, model=model, weights=weights, as_float16=half, features=features)
    counts = Counter(row.label for row in given.val)
    if recipe.calibrate and min(counts["crack"], counts["sound"]) > 1:
        scoring.keep_reference(bundle, given.val, threads=training.threads)
    return target


def _knows_grey(recipe: Recipe) -> bool:
    """Whether pictures may be seen in grey in coloured light: published systems see what they are given."""
    return recipe.head.kind == "dense" and recipe.augmentation.grey > 0


def _input_spec(network: CrackNetwork, size: Size) -> InputSpec:
    native = max(size.width, size.height)
    only = bool(network.side)
    return InputSpec(native=native, minimum=network.minimum_side, multiple=network.input_multiple, fixed=only)


def trained_on(split: Split, licences: dict[str, str]) -> tuple[TrainedOn, ...]:
    """One entry for every surface among the training rows, in the order of their names; where each photo is one, say,
    those with few pictures have one together."""
    counts = Counter(row.surface for row in split.part("train"))
    if len(counts) > MOST_SETS:
        ranked = sorted(set(counts) - {""}, key=lambda name: (name not in licences, -counts[name], name))
        for name in ranked[MOST_SETS:]:
            counts[""] += counts.pop(name)
    return tuple(
        TrainedOn(
            name=surface or "unnamed",
            fingerprint=split.fingerprint,
            pictures=count,
            licence=licences.get(surface, licences.get("", "")),
        )
        for surface, count in sorted(counts.items())
    )


def kept_epoch(history: Sequence[Epoch], recipe: Recipe) -> Epoch | None:
    """The epoch whose weights a training ends with: of its last phase the best, or the last, as the recipe says."""
    if not history:
        return None
    last = history[-1]
    known = [row for row in history if row.phase == last.phase and row.val_loss is not None]
    if not known or not recipe.phases[last.phase - 1].early_stopping.restore_best:
        return last
    return min(known, key=lambda row: row.val_loss or 0)


def _figures(training: Training, recipe: Recipe) -> dict[str, float]:
    kept = kept_epoch(training.history, recipe)
    if kept is None or kept.val_loss is None or kept.val_accuracy is None:
        return {}
    return {
        "validation_pictures": training.validated,
        "validation_loss": round(kept.val_loss, 6),
        "validation_accuracy": round(kept.val_accuracy, 6),
    }
