"""`train`: from labelled pictures and a recipe to a bundle, and then the judgement of it on the test part.

Training and judging know nothing of each other; they are joined here.
"""

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crackscope.cli.as_named import as_typed
from crackscope.cli.bundle_names import refuse_default
from crackscope.cli.console import print_json, say, tell_of_pages_in, tell_unread, warn
from crackscope.cli.evaluate import metrics
from crackscope.cli.failures import Interrupted
from crackscope.cli.folders import outside
from crackscope.cli.judgement import Judgement, Sitting, judge, show, tell_report
from crackscope.cli.labelled import Labelled
from crackscope.cli.options import FiniteRange, WholeRange, out, shared
from crackscope.cli.state import State
from crackscope.cli.training_bar import TrainingBar, spell_time
from crackscope.errors import DatasetError, several
from crackscope.files import writable

if TYPE_CHECKING:
    from crackscope.datasets import Split
    from crackscope.recipes import Recipe
    from crackscope.training import Progress, Run, TrainOptions


@dataclass(frozen=True, kw_only=True)
class Asked(Labelled):
    """The options of one call."""

    data: str
    recipe: str
    settings: tuple[str, ...]
    weights: str | None
    out: str | None
    resume: bool
    evaluate: bool
    device: str
    cache_mib: int | None
    max_unreadable: float
    licences: tuple[str, ...]
    tensorboard: bool


@click.command()
@click.argument("data", metavar="DATA|SPLIT.csv|EXPORT.json")
@click.option("--recipe", default="default", show_default=True, metavar="NAME|FILE", help="What to train.")
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change the recipe: --set phases.0.epochs=3"
)
@click.option(
    "--weights", metavar="FILE|BUNDLE|default|publisher|none", help="Where to start from; default: as the recipe says."
)
@out("RUN", "Folder of the run; default: runs/RECIPE-DATE-TIME.")
@click.option("--resume", is_flag=True, help="Go on with the run in -o RUN where it stopped, on the same DATA.")
@click.option("--evaluate/--no-evaluate", default=True, help="Judge the bundle on the test part.", show_default=True)
@click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True, help="Where to train."
)
@click.option("--cache-mib", type=WholeRange(min=0), metavar="N", help="Memory for the output of frozen layers, MiB.")
@click.option(
    "--max-unreadable",
    type=FiniteRange(0, 1),
    default=0.1,
    show_default=True,
    metavar="SHARE",
    help="Share of pictures that may be unreadable before the training refuses to start.",
)
@click.option(
    "--licence",
    "licences",
    multiple=True,
    metavar="[SURFACE=]TEXT",
    help="Licence of the pictures (of one surface), told by the bundle.",
)
@click.option("--tensorboard", is_flag=True, help="Write curves for TensorBoard too.")
@shared("random", "group_by", "positive", "negative", "threads", "seed", "quiet", "json")
@click.pass_obj
def train(state: State, /, **options: Any) -> None:
    """Train a classifier as a recipe says, and judge it on the test part.

    DATA is a folder of class folders, a tree of train/ val/ test/, or a CSV manifest; EXPORT.json what Label Studio
    exports as JSON, saved beside the patches. A data set without parts is split 60:20:20 with near-copies kept
    together, and so are the patches that `crackscope suggest` cut from one photo.
    """
    asked = Asked(**options)
    refuse_default(asked.out)
    if asked.resume and asked.out is None:
        raise click.UsageError("--resume needs the run to go on with: name it with -o RUN")
    recipe = _recipe(asked)
    folder = asked.out or f"runs/{recipe.name}-{datetime.now():%Y%m%d-%H%M%S}"
    writable(folder)
    if not asked.resume or not (Path(folder) / "run.json").exists():
        outside(folder, [asked.data])
    with _kept(folder), TrainingBar(quiet=asked.silent, lines=True) as bar:
        from crackscope.training import train as learn

        remarks = [] if asked.quiet else [*_begins_anew(asked), *_steps(recipe)]
        tell = _beginning_with(remarks, bar)
        run = learn(asked.data, recipe, folder, weights=asked.weights, options=_how(asked), progress=tell)
    with _trained(run):
        split = _split_of(run, needed=asked.evaluate)
        if not asked.as_json:
            _tell(run, asked.quiet)
            tell_of_pages_in((row.path for row in split.rows) if split else (), quiet=asked.quiet, done="used")
        judgement = _judge(run, _as_dealt(split, run), asked) if asked.evaluate and split else None
    unread = run.unread if judgement is None else judgement.evaluation.unread
    state.status = 1 if unread else 0
    if asked.as_json:
        print_json({"run": run, "evaluation": None if judgement is None else metrics(judgement.evaluation)})
    elif judgement is None:
        tell_unread(unread)


def _split_of(run: "Run", *, needed: bool) -> "Split | None":
    """The split of a run; None where none of its pictures is there any more, as beside a run that was copied elsewhere,
    and none is needed. Raises DatasetError."""
    from crackscope.datasets import read_split

    try:
        return read_split(run.split)
    except DatasetError as error:
        if not needed:
            return None
        raise DatasetError(
            f"{run.folder} is trained, but cannot be judged ({error}): add --no-evaluate, or judge it on pictures that "
            f"are there with `crackscope evaluate {as_typed(run.folder)} DATA`"
        ) from None


