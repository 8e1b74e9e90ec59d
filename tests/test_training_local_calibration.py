"""Surfaces get a calibration of their own: as far as their held-out pictures say so, and nowhere else."""

import math
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crackscope import images, recipes, scoring, surfaces
from crackscope.bundles import Calibration, KnownSurface, LocalCalibration, pack_projection
from crackscope.records import Row
from crackscope.scoring.calibrated import Calibrator
from crackscope.training.calibrating import fit
from crackscope.training.held_out import Given
from crackscope.training.held_out_scores import Graphs, Scored
from crackscope.training.likeness import likeness
from crackscope.training.local_calibration import Common, fit_local
from tests.small_bundle import EMBEDDING, small_manifest

COMMON = Common(Calibration(scale=1.0, shift=-1.0), 0.75)
PLACES = {"lab": 0, "deck": 1, "road": 2}
MIDDLES = {"lab": 1.0, "deck": -2.0, "road": 3.0}


def embedded(name: str, count: int, rng: np.random.Generator) -> np.ndarray:
    """Embeddings, float32 [count, d], of a surface: far from those of the others; "" is far from all."""
    spread = rng.normal(0, 1, (count, EMBEDDING))
    spread[:, PLACES.get(name, 3)] += 12 if name in PLACES else 40
    return spread.astype(np.float32)


def held_out(counts: dict[str, int], seed: int = 0) -> Scored:
    """So many cracked and as many sound pictures of each surface, whose scores lie 2 logits about its middle."""
    rng = np.random.default_rng(seed)
    parts = []
    for name, count in counts.items():
        cracked = np.arange(2 * count) % 2 == 0
        score = MIDDLES.get(name, 1.0) + np.where(cracked, 2.0, -2.0) + rng.normal(0, 1, 2 * count)
        parts.append((score, embedded(name, 2 * count, rng), cracked, np.full(2 * count, name)))
    score, embedding, cracked, surface = (np.concatenate(column) for column in zip(*parts, strict=True))
    row = np.isin(surface, list(PLACES))
    return Scored(score, score, embedding, embedding, cracked, surface, np.arange(len(score)), row, surface != "", [])


def with_unscored(seen: Scored, score: float) -> Scored:
    """The same, and pictures of a surface that was not learnt from, though it looks like one, all of one score."""
    count, rng = 40, np.random.default_rng(3)
    strange = embedded("lab", count, rng)
    return Scored(
        np.append(seen.score, np.full(count, score)),
        np.append(seen.window, np.full(count, score)),
        np.concatenate([seen.embedding, strange]),
        np.concatenate([seen.as_photo, strange]),
        np.append(seen.cracked, np.arange(count) % 2 == 0),
        np.append(seen.surface, np.full(count, "generated stone")),
        np.arange(len(seen.score) + count),
        np.append(seen.row, np.zeros(count, np.bool_)),
        np.append(seen.scored, np.zeros(count, np.bool_)),
        [],
    )


def shown(names: tuple[str, ...], count: int = 60, seed: int = 9) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return np.concatenate([embedded(name, count, rng) for name in names]), np.repeat(names, count)


def fitted(counts: dict[str, int], seed: int = 0) -> LocalCalibration:
    local = fit_local(held_out(counts | {"generated": 40}, seed), shown(tuple(counts)), COMMON)
    assert local is not None
    return local


def test_scores_of_surfaces_that_were_not_learnt_say_nothing() -> None:
    counts = {"lab": 80, "deck": 80}
    seen, like = held_out(counts), shown(tuple(counts))
    high, low = (fit_local(with_unscored(seen, score), like, COMMON) for score in (60.0, -60.0))
    assert high is not None
    assert high == low


def cut(local: LocalCalibration, name: str) -> float:
    """The score from which on the verdict is `crack` on a surface."""
    known = next(one for one in local.surfaces if one.name == name)
    return (math.log(known.threshold / (1 - known.threshold)) - known.shift) / known.scale


def reader(local: LocalCalibration) -> Calibrator:
    manifest = msgspec.structs.replace(
        small_manifest(), calibration=COMMON.calibration, threshold=COMMON.threshold, local=local
    )
    return Calibrator(manifest, "bundle")


def test_each_surface_is_cut_in_its_own_middle() -> None:
    local = fitted({"lab": 300, "deck": 300, "road": 300})
    for name, middle in MIDDLES.items():
        assert cut(local, name) == pytest.approx(middle, abs=0.6)


def test_verdicts_on_new_pictures_get_better_where_surfaces_differ_and_stay_where_nothing_is_known() -> None:
    reads = reader(fitted({"lab": 100, "deck": 30}))
    new = held_out({"lab": 200, "deck": 200, "elsewhere": 200}, seed=5)
    found = [reads.read(float(score), place) for score, place in zip(new.score, new.embedding, strict=True)]
    right = np.array([one.probability >= one.threshold for one in found]) == new.cracked
    common = np.array([reads.read(float(score)).probability >= COMMON.threshold for score in new.score])
    deck, elsewhere = new.surface == "deck", new.surface == "elsewhere"
    assert right[deck].mean() > (common == new.cracked)[deck].mean() + 0.2
    assert right[deck].mean() > 0.9
    assert (right == (common == new.cracked))[elsewhere].all()
    assert {one.surface for one, here in zip(found, elsewhere, strict=True) if here} == {""}


def test_few_pictures_move_a_surface_less_than_many() -> None:
    moved = [abs(cut(fitted({"lab": 60, "deck": count}), "deck") - 1.0) for count in (10, 40, 400)]
    assert moved[0] < moved[1] < moved[2]


