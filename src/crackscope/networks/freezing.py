"""Which layers a freezing rule names."""

from fnmatch import fnmatchcase

from crackscope.errors import RecipeError
from crackscope.networks.backbone import Backbone, check_name
from crackscope.networks.table import counted_layers
from crackscope.recipes import Freeze


def frozen_names(backbone: Backbone, rule: Freeze) -> set[str]:
    """Names of the backbone's layers that a rule freezes, counted as Keras counts, the input layer being the first.

    Raises RecipeError for a rule that says two things, or names what is not there.
    """
    if bool(rule.layers) + bool(rule.stage) + bool(rule.names) > 1:
        raise RecipeError("freeze: give one of layers, stage and names, not several")
    names = list(counted_layers(backbone.steps))
    if rule.layers:
        if abs(rule.layers) > len(names):
            raise RecipeError(f"freeze.layers = {rule.layers}: {backbone.name} has {len(names)} layers")
        return set(names[: rule.layers])
    if rule.stage:
        return _of_stages(backbone, rule.stage, names)
    return {name for pattern in rule.names for name in _matching(pattern, names, backbone.name)}


def _of_stages(backbone: Backbone, stage: str, names: list[str]) -> set[str]:
    if stage == "all":
        return set(names)
    stages = backbone.stage_names()
    check_name(stage, [*stages, "all"], f"freeze.stage of {backbone.name}")
    wanted = stages[: stages.index(stage) + 1]
    frozen: set[str] = set()
    for step, module in backbone.steps.named_children():
        if backbone.stages[step] in wanted:
            frozen |= {step} | set(counted_layers(module))
    return frozen & set(names)


def _matching(pattern: str, names: list[str], network: str) -> list[str]:
    found = [name for name in names if fnmatchcase(name, pattern)]
    if not found:
        check_name(pattern, names, f"freeze.names of {network}")
    return found
