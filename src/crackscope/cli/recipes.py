"""`recipes`: what there is to train, and what network each recipe builds, layer by layer."""

import os
import sys
from pathlib import Path

import click

from crackscope.cli.console import print_json, print_table, say
from crackscope.cli.options import shared

NATIVE_PX = 227
"""Side that shapes are printed for when a recipe takes pictures as they are: that of the METU patches."""


@click.command()
@click.argument("name", required=False, metavar="[NAME|FILE]")
@shared("quiet", "json")
def recipes(name: str | None, quiet: bool, as_json: bool) -> None:
    """List the recipes, or print one: its text, its network layer by layer, and its parameter counts."""
    if name is None:
        _list(quiet, as_json)
    else:
        _show(name, as_json)


def _list(quiet: bool, as_json: bool) -> None:
    from crackscope.recipes import load, names

    found = [load(name) for name in names()]
    if as_json:
        for recipe in found:
            print_json({"name": recipe.name, "summary": recipe.summary})
        return
    print_table("", ("recipe", "what it is"), [(recipe.name, recipe.summary) for recipe in found])
    say(
        "crackscope recipes NAME prints one with its network; crackscope train DATA --recipe NAME trains it",
        quiet=quiet,
    )


def _show(name: str, as_json: bool) -> None:
    from crackscope.networks import build, parameter_counts, summary
    from crackscope.recipes import load, text

    recipe = load(name)
    network = build(recipe.network, recipe.head, None)
    side = network.side or (recipe.input if isinstance(recipe.input, int) else NATIVE_PX)
    if as_json:
        phases = []
        for phase in recipe.phases:
            network.freeze(phase.freeze)
            counts = dict(zip(("total", "trainable", "frozen"), parameter_counts(network), strict=True))
            learning = [layer.name for layer in network.layer_table((side, side)) if layer.trainable]
            phases.append({**counts, "learning": learning})
        layers = network.layer_table((side, side))
        print_json({"recipe": recipe, "input_px": side, "layers": layers, "parameters": phases})
        return
    written = Path(name).read_text(encoding="utf-8-sig") if os.path.isfile(name) else text(name)
    sys.stdout.write(written.rstrip() + "\n\n")
    sys.stdout.write(summary(network, (side, side), [phase.freeze for phase in recipe.phases]))
