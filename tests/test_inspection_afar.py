"""A crack too wide for the network to know, as a photo taken close up has it, is found and measured from afar."""

from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from crackscope import surfaces
from crackscope.images import write_png
from crackscope.inspection import (
    Inspection,
    InspectOptions,
    Photo,
    Scaling,
    ZoneOptions,
    explain,
    find_cracks,
    inspect_photo,
    measure_zones,
    open_photo,
)
from crackscope.inspection.afar import Enlarging
from crackscope.inspection.zones import Traced
from crackscope.records import Estimate, Zone
from crackscope.scoring import Model, load, smaller

SIZE, WIDTH_PX = (1400, 1100), 80
PALER = 0.7
"""Share of the light that the crack takes."""


def torn(
    seed: int, size: tuple[int, int] = SIZE, width: float = WIDTH_PX, cracked: bool = False
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A dark band with torn edges from the upper to the lower border of a sound surface, and its pixels."""
    rng = np.random.default_rng(seed)
    grey = surfaces.generate(seed, size, cracked).pixels.astype(np.float64)
    rows = np.arange(size[1])
    middle = size[0] / 2 + 60 * np.sin(rows / 170 + seed)
    ends = [
        middle + side * width / 2 + 0.04 * width * gaussian_filter(rng.normal(0, 4, size[1]), 2.0) for side in (-1, 1)
    ]
    across = np.arange(size[0])[None]
    mask = (across > ends[0][:, None]) & (across < ends[1][:, None])
    share = gaussian_filter(mask.astype(np.float64), 1.0)[..., None]
    dark = grey * (1 - PALER * share) + rng.normal(0, 3, (*size[::-1], 1))
    return np.clip(dark, 0, 255).astype(np.uint8), mask


@cache
def model() -> Model:
    return load(threads=1)


@cache
def wide() -> tuple[Photo, NDArray[np.bool_], Inspection]:
    pixels, mask = torn(306)
    photo = open_photo(pixels)
    return photo, mask, inspect_photo(model(), photo)


def test_a_crack_too_wide_to_be_known_is_found_from_afar_and_measured():
    photo, mask, found = wide()
    record = found.record
    seen = model().heatmap(photo.pixels)
    assert seen.half is not None
    (zone,) = record.zones
    assert (record.verdict, record.from_afar, record.halved, record.reason) == ("crack", 4, False, "")
    assert record.chance is not None
    assert record.chance <= 0.05
    assert zone.width_median_px.low <= WIDTH_PX <= zone.width_median_px.high
    assert zone.width_median_px.value == pytest.approx(WIDTH_PX, rel=0.05)
    assert zone.length_px == pytest.approx(
        np.hypot(np.diff(60 * np.sin(np.arange(SIZE[1]) / 170 + 306)), 1).sum(), rel=0.05
    )
    left, top, across, down = zone.box
    columns = np.flatnonzero(mask.any(0))
    assert left == pytest.approx(columns[0], abs=12)
    assert left + across == pytest.approx(columns[-1] + 1, abs=12)
    assert (top, down) == (0, SIZE[1])
    assert (found.mask & mask).sum() / (found.mask | mask).sum() > 0.9
    assert record.crack_share == pytest.approx(mask.mean(), rel=0.05)
    drawn = np.zeros(mask.shape, np.uint8)
    cv2.fillPoly(drawn, [np.rint(np.array(ring)).astype(np.int32) for ring in zone.outline], 1)
    assert (drawn.view(np.bool_) & mask).sum() / (drawn.view(np.bool_) | mask).sum() > 0.9


def test_what_a_lit_wall_hides_of_it_is_counted_in_px_of_the_photo_as_it_was_taken():
    """A twentieth of what lies between 3 and 30 px, whatever the size at which it was measured."""
    photo, _, found = wide()
    look = model().judge(model().heatmap(photo.pixels), photo.pixels).afar[4]
    small = smaller(photo.pixels, 4)
    cracks = find_cracks(small, look.heat, model().manifest.mask_threshold)
    ((there,), (near,)) = (
        measure_zones(small, cracks, look.heat, look.quality, ZoneOptions(times=times)) for times in (4, 1)
    )
    (zone,) = found.record.zones
    width_px = 4 * there.width_median_px.value
    assert zone.width_median_px.value == pytest.approx(width_px, rel=1e-3)
    assert 4 * near.width_median_px.value - width_px == pytest.approx(0.05 * (width_px - 4 * 3 - 27), abs=0.2)


def test_a_wider_one_in_a_larger_photo_is_found_from_farther():
    pixels, mask = torn(302, (2100, 2060), 130)
    found = inspect_photo(model(), open_photo(pixels))
    (zone,) = found.record.zones
    assert (found.record.verdict, found.record.from_afar) == ("crack", 8)
    assert zone.width_median_px.value == pytest.approx(130, rel=0.05)
    assert zone.box[1::2] == (0, 2060)
    assert (found.mask & mask).sum() / (found.mask | mask).sum() > 0.9
    cells = mask[::4, ::4]
    assert np.median(found.heat.logits[cells]) > model().manifest.mask_threshold > np.median(found.heat.logits[~cells])


@cache
def with_thin() -> tuple[NDArray[np.uint8], NDArray[np.bool_], Inspection]:
    """A wide crack on a surface with a thin one, which is seen up close; the mask is of the wide one alone."""
    pixels, mask = torn(324, cracked=True)
    return pixels, mask, inspect_photo(model(), open_photo(pixels))


def test_a_thin_crack_beside_it_does_not_hide_it():
    """The thin one is found up close, so the verdict rests on that; the wide one takes the place of its lips."""
    _, mask, found = with_thin()
    record = found.record
    wide_one, thin_one = record.zones
    assert (record.verdict, record.from_afar) == ("crack", 0)
    assert wide_one.width_median_px.value == pytest.approx(WIDTH_PX, rel=0.07)
    assert thin_one.width_median_px.value < 3
    assert (found.mask & mask).sum() > 0.9 * mask.sum()
    assert (found.mask & ~mask).sum() < 0.2 * mask.sum()
    assert np.median(found.heat.logits[mask[::4, ::4]]) > model().manifest.mask_threshold


def test_those_less_likely_than_asked_for_are_left_out_of_either_look():
    pixels, _, found = with_thin()
    least = min(zone.probability for zone in found.record.zones) + 1e-6
    fewer = inspect_photo(model(), open_photo(pixels), InspectOptions(least_probability=least))
    kept = [zone for zone in found.record.zones if zone.probability >= least]
    assert list(fewer.record.zones) == kept
    assert fewer.record.left_out == len(found.record.zones) - len(kept) >= 1
    assert fewer.mask.sum() < found.mask.sum()
    assert not (fewer.mask & ~found.mask).any()


def test_explained_it_is_painted_over_like_any_other():
    pixels, _, found = with_thin()
    (painted,) = explain(model(), open_photo(pixels), zone=1).explanation.painted
    assert painted.zone_before > 4 * painted.zone_after
    assert painted.share > 0.8 * found.record.crack_share


def test_what_makes_a_sound_photo_suspicious_is_shown():
    pixels, mask = torn(305)
    found = inspect_photo(model(), open_photo(pixels))
    assert (found.record.verdict, found.record.suspicious, found.record.from_afar) == ("sound", True, 4)
    assert not found.record.zones
    assert not found.mask.any()
    assert np.median(found.heat.logits[mask[::4, ::4]]) > np.percentile(found.heat.logits[~mask[::4, ::4]], 99)
    everything = inspect_photo(model(), open_photo(pixels), InspectOptions(all_zones=True))
    assert (everything.mask & mask).sum() > 0.5 * mask.sum()
    assert max(zone.width_p95_px.value for zone in everything.record.zones) > 0.5 * WIDTH_PX


def test_its_heatmap_shows_what_the_verdict_rests_on():
    _, mask, found = wide()
    cells = mask[::4, ::4][: found.heat.logits.shape[0], : found.heat.logits.shape[1]]
    assert np.median(found.heat.logits[cells]) > model().manifest.mask_threshold > np.median(found.heat.logits[~cells])


def test_it_is_measured_in_mm():
    found = inspect_photo(model(), wide()[0], InspectOptions(scaling=Scaling(mm_per_px=0.05)))
    (zone,), (px,) = found.record.zones, wide()[2].record.zones
    assert zone.width_max_mm is not None
    assert zone.width_max_mm.value == pytest.approx(0.05 * px.width_max_px.value)
    assert zone.length_mm == pytest.approx(0.05 * px.length_px)


def test_predict_says_the_same(tmp_path):
    path = tmp_path / "close up.png"
    write_png(wide()[0].upright(), path)
    told, record = model().predict(path), wide()[2].record
    assert (told.verdict, told.from_afar, told.probability, told.chance) == (
        "crack",
        4,
        record.probability,
        record.chance,
    )


def test_coarse_first_says_the_same():
    record = inspect_photo(model(), wide()[0], InspectOptions(coarse=True)).record
    assert (record.verdict, record.from_afar, record.zones) == ("crack", 4, wide()[2].record.zones)


def test_painted_over_nothing_is_left_of_it():
    explanation = explain(model(), wide()[0]).explanation
    (painted,) = explanation.painted
    assert explanation.photo.from_afar == 4
    assert painted.verdict == "sound"
    assert painted.probability < explanation.photo.probability
    assert painted.zone_before > 4 * painted.zone_after
    assert painted.control == pytest.approx(explanation.photo.probability, abs=0.1)


def test_one_that_is_less_likely_than_asked_for_is_left_out_with_its_pixels():
    found = inspect_photo(model(), wide()[0], InspectOptions(least_probability=0.999))
    assert (found.record.zones, found.record.left_out, found.record.crack_share) == ((), 1, 0)
    assert not found.mask.any()


@pytest.mark.parametrize("turn", [np.fliplr, np.flipud, np.rot90], ids=["mirrored", "upside down", "quarter"])
def test_a_turned_photo_has_turned_findings(turn):
    photo, _, found = wide()
    turned = inspect_photo(model(), open_photo(np.ascontiguousarray(turn(photo.upright()))))
    assert (turned.record.verdict, turned.record.from_afar) == ("crack", 4)
    again = turn(found.mask)
    assert (turned.mask & again).sum() / (turned.mask | again).sum() > 0.95


def test_the_photo_without_it_is_sound():
    pixels = surfaces.generate(306, SIZE, False).pixels
    record = inspect_photo(model(), open_photo(pixels)).record
    assert (record.verdict, record.zones) == ("sound", ())


def test_what_was_put_out_stays_so_from_afar():
    photo, mask, _ = wide()
    heat = model().heatmap(photo.pixels)
    assert model().judge(heat, photo.pixels).from_afar == 4
    rows, columns = heat.logits.shape
    near = cv2.dilate(photo.facing.turned(mask).astype(np.uint8), np.ones((65, 65), np.uint8))
    hidden = cv2.resize(near, (columns, rows), interpolation=cv2.INTER_NEAREST) > 0
    told = model().judge(heat.without(hidden), photo.pixels)
    assert told.verdict == "sound"
    assert told.chance > 0.5


SIDES = st.integers(20, 90)


@settings(max_examples=60)
@given(SIDES, SIDES, st.integers(0, 3), st.integers(0, 3), st.data())
def test_places_in_a_small_version_are_where_they_were(high, wide_px, more_rows, more_columns, data):
    """A square of the photo whose sides lie between px of the small version, there and back."""
    large = (4 * high - more_rows, 4 * wide_px - more_columns)
    enlarging = Enlarging((high, wide_px), large)
    left, top = data.draw(st.integers(0, wide_px - 8)), data.draw(st.integers(0, high - 8))
    mask = np.zeros((high, wide_px), np.bool_)
    mask[top : top + 8, left : left + 8] = True
    ring = ((left - 0.5, top - 0.5), (left - 0.5, top + 7.5), (left + 7.5, top + 7.5), (left + 7.5, top - 0.5))
    of_width = {
        name: Estimate(value=value, low=value - 1, high=value + 2)
        for name, value in {"mean": 7.5, "median": 8.0, "p95": 9.0, "max": 9.5}.items()
    }
    zone = Zone(
        number=1,
        probability=0.9,
        outline=(ring,),
        centreline=(((left + 3.5, top), (left + 3.5, top + 7.0)),),
        holes=(tuple(((x + left + 3.5) / 2, (y + top + 3.5) / 2) for x, y in ring),),
        box=(left, top, 8, 8),
        area_px=64,
        orientation_deg=90,
        branches=0,
        length_px=8,
        width_mean_px=of_width["mean"],
        width_median_px=of_width["median"],
        width_p95_px=of_width["p95"],
        width_max_px=of_width["max"],
        widest_at=(left + 3.5, top + 3.5),
    )
    at = np.array([[left + 3.5, top + 3.5]])
    traced = enlarging.traced(Traced(zone, at, np.array([[0.0, 1.0]]), np.array([8.0])))
    grown = enlarging.mask(mask)
    rows, columns = np.flatnonzero(grown.any(1)), np.flatnonzero(grown.any(0))
    assert grown.shape == large
    x, y, across, down = traced.zone.box
    assert x <= columns[0]
    assert y <= rows[0]
    assert x + across >= columns[-1] + 1
    assert y + down >= rows[-1] + 1
    assert x + across <= large[1]
    assert y + down <= large[0]
    corners = np.array(traced.zone.outline[0])
    assert corners.min(0) == pytest.approx([columns[0] - 0.5, rows[0] - 0.5], abs=1)
    assert corners.max(0) == pytest.approx([columns[-1] + 0.5, rows[-1] + 0.5], abs=1)
    assert traced.at[0] == pytest.approx(corners.mean(0), abs=0.05)
    assert traced.zone.widest_at == pytest.approx(corners.mean(0), abs=0.05)
    assert traced.zone.area_px == pytest.approx(grown.sum(), rel=0.1)
    assert traced.zone.length_px == pytest.approx(32, rel=0.08)
    (hole,), (line,) = np.array(traced.zone.holes), np.array(traced.zone.centreline)
    assert hole.max(0) - hole.min(0) == pytest.approx((corners.max(0) - corners.min(0)) / 2, abs=0.05)
    assert (hole.max(0) + hole.min(0)) / 2 == pytest.approx(traced.at[0], abs=0.05)
    assert line.mean(0) == pytest.approx(traced.at[0], abs=0.05)
    assert line[1] - line[0] == pytest.approx([0, 28], abs=2)
    times = traced.width_px[0] / 8
    assert times == pytest.approx(4, rel=0.08)
    for name, px in of_width.items():
        large = getattr(traced.zone, f"width_{name}_px")
        assert (large.value, large.low, large.high) == pytest.approx(
            (times * px.value, times * px.low, times * px.high)
        )
