"""A traced zone made by hand, from the places of its centre line."""

import numpy as np

from crackscope.inspection import Traced
from crackscope.records import Estimate, Zone


def zone(line, width_px=4.0, spread=0.4) -> Traced:
    """A zone along an open line of (x, y), of one width or of one for each point but the last."""
    places = np.array(line, np.float64)
    steps = np.diff(places, axis=0)
    widths = np.broadcast_to(np.asarray(width_px, np.float64), len(steps)).copy()
    mean, median, p95, most = (
        Estimate(value=value, low=value - spread, high=value + spread)
        for value in map(float, (widths.mean(), np.median(widths), np.percentile(widths, 95), widths.max()))
    )
    lengths = np.hypot(*steps.T)
    drawn = Zone(
        number=1,
        probability=0.9,
        outline=(),
        centreline=(tuple(map(tuple, places.tolist())),),
        box=(0, 0, 1, 1),
        area_px=1,
        orientation_deg=0.0,
        branches=0,
        length_px=float(lengths.sum()),
        width_mean_px=mean,
        width_median_px=median,
        width_p95_px=p95,
        width_max_px=most,
    )
    return Traced(drawn, (places[1:] + places[:-1]) / 2, steps / lengths[:, None], widths)
