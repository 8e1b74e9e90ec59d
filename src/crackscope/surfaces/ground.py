"""What all kinds of surface are made with: noise, chance, light, and a picture in the making."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from crackscope.surfaces.noise import Noise
from crackscope.surfaces.records import Floats


class Joints(NamedTuple):
    """The regular joints of masonry, in px, before the picture is turned by `angle` about its corner."""

    course: float
    unit: float
    bond: float
    angle: float
    mortar: float


@dataclass(slots=True)
class Ground:
    """A surface in the making. planes: float32 [3, h, w], RGB on 0 to 255, changed in place by what is laid on it."""

    planes: Floats
    noise: Noise
    rng: np.random.Generator
    light: tuple[float, float]
    joints: Joints | None = None

    @property
    def height(self) -> int:
        """Height in px."""
        return self.noise.height

    @property
    def width(self) -> int:
        """Width in px."""
        return self.noise.width

    def coordinates(self) -> tuple[Floats, Floats]:
        """y [h, 1] and x [1, w] of the pixel centres."""
        return np.arange(self.height, dtype=np.float32)[:, None], np.arange(self.width, dtype=np.float32)[None]


def bare_ground(height: int, width: int, rng: np.random.Generator) -> Ground:
    """Empty planes with light from a random side, more often from above."""
    azimuth = rng.normal(-np.pi / 2, 1.0)
    light = (float(np.cos(azimuth)), float(np.sin(azimuth)))
    return Ground(np.empty((3, height, width), np.float32), Noise(height, width, rng), rng, light)


def pick(rng: np.random.Generator, colours: tuple[tuple[float, float, float], ...], spread: float) -> Floats:
    """One of these colours, its brightness and cast varied by a normal deviation of `spread`."""
    # Daylight goes from warm to cool; a green or violet cast would look like a fault.
    warm, green = rng.normal(0, spread / 4), rng.normal(0, spread / 12)
    shift = np.array([warm, green, -warm]) + rng.normal(0, spread)
    return np.clip(np.array(colours[int(rng.integers(len(colours)))]) + shift, 12, 246).astype(np.float32)
