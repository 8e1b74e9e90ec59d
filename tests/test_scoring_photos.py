"""Photos, judged as a whole by a bundle with a rule for them."""

import threading
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from crackscope.bundles import VerdictRule
from crackscope.errors import BundleError
from crackscope.scoring import Model, StoppedError, load, pack
from crackscope.surfaces import generate
from tests.small_bundle import small_manifest, small_model


@pytest.fixture(scope="module")
def model() -> Model:
    return load(threads=2)


def photo(seed: int = 1) -> NDArray[np.uint8]:
    return generate(seed, (700, 600), True).pixels


def test_a_photo_that_goes_through_at_once_has_no_tiles(model: Model) -> None:
    assert model.predict(photo()).tiles == 1


def test_tiles_are_counted_where_a_photo_is_cut(tmp_path: Path) -> None:
    rule = VerdictRule(kind="conformal", window_px=64, top_share=0.015, sound=(9.0,), chances=(0.01,), tail=1.0)
    manifest = msgspec.structs.replace(small_manifest(fixed=True), verdict=rule)
    cut = load(pack(tmp_path / "fixed", manifest, model=small_model(64), weights=None), threads=2)
    heat = cut.heatmap(photo())
    assert heat.tiled
    assert cut.predict(photo()).tiles == heat.tiles > 1


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_a_heatmap_without_numbers_is_never_sound(model: Model, number: float) -> None:
    heat = model.heatmap(photo())
    spoilt = heat.logits.copy()
    spoilt[40, 50] = number
    for half in (heat.half, None):
        with pytest.raises(BundleError, match="no number"):
            model.judge(replace(heat, logits=spoilt, half=half), photo())


def test_a_photo_that_nobody_waits_for_is_not_scored(model: Model) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedError):
        model.predict(photo(), stop=stop)
    assert model.predict(photo()).verdict == "crack"
