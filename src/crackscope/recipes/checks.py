"""What the types of the schema cannot say: ranges, and which settings go together."""

import math
from collections.abc import Iterator
from typing import Any

import msgspec

from crackscope.errors import RecipeError
from crackscope.recipes.schema import Augmentation, Freeze, Head, Mixture, Phase, Recipe

SMALLEST_INPUT, LARGEST_INPUT = 32, 4096
LONGEST_NAME = 100
LEAST_TOP_SHARE = 1e-6
"""Networks count it in millionths."""


def check(recipe: Recipe, where: str) -> None:
    """Refuse a recipe whose values are out of range or contradict each other.

    Raises:
        RecipeError: names every fault at once, each with its key.
    """
    faults = list(_endless(msgspec.to_builtins(recipe), ""))
    if faults:
        # Every comparison with nan is false: the checks below would blame other keys for it.
        raise RecipeError(f"{where}: {'; '.join(faults)}")
    faults = [
        *_name(recipe.name),
        *_whole(recipe),
        *_verdict(recipe),
        *_mixture(recipe.mixture),
        *_recall(recipe),
        *_head(recipe.head),
    ]
    faults += [*_augmentation(recipe.augmentation), *_generated(recipe)]
    for number, phase in enumerate(recipe.phases):
        faults += [f"phases.{number}.{fault}" for fault in _phase(phase, recipe.head)]
    if faults:
        raise RecipeError(f"{where}: {'; '.join(faults)}")


def _endless(value: Any, at: str) -> Iterator[str]:
    """A fault for every number at or below a key that is not finite."""
    if isinstance(value, dict | list | tuple):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _endless(inner, f"{at}.{key}" if at else str(key))
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{at}: {value} is no finite number"


def _name(name: str) -> Iterator[str]:
    """A run is called by it where no -o names its folder, and the bundle always."""
    if not name.strip():
        yield "name: is empty; give one"
    if len(name) > LONGEST_NAME:
        yield f"name: has {len(name)} letters; give one of at most {LONGEST_NAME}"
    if set(name) & set("/\\") or not name.isprintable():
        yield "name: must have no slash, no line break and the like"


def _whole(recipe: Recipe) -> Iterator[str]:
    if not recipe.phases:
        yield "phases: at least one is needed"
    if isinstance(recipe.input, int) and not SMALLEST_INPUT <= recipe.input <= LARGEST_INPUT:
        yield f'input: {recipe.input} is not between {SMALLEST_INPUT} and {LARGEST_INPUT} px, or "native"'
    if isinstance(recipe.class_weights, dict):
        if set(recipe.class_weights) != {"crack", "sound"}:
            yield "class_weights: give one for crack and one for sound"
        if any(weight <= 0 for weight in recipe.class_weights.values()):
            yield "class_weights: must be above 0"
    if recipe.time_budget_s < 0:
        yield "time_budget_s: must be 0 (no limit) or more"
    if not 0 <= recipe.seed < 2**32:
        yield "seed: must be between 0 and 4294967295"
    if recipe.validate_on < 0:
        yield "validate_on: must be 0 (all rows) or more"


def _verdict(recipe: Recipe) -> Iterator[str]:
    if not 0 <= recipe.miss_rate < 0.5:
        yield "miss_rate: must be at least 0 and below .5"
    if recipe.verdict == "conformal" and not recipe.calibrate:
        yield "verdict = 'conformal': needs calibrate = true"


def _mixture(mixture: Mixture) -> Iterator[str]:
    if min(mixture.cracked, mixture.masked, mixture.drawn, mixture.sound) < 0 or mixture.sound == 0:
        yield "mixture: shares must be 0 or more, and sound above 0"
    for name in ("generated", "distracted", "doubt", "evenness"):
        if not 0 <= getattr(mixture, name) <= 1:
            yield f"mixture.{name}: is a share, between 0 and 1"
    kinds = msgspec.structs.asdict(mixture.kinds).values()
    if min(kinds) < 0 or not any(kinds):
        yield "mixture.kinds: shares must be 0 or more, and one of them above 0"


