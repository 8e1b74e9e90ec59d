"""The report of a comparison: a page, and the same as JSON and CSV."""

from pathlib import Path
from typing import Any

from crackscope.encoding import encode_csv, encode_json
from crackscope.files import write_whole, written_together
from crackscope.judging import FEWEST, FIGURES, SMALLER_IS_BETTER, TESTED, Comparison, Pair
from crackscope.reports.formatting import count, number, within_sentence
from crackscope.reports.met_sentences import met_sentences
from crackscope.reports.rendering import render
from crackscope.reports.scale import scale_for
from crackscope.reports.suggested_sentences import suggested_of_all

PAGE = "compare.html"

_COLUMNS = ("first", "second", "figure", "value", "low", "high", "p", "p_holm")
_CLEAR = 0.05


def write_comparison(comparison: Comparison, folder: str | Path) -> Path:
    """Write compare.html, compare.json and compare.csv into a folder, and return the path of the page.

    compare.csv has a line for every figure of every contender, and one for every difference of a pair: `second` is
    empty in the former. Raises OutputError when something cannot be written.
    """
    target = Path(folder)
    with written_together(target, PAGE) as draft:
        write_whole(draft / "compare.json", encode_json(comparison))
        write_whole(draft / "compare.csv", _table(comparison))
        write_whole(draft / PAGE, render("comparison.html", "Comparison", _values(comparison)))
    return target / PAGE


def _table(comparison: Comparison) -> bytes:
    lines: list[tuple[object, ...]] = []
    for one in comparison.contenders:
        for name, measure in one.figures.items():
            lines.append((one.name, "", name, measure.value, measure.low, measure.high, None, None))
    for pair in comparison.pairs:
        for name, gap in pair.differences.items():
            lines.append((pair.first, pair.second, name, gap.value, gap.low, gap.high, gap.p, gap.p_holm))
        shift = (pair.only_second - pair.only_first) / comparison.n
        lines.append((pair.first, pair.second, "mcnemar", shift, None, None, pair.mcnemar_p, pair.mcnemar_p_holm))
    return encode_csv(_COLUMNS, lines)


def _values(comparison: Comparison) -> dict[str, Any]:
    figures = [pair for one in comparison.contenders for pair in one.figures.items()]
    return {
        "comparison": comparison,
        "figure_names": FIGURES,
        "tested": TESTED,
        "best": {name: _best(comparison, name) for name in FIGURES},
        "scale": scale_for(figures),
        "sentences": comparison_sentences(comparison),
        "own_rows": own_rows(comparison),
        "clear": _CLEAR,
        "fewest": FEWEST,
    }


def _best(comparison: Comparison, name: str) -> float | None:
    """The best value of a figure; None where another reads the same, so that no tie looks like a win."""
    known = [value for one in comparison.contenders if (value := one.figures[name].value) is not None]
    best = (min if name in SMALLER_IS_BETTER else max)(known, default=None)
    return best if [number(value) for value in known].count(number(best)) == 1 else None


def own_rows(comparison: Comparison) -> list[int]:
    """How many rows each contender's own figures are over; [] where these are the rows that all judged."""
    rows = [sum(map(sum, one.confusion)) for one in comparison.contenders]
    return [] if set(rows) == {comparison.n} else rows


def comparison_sentences(comparison: Comparison) -> list[str]:
    """Which are one and the same; which one is ahead by accuracy; of more than two, also which pairs differ by more
    than chance, and in what; over which rows the figures are, where each contender refused others; whether these
    were chosen by `suggest`; and which of them learnt, or may have learnt, from what they were judged on."""
    said = [*_same(comparison), _ahead(comparison)]
    if len(comparison.pairs) > 1:
        said.append(_beyond_chance(comparison))
    if rows := own_rows(comparison):
        each = ", ".join(f"{one.name} {own:,}" for one, own in zip(comparison.contenders, rows, strict=True))
        said.append(
            f"These counts and the tests are over the {count(comparison.n, 'row')} that all judged; the figures side "
            f"by side are over all that each judged itself: {each}."
        )
    if chosen := suggested_of_all(comparison):
        said.append(chosen)
    return said + met_sentences(comparison.contenders)


def _same(comparison: Comparison) -> list[str]:
    """A sentence for those that are one bundle, by its fingerprint, or one folder that was named twice."""
    known: dict[tuple[str, str], list[str]] = {}
    for one in comparison.contenders:
        what = (
            ("bundle, by its fingerprint", one.fingerprint) if one.fingerprint else ("folder", one.folder or one.name)
        )
        known.setdefault(what, []).append(one.name)
    return [
        f"{', '.join(names)} and {last} are one and the same {what}."
        for (what, _), (*names, last) in known.items()
        if names
    ]


def _ahead(comparison: Comparison) -> str:
    """Which one is ahead by accuracy, and whether that is more than chance."""
    ranked = sorted(comparison.contenders, key=lambda one: -one.correct)
    first, second = ranked[0], ranked[1]
    rows = count(comparison.n, "row")
    *tied, last = [one.name for one in ranked if one.correct == first.correct]
    if tied:
        both = "both" if len(tied) == 1 else "all"
        return f"{', '.join(tied)} and {last} {both} got {first.correct:,} of {rows} right."
    told = any(_told_apart(one) for one in comparison.pairs if {one.first, one.second} == {first.name, second.name})
    verdict = "more than chance would explain" if told else "no more than chance explains"
    return (
        f"{first.name} got {first.correct:,} of {rows} right, {second.name} {second.correct:,}: {verdict} "
        f"(accuracy {number(first.correct / comparison.n)} and {number(second.correct / comparison.n)})."
    )


def _beyond_chance(comparison: Comparison) -> str:
    """The pairs that differ by more than chance, each with the figures in which it does."""
    corrected = f"p below {_CLEAR:g} after Holm's correction for {count(len(comparison.pairs), 'pair')}"
    differing = [(pair, names) for pair in comparison.pairs if (names := _clear_figures(pair))]
    if not differing:
        return f"No two of them differ by more than chance explains in any figure that is tested ({corrected})."
    told = [f"{pair.second} and {pair.first} in {', '.join(map(within_sentence, names))}" for pair, names in differing]
    pairs = "1 pair differs" if len(told) == 1 else f"{len(told)} pairs differ"
    return f"{pairs} by more than chance explains ({corrected}, each figure by itself): {'; '.join(told)}."


def _clear_figures(pair: Pair) -> list[str]:
    return [
        name
        for name, gap in pair.differences.items()
        if (_told_apart(pair) if name == "accuracy" else gap.p_holm is not None and gap.p_holm < _CLEAR)
    ]


def _told_apart(pair: Pair) -> bool:
    """Whether both tests of the accuracy, by rows and by groups, find a difference after correction."""
    by_groups = pair.differences["accuracy"].p_holm
    return pair.mcnemar_p_holm < _CLEAR and by_groups is not None and by_groups < _CLEAR
