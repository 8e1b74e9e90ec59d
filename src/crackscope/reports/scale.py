"""The scale of the bars in a table of figures: a step to the right divides what is wrong by ten.

On a scale from 0 to 1 everything that is good looks the same; here .9, .99 and .999 stand apart.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from crackscope.judging import SMALLER_IS_BETTER
from crackscope.records import Measure

_LEFT, _RIGHT = 7.0, 193.0
_MOST_STEPS = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """Where a figure, the ends of its interval, and the best baseline lie, in units of the drawing."""

    dot: float
    low: float
    high: float
    tick: float | None


@dataclass(frozen=True, slots=True)
class Scale:
    """From nothing right to `steps` powers of ten less wrong."""

    steps: int

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Places and names of the steps, 0, .9, .99 and so on, and of what lies within the first one."""
        values = [0.0, 0.5, *([0.8] if self.steps == 1 else []), *(1 - 10**-step for step in range(1, self.steps + 1))]
        return [(self._place(_nines(value)), f"{value:g}".removeprefix("0") or "0") for value in values]

    def bar(self, name: str, measure: Measure, baseline: float | None) -> Bar | None:
        """The bar of a figure, None where it has no interval or no bounds (log loss)."""
        if measure.value is None or measure.low is None or measure.high is None or name == "log_loss":
            return None
        good = [_goodness(name, one) for one in (measure.value, measure.low, measure.high)]
        dot, low, high = (self._place(_nines(one)) for one in good)
        tick = None if baseline is None else self._place(_nines(_goodness(name, baseline)))
        return Bar(dot, min(low, high), max(low, high), tick)

    def _place(self, nines: float) -> float:
        return round(_LEFT + (_RIGHT - _LEFT) * min(max(nines, 0.0), self.steps) / self.steps, 1)


def scale_for(figures: Iterable[tuple[str, Measure]]) -> Scale:
    """A scale on which all these figures have room, of 1 to 4 steps."""
    values = [
        _nines(_goodness(name, one.value)) for name, one in figures if one.value is not None and name != "log_loss"
    ]
    most = max((value for value in values if np.isfinite(value)), default=1.0)
    return Scale(int(np.clip(np.ceil(most), 1, _MOST_STEPS)))


def _goodness(name: str, value: float) -> float:
    return 1 - value if name in SMALLER_IS_BETTER else value


def _nines(value: float) -> float:
    return float("inf") if value >= 1 else float(-np.log10(1 - max(value, 0.0)))
