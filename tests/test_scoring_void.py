"""What a photo shows nothing in: found where it is, and nowhere else, and left out of verdicts."""

from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from crackscope.images import read
from crackscope.scoring import Model, load, put_back, surface_of
from crackscope.surfaces import SurfaceSpec, make
from tests.test_images_unseen import with_mask
from tests.void_photos import AROUND, BLACK, WHITE, as_jpeg, disc, framed, letterboxed, turned, wall


@cache
def model() -> Model:
    return load()


def hidden(pixels: np.ndarray) -> NDArray[np.bool_]:
    surface = surface_of(pixels)
    assert surface.hidden is not None
    return np.asarray(surface.hidden, np.bool_)


@pytest.mark.parametrize("name", AROUND)
def test_black_and_white_around_a_photo_are_void(name: str) -> None:
    down, beside, around = AROUND[name]
    void = hidden(around(wall(1, cracked=True)))
    within = np.ones((420, 448), np.bool_)
    within[4:-4, 4:-4] = False
    assert not (void & ~np.pad(within, ((down, down), (beside, beside)), constant_values=True)).any()
    within[:] = False
    assert void[np.pad(within, ((down, down), (beside, beside)), constant_values=True)].all()


@pytest.mark.parametrize("colour", [BLACK, WHITE])
def test_round_masks_and_turned_photos_have_void_corners(colour: int) -> None:
    bare = wall(1, cracked=True)
    for pixels, share in ((disc(bare, colour), 0.32), (as_jpeg(turned(bare, 24, 640, colour)), 0.54)):
        assert float(hidden(pixels).mean()) == pytest.approx(share, abs=0.04)


def test_what_was_filled_is_put_back() -> None:
    for colour in (BLACK, WHITE):
        pixels = framed(wall(1, cracked=False), 40, colour)
        surface = surface_of(pixels)
        assert surface.void is not None
        assert surface.covered is not None
        assert (surface.pixels[:20] != colour).any()
        shown = put_back(surface.pixels, surface.void, surface.covered)
        assert (shown[:40] == colour).all()
        assert np.array_equal(shown[44:-44, 44:-44], pixels[44:-44, 44:-44])


@pytest.mark.parametrize("colour", [BLACK, WHITE])
def test_so_is_what_lies_beside_it_and_is_filled_with_it(colour: int) -> None:
    """The edge of a gap, where JPEG mixes it with the surface, and what is neither black nor white."""
    pixels = wall(1, cracked=False)
    pixels[100:164, 100:164] = colour
    for shown in (pixels, as_jpeg(framed(pixels, 40, colour))):
        surface = surface_of(shown)
        assert surface.void is not None
        assert surface.covered is not None
        assert np.array_equal(put_back(surface.pixels, surface.void, surface.covered), shown)


def test_what_a_file_stores_where_it_says_that_it_shows_nothing_is_not_put_back() -> None:
    pixels = wall(1, cracked=False)
    declared = np.zeros(pixels.shape[:2], np.bool_)
    declared[:60] = True
    pixels[:60] = (10, 240, 30)
    surface = surface_of(pixels, declared)
    assert surface.void is not None
    assert surface.covered is not None
    shown = put_back(surface.pixels, surface.void, surface.covered)
    assert len(np.unique(shown[:60])) == 1
    assert shown[0, 0, 0] in (BLACK, WHITE)
    assert np.array_equal(shown[60:], pixels[60:])


def lit(pixels: np.ndarray, light: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(pixels * light[..., None], 0, 255), np.uint8)


def test_clipped_light_and_deep_shadow_that_fade_are_no_void() -> None:
    bare = wall(1, cracked=False)
    slope = np.linspace(0, 1, bare.shape[1])[None].repeat(bare.shape[0], 0)
    for light in (np.clip(2 * slope - 0.7, 0, 1), 1 + 12 * np.clip(slope - 0.6, 0, 1)):
        pixels = lit(bare, light)
        assert ((pixels <= 6) | (pixels >= 249)).all(2).mean() > 0.2
        assert surface_of(pixels).pixels is pixels


def test_a_gaping_crack_that_leaves_the_photo_is_no_void() -> None:
    pixels = wall(1, cracked=False)
    cv2.line(pixels, (100, -20), (330, 440), (3, 3, 3), 50)
    assert surface_of(pixels).void is None


def opened(pixels: np.ndarray, *, blur_px: float) -> np.ndarray:
    """With a dark opening that the camera shows as wholly black, its edge as soft as the photo."""
    shape = np.zeros(pixels.shape[:2], np.float32)
    shape[100:200, 100:300] = 1
    shape = cv2.GaussianBlur(shape, (0, 0), blur_px)[..., None]
    return np.asarray(np.clip(pixels * (1 - shape) - 30 * shape, 0, 255).round(), np.uint8)


