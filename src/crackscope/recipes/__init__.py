"""Recipes: the TOML files that say everything about a training, and their schema."""

from crackscope.recipes.reading import load, names, override, parse, text
from crackscope.recipes.schema import (
    Augmentation,
    EarlyStopping,
    Family,
    Freeze,
    Head,
    Kinds,
    Mixture,
    Network,
    Phase,
    Recipe,
)

__all__ = [
    "Augmentation",
    "EarlyStopping",
    "Family",
    "Freeze",
    "Head",
    "Kinds",
    "Mixture",
    "Network",
    "Phase",
    "Recipe",
    "load",
    "names",
    "override",
    "parse",
    "text",
]
