"""One training from data and recipe to a run folder, able to go on after any interruption."""

import platform
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import torch
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it comes without types

from crackscope import datasets, networks, recipes
from crackscope.arguments import CALL, PATH, a_path_or, record, refuse_wrong
from crackscope.bundles import StartedFrom, edition
from crackscope.datasets import Split
from crackscope.encoding import encode_json
from crackscope.errors import OutputError, TrainingError, several
from crackscope.networks import CrackNetwork
from crackscope.recipes import Recipe
from crackscope.records import Row, Unread
from crackscope.scoring import kept_heap
from crackscope.training import checkpoints, writing
from crackscope.training.checks import (
    check_disk,
    check_memory,
    check_rows,
    check_side,
    cores,
    device_for,
)
from crackscope.training.dealing import dealt, doubts
from crackscope.training.features import beyond_memory
from crackscope.training.history import History, check_tensorboard, write_text
from crackscope.training.holding import held, refuse_held
from crackscope.training.loop import Loop, fast_bfloat16, put
from crackscope.training.pictures import Size, input_size
from crackscope.training.recalling import memory_of
from crackscope.training.records import Dealt, Listener, Parameters, Progress, Run, Stage, TrainOptions, nobody
from crackscope.training.resuming import (
    RUN,
    SPLIT,
    STATE,
    as_begun,
    begun,
    finished,
    going_on,
    kept_options,
    refuse_meanwhile,
    refuse_other_data,
)
from crackscope.training.sources import Sources
from crackscope.training.starting import features_from, started_from


def train(
    data: str | Path | Split,
    recipe: str | Path | Recipe = "default",
    out: str | Path | None = None,
    *,
    weights: str | Path | None = None,
    options: TrainOptions | None = None,
    progress: Listener | None = None,
) -> Run:
    """Train a network as a recipe says and write a run folder with a bundle in it.

    Args:
        data: a folder of labelled pictures, a split file, or a `Split`.
        recipe: a name, a TOML file, or a `Recipe`.
        out: the run folder; None makes `runs/RECIPE-DATE-TIME`.
        weights: overrides `network.weights` of the recipe.
        progress: is told where the training stands, several times a second.

    Raises:
        CrackscopeError: of the family that fits (data, recipe, weights, training, output), before the work where it
            can be known before; a run goes on with the recipe and the data that it was begun with alone. A training
            that stops midway keeps its last good state in the folder.
    """
    refuse_wrong(data=(data, a_path_or(Split)), recipe=(recipe, a_path_or(Recipe)), out=(out, PATH.or_none))
    refuse_wrong(weights=(weights, PATH.or_none), options=(options, record(TrainOptions).or_none))
    refuse_wrong(progress=(progress, CALL.or_none))
    options, tell = options or TrainOptions(), progress or nobody
    chosen = recipe if isinstance(recipe, Recipe) else recipes.load(recipe)
    if weights is not None:
        chosen = msgspec.structs.replace(chosen, network=msgspec.structs.replace(chosen.network, weights=str(weights)))
    folder = Path(out) if out is not None else Path("runs") / f"{chosen.name}-{datetime.now():%Y%m%d-%H%M%S}"
    refuse_held(folder)
    if options.tensorboard:
        check_tensorboard()
    started = begun(folder, chosen, options)
    if started:
        options = as_begun(folder, started, options)
        refuse_other_data(folder, started, data, options.layout)
    if started and started.get("finished") and edition(folder) is not None:
        return finished(started["finished"], folder)
    threads = int(started["threads"]) if started else cores(options)
    training = _Training(chosen, folder, options, threads, tell)
    try:
        return training.run(data, started)
    except OSError as error:
        kept = (
            "the last state is kept, --resume goes on from it" if (folder / STATE).exists() else "nothing was trained"
        )
        raise OutputError(f"{folder}: cannot be written ({error.strerror or error}); make room; {kept}") from error
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise TrainingError(f"memory ran out: lower phases.0.batch or --cache-mib, then --resume ({error})") from error


