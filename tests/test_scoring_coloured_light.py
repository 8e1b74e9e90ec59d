"""In coloured light pictures are seen in grey; what is coloured itself stays as it is."""

import io
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from crackscope.inspection import InspectOptions, inspect_photo, open_photo
from crackscope.scoring import COLOURED, Facing, Model, cast, load, out_of_coloured_light
from crackscope.surfaces import generate

LIGHTS = {"sodium": (1.0, 0.45, 0.01), "green": (0.12, 1.0, 0.15), "blue": (0.1, 0.25, 1.0), "red": (1.0, 0.1, 0.1)}
FIRST_SEED, COUNT = 8_100_000, 40
"""Nothing was fitted on these seeds."""
SEEDS = range(FIRST_SEED, FIRST_SEED + COUNT)
FADING = np.linspace(0.8, 0.5, 61)
"""Shares of blue, from a colour that stays to one that is all taken out."""
shares = st.floats(0.05, 1)


@pytest.fixture(scope="module")
def model() -> Model:
    return load()


@pytest.fixture(scope="module")
def blind(model: Model) -> Model:
    """The same bundle without a limit for colour."""
    manifest = msgspec.structs.replace(model.manifest, coloured=0.0)
    return load(replace(model.bundle, manifest=manifest), check=False)


@pytest.fixture(scope="module")
def daylight() -> np.ndarray:
    return generate(FIRST_SEED, (896, 640), cracked=True, kind="concrete").pixels


def concrete(seed: int, side: int = 64) -> np.ndarray:
    rng = np.random.default_rng(seed)
    grey = rng.normal(140, 12, (side, side, 1)) + rng.normal(0, 2, (side, side, 3))
    return np.clip(grey, 0, 255).astype(np.uint8)


def lit(pixels: np.ndarray, light: tuple[float, float, float]) -> np.ndarray:
    """As a camera saves a picture in this light: each colour by its share, noise, JPEG."""
    seen = 255 * ((pixels / 255) ** 2.2 * np.array(light)) ** (1 / 2.2)
    seen += np.random.default_rng(0).normal(0, 3, pixels.shape)
    file = io.BytesIO()
    Image.fromarray(np.clip(np.rint(seen), 0, 255).astype(np.uint8)).save(file, "JPEG", quality=80)
    return np.array(Image.open(file))


def called(model: Model, pictures: list[np.ndarray]) -> float:
    return [model.predict(pixels).verdict for pixels in pictures].count("crack") / len(pictures)


class TestWhatIsTakenOut:
    @pytest.mark.parametrize("light", LIGHTS.values())
    def test_the_colour_of_the_light(self, light):
        daylight = generate(FIRST_SEED, (128, 128), kind="concrete").pixels
        seen = out_of_coloured_light(lit(daylight, light), COLOURED)
        assert seen.dtype == np.uint8
        assert (seen == seen[..., :1]).all()
        plain = lit(daylight, (1, 1, 1)).mean(-1).ravel()
        assert np.corrcoef(plain, seen[..., 0].ravel())[0, 1] > 0.85

    def test_weak_colours_count_little(self):
        """What is left of blue under sodium lamps is noise."""
        orange = np.stack([concrete(2)[..., 0], concrete(2)[..., 0] // 2, np.zeros((64, 64), np.uint8)], -1)
        noisy = orange.copy()
        noisy[..., 2] = np.random.default_rng(3).integers(0, 12, (64, 64))
        left, there = (out_of_coloured_light(one, COLOURED).astype(int) for one in (orange, noisy))
        assert np.abs((left - left.mean()) - (there - there.mean())).max() <= 3

    @given(seed=st.integers(0, 99), light=st.tuples(shares, shares, shares), turn=st.integers(0, 7))
    def test_the_same_however_the_picture_is_held(self, seed, light, turn):
        held = Facing(*(bool(turn >> bit & 1) for bit in range(3)))
        pixels = np.rint(concrete(seed) * np.array(light)).astype(np.uint8)
        one, other = out_of_coloured_light(held.turned(pixels), COLOURED), out_of_coloured_light(pixels, COLOURED)
        # Means of places that are summed in another order may round to the other side.
        assert np.abs(one.astype(int) - held.turned(other)).max() <= 1

    def test_a_little_more_colour_changes_a_little(self):
        grey = concrete(4).astype(float)
        steps = [out_of_coloured_light(np.rint(grey * [1, 1, blue]).astype(np.uint8), COLOURED) for blue in FADING]
        moved = [np.abs(one.astype(int) - other).mean() for one, other in zip(steps[1:], steps[:-1], strict=True)]
        assert max(moved) < 3
        assert cast(steps[-1]) == 1


class TestWhatStays:
    @pytest.mark.parametrize("seed", range(4))
    def test_a_picture_in_daylight_is_the_very_same(self, seed):
        pixels = concrete(seed)
        assert out_of_coloured_light(pixels, COLOURED) is pixels

    def test_a_bundle_without_a_limit_changes_nothing(self, blind):
        orange = lit(concrete(1), LIGHTS["sodium"])
        assert blind.in_plain_light(orange) is orange

    def test_what_is_coloured_in_places(self):
        """Red bricks, grey mortar: the picture is as red as one in red light."""
        bricks = concrete(5)
        bricks[np.arange(64) % 16 > 3] = concrete(6)[np.arange(64) % 16 > 3] * np.array([1, 0.5, 0.4])
        assert cast(bricks) > COLOURED + 0.2
        assert out_of_coloured_light(bricks, COLOURED) is bricks

    @pytest.mark.parametrize("shape", [(1, 1), (1, 40), (9, 3)])
    @pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (255, 0, 0), (9, 2, 0)])
    def test_the_size_of_whatever_there_is(self, shape, colour):
        seen = out_of_coloured_light(np.full((*shape, 3), colour, np.uint8), COLOURED)
        assert seen.shape == (*shape, 3)


