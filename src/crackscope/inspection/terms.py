"""What every photo of an inspection hangs on, and in words what of it another call has otherwise."""

from typing import Any

import msgspec

FORMAT = 4
_WORDS = {
    "false_alarms": "rate of false alarms",
    "scaling": "scale",
    "limits_mm": "set of width classes",
    "coarse": "choice of --coarse",
    "all_zones": "choice of --all-zones",
    "least_probability": "least probability of a zone",
    "memory_mib": "memory budget",
}
_SCALES = {
    "mm_per_px": "{mm_per_px} mm per px",
    "marker_mm": "a marker of {marker_mm} mm, {dictionary}",
    "distance_m": "a distance of {distance_m} m",
    "table": "a table",
}


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What every line of a journal hangs on. journal: its format. version: of crackscope. bundle: sha256 of its
    manifest. options: of the inspection.

    begun: ISO 8601, when the first photo was; it may differ.
    """

    journal: int = FORMAT
    version: str
    bundle: str
    options: dict[str, Any]
    begun: str = ""


def differences(before: Terms, now: Terms) -> list[str]:
    """What of them differs, each with both values where a person can read them."""
    names = dict.fromkeys((*before.options, *now.options))
    pairs = {name: (before.options.get(name), now.options.get(name)) for name in names}
    changed = [
        f"{_WORDS.get(name, name)} ({_spelled(name, then)}; now: {_spelled(name, new)})"
        for name, (then, new) in pairs.items()
        if then != new
    ]
    if before.bundle != now.bundle:
        changed.append("bundle")
    if (before.version, before.journal) != (now.version, now.journal):
        changed.append(f"version, crackscope {before.version}")
    return changed


def _spelled(name: str, value: Any) -> str:
    """The value of an option, as the first line holds it, for a person."""
    if name == "scaling" and isinstance(value, dict):
        ways = [way.format_map(value) for key, way in _SCALES.items() if value.get(key) is not None]
        error = value.get("relative_error")
        return (ways[0] if ways else "none") + (f", error {error:g}" if error else "")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return ("on" if value else "off") if isinstance(value, bool) else str(value)
