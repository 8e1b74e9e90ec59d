"""What a bundle says of its scores, fitted on held-out pictures."""

import math
import weakref
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crackscope import images, recipes, surfaces
from crackscope.bundles import VerdictRule, open_bundle
from crackscope.records import Row
from crackscope.scoring import pack
from crackscope.training.calibrating import fit, known_sound, sound_chances, thinned
from crackscope.training.held_out import Given, Picture
from crackscope.training.held_out_scores import Graphs, Judge, Scored, Tally
from crackscope.training.held_out_scores import score as scored
from crackscope.training.mask_rule import mask_threshold
from crackscope.training.sigmoid import fit_sigmoid
from tests.small_bundle import STRIDE, small_manifest, small_model


def test_scores_that_separate_perfectly_give_a_finite_scale() -> None:
    scale, shift = fit_sigmoid(np.repeat([1.0, -1.0], 10), np.repeat([1.0, 0.0], 10))
    assert scale == pytest.approx(math.log(11))  # each label believed as 11 of 12, as Platt softens it
    assert shift == pytest.approx(0, abs=1e-6)


def test_the_share_of_cracks_does_not_move_where_the_odds_are_even() -> None:
    rng = np.random.default_rng(0)
    scores = np.concatenate([2 + rng.normal(size=100), rng.normal(size=4000)])
    scale, shift = fit_sigmoid(scores, (np.arange(4100) < 100).astype(float))
    assert -shift / scale == pytest.approx(1, abs=0.2)


@settings(max_examples=40)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 99))
def test_the_chance_of_a_sound_window_counts_every_surface_alike(many: int, few: int, seed: int) -> None:
    scores = np.random.default_rng(seed).normal(size=many + few)
    surface = np.repeat(["many", "few"], [many, few])
    falling, chances = sound_chances(scores, surface)
    own = 1 / (many + few)
    for score, chance in zip(falling, chances, strict=True):
        above = [(scores[surface == name] > score).mean() for name in ("many", "few")]
        assert chance == pytest.approx((np.mean(above) + own) / (1 + own))
    assert 0 < chances[0] < chances[-1] < 1 or len(chances) == 1


def test_rows_of_surfaces_that_are_too_small_to_be_known_are_not_looked_at(tmp_path: Path) -> None:
    rows = []
    for number in range(8):
        path = tmp_path / f"{number}.png"
        images.write_png(surfaces.generate(number, (64, 64), number % 2 == 0, "plaster").pixels, path)
        label = "crack" if number % 2 == 0 else "sound"
        rows.append(Row(path=str(path), label=label, surface=("wall", "pier")[number // 4]))
    gone = [Row(path=str(tmp_path / f"gone {number}.png"), label="sound", surface=f"{number}") for number in range(30)]
    recipe = recipes.override(recipes.load("default"), ["head.scales=1"])
    assert fit(Graphs(small_model()), small_manifest().input, recipe, Given(STRIDE, rows, gone, 1)).local is None


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 300), st.integers(1, 60), st.integers(0, 99))
def test_of_many_windows_some_are_kept_evenly_by_rank(count: int, most: int, seed: int) -> None:
    falling = -np.sort(np.random.default_rng(seed).normal(size=count))
    kept = thinned(falling, most)
    assert len(kept) == min(count, most)
    assert set(kept) <= set(falling)
    for rank, score in enumerate(kept, start=1):
        lower = (falling > score).sum() + 1
        assert rank * (count + 1) / (len(kept) + 1) - 1 < lower <= rank * (count + 1) / (len(kept) + 1)


def test_a_bundle_of_a_great_many_surfaces_and_windows_can_be_opened(tmp_path: Path) -> None:
    names = np.array(["wall"] * 6000 + [f"photo {place}" for place in range(400)])
    count = len(names)
    seen = Scored(
        score=np.zeros(count),
        window=np.random.default_rng(0).normal(size=count),
        embedding=np.zeros((count, 1), np.float32),
        as_photo=np.zeros((count, 1), np.float32),
        cracked=np.zeros(count, np.bool_),
        surface=names,
        source=np.arange(count),
        row=np.ones(count, np.bool_),
        scored=np.ones(count, np.bool_),
        maps=[],
    )
    known = known_sound(seen)
    assert "wall" in {one.name for one in known}
    rule = VerdictRule(kind="conformal", window_px=64, sound=(1.0,), chances=(0.02,), known=known)
    manifest = msgspec.structs.replace(small_manifest(), verdict=rule)
    assert (
        open_bundle(pack(tmp_path / "many", manifest, model=small_model(), weights=None).path).manifest.verdict == rule
    )


def test_the_threshold_misses_no_more_than_was_asked_for(tmp_path: Path) -> None:
    rows = []
    for number in range(10):
        made = surfaces.generate(number, (64, 64), number % 2 == 0, "plaster", width_px=(1.0, 5.0))
        path = tmp_path / f"{number}.png"
        images.write_png(made.pixels, path)
        rows.append(Row(path=str(path), label="crack" if number % 2 == 0 else "sound", surface="plaster"))
    manifest = small_manifest()
    recipe = recipes.override(recipes.load("default"), ["miss_rate=0.11", "head.scales=1"])
    found = fit(Graphs(small_model()), manifest.input, recipe, Given(STRIDE, rows, [], 1))
    assert 0.05 < found.threshold < 0.95
    assert found.figures["held_out_misses"] <= 0.11
    assert found.verdict.sound[0] == max(found.verdict.sound)
    (known,) = found.verdict.known
    assert (known.name, len(known.sound)) == ("plaster", 5)
    assert set(known.sound) <= set(found.verdict.sound)
    # The rows, and twice as many generated pictures of each label, all of kinds that were learnt from.
    assert found.calibration.fitted_on == found.figures["held_out_pictures"] == len(rows) * 5
    assert 0 < found.figures["held_out_cracked"] < found.figures["held_out_pictures"]


def test_pictures_are_dropped_once_they_are_scored() -> None:
    alive: list[int] = []
    made: list[weakref.ref[images.Source]] = []

    def make() -> list[Picture]:
        alive.append(sum(one() is not None for one in made))
        pixels = np.zeros((64, 64, 3), np.uint8)
        made.append(weakref.ref(pixels))
        return [Picture(pixels, cracked=False, mask=None, surface="wall")]

    given = Given(STRIDE, [], [], 1)
    judge = Judge(Graphs(small_model()), small_manifest().input, recipes.load("default"), given, photos=False)
    assert len(scored(judge, [make] * 8, 1, Tally(given.tell, 8)).score) == 8
    assert alive == [0] * 8


def test_the_threshold_of_the_mask_lies_where_both_errors_are_few() -> None:
    rng = np.random.default_rng(0)
    mask = np.zeros((64, 64), bool)
    mask[30:33] = True
    logits = np.where(mask[::4, ::4] | mask[2::4, 2::4], 3.0, -3.0) + rng.normal(0, 0.3, (16, 16))
    logits[2:4, 2:12] = 1.0  # what is no crack, and surer than nothing
    found = mask_threshold([(logits.astype(np.float32), mask)], 4)
    assert 0.9 < found < 3
