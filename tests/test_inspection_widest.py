"""The largest width of a crack: what it may rest on, and what its interval may say beside the others."""

from itertools import pairwise
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from crackscope import images
from crackscope.inspection import Ruler, find_cracks, measure_zones, zone_in_mm
from crackscope.records import Estimate, PhotoScale, Zone
from crackscope.scoring import quality, surface_of
from crackscope.surfaces import CrackSpec, SurfaceSpec, make
from tests.small_zone import zone
from tests.test_inspection_mask import heatmap
from tests.test_inspection_measures import Drawn, Ends, drawn, zones_of

CRACK: Ends = (40, 160, 280, 160)


def ascending(*some: Estimate | None) -> bool:
    """Whether no value and no end of an interval is below that of the one before."""
    ends = [(one.low, one.value, one.high) for one in some if one is not None]
    return all(a <= b for one, other in pairwise(ends) for a, b in zip(one, other, strict=True))


def in_order(one: Zone) -> bool:
    return ascending(one.width_median_px, one.width_p95_px, one.width_max_px)


def stained(pixels: NDArray[np.uint8], middle: tuple[float, float], wide: tuple[float, float], share: float) -> Drawn:
    """With a soft blot that takes a share of the light; wide: deviations along the rows and down. And where it is."""
    y, x = np.mgrid[: pixels.shape[0], : pixels.shape[1]].astype(np.float64)
    blot = share * np.exp(-(((x - middle[0]) / wide[0]) ** 2 + ((y - middle[1]) / wide[1]) ** 2) / 2)
    return (pixels * (1 - blot[..., None])).astype(np.uint8), blot > 0.1


@pytest.mark.parametrize("width", [2.0, 3.0])
@pytest.mark.parametrize("share", [0.2, 0.25])
@pytest.mark.parametrize("long", [24, 34])
def test_a_side_line_that_shows_nothing_but_a_stain_has_no_width(width: float, share: float, long: int) -> None:
    pixels, mask = drawn([(CRACK, width)])
    pixels, _ = stained(pixels, (160, 162 + long / 2), (6, 18), share)
    (one,) = zones_of((pixels, mask | drawn([((160, 160, 160, 160 + long), 4.0)])[1]))
    assert one.width_max_px.value == pytest.approx(width, abs=0.6)
    assert one.width_max_px.low <= width + 0.2 <= one.width_max_px.high
    assert in_order(one)


@pytest.mark.parametrize("depth", [0.3, 0.4, 0.62])
@pytest.mark.parametrize(("wide", "long"), [(6.0, 40), (6.0, 80), (12.0, 60)])
def test_where_a_crack_truly_gapes_is_its_largest_width(depth: float, wide: float, long: float) -> None:
    """However faint it is: the thin parts alone would not show that."""
    pixels, mask = drawn([(CRACK, 2.0), ((160 - long / 2, 160, 160 + long / 2, 160), wide)], noise=2.0)
    faint = 165 - (165 - pixels.astype(np.float64)) * depth / 0.62
    (one,) = zones_of((np.clip(faint + 0.5, 0, 255).astype(np.uint8), mask))
    assert one.width_max_px.value == pytest.approx(wide, rel=0.1)
    assert one.width_max_px.low <= wide <= one.width_max_px.high
    assert one.width_median_px.value == pytest.approx(2.0, abs=0.5)


@pytest.mark.parametrize("width", [4.0, 8.0, 16.0])
@pytest.mark.parametrize("angle_deg", [5, 10, 20, 30])
@pytest.mark.parametrize("frame_px", [0, 60])
def test_a_crack_that_leaves_the_photo_aslant_is_no_wider_there(width: float, angle_deg: float, frame_px: int) -> None:
    """Neither what stands for the surface beyond the border, nor what a frame is filled with, is more of it."""
    x, y = np.cos(np.radians(angle_deg)), -np.sin(np.radians(angle_deg))
    pixels, mask = drawn([((290 - 230 * x, -230 * y, 290 + 30 * x, 30 * y), width)])
    seen = surface_of(np.pad(pixels, ((frame_px, frame_px), (frame_px, frame_px), (0, 0))))
    assert (seen.void is None) == (frame_px == 0)
    heat = heatmap(np.pad(mask, frame_px)).beside(seen.hidden)
    cracks = find_cracks(seen.pixels, heat, 0.0)
    (one,) = measure_zones(seen.pixels, cracks, heat, quality(pixels))
    assert one.width_max_px.low <= width <= one.width_max_px.high
    assert one.width_max_px.value == pytest.approx(width, abs=max(0.5, 0.12 * width))


