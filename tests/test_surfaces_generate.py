"""Generated surfaces: the same bytes from the same seed, and a truth that is true."""

import hashlib
import subprocess
import sys

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from crackscope.recipes import Kinds
from crackscope.surfaces import KINDS, CrackSpec, SurfaceSpec, generate, make
from crackscope.surfaces.noise import Noise


def digest(seed, **how):
    surface = generate(seed, **how)
    parts = (surface.pixels, surface.mask, surface.truth.centreline_px, surface.truth.centreline_width_px)
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()


@pytest.mark.parametrize("kind", KINDS)
def test_one_seed_gives_one_picture(kind):
    assert digest(11, kind=kind) == digest(11, kind=kind)
    assert digest(11, kind=kind) != digest(12, kind=kind)


def test_another_process_makes_the_same_bytes():
    code = (
        "import hashlib; from crackscope.surfaces import generate; s = generate(5, (96, 80));"
        "print(hashlib.sha256(s.pixels.tobytes() + s.mask.tobytes()).hexdigest())"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    here = generate(5, (96, 80))
    assert other == hashlib.sha256(here.pixels.tobytes() + here.mask.tobytes()).hexdigest()


@pytest.mark.parametrize("size", [(32, 32), (8, 8), (33, 257), (227, 227), (640, 97)])
@pytest.mark.parametrize("kind", KINDS)
def test_any_size(kind, size):
    surface = generate(3, size, kind=kind)
    assert surface.pixels.shape == (size[1], size[0], 3)
    assert surface.pixels.dtype == np.uint8
    assert surface.pixels.flags.c_contiguous
    assert surface.mask.shape == (size[1], size[0])
    assert surface.mask.any()


def test_a_photo_sized_one():
    surface = generate(4, (2000, 1500), kind="concrete")
    assert surface.pixels.shape == (1500, 2000, 3)
    assert surface.length_px > 300
    assert 60 < surface.pixels.mean() < 235


@settings(max_examples=30)
@given(seed=st.integers(0, 2**40), kind=st.sampled_from(KINDS))
def test_a_sound_one_has_no_crack_and_a_cracked_one_has(seed, kind):
    sound = generate(seed, (64, 48), cracked=False, kind=kind)
    assert not sound.mask.any()
    assert sound.widths_px == (0, 0)
    assert sound.length_px == 0
    assert sound.label == "sound"
    assert 15 < sound.pixels.mean() < 250
    cracked = generate(seed, (64, 48), kind=kind)
    assert cracked.mask.any()
    assert cracked.label == "crack"
    assert 0.5 <= cracked.widths_px.median <= cracked.widths_px.max


@pytest.mark.parametrize("kind", KINDS)
def test_with_and_without_crack_it_is_the_same_surface(kind):
    for seed in range(4):
        cracked, sound = (generate(seed, (160, 160), cracked=c, kind=kind) for c in (True, False))
        far = ndimage.distance_transform_edt(~cracked.mask) > 12
        np.testing.assert_array_equal(cracked.pixels[far], sound.pixels[far])


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), least=st.floats(0.7, 9), ratio=st.floats(1, 2.5))
def test_widths_keep_to_what_was_asked(seed, least, ratio):
    surface = generate(seed, (200, 200), kind="concrete", width_px=(least, least * ratio))
    assert surface.widths_px.max <= least * ratio + 1e-3


@pytest.mark.parametrize("width", [3.0, 6.0, 10.0])
def test_the_mask_is_as_wide_as_the_truth_says(width):
    widths = []
    for seed in range(5):
        spec = CrackSpec(width_px=(width, width), branching=0, breaks=0, roughness=0.5, grain_px=30)
        surface = make(SurfaceSpec(seed, "concrete", (400, 400), spec))
        inside = ndimage.maximum_filter(ndimage.distance_transform_edt(surface.mask), 3)
        x, y = np.rint(surface.truth.centreline_px).astype(int).T
        full = surface.truth.centreline_width_px > 0.97 * width
        # Distances end at the middle of the first pixel outside, half a pixel beyond the edge; the circle that fits
        # between ragged edges is a little narrower than their mean distance.
        widths.append(np.median(2 * inside[y, x][full] - 1))
    assert -1.3 < np.median(widths) - width < 0.5