class _Training:
    """The steps of `train`, once it is known what is to be done and where."""

    def __init__(self, recipe: Recipe, folder: Path, options: TrainOptions, threads: int, tell: Listener) -> None:
        self.recipe, self.folder, self.options, self.threads, self.tell = recipe, folder, options, threads, tell
        self.named = ""
        self.start: StartedFrom | None = None
        self.features: bytes | None = None
        self.device = device_for(options)
        self.state = checkpoints.State(counters=checkpoints.Counters(), learned={})
        self.before_s = 0.0

    def run(self, data: str | Path | Split, started: dict[str, Any] | None) -> Run:
        """Do what is left of the training."""
        clock = time.monotonic()
        self.named = "" if isinstance(data, Split) else str(data)
        torch.set_num_threads(self.threads)
        self.tell(Progress(stage="reading"))
        split = datasets.read_split(self.folder / SPLIT) if started else self._split(data)
        check_rows(split, self.recipe, self.options, self.named or "the split")
        network = self._network()
        check_side(network, self.recipe)
        counts = Parameters(**dict(zip(("total", "trainable", "frozen"), self._counts(network), strict=True)))
        check_disk(self.folder, counts.total, len(split.rows))
        check_memory(counts.total, self.recipe, len(split.part("train")))
        with held(self.folder):
            refuse_meanwhile(self.folder, started, self.recipe, self.options)
            first = [] if started else doubts(split, here=not isinstance(data, Split))
            for remark in filter(None, (*first, *datasets.remarks(split.rows), beyond_memory(self.options.cache_mib))):
                self.tell(Progress(stage="reading", remark=remark))
            return self._learn(split, network, counts, started, clock)

    def _learn(
        self, split: Split, network: CrackNetwork, counts: Parameters, started: dict[str, Any] | None, clock: float
    ) -> Run:
        """Train, and write what came of it. clock: as it was when all of this began."""
        train_rows, val_rows = split.part("train"), sampled(split.part("val"), self.recipe.validate_on)
        size = input_size(self.recipe, train_rows, network.side)
        facts = started or self._begin(split, network, counts, size)
        # Surfaces are generated in many threads, with products of small matrices that are fastest in a single one.
        with threadpool_limits(1, "blas"):
            with closing(Sources(self.recipe, self.options, self.folder, self.threads, self.tell)) as sources:
                sources.set_rows(train_rows, val_rows, size, self.device)
                with kept_heap():
                    self._phases(network, sources, resumed=started is not None)
            history = self.state.counters.history
            training = writing.Training(
                size,
                len(val_rows),
                history,
                self.threads,
                self.options.licences,
                self.start,
                self.features,
                self.tell,
            )
            bundle = writing.write_bundle(network, self.recipe, split, self.folder, training)
        run = Run(
            folder=str(self.folder),
            bundle=str(bundle),
            split=str(self.folder / SPLIT),
            history=tuple(self.state.counters.history),
            parameters=counts,
            seconds=round(self.before_s + time.monotonic() - clock, 1),
            stopped=self.state.counters.stopped or "done",
            kept=writing.kept_epoch(self.state.counters.history, self.recipe),
            unread=msgspec.convert(facts["data"].get("unread", []), tuple[Unread, ...]),
            dealt=msgspec.convert(facts.get("split"), Dealt | None),
        )
        self._note(facts | {"finished": msgspec.to_builtins(run)})
        return run

    def _split(self, data: str | Path | Split) -> Split:
        with datasets.watched(lambda done, total: self._tell("reading", done, total), self.options.threads):
            if isinstance(data, Split):
                return datasets.opened(data)
            found = datasets.load(
                data,
                layout=self.options.layout,
                random=self.options.random,
                group_by=self.options.group_by,
                seed=self.recipe.seed,
            )
            # A picture that cannot be read would end the training when it is read, minutes or hours later.
            return datasets.opened(found)

    def _tell(self, stage: Stage, done: int, total: int) -> None:
        self.tell(Progress(stage=stage, done=done, total=total))

    def _network(self) -> CrackNetwork:
        """The network with its starting weights; the same for the same recipe, seed and weights file."""
        found = networks.find_weights(
            self.recipe.network, progress=lambda here, total: self._tell("weights", here >> 10, total >> 10)
        )
        self.start, self.features = started_from(found), features_from(found, self.recipe)
        torch.manual_seed(self.recipe.seed)
        return networks.build(self.recipe.network, self.recipe.head, found).to(self.device)

    def _counts(self, network: CrackNetwork) -> tuple[int, int, int]:
        """Counted with the last phase's freezing, in which most learns."""
        network.freeze(self.recipe.phases[-1].freeze)
        return networks.parameter_counts(network)

    def _begin(self, split: Split, network: CrackNetwork, counts: Parameters, size: Size) -> dict[str, Any]:
        (self.folder / "checkpoints").mkdir(exist_ok=True)
        datasets.write_split(split, self.folder / SPLIT)
        freezes = [phase.freeze for phase in self.recipe.phases]
        write_text(self.folder / "summary.txt", networks.summary(network, (size.height, size.width), freezes))
        facts = {
            "recipe": msgspec.to_builtins(self.recipe),
            "data": {
                "name": self.named,
                "fingerprint": split.fingerprint,
                "rows": len(split.rows),
                "unreadable": len(split.unreadable),
                "unread": msgspec.to_builtins(split.unreadable),
            },
            "split": msgspec.to_builtins(dealt(split)),
            "options": kept_options(self.options),
            "started_from": msgspec.to_builtins(self.start),
            "input": msgspec.to_builtins(size),
            "parameters": msgspec.to_builtins(counts),
            "threads": self.threads,
            "versions": versions(),
            "machine": {
                "system": platform.platform(),
                "processor": platform.machine(),
                "device": str(self.device),
                "bfloat16": self.recipe.precision == "bfloat16" and fast_bfloat16(self.device),
            },
            "begun": datetime.now().astimezone().isoformat(timespec="seconds"),
        }
        self._note(facts)
        return facts

    def _note(self, facts: dict[str, Any]) -> None:
        write_text(self.folder / RUN, encode_json(facts).decode())

    def _phases(self, network: CrackNetwork, sources: Sources, *, resumed: bool) -> None:
        state_file, history = self.folder / STATE, History(self.folder, self.options.tensorboard)
        memory = memory_of(network) if self.recipe.mixture.recall else None
        if state_file.exists():
            self._put_back(network, history)
        counters = self.state.counters
        if resumed:
            self.tell(Progress(stage="training", remark=going_on(self.recipe, counters)))
            if self.options.threads not in (None, self.threads):
                remark = f"it goes on in {several(self.threads, 'thread')}, as it began, to end with the same bytes"
                self.tell(Progress(stage="training", remark=remark))
        while counters.phase < len(self.recipe.phases) and (counters.stopped != "time" or counters.epoch):
            phase = self.recipe.phases[counters.phase]
            network.freeze(phase.freeze)
            tail, source = sources.phase(network, counters.phase)
            if phase.norms == "batch":
                sources.calibrate(network)
            loop = Loop(network, tail, self.recipe, self.state, state_file)
            loop.class_weights = sources.class_weights().to(self.device)
            loop.listener, loop.logger, loop.memory = self.tell, history, memory
            loop.run(source)

    def _put_back(self, network: CrackNetwork, history: History) -> None:
        """The network as the last checkpoint left it, and the history, which is written after the checkpoint."""
        self.state = checkpoints.load(self.folder / STATE).on(self.device)
        put(network, self.state.learned)
        counters = self.state.counters
        self.before_s = counters.used_s
        for phase in self.recipe.phases[: counters.phase + (counters.epoch > 0)]:
            network.freeze(phase.freeze)
            if phase.norms == "batch":
                network.mark_folded([name for name in network.folded_norms() if name in network.frozen_layers])
        history.epoch(counters.history)


def sampled(rows: Sequence[Row], limit: int) -> list[Row]:
    """At most `limit` rows, drawn evenly from every label and surface; all of them for 0."""
    if not limit or len(rows) <= limit:
        return list(rows)
    ranked = sorted(range(len(rows)), key=lambda i: (rows[i].label, rows[i].surface, i))
    return [rows[ranked[i * len(ranked) // limit]] for i in range(limit)]


def versions() -> dict[str, str]:
    """Versions of what a training's figures may depend on."""
    from importlib.metadata import version

    packages = ("crackscope", "torch", "numpy", "onnxruntime", "opencv-python-headless", "pillow")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}
