"""Cracks so wide that the network sees their lips alone."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from crackscope.images import read
from crackscope.inspection import InspectOptions, inspect_photo, open_photo
from crackscope.inspection.gaping import MOST_PX, between_lips, closed_around
from crackscope.scoring import load
from crackscope.surfaces import CrackSpec, SurfaceSpec, generate, make

Cells = NDArray[np.bool_]
HIGH, WIDE = 160, 240
BAND = slice(50, 80)


@pytest.mark.parametrize("width", [60.0, 90.0])
def test_a_gaping_crack_is_one_crack_of_its_width(width: float) -> None:
    crack = CrackSpec((width, width), branching=0, breaks=0, contrast=0.7)
    made = make(SurfaceSpec(seed=301, kind="plaster", size=(1000, 800), crack=crack, distractors=0))
    found = inspect_photo(load(), open_photo(made.pixels), InspectOptions(all_zones=True))
    assert (found.mask & made.mask).sum() > 0.9 * made.mask.sum()
    widest = max(found.record.zones, key=lambda zone: zone.area_px)
    true = made.truth.widths_px.median
    assert widest.width_median_px.value == pytest.approx(true, rel=0.1)
    long = float(np.hypot(*np.diff(made.truth.centreline_px, axis=0).T).sum())
    assert sum(zone.length_px for zone in found.record.zones) == pytest.approx(long, rel=0.12)


def test_a_branching_crack_that_looks_broad_from_afar_stays_as_it_was_measured_up_close(shared: Path) -> None:
    """Saved anew as a JPEG without visible loss it came out twice as wide, and its hairline branches were lost."""
    pixels = read(shared / "data" / "photos" / "cracked_wall_canon350d_a.jpg").pixels
    saved = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    here, there = (inspect_photo(load(), open_photo(source)).record.zones for source in (pixels, saved))
    longest, again = (max(zones, key=lambda zone: zone.length_px) for zones in (here, there))
    assert again.length_px == pytest.approx(longest.length_px, rel=0.05)
    assert again.width_median_px.value == pytest.approx(longest.width_median_px.value, rel=0.1)
    assert again.width_max_px.value == pytest.approx(longest.width_max_px.value, rel=0.1)
    assert sum(zone.length_px for zone in there) == pytest.approx(sum(zone.length_px for zone in here), rel=0.1)


def ragged(seed: int, width: float) -> tuple[NDArray[np.uint8], float]:
    """A wall with a winding crack from border to border whose edges are torn, and its length."""
    size = (900, 1000)
    rng = np.random.default_rng(seed)
    grey = generate(seed, (size[1], size[0]), False).pixels.astype(np.float64)
    middle = size[1] / 2 + 60 * np.sin(np.arange(size[0]) / 170 + seed)
    torn = gaussian_filter1d(rng.normal(0, 1, (2, size[0])), 2.0, axis=1)
    left, right = (
        middle + side * width / 2 + 0.04 * width * one / one.std() for side, one in zip((-1, 1), torn, strict=True)
    )
    across = np.arange(size[1])[None]
    share = gaussian_filter(((across > left[:, None]) & (across < right[:, None])).astype(np.float64), 1.0)
    pixels = grey * (1 - 0.72 * share[..., None]) + rng.normal(0, 3, (*size, 1))
    return np.clip(pixels, 0, 255).astype(np.uint8), float(np.hypot(np.diff(middle), 1).sum())


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("width", [30.0, 45.0])
def test_torn_edges_make_a_wide_crack_neither_longer_nor_less_likely(width: float, seed: int) -> None:
    """Its middle line has no knots around holes, nor in the corners that the photo's border makes."""
    pixels, long = ragged(seed, width)
    (zone,) = inspect_photo(load(), open_photo(pixels), InspectOptions(all_zones=True)).record.zones
    assert zone.length_px == pytest.approx(long, rel=0.05)
    assert zone.width_median_px.value == pytest.approx(width, rel=0.06)
    assert zone.probability > 0.5


def wall(*dark: tuple[slice, slice], size: tuple[int, int] = (HIGH, WIDE)) -> NDArray[np.uint8]:
    """A wall whose cells of 4 px are dark here. size: rows and columns of cells."""
    grey = np.full(size, 170.0)
    for place in dark:
        grey[place] = 60
    noise = np.random.default_rng(2).normal(0, 3, (4 * size[0], 4 * size[1]))
    return np.clip(np.kron(grey, np.ones((4, 4))) + noise, 0, 255).astype(np.uint8)[..., None].repeat(3, 2)


