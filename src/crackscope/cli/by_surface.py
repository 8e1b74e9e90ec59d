"""How a bundle that knows surfaces read each surface of the pictures, and what came of it, as a table."""

from typing import TYPE_CHECKING

from crackscope.cli.console import print_table

if TYPE_CHECKING:
    from crackscope.judging import Evaluation, SurfaceFacts

_COLUMNS = (
    *("surface", ">pictures", "read as", ">threshold", ">missed", ">false alarms"),
    "the bundle states",
)


def show_surfaces(evaluation: "Evaluation") -> None:
    """Print it; nothing for a bundle that knows no surfaces. The last column only where the bundle states it."""
    if evaluation.read_as:
        rows = _rows(evaluation)
        shown = len(_COLUMNS) if any(row[-1] for row in rows) else len(_COLUMNS) - 1
        print_table("by surface", _COLUMNS[:shown], [row[:shown] for row in rows])


def _rows(evaluation: "Evaluation") -> list[tuple[object, ...]]:
    known = {one.name: one for one in (evaluation.bundle.surfaces if evaluation.bundle else ())}
    rows: list[tuple[object, ...]] = []
    for name, counts in evaluation.read_as.items():
        subset = evaluation.by_surface.get(name)
        (tn, fp), (fn, tp) = subset.confusion if subset else evaluation.confusion
        most, number = max(counts.items(), key=lambda item: item[1])
        one = known.get(most)
        threshold = one.threshold if one else evaluation.threshold
        rows.append(
            (
                name or "unnamed",
                tn + fp + fn + tp,
                f"{most or 'none it was trained on'}, {number / sum(counts.values()):.0%}",
                f"{threshold:.4g}",
                f"{fn} of {fn + tp}",
                f"{fp} of {tn + fp}",
                _stated(one),
            )
        )
    return rows


def _stated(one: "SurfaceFacts | None") -> str:
    """Shares missed and called cracked for nothing of so many held-out pictures of a surface that it knows."""
    if one is None or one.misses is None or one.false_alarms is None:
        return ""
    return f"of {one.name}, {one.fitted_on} held out: missed {one.misses:.1%}, false alarms {one.false_alarms:.1%}"