class TestVerdicts:
    @pytest.mark.parametrize("name", LIGHTS)
    def test_cracks_are_found_as_in_daylight(self, model, blind, name):
        cracked = [generate(seed, cracked=True, kind="concrete").pixels for seed in SEEDS]
        sound = [generate(seed, cracked=False, kind="concrete").pixels for seed in SEEDS]
        daylight = called(model, [lit(pixels, (1, 1, 1)) for pixels in cracked])
        seen = [lit(pixels, LIGHTS[name]) for pixels in cracked]
        assert called(model, seen) >= daylight - 0.1
        assert called(model, seen) > called(blind, seen)
        assert called(model, [lit(pixels, LIGHTS[name]) for pixels in sound]) <= 0.1

    def test_scores_and_embeddings_are_those_of_the_picture_as_it_is_seen(self, model, blind):
        orange = lit(generate(FIRST_SEED, cracked=True).pixels, LIGHTS["sodium"])
        grey = model.in_plain_light(orange)
        assert model.score(orange).score == blind.score(grey).score
        assert np.array_equal(model.embed(orange), blind.embed(grey))
        assert model.predict(orange).probability == blind.predict(grey).probability


class TestPhotos:
    @pytest.mark.parametrize("name", ["sodium", "blue"])
    def test_found_and_measured_as_in_daylight_and_shown_as_they_are(self, model, daylight, name):
        before = inspect_photo(model, open_photo(lit(daylight, (1, 1, 1)))).record
        orange = lit(daylight, LIGHTS[name])
        inspection = inspect_photo(model, open_photo(orange))
        after = inspection.record
        assert before.verdict == after.verdict == "crack"
        (length, width), (length_there, width_there) = (
            (sum(zone.length_px for zone in one.zones), one.zones[0].width_median_px.value) for one in (before, after)
        )
        assert length_there == pytest.approx(length, rel=0.15)
        assert width_there == pytest.approx(width, rel=0.2)
        assert np.array_equal(inspection.photo.upright(), orange)
        assert model.predict(orange).verdict == "crack"

    def test_a_frame_around_a_photo_in_coloured_light_is_put_back(self, model, daylight):
        orange = lit(daylight, LIGHTS["sodium"])
        framed = np.pad(orange, ((80, 80), (0, 0), (0, 0)))
        inspection = inspect_photo(model, open_photo(framed), InspectOptions(all_zones=True))
        assert inspection.photo.lit is not None
        assert np.array_equal(inspection.photo.upright(), framed)

    def test_a_photo_in_daylight_is_kept_once(self, model, daylight):
        photo = open_photo(daylight)
        assert photo.in_plain_light(model) is photo