def lips(*rows: int, columns: slice = slice(None)) -> Cells:
    cells = np.zeros((HIGH, WIDE), np.bool_)
    cells[list(rows), columns] = True
    return cells


def test_the_dark_between_two_lips_is_crack() -> None:
    inner = between_lips(wall((BAND, slice(None))), lips(49, 50, 79, 80))
    assert inner[51:79].all()
    assert not inner[:49].any()
    assert not inner[81:].any()


def test_a_lip_that_is_nearly_crack_is_one_where_it_goes_on_from_one_that_is() -> None:
    """A sixth of each is marked, not enough by itself; the whole gap and the faint lips are crack with the rest."""
    pixels = wall((BAND, slice(None)))
    marked, nearly = lips(49, 50, 79, 80, columns=slice(0, 40)), lips(49, 50, 79, 80)
    assert not between_lips(pixels, marked).any()
    inner = between_lips(pixels, marked, nearly)
    assert inner[51:79].all()
    assert inner[nearly & ~marked].all()
    assert not inner[marked].any()
    assert not inner[:49].any()


def test_what_is_nearly_crack_by_itself_is_none() -> None:
    """It touches nothing that was found; nor is it crack beside a crack with nothing dark between."""
    pixels = wall((BAND, slice(None)))
    assert not between_lips(pixels, lips(10, columns=slice(0, 40)), lips(49, 50, 79, 80)).any()
    assert not between_lips(wall(), lips(49, 50, columns=slice(0, 40)), lips(49, 50)).any()


def test_the_surface_between_two_cracks_is_none() -> None:
    two = (slice(49, 51), slice(None)), (slice(79, 81), slice(None))
    assert not between_lips(wall(*two), lips(49, 50, 79, 80)).any()


def test_a_crack_hardly_darker_than_the_wall_is_one() -> None:
    """Twelve grey levels."""
    pixels = wall()
    pixels[200:320] -= 12
    assert between_lips(pixels, lips(49, 50, 79, 80))[51:79].all()


def test_where_a_photo_is_cut_into_bands_does_not_matter() -> None:
    """Rows of cells are looked at 512 at a time: a crack with a lip on each side of that is what it is above."""
    size, moved = (900, 320), 317
    pixels = wall((slice(195, 250), slice(None)), size=size)
    found = np.zeros(size, np.bool_)
    found[[193, 194, 250, 251]] = True
    below = np.roll(found, moved, 0)
    # Bands are counted from what was found first.
    found[0] = below[0] = True
    above = between_lips(pixels, found, found)
    across = between_lips(np.roll(pixels, 4 * moved, 0), below, below)
    assert above[195:250].all()
    assert np.array_equal(np.roll(above, moved, 0), across)


def test_only_gaps_beside_what_gapes_are_closed() -> None:
    """Of two cracks with a gap between them each: in the first the dark between its lips was found."""
    crack, inner = np.zeros((120, 200), np.bool_), np.zeros((120, 200), np.bool_)
    crack[20:24, :60] = crack[90:94, :60] = True
    inner[32:82, :60] = True
    crack[[40, 52], 150:] = True
    whole = closed_around(crack, inner)
    assert whole[20:94, 5:55].all()
    assert not whole[41:52, 150:].any()


@pytest.mark.parametrize(("side", "shade", "crack"), [(3, 60, True), (1, 60, False), (3, 165, False)])
def test_a_dark_hole_in_a_crack_is_crack(side: int, shade: int, crack: bool) -> None:
    """A pinhole is none, nor is a stone."""
    pixels, cells = wall((BAND, slice(None))), lips(*range(50, 80))
    hole = slice(63, 63 + side), slice(100, 100 + side)
    cells[hole] = False
    if shade > 60:
        pixels[252:264, 400:412] = shade
    inner = between_lips(pixels, cells)
    assert inner[hole].all() == crack
    assert inner.any() == crack


@pytest.mark.parametrize("share", [0.4, 0.6])
def test_a_stone_in_a_crack_is_none_however_dark(share: float) -> None:
    """What is paler than the crack around it, though darker than the wall."""
    pixels, cells = wall((BAND, slice(None))), lips(*range(50, 80))
    cells[63:67, 100:104] = False
    pixels[252:268, 400:416] = int(170 - share * 110)
    assert not between_lips(pixels, cells).any()


