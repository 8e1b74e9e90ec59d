"""`matrix`: trained on row, judged on column.

Training and judging know nothing of each other; they are joined here.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crackscope.cli.bundle_names import bundle_folder
from crackscope.cli.console import print_json, print_table, progress, say, tell_unread, warn
from crackscope.cli.folders import outside, unused, vacant
from crackscope.cli.judgement import spell_figure, spell_number
from crackscope.cli.labelled import Labelled, tell_of_groups, tell_of_unlabelled, witnesses
from crackscope.cli.options import out, shared
from crackscope.cli.state import State
from crackscope.errors import JudgingError, several

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


@dataclass(frozen=True)
class Planned:
    """A training to be. on: the name of its surface. row: its name in the matrix. run: its folder's name."""

    recipe: "Recipe"
    on: str
    row: str
    run: str


@click.command()
@click.option("--on", "surfaces", multiple=True, required=True, metavar="NAME=DATA", help="A surface; give several.")
@click.option("--bundle", "bundles", multiple=True, metavar="[NAME=]BUNDLE", help="Judge this bundle; a row each.")
@click.option("--recipe", "recipes", multiple=True, metavar="RECIPE", help="Train it on each surface; a row each.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change the recipes, as `train` does.")
@click.option("--weights", metavar="FILE|BUNDLE|default|publisher|none", help="Where training starts from.")
@click.option(
    "--part",
    type=click.Choice(["test", "all"]),
    help="Rows to judge on; default: test where there are recipes or ready-made parts, else all.",
)
@out("DIR", "Write matrix.html, matrix.json and matrix.csv there; runs too.")
@shared("group_by", "positive", "negative", "threads", "seed", "quiet", "json")
@click.pass_obj
def matrix(state: State, /, **options: Any) -> None:
    """Judge what was trained on each surface on every other, beside always and never saying crack.

    With --recipe a model is trained on the training part of each surface and judged on the test part of every surface,
    its own among them; near-copies never stand in both. With --bundle each bundle is judged on every surface.
    """
    asked = Asked(**options)
    if not asked.recipes and not asked.bundles:
        raise click.UsageError("there is nothing to judge, give --bundle BUNDLE or --recipe RECIPE")
    if not asked.recipes and (asked.settings or asked.weights is not None):
        what = "--set" if asked.settings else "--weights"
        raise click.UsageError(f"{what} says how to train, and nothing is to be trained: give --recipe RECIPE")
    if asked.recipes and asked.part == "all":
        raise click.UsageError("--part all would judge on what was trained on, leave it out or give --bundle only")
    named = [_named(text) for text in asked.surfaces]
    if asked.out is not None:
        outside(asked.out, [data for _, data in named])
        unused(asked.out, "matrix.html", "a matrix", ("matrix.json", "matrix.csv", "runs"))
    trainings = _planned(asked, [name for name, _ in named])
    _refuse_clashes(asked, [name for name, _ in named], trainings)
    surfaces = [_surface(asked, *one) for one in named]
    _tell_of_twins(surfaces, quiet=asked.silent)
    table = _judge(asked, surfaces, trainings)
    unread = {one.path: one for column in table.columns for one in column.unread}
    if trainings:
        unread |= {one.path: one for surface in surfaces for one in surface.split.unreadable}
    state.status = 1 if unread else 0
    if asked.out is not None:
        from crackscope.reports import write_matrix

        page = write_matrix(table, asked.out)
    if asked.as_json:
        print_json(table)
        return
    _show(table)
    for surface in surfaces:
        gain = witnesses(surface.split)
        tell_of_groups(surface.split.likely_groups, gain, of=surface.name, quiet=asked.quiet)
        tell_of_unlabelled(surface.split.unlabelled, of=surface.name, quiet=asked.quiet)
    tell_unread(list(unread.values()))
    if asked.out is not None:
        say(f"report: {page}")


def _named(text: str) -> tuple[str, str]:
    name, separator, data = text.partition("=")
    if not separator or not name or not data:
        raise click.UsageError(f"--on {text!r} is not a name and a data set, write --on decks=PATH")
    return name, data


def _planned(asked: Asked, names: Sequence[str]) -> list[Planned]:
    """The trainings that are asked for, a recipe at a time. Raises RecipeError."""
    from crackscope.recipes import load, override

    seed = () if asked.seed is None else (f"seed={asked.seed}",)
    recipes = [override(load(name), [*asked.settings, *seed]) for name in asked.recipes]
    alone = len(recipes) == 1 and not asked.bundles
    return [
        Planned(recipe, name, name if alone else f"{name}, {recipe.name}", _filename(f"{recipe.name}-{name}"))
        for recipe in recipes
        for name in names
    ]


def _refuse_clashes(asked: Asked, names: Sequence[str], trainings: Sequence[Planned]) -> None:
    """Refuse, before anything is opened, what would end the call after hours of training."""
    if twice := _twice(names):
        raise click.UsageError(f"two surfaces are called {twice!r}, give each --on a name of its own")
    if twice := _twice([one.row for one in trainings]):
        raise click.UsageError(f"two rows would be called {twice!r}, leave a recipe out or change the name in its file")
    _refuse_rows([_called(text)[0] for text in asked.bundles], trainings)
    # Some file systems take names that differ in case alone for one.
    if twice := _twice([one.run.casefold() for one in trainings]):
        one, other, *_ = (training for training in trainings if training.run.casefold() == twice)
        share = f"{one.row!r} and {other.row!r} would share the folder runs/{one.run}"
        raise click.UsageError(f"{share}, rename one of them")
    if asked.out is not None:
        for training in trainings:
            vacant(_runs(asked.out) / training.run)


