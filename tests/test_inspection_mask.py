"""From a heatmap and a photo to crack pixels."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from crackscope.inspection import MaskOptions, find_cracks, measure_zones
from crackscope.scoring import Heatmap, load, quality
from crackscope.surfaces import CrackSpec, SurfaceSpec, generate, make


def heatmap(mask: NDArray[np.bool_], stride: int = 4) -> Heatmap:
    """What a faultless network would give: logit 4 on the crack, falling by 4.8 a cell."""
    height, width = mask.shape
    more = ((0, -height % stride), (0, -width % stride))
    away = cv2.distanceTransform(np.pad(~mask, more, mode="edge").astype(np.uint8), cv2.DIST_L2, 5)
    cells = away.reshape(away.shape[0] // stride, stride, away.shape[1] // stride, stride).mean((1, 3))
    return Heatmap(np.clip(4 - 4.8 / stride * cells, -6, 4).astype(np.float32), stride, np.zeros(1, np.float32))


def overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float((one & other).sum() / max((one | other).sum(), 1))


def wide_crack(seed: int = 4, size: tuple[int, int] = (420, 380)) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    crack = CrackSpec((5.0, 9.0), branching=0.5, contrast=0.8)
    made = make(SurfaceSpec(seed=seed, kind="concrete", size=size, crack=crack, distractors=0))
    return made.pixels, made.mask


def test_clear_cracks_are_found_to_the_pixel() -> None:
    found = []
    for seed in range(6):
        pixels, mask = wide_crack(seed)
        found.append(overlap(find_cracks(pixels, heatmap(mask), 0.0).mask, mask))
    assert np.median(found) > 0.8
    assert min(found) > 0.6


def test_the_mask_is_much_closer_than_the_map() -> None:
    pixels, mask = wide_crack()
    heat = heatmap(mask)
    raw = cv2.resize(heat.logits, (mask.shape[1], mask.shape[0])) > 0
    assert overlap(find_cracks(pixels, heat, 0.0).mask, mask) > overlap(raw, mask) + 0.15


def test_heat_around_a_wide_crack_gives_it_no_rim() -> None:
    crack = CrackSpec((18.0, 22.0), branching=0, contrast=0.85, roughness=0.5, breaks=0)
    made = make(SurfaceSpec(seed=8, kind="concrete", size=(420, 380), crack=crack, distractors=0))
    around = cv2.distanceTransform((~made.mask).astype(np.uint8), cv2.DIST_L2, 5)
    heat = heatmap(around <= 6)
    found = find_cracks(made.pixels, heat, 0.0).mask
    assert overlap(found, made.mask) > 0.95
    assert not found[around > 5].any()


def test_heat_along_a_lit_edge_is_no_second_crack() -> None:
    pixels = np.random.default_rng(3).normal(150, 4, (260, 260, 3)).clip(0, 255).astype(np.uint8)
    course = np.array([[0, 90], [80, 120], [150, 110], [259, 160]], np.int32)
    mask = cv2.polylines(np.zeros((260, 260), np.uint8), [course], False, 1, 13).astype(np.bool_)
    edge = (
        cv2.polylines(np.zeros((260, 260), np.uint8), [course + np.array([0, 10], np.int32)], False, 1, 6).astype(
            np.bool_
        )
        & ~mask
    )
    pixels[mask], pixels[edge] = pixels[mask] // 4, 225
    hot = cv2.polylines(np.zeros((260, 260), np.uint8), [course + np.array([0, 6], np.int32)], False, 1, 34).astype(
        np.bool_
    )
    heat = heatmap(hot)
    found = find_cracks(pixels, heat, 0.0)
    assert overlap(found.mask, mask) > 0.9
    (zone,) = measure_zones(pixels, found, heat, quality(pixels))
    assert zone.length_px == pytest.approx(np.hypot(*np.diff(course, axis=0).T).sum(), rel=0.05)


def test_a_wide_crack_that_the_border_cuts_off_is_no_blob() -> None:
    mask = np.zeros((220, 240), np.bool_)
    mask[90:122, :76] = True
    pixels = np.random.default_rng(6).normal(150, 4, (220, 240, 3)).clip(0, 255).astype(np.uint8)
    pixels[mask] = pixels[mask] // 4
    assert overlap(find_cracks(pixels, heatmap(mask), 0.0).mask, mask) > 0.9
    moved, spot = np.roll(pixels, 40, 1), np.roll(mask, 40, 1)
    assert not find_cracks(moved, heatmap(spot), 0.0).mask.any()


def test_heat_leads_on_where_a_crack_is_covered() -> None:
    pixels = np.random.default_rng(4).normal(150, 4, (200, 260, 3)).clip(0, 255).astype(np.uint8)
    mask = np.zeros((200, 260), np.bool_)
    mask[98:102, 20:240] = True
    pixels[mask] = pixels[mask] // 3
    pixels[90:110, 110:136] = np.random.default_rng(5).normal(150, 4, (20, 26, 3)).clip(0, 255)
    heat = heatmap(mask)
    (zone,) = measure_zones(pixels, find_cracks(pixels, heat, 0.0), heat, quality(pixels))
    assert zone.length_px == pytest.approx(220, rel=0.05)


def test_nothing_is_added_where_the_heatmap_is_cold() -> None:
    pixels, mask = wide_crack()
    heat = heatmap(mask)
    half = int(np.median(np.nonzero(mask)[0])) // 4
    upper = Heatmap(heat.logits.copy(), 4, heat.embedding)
    upper.logits[half:] = -6
    found = find_cracks(pixels, upper, 0.0).mask
    assert found[: 4 * half - 4].any()
    assert not found[4 * half + 4 :].any()


def test_a_sound_photo_has_no_cracks() -> None:
    pixels = generate(3, size=(300, 260), cracked=False).pixels
    found = find_cracks(pixels, Heatmap(np.full((65, 75), -4, np.float32), 4, np.zeros(1, np.float32)), 0.0)
    assert not found.mask.any()
    assert found.groups.windows == ()


def spotted(slender: bool) -> NDArray[np.bool_]:
    mask = np.zeros((256, 256), np.bool_)
    if slender:
        mask[120:125, 40:220] = True
    else:
        mask[110:130, 110:130] = True
    return mask


@pytest.mark.parametrize("slender", [True, False])
def test_blobs_are_dropped_and_lines_kept(slender: bool) -> None:
    mask = spotted(slender)
    grey = np.where(mask, 60, 170).astype(np.uint8)
    pixels = np.repeat(grey[..., None], 3, 2)
    assert find_cracks(pixels, heatmap(mask), 0.0).mask.any() == slender
    everything = MaskOptions(seed=0, shortest_px=0, slenderness=0)
    assert find_cracks(pixels, heatmap(mask), 0.0, everything).mask.any()


def test_what_is_nowhere_sure_is_no_crack() -> None:
    pixels, mask = wide_crack()
    heat = heatmap(mask)
    faint = Heatmap(heat.logits - 3, 4, heat.embedding)
    assert not find_cracks(pixels, faint, 0.0, MaskOptions(seed=2.0)).mask.any()
    assert find_cracks(pixels, faint, 0.0, MaskOptions(seed=0.5)).mask.any()


def test_a_pale_crack_is_found() -> None:
    mask = spotted(True)
    grain = np.random.default_rng(1).normal(0, 2, mask.shape)
    grey = np.clip(np.where(mask, 190, 150) + grain, 0, 255).astype(np.uint8)
    assert overlap(find_cracks(np.repeat(grey[..., None], 3, 2), heatmap(mask), 0.0).mask, mask) > 0.8


@pytest.mark.parametrize("stride", [16, 32])
@pytest.mark.parametrize("kind", ["concrete", "plaster", "asphalt"])
def test_of_a_map_that_is_hot_far_around_a_crack_the_grey_values_leave_the_crack(stride: int, kind: str) -> None:
    areas, found, right = [], [], []
    for seed in range(6):
        crack = CrackSpec((2.5, 6.0), contrast=0.8)
        made = make(SurfaceSpec(seed=seed, kind=kind, size=(512, 480), crack=crack, distractors=0))
        around = cv2.distanceTransform((~made.mask).astype(np.uint8), cv2.DIST_L2, 5) < 48
        cells = around.reshape(480 // stride, stride, 512 // stride, stride).mean((1, 3))
        heat = Heatmap((12 * cells - 6).astype(np.float32), stride, np.zeros(1, np.float32))
        mask = find_cracks(made.pixels, heat, 0.0).mask
        near = cv2.dilate(made.mask.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
        areas.append(mask.sum() / made.mask.sum())
        found.append((mask & made.mask).sum() / made.mask.sum())
        right.append((mask & near).sum() / max(mask.sum(), 1))
    assert np.median(areas) < 1.4
    assert np.median(found) > 0.6
    assert np.median(right) > 0.9


@pytest.mark.parametrize("stride", [4, 8, 16, 32])
def test_coarse_maps_are_refined_too(stride: int) -> None:
    pixels, mask = wide_crack(size=(480, 480))
    assert overlap(find_cracks(pixels, heatmap(mask, stride), 0.0).mask, mask) > 0.5


@given(
    size=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    stride=st.sampled_from([1, 4, 14, 16, 32]),
    seed=st.integers(0, 1000),
)
@settings(max_examples=40)
def test_any_size_and_stride_works(size: tuple[int, int], stride: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    height, width = size
    logits = rng.normal(0, 4, (-(-height // stride), -(-width // stride))).astype(np.float32)
    pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    found = find_cracks(pixels, Heatmap(logits, stride, np.zeros(1, np.float32)), 0.0)
    assert found.mask.shape == size
    assert found.mask.dtype == np.bool_
    assert set(np.unique(found.mask.view(np.uint8))) <= {0, 1}
    labelled = np.repeat(np.repeat(found.groups.labels > 0, 4, 0), 4, 1)[:height, :width]
    assert not (found.mask & ~labelled).any()


def test_memory_follows_the_cracks_and_not_the_photo() -> None:
    import tracemalloc

    mask = np.zeros((6000, 8000), np.bool_)
    mask[2000:2005, 100:1100] = True
    pixels = np.full((6000, 8000, 3), 170, np.uint8)
    pixels[mask] = 60
    logits = np.full((1500, 2000), -6, np.float32)
    logits[500:502, 25:275] = 4
    heat = Heatmap(logits, 4, np.zeros(1, np.float32))
    tracemalloc.start()
    found = find_cracks(pixels, heat, 0.0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # The mask itself is 48 million bytes, of which only those near the crack are ever touched.
    assert peak < 48e6 + 48e6
    assert overlap(found.mask[1900:2100], mask[1900:2100]) > 0.9


@pytest.mark.parametrize("seed", [1, 3])
def test_where_tiles_are_cut_does_not_matter(seed: int) -> None:
    made = generate(seed, (640, 640), width_px=(3.0, 6.0), kind="concrete")
    heat, by = heatmap(made.mask), 128
    alone = find_cracks(made.pixels, heat, 0.0).mask
    more = np.pad(made.pixels, ((by, 0), (by, 0), (0, 0)), mode="symmetric")
    cold = np.pad(heat.logits, ((by // 4, 0), (by // 4, 0)), constant_values=-6)
    moved = find_cracks(more, Heatmap(cold, 4, heat.embedding), 0.0).mask[by:, by:]
    assert np.array_equal(moved[by:, by:], alone[by:, by:])  # nearer the old border it is seen beyond it


def test_the_shipped_bundle_draws_a_clear_crack() -> None:
    pixels, mask = wide_crack(9)
    model = load()
    found = find_cracks(pixels, model.heatmap(pixels), model.manifest.mask_threshold).mask
    near = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5) <= 4
    hit = cv2.distanceTransform((~found).astype(np.uint8), cv2.DIST_L2, 5) <= 4
    assert near[found].mean() > 0.6
    assert hit[mask].mean() > 0.6
