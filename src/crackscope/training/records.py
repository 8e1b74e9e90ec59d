"""What a training is told, what it tells while it runs, and what it leaves."""

from collections.abc import Callable
from typing import Literal, get_args

import msgspec

from crackscope.arguments import FLAG, NUMBER, TABLE, TEXT, TEXTS, WHOLE, record, refuse_wrong
from crackscope.brief import brief
from crackscope.bundles import MOST_TEXT
from crackscope.datasets import Layout
from crackscope.errors import TrainingError
from crackscope.processors import MOST_THREADS
from crackscope.records import Label, Part, Unread

Device = Literal["auto", "cpu", "cuda"]
Stage = Literal["reading", "weights", "features", "training", "fitting", "writing"]


class TrainOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to run a training; nothing here changes what it learns.

    resume: go on where the run in the output folder stopped, in as many threads as it began with; one that is not there
    is begun.
    device: auto takes a GPU when there is one. threads: of the processor; None takes all cores.
    random: split the published way when the data bring no split, near-copies on both sides.
    group_by: column or file-name pattern that names the groups. layout: class folders named by the user.
    cache_mib: memory for the output of the frozen part; None takes half of what is free, as where more is asked
    for than there is; 0 recomputes it every epoch.
    licences: of the training pictures, by surface ("" for all); they go into the bundle. A run that goes on has those
    that it began with.
    max_unreadable: share of pictures that may be unreadable before the training refuses to start.
    Raises TrainingError for numbers that cannot be.
    """

    resume: bool = False
    device: Device = "auto"
    threads: int | None = None
    random: bool = False
    group_by: str | None = None
    layout: Layout = Layout()
    cache_mib: int | None = None
    tensorboard: bool = False
    max_unreadable: float = 0.1
    licences: dict[str, str] = {}

    def __post_init__(self) -> None:
        refuse_wrong(resume=(self.resume, FLAG), random=(self.random, FLAG), tensorboard=(self.tensorboard, FLAG))
        refuse_wrong(threads=(self.threads, WHOLE.or_none), cache_mib=(self.cache_mib, WHOLE.or_none))
        refuse_wrong(group_by=(self.group_by, TEXT.or_none), layout=(self.layout, record(Layout)))
        refuse_wrong(
            max_unreadable=(self.max_unreadable, NUMBER), licences=(self.licences, TABLE), device=(self.device, TEXT)
        )
        if self.device not in get_args(Device):
            raise TrainingError(f"device is {self.device!r}: it must be {' or '.join(get_args(Device))}")
        if self.threads is not None and not 1 <= self.threads <= MOST_THREADS:
            raise TrainingError(
                f"threads is {self.threads}: it must be 1 or more, up to {MOST_THREADS}, or None for all cores"
            )
        if self.cache_mib is not None and self.cache_mib < 0:
            raise TrainingError(f"cache_mib is {self.cache_mib}: it must be 0 or more, or None for half of the memory")
        if not 0 <= self.max_unreadable <= 1:
            raise TrainingError(f"max_unreadable is {self.max_unreadable}: it must lie between 0 and 1")
        refuse_wrong(licences=(list(self.licences.values()), TEXTS))
        for licence in self.licences.values():
            if len(licence) > MOST_TEXT:
                raise TrainingError(
                    f"a licence has {len(licence):,} letters, a bundle takes {MOST_TEXT:,}: give its name or address"
                )


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """Where a training stands. `seconds_left` is for the stage at hand, None while it cannot be known.

    done, total: pictures or, of weights that are downloaded, KiB; total 0 where it is not known. remark: a line on what
    is doubtful about the data, or where a run goes on, once each; "" else.
    """

    stage: Stage
    phase: int = 0
    phases: int = 0
    epoch: int = 0
    epochs: int = 0
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    figures: dict[str, float] = {}
    remark: str = ""


Listener = Callable[[Progress], None]


def nobody(_: Progress) -> None:
    """Hears nothing."""


class Epoch(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `history.csv`. Losses are means over the rows; `seconds` is wall time of this epoch alone.

    val_loss, val_accuracy: None where there are no validation rows, or the loss is not a number.
    """

    phase: int
    epoch: int
    train_loss: float
    train_accuracy: float
    val_loss: float | None
    val_accuracy: float | None
    learning_rate: float
    seconds: float


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """Parameter counts as Keras counts: moving means and variances never learn."""

    total: int
    trainable: int
    frozen: int


class Dealt(msgspec.Struct, frozen=True, kw_only=True):
    """How the pictures of a run came into their parts.

    kind: in `groups` of what belongs together, at `random`, or `given`: in parts that they had. parts: pictures by part
    and label. seed, leak_share: as `Split` has them.
    """

    kind: Literal["groups", "random", "given"]
    parts: dict[Part, dict[Label, int]]
    seed: int | None = None
    leak_share: float | None = None


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What one training left: the folder, the bundle in it, and how it went.

    seconds: wall time; of a training that was interrupted, of the epochs done before and of the call that ended it.
    stopped: "done", "early" (the validation loss no longer fell) or "time" (the budget was used up). kept: the epoch
    whose weights the bundle holds, None in runs of before that was written down. unread: pictures that could not be
    read when it began, and were left out. dealt: None in runs of before that was written down.
    """

    folder: str
    bundle: str
    split: str
    history: tuple[Epoch, ...]
    parameters: Parameters
    seconds: float
    stopped: str
    kept: Epoch | None = None
    unread: tuple[Unread, ...] = ()
    dealt: Dealt | None = None

    __repr__ = brief
