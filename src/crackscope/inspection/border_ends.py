"""Ends of centre lines at the photo's border, where a wide crack that leaves at a shallow angle shows one edge alone.

From where its first edge has left the photo up to where its middle does, only the other edge tells where the middle
is: half the crack's width beside it. Thinning knows nothing of that, and leads the line straight to the border.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.line_ends import End, free_ends
from crackscope.inspection.skeleton import Line, Stretch

_AT_BORDER_PX = 1.0
_WHOLE = 1.25
"""Half widths, and 2 px more, from the border on a crack is taken to show both edges."""
_AHEAD_HALVES, _AHEAD_PX = 40.0, 800
"""So many half widths on, and px, the one edge is followed at most: what leaves at 3 degrees takes 25 from where it
shows both to where its middle is out."""
_GAIN_PX = 4.0
"""Half a width, and so much more, is gained at least: where the angle is steep both ways are as good."""
_BACK_HALVES = 4.0
"""Over so many half widths, and 8 px more, a line tells which way it goes; a shorter one may be a spur."""


def led_out(mask: NDArray[np.bool_], lines: Sequence[Stretch]) -> list[Stretch]:
    """Lines that go on along the one edge that is seen, to where the middle of the crack in the mask bool [h, w]
    leaves the photo."""
    out = list(lines)
    for end in free_ends(lines):
        if _depth(end.point[None], mask.shape)[0] < _AT_BORDER_PX:
            out[end.place] = _led_out(mask, out[end.place], end)
    return out


def _depth(points: Line, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """How far from the photo's border points lie, px."""
    last = np.array([shape[1] - 1, shape[0] - 1])
    return np.asarray(np.minimum(points, last - points).min(1))


def _led_out(mask: NDArray[np.bool_], line: Stretch, end: End) -> Stretch:
    points, wide = (line.points, line.half) if end.side == 1 else (line.points[::-1], line.half[::-1])
    half = float(np.median(wide))
    whole = np.flatnonzero(_depth(points, mask.shape) >= _WHOLE * half + 2)
    last = int(whole[-1]) if len(whole) else 0
    back = last - int(_BACK_HALVES * half) - 8
    if back < 0:
        return line
    more = np.array(list(_followed(mask, points[last], points[last] - points[back], half)))
    if len(more) < len(points) - 1 - last + half + _GAIN_PX:
        return line
    points = np.concatenate([points[: last + 1], more])
    wide = np.concatenate([wide[: last + 1], np.full(len(more), half)])
    return replace(line, points=points[:: 2 * end.side - 1], half=wide[:: 2 * end.side - 1])


def _followed(mask: NDArray[np.bool_], start: Line, way: Line, half: float) -> Iterator[Line]:
    """Points 1 px apart that keep half a width from the edge that is seen, until the photo ends; none where they leave
    the mask."""
    import cv2

    reach = min(int(_AHEAD_HALVES * half), _AHEAD_PX) + 8
    corner = np.maximum(np.rint(start).astype(np.intp) - reach, 0)
    part = mask[corner[1] : corner[1] + 2 * reach, corner[0] : corner[0] + 2 * reach]
    around = int(half) + 4
    longer = cv2.copyMakeBorder(part.view(np.uint8), around, around, around, around, cv2.BORDER_CONSTANT, value=1)
    # The edge that leaves first is of no use: what lies on its side counts for crack, as what lies beyond the border.
    rows, columns = np.ogrid[: longer.shape[0], : longer.shape[1]]
    x, y = columns + corner[0] - around - start[0], rows + corner[1] - around - start[1]
    longer[(way[0] * y - way[1] * x) * _side(start, way, mask.shape) > 0] = 1
    away = cv2.GaussianBlur(cv2.distanceTransform(longer, cv2.DIST_L2, 5), (0, 0), 1.5)
    slope = np.stack(np.gradient(away)[::-1], 2)
    found: list[Line] = []
    here, way = start, way / max(float(np.hypot(*way)), 1e-9)
    for _ in range(reach):
        here = here + way
        if _depth(here[None], mask.shape)[0] <= -0.5:
            yield from found
            return
        x, y = np.rint(here).astype(np.intp)
        if not mask[y, x]:
            return
        x, y = x - corner[0] + around, y - corner[1] + around
        up = slope[y, x] / max(float(np.hypot(*slope[y, x])), 1e-9)
        here = here + np.clip(0.3 * (half - away[y, x]), -0.5, 0.5) * up
        along = np.array([-up[1], up[0]])
        turned = way + 0.2 * along * np.sign(along @ way)
        way = turned / float(np.hypot(*turned))
        found.append(here)


def _side(start: Line, way: Line, shape: tuple[int, ...]) -> int:
    """On which side of a way, 1 or -1 by the sign of the cross product, the border lies that it comes nearer to."""
    last = np.array([shape[1] - 1, shape[0] - 1], np.float64)
    away = np.concatenate([start, last - start])
    outward = np.array([[-1, 0], [0, -1], [1, 0], [0, 1]], np.float64)
    nearer = np.where(outward @ way > 0, away, np.inf)
    x, y = outward[int(nearer.argmin())]
    return 1 if way[0] * y - way[1] * x > 0 else -1
