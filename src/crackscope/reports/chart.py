"""Line charts as plain numbers: where the paths, ticks and labels of an inline SVG go. A template draws them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

_NEAR = 0.3  # in units of the drawing, about a third of a pixel: points closer than this need no segment


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis, in units of the drawing, and what stands there."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """One drawn thing. kind: a class of the style sheet that says how it looks. path: SVG path data."""

    kind: str
    path: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A point that is shown as such. title: what a pointer resting on it is told."""

    kind: str
    x: float
    y: float
    radius: float
    title: str


@dataclass(frozen=True, slots=True)
class Frame:
    """The rectangle that data are drawn in: its edges in units of the drawing, and the range of data it shows."""

    left: float
    top: float
    right: float
    bottom: float
    x: tuple[float, float] = (0.0, 1.0)
    y: tuple[float, float] = (0.0, 1.0)

    def across(self, values: Numbers | float) -> Numbers:
        """Where data lie from left to right; what lies outside is put on the edge."""
        return self.left + self._share(values, self.x) * (self.right - self.left)

    def down(self, values: Numbers | float) -> Numbers:
        """Where data lie from top to bottom."""
        return self.bottom - self._share(values, self.y) * (self.bottom - self.top)

    @staticmethod
    def _share(values: Numbers | float, span: tuple[float, float]) -> Numbers:
        low, high = span
        share: Numbers = np.clip((np.asarray(values, dtype=np.float64) - low) / ((high - low) or 1.0), 0, 1)
        return share

    def line(self, x: Numbers, y: Numbers) -> str:
        """Path of a line through points, broken where one is not finite."""
        across, down = self.across(x), self.down(y)
        parts: list[str] = []
        last: tuple[float, float] | None = None
        final = len(across) - 1
        for place, (px, py) in enumerate(zip(across.tolist(), down.tolist(), strict=True)):
            if not (np.isfinite(px) and np.isfinite(py)):
                last = None
                continue
            if last and place < final and abs(px - last[0]) < _NEAR and abs(py - last[1]) < _NEAR:
                continue
            parts.append(f"{'L' if last else 'M'}{px:.1f} {py:.1f}")
            last = (px, py)
        return "".join(parts)

    def band(self, x: Numbers, low: Numbers, high: Numbers) -> str:
        """Path round the area between two lines; empty when one of them is not finite anywhere."""
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            return ""
        there = self.line(np.concatenate([x, x[::-1]]), np.concatenate([high, low[::-1]]))
        return f"{there}Z"

    def bars(self, edges: Sequence[tuple[float, float]], heights: Sequence[float]) -> str:
        """Path of bars that stand on the bottom. edges: left and right of each, in data."""
        parts = []
        for (start, end), height in zip(edges, heights, strict=True):
            if height > 0:
                x, right, y = (float(v) for v in (self.across(start), self.across(end), self.down(height)))
                parts.append(f"M{x + 0.5:.1f} {self.bottom:.1f}V{y:.1f}H{right - 0.5:.1f}V{self.bottom:.1f}Z")
        return "".join(parts)

    def box(self, x: tuple[float, float], y: tuple[float, float]) -> str:
        """Path of a rectangle given in data."""
        left, right, top, bottom = self.across(x[0]), self.across(x[1]), self.down(y[1]), self.down(y[0])
        return f"M{left:.1f} {top:.1f}H{right:.1f}V{bottom:.1f}H{left:.1f}Z"

    def x_ticks(self, places: Sequence[float], texts: Sequence[str]) -> tuple[Tick, ...]:
        """Ticks along the bottom."""
        return tuple(Tick(round(float(self.across(p)), 1), t) for p, t in zip(places, texts, strict=True))

    def y_ticks(self, places: Sequence[float], texts: Sequence[str]) -> tuple[Tick, ...]:
        """Ticks along the left side."""
        return tuple(Tick(round(float(self.down(p)), 1), t) for p, t in zip(places, texts, strict=True))


@dataclass(frozen=True, slots=True)
class Panel:
    """A frame with what is drawn in it."""

    frame: Frame
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    marks: tuple[Mark, ...]
    dots: tuple[Dot, ...] = ()
    legend: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """One drawing. says: the same in words, for those who do not see it. panels: the first carries the axis names.
    narrow: the same drawn for a phone, where this one is too wide to be read on one."""

    name: str
    title: str
    says: str
    x_name: str
    y_name: str
    panels: tuple[Panel, ...]
    width: int = 360
    height: int = 320
    notes: tuple[str, ...] = field(default=())
    narrow: "Chart | None" = None


def nice_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers that cover a range: at most about + 2 of them."""
    if not high > low:
        return [low]
    raw = (high - low) / about
    scale = 10.0 ** np.floor(np.log10(raw))
    step = float(next(s for s in (1, 2, 2.5, 5, 10) if s * scale >= raw * 0.999) * scale)
    first, last = int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9))
    return [round(place * step, 12) for place in range(first, last + 1)]
