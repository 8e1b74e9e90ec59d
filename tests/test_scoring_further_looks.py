"""Large soft photos are judged at half size as well, what shows nothing is looked at from afar, and what is told goes
with the look that the verdict rests on."""

from dataclasses import replace
from functools import cache

import cv2
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from crackscope import surfaces
from crackscope.images import write_png
from crackscope.inspection import InspectOptions, explain, inspect, open_photo
from crackscope.scoring import DenseOptions, Heatmap, Judgement, Model, facing_of, load
from crackscope.scoring.further_looks import (
    FAR_SHARE,
    Looks,
    heat_at_half,
    joined,
    may_look_again,
    smaller,
    soft,
    times_afar,
)
from crackscope.scoring.quality import Quality, quality
from tests.small_bundle import write_small_bundle

RATE = 0.05
FAINT, PALE, BLURRED, BLURRED_SOUND, SHOWN_TWICE = 3, 1, 6, 1, 4
"""Seeds: cracks that the look at full size refuses (three of them, for blur), and one that both looks show."""


@cache
def photo(seed: int, *, cracked: bool = True, times: float = 3.5, side: int = 300) -> NDArray[np.uint8]:
    """A generated photo enlarged as a zoom does it: 1,050 px."""
    drawn = surfaces.generate(seed, (side, side), cracked).pixels
    enlarged = cv2.resize(drawn, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC)
    return np.asarray(enlarged, np.uint8)


@cache
def model() -> Model:
    """The bundle in the package, on one thread: a seat that is waited for while it is held would never come."""
    return load(threads=1)


@cache
def heat(seed: int, *, cracked: bool = True) -> Heatmap:
    return model().heatmap(photo(seed, cracked=cracked))


def judged(seed: int, *, cracked: bool = True, twice: bool = True) -> Judgement:
    seen = heat(seed, cracked=cracked)
    return model().judge(seen if twice else replace(seen, half=None), photo(seed, cracked=cracked), RATE)


@pytest.mark.parametrize("seed", [FAINT, BLURRED])
def test_a_crack_in_a_photo_refused_for_its_blur_is_found_at_half_size(seed):
    before, after = judged(seed, twice=False), judged(seed)
    assert (before.verdict, before.halved) == ("cannot judge", False)
    assert before.reason.startswith("blurred")
    assert (after.verdict, after.reason, after.halved) == ("crack", "", True)
    assert after.quality == before.quality
    assert after.probability > 0.5
    assert after.chance <= RATE


def test_the_second_look_is_that_at_the_photo_halved():
    half = cv2.resize(photo(BLURRED), (525, 525), interpolation=cv2.INTER_AREA)
    alone = model().judge(replace(model().heatmap(half), half=None), half, RATE)
    told = judged(BLURRED)
    assert told.verdict == alone.verdict == "crack"
    assert told.probability == pytest.approx(alone.probability, abs=1e-6)
    assert told.chance == pytest.approx(2 * alone.chance / (1 - FAR_SHARE), rel=1e-4)


@pytest.mark.parametrize("times", [2.6, 2.8])
def test_photos_too_small_to_be_seen_from_afar_are_judged_at_half_size_too(times):
    """780 and 840 px: a crack that is too wide and pale for so many windows is found where there are fewer."""
    pixels = photo(PALE, times=times)
    seen = model().heatmap(pixels)
    once, told = (model().judge(one, pixels, RATE) for one in (replace(seen, half=None), seen))
    assert once.verdict == "sound"
    assert (told.verdict, told.halved) == ("crack", True)
    assert told.quality == once.quality


def test_a_sharp_photo_in_which_the_first_look_finds_a_crack_is_told_by_it():
    sharp = surfaces.generate(7, (800, 800), True).pixels
    seen = model().heatmap(sharp)
    once, told = (model().judge(one, sharp, RATE) for one in (replace(seen, half=None), seen))
    assert not soft(once)
    assert (told.verdict, told.halved, dict(told.afar)) == ("crack", False, {})
    assert told.chance == pytest.approx(once.chance / (1 - FAR_SHARE))


