"""A real crack laid over another surface: what changes, what does not, and what is not worth carrying."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from crackscope.images import write_png
from crackscope.recipes import Augmentation, Mixture
from crackscope.records import Row
from crackscope.surfaces import generate
from crackscope.training.batches import Batch
from crackscope.training.carrying import LIP_PX, carry_crack
from crackscope.training.mixture import FromMixture
from crackscope.training.pictures import Reader

CRACKED = generate(5, (160, 160), True, "concrete", (4.0, 7.0))


def sound(seed: int, kind: str) -> NDArray[np.uint8]:
    return generate(seed, (160, 160), False, kind).pixels


@given(seed=st.integers(0, 500), kind=st.sampled_from(["brick", "tile", "asphalt", "plaster"]))
@settings(deadline=None, max_examples=10)
def test_the_crack_is_seen_and_the_rest_stays(seed: int, kind: str) -> None:
    target = sound(seed, kind)
    carried = carry_crack(target, CRACKED.pixels, CRACKED.mask)
    assert carried is not None
    laid, mask = carried
    assert np.array_equal(mask, CRACKED.mask)
    away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    assert np.array_equal(laid[away > 3 * LIP_PX], target[away > 3 * LIP_PX])
    change = laid[mask].astype(float).mean() / target[mask].astype(float).mean()
    around = (away > 3 * LIP_PX) & (away < 30)
    shade = CRACKED.pixels[mask].astype(float).mean() / CRACKED.pixels[around].astype(float).mean()
    assert change == pytest.approx(shade, abs=0.12)


def test_less_strength_is_a_fainter_crack() -> None:
    target = sound(3, "plaster")
    faint, plain = (carry_crack(target, CRACKED.pixels, CRACKED.mask, strength) for strength in (0.5, 1.0))
    assert faint is not None
    assert plain is not None
    kept = [target[CRACKED.mask].mean() - laid[CRACKED.mask].mean() for laid, _ in (faint, plain)]
    assert kept[0] == pytest.approx(kept[1] / 2, rel=0.1)


def test_what_would_not_be_seen_is_not_carried() -> None:
    target = sound(3, "plaster")
    assert carry_crack(target, CRACKED.pixels, np.zeros((160, 160), np.bool_)) is None
    assert carry_crack(target, sound(7, "concrete"), CRACKED.mask) is None
    assert carry_crack(target, CRACKED.pixels, CRACKED.mask, 0.05) is None


def test_a_mixture_carries_cracks_alike_in_every_run(tmp_path: Path) -> None:
    write_png(CRACKED.pixels, tmp_path / "cracked.png")
    write_png(CRACKED.mask.astype(np.uint8) * 255, tmp_path / "mask.png")
    write_png(sound(1, "plaster"), tmp_path / "sound.png")
    rows = [
        Row(path=str(tmp_path / "cracked.png"), label="crack", mask=str(tmp_path / "mask.png"), surface="lab"),
        Row(path=str(tmp_path / "sound.png"), label="sound", surface="lab"),
    ]
    how = Augmentation(crop=96, scale=(0.8, 1.2))

    def batch(carried: float) -> Batch:
        mixture = Mixture(cracked=0, masked=0, drawn=3, sound=1, generated=0.5, carried=carried)
        return next(FromMixture(rows, [], Reader(None, how, 7), mixture, (16, 1)).epoch(0))

    first, again, drawn = batch(1.0), batch(1.0), batch(0.0)
    assert first.masks is not None
    assert again.masks is not None
    assert torch.equal(first.inputs, again.inputs)
    assert torch.equal(first.masks, again.masks)
    assert torch.equal(first.labels, first.masks.flatten(1).any(1).float())
    assert first.labels[:12].mean() > 0.8
    assert not torch.equal(first.inputs[:12], drawn.inputs[:12])
    assert torch.equal(first.inputs[12:], drawn.inputs[12:])
