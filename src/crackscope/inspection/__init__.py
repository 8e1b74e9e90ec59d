"""Inspection: a photo in; crack mask, zones, measures and verdict out."""

from crackscope.inspection.batch import Keep, Work, inspect_all, inspect_into, open_journal, remaining
from crackscope.inspection.explaining import Evidence, Explanation, Painted, Rule, explain
from crackscope.inspection.inspecting import Inspection, inspect, inspect_photo
from crackscope.inspection.journal import JOURNAL, Findings, Journal
from crackscope.inspection.marker import Plane, find_plane, plane_of
from crackscope.inspection.mask import FINE_STRIDE, Cracks, MaskOptions, find_cracks
from crackscope.inspection.options import InspectOptions
from crackscope.inspection.painting import paint_over
from crackscope.inspection.photo import Photo, open_photo
from crackscope.inspection.scale import Focal, Ruler, find_ruler, focal_length, zone_in_mm
from crackscope.inspection.scale_table import read_scale_table
from crackscope.inspection.scaling import Scaling
from crackscope.inspection.thinnest import thinnest_crack, thinnest_seen
from crackscope.inspection.width_classes import (
    DEFAULT_LIMITS_MM,
    PRESETS_MM,
    SOURCES,
    checked_limits,
    class_names,
    width_class,
)
from crackscope.inspection.zones import Traced, ZoneOptions, measure_zones, trace_zones

__all__ = [
    "DEFAULT_LIMITS_MM",
    "FINE_STRIDE",
    "JOURNAL",
    "PRESETS_MM",
    "SOURCES",
    "Cracks",
    "Evidence",
    "Explanation",
    "Findings",
    "Focal",
    "InspectOptions",
    "Inspection",
    "Journal",
    "Keep",
    "MaskOptions",
    "Painted",
    "Photo",
    "Plane",
    "Rule",
    "Ruler",
    "Scaling",
    "Traced",
    "Work",
    "ZoneOptions",
    "checked_limits",
    "class_names",
    "explain",
    "find_cracks",
    "find_plane",
    "find_ruler",
    "focal_length",
    "inspect",
    "inspect_all",
    "inspect_into",
    "inspect_photo",
    "measure_zones",
    "open_journal",
    "open_photo",
    "paint_over",
    "plane_of",
    "read_scale_table",
    "remaining",
    "thinnest_crack",
    "thinnest_seen",
    "trace_zones",
    "width_class",
    "zone_in_mm",
]
