"""Judging: what a bundle's scores are worth, with intervals, beside what guessing is worth."""

from crackscope.judging.bundle import EvaluateOptions, evaluate
from crackscope.judging.comparison import TESTED, Comparison, Contender, Difference, Pair, compare
from crackscope.judging.doubts import Doubt, label_doubts
from crackscope.judging.evaluation import (
    FIGURES,
    SMALLER_IS_BETTER,
    Baseline,
    BundleFacts,
    ByClass,
    ClassFigures,
    Evaluation,
    Intervals,
    Judged,
    ReliabilityBin,
    SplitFacts,
    Subset,
)
from crackscope.judging.files import encode_json, load, save, write_whole
from crackscope.judging.matrix import (
    MATRIX_FIGURES,
    Entry,
    Matrix,
    MatrixCell,
    MatrixColumn,
    Surface,
    matrix,
    matrix_csv,
)
from crackscope.judging.scores import Bootstrap, Origin, evaluate_scores
from crackscope.judging.tracing import Band, Curves, curves

__all__ = [
    "FIGURES",
    "MATRIX_FIGURES",
    "SMALLER_IS_BETTER",
    "TESTED",
    "Band",
    "Baseline",
    "Bootstrap",
    "BundleFacts",
    "ByClass",
    "ClassFigures",
    "Comparison",
    "Contender",
    "Curves",
    "Difference",
    "Doubt",
    "Entry",
    "EvaluateOptions",
    "Evaluation",
    "Intervals",
    "Judged",
    "Matrix",
    "MatrixCell",
    "MatrixColumn",
    "Origin",
    "Pair",
    "ReliabilityBin",
    "SplitFacts",
    "Subset",
    "Surface",
    "compare",
    "curves",
    "encode_json",
    "evaluate",
    "evaluate_scores",
    "label_doubts",
    "load",
    "matrix",
    "matrix_csv",
    "save",
    "write_whole",
]