def test_dark_beside_a_crack_that_does_not_enclose_it_is_none() -> None:
    """A bay of the dark: lips along three quarters of its border at most."""
    pixels, cells = wall((BAND, slice(None)), (slice(46, 50), slice(100, 104))), lips(*range(50, 80))
    cells[46:50, [99, 104]] = True
    assert not between_lips(pixels, cells)[46:50, 100:104].any()


def test_what_lips_enclose_is_none_where_it_is_wider_than_any_crack() -> None:
    wide = MOST_PX // 4 + 4
    plate = slice(40, 40 + wide), slice(2, WIDE - 2)
    cells = lips()
    cells[38 : 42 + wide] = True
    cells[plate] = False
    assert not between_lips(wall(plate), cells).any()


def test_a_pale_stripe_between_two_dark_lips_is_none() -> None:
    """Twenty grey levels darker than the wall, as in a shadow, where its lips are 110 darker."""
    pixels = wall((slice(49, 51), slice(None)), (slice(79, 81), slice(None)))
    pixels[204:316] -= 20
    assert not between_lips(pixels, lips(49, 50, 79, 80)).any()


def test_a_stripe_no_darker_than_grain_is_none_whatever_its_lips() -> None:
    """Four grey levels, as dark as what was found along its borders."""
    pixels = wall()
    pixels[200:320] -= 4
    assert not between_lips(pixels, lips(49, 50, 79, 80)).any()


@pytest.mark.parametrize(("bottom", "crack"), [(54, False), (57, True)])
def test_what_is_narrow_is_left_to_what_graded_its_pixels(bottom: int, crack: bool) -> None:
    """16 px and 28 px of dark, with lips along most of it that do not enclose it."""
    cells = lips(49, 50, bottom - 1, bottom, columns=slice(0, 200))
    assert between_lips(wall((slice(50, bottom), slice(None))), cells)[52].any() == crack


@pytest.mark.parametrize("rows", [(49, 50), (79, 80)])
def test_a_shadow_with_a_lip_on_one_side_is_none(rows: tuple[int, ...]) -> None:
    assert not between_lips(wall((BAND, slice(None))), lips(*rows)).any()


def test_a_dark_thing_that_reaches_in_from_the_border_is_none() -> None:
    corner = (slice(0, 40), slice(0, 40))
    cells = lips(40, columns=slice(0, 41))
    assert not between_lips(wall(corner), cells).any()


def test_a_dark_square_with_four_edges_is_none() -> None:
    square = (slice(50, 80), slice(100, 130))
    cells = lips(49, 50, 79, 80, columns=slice(99, 131))
    cells[49:81, [99, 100, 129, 130]] = True
    assert not between_lips(wall(square), cells).any()


def test_what_is_wider_than_any_crack_is_none() -> None:
    bottom = 50 + MOST_PX // 4 + 8
    assert not between_lips(wall((slice(50, bottom), slice(None))), lips(49, 50, bottom - 1, bottom)).any()


@pytest.mark.parametrize(("wide_px", "crack"), [(MOST_PX - 40, True), (MOST_PX + 40, False)])
def test_it_is_as_wide_across_however_it_runs(wide_px: int, crack: bool) -> None:
    """A dark band from corner to corner, which reaches further along rows and columns than across."""
    rows, columns = np.indices((300, 300))
    across_px = 4 * np.abs(rows - columns) / np.sqrt(2)
    pixels = wall(size=rows.shape)
    pixels[np.kron(across_px < wide_px / 2, np.ones((4, 4))) > 0] -= 110
    assert between_lips(pixels, np.abs(across_px - wide_px / 2) < 8)[150, 150] == crack


def test_without_lips_there_is_nothing_between() -> None:
    assert not between_lips(wall((BAND, slice(None))), lips()).any()


@pytest.mark.parametrize("axes", [(0,), (1,), (0, 1)])
def test_a_mirrored_photo_has_a_mirrored_crack(axes: tuple[int, ...]) -> None:
    pixels, cells = wall((BAND, slice(30, 200))), lips(49, 50, 79, 80, columns=slice(28, 202))
    upright, held = between_lips(pixels, cells), between_lips(np.flip(pixels, axes).copy(), np.flip(cells, axes))
    assert upright.any()
    assert np.array_equal(np.flip(held, axes), upright)
