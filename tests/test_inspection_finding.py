"""What a look from afar found joins what was found up close: a gaping crack takes the place of its lips, alone."""

import numpy as np
import pytest

from crackscope.inspection import find_cracks
from crackscope.inspection.finding import Found, Part, enlarged, with_gaping
from crackscope.inspection.zones import trace_zones
from crackscope.scoring import quality, smaller
from tests.test_inspection_mask import heatmap
from tests.test_inspection_measures import Ends, drawn

SIDE = 480
WIDE, MIDDLING = ((240, 0, 240, SIDE), 60.0), ((420, 0, 420, SIDE), 28.0)
LIPS = ((200, 0, 200, SIDE), 6.0), ((266, 0, 266, SIDE), 6.0)
"""One of them some px outside the dark, as torn edges have it."""
AWAY = ((290, 60, 360, 420), 6.0)
"""A crack that begins where a lip would lie."""


def look(*strips: tuple[Ends, float], times: int = 1) -> Part:
    """What is found of these dark strips in a photo so many times smaller."""
    drawing, mask = drawn(list(strips), SIDE)
    pixels = smaller(drawing, times)
    heat = heatmap(mask[::times, ::times])
    cracks = find_cracks(pixels, heat, 0.0)
    part = Part(cracks, trace_zones(pixels, cracks, heat, quality(pixels)), times=times)
    return part if times == 1 else enlarged(part, (pixels.shape[0], pixels.shape[1]), (SIDE, SIDE))


def widths(found: Found) -> list[float]:
    """Median widths of the zones, from left to right."""
    zones = sorted((one.zone for one in found.traced), key=lambda zone: zone.box[0])
    return [zone.width_median_px.value for zone in zones]


def columns(found: Found) -> set[int]:
    """Those that hold crack pixels."""
    return set(np.flatnonzero(found.mask().any(0)).tolist())


def test_a_gaping_crack_takes_the_place_of_its_lips_and_of_nothing_else() -> None:
    near, far = look(*LIPS, AWAY), look(WIDE, times=4)
    found = with_gaping(Found((near,)), far)
    assert widths(Found((near,))) == pytest.approx([6, 6, 6], abs=0.5)
    assert widths(found) == pytest.approx([60, 6], rel=0.06)
    wide = {column for column in columns(found) if column < 282}
    assert (min(wide), max(wide), len(wide)) == pytest.approx((210, 269, 60), abs=4)
    assert {300, 350} <= columns(found)


def test_a_thinner_crack_from_afar_is_left_to_the_look_up_close() -> None:
    near = look(*LIPS, AWAY)
    found = with_gaping(Found((near,)), look(WIDE, MIDDLING, times=4))
    assert widths(found) == pytest.approx([60, 6], rel=0.06)
    assert not columns(found) & set(range(400, 440))
    assert with_gaping(Found((near,)), look(MIDDLING, times=4)) == Found((near,))


def test_a_gaping_crack_that_was_found_up_close_is_measured_there() -> None:
    near = look(WIDE, AWAY)
    assert with_gaping(Found((near,)), look(WIDE, times=4)) == Found((near,))