@pytest.mark.parametrize(("away", "width"), [(2, 2.0), (3, 4.0), (5, 4.0), (5, 8.0)])
def test_a_crack_along_the_border_is_as_wide_as_any(away: float, width: float) -> None:
    (one,) = zones_of(drawn([((40, away, 280, away), width)]))
    assert one.width_median_px.low <= width <= one.width_median_px.high
    assert one.width_max_px.value == pytest.approx(width, abs=0.6)


def otherwise(pixels: NDArray[np.uint8], way: str) -> Image.Image:
    """The same picture stored in a way that rounds its grey values otherwise."""
    whole = Image.fromarray(pixels)
    if way == "off by one":
        rounding = np.random.default_rng(0).integers(-1, 2, (*pixels.shape[:2], 1))
        return Image.fromarray(np.clip(pixels + rounding, 0, 255).astype(np.uint8))
    if way == "16 bit grey":
        grey = cv2.cvtColor(pixels.astype(np.float32), cv2.COLOR_RGB2GRAY)
        return Image.fromarray(np.round(grey * 257).astype(np.uint16))
    return whole.convert("L") if way == "grey" else whole


def measured(pixels: NDArray[np.uint8], mask: NDArray[np.bool_]) -> list[Zone]:
    """The zones of a photo whose heatmap shows this mask, from left to right."""
    heat = heatmap(mask)
    zones = measure_zones(pixels, find_cracks(pixels, heat, 0.0), heat, quality(pixels))
    return sorted(zones, key=lambda one: one.box)


def on_stained_concrete(seed: int) -> Drawn:
    """A cracked surface, and a stain beside the crack that the heatmap takes for a branch."""
    kind = ("concrete", "plaster", "asphalt")[seed % 3]
    crack = CrackSpec((1.5, 2.5 + seed % 4), branching=0.6, breaks=0, contrast=0.7)
    photo = make(SurfaceSpec(seed=seed, kind=kind, size=(372, 340), crack=crack, distractors=seed % 2))
    rng = np.random.default_rng(seed)
    points = photo.truth.centreline_px
    x, y = points[int(rng.uniform(0.3, 0.7) * len(points))] + rng.uniform(-8, 8, 2)
    pixels, blot = stained(photo.pixels, (float(x), float(y)), (5, 16), float(rng.uniform(0.15, 0.3)))
    return pixels, photo.mask | blot


WAYS = {"grey": "PNG", "16 bit grey": "TIFF", "off by one": "PNG", "high": "WEBP"}


@pytest.mark.parametrize("seed", [4, 13, 23, 36, 39, 49])
def test_a_photo_stored_otherwise_keeps_its_largest_width_within_its_interval(seed: int, tmp_path: Path) -> None:
    pixels, mask = on_stained_concrete(seed)
    zones = measured(pixels, mask)
    assert zones
    assert all(in_order(one) for one in zones)
    for way, form in WAYS.items():
        file = tmp_path / way
        otherwise(pixels, way).save(file, form, quality=95)
        again = measured(images.read(file).pixels, mask)
        assert len(again) == len(zones)
        for one, other in zip(zones, again, strict=True):
            assert one.width_max_px.low <= other.width_max_px.value <= one.width_max_px.high, way
            assert in_order(other)


@given(
    widths=st.lists(st.tuples(st.floats(0.3, 20), st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=3),
    relative_error=st.floats(0, 0.25),
)
@example(widths=[(5.0, 0.4, 0.1), (8.0, 0.25, 0.5), (9.0, 0.23, 0.5)], relative_error=0.2)
def test_in_mm_too_no_end_is_below_that_of_a_smaller_figure(
    widths: list[tuple[float, float, float]], relative_error: float
) -> None:
    """Where the scale is itself unsure, which weighs the more the wider."""
    values, lows, highs = (sorted(some) for some in zip(*[(v, v * a, v * (1 + b)) for v, a, b in widths], strict=True))
    median, p95, widest = (
        Estimate(value=value, low=low, high=high) for value, low, high in zip(values, lows, highs, strict=True)
    )
    traced = zone([(0, 0), (50, 0)])
    drawn_up = msgspec.structs.replace(traced.zone, width_median_px=median, width_p95_px=p95, width_max_px=widest)
    scale = PhotoScale(mm_per_px=0.2, source="table", relative_error=relative_error)
    told = zone_in_mm(traced._replace(zone=drawn_up), Ruler(scale))
    assert ascending(told.width_median_mm, told.width_p95_mm, told.width_max_mm)
