"""The length of a rough line of which a blurred photo shows the coarser turns only."""

import numpy as np

from crackscope.inspection.polylines import length_of, resampled, smoothed_evenly
from crackscope.inspection.skeleton import Line

_FINER_PX, _COARSER_PX = 1.5, 4.0
_LOST = 2.2
_MOST = 0.08
_THIN_PX, _WIDE_PX = 4.5, 5.0


def rough_length(points: Line, half_px: float) -> float:
    """Length in px of a centre line float64 [k, 2], its turns too small to be seen allowed for.

    half_px: half the width of the crack's mask. A crack around grains is the longer the finer one measures (L. F.
    Richardson, 1961; B. Mandelbrot, Science 156, 1967), and a line laid into blurred pixels is smooth below some 3 px.
    What smoothing it once more takes away tells how rough it is, and so what is lost already: 2.2 times as much, on
    generated cracks whose course is known in steps of 1.25 px. A straight line or an even bend loses nothing and
    stays as it is. At most 8 % is added, and nothing to what gapes: it turns with its width, which the photo shows.
    """
    seen = length_of(points)
    evenly = [resampled(points, 1.0)]
    lost = length_of(smoothed_evenly(evenly, _FINER_PX)[0]) - length_of(smoothed_evenly(evenly, _COARSER_PX)[0])
    thin = float(np.clip((_WIDE_PX - half_px) / (_WIDE_PX - _THIN_PX), 0, 1))
    return seen + thin * float(np.clip(_LOST * lost, 0, _MOST * seen))
