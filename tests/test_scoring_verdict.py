"""The chance that a sound photo shows as much: kept whatever the windows have to do with each other."""

import math
import re
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from crackscope import inspect, surfaces
from crackscope.bundles import (
    InputSpec,
    KnownSound,
    KnownSurface,
    LocalCalibration,
    Manifest,
    QualityRule,
    VerdictRule,
    pack_projection,
)
from crackscope.images import read
from crackscope.scoring import Heatmap, Quality, alarms_by_surface, load, quality
from crackscope.scoring.by_chance import chance, chance_of_one, lag
from crackscope.scoring.calibrated import Calibrated, Calibrator
from crackscope.scoring.verdict import (
    Look,
    by_threshold,
    cracked,
    judge,
    top_mean,
    unfit,
    unfit_look,
    window_scores,
    windows_seen,
)

RULE = VerdictRule(
    kind="conformal",
    window_px=256,
    top_share=0.015,
    sound=tuple(-math.log(rank / 1000) for rank in range(1, 201)),
    chances=tuple(rank / 1000 for rank in range(1, 202)),
    tail=1.0,
)
"""Sound windows score as an exponential distribution of mean 1 does."""


def said(scores: NDArray[np.float64], windows: float | None = None) -> float:
    """The chance of a photo whose overlapping windows score so."""
    best = sorted(scores, reverse=True)[: math.isqrt(len(scores))]
    return chance([float(score) for score in best], len(scores), windows or len(scores), RULE)


@pytest.mark.parametrize("alike", [1, 4, 20, 400])
def test_sound_photos_are_called_cracked_no_oftener_than_the_rate(alike: int) -> None:
    rng = np.random.default_rng(alike)
    drawn = rng.exponential(1.0, (2000, 400 // alike)).repeat(alike, axis=1)
    called = np.mean([said(scores, windows=400 / alike) <= 0.05 for scores in drawn])
    assert called <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 2000)


def test_a_crack_through_many_windows_is_rarer_than_its_best_window() -> None:
    scores = np.zeros(400)
    scores[:20] = 7.0
    alone = scores.copy()
    alone[1:20] = 0.0
    assert said(scores, 100) < 0.05 < said(alone, 100)


def test_more_to_see_is_never_less_suspicious() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        scores = rng.exponential(1.5, 225)
        assert said(scores + rng.exponential(0.5, 225), 60) <= said(scores, 60)


def test_photos_of_few_windows_are_judged_by_the_best_alone() -> None:
    scores = np.full(36, 5.0)
    assert said(scores, 9) == chance([5.0], 36, 9, RULE)


def test_asking_for_the_best_few_windows_as_well_doubles_the_chance() -> None:
    best = [6.0] * 8
    alone = chance(best[:1], 64, 16, RULE)
    together = 64 / 8 * chance_of_one(best[-1], RULE)
    assert chance(best, 64, 16, RULE) == pytest.approx(2 * min(alone, together))


@pytest.mark.parametrize("place", [0, 3, 198])
def test_sound_windows_that_score_the_same_count_as_scoring_as_high(place: int) -> None:
    assert chance_of_one(RULE.sound[place], RULE) == RULE.chances[place + 1]
    assert chance_of_one(RULE.sound[place] + 1e-9, RULE) == pytest.approx(RULE.chances[place])


def test_the_most_suspicious_windows_are_those_where_the_heat_is() -> None:
    logits = np.full((640, 640), -8.0, np.float32)
    logits[100:104, :] = 6.0
    scores, windows = window_scores(logits, 4, RULE)
    assert windows == 19 * 19
    assert len(scores) == 19
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == scores[-1] == 6.0


@pytest.mark.parametrize(("columns", "every", "windows"), [(40, 1, 25.0), (16, 1, 10.0), (2, 1, 5.0), (40, 2, 12.5)])
def test_a_photo_has_as_many_windows_as_what_it_shows_would_fill(columns: int, every: int, windows: float) -> None:
    """Windows of 32 px, of which none is narrower, in 160 x 160 px. columns: of cells of 4 px that show something, in
    every row, or in every second one and the last."""
    void = np.broadcast_to(np.arange(40) >= columns, (40, 40)) | (np.arange(40)[:, None] % every > 0)
    void[[0, -1], 0] = False
    heat = Heatmap(np.zeros((40, 40), np.float32), 4, np.zeros(1, np.float32), void=void)
    seen = windows_seen(Look(heat, Quality(0.5, 1.0, 0.0, 0.0), (160, 160)), VerdictRule(window_px=32))
    assert seen == pytest.approx(windows, abs=0.02)


@pytest.mark.parametrize(("empty", "windows"), [(0, 3), (4, 3), (5, 2), (12, 1), (15, 1)])
def test_a_window_counts_where_half_of_it_shows_something_or_any_where_none_does(empty: int, windows: int) -> None:
    void = np.broadcast_to(np.arange(16) < empty, (8, 16))
    rule = VerdictRule(window_px=32)
    assert window_scores(np.zeros((8, 16), np.float32), 4, rule, void)[1] == windows


@given(st.data(), st.integers(1, 90), st.integers(1, 90))
def test_heat_lies_in_a_window_wherever_it_is(data: st.DataObject, height: int, width: int) -> None:
    logits = np.full((height, width), -8.0, np.float32)
    logits[data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))] = 6.0
    assert window_scores(logits, 16, RULE)[0][0] > -8


