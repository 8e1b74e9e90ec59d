"""A photo turned or mirrored as a whole, seen by the bundle in the package, gives turned or mirrored findings."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from crackscope.images import read
from crackscope.inspection import Inspection, InspectOptions, Scaling, explain, inspect_photo, open_photo
from crackscope.inspection.upright import upright_heat
from crackscope.records import Zone
from crackscope.scoring import Heatmap, Model, load
from crackscope.surfaces import CrackSpec, SurfaceSpec, make
from tests import marker_photos
from tests.test_inspection_mask import overlap

Way = Callable[[np.ndarray], np.ndarray]

# How a photo is held, how its mask is held upright again, and what becomes of a direction in degrees.
HELD: dict[str, tuple[Way, Way, Callable[[float], float]]] = {
    "mirrored": (np.fliplr, np.fliplr, lambda angle: -angle),
    "upside down": (np.flipud, np.flipud, lambda angle: -angle),
    "quarter": (np.rot90, lambda a: np.rot90(a, -1), lambda angle: angle + 90),
    "half": (lambda a: np.rot90(a, 2), lambda a: np.rot90(a, 2), lambda angle: angle),
    "three quarters": (lambda a: np.rot90(a, -1), np.rot90, lambda angle: angle - 90),
    "rows to columns": (lambda a: np.swapaxes(a, 0, 1), lambda a: np.swapaxes(a, 0, 1), lambda angle: 90 - angle),
}
CRACK = CrackSpec((3.0, 5.0), branching=0.6)
GENERATED = make(SurfaceSpec(seed=2, kind="plaster", size=(403, 374), crack=CRACK, distractors=0)).pixels
ALL_ZONES = InspectOptions(all_zones=True)


@cache
def model() -> Model:
    return load()


def inspected(pixels: np.ndarray, options: InspectOptions = ALL_ZONES) -> Inspection:
    return inspect_photo(model(), open_photo(np.ascontiguousarray(pixels)), options)


def measures(zone: Zone) -> tuple[object, ...]:
    widths = (zone.width_mean_px, zone.width_median_px, zone.width_p95_px, zone.width_max_px)
    return zone.number, zone.probability, zone.area_px, zone.branches, zone.length_px, widths


def spot(there: Callable[[np.ndarray], np.ndarray], upright: Inspection, point: tuple[float, float]) -> list[int]:
    """Where a point of a photo lies once the photo was turned, to the px."""
    alone = np.zeros_like(upright.mask)
    alone[round(point[1]), round(point[0])] = True
    return [int(place[0]) for place in np.nonzero(there(alone))][::-1]


def compare(pixels: np.ndarray, name: str) -> None:
    there, back, angle = HELD[name]
    upright, held = inspected(pixels), inspected(there(pixels))
    assert upright.record.zones
    assert overlap(back(held.mask), upright.mask) >= 0.95
    assert (held.record.verdict, held.record.probability) == (upright.record.verdict, upright.record.probability)
    assert (held.record.height, held.record.width) == there(pixels).shape[:2]
    for one, other in zip(upright.record.zones, held.record.zones, strict=True):
        assert measures(one) == measures(other)
        assert np.abs(np.array(spot(there, upright, one.widest_at)) - other.widest_at).max() <= 1
        away = (angle(one.orientation_deg) - other.orientation_deg) % 180
        assert min(away, 180 - away) < 1e-3
        assert 0 <= other.orientation_deg == round(other.orientation_deg, 6) < 180


@pytest.mark.parametrize("name", HELD)
def test_a_generated_photo(name):
    compare(GENERATED, name)


@pytest.mark.parametrize("name", HELD)
def test_an_asphalt_photo(name, shared):
    # Odd sides, which are no multiples of the stride: the grid begins at the other border after a turn.
    compare(read(str(shared / "data/asphalt/images/sut_001.jpg")).pixels[3:, :-2], name)


@pytest.mark.parametrize("name", HELD)
def test_zones_lie_where_their_pixels_do(name):
    held = inspected(HELD[name][0](GENERATED))
    places = [np.argwhere(held.mask)[:, ::-1]]
    for zone in held.record.zones:
        left, top, width, height = zone.box
        corners = np.concatenate([np.asarray(ring) for ring in zone.outline])
        assert corners.min(0) == pytest.approx([left, top], abs=0.5)
        assert corners.max(0) == pytest.approx([left + width - 1, top + height - 1], abs=0.5)
        for x, y in (point for line in zone.centreline for point in line):
            assert np.hypot(*(places[0] - (x, y)).T).min() < 3
        told = np.concatenate([*map(np.asarray, (*zone.outline, *zone.centreline))])
        assert np.array_equal(told, told.round(2))
        outer = max(zone.outline, key=len)
        assert enclosed(outer) < 0, "outlines run anticlockwise as seen, however the photo was held"


def enclosed(ring: tuple[tuple[float, float], ...]) -> float:
    return sum(x * v - u * y for (x, y), (u, v) in pairwise((*ring, ring[0])))


@pytest.mark.parametrize("name", HELD)
def test_the_heatmap_lies_on_the_crack(name):
    held = inspected(HELD[name][0](GENERATED))
    assert held.heat.logits.shape == tuple(-(-side // held.heat.stride) for side in held.mask.shape)
    hot = held.heat.logits > model().manifest.mask_threshold
    rows, columns = np.argwhere(held.mask).T // held.heat.stride
    assert hot[rows, columns].mean() > 0.95


@pytest.mark.parametrize("size", [(37, 42), (42, 37), (45, 39)])
@pytest.mark.parametrize("name", HELD)
def test_a_heatmap_is_shifted_by_what_its_grid_lacks(name, size):
    photo = open_photo(HELD[name][0](np.random.default_rng(1).integers(0, 255, (*size, 3), np.uint8)))
    # What a cell of the grid as it is seen says of the place in the photo that it lies at: a plane.
    seen = photo.facing.places_back(middles(photo.pixels.shape).reshape(-1, 2), photo.shape) @ [1.0, 100.0]
    cells = tuple(-(-side // 4) for side in photo.pixels.shape[:2])
    heat = Heatmap(seen.reshape(cells).astype(np.float32), 4, np.zeros(2, np.float32))
    heat = replace(heat, half=heat, hidden=heat.logits > 0)
    upright = upright_heat(heat, photo)
    # The last cells of a grid that lacks some have no next to be weighed against.
    assert upright.logits[:-1, :-1] == pytest.approx((middles(photo.shape) @ [1.0, 100.0])[:-1, :-1], abs=0.01)
    assert upright.half is upright.hidden is None


def middles(shape: tuple[int, ...], stride: int = 4) -> np.ndarray:
    """Middles of the cells of a photo of (h, w, ...) px, float64 [rows, columns, 2], x and y."""
    down, across = ((np.arange(-(-side // stride)) + 0.5) * stride - 0.5 for side in shape[:2])
    return np.stack(np.meshgrid(across, down), -1)


@pytest.mark.parametrize("name", ["quarter", "half", "three quarters"])
def test_a_marker_gives_the_same_mm(name):
    wall = make(SurfaceSpec(seed=2, kind="plaster", size=(1200, 900), crack=CRACK, distractors=0)).pixels
    wall = np.ascontiguousarray(np.fliplr(wall))
    photo = marker_photos.stuck_on(wall, marker_photos.view(20, 0.25), (30.0, 30.0), marker_photos.MARKER_MM)
    assert open_photo(photo).facing.inside_out, "in the array that the network is given, the marker is none"
    options = InspectOptions(all_zones=True, scaling=Scaling(marker_mm=marker_photos.MARKER_MM))
    upright, held = inspected(photo, options), inspected(HELD[name][0](photo), options)
    assert overlap(HELD[name][1](held.mask), upright.mask) >= 0.95
    assert upright.record.scale is not None
    for one, other in zip(upright.record.zones, held.record.zones, strict=True):
        assert one.width_median_mm is not None
        assert other.width_median_mm is not None
        assert other.length_mm == pytest.approx(one.length_mm, rel=0.01)
        assert other.width_median_mm.value == pytest.approx(one.width_median_mm.value, rel=0.01)


@pytest.mark.parametrize("name", ["mirrored", "quarter"])
def test_an_explanation_says_the_same_and_shows_the_photo_as_it_is(name):
    there, _, _ = HELD[name]
    upright, held = (
        explain(model(), open_photo(np.ascontiguousarray(a)), zone=1) for a in (GENERATED, there(GENERATED))
    )
    (one,), (other,) = upright.explanation.painted, held.explanation.painted
    before, after = ((told.probability, told.zone_before, told.control) for told in (one, other))
    assert before == pytest.approx(after, abs=0.01)
    shown = held.pictures[1]
    left, top, width, height = other.window
    around = there(GENERATED)[top : top + height, left : left + width]
    assert shown.shape == around.shape
    assert 0 < (shown != around).any(-1).mean() < 0.5, "painted over in the photo as it is held, and nowhere else"
    assert held.overlay.shape == there(GENERATED).shape
