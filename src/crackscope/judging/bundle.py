"""From a bundle and labelled pictures to an evaluation: the bundle is run as a user runs it."""

import difflib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, TypedDict, Unpack, get_args

import msgspec

from crackscope.arguments import CALL, TEXT, WHOLE, a_path_or, record, refuse_wrong
from crackscope.errors import JudgingError, none_can
from crackscope.judging.evaluation import Evaluation, Judged, SplitFacts
from crackscope.judging.manifest_facts import facts_of
from crackscope.judging.met_pictures import met_in_training
from crackscope.judging.met_sets import met_before
from crackscope.judging.prevalence import at_prevalence, checked_prevalence
from crackscope.judging.scores import Bootstrap, Origin, judge, judged
from crackscope.records import Part, Prediction, Row, Unread

if TYPE_CHECKING:
    from crackscope.bundles import Bundle
    from crackscope.datasets import Layout, Split
    from crackscope.scoring import Model

Progress = Callable[[int, int], None]
"""Called with how many pictures are done, and of how many."""


class EvaluateOptions(TypedDict, total=False):
    """What `evaluate` may be told besides, all optional.

    part: rows to judge, "test" unless said; "all" or None for every row. threads: pictures scored at once. seed,
    resamples: of the intervals; 0 and 1000. layout: class folders with names of their own. progress: called as pictures
    are done. prevalence: the share of cracked pictures, above 0 and below 1, that precision is restated for. called: a
    name of the data, by which they are known again where the bundle learnt from a set of that name.
    """

    part: Part | Literal["all"] | None
    threads: int | None
    seed: int
    resamples: int
    layout: "Layout"
    progress: Progress | None
    prevalence: float | None
    called: str


def evaluate(
    bundle: "str | Path | Bundle | Model", data: "str | Path | Split", **options: Unpack[EvaluateOptions]
) -> Evaluation:
    """Judge a bundle on one part of labelled data: every figure with its 95 % interval, beside trivial baselines.

    bundle: as `scoring.load` takes it. data: a split, or what `datasets.load` takes; data that names no
    parts are split 60:20:20 by groups first. Pictures that cannot be read are listed, and enter no figure.

    Raises BundleError and DatasetError for what cannot be used, JudgingError when no row of the part can be judged, the
    prevalence is no share, or resamples or seed are out of range, TypeError for an option that there is not.
    """
    from crackscope.scoring import load

    _refuse_unknown(options)
    _refuse_wrong(bundle, data, options)
    prevalence = checked_prevalence(options.get("prevalence"))
    bootstrap = Bootstrap(resamples=options.get("resamples", 1000), seed=options.get("seed", 0))
    split, part = _opened(data, options)
    _rows_of(split, part)  # Where there are none, no bundle need be loaded.
    model = load(bundle, threads=options.get("threads"))
    said = answers(model, split, part, called=options.get("called", ""), progress=options.get("progress"))
    evaluation = judge(said.rows, model.manifest.threshold, bootstrap, said.origin)
    if prevalence is None:
        return evaluation
    return msgspec.structs.replace(evaluation, at_prevalence=at_prevalence(evaluation, prevalence))


def _refuse_wrong(bundle: object, data: object, options: EvaluateOptions) -> None:
    from crackscope.datasets import Layout, Split
    from crackscope.scoring import BUNDLE

    refuse_wrong(bundle=(bundle, BUNDLE), data=(data, a_path_or(Split)))
    refuse_wrong(threads=(options.get("threads"), WHOLE.or_none), progress=(options.get("progress"), CALL.or_none))
    refuse_wrong(layout=(options.get("layout", Layout()), record(Layout)), called=(options.get("called", ""), TEXT))


class Answers(NamedTuple):
    """rows: those that could be read, each with what the model said of it. origin: of which model, and on what."""

    rows: tuple[Judged, ...]
    origin: Origin


