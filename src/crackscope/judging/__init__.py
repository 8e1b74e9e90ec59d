"""Judging: what a bundle's scores are worth, with intervals, beside what guessing is worth."""

from crackscope.judging.across import (
    MATRIX_FIGURES,
    Entry,
    Matrix,
    MatrixCell,
    MatrixColumn,
    Surface,
    matrix,
    matrix_csv,
)
from crackscope.judging.bundle import EvaluateOptions, evaluate
from crackscope.judging.comparison import TESTED, Comparison, Contender, Difference, Pair, compare
from crackscope.judging.discordant import FEWEST
from crackscope.judging.doubts import Doubt, label_doubts, labels_opposed
from crackscope.judging.evaluation import (
    FIGURES,
    RATES,
    SMALLER_IS_BETTER,
    AtPrevalence,
    Baseline,
    BundleFacts,
    ByClass,
    CalibrationFacts,
    ClassFigures,
    Evaluation,
    Intervals,
    Judged,
    MetBefore,
    Refused,
    ReliabilityBin,
    SplitFacts,
    Stated,
    Subset,
    SurfaceFacts,
)
from crackscope.judging.files import load, save
from crackscope.judging.manifest_facts import stated
from crackscope.judging.met_pictures import digests_of, met_in_training
from crackscope.judging.met_sets import met_before
from crackscope.judging.prevalence import at_prevalence
from crackscope.judging.sample import number_groups
from crackscope.judging.scores import Bootstrap, Origin, evaluate_scores
from crackscope.judging.tracing import Band, Curves, curves

__all__ = [
    "FEWEST",
    "FIGURES",
    "MATRIX_FIGURES",
    "RATES",
    "SMALLER_IS_BETTER",
    "TESTED",
    "AtPrevalence",
    "Band",
    "Baseline",
    "Bootstrap",
    "BundleFacts",
    "ByClass",
    "CalibrationFacts",
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
    "MetBefore",
    "Origin",
    "Pair",
    "Refused",
    "ReliabilityBin",
    "SplitFacts",
    "Stated",
    "Subset",
    "Surface",
    "SurfaceFacts",
    "at_prevalence",
    "compare",
    "curves",
    "digests_of",
    "evaluate",
    "evaluate_scores",
    "label_doubts",
    "labels_opposed",
    "load",
    "matrix",
    "matrix_csv",
    "met_before",
    "met_in_training",
    "number_groups",
    "save",
    "stated",
]