def _recall(recipe: Recipe) -> Iterator[str]:
    """What goes with asking a network that it began with: one that was a bundle's, with a map."""
    if recipe.mixture.recall < 0:
        yield "mixture.recall: must be 0 (nothing) or more"
    if recipe.mixture.recall and (recipe.head.kind != "dense" or recipe.head.weights != "bundle"):
        yield "mixture.recall: needs head.kind = 'dense' and head.weights = 'bundle', whose answers are to be kept"


def _generated(recipe: Recipe) -> Iterator[str]:
    """Generated surfaces among the rows are as large as what is cut out of these."""
    drawn = recipe.head.kind == "dense" and any(phase.steps for phase in recipe.phases)
    if drawn and recipe.mixture.generated and not recipe.augmentation.crop:
        yield "augmentation.crop: must be above 0 where generated surfaces are shown, else mixture.generated 0"


def _head(head: Head) -> Iterator[str]:
    if any(units < 1 for units in head.layers):
        yield "head.layers: each layer needs at least one unit"
    if not 0 <= head.dropout < 1:
        yield "head.dropout: must be at least 0 and below 1"
    if not 1 <= head.channels <= 1024:
        yield "head.channels: must be between 1 and 1024"
    if not LEAST_TOP_SHARE <= head.top_share <= 1:
        yield "head.top_share: must be at least 0.000001 and at most 1"
    if head.scales not in (1, 2) or (head.scales == 2 and head.kind != "dense"):
        yield "head.scales: must be 1, or 2 with a dense head"
    if head.kind == "dense" and (head.layers or head.outputs == "softmax"):
        yield "head: a dense head has no hidden layers and no softmax"


def _augmentation(augmentation: Augmentation) -> Iterator[str]:
    if augmentation.views < 0:
        yield "augmentation.views: must be 0 (as many as epochs) or more"
    if not 0 <= augmentation.stretch < 1:
        yield "augmentation.stretch: must be at least 0 and below 1"
    if augmentation.crop and augmentation.crop < SMALLEST_INPUT:
        yield f"augmentation.crop: must be 0 (the whole picture) or at least {SMALLEST_INPUT} px"
    for name in ("scale", "brightness", "contrast"):
        low, high = getattr(augmentation, name)
        if not 0 < low <= high:
            yield f"augmentation.{name}: must be two numbers above 0, the smaller first"
    for name in ("grey", "swap_channels", "shadow", "blur", "noise", "jpeg"):
        if not 0 <= getattr(augmentation, name) <= 1:
            yield f"augmentation.{name}: is a probability, between 0 and 1"
    if not 0 <= augmentation.rotate_deg <= 180:
        yield "augmentation.rotate_deg: must be between 0 and 180"
    if not 0 <= augmentation.tint < 1:
        yield "augmentation.tint: must be at least 0 and below 1"


def _phase(phase: Phase, head: Head) -> Iterator[str]:
    for name in ("epochs", "batch"):
        if getattr(phase, name) < 1:
            yield f"{name}: must be at least 1"
    if phase.steps < 0:
        yield "steps: must be 0 (one pass over the rows) or more"
    if not 0 < phase.learning_rate <= 10:
        yield "learning_rate: must be above 0 and at most 10"
    if not 0 < phase.backbone_rate <= 10:
        yield "backbone_rate: must be above 0 and at most 10"
    if phase.weight_decay < 0:
        yield "weight_decay: must be 0 or more"
    if not 0 <= phase.average < 1:
        yield "average: must be at least 0 and below 1"
    if phase.early_stopping.patience < 0:
        yield "early_stopping.patience: must be 0 (never) or more"
    yield from _freeze(phase.freeze)
    yield from _loss(phase, head)


def _freeze(freeze: Freeze) -> Iterator[str]:
    if sum((bool(freeze.layers), bool(freeze.stage), bool(freeze.names))) > 1:
        yield "freeze: give layers, stage or names, not several of them"


def _loss(phase: Phase, head: Head) -> Iterator[str]:
    wanted = (
        "dense"
        if head.kind == "dense"
        else {"softmax": "cross-entropy", "sigmoid": "binary-cross-entropy"}[head.outputs]
    )
    if phase.loss != wanted:
        kind = head.outputs if head.kind == "pooled" else "dense"
        yield f"loss: {phase.loss!r} does not fit a {kind} head, which takes {wanted!r}"
    if head.kind == "pooled" and phase.steps:
        yield "steps: rows are drawn for a dense head only; a pooled one passes over them (steps = 0)"
