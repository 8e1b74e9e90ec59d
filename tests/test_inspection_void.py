"""An inspected photo with black or white around it: what is found in the bare one, where it lies then."""

import re
import tracemalloc
from functools import cache

import cv2
import numpy as np
import pytest
from PIL import Image

from crackscope.inspection import Inspection, InspectOptions, explain, inspect, inspect_photo, open_photo
from crackscope.scoring import Model, load
from tests.test_images_unseen import with_mask
from tests.test_inspection_mask import overlap
from tests.void_photos import AROUND, BLACK, WHITE, disc, framed, turned, wall


@cache
def model() -> Model:
    return load()


def inspected(pixels: np.ndarray, *, all_zones: bool = False) -> Inspection:
    return inspect_photo(model(), open_photo(pixels), InspectOptions(all_zones=all_zones))


@cache
def bare() -> Inspection:
    return inspected(wall(1, cracked=True))


@pytest.mark.parametrize("name", AROUND)
def test_a_framed_photo_gives_the_findings_of_the_bare_one(name: str) -> None:
    down, beside, around = AROUND[name]
    one, other = bare().record, inspected(around(wall(1, cracked=True)))
    found = other.record
    assert found.verdict == one.verdict == "crack"
    assert found.surface == one.surface
    assert found.crack_share == pytest.approx(one.crack_share, rel=0.15)
    assert len(found.zones) == len(one.zones)
    for zone, known in zip(found.zones, one.zones, strict=True):
        left, top, width, height = zone.box
        assert beside <= left < left + width <= beside + 448
        assert down <= top < top + height <= down + 420
        assert zone.length_px == pytest.approx(known.length_px, rel=0.05)
        assert zone.width_median_px.value == pytest.approx(known.width_median_px.value, abs=0.3)
    mask = other.mask.copy()
    inside = mask[down : mask.shape[0] - down, beside : mask.shape[1] - beside]
    assert overlap(inside, bare().mask) > 0.85
    inside[:] = False
    assert not mask.any()


def test_a_sound_photo_stays_sound_and_its_edge_shows_no_zone() -> None:
    sound = wall(4, cracked=False)
    for pixels in (sound, framed(sound, 40), disc(sound), turned(sound, 24, 640), turned(sound, 24, 640, 255)):
        found = inspected(pixels, all_zones=True).record
        assert found.verdict == "sound", found.probability
        assert found.zones == ()


def test_a_crack_in_a_round_mask_is_found() -> None:
    found = inspected(disc(wall(1, cracked=True)))
    assert found.record.verdict == "crack"
    known = bare().mask & ~(disc(np.full_like(wall(1, cracked=True), 9)) == BLACK).all(2)
    assert overlap(found.mask, known) > 0.75


def test_what_is_shown_of_a_photo_holds_its_void() -> None:
    for colour in (0, 255):
        pixels = framed(wall(1, cracked=True), 40, colour)
        shown = open_photo(pixels).upright()
        assert np.array_equal(open_photo(pixels).upright_over(), shown)
        differs = (shown != pixels).any(2)
        assert not differs[:40].any()
        assert not differs[44:-44, 44:-44].any()
        assert not differs[:, :40].any()


def test_a_crack_that_runs_off_the_photo_ends_where_the_void_begins() -> None:
    pixels = wall(1, cracked=True)[100:-100, 100:-100]
    height, width = pixels.shape[:2]
    found = inspected(framed(pixels, 83)).record
    assert found.zones
    for zone in found.zones:
        left, top, wide, high = zone.box
        assert 83 <= left < left + wide <= 83 + width
        assert 83 <= top < top + high <= 83 + height


def test_in_a_hole_that_the_file_declares_nothing_is_found() -> None:
    pixels = wall(1, cracked=True)
    hole = np.zeros(pixels.shape[:2], np.bool_)
    hole[60:, 200:212] = True
    pixels[hole] = 0
    found = inspect_photo(model(), open_photo(with_mask(pixels, ~hole)))
    assert found.record.verdict == "crack"
    assert not found.mask[hole].any()
    assert len(found.record.zones) > 1
    known = bare().mask & ~hole
    assert overlap(found.mask, known) > 0.85
    assert found.record.crack_share == pytest.approx(found.mask.sum() / (~hole).sum(), rel=0.03)
    shown = found.photo.upright()
    assert (shown[hole] == 0).all()
    assert np.array_equal(shown[:, :190], pixels[:, :190])