GAPS = {
    "black": lambda pixels, hole: np.where(hole[..., None], np.uint8(0), pixels),
    "white": lambda pixels, hole: np.where(hole[..., None], np.uint8(255), pixels),
    "black in a JPEG": lambda pixels, hole: as_jpeg(np.where(hole[..., None], np.uint8(0), pixels), 90),
    "white in a JPEG": lambda pixels, hole: as_jpeg(np.where(hole[..., None], np.uint8(255), pixels), 90),
}


def hole_in(pixels: np.ndarray) -> NDArray[np.bool_]:
    drawn = np.zeros(pixels.shape[:2], np.uint8)
    cv2.fillPoly(drawn, [np.array([(130, 90), (260, 130), (190, 250)])], 1)
    return drawn > 0


@pytest.mark.parametrize("name", GAPS)
def test_gaps_of_a_mosaic_are_void_though_nobody_says_so(name: str) -> None:
    for seed, cracked in ((1, True), (3, False)):
        bare = wall(seed, cracked=cracked, size=(620, 600))
        hole = hole_in(bare)
        void = hidden(GAPS[name](bare, hole))
        assert void[hole].mean() > 0.99
        assert not void[cv2.dilate(hole.view(np.uint8), np.ones((25, 25))) == 0].any()
        one, other = model().predict(bare), model().predict(GAPS[name](bare, hole))
        assert other.verdict == one.verdict == ("crack" if cracked else "sound")
        assert other.probability == pytest.approx(one.probability, abs=0.06)


@pytest.mark.parametrize("blur_px", [0.5, 0.7, 1.0, 2.0])
def test_dark_openings_that_are_no_gaps_stay(blur_px: float) -> None:
    bare = wall(1, cracked=True)
    for pixels in (opened(bare, blur_px=blur_px), 255 - opened(255 - bare, blur_px=blur_px)):
        assert surface_of(pixels).void is None
        assert surface_of(as_jpeg(pixels, 90)).void is None
    noisy = opened(bare, blur_px=blur_px).astype(np.float32)
    noisy[100:200, 100:300] += np.random.default_rng(0).normal(2, 1.5, (100, 200, 1))
    assert surface_of(np.clip(noisy, 0, 255).astype(np.uint8)).void is None


def test_black_that_is_cut_off_along_most_of_its_edge_only_is_no_gap() -> None:
    pixels = opened(wall(1, cracked=False), blur_px=2.0)
    pixels[:, 130:] = wall(1, cracked=False)[:, 130:]
    pixels[90:210, 130:280] = BLACK
    assert surface_of(pixels).void is None


def test_dark_stones_in_a_dark_picture_are_no_gaps() -> None:
    stones = make(SurfaceSpec(seed=914, kind="stone", size=(900, 700), distractors=0)).pixels
    dark = np.clip((stones.astype(np.float32) - 60) * 0.6, 0, 255).astype(np.uint8)
    assert (dark == BLACK).all(2).mean() > 0.02
    assert surface_of(dark).void is None


def test_small_and_slender_black_is_no_gap() -> None:
    pixels = wall(1, cracked=False)
    pixels[100:300, 200:212] = BLACK
    pixels[200:230, 300:330] = BLACK
    assert surface_of(pixels).void is None


@pytest.mark.parametrize(("side", "void"), [(33, False), (37, True)])
def test_a_corner_of_less_than_a_thousandth_of_the_photo_is_no_void(side: int, void: bool) -> None:
    """Of 1,200,000 px; nearly black, so that no gap is asked for."""
    pixels = wall(1, cracked=False, size=(1200, 1000))
    pixels[:side, :side] = 3
    assert (surface_of(pixels).void is not None) == void


@pytest.mark.parametrize(("side", "void"), [(31, False), (32, True)])
def test_a_corner_of_a_thousand_pixels_is_a_void_in_a_small_photo(side: int, void: bool) -> None:
    pixels = wall(1, cracked=False)
    pixels[:side, :side] = 3
    assert (surface_of(pixels).void is not None) == void


def test_a_picture_of_one_colour_has_no_void() -> None:
    for colour in (BLACK, WHITE):
        assert surface_of(np.full((300, 400, 3), colour, np.uint8)).void is None


def test_a_photo_without_void_is_seen_as_it_was() -> None:
    """A dark opening in the photo and short runs of white along the border change nothing."""
    pixels = opened(wall(1, cracked=True), blur_px=0.6)
    assert (pixels[110:190, 110:290] == BLACK).all()
    pixels[:30, 50:80] = WHITE
    before = pixels.copy()
    surface = surface_of(pixels)
    assert surface.pixels is pixels
    assert surface.bounded is pixels
    assert np.array_equal(pixels, before)
    heat = model().heatmap(pixels)
    assert heat.hidden is None
    assert heat.void is None


def test_nothing_lights_up_in_a_frame_and_what_it_holds_does_as_before() -> None:
    bare = wall(1, cracked=True)
    one, heat = model().heatmap(bare), model().heatmap(framed(bare, 64))
    assert heat.void is not None
    inside = heat.logits[16:-16, 16:-16]
    assert np.abs(inside - one.logits).mean() < 0.2
    assert heat.logits[heat.void].max() < np.median(heat.logits) + 0.01
    assert heat.half is not None
    assert heat.half.void is not None