def test_smaller_copies_are_seen_whole_where_the_photo_is_seen_coarsely_first():
    """Their sides are long enough to be seen so, too, and there it would be the second halving."""
    pixels = photo(FAINT, side=600)
    seen = model().heatmap(pixels)
    told, coarse = (model().judge(seen, pixels, RATE, options=DenseOptions(coarse=first)) for first in (False, True))
    assert (told.verdict, told.halved, sorted(told.afar)) == ("crack", True, [4, 8])
    assert coarse._replace(afar={}) == told._replace(afar={})
    for times, look in told.afar.items():
        copy = smaller(pixels, times)
        assert (look.quality, look.shape) == (quality(copy), copy.shape[:2])
        assert coarse.afar[times].heat.skipped == 0
        assert np.array_equal(coarse.afar[times].heat.logits, look.heat.logits)


def test_a_blurred_photo_without_a_crack_stays_refused():
    before, after = judged(BLURRED_SOUND, cracked=False, twice=False), judged(BLURRED_SOUND, cracked=False)
    assert before.verdict == after.verdict == "cannot judge"
    assert before.reason == after.reason


def test_a_photo_sharp_to_the_pixel_and_cracked_is_judged_by_one_look_at_its_share():
    sharp = np.tile(surfaces.generate(7, (512, 512), True).pixels, (2, 2, 1))
    seen = model().heatmap(sharp)
    assert seen.half is not None
    once = model().judge(replace(seen, half=None), sharp, RATE)
    assert once.quality.sharpness_px < 0.6
    told = model().judge(seen, sharp, RATE)
    assert told._replace(gaping=0, afar={}) == once._replace(chance=once.chance / (1 - FAR_SHARE), afar={})
    assert told.verdict == "crack"


@pytest.mark.parametrize(("light", "reason"), [(0.03, "too dark"), (30.0, "overexposed")])
def test_other_refusals_stay(light, reason):
    pixels = np.clip(photo(BLURRED) * light, 0, 255).astype(np.uint8)
    told = model().judge(heat(BLURRED), pixels, RATE)
    assert (told.verdict, told.halved) == ("cannot judge", False)
    assert told.reason.startswith(reason)


def test_what_is_no_surface_stays_refused_however_it_lights_up():
    """The heatmap is that of a crack, the embedding that of another thing: at half size, or, of a photo that is not too
    blurred to show what it is, as it is."""
    rule = model().manifest.verdict.surface
    for seed, at_half in ((BLURRED, True), (SHOWN_TWICE, False)):
        seen = heat(seed)
        strange = (seen.embedding - 1e3 * np.asarray(rule.weights[: len(seen.embedding)])).astype(np.float32)
        half = replace(seen, half=replace(seen.half, embedding=strange))
        told = model().judge(half if at_half else replace(seen, embedding=strange), photo(seed), RATE)
        assert (told.verdict, told.halved) == ("cannot judge", False)


def test_at_half_size_the_features_are_asked_too():
    """Blurred alike under the heatmap of a crack: the photo that it is of, and one over which confetti lies."""
    pixels, rng = photo(SHOWN_TWICE).copy(), np.random.default_rng(0)
    for x, y, radius, *colour in rng.integers((0, 0, 20, 0, 0, 0), (1050, 1050, 120, 255, 255, 255), (200, 6)).tolist():
        cv2.circle(pixels, (x, y), radius, colour, -1)
    bare, covered = (cv2.GaussianBlur(one, (0, 0), 2.5) for one in (photo(SHOWN_TWICE), pixels))
    told = [model().judge(heat(SHOWN_TWICE), one, RATE) for one in (bare, covered)]
    assert [one.verdict for one in told] == ["crack", "cannot judge"]
    assert told[0].halved


def test_a_photo_too_blurred_to_show_a_surface_need_show_one_at_half_size_alone():
    """As its copy at half size would be judged, which is what a person is advised to try."""
    seen, rule = heat(BLURRED), model().manifest.verdict.surface
    strange = (seen.embedding - 1e3 * np.asarray(rule.weights[: len(seen.embedding)])).astype(np.float32)
    told = model().judge(replace(seen, embedding=strange), photo(BLURRED), RATE)
    assert (told.verdict, told.reason, told.halved) == ("crack", "", True)
    assert told.chance == judged(BLURRED).chance


