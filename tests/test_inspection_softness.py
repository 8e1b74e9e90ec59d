"""Wide cracks are measured in a smaller copy where the look up close marks their edges."""

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from crackscope.inspection import (
    Inspection,
    InspectOptions,
    ZoneOptions,
    explain,
    find_cracks,
    inspect_photo,
    measure_zones,
    open_photo,
)
from crackscope.inspection.finding import Found
from crackscope.inspection.softness import with_wide
from crackscope.scoring import Model, load, quality
from crackscope.surfaces import Surface, SurfaceSpec, make, random_crack
from tests.test_inspection_finding import SIDE, columns, look, widths

ENLARGED = 3
WIDE, EDGES = ((240, 0, 240, SIDE), 30.0), (((226, 0, 226, SIDE), 5.0), ((254, 0, 254, SIDE), 5.0))
AWAY = ((320, 60, 390, 420), 6.0)
SOFT, SHARP = 2.0, 0.7


@cache
def model() -> Model:
    return load(threads=1)


def cracked(seed: int, width_px: tuple[float, float]) -> Surface:
    """A generated surface with one crack."""
    size = (300, 300)
    crack = random_crack(np.random.default_rng(seed), size, width_px)
    kind = ("plaster", "concrete")[seed % 2]
    crack = replace(crack, branching=0.0, filled=False)
    return make(SurfaceSpec(seed=seed, kind=kind, size=size, crack=crack, distractors=0))


def enlarged(pixels: NDArray[np.uint8], times: int = ENLARGED) -> NDArray[np.uint8]:
    large = cv2.resize(pixels, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, np.uint8)


@cache
def wide() -> tuple[Surface, NDArray[np.uint8], Inspection]:
    """A wide crack, enlarged: up close it is marked along its edges."""
    surface = cracked(3, (20.0, 28.0))
    pixels = enlarged(surface.pixels)
    return surface, pixels, inspect_photo(model(), open_photo(pixels))


def iou(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float((one & other).sum() / (one | other).sum())


def test_a_wide_crack_in_an_enlarged_photo_is_as_long_and_as_wide_as_it_is() -> None:
    surface, _, found = wide()
    (zone,) = found.record.zones
    width_px = ENLARGED * surface.truth.widths_px.median
    assert zone.length_px == pytest.approx(ENLARGED * surface.truth.length_px, rel=0.15)
    assert zone.width_median_px.value == pytest.approx(width_px, rel=0.1)
    assert zone.width_median_px.low <= width_px <= zone.width_median_px.high


def test_mask_outline_and_heatmap_are_of_the_crack_that_was_measured() -> None:
    surface, pixels, found = wide()
    (zone,) = found.record.zones
    truth = cv2.resize(surface.truth.mask.view(np.uint8), pixels.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0
    drawn = np.zeros(truth.shape, np.uint8)
    cv2.drawContours(drawn, [np.rint(np.array(ring)).astype(np.int32) for ring in zone.outline], -1, 1, cv2.FILLED)
    assert found.soft
    assert iou(found.mask, truth) > 0.7
    assert iou(found.mask, drawn > 0) > 0.95
    assert zone.area_px == pytest.approx(found.mask.sum(), rel=0.01)
    photo = open_photo(pixels)
    close = photo.facing.back(model().heatmap(photo.pixels).logits)
    assert (found.heat.logits >= close).all()
    cells = np.rint(surface.truth.centreline_px * ENLARGED / found.heat.stride).astype(int)
    across, down = np.clip(cells.T, 0, close.shape[0] - 1)
    assert found.heat.logits[down, across].mean() > close[down, across].mean() + 0.1


def test_a_mirrored_photo_gives_mirrored_findings() -> None:
    _, pixels, found = wide()
    mirrored = inspect_photo(model(), open_photo(np.ascontiguousarray(pixels[:, ::-1])))
    assert iou(mirrored.mask[:, ::-1], found.mask) > 0.95
    assert mirrored.record.zones[0].length_px == pytest.approx(found.record.zones[0].length_px, rel=0.02)


def test_explaining_paints_out_what_the_smaller_copy_saw() -> None:
    _, pixels, found = wide()
    explained = explain(model(), open_photo(pixels)).explanation
    (painted,) = explained.painted
    assert explained.photo.zones == found.record.zones
    assert painted.zone_before > 0.5 > painted.zone_after


def test_a_thin_crack_in_an_enlarged_photo_is_measured_as_it_is() -> None:
    photo = open_photo(enlarged(cracked(302, (1.5, 2.5)).pixels, 2))
    found = inspect_photo(model(), photo, InspectOptions(all_zones=True))
    manifest, heat, seen = model().manifest, model().heatmap(photo.pixels), quality(photo.pixels)
    options = ZoneOptions(logit_scale=manifest.calibration.scale, logit_shift=manifest.calibration.shift)
    cracks = find_cracks(photo.pixels, heat, manifest.mask_threshold)
    zones = measure_zones(photo.pixels, cracks, heat, seen, options)
    assert seen.sharpness_px > 1.2
    assert zones
    assert [zone.length_px for zone in found.record.zones] == [zone.length_px for zone in zones]
    assert found.soft == ()
    assert np.array_equal(found.heat.logits, photo.facing.back(heat.logits))


def test_a_wide_filled_crack_in_a_small_patch_that_is_not_soft_is_as_long_and_as_wide_as_it_is() -> None:
    size = (227, 227)
    crack = replace(random_crack(np.random.default_rng(306), size, (18.0, 28.0)), branching=0.0, filled=True)
    surface = make(SurfaceSpec(seed=306, kind="plaster", size=size, crack=crack, distractors=0))
    found = inspect_photo(model(), open_photo(surface.pixels))
    (zone,) = found.record.zones
    assert 0.5 <= found.record.sharpness_px < 1.0
    assert zone.length_px == pytest.approx(surface.truth.length_px, rel=0.1)
    assert zone.width_median_px.low <= surface.truth.widths_px.median <= zone.width_median_px.high


@pytest.mark.parametrize("blur_px", [SOFT, SHARP])
def test_a_wide_crack_takes_the_place_of_its_edges_and_of_nothing_else(blur_px: float) -> None:
    near = Found((look(*EDGES, AWAY),))
    found = with_wide(near, look(WIDE, AWAY, times=2), blur_px)
    assert widths(near) == pytest.approx([5, 5, 6], abs=0.5)
    assert widths(found) == pytest.approx([30, 6], rel=0.06)
    assert {240, 340} <= columns(found)
    assert found.parts[0].traced[0].zone in [one.zone for one in near.traced]


def test_a_wide_crack_that_was_found_as_such_is_measured_up_close() -> None:
    near = Found((look(WIDE, AWAY),))
    assert with_wide(near, look(WIDE, AWAY, times=2), SOFT) is near


def test_one_edge_is_taken_for_a_wide_crack_in_a_soft_photo_alone() -> None:
    near = Found((look(EDGES[0]),))
    assert widths(with_wide(near, look(WIDE, times=2), SOFT)) == pytest.approx([30], rel=0.06)
    assert with_wide(near, look(WIDE, times=2), SHARP) is near


def test_nothing_is_measured_that_was_not_found_up_close() -> None:
    near = Found((look(AWAY),))
    assert with_wide(near, look(WIDE, times=2), SOFT) is near


def test_a_zone_of_which_the_wide_crack_is_the_lesser_part_stays() -> None:
    near = Found((look(EDGES[0]),))
    assert with_wide(near, look(((240, 0, 240, 160), 30.0), times=2), SOFT) is near