@pytest.mark.parametrize("share", [1e-6, 0.015, 0.07, 0.29, 0.57, 1.0])
def test_a_window_scores_as_the_network_would_score_it(share: float) -> None:
    import torch

    from crackscope.networks import heads

    for side in (1, 2, 3, 7, 8, 10, 20, 32):
        window = np.random.default_rng(side).normal(size=(side, side)).astype(np.float32)
        said = heads.top_mean(torch.from_numpy(window).reshape(1, -1), round(share * 1_000_000))
        assert top_mean(window, share) == pytest.approx(float(said[0]), abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_dots_in_place_of_greys_are_no_blur(seed: int) -> None:
    """As sharp as can be: nobody need hold a camera still."""
    grey = surfaces.generate(seed, (400, 400)).pixels
    dots = np.asarray(Image.fromarray(grey).convert("1").convert("RGB"))
    rule = QualityRule(blurred_px=3.0)
    assert unfit(quality(dots), (400, 400), rule).startswith("black and white")
    assert unfit(quality(dots), (400, 400), QualityRule()) == ""
    soft = cv2.GaussianBlur(grey, (0, 0), 8)
    assert not unfit(quality(soft), (400, 400), rule).startswith("black and white")


def test_a_blur_beyond_what_can_be_measured_is_not_told_to_a_tenth_of_a_pixel() -> None:
    sharp = surfaces.generate(3, (400, 400), kind="concrete", width_px=(6.0, 9.0)).pixels.astype(np.float64)
    reasons = []
    for sigma in (4, 30):
        blurred = gaussian_filter(sharp, (sigma, sigma, 0)).astype(np.uint8)
        reasons.append(unfit(quality(blurred), (400, 400), QualityRule(blurred_px=1.0)))
    assert re.fullmatch(r"blurred: edges are \d+\.\d px wide, cracks would be smeared out", reasons[0])
    assert reasons[1] == "blurred: edges are 12 px wide or more, cracks would be smeared out"


@pytest.mark.parametrize(
    ("seen", "shape", "says"),
    [
        (Quality(0.5, 1.0, 0.5, 0.4), (64, 200), ""),
        (Quality(0.5, 1.0, 0.0, 0.0), (63, 200), "too small: 200x63 px, at least 64 px"),
        (Quality(0.5, 1.0, 0.51, 0.0), (64, 200), "too dark: 51%"),
        (Quality(0.5, 1.0, 0.0, 0.41), (64, 200), "overexposed: 41%"),
        (
            Quality(0.5, 1.0, 0.0, 1.0),
            (64, 200),
            "overexposed: 100% of the pixels are white, as where",
        ),
        (Quality(1.1, 1.0, 0.0, 0.0), (64, 200), "blurred: edges are 2.2 px wide"),
    ],
)
def test_each_limit_is_held_against_its_own_figure(seen: Quality, shape: tuple[int, int], says: str) -> None:
    rule = QualityRule(blurred_px=1.0, dark=0.5, bright=0.4, smallest_px=64)
    reason = unfit(seen, shape, rule)
    assert reason.startswith(says)
    assert bool(reason) == bool(says)
    assert unfit(seen, shape, QualityRule()) == ""


@pytest.mark.parametrize(("cells", "says"), [(256, ""), (255, "too small: 15.9% of the 160x160 px show something")])
def test_beside_a_void_as_many_px_must_show_something_as_the_smallest_photo_has(cells: int, says: str) -> None:
    void = np.arange(40 * 40).reshape(40, 40) >= cells
    heat = Heatmap(np.zeros((40, 40), np.float32), 4, np.zeros(1, np.float32), void=void)
    reason = unfit_look(
        Look(heat, Quality(0.5, 1.0, 0.0, 0.0), (160, 160)), VerdictRule(quality=QualityRule(smallest_px=64))
    )
    assert reason.startswith(says)
    assert bool(reason) == bool(says)


def test_a_patch_is_cracked_from_the_threshold_on() -> None:
    assert [by_threshold(Calibrated(probability, 0.5)) for probability in (0.49, 0.5)] == ["sound", "crack"]


SCORES = st.lists(st.floats(-30, 60), min_size=10, max_size=80)


@settings(max_examples=200)
@given(SCORES, st.floats(-20, 20))
def test_of_a_known_surface_no_more_sound_windows_are_called_cracked_than_its_own_conformal_rule_would(scores, shift):
    sound = tuple(sorted(scores, reverse=True))
    beyond = lag(KnownSound(name="known", sound=sound), RULE)
    for rank in range(1, math.floor(min(0.3, RULE.chances[-1]) * (len(sound) + 1)) + 1):
        rate = rank / (len(sound) + 1) - 1e-9
        assert sum(chance_of_one(score - beyond, RULE) <= rate for score in sound) < rank
    moved = KnownSound(name="known", sound=tuple(score + shift for score in sound))
    assert lag(moved, RULE) == pytest.approx(beyond + shift, abs=1e-6)


def test_a_surface_like_all_others_lags_by_nothing_to_speak_of():
    alike = tuple(-math.log(rank / 501) for rank in range(1, 501))
    assert lag(KnownSound(name="alike", sound=alike), RULE) == pytest.approx(0, abs=0.05)


def test_a_handful_of_windows_says_nothing_of_a_surface():
    assert lag(KnownSound(name="few", sound=(40.0,) * 9), RULE) == 0
    assert lag(KnownSound(name="enough", sound=(40.0,) * 10), RULE) > 30


@pytest.mark.parametrize(("at", "said"), [(0.0, ("sound", "busy")), (9.0, ("crack", ""))])
def test_a_photo_is_held_against_the_sound_windows_of_the_surface_that_it_looks_like(at, said):
    manifest = ruled()
    busy = KnownSurface(name="busy", scale=1.0, shift=0.0, threshold=0.5, centre=(0.0,))
    local = LocalCalibration(projection=pack_projection(np.eye(1, 2)), origin=(0.0,), limit=9.0, surfaces=(busy,))
    known = KnownSound(name="busy", sound=tuple(8.0 - place / 10 for place in range(20)))
    manifest = msgspec.structs.replace(
        manifest, local=local, verdict=msgspec.structs.replace(manifest.verdict, known=(known,))
    )
    heat = Heatmap(np.full((64, 64), 7.0, np.float32), 4, np.array([at, 0.0], np.float32))
    pixels = surfaces.generate(1, (256, 256), kind="concrete").pixels
    reads = Calibrator(manifest, "bundle")
    found = judge(manifest, heat, pixels, 0.05, lambda score: reads.read(score, heat.embedding))
    assert (found.verdict, found.surface) == said


def ruled(mask_threshold: float = -1.0) -> Manifest:
    known = (
        KnownSound(name="calm", sound=(1.0, 0.5, 0.0, -2.0)),
        KnownSound(name="busy", sound=(6.0, 5.0, 4.0, 1.0)),
    )
    verdict = msgspec.structs.replace(RULE, known=known)
    return Manifest(
        name="ruled",
        created_with="test",
        input=InputSpec(),
        stride=4,
        halo=0,
        embedding=2,
        verdict=verdict,
        mask_threshold=mask_threshold,
    )


@pytest.mark.parametrize(
    ("rate", "expected"), [(0.05, {"calm": 0.0, "busy": 0.75}), (0.5, {"calm": 0.75, "busy": 1.0})]
)
def test_what_the_rate_means_on_each_surface_is_counted(rate: float, expected: dict[str, float]) -> None:
    assert alarms_by_surface(ruled(mask_threshold=0.0), rate) == expected


def test_nothing_is_cracked_that_the_mask_could_not_show() -> None:
    found = Calibrated(0.9, 0.5)
    assert [cracked(found, (score, 0.1), ruled(), 0.2) for score in (-1.1, -1.0)] == ["sound", "crack"]
    assert cracked(found, (3.0, 0.3), ruled(), 0.2) == "sound"


def test_what_cannot_be_judged_is_read_as_no_surface_and_shows_no_crack_however_thin():
    """The first of the four patches of METU that the docs show, concrete of the kind that the bundle learnt."""
    sharp = np.ascontiguousarray(read(Path(__file__).parent.parent / "docs" / "metu-labels.jpg").pixels[:, :227])
    model = load(threads=1)
    blurred = np.asarray(cv2.GaussianBlur(sharp, (0, 0), 6.0), np.uint8)
    for pixels, surface, thinnest_px in ((sharp, "metu", 1.0), (blurred, "", None)):
        photo = inspect(pixels, bundle=model)
        assert (photo.surface, photo.thinnest_px) == (surface, thinnest_px)
        assert model.predict(pixels).surface == surface
    assert model.predict(sharp).threshold is not None
    assert model.predict(blurred).threshold is None
