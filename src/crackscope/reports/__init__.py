"""Reports: pages that open from disk, plots, and tables."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crackscope.reports.comparison_page import write_comparison
    from crackscope.reports.evaluation_page import write_evaluation
    from crackscope.reports.training_plot import write_curves

__all__ = ["write_comparison", "write_curves", "write_evaluation"]

_HOMES = {
    "write_comparison": "comparison_page",
    "write_curves": "training_plot",
    "write_evaluation": "evaluation_page",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
