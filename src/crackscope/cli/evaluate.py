"""`evaluate` and `compare`: how far to trust a bundle, and which of several is better."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crackscope.cli.bundle_names import bundle_folder, refuse_swapped
from crackscope.cli.by_surface import show_surfaces
from crackscope.cli.console import print_json, print_table, say, tell_of_pages_in
from crackscope.cli.folders import outside, unused
from crackscope.cli.judgement import Sitting, judge, show, spell_figure, tell_report, unjudged
from crackscope.cli.labelled import Labelled, tell_of_groups, tell_of_unlabelled, witnesses
from crackscope.cli.options import FiniteRange, out, shared
from crackscope.cli.state import State
from crackscope.errors import several

if TYPE_CHECKING:
    from crackscope.judging import Comparison, Evaluation


@dataclass(frozen=True, kw_only=True)
class Asked(Labelled):
    """The options of one call."""

    bundle: str
    data: str
    part: str
    out: str | None
    prevalence: float | None


@click.command()
@click.argument("bundle", metavar="BUNDLE|RUN|default")
@click.argument("data", metavar="DATA|SPLIT.csv|EXPORT.json")
@click.option(
    "--part",
    type=click.Choice(["test", "val", "train", "all"]),
    default="test",
    show_default=True,
    help="Which rows to judge on; all takes every picture, as for data that the bundle has never met.",
)
@click.option(
    "--prevalence",
    type=FiniteRange(0, 1, min_open=True, max_open=True),
    metavar="SHARE",
    help="Restate precision for this share of cracked pictures, say 0.02: what an alarm means where cracks are rare.",
)
@out("DIR", "Write report.html, metrics.json, predictions.csv and plots there.")
@shared("random", "group_by", "positive", "negative", "threads", "seed", "quiet", "json")
@click.pass_obj
def evaluate(state: State, /, **options: Any) -> None:
    """Judge a bundle on labelled pictures, each figure with its 95 % interval and what one gets without looking.

    BUNDLE may be a run, or `default` for the bundle in the package. DATA without parts is split 60:20:20 first.
    """
    asked = Asked(**options)
    refuse_swapped(asked.bundle, [asked.data])
    if asked.out is not None:
        outside(asked.out, [asked.data])
        unjudged(asked.out)
    split = asked.opened(asked.data, whole=asked.part == "all")
    sitting = Sitting(
        part=None if asked.part == "all" else asked.part,  # type: ignore[arg-type]  # click has checked it
        out=Path(asked.out) if asked.out else None,
        threads=asked.threads,
        seed=asked.seed or 0,
        quiet=asked.silent,
        prevalence=asked.prevalence,
        new=True,
    )
    judgement = judge(bundle_folder(asked.bundle), split, sitting)
    if asked.as_json:
        print_json(metrics(judgement.evaluation))
    else:
        show(judgement, quiet=asked.quiet)
        show_surfaces(judgement.evaluation)
        tell_of_groups(split.likely_groups, witnesses(split), quiet=asked.quiet)
        tell_of_pages_in((row.path for row in sitting.rows_of(split)), quiet=asked.quiet)
        tell_of_unlabelled(split.unlabelled, quiet=asked.quiet)
        tell_report(judgement)
    state.status = 1 if judgement.evaluation.unread else 0


def metrics(evaluation: "Evaluation") -> dict[str, object]:
    """What `metrics.json` holds: everything but the rows."""
    import msgspec

    facts: dict[str, object] = msgspec.to_builtins(evaluation)
    facts.pop("predictions", None)
    return facts


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN|EVALUATION...")
@out("DIR", "Write the comparison as a page there.")
@shared("seed", "quiet", "json")
def compare(runs: tuple[str, ...], out: str | None, seed: int | None, quiet: bool, as_json: bool) -> None:
    """Put runs that were judged on the same split side by side, with a paired test of every two.

    Each p is corrected for the number of pairs (Holm); --json has it before the correction as p, after it as p_holm.
    """
    if len(runs) < 2:
        raise click.UsageError("there is nothing to compare with, name at least two runs or evaluations")
    if out is not None:
        unused(out, "compare.html", "a comparison", ("compare.json", "compare.csv"))
    from crackscope.judging import Bootstrap
    from crackscope.judging import compare as put_side_by_side
    from crackscope.reports import comparison_sentences, write_comparison

    comparison = put_side_by_side(runs, bootstrap=Bootstrap(seed=seed or 0))
    page = write_comparison(comparison, Path(out)) if out is not None else None
    if as_json:
        print_json(comparison)
        return
    _show_contenders(comparison)
    _show_pairs(comparison, quiet)
    for sentence in comparison_sentences(comparison):
        say(sentence, quiet=quiet)
    if page is not None:
        say(f"report: {page}")


def _show_contenders(comparison: "Comparison") -> None:
    from crackscope.reports import own_rows

    names = list(comparison.contenders[0].figures)
    columns = ("figure", *(f">{one.name}" for one in comparison.contenders))
    rows = [
        (name.replace("_", " "), *(spell_figure(one.figures[name]) for one in comparison.contenders)) for name in names
    ]
    counted = f"{several(comparison.n, 'picture')} in {several(comparison.groups, 'group')}"
    if judged := own_rows(comparison):
        rows.append(("pictures judged", *(f"{own:,}" for own in judged)))
        counted = "each on the pictures that it judged itself"
    print_table(f"{counted}, value and 95 % interval", columns, rows)


def _show_pairs(comparison: "Comparison", quiet: bool) -> None:
    from crackscope.judging import FEWEST

    rows = []
    for pair in comparison.pairs:
        for name, difference in pair.differences.items():
            p = "too few" if difference.p_holm is None else f"{difference.p_holm:.4f}"
            p = "" if difference.value is None else p
            rows.append((f"{pair.second} less {pair.first}", name.replace("_", " "), spell_figure(difference), p))
    lacking = any(
        one.p is None and one.value is not None for pair in comparison.pairs for one in pair.differences.values()
    )
    print_table("differences on the same pictures", ("pair", "figure", ">difference", ">p, Holm-corrected"), rows)
    if lacking:
        say(
            f"too few: a p from fewer than {FEWEST} pictures or groups that differ would be too small; the intervals "
            "allow for what so few leave unseen",
            quiet=quiet,
        )
    for pair in comparison.pairs:
        say(
            f"right where the other was wrong: {pair.first} {pair.only_first}, {pair.second} {pair.only_second} "
            f"(McNemar p, Holm-corrected: {pair.mcnemar_p_holm:.4f})",
            quiet=quiet,
        )
