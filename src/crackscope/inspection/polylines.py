"""Lines of points: how long, smoothed, at even steps, with fewer points, without hairpins."""

from collections.abc import Sequence

import numpy as np

from crackscope.inspection.skeleton import Line
from crackscope.records import Point

_LEAST_HAIRPIN, _HAIRPIN_PX, _CHORD = 4, 24, 0.35
"""Px along a hairpin, at least and at most, and the share of them that its two ends are apart at most."""


def length_of(points: Line) -> float:
    """Length of a line of points [k, 2], px."""
    step = np.diff(points, axis=0)
    return float(np.hypot(step[:, 0], step[:, 1]).sum())


def smoothed(points: Line, sigma_px: float) -> Line:
    """Smooth a line with a Gaussian along it, in steps of 1 px; its two ends stay where they are."""
    return smoothed_evenly([resampled(points, 1.0)], sigma_px)[0]


def smoothed_evenly(lines: Sequence[Line], sigma_px: float) -> list[Line]:
    """Smooth lines of points 1 px apart with a Gaussian along each; their ends stay where they are, but for lines
    shorter than four deviations, which shrink a little."""
    from scipy.ndimage import gaussian_filter1d

    far = int(np.ceil(4 * sigma_px))
    out, long, mirrored = list(lines), list[int](), list[Line]()
    for place, line in enumerate(lines):
        reach = min(len(line) - 1, far)
        if reach < 1:
            continue
        longer = np.concatenate([2 * line[0] - line[reach:0:-1], line, 2 * line[-1] - line[-2 : -reach - 2 : -1]])
        if reach < far:
            out[place] = gaussian_filter1d(longer, sigma_px, axis=0)[reach : reach + len(line)]
        else:
            long.append(place)
            mirrored.append(longer)
    if long:
        # Each is so far continued that no line reaches into what is kept of the next.
        together = gaussian_filter1d(np.concatenate(mirrored), sigma_px, axis=0)
        begin = 0
        for place, longer in zip(long, mirrored, strict=True):
            out[place] = together[begin + far : begin + len(longer) - far]
            begin += len(longer)
    return out


def resampled(points: Line, step_px: float) -> Line:
    """Points of a line [k, 2] at even steps of about `step_px`, the two ends included."""
    step = np.diff(points, axis=0)
    place = np.concatenate([[0.0], np.cumsum(np.hypot(step[:, 0], step[:, 1]))])
    at = np.linspace(0, place[-1], max(2, round(place[-1] / step_px) + 1))
    return np.stack([np.interp(at, place, points[:, 0]), np.interp(at, place, points[:, 1])], 1)


def simplified(points: Line, tolerance_px: float) -> Line:
    """A line with fewer points, nowhere farther than `tolerance_px` from the given one."""
    import cv2

    if len(points) < 3:
        return points
    return np.asarray(cv2.approxPolyDP(points.astype(np.float32)[:, None], tolerance_px, False)[:, 0], np.float64)


def told(points: Line) -> tuple[Point, ...]:
    """Points as records have them: to a hundredth of a px."""
    return tuple((round(float(x), 2), round(float(y), 2)) for x, y in points)


def without_hairpins(points: Line) -> Line:
    """The points [k, 2], about 1 px apart, less the stretches of up to 24 px that come back to where they set out.

    Where a line bends more narrowly than it is moved aside, it crosses itself; no crack turns back on itself so.
    """
    if len(points) <= _LEAST_HAIRPIN:
        return points
    arc = np.arange(_LEAST_HAIRPIN, _HAIRPIN_PX + 1)
    # Beyond the end nothing is near.
    longer = np.concatenate([points, np.full((_HAIRPIN_PX, 2), np.inf)])
    ahead = np.lib.stride_tricks.sliding_window_view(longer[_LEAST_HAIRPIN:], len(arc), 0)
    away = np.hypot(ahead[:, 0] - points[:, :1], ahead[:, 1] - points[:, 1:])
    back = away < _CHORD * arc
    turning = back.any(1)
    if not turning.any():
        return points
    kept = np.ones(len(points), np.bool_)
    end = 0
    for start in np.flatnonzero(turning):
        if start >= end:
            end = start + arc[np.where(back[start], away[start], np.inf).argmin()]
            kept[start + 1 : end] = False
    return points[kept]
