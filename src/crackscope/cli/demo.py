"""`demo`: the whole way on generated surfaces, told to somebody who sees it for the first time."""

import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from crackscope.cli.console import print_json, print_table, progress, say
from crackscope.cli.evaluate import metrics
from crackscope.cli.folders import fresh, vacant
from crackscope.cli.generate import Wanted, write_surfaces
from crackscope.cli.judgement import Judgement, Sitting, judge, show, spell_figure, tell_report
from crackscope.cli.options import WholeRange, out, shared
from crackscope.cli.predict import as_line
from crackscope.cli.training_bar import TrainingBar, spell_time
from crackscope.errors import WeightsError, several
from crackscope.files import make_folder, writable

if TYPE_CHECKING:
    from crackscope.datasets import Split
    from crackscope.recipes import Recipe
    from crackscope.records import Prediction
    from crackscope.training import Run

MARK = ".crackscope-demo"
"""A file of this name says that a folder was made by this command and may be made anew by it."""

WIDTH_PX = (3.0, 8.0)
"""Plain cracks: what a linear head on some hundred patches can learn. `generate` draws finer ones."""


@dataclass(frozen=True)
class Asked:
    """The options of one call. count: patches of side x side px."""

    out: str
    count: int
    side: int
    recipe: str
    weights: str
    threads: int | None
    seed: int | None
    quiet: bool
    as_json: bool

    @property
    def silent(self) -> bool:
        """Whether nothing but the result is wanted."""
        return self.quiet or self.as_json


@click.command()
@out("DIR", "Folder to write to; one that a demo made before is made anew.", default="demo", show_default=True)
@click.option(
    "-n",
    "--count",
    type=WholeRange(40, 100_000),
    metavar="N",
    default=400,
    show_default=True,
    help="Patches to generate.",
)
@click.option(
    "--size",
    "side",
    type=WholeRange(64, 512),
    metavar="PX",
    default=160,
    show_default=True,
    help="Their side in px.",
)
@click.option("--recipe", default="probe", show_default=True, metavar="NAME|FILE", help="What to train.")
@click.option(
    "--weights",
    default="default",
    show_default=True,
    metavar="FILE|BUNDLE|default|publisher|none",
    help="Where training starts from.",
)
@shared("threads", "seed", "quiet", "json")
def demo(**options: Any) -> None:
    """Generate surfaces, train a classifier on them, judge it, and use it: a minute or two, no data needed."""
    asked = Asked(**options)
    began = monotonic()
    recipe = _checked(asked)
    folder = _stage(Path(asked.out))
    _draw(asked, folder / "patches")
    split = _deal(asked, folder)
    run = _learn(asked, recipe, folder, split)
    judgement = _judge(asked, run, split)
    said = _use(asked, folder, run)
    if asked.as_json:
        lines = [as_line(one) for one in said]
        print_json({"out": asked.out, "run": run, "evaluation": metrics(judgement.evaluation), "predictions": lines})
        return
    _end(run, judgement, monotonic() - began)


def _checked(asked: Asked) -> "Recipe":
    """The recipe, once it is known that the folder may be used and that the weights fit, before anything is drawn.

    Weights that a publisher has yet to send are asked for by the training, which shows how far they are.
    """
    if not _ours(Path(asked.out)):
        vacant(asked.out)
    import msgspec

    from crackscope.networks import build, find_weights
    from crackscope.recipes import load, override

    named = override(load(asked.recipe), () if asked.seed is None else (f"seed={asked.seed}",))
    recipe = msgspec.structs.replace(named, network=msgspec.structs.replace(named.network, weights=asked.weights))
    if asked.weights != "publisher":
        try:
            build(recipe.network, recipe.head, find_weights(recipe.network))
        except WeightsError:
            if asked.weights != "default":
                raise
            raise WeightsError(
                f"the bundle in the package lacks weights that {asked.recipe} begins with: give --weights none, "
                "publisher or FILE"
            ) from None
    return recipe


def _ours(folder: Path) -> bool:
    """Whether an earlier demo made this folder. Raises OutputError where nothing can be written."""
    return (writable(folder) / MARK).is_file()


def _stage(folder: Path) -> Path:
    """A folder that is empty but for our mark. One that an earlier demo made is emptied, and keeps the mark, so that
    what an interrupt leaves of it is still ours. The folder itself stays: it may be the one that the call runs in, or
    be named by a link."""
    if _ours(folder):
        for one in folder.iterdir():
            if one.is_dir() and not one.is_symlink():
                shutil.rmtree(one)
            elif one.name != MARK:
                one.unlink()
    make_folder(vacant(folder, {MARK}))
    (folder / MARK).write_text("Made by `crackscope demo`, which may remove it.\n", encoding="utf-8")
    return folder


def _draw(asked: Asked, folder: Path) -> None:
    _tell(
        asked,
        f"1. Pictures. There are no photos here, so {asked.count} patches of concrete, plaster and the like are drawn,",
        "   half of them with a crack of 3 to 8 pixels. Joints, stains and shadows are drawn too: they are no cracks.",
    )
    wanted = Wanted(count=asked.count, side=asked.side, seed=asked.seed or 0, width_px=WIDTH_PX)
    fresh(folder)
    with progress("drawing", asked.count, quiet=asked.silent) as tell:
        write_surfaces(wanted, folder, tell)
    _tell(asked, f"   They are in {folder}: have a look.", "")


