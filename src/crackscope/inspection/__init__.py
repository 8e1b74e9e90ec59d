"""Inspection: a photo in; crack mask, zones, measures and verdict out."""

from crackscope.inspection.batch import inspect_all, inspect_into, open_journal, remaining
from crackscope.inspection.explaining import Evidence, Explanation, Painted, explain
from crackscope.inspection.inspecting import Inspection, InspectOptions, Photo, inspect, inspect_photo, open_photo
from crackscope.inspection.journal import Findings, Journal
from crackscope.inspection.scale import Scaling
from crackscope.inspection.scale_table import read_scale_table
from crackscope.inspection.width_classes import DEFAULT_LIMITS_MM, PRESETS_MM, SOURCES, class_names, width_class

__all__ = [
    "DEFAULT_LIMITS_MM",
    "PRESETS_MM",
    "SOURCES",
    "Evidence",
    "Explanation",
    "Findings",
    "InspectOptions",
    "Inspection",
    "Journal",
    "Painted",
    "Photo",
    "Scaling",
    "class_names",
    "explain",
    "inspect",
    "inspect_all",
    "inspect_into",
    "inspect_photo",
    "open_journal",
    "open_photo",
    "read_scale_table",
    "remaining",
    "width_class",
]
