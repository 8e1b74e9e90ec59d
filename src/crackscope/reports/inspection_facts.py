"""What a report says of an inspection beside its findings."""

import msgspec

from crackscope.inspection import DEFAULT_LIMITS_MM

DEFAULT_LIMITS_PX = (2.0, 4.0, 8.0, 16.0)


class MeasuredFigure(msgspec.Struct, frozen=True, kw_only=True):
    """What the model reached where it was measured. value: as it shall be read, with its interval. on: which data."""

    name: str
    value: str
    on: str = ""


class InspectionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What was inspected, with what, and how far it can be trusted.

    title: of the report, such as the name of the building. bundle, bundle_version: name and fingerprint of the model.
    false_alarm_rate: share of sound photos that may be called cracked, on each surface that the model knows, and on
    others on the mean of those that the rule was fitted on; None where the model has no rule for photos. alarms: what
    that would give on single ones, if they were not known: the share of their held-out sound patches, by name;
    empty where it is not known. alarms_of: how many such patches there are, by name; a share without it stands as it
    is. limits_mm: of the width classes, ascending; limits_source: where they come from, "" for our default. limits_px:
    classes for photos without a scale. least_probability: zones of a lower one were left out of the findings. copies:
    photos that are copies of others, byte for byte, each with the path of the first of its kind. settings: name and
    value of each. begun: ISO 8601, with its time zone. seconds: wall time of the whole. trained_on: names of surfaces.
    surfaces: those as which photos are read, by name; empty where the model reads all alike.
    figures: measured. known_limits: sentences on what the model cannot do.
    """

    title: str = "Crack inspection"
    bundle: str = ""
    bundle_version: str = ""
    false_alarm_rate: float | None = 0.05
    alarms: dict[str, float] = {}
    alarms_of: dict[str, int] = {}
    limits_mm: tuple[float, ...] = DEFAULT_LIMITS_MM
    limits_source: str = ""
    limits_px: tuple[float, ...] = DEFAULT_LIMITS_PX
    least_probability: float = 0.0
    copies: dict[str, str] = {}
    settings: dict[str, str | float | bool | None] = {}
    begun: str = ""
    seconds: float = 0.0
    trained_on: tuple[str, ...] = ()
    surfaces: tuple[str, ...] = ()
    figures: tuple[MeasuredFigure, ...] = ()
    known_limits: tuple[str, ...] = ()