def answers(
    model: "Model", split: "Split", part: Part | None, *, called: str = "", progress: Progress | None = None
) -> Answers:
    """What a model says of a part of a split, None for all of it. called, progress: as in `EvaluateOptions`.

    Raises JudgingError when there is no row, or none can be read; DatasetError for a table of what was suggested that
    cannot be read.
    """
    rows, manifest = _rows_of(split, part), model.manifest
    read, predictions, unread = _predict(model, rows, progress)
    if not read:
        raise JudgingError(f"{none_can(len(rows), 'picture', 'be read')}: {unread[0].error.message}")
    read_as = _read_as(read, predictions) if manifest.local else {}
    known = met_before(manifest, split.fingerprint, part, rows, called, read_as)
    origin = Origin(
        bundle=facts_of(manifest),
        split=_facts_of_split(split),
        part=part,
        unread=(*split.unreadable_of(part), *unread),
        reasons=tuple(one.reason for one in predictions),
        read_as=read_as,
        met_before=met_in_training(model.bundle, rows, known),
        suggested=suggested_among(read),
    )
    verdicts = [one.verdict for one in predictions]
    return Answers(judged(read, [one.probability for one in predictions], verdicts, origin.reasons), origin)


def suggested_among(rows: Sequence[Row]) -> int:
    """How many of these rows are patches that `suggest` chose. Raises DatasetError, see `photos_of`."""
    from crackscope.datasets import photos_of

    return sum(map(bool, photos_of([row.path for row in rows])))


def _opened(data: "str | Path | Split", options: EvaluateOptions) -> "tuple[Split, Part | None]":
    """The data as a split, and the part of it that is asked for; None for all of it."""
    from crackscope import datasets

    asked = options.get("part", "test")
    part = None if asked == "all" else asked
    if part not in (None, *get_args(Part)):
        raise JudgingError(f"there is no part {part!r} to judge on: name {', '.join(get_args(Part))} or all")
    if isinstance(data, datasets.Split):
        return data, part
    shares = None if part is None else (60, 20, 20)
    return datasets.load(data, parts=shares, layout=options.get("layout", datasets.Layout())), part


def _rows_of(split: "Split", part: Part | None) -> list[Row]:
    """The rows of a part, all for None. Raises JudgingError where there are none."""
    rows = list(split.rows) if part is None else split.part(part)
    if not rows:
        there = [one for one in get_args(Part) if split.part(one)]
        advice = f"name another part, {' or '.join(there)}" if there else "name other data"
        raise JudgingError(f"the data hold no {part or 'labelled'} rows to judge on: {advice}")
    return rows


def _facts_of_split(split: "Split") -> SplitFacts:
    return SplitFacts(
        fingerprint=split.fingerprint,
        random=split.random,
        seed=split.seed,
        leak_share=split.leak_share,
        likely_groups=split.likely_groups,
    )


def _refuse_unknown(names: Iterable[str]) -> None:
    known = list(EvaluateOptions.__annotations__)
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            advice = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
            raise TypeError(f"evaluate() has no option {name!r}, {advice}")


def _read_as(rows: list[Row], predictions: list[Prediction]) -> dict[str, dict[str, int]]:
    """Of each surface of the rows, how many of those with a verdict were read as which known one."""
    found: dict[str, Counter[str]] = {}
    for row, said in zip(rows, predictions, strict=True):
        if said.verdict != "cannot judge":
            found.setdefault(row.surface, Counter())[said.surface] += 1
    return {name: dict(found[name].most_common()) for name in sorted(found)}


def _predict(
    model: "Model", rows: list[Row], progress: Progress | None
) -> tuple[list[Row], list[Prediction], list[Unread]]:
    """The rows that could be read, what was said of each, and the others."""
    read: list[Row] = []
    predictions: list[Prediction] = []
    unread: list[Unread] = []
    answers = model.predict_all([row.path for row in rows])
    for done, (row, answer) in enumerate(zip(rows, answers, strict=True), start=1):
        if isinstance(answer, Unread):
            unread.append(answer)
        else:
            read.append(row)
            predictions.append(answer)
        if progress is not None:
            progress(done, len(rows))
    return read, predictions, unread