def test_too_few_pictures_of_a_label_leave_a_surface_as_it_is() -> None:
    deck = next(one for one in fitted({"lab": 60, "deck": 9}).surfaces if one.name == "deck")
    assert (deck.scale, deck.shift, deck.threshold) == (1.0, -1.0, 0.75)
    assert (deck.fitted_on, deck.misses, deck.false_alarms) == (0, None, None)


@pytest.mark.parametrize("counts", [{"lab": 60}, {"lab": 9, "deck": 9}])
def test_one_surface_or_too_few_pictures_of_all_have_no_local_part(counts: dict[str, int]) -> None:
    assert fit_local(held_out(counts | {"generated": 40}), shown(tuple(counts)), COMMON) is None


def test_surfaces_that_nobody_can_tell_apart_are_read_alike() -> None:
    one = held_out({"lab": 100, "generated": 40})
    mixed = one._replace(surface=np.where(one.row & (np.arange(len(one.row)) % 4 < 2), "other", one.surface))
    places, names = shown(("lab",), 120)
    local = fit_local(mixed, (places, np.where(np.arange(len(names)) % 2 == 0, "other", names)), COMMON)
    assert local is not None
    reads = reader(local)
    found = [reads.read(1.0, place).probability for place in places]
    assert max(found) - min(found) < 0.1


@settings(max_examples=15)
@given(st.floats(0.1, 100), st.floats(-50, 50), st.integers(0, 100))
def test_units_of_the_embedding_change_no_weight(stretch: float, offset: float, seed: int) -> None:
    places, names = shown(("lab", "deck", "road"), seed=seed)
    others = embedded("", 30, np.random.default_rng(seed))
    new = np.concatenate([places[::7], others])
    plain = likeness(places, names, others).limited(places, names)
    moved = [(one * stretch + offset).astype(np.float32) for one in (places, others, new)]
    other = likeness(moved[0], names, moved[1]).limited(moved[0], names)
    assert np.abs(plain.weights(new) - other.weights(moved[2])).max() < 0.05


def test_what_training_reckons_with_is_what_a_bundle_reads_with() -> None:
    """Between surfaces, too, where both say how much each of them counts."""
    places, names = shown(("lab", "deck", "road"))
    found = likeness(places, names, embedded("", 30, np.random.default_rng(1))).limited(places, names)
    local = LocalCalibration(
        projection=pack_projection(found.projection),
        origin=tuple(found.origin.tolist()),
        limit=found.limit,
        surfaces=tuple(
            KnownSurface(name=name, centre=tuple(centre), scale=1.0, shift=0.0, threshold=0.5)
            for name, centre in zip(found.names, found.centres.tolist(), strict=True)
        ),
    )
    between = np.concatenate([places[::5], (places[names == "lab"][:20] + places[names == "deck"][:20]) / 2])
    read = np.stack([reader(local).weights(place) for place in between])
    assert np.abs(read - found.weights(between)).max() < 0.02
    assert ((read > 0.05) & (read < 0.95)).any()


def test_a_feature_that_never_changes_is_passed_over() -> None:
    places, names = shown(("lab", "deck"))
    places[:, -1] = 7.0
    found = likeness(places, names, embedded("", 30, np.random.default_rng(1)))
    assert np.isfinite(found.projection).all()
    assert (found.projection[:, -1] == 0).all()


def test_what_is_stated_of_a_surface_is_what_new_pictures_give() -> None:
    counts = {"lab": 400, "deck": 400}
    local = fitted(counts)
    reads, new = reader(local), held_out(counts, seed=6)
    for known in local.surfaces:
        here = new.surface == known.name
        found = [reads.read(float(s), place) for s, place in zip(new.score[here], new.embedding[here], strict=True)]
        said = np.array([one.probability >= one.threshold for one in found])
        assert known.misses == pytest.approx((~said[new.cracked[here]]).mean(), abs=0.03)
        assert known.false_alarms == pytest.approx(said[~new.cracked[here]].mean(), abs=0.03)


def test_a_split_that_names_surfaces_gives_a_bundle_that_tells_them_apart(tmp_path: Path) -> None:
    rows = []
    for number in range(64):
        kind, cracked = ("brick", "plaster")[number >= 20 and number % 2], number % 4 < 2
        path = tmp_path / f"{number}.png"
        images.write_png(surfaces.generate(number, (64, 64), cracked, kind).pixels, path)
        rows.append(Row(path=str(path), label="crack" if cracked else "sound", surface=kind))
    default = scoring.load()
    given = Given(default.manifest.stride, rows[:24], rows[24:], 1)
    found = fit(Graphs(default.bundle.model), default.manifest.input, recipes.load("default"), given)
    assert found.local is not None
    assert [(one.name, one.fitted_on > 0) for one in found.local.surfaces] == [("brick", True), ("plaster", False)]
    reads = Calibrator(msgspec.structs.replace(default.manifest, local=found.local, verdict=found.verdict), "bundle")
    told: dict[str, list[bool]] = {"patch": [], "photo": []}
    for row in rows:
        pixels = images.read(row.path).pixels
        seen = {"patch": default.score(pixels).embedding, "photo": default.heatmap(pixels).embedding}
        assert np.abs(seen["patch"] - seen["photo"]).max() > 0.1  # a patch ends in zeros, a photo goes on
        for way, embedding in seen.items():
            told[way].append(reads.read(0.0, embedding).surface in ("", row.surface))
    assert {way: np.mean(right) > 0.9 for way, right in told.items()} == {"patch": True, "photo": True}
    reads = Calibrator(msgspec.structs.replace(default.manifest, local=found.local), "bundle")
    seen = [reads.read(0.0, default.score(images.read(row.path).pixels).embedding).surface for row in rows[24:]]
    assert np.mean([name == row.surface for name, row in zip(seen, rows[24:], strict=True)]) > 0.8
