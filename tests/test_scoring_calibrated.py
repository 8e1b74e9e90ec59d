"""How a score is read: as the surface that a picture looks like was fitted, as ever on what looks like none."""

import math
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackscope import scoring
from crackscope.bundles import KnownSurface, LocalCalibration, Manifest, pack_projection
from crackscope.errors import BundleError
from crackscope.scoring.calibrated import Calibrator
from crackscope.scoring.packing import repack
from tests.small_bundle import EMBEDDING, small_manifest, write_small_bundle
from tests.small_patches import patch

COORDINATES = np.eye(2, EMBEDDING)
HERE, THERE, NOWHERE = (np.zeros(EMBEDDING, np.float32) for _ in range(3))
THERE[0], NOWHERE[1] = 12.0, 40.0
SCORES = st.floats(-50, 50)


def knowing() -> Manifest:
    """A manifest that knows a surface at 0, 0 that reads low scores as cracks, and one at 12, 0 read as ever."""
    common = small_manifest()
    fitted = common.calibration
    hairlines = KnownSurface(name="hairlines", centre=(0.0, 0.0), scale=1.0, shift=2.0, threshold=0.4, fitted_on=40)
    plain = KnownSurface(
        name="plain", centre=(12.0, 0.0), scale=fitted.scale, shift=fitted.shift, threshold=common.threshold
    )
    local = LocalCalibration(
        projection=pack_projection(COORDINATES), origin=(0.0, 0.0), limit=20.0, surfaces=(hairlines, plain)
    )
    return msgspec.structs.replace(common, local=local)


READS = Calibrator(knowing(), "bundle")
COMMON = Calibrator(small_manifest(), "bundle")


def test_at_home_a_surface_is_read_as_it_was_fitted() -> None:
    found = READS.read(-1.0, HERE)
    assert found.surface == "hairlines"
    assert found.probability == pytest.approx(1 / (1 + math.exp(-1.0)), abs=1e-4)
    assert found.threshold == pytest.approx(0.4, abs=1e-4)


@given(SCORES)
def test_what_looks_like_nothing_known_is_read_as_ever(score: float) -> None:
    assert READS.read(score, NOWHERE) == COMMON.read(score, NOWHERE)
    assert READS.read(score) == COMMON.read(score)


@pytest.mark.parametrize("threshold", [0.1234, 0.3, 0.41, 0.9])
def test_what_looks_like_nothing_known_has_the_threshold_of_the_bundle_to_the_last_bit(threshold: float) -> None:
    reads = Calibrator(msgspec.structs.replace(knowing(), threshold=threshold), "bundle")
    assert reads.read(0.0, NOWHERE).threshold == threshold


def test_how_much_each_surface_counts_falls_as_a_normal_density_does_with_the_distance() -> None:
    embedding = np.zeros(EMBEDDING, np.float32)
    embedding[:2] = 3.0, 2.0
    densities = np.exp(-np.array([20.0, 3.0**2 + 2.0**2, 9.0**2 + 2.0**2]) / 2)
    assert READS.weights(embedding) == pytest.approx(densities / densities.sum())


@given(SCORES)
def test_a_surface_without_a_fit_of_its_own_is_read_as_ever(score: float) -> None:
    assert READS.read(score, THERE).probability == pytest.approx(COMMON.read(score).probability, abs=1e-9)
    assert READS.read(score, THERE).threshold == pytest.approx(COMMON.read(score).threshold, abs=1e-9)


@given(st.lists(st.floats(-100, 100), min_size=EMBEDDING, max_size=EMBEDDING), SCORES, SCORES)
def test_wherever_a_picture_lies_a_higher_score_is_no_less_likely_a_crack(
    place: list[float], one: float, other: float
) -> None:
    embedding = np.array(place, np.float32)
    low, high = (READS.read(score, embedding) for score in sorted((one, other)))
    assert low.probability <= high.probability
    assert low.threshold == high.threshold
    assert 0.39 <= low.threshold <= 0.51
    weights = READS.weights(embedding)
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()


@given(st.floats(0, 9))
def test_from_one_surface_outwards_there_is_no_jump(far: float) -> None:
    near, beyond = (READS.read(0.0, np.array([0, y] + [0] * (EMBEDDING - 2), np.float32)) for y in (far, far + 0.01))
    assert abs(near.probability - beyond.probability) < 0.02


def test_an_embedding_that_is_no_number_counts_as_unlike_all() -> None:
    for value in (np.nan, np.inf):
        assert READS.read(0.0, np.full(EMBEDDING, value, np.float32)).surface == ""


def test_a_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(BundleError, match="no number"):
        READS.read(math.nan, HERE)


def test_a_bundle_says_as_which_surface_it_judged(tmp_path: Path) -> None:
    bundle = write_small_bundle(tmp_path / "plain")
    pixels, _ = patch(3, cracked=True)
    scored = scoring.load(bundle).score(pixels)
    at = KnownSurface(
        name="this", centre=tuple((COORDINATES @ scored.embedding).tolist()), scale=2.0, shift=-9.0, threshold=0.01
    )
    local = LocalCalibration(projection=pack_projection(COORDINATES), origin=(0.0, 0.0), limit=30.0, surfaces=(at,))
    manifest = msgspec.structs.replace(bundle.manifest, local=local)
    model = scoring.load(repack(tmp_path / "local", bundle, manifest, model=bundle.model, reference=None))
    said = model.predict(pixels)
    wanted = 1 / (1 + math.exp(-(2 * scored.score - 9)))
    assert said.surface == "this"
    assert said.probability == pytest.approx(wanted, abs=1e-4)
    assert said.threshold == pytest.approx(0.01, abs=1e-4)
    assert said.verdict == ("crack" if wanted >= 0.01 else "sound")
    elsewhere = scoring.load(bundle).predict(pixels)
    assert (elsewhere.surface, elsewhere.threshold) == ("", bundle.manifest.threshold)