def page() -> np.ndarray:
    """Dark letters on white paper."""
    pixels = np.full((900, 1200, 3), 255, np.uint8)
    for row in range(40, 900, 40):
        cv2.putText(pixels, "cracks are seldom written about", (0, row), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (0, 0, 0), 6)
    return pixels


def test_predict_and_inspect_give_one_reason_for_what_a_frame_holds() -> None:
    dark = wall(1, cracked=True, size=(227, 227)) // 32
    for pixels, begins in (
        (framed(dark, 100, 255), "too dark: "),
        (framed(dark, 300, 255), "too dark: "),
        (page(), ""),
    ):
        said, found = model().predict(pixels), inspected(pixels).record
        assert said.verdict == found.verdict == "cannot judge"
        assert said.reason == found.reason
        assert said.reason.startswith(begins)
        counted = re.search(r": outside its blank areas, \d+% of the photo, \d+% of the pixels are", said.reason)
        assert counted or not begins


def test_what_is_white_in_grey_alone_is_no_void_to_predict_nor_to_inspect() -> None:
    """A painted kerb under a sodium lamp is orange, and white once the colour of the light is taken out."""
    grey = wall(4, cracked=False, size=(900, 700)).mean(2, keepdims=True)
    grey /= grey.mean()
    grey[600:] = 2.4
    pixels = np.clip(grey * (110, 60, 9), 0, 255).astype(np.uint8)
    seen = model().in_plain_light(pixels)
    assert (seen[600:] == WHITE).all()
    predicted, found = model().predict(pixels), inspected(pixels).record
    assert predicted.in_grey
    assert (found.probability, found.chance) == (predicted.probability, predicted.chance)


def test_a_small_picture_in_a_frame_is_a_photo_to_predict_too() -> None:
    bare = wall(1, cracked=True, size=(227, 227))
    clear = np.dstack([bare, np.full((227, 227), 255, np.uint8)])
    coloured = Image.fromarray(framed(bare, 100, 255)).quantize(200)
    transparent = np.pad(clear, ((90, 90), (90, 90), (0, 0)))
    for source in (framed(bare, 90, 255), transparent, coloured):
        said, found = model().predict(source), inspect_photo(model(), open_photo(source)).record
        assert (said.verdict, said.reason, said.probability) == (found.verdict, found.reason, found.probability)
        assert said.verdict == "crack"
        assert explain(model(), open_photo(source)).explanation.patch is None


@pytest.mark.parametrize("kind", ["half", "corners"])
def test_a_void_takes_hardly_more_memory_than_the_photo(kind: str) -> None:
    """What is found and filled is held in a few arrays of a byte for each pixel, beside the photo's three."""
    pixels = np.tile(wall(1, cracked=False, size=(500, 400)), (8, 8, 1))
    if kind == "half":
        pixels[:1600] = BLACK
    else:
        down, along = np.ogrid[: len(pixels), : pixels.shape[1]]
        pixels[abs(down / len(pixels) - 0.5) + abs(along / pixels.shape[1] - 0.5) > 0.5] = BLACK
    before = pixels.copy()
    tracemalloc.start()
    photo = open_photo(pixels)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert photo.hidden is not None
    assert 0.45 < photo.hidden.mean() < 0.55
    assert most < 2.6 * pixels.nbytes
    assert np.array_equal(photo.upright(), before)
    assert np.array_equal(pixels, before)


@pytest.mark.parametrize("quarters", range(4))
def test_what_python_hands_over_is_left_as_it_is(quarters: int) -> None:
    """Voids are filled, and photos turned, in the memory of what was read, never in what was given."""
    given = np.ascontiguousarray(np.rot90(framed(wall(1, cracked=True), 80), quarters))
    kept, image = given.copy(), Image.fromarray(given)
    for source in (given, image):
        model().predict(source)
        list(model().predict_all([source]))
        inspect(source, bundle=model())
    assert np.array_equal(given, kept)
    assert np.array_equal(np.asarray(image), kept)
