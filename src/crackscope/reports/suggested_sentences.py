"""Warnings that what was judged was chosen by `suggest`, so that figures do not hold elsewhere, in sentences."""

from crackscope.errors import printable
from crackscope.judging import Comparison, Evaluation, Matrix
from crackscope.reports.formatting import count


def suggested_sentence(evaluation: Evaluation) -> str:
    """A warning where pictures that were judged had been suggested; else ""."""
    said = _said(evaluation.suggested, evaluation.n + sum(evaluation.cannot_judge.values()))
    return said and f"{said}."


def suggested_of_all(comparison: Comparison) -> str:
    """The same of a comparison, where it also speaks against one of the bundles."""
    said = _said(comparison.suggested, comparison.n + comparison.left_out)
    return said and f"{said}, and a bundle that they were suggested by looks worse beside others than it is."


def suggested_by_surface(matrix: Matrix) -> list[str]:
    """The same for each surface of a matrix that it is true of, behind its name."""
    judged = {column.name: (column.suggested, sum(column.support.values())) for column in matrix.columns}
    return [f"{printable(name)}: {said}." for name, counts in judged.items() if (said := _said(*counts))]


def _said(suggested: int, judged: int) -> str:
    if not suggested:
        return ""
    was = "was" if suggested == 1 else "were"
    return (
        f"{suggested:,} of the {count(judged, 'picture')} judged {was} suggested, chosen as hard or likely cracked, so "
        "the figures do not hold for ordinary photos: judge on photos that were not suggested"
    )