def test_a_photo_that_is_no_surface_at_half_size_is_asked_once_at_the_whole_rate():
    """At half size it looks like another thing, so no second question was put that would have to be paid for."""
    seen, rule = heat(SHOWN_TWICE), model().manifest.verdict.surface
    strange = (seen.half.embedding - 1e3 * np.asarray(rule.weights[: len(seen.embedding)])).astype(np.float32)
    lone = replace(seen, half=replace(seen.half, embedding=strange))
    once = model().judge(replace(seen, half=None), photo(SHOWN_TWICE), RATE)
    twice = model().judge(seen, photo(SHOWN_TWICE), RATE)
    assert (once.verdict, twice.verdict) == ("crack", "crack")
    assert model().judge(lone, photo(SHOWN_TWICE), RATE) == once
    least = model().judge(lone, photo(SHOWN_TWICE), once.chance)
    assert (least.verdict, least.chance, least.halved) == ("crack", once.chance, False)


def test_what_was_put_out_stays_so_at_half_size():
    drawn = surfaces.generate(SHOWN_TWICE, (300, 300), True).mask.astype(np.uint8)
    near = cv2.dilate(drawn, np.ones((9, 9), np.uint8))
    rows, columns = heat(SHOWN_TWICE).logits.shape
    hidden = cv2.resize(near, (columns, rows), interpolation=cv2.INTER_NEAREST) > 0
    assert judged(SHOWN_TWICE).verdict == "crack"
    told = model().judge(heat(SHOWN_TWICE).without(hidden), photo(SHOWN_TWICE), RATE)
    assert told.verdict == "sound"
    assert told.chance > 10 * RATE


def test_what_is_put_out_does_not_light_up_through_what_is_enlarged_beside_it():
    """A cell at a quarter of the size is four cells wide, and reaches half its width farther when it is enlarged."""
    none = np.zeros(0, np.float32)
    full, half, quarter = (np.full((side, side), -4, np.float32) for side in (32, 16, 8))
    quarter[3, 4] = 20
    hidden = np.zeros(full.shape, np.bool_)
    hidden[12:16, 16:20] = True
    shown = Heatmap(full, 4, none, half=Heatmap(half, 4, none))
    assert heat_at_half(shown, quarter).logits.max() > 0
    told = heat_at_half(shown.without(hidden), quarter).logits
    assert told.shape == half.shape
    assert (told <= -4).all()


def test_half_size_says_no_crack_that_full_size_cannot_show():
    seen, least = heat(FAINT), model().manifest.mask_threshold
    assert judged(FAINT).verdict == "crack"
    dimmed = replace(seen, logits=np.minimum(seen.logits, np.float32(least - 0.1)))
    told = model().judge(dimmed, photo(FAINT), RATE)
    assert not told.halved
    # From afar it shows, and has a heatmap of its own to be traced on.
    assert (told.verdict, told.from_afar) == ("crack", 4)


def test_every_caller_says_the_same(tmp_path):
    path = tmp_path / "soft.png"
    write_png(photo(FAINT), path)
    seen = facing_of(photo(FAINT)).turned(photo(FAINT))
    told, predicted = model().judge(model().heatmap(seen), seen, RATE), model().predict(path)
    assert (predicted.verdict, predicted.reason, predicted.halved) == ("crack", "", True)
    found = inspect(path, bundle=model())
    coarse = inspect(path, bundle=model(), options=InspectOptions(coarse=True))
    assert found.probability == predicted.probability == told.probability
    assert found.chance == predicted.chance == told.chance
    for one in (found, coarse):
        assert (one.verdict, one.reason, one.halved) == ("crack", "", True)
        assert one.zones


def test_a_crack_painted_over_is_judged_by_both_looks():
    shown = model().in_plain_light(photo(SHOWN_TWICE))
    evidence = explain(model(), open_photo(shown), zone=1)
    (painted,) = evidence.explanation.painted
    left, top, wide, high = painted.window
    whole = shown.copy()
    whole[top : top + high, left : left + wide] = evidence.pictures[1]
    again = model().judge(model().heatmap(whole), whole, RATE)
    assert painted.verdict == again.verdict
    assert painted.probability == pytest.approx(again.probability, abs=1e-3)
    assert painted.chance > evidence.explanation.chance


@pytest.mark.parametrize("turn", [np.fliplr, np.flipud, np.rot90], ids=["mirrored", "upside down", "quarter"])
def test_a_turned_photo_has_the_same_verdict(turn):
    pixels = np.ascontiguousarray(turn(photo(FAINT)))
    told = model().judge(model().heatmap(pixels), pixels, RATE)
    assert (told.verdict, told.halved) == ("crack", True)


