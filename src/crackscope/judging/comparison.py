"""Several evaluations of the same rows side by side."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from crackscope.arguments import TEXTS, Wanted, a_path_or, record, refuse_wrong
from crackscope.errors import JudgingError
from crackscope.judging.discordant import Shift, shift
from crackscope.judging.evaluation import Evaluation, Judged, MetBefore
from crackscope.judging.figures import Values, figures
from crackscope.judging.files import load
from crackscope.judging.intervals import LEVEL, Bounds, draws, gap_bound, has_no_spread, spread, widened
from crackscope.judging.paired import flipped, holm, mcnemar, sign_share
from crackscope.judging.sample import Sample, number_groups
from crackscope.judging.scores import Bootstrap, as_sample
from crackscope.records import Label, Measure

TESTED: tuple[str, ...] = ("accuracy", "f1", "balanced_accuracy", "roc_auc", "average_precision")
"""The figures whose differences are tested."""

_EVALUATIONS = Wanted((list, tuple), "a list of evaluations, or of their folders", a_path_or(Evaluation))


class Contender(msgspec.Struct, frozen=True, kw_only=True):
    """One column of a comparison: an evaluation, by name. correct: how many rows it got right of those shared.

    part, met_before, started_from: as the evaluation has them: what the bundle, or what its training started from,
    learnt or may have learnt from what was judged.
    """

    name: str
    folder: str
    bundle: str
    fingerprint: str
    threshold: float
    correct: int
    figures: dict[str, Measure]
    confusion: tuple[tuple[int, int], tuple[int, int]]
    part: str | None = None
    met_before: MetBefore | None = None
    started_from: tuple[str, ...] = ()


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """The second's figure less the first's, with its 95 % interval over resampled groups. Where no two of these differ,
    or fewer than `discordant.FEWEST` groups do between the two, it is widened by an exact bound of what other pictures
    may show and these do not (`intervals.gap_bound`), unless both gave every row the same probability.

    p: two-sided; of the accuracy exact, by groups (McNemar's where no rows share one), of the others by the same
    resamples. p_holm: corrected for the number of pairs compared. None where the figure is not defined, and where so
    few groups differ between the two that resampling them says nothing of chance (`discordant.FEWEST`).
    """

    value: float | None
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two contenders on the same rows.

    only_first, only_second: rows that only the one got right. mcnemar_p: exact, two-sided, rows taken as independent,
    which near-copies are not: the p of the accuracy's difference is the one that knows of groups.
    """

    first: str
    second: str
    only_first: int
    only_second: int
    mcnemar_p: float
    mcnemar_p_holm: float
    differences: dict[str, Difference]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Evaluations side by side. n, support, groups: of the rows that every contender gave a verdict; the others are
    left out. suggested: how many `suggest` chose, of all that were judged, the left out ones among them."""

    format: Literal[1] = 1
    n: int
    support: dict[Label, int]
    groups: int
    left_out: int
    level: float
    resamples: int
    seed: int
    suggested: int = 0
    contenders: tuple[Contender, ...]
    pairs: tuple[Pair, ...]


def compare(
    evaluations: Sequence[str | Path | Evaluation],
    *,
    names: Sequence[str] | None = None,
    bootstrap: Bootstrap | None = None,
) -> Comparison:
    """Put evaluations of the same rows side by side, with paired tests of every two.

    evaluations: folders of runs or of evaluations, or evaluations. names: what to call them; else after their folders
    or bundles. Rows that one of them could not judge are left out of the tests for all.

    Raises JudgingError when there are fewer than two, when one cannot be read, or when they judged different rows.
    """
    refuse_wrong(evaluations=(evaluations, _EVALUATIONS), names=(names, TEXTS.or_none))
    refuse_wrong(bootstrap=(bootstrap, record(Bootstrap).or_none))
    if len(evaluations) < 2:
        raise JudgingError("a comparison needs two evaluations or more: name another run or evaluation")
    loaded = [one if isinstance(one, Evaluation) else load(one) for one in evaluations]
    called = _distinct(list(names) if names else [_name(one, it) for one, it in zip(evaluations, loaded, strict=True)])
    if len(called) != len(loaded):
        raise JudgingError(f"{len(loaded)} evaluations cannot have {len(called)} names: give one each")
    shared = _shared_rows(loaded, called)
    kept = [place for place, row in enumerate(shared) if all(one.correct is not None for one in row)]
    if not kept:
        raise JudgingError("no row was given a verdict by all: there is nothing to compare")
    columns = [[shared[place][column] for place in kept] for column in range(len(loaded))]
    setting = bootstrap or Bootstrap()
    folders = ["" if isinstance(one, Evaluation) else str(one) for one in evaluations]
    contenders = tuple(
        _contender(name, folder, it, column)
        for name, folder, it, column in zip(called, folders, loaded, columns, strict=True)
    )
    groups = number_groups([row.group for row in columns[0]])
    cracks = sum(row.label == "crack" for row in columns[0])
    return Comparison(
        n=len(kept),
        support={"sound": len(kept) - cracks, "crack": cracks},
        groups=int(groups.max()) + 1,
        left_out=len(shared) - len(kept),
        level=LEVEL,
        resamples=setting.resamples,
        seed=setting.seed,
        suggested=max(one.suggested for one in loaded),
        contenders=contenders,
        pairs=_pairs(called, columns, setting),
    )


def _name(given: str | Path | Evaluation, evaluation: Evaluation) -> str:
    if isinstance(given, Evaluation):
        return evaluation.bundle.name if evaluation.bundle else "evaluation"
    place = Path(given).resolve()
    return place.parent.name if place.name == "evaluation" else place.name


def _distinct(names: list[str]) -> list[str]:
    """Tell the second of two like names by a number."""
    seen: set[str] = set()
    distinct: list[str] = []
    for name in names:
        fresh, number = name, 2
        while fresh in seen:
            fresh, number = f"{name} ({number})", number + 1
        seen.add(fresh)
        distinct.append(fresh)
    return distinct


def _shared_rows(loaded: Sequence[Evaluation], names: Sequence[str]) -> list[tuple[Judged, ...]]:
    """The rows of the first, each with its fellows of the others; JudgingError unless all judged the same."""
    tables = [{(row.path, row.label): row for row in one.predictions} for one in loaded]
    for table, evaluation, name in zip(tables, loaded, names, strict=True):
        if len(table) != len(evaluation.predictions):
            raise JudgingError(f"{name} judged a picture twice: its rows cannot be paired")
        _refuse_difference(tables[0], table, names[0], name)
    return [tuple(table[key] for table in tables) for key in tables[0]]


def _refuse_difference(
    first: dict[tuple[str, Label], Judged], other: dict[tuple[str, Label], Judged], name: str, other_name: str
) -> None:
    for mine, theirs, who, whom in ((first, other, name, other_name), (other, first, other_name, name)):
        alone = [key for key in mine if key not in theirs]
        if alone:
            path, label = alone[0]
            raise JudgingError(
                f"{who} and {whom} did not judge the same rows: {len(alone)} of {who} are not among those of {whom}, "
                f"the first is {path} as {label}: evaluate both on one split"
            )


def _contender(name: str, folder: str, evaluation: Evaluation, column: Sequence[Judged]) -> Contender:
    bundle = evaluation.bundle
    return Contender(
        name=name,
        folder=folder,
        bundle=bundle.name if bundle else "",
        fingerprint=bundle.fingerprint if bundle else "",
        threshold=evaluation.threshold,
        correct=sum(row.correct is True for row in column),
        figures=dict(evaluation.figures),
        confusion=evaluation.confusion,
        part=evaluation.part,
        met_before=evaluation.met_before,
        started_from=bundle.started_from if bundle else (),
    )


def _pairs(names: Sequence[str], columns: Sequence[Sequence[Judged]], setting: Bootstrap) -> tuple[Pair, ...]:
    # Groups are the first's for all, so that one draw of groups resamples all alike.
    samples = [as_sample(column, columns[0]) for column in columns]
    values, drawn = _resampled(samples, setting)
    couples = list(combinations(range(len(names)), 2))
    shifts = [shift(columns[first], columns[second], columns[0]) for first, second in couples]
    tests = {name: _differences(couples, values, drawn, name, shifts, samples) for name in TESTED}
    alone = [_only_one_right(columns[first], columns[second]) for first, second in couples]
    ps = [mcnemar(*counts) for counts in alone]
    corrected = holm(ps)
    return tuple(
        Pair(
            first=names[first],
            second=names[second],
            only_first=alone[place][0],
            only_second=alone[place][1],
            mcnemar_p=ps[place],
            mcnemar_p_holm=corrected[place] or 0.0,
            differences={name: tests[name][place] for name in TESTED},
        )
        for place, (first, second) in enumerate(couples)
    )


def _resampled(
    samples: Sequence[Sample], setting: Bootstrap
) -> tuple[list[dict[str, Values]], list[dict[str, Values]]]:
    """Every contender's figures, and those of its resamples, the same groups drawn for all."""
    groups = samples[0].groups
    values = [figures(one, np.ones((1, groups), dtype=np.int32)) for one in samples]
    pieces: list[list[dict[str, Values]]] = [[] for _ in samples]
    for counts in draws(groups, setting.resamples, setting.seed):
        for column, one in zip(pieces, samples, strict=True):
            column.append(figures(one, counts))
    return values, [{name: np.concatenate([piece[name] for piece in column]) for name in TESTED} for column in pieces]


def _differences(
    couples: Sequence[tuple[int, int]],
    values: Sequence[dict[str, Values]],
    drawn: Sequence[dict[str, Values]],
    name: str,
    shifts: Sequence[Shift],
    samples: Sequence[Sample],
) -> list[Difference]:
    between = [drawn[second][name] - drawn[first][name] for first, second in couples]
    points = [float(values[second][name][0] - values[first][name][0]) for first, second in couples]
    ps = [
        _p(name, resampled, one) if np.isfinite(point) else None
        for resampled, point, one in zip(between, points, shifts, strict=True)
    ]
    corrected = holm(ps)
    differences = []
    for place, point in enumerate(points):
        ends = None
        if np.isfinite(point):
            ends = _ends(name, point, between[place], shifts[place], samples[couples[place][0]])
        differences.append(
            Difference(
                value=point if np.isfinite(point) else None,
                low=min(ends[0], point) if ends else None,
                high=max(ends[1], point) if ends else None,
                p=ps[place],
                p_holm=corrected[place],
            )
        )
    return differences


def _ends(name: str, point: float, resampled: Values, one: Shift, sample: Sample) -> Bounds | None:
    """The 95 % interval of a difference; `sample` is of the first."""
    ends = spread(resampled)
    if not ends or one.alike or (one.shows_all(name) and not has_no_spread(resampled)):
        return ends
    found = one.differing(name)
    low, high = widened(ends, point, gap_bound(name, sample, found.clump if found.groups else None))
    return max(-1.0, low), min(1.0, high)


def _p(name: str, resampled: Values, one: Shift) -> float | None:
    """Two-sided p of a difference, None where nothing can be said."""
    if name == "accuracy":
        return flipped(one.by_group)
    return sign_share(resampled) if one.enough(name) else None


def _only_one_right(first: Sequence[Judged], second: Sequence[Judged]) -> tuple[int, int]:
    pairs = list(zip(first, second, strict=True))
    return (
        sum(bool(one.correct) and not other.correct for one, other in pairs),
        sum(bool(other.correct) and not one.correct for one, other in pairs),
    )
