"""What goes into a generated surface and what comes out of it."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
"""float32 array: a field [h, w], a colour picture held as planes [3, h, w], or one value a point [k]."""
Pixels = NDArray[np.uint8]
"""uint8 [h, w, 3], RGB."""
Mask = NDArray[np.bool_]
"""bool [h, w], True where the crack is."""

SMALLEST_SIDE = 8
THINNEST_PX = 0.7


@dataclass(frozen=True, slots=True)
class CrackSpec:
    """How a crack shall be. Leave a value out to get an ordinary one; `random_crack` draws a whole one.

    width_px: (least, greatest) width of the main crack, in px, at least .7; its ends taper below, and branches are
        between half of the least and the greatest.
    branching: branches to expect on a crack of 256 px length, 0 and up.
    contrast: 0 to 1, how much of the light the opening swallows; 1 is black.
    roughness: 0 (smooth curve) to about 1.5 (ragged).
    breaks: interruptions to expect on a crack of 256 px length, 0 and up.
    grain_px: the size of what the crack goes around (aggregate, sand), in px; sets the scale of its turns.
    filled: the opening is filled with pale lime instead of being dark.
    """

    width_px: tuple[float, float] = (1.5, 4.0)
    branching: float = 0.6
    contrast: float = 0.7
    roughness: float = 0.8
    breaks: float = 0.5
    grain_px: float = 8.0
    filled: bool = False

    def __post_init__(self) -> None:
        least, greatest = self.width_px
        if not THINNEST_PX <= least <= greatest:
            raise ValueError(f"width_px {self.width_px}: want {THINNEST_PX} <= least <= greatest")


@dataclass(frozen=True, slots=True)
class SurfaceSpec:
    """How a surface shall be; the same record gives the same bytes.

    size is (width, height) in px, at least 8 each; kind one of KINDS; crack None for a sound one; distractors is the
    chance, 0 to 1, that things which resemble cracks are added. Surfaces that differ in `crack` only are the same
    surface with and without the crack.
    """

    seed: int
    kind: str
    size: tuple[int, int] = (256, 256)
    crack: CrackSpec | None = None
    distractors: float = 0.25

    def __post_init__(self) -> None:
        if min(self.size) < SMALLEST_SIDE:
            raise ValueError(f"size {self.size}: a surface is at least {SMALLEST_SIDE} px wide and high")


class Widths(NamedTuple):
    """Widths of a crack along its centre line, in px; zeros where there is no crack."""

    median: float
    max: float


def _no_points() -> Floats:
    return np.zeros((0, 2), np.float32)


def _no_widths() -> Floats:
    return np.zeros(0, np.float32)


@dataclass(frozen=True, slots=True)
class CrackTruth:
    """What is true of a drawn crack, for measuring against.

    mask: bool [h, w], the pixels that the crack covers by at least half, and where it is thin those that its centre
        line passes.
    centreline_px: float32 [k, 2], x and y of points about 1 px apart, the centre of the first pixel being (0, 0); all
        branches, one after another, inside the picture only.
    centreline_width_px: float32 [k], the width at each of these.
    length_px: summed length of the centre lines, gaps left out.
    """

    mask: Mask
    centreline_px: Floats = field(default_factory=_no_points)
    centreline_width_px: Floats = field(default_factory=_no_widths)
    length_px: float = 0.0

    @property
    def widths_px(self) -> Widths:
        """Median and greatest width along the centre line."""
        if not len(self.centreline_width_px):
            return Widths(0.0, 0.0)
        return Widths(float(np.median(self.centreline_width_px)), float(self.centreline_width_px.max()))


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """A generated surface: pixels uint8 [h, w, 3], its kind, and the truth about its crack (mask empty when sound)."""

    pixels: Pixels
    kind: str
    truth: CrackTruth
    spec: SurfaceSpec

    @property
    def mask(self) -> Mask:
        """bool [h, w]."""
        return self.truth.mask

    @property
    def widths_px(self) -> Widths:
        """Median and greatest width along the centre line, px."""
        return self.truth.widths_px

    @property
    def length_px(self) -> float:
        """Length of all centre lines, px."""
        return self.truth.length_px

    @property
    def label(self) -> str:
        """`crack` or `sound`."""
        return "crack" if self.spec.crack is not None else "sound"


def stream(seed: int, *purpose: int) -> np.random.Generator:
    """A generator of its own for each purpose, so that one purpose can draw more without moving the others."""
    if seed < 0:
        raise ValueError(f"seed {seed}: want 0 or more")
    entropy: Any = [seed, *purpose]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))
