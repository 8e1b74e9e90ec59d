"""Lines of points: how long, smoothed, at even steps, with fewer points, without hairpins."""

import numpy as np

from crackscope.inspection.skeleton import Line

_HAIRPIN_PX, _CHORD = 24, 0.35


def length_of(points: Line) -> float:
    """Length of a line of points [k, 2], px."""
    step = np.diff(points, axis=0)
    return float(np.hypot(step[:, 0], step[:, 1]).sum())


def smoothed(points: Line, sigma_px: float) -> Line:
    """Smooth a line with a Gaussian along it, in steps of 1 px; its two ends stay where they are."""
    from scipy.ndimage import gaussian_filter1d

    evenly = resampled(points, 1.0)
    count = len(evenly)
    reach = min(count - 1, int(np.ceil(4 * sigma_px)))
    if reach < 1:
        return evenly
    head = 2 * evenly[0] - evenly[reach:0:-1]
    tail = 2 * evenly[-1] - evenly[-2 : -reach - 2 : -1]
    out = gaussian_filter1d(np.concatenate([head, evenly, tail]), sigma_px, axis=0)[reach : reach + count]
    return np.asarray(out)


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


def without_hairpins(points: Line) -> Line:
    """The points [k, 2], about 1 px apart, less the stretches of up to 24 px that come back to where they set out.

    Where a line bends more narrowly than it is moved aside, it crosses itself; no crack turns back on itself so.
    """
    arc = np.arange(1, _HAIRPIN_PX + 1)
    ahead = np.minimum(np.arange(len(points))[:, None] + arc, len(points) - 1)
    way = points[ahead] - points[:, None]
    away = np.hypot(way[..., 0], way[..., 1])
    back = (away < _CHORD * arc) & (arc > 3) & (ahead - ahead[:, :1] == arc - 1)
    on = np.where(back.any(1), arc[np.where(back, away, np.inf).argmin(1)], 1)
    kept = np.ones(len(points), np.bool_)
    end = 0
    for start in np.flatnonzero(on > 1):
        if start >= end:
            end = start + on[start]
            kept[start + 1 : end] = False
    return points[kept]
