"""Judging: what a bundle's scores are worth, with intervals, beside what guessing is worth."""

from crackscope.judging.bundle import EvaluateOptions, evaluate
from crackscope.judging.comparison import TESTED, Comparison, Contender, Difference, Pair, compare
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
from crackscope.judging.scores import Bootstrap, Origin, evaluate_scores
from crackscope.judging.tracing import Band, Curves, curves

__all__ = [
    "FIGURES",
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
    "EvaluateOptions",
    "Evaluation",
    "Intervals",
    "Judged",
    "Origin",
    "Pair",
    "ReliabilityBin",
    "SplitFacts",
    "Subset",
    "compare",
    "curves",
    "encode_json",
    "evaluate",
    "evaluate_scores",
    "load",
    "save",
    "write_whole",
]
