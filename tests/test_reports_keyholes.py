"""Rings cut open to their holes: what polygons without holes enclose then, as OpenCV and pycocotools fill them."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from crackscope.records import Point
from crackscope.reports.coco import pixels_in
from crackscope.reports.keyholes import keyholed

# The reader's own: it hands arrays over as NumPy 2 no longer likes it.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

Ring = tuple[Point, ...]
SIZE = 600
FINE = 8


def wavy(x: float, y: float, reach: float, seed: int, *, clockwise: bool = False) -> Ring:
    """A ring with a ragged border around a place; y points down."""
    angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    reaches = reach * (1 + 0.12 * np.random.default_rng(seed).uniform(-1, 1, len(angles)))
    turn = 1 if clockwise else -1
    places = np.stack([x + reaches * np.cos(angles), y + turn * reaches * np.sin(angles)], 1).round(2)
    return tuple(map(tuple, places.tolist()))


def crack_map(seed: int) -> tuple[list[Ring], list[Ring]]:
    """A crack around 30 slabs; in two of them lies an island, with a slab of its own."""
    slabs = [(60 + 95 * column, 70 + 105 * row) for row in range(5) for column in range(6)]
    outer: Ring = ((5.0, 5.0), (5.0, 560.0), (590.0, 560.0), (590.0, 5.0))
    rings, holes = [outer], [wavy(x, y, 41, seed + k, clockwise=True) for k, (x, y) in enumerate(slabs)]
    for x, y in (slabs[3], slabs[20]):
        rings.append(wavy(x, y, 24, seed))
        holes.append(wavy(x, y, 12, seed, clockwise=True))
    return rings, holes


def area(rings: list[Ring]) -> float:
    """Of rings that run anticlockwise less those that run clockwise, px."""
    return sum(u * y - x * v for ring in rings for (x, y), (u, v) in pairwise((*ring, ring[0]))) / 2


def filled(polygons: list[Ring]) -> NDArray[np.uint8]:
    """Where polygons lie, uint8 [h, w], FINE times finer than they are told: all of a zone at once, even-odd."""
    drawn = np.zeros((SIZE * FINE, SIZE * FINE), np.uint8)
    cv2.fillPoly(drawn, [np.rint((np.array(ring) + 0.5) * FINE - 0.5).astype(np.int32) for ring in polygons], 1)
    return drawn


def by_coco(polygons: list[Ring]) -> NDArray[np.bool_]:
    """The mask that pycocotools makes of polygons, each filled by itself, bool [h, w]."""
    flat = [[value + 0.5 for corner in ring for value in corner] for ring in polygons]
    return np.asarray(coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(flat, SIZE, SIZE))), np.bool_)


@pytest.mark.parametrize("seed", range(5))
def test_thirty_slabs_stay_empty_and_the_crack_between_them_full(seed: int) -> None:
    rings, holes = crack_map(seed)
    cut = keyholed(rings, holes)
    assert len(cut) == len(rings)
    assert (filled(cut) != filled([*rings, *holes])).mean() < 1e-3
    truth = filled([*rings, *holes])[FINE // 2 :: FINE, FINE // 2 :: FINE] > 0
    assert (by_coco(cut) != truth).mean() < 0.01
    assert by_coco(cut).sum() == pytest.approx(area([*rings, *holes]), rel=0.003)
    assert sum(map(pixels_in, cut)) == pytest.approx(area([*rings, *holes]), rel=0.003)


def test_cuts_cross_no_ring_and_no_other_cut() -> None:
    rings, holes = crack_map(1)
    for ring in keyholed(rings, holes):
        start = np.array(ring)
        end = np.roll(start, -1, 0)
        for k in range(len(start)):
            assert not crossed(start[k], end[k], start, end).any()


def crossed(one: NDArray[np.float64], other: NDArray[np.float64], start: NDArray, end: NDArray) -> NDArray[np.bool_]:
    """Which edges have their ends truly on both sides of the edge between two places, and the other way round; what is
    nearer than the second decimal, to which corners are told, touches."""

    def side(a: NDArray, b: NDArray, place: NDArray) -> NDArray[np.float64]:
        (x, y), (dx, dy) = (place - a).T, (b - a).T
        return (dx * y - dy * x) / np.maximum(np.hypot(dx, dy), 1e-9)

    def parted(low: NDArray, high: NDArray) -> NDArray[np.bool_]:
        return (np.minimum(low, high) < -0.02) & (np.maximum(low, high) > 0.02)

    return parted(side(one, other, start), side(one, other, end)) & parted(
        side(start, end, one), side(start, end, other)
    )


def test_whichever_way_rings_run() -> None:
    rings, holes = crack_map(2)
    turned = keyholed([ring[::-1] for ring in rings], [hole[::-1] for hole in holes])
    assert (filled(turned) != filled([*rings, *holes])).mean() < 1e-3
    assert sum(map(pixels_in, turned)) == sum(map(pixels_in, keyholed(rings, holes)))


def test_rings_within_rings() -> None:
    reaches = (280, 250, 200, 170, 120, 90, 40, 20)
    nested = [wavy(300, 300, reach, 3, clockwise=bool(k % 2)) for k, reach in enumerate(reaches)]
    cut = keyholed(nested[::2], nested[1::2])
    assert (filled(cut) != filled(nested)).mean() < 1e-3
    assert by_coco(cut).sum() == pytest.approx(filled(nested).sum() / FINE**2, rel=0.01)


def test_rings_without_holes_are_as_they_were() -> None:
    rings, holes = crack_map(4)
    assert keyholed(rings, []) == rings
    beside = wavy(585, 585, 8, 1)
    assert keyholed([*rings, beside], holes)[-1] == beside


def test_a_hole_that_reaches_out_of_its_ring_still_takes_its_place_away() -> None:
    ring: Ring = ((100.0, 100.0), (100.0, 300.0), (300.0, 300.0), (300.0, 100.0))
    hole: Ring = ((99.6, 200.0), (200.0, 110.0), (290.0, 200.0), (200.0, 290.0))
    (cut,) = keyholed([ring], [hole])
    assert not by_coco([cut])[200, 150:250].any()
    assert by_coco([cut]).sum() == pytest.approx(200 * 200 - 190.4 * 90, rel=0.01)
