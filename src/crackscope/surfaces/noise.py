"""Random fields: spectral synthesis, splines over coarse grids, and cells.

Spectral synthesis (Ebert et al., Texturing and Modeling, 2003): white noise is shaped in the frequency domain. Sums of
independent fields are made in one transform, and so are slopes of a field, which is what slanting light shows.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.surfaces.records import Floats

Amplitude = Floats
"""float32 [H, W // 2 + 1] over the frequencies of a padded grid."""


class Grid(NamedTuple):
    """Frequencies of a padded grid in cycles per px, and their logarithm to base 2."""

    fx: Floats
    fy: Floats
    log2: Floats


def _fast_length(n: int) -> int:
    """The least length from n on that has no prime factor above 5: transforms of such lengths are quick."""
    n = max(n, 48)
    while True:
        rest = n
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1 and n % 2 == 0:
            return n
        n += 1


@lru_cache(maxsize=8)
def _grid(height: int, width: int) -> Grid:
    fx = np.fft.rfftfreq(width).astype(np.float32)[None]
    fy = np.fft.fftfreq(height).astype(np.float32)[:, None]
    f = np.sqrt(fx * fx + fy * fy)
    f[0, 0] = 1e-4
    return Grid(fx, fy, np.log2(f))


@lru_cache(maxsize=32)
def _spline(length: int, cell: float) -> tuple[int, NDArray[np.intp], Floats]:
    """Knots needed, first knot and the four weights of each position (uniform cubic B-spline)."""
    at = np.arange(length, dtype=np.float64) / cell
    first = np.floor(at).astype(np.intp)
    t = (at - first).astype(np.float32)
    u = 1 - t
    weights = np.stack([u**3, 3 * t**3 - 6 * t**2 + 4, 3 * u**3 - 6 * u**2 + 4, t**3]) / np.float32(6)
    return int(first[-1]) + 4, first, weights.astype(np.float32)


class Noise:
    """A source of random fields of one size, all from one generator."""

    def __init__(self, height: int, width: int, rng: np.random.Generator) -> None:
        self.height, self.width, self.rng = height, width, rng
        self._padded = (_fast_length(height), _fast_length(width))
        self.grid = _grid(*self._padded)
        parts = rng.standard_normal((2, *self.grid.log2.shape), dtype=np.float32)
        self._white = (parts[0] + 1j * parts[1]).astype(np.complex64)

    def band(self, wavelength_px: float, octaves: float = 0.6) -> Amplitude:
        """Amplitude of blobs of about one wavelength."""
        away = (self.grid.log2 + np.float32(np.log2(wavelength_px))) * np.float32(1 / octaves)
        return np.exp(np.float32(-0.5) * away * away)

    def power(self, slope: float, longest_px: float = 400.0) -> Amplitude:
        """Amplitude falling with frequency to the power of -slope; 1 is pink in the plane, 2 is soft clouds."""
        lowest = np.float32(np.log2(1 / longest_px))
        return np.exp2(np.float32(-slope) * np.maximum(self.grid.log2, lowest))

    def streaks(self, wavelength_px: float, angle: float, stretch: float) -> Amplitude:
        """Amplitude of marks `stretch` times longer along `angle` (radians) than across."""
        c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        along = (self.grid.fx * c + self.grid.fy * s) * np.float32(stretch)
        across = self.grid.fy * c - self.grid.fx * s
        f = np.sqrt(along * along + across * across) * np.float32(wavelength_px)
        return np.asarray(f * np.exp(np.float32(1) - f), np.float32)

    def mix(self, *parts: tuple[float, Amplitude]) -> Amplitude:
        """Amplitude of the sum of independent fields with these standard deviations."""
        total = np.zeros_like(self.grid.log2)
        for deviation, amplitude in parts:
            total += amplitude * amplitude * np.float32(deviation**2 / max(float(np.vdot(amplitude, amplitude)), 1e-12))
        return np.sqrt(total)

    def field(self, amplitude: Amplitude, deviation: float = 1.0) -> Floats:
        """A Gaussian field float32 [h, w] of mean 0 and about this standard deviation."""
        return self._shape(amplitude.astype(np.complex64), amplitude, deviation)

    def layers(self, *parts: tuple[float, Amplitude]) -> Floats:
        """The sum [h, w] of independent fields, each with the standard deviation that stands before it."""
        return self.field(self.mix(*parts), float(np.sqrt(sum(deviation**2 for deviation, _ in parts))))

    def lit(self, amplitude: Amplitude, light: tuple[float, float], deviation: float) -> Floats:
        """What slanting light from (x, y) makes of a relief with this amplitude; deviation is of the brightness."""
        slope = (self.grid.fx * np.float32(light[0]) + self.grid.fy * np.float32(light[1])) * amplitude
        return self._shape(np.complex64(-1j) * slope, slope, deviation)

    def _shape(self, transfer: NDArray[np.complex64], size: Amplitude, deviation: float) -> Floats:
        # A shifted copy of white noise is as good as new, and far cheaper than drawing it.
        shift = (
            int(self.rng.integers(3, self._white.shape[0] - 3)),
            int(self.rng.integers(3, self._white.shape[1] - 3)),
        )
        spectrum = np.roll(self._white, shift, (0, 1))
        spectrum *= transfer
        spectrum[0, 0] = 0
        count = self._padded[0] * self._padded[1]
        gain = deviation * count / (2 * np.sqrt(max(float(np.vdot(size, size)), 1e-12)))
        spectrum *= np.float32(gain)
        full = np.fft.irfft2(spectrum, s=self._padded, axes=(0, 1))
        return np.ascontiguousarray(full[: self.height, : self.width], dtype=np.float32)

    def soft(self, cell_px: float, stretch: float = 1.0) -> Floats:
        """A smooth field [h, w], mean 0, deviation about 1, without anything finer than `cell_px`, cheaply.

        `stretch` makes it longer in height than in width.
        """
        rows, first_row, row_weights = _spline(self.height, cell_px * stretch)
        columns, first_column, column_weights = _spline(self.width, cell_px)
        knots = self.rng.standard_normal((rows, columns), dtype=np.float32) * np.float32(2)
        tall = sum(
            (row_weights[k][:, None] * knots[first_row + k] for k in range(1, 4)),
            row_weights[0][:, None] * knots[first_row],
        )
        wide = tall[:, first_column] * column_weights[0]
        for k in range(1, 4):
            wide += tall[:, first_column + k] * column_weights[k]
        return np.asarray(wide, np.float32)

    def cells(self, cell_px: float, stretch: float = 1.0) -> tuple[NDArray[np.intp], Floats]:
        """Stones packed like gravel: number of the stone at each pixel [h, w], and the distance to its rim in px.

        Worley's cellular texture (1996) over a jittered grid, looking at the four nearest cells only. `stretch` makes
        the stones longer in width than in height; what separates two side by side is then as much wider.
        """
        wide_px = cell_px * stretch
        rows, columns = int(self.height / cell_px) + 4, int(self.width / wide_px) + 4
        centres = self.rng.uniform(0.02, 0.98, (2, rows * columns)).astype(np.float32)
        y = (np.arange(self.height, dtype=np.float32) / np.float32(cell_px) + 1)[:, None]
        x = (np.arange(self.width, dtype=np.float32) / np.float32(wide_px) + 1)[None]
        top, left = np.floor(y - 0.5).astype(np.intp), np.floor(x - 0.5).astype(np.intp)
        nearest = np.full((self.height, self.width), 1e9, np.float32)
        second = nearest.copy()
        owner = np.zeros((self.height, self.width), np.intp)
        for dy, dx in ((0, 0), (0, 1), (1, 0), (1, 1)):
            cell = (top + dy) * columns + (left + dx)
            away_x = centres[0][cell] + ((left + dx) - x).astype(np.float32)
            away_y = centres[1][cell] + ((top + dy) - y).astype(np.float32)
            far = away_x * away_x + away_y * away_y
            closer = far < nearest
            np.minimum(second, np.maximum(nearest, far), out=second)
            np.copyto(nearest, far, where=closer)
            np.copyto(owner, cell, where=closer)
        return owner, (np.sqrt(second) - np.sqrt(nearest)) * np.float32(cell_px / 2)