@pytest.mark.parametrize("name", AROUND)
def test_the_verdict_on_a_framed_photo_is_that_on_the_bare_one(name: str) -> None:
    around = AROUND[name][2]
    for seed, cracked in ((1, True), (3, False)):
        bare = wall(seed, cracked=cracked, size=(620, 600))
        one, other = model().predict(bare), model().predict(around(bare))
        assert other.verdict == one.verdict == ("crack" if cracked else "sound")
        assert other.surface == one.surface
        assert other.probability == pytest.approx(one.probability, abs=0.05)


def test_a_framed_photo_is_like_the_bare_one() -> None:
    bare = wall(1, cracked=False)
    seen, beside, other = (
        model().heatmap(pixels).embedding for pixels in (bare, framed(bare, 100, BLACK), wall(2, cracked=False) // 2)
    )
    assert np.abs(seen - beside).mean() < 0.25 * np.abs(seen - other).mean()


def test_how_sharp_a_photo_is_and_its_grain_are_told_of_the_surface_alone() -> None:
    """What fills the corners has no grain, and its edge is as sharp as can be."""
    rng = np.random.default_rng(2)
    soft = cv2.GaussianBlur(wall(2, cracked=False, size=(640, 640)), (0, 0), 2.5)
    pixels = np.clip(soft + rng.normal(0, 3, (640, 640, 1)), 0, 255).astype(np.uint8)
    rows, columns = abs(np.mgrid[:640, :640] - 319.5)
    bare, *others = (pixels, disc(pixels), np.where((rows + columns < 319)[..., None], pixels, np.uint8(BLACK)))
    once = model().judge(model().heatmap(bare), bare).quality
    assert once.sharpness_px > 2
    for framed_so in others:
        heat = model().heatmap(framed_so)
        assert heat.void is not None
        told = model().judge(heat, framed_so).quality
        assert told.noise == pytest.approx(once.noise, rel=0.05)
        assert told.sharpness_px == pytest.approx(once.sharpness_px, abs=0.5)


def test_a_strip_with_seventy_per_cent_void_is_judged() -> None:
    for cracked, verdict in ((True, "crack"), (False, "sound")):
        strip = wall(2, cracked=cracked, size=(900, 320))
        pixels = turned(strip, 35, 980)
        assert float((pixels == BLACK).all(2).mean()) > 0.69
        assert model().predict(pixels).verdict == verdict
        heat = model().heatmap(pixels)
        assert model().judge(heat, pixels).verdict == verdict


def test_a_photo_of_which_little_is_left_is_too_small() -> None:
    pixels = framed(wall(1, cracked=True, size=(26, 24)), 300)
    found = model().predict(pixels)
    assert found.verdict == "cannot judge"
    assert found.reason.startswith("too small: 0.1% of the 626x624 px show something")


def test_holes_that_the_file_declares_change_no_verdict() -> None:
    """A seam as jagged as those of mosaics are, which is called a crack where nothing says what it is."""
    drawn = np.zeros((600, 620), np.uint8)
    cv2.polylines(drawn, [np.array([(0, 200), (130, 260), (250, 230), (400, 330), (619, 300)])], False, 1, 5)
    hole = drawn > 0
    for seed, cracked in ((1, True), (4, False)):
        bare = wall(seed, cracked=cracked, size=(620, 600))
        marked = np.where(hole[..., None], np.uint8(BLACK), bare)
        masked = with_mask(marked, ~hole)
        one, other = model().predict(bare), model().predict(masked)
        assert model().predict(marked).verdict == "crack"
        assert other.verdict == one.verdict == ("crack" if cracked else "sound")
        assert other.probability == pytest.approx(one.probability, abs=0.1)
        picture = read(masked)
        void = surface_of(picture.pixels, picture.hidden).void
        assert void is not None
        assert (void[hole] == 1).all()
        assert 0 < np.count_nonzero(void) - np.count_nonzero(hole) < 5000


def test_what_is_all_declared_to_show_nothing_is_looked_at_as_it_is() -> None:
    pixels = wall(1, cracked=False)
    assert surface_of(pixels, np.ones(pixels.shape[:2], np.bool_)).pixels is pixels


def test_a_sliver_of_surface_that_is_lost_at_half_size_is_looked_at_all_the_same() -> None:
    pixels = wall(1, cracked=False)
    void = np.ones(pixels.shape[:2], np.bool_)
    void[:, 151] = False
    heat = model().heatmap(pixels, void=void)
    assert heat.half is not None
    assert np.isfinite(heat.half.embedding).all()
    assert np.isfinite(heat.embedding).all()


def test_a_caption_in_a_bar_is_no_surface() -> None:
    pixels = letterboxed(wall(3, cracked=False), 96)
    cv2.putText(pixels, "B-112 2024-05-17", (20, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (255, 255, 255), 3)
    assert hidden(pixels)[:94].all()