def _refuse_rows(bundles: Sequence[str], trainings: Sequence[Planned]) -> None:
    """Refuse two rows of one name; "" is that of a bundle whose own is not known yet."""
    if twice := _twice([*filter(None, bundles), *(training.row for training in trainings)]):
        raise click.UsageError(f"two rows would be called {twice!r}, name the bundle otherwise: --bundle NAME=BUNDLE")


def _twice(names: Sequence[str]) -> str:
    """The first name that repeats; "" where none does."""
    return next((name for place, name in enumerate(names) if name in names[:place]), "")


def _runs(out: str) -> Path:
    return Path(out) / "runs"


def _surface(asked: Asked, name: str, data: str) -> "Surface":
    from crackscope.datasets import opened, watched
    from crackscope.judging import Surface

    all_unless_parted = asked.part == "all" or (asked.part is None and not asked.recipes)
    split = asked.opened(data, f"opening {name}", whole=all_unless_parted)
    if asked.recipes:
        with progress(f"opening {name}", None, quiet=asked.silent) as tell, watched(tell, asked.threads):
            split = opened(split)
    dealt_here = split.seed is not None
    whole = asked.part == "all" or (dealt_here and all_unless_parted)
    if not whole and not asked.recipes and not split.part("test"):
        raise JudgingError(
            f"{name} has no test part to judge on: give --part all to judge on all of it, or leave it out"
        )
    return Surface(name=name, split=split, part=None if whole else "test")


def _tell_of_twins(surfaces: "Sequence[Surface]", *, quiet: bool) -> None:
    """Warn of surfaces that are the very same pictures, whose columns say the same."""
    alike: dict[tuple[str, str | None], list[str]] = {}
    for one in surfaces:
        alike.setdefault((one.split.fingerprint, one.part), []).append(one.name)
    for names in alike.values():
        if len(names) > 1:
            told = f"{', '.join(names[:-1])} and {names[-1]}"
            warn(f"{told} are the same pictures, so their columns say the same: check the paths", quiet=quiet)


def _judge(asked: Asked, surfaces: "list[Surface]", trainings: Sequence[Planned]) -> "Matrix":
    from tempfile import TemporaryDirectory

    from crackscope.judging import Bootstrap
    from crackscope.judging import matrix as judge

    entries = [_bundle(asked, text) for text in asked.bundles]
    _refuse_rows([entry.name for entry in entries], trainings)
    opened = {surface.name: surface for surface in surfaces}
    if trainings:
        _refuse_untaught(trainings, opened)
    with TemporaryDirectory(prefix="crackscope-") as scratch:
        runs = _runs(asked.out) if asked.out else Path(scratch)
        entries += [_trained(asked, training, opened[training.on], runs / training.run) for training in trainings]
        with progress("judging", None, quiet=asked.silent) as tell:
            return judge(entries, surfaces, bootstrap=Bootstrap(seed=asked.seed or 0), progress=tell)


def _refuse_untaught(trainings: Sequence[Planned], surfaces: "dict[str, Surface]") -> None:
    """Refuse, before the first training, what would end a later one, or the judging after all of them."""
    from crackscope.training import TrainOptions, check_rows

    for name, surface in surfaces.items():
        if not surface.split.part("test"):
            raise JudgingError(f"{name} holds no test rows to judge on: leave it out, or deal it out anew")
    for training in trainings:
        check_rows(surfaces[training.on].split, training.recipe, TrainOptions(), training.on)


def _called(text: str) -> tuple[str, str]:
    """The name that a bundle is given, "" for its own, and what it is: a folder that is there may have the sign in its
    own name."""
    name, separator, bundle = text.partition("=")
    return (name, bundle) if separator and not os.path.exists(text) else ("", text)


def _bundle(asked: Asked, text: str) -> "Entry":
    from crackscope.judging import Entry
    from crackscope.scoring import load

    name, bundle = _called(text)
    model = load(bundle_folder(bundle), threads=asked.threads)
    sets = ", ".join(f"{one.name} {one.pictures:,}" for one in model.manifest.trained_on)
    return Entry(name=name or model.manifest.name, model=model, trained_on=sets or "not stated")


def _trained(asked: Asked, training: Planned, surface: "Surface", folder: Path) -> "Entry":
    from crackscope.cli.training_bar import TrainingBar
    from crackscope.judging import Entry
    from crackscope.scoring import load
    from crackscope.training import TrainOptions, train

    recipe = training.recipe
    say(f"training {recipe.name} on {surface.name}", quiet=asked.silent)
    options = TrainOptions(threads=asked.threads)
    with TrainingBar(quiet=asked.silent) as bar:
        bundle = train(surface.split, recipe, folder, weights=asked.weights, options=options, progress=bar).bundle
    words = f"{several(len(surface.split.part('train')), 'picture')} of {surface.name}, recipe {recipe.name}"
    model = load(bundle, threads=asked.threads)
    return Entry(name=training.row, model=model, trained_on=words, column=surface.name)


def _filename(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name)


def _show(table: "Matrix") -> None:
    from crackscope.judging import MATRIX_FIGURES
    from crackscope.reports import met_before_sentences, refusing_sentence, suggested_by_surface

    columns = ("trained on", *(f">{column.name}" for column in table.columns))
    for name in MATRIX_FIGURES:
        rows = [
            (row, *(spell_figure(table.cell(row, column.name).figures[name]) for column in table.columns))
            for row in table.rows
        ]
        rows += [
            (baseline, *(spell_number(table.baseline(baseline, column, name)) for column in table.columns))
            for baseline in table.baselines
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
    for sentence in (*met_before_sentences(table), *suggested_by_surface(table)):
        warn(sentence)


def _judged(cell: "MatrixCell") -> str:
    left_out = f", {cell.not_judged} not" if cell.not_judged else ""
    return f"{cell.support['crack']} + {cell.support['sound']}{left_out}"
