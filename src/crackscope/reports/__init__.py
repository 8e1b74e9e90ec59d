"""Reports: pages that open from disk, plots, and tables."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crackscope.reports.comparison_page import comparison_sentences, own_rows, write_comparison
    from crackscope.reports.contact_sheet import Print, write_contact_sheet
    from crackscope.reports.evaluation_page import write_evaluation
    from crackscope.reports.explanation_page import ExplanationFacts, PaintedFacts, write_explanation
    from crackscope.reports.formatting import number
    from crackscope.reports.inspection_facts import InspectionFacts, MeasuredFigure
    from crackscope.reports.inspection_names import picture_names
    from crackscope.reports.inspection_pictures import remove_pictures, write_photo
    from crackscope.reports.inspection_report import write_inspection
    from crackscope.reports.inspection_widest import LIKELY, severity, telling, widest_zone
    from crackscope.reports.matrix_page import write_matrix
    from crackscope.reports.met_sentences import met_before_sentence, met_before_sentences, met_labels_sentence
    from crackscope.reports.overlays import draw_overlay, write_overlay
    from crackscope.reports.photo_facts import odd_scale
    from crackscope.reports.sentences import conclusions, refusing_sentence
    from crackscope.reports.suggested_sentences import suggested_by_surface
    from crackscope.reports.training_plot import write_curves
    from crackscope.reports.unmet import unmet_sentence

__all__ = [
    "LIKELY",
    "ExplanationFacts",
    "InspectionFacts",
    "MeasuredFigure",
    "PaintedFacts",
    "Print",
    "comparison_sentences",
    "conclusions",
    "draw_overlay",
    "met_before_sentence",
    "met_before_sentences",
    "met_labels_sentence",
    "number",
    "odd_scale",
    "own_rows",
    "picture_names",
    "refusing_sentence",
    "remove_pictures",
    "severity",
    "suggested_by_surface",
    "telling",
    "unmet_sentence",
    "widest_zone",
    "write_comparison",
    "write_contact_sheet",
    "write_curves",
    "write_evaluation",
    "write_explanation",
    "write_inspection",
    "write_matrix",
    "write_overlay",
    "write_photo",
]

_HOMES = {
    "ExplanationFacts": "explanation_page",
    "InspectionFacts": "inspection_facts",
    "MeasuredFigure": "inspection_facts",
    "PaintedFacts": "explanation_page",
    "Print": "contact_sheet",
    "comparison_sentences": "comparison_page",
    "conclusions": "sentences",
    "draw_overlay": "overlays",
    "met_before_sentence": "met_sentences",
    "met_before_sentences": "met_sentences",
    "met_labels_sentence": "met_sentences",
    "number": "formatting",
    "odd_scale": "photo_facts",
    "own_rows": "comparison_page",
    "picture_names": "inspection_names",
    "refusing_sentence": "sentences",
    "remove_pictures": "inspection_pictures",
    "severity": "inspection_widest",
    "suggested_by_surface": "suggested_sentences",
    "LIKELY": "inspection_widest",
    "telling": "inspection_widest",
    "unmet_sentence": "unmet",
    "widest_zone": "inspection_widest",
    "write_comparison": "comparison_page",
    "write_contact_sheet": "contact_sheet",
    "write_curves": "training_plot",
    "write_evaluation": "evaluation_page",
    "write_explanation": "explanation_page",
    "write_inspection": "inspection_report",
    "write_matrix": "matrix_page",
    "write_overlay": "overlays",
    "write_photo": "inspection_pictures",
}
"""Name -> the file of this room that it is loaded from on first use."""

if not TYPE_CHECKING:  # that a typo is found, which any name from here would hide

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
