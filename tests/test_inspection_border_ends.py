"""A crack that leaves the photo at a shallow angle is as long as its middle is in the photo, however wide it is."""

from itertools import pairwise

import numpy as np
import pytest

from tests.test_inspection_measures import Drawn, drawn, zones_of

SIZE = 480


def leaving(angle_deg: float, width: float, bend: float = 0.0) -> tuple[Drawn, float]:
    """A crack from the left that leaves through the upper border, and the length of its middle in the photo; bend:
    degrees by which it turns in every 100 px."""
    turn = np.radians(angle_deg + bend * np.arange(0, 400) / 100)
    x = 340 - np.concatenate([[0], np.cumsum(np.cos(turn))])
    y = -0.5 + np.concatenate([[0], np.cumsum(np.sin(turn))])
    shown = int((x >= -0.5).sum())
    far = 60 / np.hypot(x[0] - x[8], y[0] - y[8])
    ends = [(x[0] + (x[0] - x[8]) * far, y[0] + (y[0] - y[8]) * far), *zip(x[::8], y[::8], strict=True)]
    pieces = [((*one, *other), width) for one, other in pairwise(ends)]
    return drawn(pieces, SIZE), float(shown)


@pytest.mark.parametrize("width", [4.0, 16.0, 24.0])
@pytest.mark.parametrize(("angle", "bend"), [(4.0, 0.0), (8.0, 0.0), (20.0, 0.0), (4.0, 4.0), (10.0, -1.0)])
def test_a_crack_that_leaves_at_a_shallow_angle_is_as_long_as_its_middle(
    angle: float, bend: float, width: float
) -> None:
    made, long = leaving(angle, width, bend)
    (zone,) = zones_of(made)
    assert zone.length_px == pytest.approx(long, rel=0.03)
    assert zone.width_median_px.value == pytest.approx(width, abs=max(0.5, 0.1 * width))


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_through_whichever_border_it_leaves(turns: int) -> None:
    (pixels, mask), long = leaving(5.0, 16.0)
    (zone,) = zones_of((np.ascontiguousarray(np.rot90(pixels, turns)), np.ascontiguousarray(np.rot90(mask, turns))))
    assert zone.length_px == pytest.approx(long, rel=0.03)


def test_a_crack_that_only_comes_near_the_border_is_led_nowhere() -> None:
    made = drawn([((-60, 12, 540, 12), 16.0)], SIZE)
    (zone,) = zones_of(made)
    assert zone.length_px == pytest.approx(SIZE, rel=0.03)
