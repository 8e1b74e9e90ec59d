"""A broad dark field may be a gaping crack; a thin or pale one is none."""

import numpy as np
import pytest

from crackscope.scoring.dark_fields import holds_dark_field
from crackscope.surfaces import generate

GROUND = generate(301, (1400, 1100), False).pixels


def crossed(wide: int, long: int, light: float, at: int = 600) -> bool:
    pixels = GROUND.copy()
    pixels[100 : 100 + long, at : at + wide] = (pixels[100 : 100 + long, at : at + wide] * light).astype(np.uint8)
    return holds_dark_field(pixels)


@pytest.mark.parametrize("wide", [50, 80, 160, 320])
@pytest.mark.parametrize("at", [0, 601])
def test_a_gaping_crack_is_one(wide, at):
    assert crossed(wide, 900, 0.4, at)


@pytest.mark.parametrize(("wide", "long", "light"), [(80, 900, 0.65), (48, 120, 0.4)])
def test_so_is_a_pale_or_a_short_one(wide, long, light):
    assert crossed(wide, long, light)


@pytest.mark.parametrize(("wide", "long", "light"), [(12, 900, 0.4), (100, 900, 0.9), (60, 30, 0.4)])
def test_what_is_thin_or_pale_or_small_is_none(wide, long, light):
    assert not crossed(wide, long, light)


@pytest.mark.parametrize(("wide", "dark"), [(320, True), (480, True), (640, False)])
def test_what_crosses_the_whole_photo_is_one_unless_it_is_as_broad_as_shade(wide, dark):
    """It has no ends, which stand out of what lies around them however broad it is."""
    pixels = np.tile(GROUND, (2, 2, 1))
    pixels[:, 1000 : 1000 + wide] = (pixels[:, 1000 : 1000 + wide] * 0.4).astype(np.uint8)
    assert holds_dark_field(pixels) == dark


def test_a_sound_surface_holds_none():
    assert not holds_dark_field(GROUND)


def test_however_small_the_picture_it_answers():
    assert not holds_dark_field(np.full((5, 9, 3), 128, np.uint8))
