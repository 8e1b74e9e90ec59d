"""Rough first versions of the mask and of the zones, and of what EXIF says, until the real ones are here."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crackscope.records import Estimate, Zone
from crackscope.scoring import Heatmap, Quality


@dataclass(frozen=True)
class Cracks:
    mask: NDArray[np.bool_]


def find_cracks(pixels: NDArray[np.uint8], heat: Heatmap, threshold_logit: float) -> Cracks:
    import cv2

    rows, columns = heat.logits.shape
    big = cv2.resize(heat.logits, (columns * heat.stride, rows * heat.stride), interpolation=cv2.INTER_LINEAR)
    return Cracks(big[: pixels.shape[0], : pixels.shape[1]] > threshold_logit)


def measure_zones(pixels: NDArray[np.uint8], cracks: Cracks, heat: Heatmap, quality: Quality) -> tuple[Zone, ...]:
    import cv2

    count, _labels, stats, _middles = cv2.connectedComponentsWithStats(cracks.mask.astype(np.uint8))
    zones: list[Zone] = []
    for number in sorted(range(1, count), key=lambda one: -int(stats[one][4])):
        left, top, width, height, area = (int(value) for value in stats[number])
        line = ((float(left), float(top)), (float(left + width - 1), float(top + height - 1)))
        mean = area / max(width, height)
        estimate = Estimate(value=mean, low=mean * 0.8, high=mean * 1.2)
        zones.append(
            Zone(
                number=len(zones) + 1,
                probability=0.9,
                outline=((line[0], (line[1][0], line[0][1]), line[1], (line[0][0], line[1][1])),),
                centreline=(line,),
                box=(left, top, width, height),
                area_px=area,
                orientation_deg=0.0,
                branches=0,
                length_px=float(np.hypot(width, height)),
                width_mean_px=estimate,
                width_median_px=estimate,
                width_p95_px=estimate,
                width_max_px=estimate,
            )
        )
    return tuple(zones)