def _deal(asked: Asked, folder: Path) -> "Split":
    from crackscope.datasets import split, watched, write_split

    with progress("looking for copies", None, quiet=asked.silent) as tell, watched(tell, asked.threads):
        dealt = split(folder / "patches", seed=asked.seed or 0)
    write_split(dealt, folder / "split.csv")
    learn, choose, judged = (len(dealt.part(part)) for part in ("train", "val", "test"))
    _tell(
        asked,
        f"2. Split. {learn} patches to learn from, {choose} to choose the best moment by, {judged} kept aside for the",
        "   judgement. Near-copies of one another stay on one side, or the judgement would flatter.",
        "",
    )
    return dealt


def _beginning(recipe: "Recipe") -> tuple[str, str]:
    """What the network is before the training, and what of it learns."""
    random = recipe.network.weights == "none"
    first = "begins with random numbers" if random else "has already learnt to see on other pictures"
    if any(phase.freeze.stage != "all" for phase in recipe.phases):
        return first, "from there it learns what a crack is"
    end = "those at its end learn" if recipe.head.layers or recipe.head.kind == "dense" else "the last one learns"
    return first, f"its layers are kept as they are, and only {end} what a crack is"


def _learn(asked: Asked, recipe: "Recipe", folder: Path, split: "Split") -> "Run":
    from crackscope.training import TrainOptions, train

    first, then = _beginning(recipe)
    _tell(asked, f"3. Training, by the recipe `{asked.recipe}`. The network {first};", f"   {then}.")
    options = TrainOptions(threads=asked.threads)
    with TrainingBar(quiet=asked.silent) as bar:
        run = train(split, recipe, folder / "run", options=options, progress=bar)
    rounds, counts = several(len(run.history), "round"), run.parameters
    _tell(
        asked,
        f"   {rounds} in {spell_time(run.seconds)}; of {counts.total:,} numbers, {counts.trainable:,} learnt.",
        f"   The trained model is a folder, {run.bundle}, and all that is needed to use it.",
        "",
    )
    return run


def _judge(asked: Asked, run: "Run", split: "Split") -> Judgement:
    _tell(asked, "4. Judgement, on the patches kept aside, with the model as a user would run it.")
    sitting = Sitting(out=Path(run.folder) / "evaluation", threads=asked.threads, quiet=asked.silent)
    judgement = judge(run.bundle, split, sitting)
    if not asked.silent:
        show(judgement, quiet=True)
        tell_report(judgement)
    _tell(
        asked,
        "   The interval says how far the figure might move with other patches; the last column what one would get",
        "   without looking at a picture at all.",
        "",
    )
    return judgement


def _use(asked: Asked, folder: Path, run: "Run") -> "list[Prediction]":
    from crackscope.scoring import load

    _tell(asked, "5. Use, on two pictures it has never seen, larger than the patches it learnt from.")
    fresh(folder / "new")
    wanted = Wanted(count=2, side=2 * asked.side, seed=(asked.seed or 0) + 1, width_px=WIDTH_PX)
    write_surfaces(wanted, folder / "new", lambda done: None)
    model = load(run.bundle, threads=asked.threads)
    said = [model.predict(path) for path in sorted((folder / "new").glob("[cs]*/*.png"))]
    rows = [
        (Path(one.path).parent.name, one.verdict, f"{one.probability:.3f}", f"{one.seconds:.2f}", one.path)
        for one in said
    ]
    if not asked.as_json:
        print_table("", ("truth", "verdict", ">crack probability", ">seconds", "picture"), rows)
    wrong = sum(truth != verdict for truth, verdict, *_ in rows)
    if wrong:
        _tell(
            asked,
            f"   {wrong} of {len(rows)} wrong: a good figure on few patches promises little for other pictures, here",
            f"   larger ones, of a classifier that learnt for {spell_time(run.seconds)}.",
            "",
        )
    return said


def _end(run: "Run", judgement: Judgement, seconds: float) -> None:
    evaluation = judgement.evaluation
    accurate = spell_figure(evaluation.accuracy)
    say(f"Done in {spell_time(seconds)}. Accuracy on the {evaluation.n} patches kept aside: {accurate}.")
    if judgement.report is not None:
        say(f"Open this in a browser: {judgement.report.resolve()}")
    program = _program()
    say(f"Try a picture of your own: {program} predict PICTURE --bundle {shlex.quote(run.bundle)}")
    say(f"Whole photos, with the bundle that knows real surfaces: {program} inspect PHOTO... -o report")
    say("These surfaces are drawn: a real one is harder. With labelled patches of yours, offline and in minutes:")
    say(f"{program} train FOLDER --recipe probe --weights default")


def _program() -> str:
    """How this program is called from here: an environment that is not active has it beside its Python alone."""
    if shutil.which("crackscope"):
        return "crackscope"
    beside = Path(sys.executable).with_name("crackscope")
    if not shutil.which(beside):
        return f"{shlex.quote(sys.executable)} -m crackscope"
    here = Path.cwd()
    return shlex.quote(str(beside.relative_to(here) if beside.is_relative_to(here) else beside))


def _tell(asked: Asked, *lines: str) -> None:
    for line in lines:
        say(line, quiet=asked.silent)
