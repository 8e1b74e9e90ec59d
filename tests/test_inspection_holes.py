"""What a crack encloses and is not crack: slabs of map cracking, the middle of a ring."""

from itertools import pairwise

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from crackscope.inspection import open_photo
from crackscope.inspection.groups import group_cells
from crackscope.inspection.outlines import Shape, shape_of
from crackscope.inspection.upright import upright_zone
from crackscope.inspection.window import Window
from crackscope.records import Inspected, Point, Zone
from tests.small_zone import zone as traced_zone
from tests.test_inspection_measures import Drawn, drawn, zones_of
from tests.test_inspection_upright import HELD

SIZE = 320


def ring_shaped() -> Drawn:
    y, x = np.mgrid[:SIZE, :SIZE] - 160.0
    away = np.abs(np.hypot(x, y) - 100)
    grey = gaussian_filter(np.where(away <= 2.5, 60.0, 160.0), 0.7)
    return np.repeat(grey.astype(np.uint8)[..., None], 3, 2), away <= 2.5


def crack_map() -> Drawn:
    """Cracks 4 px wide around 5 times 6 slabs."""
    upright = [((x, 20.0, x, 290.0), 4.0) for x in np.linspace(20, 290, 7)]
    level = [((20.0, y, 290.0, y), 4.0) for y in np.linspace(20, 290, 6)]
    return drawn([*upright, *level])


def enclosed(ring: tuple[Point, ...]) -> float:
    """Area in px, negative where the ring runs anticlockwise as it is seen."""
    return sum(x * v - u * y for (x, y), (u, v) in pairwise((*ring, ring[0]))) / 2


def area(rings: tuple[tuple[Point, ...], ...], holes: tuple[tuple[Point, ...], ...]) -> float:
    """Of rings less holes. Their directions are held to what is said of them."""
    assert all(enclosed(ring) < 0 for ring in rings)
    assert all(enclosed(ring) > 0 for ring in holes)
    return -sum(map(enclosed, (*rings, *holes)))


@pytest.mark.parametrize(("made", "count"), [(ring_shaped, 1), (crack_map, 30)])
def test_the_outline_less_the_holes_is_the_crack(made, count) -> None:
    (zone,) = zones_of(made())
    assert len(zone.outline) == 1
    assert len(zone.holes) == count
    # Each ring is off by a quarter of a pixel: together by that times how much longer the inner side is.
    assert area(zone.outline, zone.holes) == pytest.approx(zone.area_px, rel=0.07)
    assert -enclosed(zone.outline[0]) > 4 * zone.area_px


def shape(mask: NDArray[np.bool_]) -> Shape:
    """Of all that is in a mask."""
    height, width = mask.shape
    tiles = [
        Window(x, y, min(x + 1024, width), min(y + 1024, height))
        for y in range(0, height, 1024)
        for x in range(0, width, 1024)
    ]
    groups = group_cells(mask.astype(np.uint8) * 2, tiles, 10, 1.0)
    return shape_of(mask, groups, range(1, len(groups.windows) + 1))


def frame(size: int, reach: int, width: int) -> NDArray[np.bool_]:
    """A square ring of which the outer border is `reach` px from the middle."""
    away = np.maximum(*np.abs(np.mgrid[:size, :size] - size // 2))
    return (away <= reach) & (away > reach - width)


def test_pinholes_are_left_out_and_slabs_are_not() -> None:
    mask = np.zeros((64, 200), np.bool_)
    mask[20:40, 10:190] = True
    mask[25:29, 40:46] = False  # 24 px
    mask[25:30, 80:85] = False  # 25 px
    mask[24:36, 120:150] = False
    found = shape(mask)
    assert len(found.rings) == 1
    assert sorted(round(enclosed(ring)) for ring in found.holes) == [20, 339]


def test_a_piece_within_a_hole_is_a_ring_of_its_own() -> None:
    mask = frame(200, 80, 6) | frame(200, 71, 5)
    found = shape(mask)
    assert (len(found.rings), len(found.holes)) == (2, 2)
    assert area(found.rings, found.holes) == pytest.approx(mask.sum(), rel=0.03)


def test_what_hangs_together_by_corners_alone_encloses() -> None:
    diamond = sum(np.abs(np.mgrid[:101, :101] - 50)) == 40
    found = shape(diamond)
    assert (len(found.rings), len(found.holes)) == (1, 1)


@pytest.mark.parametrize(("size", "width"), [(1500, 4), (4400, 5), (4400, 8), (8600, 6)])
def test_large_cracks(size: int, width: int) -> None:
    mask = frame(size, size // 2 - 51, width) | frame(size, size // 5, width)
    mask[size // 2 - width : size // 2, 52:-52] = True
    found = shape(mask)
    assert (len(found.rings), len(found.holes)) == (1, 4)
    assert area(found.rings, found.holes) == pytest.approx(mask.sum(), rel=0.2)


@pytest.mark.parametrize("name", HELD)
def test_holes_turn_with_the_photo(name: str) -> None:
    grain = np.random.default_rng(1).integers(0, 255, (60, 90, 3), np.uint8)
    photo = open_photo(np.ascontiguousarray(HELD[name][0](grain)))
    hole = ((4.25, 3.0), (20.0, 3.5), (12.0, 30.75))
    traced = traced_zone([(2.0, 2.0), (24.0, 34.0)])
    traced = traced._replace(zone=msgspec.structs.replace(traced.zone, outline=(hole[::-1],), holes=(hole,)))
    zone = upright_zone(traced, photo).zone
    places = photo.facing.places_back(np.array(hole), photo.shape)
    assert sorted(zone.holes[0]) == sorted(map(tuple, places.tolist()))
    assert area(zone.outline, zone.holes) == 0


def test_findings_from_before_there_were_holes_are_read() -> None:
    zone = traced_zone([(2.0, 2.0), (24.0, 34.0)]).zone
    photo = Inspected(path="a.png", verdict="crack", probability=0.9, width=90, height=60, zones=(zone,))
    written = msgspec.json.encode(photo)
    assert written.count(b',"holes":[]') == 1
    assert msgspec.json.decode(written.replace(b',"holes":[]', b""), type=Inspected) == photo
    told = msgspec.structs.replace(zone, holes=(((1.0, 2.0), (3.5, 2.0), (2.0, 4.25)),))
    assert msgspec.json.decode(msgspec.json.encode(told), type=Zone) == told
