"""What may be asked for of an inspection, and what of it makes no sense."""

import msgspec

from crackscope.arguments import FLAG, NUMBER, WHOLE, Wanted, record, refuse_wrong
from crackscope.errors import InspectionError
from crackscope.inspection.scaling import Scaling
from crackscope.inspection.width_classes import DEFAULT_LIMITS_MM, checked_limits
from crackscope.scoring import DenseOptions

_KINDS: tuple[tuple[str, Wanted, str], ...] = (
    ("false_alarms", NUMBER, "a number between 0 and 1"),
    ("least_probability", NUMBER, "a number from 0 to 1"),
    ("memory_mib", WHOLE, "a whole number of MiB"),
    ("scaling", record(Scaling), "what Scaling(mm_per_px=0.2) and the like make"),
)


class InspectOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How photos are inspected; everything that changes a finding is here.

    false_alarms: share of the sound photos that may be called cracked, between 0 and 1. coarse: leave out what a pass
    at half scale finds sound beyond doubt. all_zones: keep the zones of photos that are not judged cracked too.
    least_probability: leave out the zones of a lower one, 0 to 1; the others keep their numbers, the verdict stays.
    scaling: what is known of the scale. limits_mm: between the classes of width. memory_mib: for the dense pass.
    Raises InspectionError for a rate, a probability, limits or a memory that make no sense.
    """

    false_alarms: float = 0.05
    coarse: bool = False
    all_zones: bool = False
    least_probability: float = 0.0
    scaling: Scaling = Scaling()
    limits_mm: tuple[float, ...] = DEFAULT_LIMITS_MM
    memory_mib: int = 160

    def __post_init__(self) -> None:
        for name, kind, wanted in _KINDS:
            value = getattr(self, name)
            if not kind.takes(value):
                raise InspectionError(f"{name} is {value!r}, give {wanted}")
        if self.memory_mib < 1:
            raise InspectionError(f"memory_mib is {self.memory_mib}, give 1 or more")
        refuse_wrong(coarse=(self.coarse, FLAG), all_zones=(self.all_zones, FLAG))
        checked_limits(self.limits_mm)
        if not 0 < self.false_alarms < 1:
            raise InspectionError(f"the rate of false alarms must lie between 0 and 1, not {self.false_alarms:g}")
        if not 0 <= self.least_probability <= 1:
            raise InspectionError(
                f"the least probability of a zone lies from 0 to 1, not at {self.least_probability:g}"
            )

    @property
    def dense(self) -> DenseOptions:
        """How a photo goes through the network."""
        return DenseOptions(memory_mib=self.memory_mib, coarse=self.coarse)


DEFAULTS = InspectOptions()
