"""What can be known to fail is refused before the work starts."""

import os
import shutil
from collections import Counter
from pathlib import Path

import torch

from crackscope.datasets import Split
from crackscope.errors import OutputError, RecipeError, TrainingError, some_of
from crackscope.networks import CrackNetwork
from crackscope.processors import usable_processors
from crackscope.recipes import Recipe
from crackscope.training.memory import free_memory
from crackscope.training.records import TrainOptions

_USUAL_SIDE = 256
"""Of pictures in px, where a recipe does not state their size."""
BYTES_PER_PARAMETER = 40
"""On disk while a run is written: state, best and averaged weights, two moments, twice for the move, and the bundle."""


def device_for(options: TrainOptions) -> torch.device:
    """The device asked for, or a GPU when there is one.

    Raises:
        TrainingError: a GPU was asked for and there is none.
    """
    there = torch.cuda.is_available()
    if options.device == "cuda" and not there:
        raise TrainingError(
            "a GPU was asked for and torch sees none: leave --device away, or install torch for your GPU"
        )
    return torch.device("cuda" if there and options.device != "cpu" else "cpu")


def check_rows(split: Split, recipe: Recipe, options: TrainOptions, named: str) -> None:
    """Refuse a split that cannot teach: unreadable beyond the limit, a class or a part empty. named: the data.

    Raises:
        TrainingError: names the part, the class and the way out.
    """
    listed = len(split.rows) + len(split.unreadable)
    if split.unreadable and len(split.unreadable) > options.max_unreadable * listed:
        first = split.unreadable[0]
        raise TrainingError(
            f"{some_of(len(split.unreadable), listed, 'picture', 'cannot', 'cannot')} be read (the first: "
            f"{first.error.message}); `crackscope scan` lists them; mend or move them, or raise --max-unreadable"
        )
    taught = sorted({row.surface for row in split.part("train")} - {""})
    for surface in options.licences:
        if surface and surface not in taught:
            there = f"there are {', '.join(taught)}" if taught else "none of them names its surface"
            raise TrainingError(
                f"a licence is given for the surface {surface!r}, of which no training picture is ({there}): name one "
                "that is there, or none (=TEXT) where it is that of all"
            )
    for part in ("train", "val"):
        rows = split.part(part)
        if part == "val" and not rows:
            _check_without_val(recipe, named)
            continue
        counts = Counter(row.label for row in rows)
        for label in ("crack", "sound"):
            if not counts[label]:
                raise TrainingError(
                    f"{named}: its {part} part holds no {label!r} picture: add some, or deal all of them out anew with "
                    f"`crackscope split`"
                )
        smallest = min(phase.batch for phase in recipe.phases)
        if part == "train" and len(rows) < min(4, smallest):
            raise TrainingError(
                f"{named}: its train part holds {len(rows)} picture{'s' * (len(rows) != 1)}; "
                "four are the least that anything learns from"
            )


def _check_without_val(recipe: Recipe, named: str) -> None:
    """Refuse a recipe that stops or calibrates by a val part that is not there; the best epoch is but a wish."""
    patient = [place for place, phase in enumerate(recipe.phases) if phase.early_stopping.patience]
    by, way = "", ""
    if recipe.calibrate:
        by, way = "fits the probability to it", "a recipe without `calibrate`"
    elif patient:
        settings = (f"--set phases.{place}.early_stopping.patience=0" for place in patient)
        by, way = "stops by its loss", " ".join(settings)
    if by:
        raise TrainingError(
            f"{named}: it has no val part, and the recipe {recipe.name} {by}: deal one with `crackscope split`, "
            f"or train with {way}"
        )


def check_side(network: CrackNetwork, recipe: Recipe) -> None:
    """Refuse a size or a crop that a network does not take.

    Raises:
        RecipeError: names the one size that it takes.
    """
    if not network.side:
        return
    asked = {"input": recipe.input, "augmentation.crop": recipe.augmentation.crop}
    for key, side in asked.items():
        if side not in ("native", 0, network.side):
            raise RecipeError(f"{key} = {side}: {network.backbone_name} takes {network.side} px and no other size")


def check_disk(folder: Path, parameters: int, pictures: int) -> None:
    """Refuse to start when the disk cannot hold what a run is sure to need; nothing is made yet.

    Raises:
        OutputError: the disk is too full.
    """
    there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    need = parameters * BYTES_PER_PARAMETER + 200 * pictures + 2**20
    free = shutil.disk_usage(there).free
    if free < need:
        raise OutputError(
            f"{folder}: the run needs about {need / 2**20:,.0f} MiB and {free / 2**20:,.0f} are free there: "
            "make room, or name another folder with -o"
        )


def check_memory(parameters: int, recipe: Recipe, learnt: int) -> None:
    """Refuse to start when the memory cannot hold a training's largest batch. learnt: pictures to learn from.

    Raises:
        TrainingError: names what to lower.
    """
    # A phase that states its steps draws with repetition; any other has no more in a batch than there are pictures.
    batches = [phase.batch if phase.steps else min(phase.batch, learnt) for phase in recipe.phases]
    batch, (key, side) = max(batches), _side(recipe)
    available = free_memory()
    wanted = _held(parameters, batch, side)
    if available >= wanted:
        return
    place = batches.index(batch)
    ways = [f"lower {key} ({side:,} px)"] if side > _USUAL_SIDE else []
    if batch > 1 and (not ways or available < _held(parameters, batch, _USUAL_SIDE)):
        ways.append(f"lower phases.{place}.batch ({recipe.phases[place].batch:,})")
    raise TrainingError(
        f"about {wanted / 2**20:,.0f} MiB of memory are needed and {available / 2**20:,.0f} are free: "
        f"{' and '.join(ways)}{', or ' if ways else ''}close other programs"
    )


def _side(recipe: Recipe) -> tuple[str, int]:
    """The side in px of the pictures that go through a step, and the key that states it."""
    crop = recipe.augmentation.crop
    if recipe.head.kind == "dense" and crop:
        return "augmentation.crop", crop
    return "input", recipe.input if isinstance(recipe.input, int) else _USUAL_SIDE


def _held(parameters: int, batch: int, side: int) -> int:
    """Bytes that a training step holds: weights, gradients and moments, and what forty layers give of a batch."""
    return parameters * 24 + batch * side * side * 3 * 4 * 40


def cores(options: TrainOptions) -> int:
    """Threads to use: as asked, or as OMP_NUM_THREADS says, or the cores that this process may run on."""
    if options.threads is not None:
        return options.threads
    if os.environ.get("OMP_NUM_THREADS", "").isdigit():
        return max(1, int(os.environ["OMP_NUM_THREADS"]))
    return usable_processors()