def test_the_area_of_the_mask_is_length_times_width():
    for seed in range(6):
        spec = CrackSpec(width_px=(5, 8), branching=0, breaks=0, roughness=0.5, grain_px=30)
        truth = make(SurfaceSpec(seed, "plaster", (400, 400), spec)).truth
        assert truth.mask.sum() == pytest.approx(truth.length_px * truth.centreline_width_px.mean(), rel=0.08)


def test_the_centre_line_of_a_hairline_is_in_its_mask():
    for seed in range(6):
        spec = CrackSpec(width_px=(0.7, 1.0), branching=1.5)
        truth = make(SurfaceSpec(seed, "asphalt", (256, 256), spec)).truth
        x, y = np.floor(truth.centreline_px + 0.5).astype(int).T
        assert truth.mask[y, x].mean() > 0.97
        assert truth.mask.sum() < 2.5 * truth.length_px


@pytest.mark.parametrize("kind", KINDS)
def test_the_crack_is_darker_than_what_is_beside_it(kind):
    darker = []
    for seed in range(4):
        spec = CrackSpec(width_px=(2, 4))
        pair = [make(SurfaceSpec(seed, kind, (200, 200), crack, distractors=0)).pixels for crack in (spec, None)]
        mask = make(SurfaceSpec(seed, kind, (200, 200), spec, distractors=0)).mask
        darker.append(pair[0][mask].mean() / pair[1][mask].mean())
    assert max(darker) < 0.8


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="none of concrete"):
        generate(1, kind="marble")
    with pytest.raises(ValueError, match="seed -1"):
        generate(-1)
    with pytest.raises(ValueError, match="at least 8 px"):
        generate(1, (4, 200))
    for widths in ((0, 0), (-1, -1)):
        with pytest.raises(ValueError, match=r"want 0\.7 <= least"):
            generate(1, width_px=widths)
    with pytest.raises(ValueError, match=r"want 0\.7 <= least"):
        generate(1, width_px=(3.0, 2.0))


def test_nothing_heavy_is_imported():
    code = (
        "import sys, crackscope.surfaces;"
        "print([m for m in ('scipy', 'cv2', 'PIL', 'torch', 'skimage', 'onnxruntime') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_stones_may_be_longer_than_high():
    """Their rims are met the less often along the rows, and as often down the columns."""
    owner, inwards = Noise(240, 360, np.random.default_rng(0)).cells(20, 2.0)
    level, _ = Noise(240, 360, np.random.default_rng(0)).cells(20)
    along, down = ((np.diff(one, axis=1) != 0).mean() / (np.diff(one, axis=0) != 0).mean() for one in (owner, level))
    assert (along, down) == (pytest.approx(0.5, abs=0.15), pytest.approx(1, abs=0.15))
    assert inwards.min() >= 0


def test_painted_walls_are_of_one_strong_colour_and_plain_render_of_none():
    def colour(kind, seed):
        pixels = generate(seed, (96, 96), cracked=False, kind=kind).pixels.reshape(-1, 3).mean(0)
        return (pixels.max() - pixels.min()) / pixels.max()

    painted, plain = (np.mean([colour(kind, seed) for seed in range(20)]) for kind in ("painted", "plaster"))
    assert painted > plain + 0.1


def test_a_pipe_is_lit_by_a_lamp_and_concrete_by_daylight():
    def fall(kind, seed):
        blocks = generate(seed, (128, 128), cracked=False, kind=kind).pixels.mean(2).reshape(4, 32, 4, 32).mean((1, 3))
        return blocks.min() / blocks.max()

    pipe, concrete = (np.mean([fall(kind, seed) for seed in range(20)]) for kind in ("pipe", "concrete"))
    assert pipe < concrete - 0.15


def test_the_shares_of_kinds_are_what_the_recipe_knows():
    """Every kind can be drawn by chance, and every kind has a share in a recipe's mixture."""
    assert {generate(seed, (8, 8), cracked=False).kind for seed in range(200)} == set(KINDS)
    assert set(msgspec.structs.asdict(Kinds())) == set(KINDS)
