"""The page of an inspection."""

from collections.abc import Mapping

from crackscope.reports.findings_table import Findings
from crackscope.reports.inspection_facts import InspectionFacts
from crackscope.reports.rendering import Dress, render


def page(photos: Findings, names: Mapping[str, str], facts: InspectionFacts, there: Mapping[str, set[str]]) -> bytes:
    """index.html."""
    values = {"photos": photos, "names": names}
    return render("inspection.html", facts.title, values, Dress(pictures="'self' file: data:"))
