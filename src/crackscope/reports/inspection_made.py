"""How an inspection was made, in short: when, with which model, at which rate of false alarms, at which scale."""

from crackscope.errors import printable
from crackscope.reports.inspection_facts import InspectionFacts
from crackscope.reports.inspection_summary import Sorted
from crackscope.reports.photo_facts import to_the_minute


def pills(found: Sorted, facts: InspectionFacts) -> list[tuple[str, str]]:
    """(what, value) of each fact in the head of the page."""
    said = [("inspected", to_the_minute(facts.begun))] if facts.begun else []
    if facts.bundle:
        said.append(("model", printable(f"{facts.bundle} {facts.bundle_version[:8]}".strip())))
    if facts.false_alarm_rate is not None:
        said.append(("false alarms", _alarms_in_short(facts.false_alarm_rate, facts)))
    scales = sorted(photo.scale.mm_per_px for photo in found.inspected if photo.scale)
    if scales:
        span = f"{scales[0]:.3g}" if scales[0] == scales[-1] else f"{scales[0]:.3g} to {scales[-1]:.3g}"
        said.append(("scale", f"{span} mm per px"))
    return said


def _alarms_in_short(rate: float, facts: InspectionFacts) -> str:
    """The rate that is kept over surfaces, and the most that a single one gives where that is more or not known."""
    said = f"{100 * rate:g} in 100 sound photos"
    if not facts.alarms:
        return f"{said}, on a new surface not known"
    most = max(round(100 * share) for share in facts.alarms.values())
    return f"{said}, on a new surface up to {most}" if most > 100 * rate else said


def alarm(name: str, share: float, facts: InspectionFacts) -> str:
    """The false alarms of a surface: of how few patches they come must stand beside them."""
    patches = facts.alarms_of.get(name, 0)
    said = f"{round(share * patches):,} of {patches:,}" if patches else f"{100 * share:.0f} %"
    return f"{printable(name)} {said}"


def setting(value: str | float | bool | None) -> str:
    """The value of an option in words."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return printable(value) if isinstance(value, str) else f"{value:g}"