def _as_dealt(split: "Split", run: "Run") -> "Split":
    """The split of a run, with what its file does not say: how it was dealt, and what could not be read then."""
    import msgspec

    listed = {row.path for row in split.rows} | {one.path for one in split.unreadable}
    lacking = tuple(one for one in run.unread if one.path not in listed)
    split = msgspec.structs.replace(split, unreadable=(*split.unreadable, *lacking))
    if run.dealt is None:
        return split
    leak = run.dealt.leak_share
    random = run.dealt.kind == "random" or (run.dealt.kind == "given" and bool(leak))
    return msgspec.structs.replace(split, seed=run.dealt.seed, random=random, leak_share=leak)


def _recipe(asked: Asked) -> "Recipe":
    from crackscope.recipes import load, override

    seed = () if asked.seed is None else (f"seed={asked.seed}",)
    return override(load(asked.recipe), [*asked.settings, *seed])


def _how(asked: Asked) -> "TrainOptions":
    from crackscope.training import TrainOptions

    return TrainOptions(
        resume=asked.resume,
        device=asked.device,  # type: ignore[arg-type]  # click has checked it
        threads=asked.threads,
        random=asked.random,
        group_by=asked.group_by,
        layout=asked.layout,
        cache_mib=asked.cache_mib,
        tensorboard=asked.tensorboard,
        max_unreadable=asked.max_unreadable,
        licences=dict(_licence(text) for text in asked.licences),
    )


def _licence(text: str) -> tuple[str, str]:
    """Surface and licence; the surface is "" when the licence is that of all pictures."""
    surface, separator, licence = text.partition("=")
    return (surface, licence) if separator else ("", text)


def _begins_anew(asked: Asked) -> list[str]:
    """That there is nothing to go on with, where that was asked for; none elsewhere."""
    if not asked.resume or asked.out is None or (Path(asked.out) / "run.json").exists():
        return []
    return [f"there is no run to go on with in {asked.out}: it begins anew"]


def _steps(recipe: "Recipe") -> list[str]:
    """How long the phases are that state their steps, and so do not shrink with the pictures; none where none does."""
    stated = [(place, phase) for place, phase in enumerate(recipe.phases) if phase.steps]
    parts = [
        f"{f'phase {place + 1}, ' if len(recipe.phases) > 1 else ''}{several(phase.epochs, 'epoch')} of "
        f"{several(phase.steps, 'step')}, {phase.epochs * phase.steps:,} in all "
        f"(--set phases.{place}.steps=N shortens it)"
        for place, phase in stated
    ]
    return [f"to do, with however few pictures: {'; '.join(parts)}"] if parts else []


def _beginning_with(remarks: list[str], bar: TrainingBar) -> "Callable[[Progress], None]":
    """Tell the bar, and say the remarks first, once the pictures are found: a wrong call ends with its error alone."""

    def tell(progress: "Progress") -> None:
        while remarks and (progress.done or progress.remark or progress.stage != "reading"):
            warn(remarks.pop(0))
        bar(progress)

    return tell


@contextmanager
def _kept(folder: str) -> Iterator[None]:
    """Say, when Ctrl-C or SIGTERM ends a training, where it is kept and how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        if not Path(folder).is_dir():
            raise
        raise Interrupted(
            f"interrupted, what was reached is kept in {folder}, to go on add -o {shlex.quote(folder)} --resume to the "
            "same call"
        ) from None


@contextmanager
def _trained(run: "Run") -> Iterator[None]:
    """Say, when Ctrl-C or SIGTERM ends the judging, that the training is whole all the same."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(
            f"interrupted while judging, the training is done and its bundle whole: {run.bundle}; to judge it add "
            f"-o {shlex.quote(run.folder)} --resume to the same call, which trains no further"
        ) from None


def _tell(run: "Run", quiet: bool) -> None:
    stopped = {"early": ", stopped early: the validation loss no longer fell", "time": ", the time budget was used up"}
    parameters = run.parameters
    epochs = several(len(run.history), "epoch")
    say(f"trained in {spell_time(run.seconds)}, {epochs}{stopped.get(run.stopped, '')}", quiet=quiet)
    say(
        f"{parameters.total:,} parameters: {parameters.trainable:,} trained, {parameters.frozen:,} did not",
        quiet=quiet,
    )
    if run.kept is not None and run.kept.val_loss is not None:
        say(
            f"validation: loss {run.kept.val_loss:.6f}, accuracy {run.kept.val_accuracy or 0:.4f} "
            f"(of the weights that were kept: phase {run.kept.phase}, epoch {run.kept.epoch})",
            quiet=quiet,
        )
    say(f"bundle: {run.bundle}")


def _judge(run: "Run", split: "Split", asked: Asked) -> Judgement | None:
    """None where the split has no test part."""
    from crackscope.reports import write_curves

    write_curves(run.folder)
    quiet = asked.silent
    if not split.part("test"):
        say(
            "not judged, there is no test part: crackscope evaluate "
            f"{as_typed(run.folder)} DATA --part all judges it on other labelled pictures",
            quiet=quiet,
        )
        return None
    sitting = Sitting(out=Path(run.folder) / "evaluation", threads=asked.threads, quiet=quiet)
    judgement = judge(run.bundle, split, sitting)
    if not asked.as_json:
        show(judgement, quiet=asked.quiet)
        tell_report(judgement)
    return judgement