@pytest.mark.parametrize("kind", ["concrete", "plaster"])
def test_a_sound_margin_changes_no_verdict(kind):
    """The margin fades in: a hard seam between two pictures would be the sharpest thing in the photo."""
    margin, fading = 96, 48
    side = 1050 + 2 * margin
    drawn = surfaces.generate(5, (side // 3, side // 3), False, kind).pixels
    around = cv2.resize(drawn, (side, side), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    inside = cv2.copyMakeBorder(photo(FAINT), *[margin] * 4, cv2.BORDER_REFLECT_101).astype(np.float32)
    outside = np.ones((side, side), np.uint8)
    outside[margin:-margin, margin:-margin] = 0
    share = np.clip(cv2.distanceTransform(outside, cv2.DIST_L2, 5) / fading, 0, 1)[..., None]
    framed = np.round(np.clip(around * share + inside * (1 - share), 0, 255)).astype(np.uint8)
    told = model().judge(model().heatmap(framed), framed, RATE)
    assert (told.verdict, told.halved) == ("crack", True)


def test_no_chance_is_told_where_the_verdict_does_not_rest_on_it(tmp_path):
    small = load(write_small_bundle(tmp_path / "small"))
    assert inspect(photo(FAINT), bundle=small).chance is small.predict(photo(FAINT)).chance is None
    dark = np.zeros((600, 600, 3), np.uint8)
    assert inspect(dark, bundle=model()).chance is model().predict(dark).chance is None


def test_bundles_with_a_bare_threshold_or_one_scale_look_once(tmp_path):
    pixels = photo(FAINT)
    small = load(write_small_bundle(tmp_path / "small"))
    for one in (small.heatmap(pixels), small.heatmap(pixels, options=DenseOptions(scales=2))):
        first = small.judge(one, pixels, RATE)
        assert not may_look_again(small.manifest, one, first, pixels.shape[:2])
    single = model().heatmap(pixels, options=DenseOptions(scales=1))
    assert single.half is None
    assert model().judge(single, pixels, RATE).verdict == "cannot judge"


def test_small_photos_and_bundles_that_know_no_chance_look_once():
    once = judged(FAINT, twice=False)
    assert may_look_again(model().manifest, heat(FAINT), once, (1024, 1024))
    assert not may_look_again(model().manifest, heat(FAINT), once, (4000, 767))
    blank = msgspec.structs.replace(model().manifest.verdict, sound=(), chances=())
    assert not may_look_again(msgspec.structs.replace(model().manifest, verdict=blank), heat(FAINT), once, (1024, 1024))


def test_only_soft_photos_are_judged_at_half_size():
    once = judged(FAINT, twice=False)
    for blur_px in (0.55, 0.65):
        assert soft(once._replace(quality=once.quality._replace(sharpness_px=blur_px))) == (blur_px > 0.6)


CHANCES = st.floats(0, 1)
SEEN = Quality(1.0, 1.0, 0.0, 0.0)
SEEN_SMALLER = Quality(0.4, 0.5, 0.1, 0.0)


def look(chance: float, probability: float, reason: str = "", seen: Quality = SEEN_SMALLER) -> Judgement:
    verdict = "cannot judge" if reason else "crack" if chance <= RATE else "sound"
    return Judgement(verdict, probability, reason, seen, chance)


@settings(max_examples=200)
@given(CHANCES, CHANCES, st.booleans(), st.booleans())
def test_two_looks_at_a_photo_too_small_for_more_share_the_rate(first, half, gentle, shows):
    """A sharp one is asked mostly as it is, and what that finds is told first."""
    seen = SEEN._replace(sharpness_px=1.0 if gentle else 0.4)
    told = joined(Looks(look(first, 0.3, "", seen), look(half, 0.7), times=()), RATE, shows=shows)
    lesser = 0.5 if gentle else FAR_SHARE
    by_first, by_half = first / (1 - lesser) <= RATE, half / lesser <= RATE and shows
    assert told.verdict == ("crack" if by_first or by_half else "sound")
    if by_first and not gentle:
        assert (told.halved, told.chance) == (False, first / (1 - lesser))


SEEN_AFAR = st.dictionaries(st.sampled_from([4, 8, 16]), CHANCES)


@settings(max_examples=300)
@given(CHANCES, st.none() | CHANCES, SEEN_AFAR, st.booleans(), st.booleans())
def test_looks_are_joined_so_that_the_rate_holds(first, half, afar, blurred, shows):
    one = look(first, 0.3, "blurred" if blurred else "", SEEN)
    again = None if half is None else look(half, 0.7)
    far = {times: look(chance, 0.9) for times, chance in afar.items()}
    told = joined(Looks(one, again, far, (4, 8, 16)), RATE, shows=shows)
    near = 1 - FAR_SHARE
    share = near if half is None else near / 2
    by_first = not blurred and first / share <= RATE
    by_half = half is not None and half / share <= RATE and shows
    by_afar = any(chance / (FAR_SHARE / 3) <= RATE for chance in afar.values())
    assert (told.verdict == "crack") == (by_first or by_half or by_afar)
    assert (told.verdict == "cannot judge") == (blurred and not by_half and not by_afar)
    assert bool(told.reason) == (told.verdict == "cannot judge")
    assert (told.halved, bool(told.from_afar)) == (told.probability == 0.7, told.probability == 0.9)
    looks = {0: (half if told.halved else first, share)} | {
        times: (chance, FAR_SHARE / 3) for times, chance in afar.items()
    }
    seen, of_it = looks[told.from_afar]
    assert told.chance == min(1.0, seen / of_it)
    assert told.quality == SEEN
    if told.verdict == "crack":
        assert told.chance <= RATE


@settings(max_examples=50)
@given(CHANCES, CHANCES, st.booleans())
def test_a_look_from_afar_that_cannot_judge_says_nothing(first, half, shows):
    looks = Looks(look(first, 0.3), look(half, 0.7))
    strange = looks._replace(afar={4: look(0.0, 0.9, "unlike any surface")})
    assert joined(strange, RATE, shows=shows) == joined(looks, RATE, shows=shows)


def test_of_the_looks_that_show_a_gaping_crack_the_one_with_the_smallest_chance_is_traced():
    afar = {4: look(0.002, 0.9), 8: look(0.0005, 0.9), 16: look(0.001, 0.9)}
    told = joined(Looks(look(0.0, 0.7), None, afar, (4, 8, 16)), RATE, shows=True)
    assert (told.verdict, told.from_afar, told.gaping) == ("crack", 0, 8)


@pytest.mark.parametrize(("near", "probability", "from_afar"), [(0.9, 0.6, 4), (0.06, 0.6, 4), (0.9, 0.4, 0)])
def test_a_sound_look_from_afar_is_told_where_it_is_suspicious_and_not_for_its_chance(near, probability, from_afar):
    told = joined(Looks(look(near, 0.1), None, {4: look(0.1, probability)}, (4,)), RATE, shows=True)
    assert (told.verdict, told.from_afar) == ("sound", from_afar)


def test_photos_are_looked_at_from_as_far_as_leaves_something_of_them():
    assert times_afar((1024, 5000)) == (4,)
    assert times_afar((2047, 2047)) == (4,)
    assert times_afar((3024, 4032)) == (4, 8)
    assert times_afar((10_000, 10_000)) == (4, 8, 16, 32)


@pytest.mark.parametrize("times", [1, 2, 4, 8])
def test_a_photo_from_afar_is_the_mean_of_its_pixels(times):
    pixels = photo(FAINT)[:1024, :512]
    means = pixels.reshape(1024 // times, times, 512 // times, times, 3).mean((1, 3))
    assert np.abs(smaller(pixels, times) - means).max() <= 1.5


@pytest.mark.parametrize(("width", "refused"), [(120, ""), (160, "unlike any surface")])
def test_a_crack_so_wide_that_a_small_copy_shows_little_surface_is_found_from_afar(width, refused):
    """The copy alone may be refused as unlike any surface, which the photo is not."""
    crack = surfaces.CrackSpec(width_px=(width, width * 1.01), branching=0, breaks=0, contrast=0.7)
    spec = surfaces.SurfaceSpec(seed=303, kind="plaster", size=(1400, 1100), crack=crack, distractors=0)
    drawn = surfaces.make(spec).pixels
    pixels = facing_of(drawn).turned(drawn)
    copy = smaller(pixels, 4)
    alone, told = (model().judge(model().heatmap(one), one, RATE) for one in (copy, pixels))
    assert alone.reason[:18] == refused
    assert (told.verdict, told.reason, told.from_afar) == ("crack", "", 4)
