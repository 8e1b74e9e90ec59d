"""A crack that was found from afar, at a quarter of the photo's size or less, in the photo itself.

What the network does not know for a crack at full size, the steps after it would not find there either: so such cracks
are traced and measured at the size at which they were found, where they are as wide as the ones that those steps are
made for, and enlarged.
"""

from dataclasses import replace

import msgspec
import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.polylines import told
from crackscope.inspection.zones import Traced
from crackscope.records import Estimate, Point, Zone
from crackscope.scoring import Heatmap, grown

Line = tuple[Point, ...]
Shape = tuple[int, int]


class Enlarging:
    """From a small version of a photo to the photo."""

    def __init__(self, small: Shape, large: Shape) -> None:
        """Height and width of both, px."""
        self._large = large
        self._times = np.array([large[1] / small[1], large[0] / small[0]])
        self._long = float(np.sqrt(self._times.prod()))

    def mask(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """bool [h, w], of the photo."""
        import cv2

        large = cv2.resize(mask.view(np.uint8), self._large[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
        return np.asarray(large).view(np.bool_)

    def traced(self, traced: Traced) -> Traced:
        """A zone with its widths. Both sides of a photo grow alike, but for the part of a px by which they were
        rounded: directions stay."""
        return traced._replace(
            zone=self._zone(traced.zone), at=self._places(traced.at), width_px=traced.width_px * self._long
        )

    def _zone(self, zone: Zone) -> Zone:
        widths = {
            name: self._estimate(getattr(zone, name))
            for name in ("width_mean_px", "width_median_px", "width_p95_px", "width_max_px")
        }
        return msgspec.structs.replace(
            zone,
            outline=tuple(self._line(ring) for ring in zone.outline),
            holes=tuple(self._line(ring) for ring in zone.holes),
            centreline=tuple(self._line(line) for line in zone.centreline),
            box=self._box(zone.box),
            area_px=round(zone.area_px * float(self._times.prod())),
            length_px=zone.length_px * self._long,
            widest_at=zone.widest_at and self._line((zone.widest_at,))[0],
            **widths,
        )

    def _places(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of centres of px, float64 [k, 2], x and y."""
        return np.asarray((places + 0.5) * self._times - 0.5, np.float64)

    def _line(self, line: Line) -> Line:
        return told(self._places(np.asarray(line, np.float64).reshape(-1, 2)))

    def _box(self, box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        left, top = np.floor(np.array(box[:2]) * self._times).astype(int).tolist()
        ends = np.ceil((np.array(box[:2]) + box[2:]) * self._times).astype(int)
        right, bottom = np.minimum(ends, self._large[::-1]).tolist()
        return left, top, right - left, bottom - top

    def _estimate(self, estimate: Estimate) -> Estimate:
        value, low, high = (self._long * px for px in (estimate.value, estimate.low, estimate.high))
        return Estimate(value=value, low=low, high=high)


def with_afar(heat: Heatmap, afar: Heatmap) -> Heatmap:
    """A heatmap as it is shown: the larger of its logits and of those of the photo from afar, some halvings smaller."""
    large, shape = afar.logits, heat.logits.shape
    while large.shape[0] < shape[0] or large.shape[1] < shape[1]:
        large = grown(large, (2 * large.shape[0], 2 * large.shape[1]))
    return replace(heat, logits=np.maximum(heat.logits, large[: shape[0], : shape[1]]))
