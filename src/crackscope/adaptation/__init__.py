"""Adaptation: learning a new surface from few labels, without torch."""

from crackscope.adaptation.adapting import Adapted, AdaptOptions, adapt
from crackscope.adaptation.curve import Curve, CurvePoint
from crackscope.adaptation.handing_out import hand_out
from crackscope.adaptation.patches import Progress, Unfit
from crackscope.adaptation.refusing import LEAST_A_LABEL, RefusedError
from crackscope.adaptation.suggesting import Suggestion, Suggestions, suggest
from crackscope.adaptation.validating import Worth

__all__ = [
    "LEAST_A_LABEL",
    "AdaptOptions",
    "Adapted",
    "Curve",
    "CurvePoint",
    "Progress",
    "RefusedError",
    "Suggestion",
    "Suggestions",
    "Unfit",
    "Worth",
    "adapt",
    "hand_out",
    "suggest",
]
