"""`matrix`: trained on row, judged on column.

Training and judging know nothing of each other; they are joined here.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crackscope.cli.bundle_names import bundle_folder
from crackscope.cli.console import print_json, print_table, progress, say, warn
from crackscope.cli.judgement import spell_figure
from crackscope.cli.labelled import Labelled
from crackscope.cli.options import out, shared
from crackscope.files import writable

if TYPE_CHECKING:
    from crackscope.judging import Entry, Matrix, MatrixCell, Surface
    from crackscope.recipes import Recipe


@dataclass(frozen=True, kw_only=True)
class Asked(Labelled):
    """The options of one call."""

    surfaces: tuple[str, ...]
    recipes: tuple[str, ...]
    bundles: tuple[str, ...]
    settings: tuple[str, ...]
    weights: str | None
    part: str | None
    out: str | None


@click.command()
@click.option("--on", "surfaces", multiple=True, required=True, metavar="NAME=DATA", help="A surface; give several.")
@click.option("--bundle", "bundles", multiple=True, metavar="[NAME=]BUNDLE", help="Judge this bundle; a row each.")
@click.option("--recipe", "recipes", multiple=True, metavar="RECIPE", help="Train it on each surface; a row each.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change the recipes, as `train` does.")
@click.option("--weights", metavar="FILE|BUNDLE|default|none", help="Where training starts from.")
@click.option(
    "--part",
    type=click.Choice(["test", "all"]),
    help="Rows to judge on; default: test where there are recipes or ready-made parts, else all.",
)
@out("DIR", "Write matrix.html, matrix.json and matrix.csv there; runs too.")
@shared("group_by", "positive", "negative", "threads", "seed", "quiet", "json")
def matrix(**options: Any) -> None:
    """Judge what was trained on each surface on every other, beside always and never saying crack.

    With --recipe a model is trained on the training part of each surface and judged on the test part of every surface,
    its own among them; near-copies never stand in both. With --bundle each bundle is judged on every surface.
    """
    asked = Asked(**options)
    if not asked.recipes and not asked.bundles:
        raise click.UsageError("there is nothing to judge, give --bundle BUNDLE or --recipe RECIPE")
    if asked.recipes and asked.part == "all":
        raise click.UsageError("--part all would judge on what was trained on, leave it out or give --bundle only")
    if asked.out is not None:
        writable(asked.out)
    surfaces = [_surface(asked, *_named(text)) for text in asked.surfaces]
    table = _judge(asked, surfaces)
    if asked.out is not None:
        from crackscope.reports import write_matrix

        page = write_matrix(table, asked.out)
    if asked.as_json:
        print_json(table)
        return
    _show(table)
    if asked.out is not None:
        say(f"report: {page}")


def _named(text: str) -> tuple[str, str]:
    name, separator, data = text.partition("=")
    if not separator or not name or not data:
        raise click.UsageError(f"--on {text!r} is not a name and a data set, write --on decks=PATH")
    return name, data


def _surface(asked: Asked, name: str, data: str) -> "Surface":
    from crackscope.judging import Surface

    all_unless_parted = asked.part == "all" or (asked.part is None and not asked.recipes)
    split = asked.opened(data, f"opening {name}", whole=all_unless_parted)
    dealt_here = split.seed is not None
    whole = asked.part == "all" or (dealt_here and all_unless_parted)
    return Surface(name=name, split=split, part=None if whole else "test")


def _judge(asked: Asked, surfaces: "list[Surface]") -> "Matrix":
    from tempfile import TemporaryDirectory

    from crackscope.judging import Bootstrap
    from crackscope.judging import matrix as judge

    entries = [_bundle(asked, text) for text in asked.bundles]
    with TemporaryDirectory(prefix="crackscope-") as scratch:
        runs = Path(asked.out) / "runs" if asked.out else Path(scratch)
        entries += [_trained(asked, recipe, surface, runs) for recipe in asked.recipes for surface in surfaces]
        with progress("judging", None, quiet=asked.silent) as tell:
            return judge(entries, surfaces, bootstrap=Bootstrap(seed=asked.seed or 0), progress=tell)


def _bundle(asked: Asked, text: str) -> "Entry":
    from crackscope.judging import Entry
    from crackscope.scoring import load

    name, separator, path = text.partition("=")
    folder = bundle_folder(path if separator else text)
    model = load(folder, threads=asked.threads)
    sets = ", ".join(f"{one.name} {one.pictures:,}" for one in model.manifest.trained_on)
    return Entry(name=name if separator else model.manifest.name, model=model, trained_on=sets or "not stated")


def _trained(asked: Asked, recipe_name: str, surface: "Surface", runs: Path) -> "Entry":
    from crackscope.judging import Entry
    from crackscope.recipes import load, override
    from crackscope.scoring import load as load_model

    seed = () if asked.seed is None else (f"seed={asked.seed}",)
    recipe = override(load(recipe_name), [*asked.settings, *seed])
    bundle = _train(asked, recipe, surface, runs)
    several = len(asked.recipes) > 1 or bool(asked.bundles)
    name = f"{surface.name}, {recipe.name}" if several else surface.name
    rows = len(surface.split.part("train"))
    words = f"{rows:,} {'picture' if rows == 1 else 'pictures'} of {surface.name}, recipe {recipe.name}"
    return Entry(name=name, model=load_model(bundle, threads=asked.threads), trained_on=words, column=surface.name)


def _train(asked: Asked, recipe: "Recipe", surface: "Surface", runs: Path) -> str:
    from crackscope.cli.training_bar import TrainingBar
    from crackscope.training import TrainOptions, train

    say(f"training {recipe.name} on {surface.name}", quiet=asked.silent)
    folder = runs / f"{recipe.name}-{_filename(surface.name)}"
    options = TrainOptions(threads=asked.threads)
    with TrainingBar(quiet=asked.silent) as bar:
        return train(surface.split, recipe, folder, weights=asked.weights, options=options, progress=bar).bundle


def _filename(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name)


def _show(table: "Matrix") -> None:
    from crackscope.judging import MATRIX_FIGURES
    from crackscope.reports import met_before_sentences, refusing_sentence

    columns = ("trained on", *(f">{column.name}" for column in table.columns))
    for name in MATRIX_FIGURES:
        rows = [
            (row, *(spell_figure(table.cell(row, column.name).figures[name]) for column in table.columns))
            for row in table.rows
        ]
        rows += [
            (baseline, *(f"{values[name]:.4f}" for _ in table.columns)) for baseline, values in table.baselines.items()
        ]
        print_table(name.replace("_", " "), columns, rows)
    if any(cell.not_judged for cell in table.cells):
        rows = [(row, *(_judged(table.cell(row, column.name)) for column in table.columns)) for row in table.rows]
        print_table("rows judged, cracked + sound", columns, rows)
    for column in table.columns:
        part = f"its {column.part} part" if column.part else "all of it"
        say(f"{column.name}: {part}, {column.support['crack']} cracked, {column.support['sound']} sound")
    if unequal := refusing_sentence(table):
        say(unequal)
    for sentence in met_before_sentences(table):
        warn(sentence)


def _judged(cell: "MatrixCell") -> str:
    left_out = f", {cell.not_judged} not" if cell.not_judged else ""
    return f"{cell.support['crack']} + {cell.support['sound']}{left_out}"
