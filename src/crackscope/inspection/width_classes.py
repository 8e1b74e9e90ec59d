"""Classes of crack width by limits in mm.

The limits of the presets are what two documents hold to be tolerable in reinforced concrete under an exposure. They
are a guide for sorting findings, no proof of safety and no substitute for the documents:

- `eurocode2`: EN 1992-1-1:2004, 7.3.1, table 7.1N, recommended w_max: 0.2 mm (bonded prestressing tendons, X0 and XC1
  to XC4), 0.3 mm (reinforced members, XC2 to XC4, XD1, XD2, XS1 to XS3), 0.4 mm (reinforced members, X0, XC1). They
  bound a width that is calculated for a load, not one that is measured. National annexes may differ.
- `aci224r`: ACI 224R-01, table 4.1, guide to reasonable widths: 0.10 mm (water-retaining structures), 0.15 mm
  (seawater and its spray, wetting and drying), 0.18 mm (de-icing chemicals), 0.30 mm (humidity, moist air, soil),
  0.41 mm (dry air or a protective membrane).
"""

import math
from collections.abc import Sequence
from itertools import pairwise

from crackscope.arguments import NUMBERS, refuse_wrong
from crackscope.errors import InspectionError

DEFAULT_LIMITS_MM = (0.1, 0.2, 0.3, 0.5, 1.0)
PRESETS_MM: dict[str, tuple[float, ...]] = {
    "eurocode2": (0.2, 0.3, 0.4),
    "aci224r": (0.10, 0.15, 0.18, 0.30, 0.41),
}
SOURCES = {
    "eurocode2": "EN 1992-1-1:2004, table 7.1N, calculated widths by exposure class: a guide",
    "aci224r": "ACI 224R-01, table 4.1, by exposure condition: a guide",
}
"""Preset -> where its limits stand, in words that may be shown."""


def checked_limits(limits_mm: Sequence[float]) -> tuple[float, ...]:
    """The limits as they are when they are usable: at least one, above 0, rising. InspectionError otherwise."""
    refuse_wrong(limits_mm=(limits_mm, NUMBERS))
    limits = tuple(float(limit) for limit in limits_mm)
    usable = bool(limits) and limits[0] > 0 and all(map(math.isfinite, limits))
    if not usable or any(first >= second for first, second in pairwise(limits)):
        said = ",".join(f"{limit:g}" for limit in limits) or "none"
        raise InspectionError(f"width limits must be mm above 0 that rise, not {said}, write for instance 0.1,0.2,0.5")
    return limits


def class_names(limits_mm: Sequence[float] = DEFAULT_LIMITS_MM) -> tuple[str, ...]:
    """The names of all classes that these limits make, from thin to wide; one more than there are limits."""
    limits = [f"{limit:g}" for limit in limits_mm]
    between = (f"{first}-{second}" for first, second in pairwise(limits))
    return (f"up to {limits[0]}", *between, f"over {limits[-1]}")


def width_class(width_mm: float, limits_mm: Sequence[float] = DEFAULT_LIMITS_MM) -> str:
    """The class that a width of this many mm falls in; one that equals a limit still keeps it, as codes count."""
    return class_names(limits_mm)[sum(width_mm > limit for limit in limits_mm)]
