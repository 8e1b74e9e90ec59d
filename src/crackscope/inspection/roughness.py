"""The length of a rough line of which a blurred photo shows the coarser turns only."""

import numpy as np

from crackscope.inspection.polylines import length_of, resampled, smoothed_evenly
from crackscope.inspection.skeleton import Line

_GRAIN_PX, _FINER_PX, _COARSER_PX = 1.0, 1.5, 4.0
"""Deviations of the Gaussians by which a line is smoothed once more, to see what that takes away."""
_LOST, _GRAINY = 3.1, 3.4
_MOST = 0.08
_THIN_PX, _WIDE_PX = 4.5, 5.0
"""Half the width up to which all of that is allowed for, and from which on nothing is."""


def rough_length(points: Line, half_px: float) -> float:
    """Length in px of a centre line float64 [k, 2], its turns too small to be seen allowed for.

    half_px: half the width of the crack's mask. A crack around grains is the longer the finer one measures (L. F.
    Richardson, 1961; B. Mandelbrot, Science 156, 1967), and a line laid into blurred pixels is smooth below some 3 px.
    What smoothing it once more takes away tells how rough it is, and so what is lost already: 3.1 times as much, on
    generated cracks whose course is known in steps of 1.25 px. Where the grain of the photo shakes the line, it is too
    long instead: such a line loses most to the least smoothing, and 3.4 times that is taken off. A straight line or an
    even bend loses nothing and stays as it is. At most 8 % is added, no line becomes shorter than smoothed over 4 px,
    and what gapes stays as it is: it turns with its width, which the photo shows.
    """
    seen = length_of(points)
    thin = float(np.clip((_WIDE_PX - half_px) / (_WIDE_PX - _THIN_PX), 0, 1))
    if not thin:
        return seen
    evenly = [resampled(points, 1.0)]
    grainy, finer, coarser = (
        length_of(smoothed_evenly(evenly, sigma_px)[0]) for sigma_px in (_GRAIN_PX, _FINER_PX, _COARSER_PX)
    )
    lost = _LOST * (finer - coarser) - _GRAINY * (seen - grainy)
    return seen + thin * float(np.clip(lost, coarser - seen, _MOST * seen))
