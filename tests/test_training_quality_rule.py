"""The limits of what a bundle judges, which its training pictures may move."""

from pathlib import Path

import numpy as np
import pytest

from crackscope import images
from crackscope.bundles import QualityRule
from crackscope.records import Row
from crackscope.scoring import COLOURED
from crackscope.training.quality_rule import BLURRED_PX, BRIGHT, DARK, quality_rule
from tests.small_patches import patch

USUAL = QualityRule(blurred_px=BLURRED_PX, dark=DARK, bright=BRIGHT, smallest_px=32)


def rows(folder: Path, pictures: list[np.ndarray]) -> list[Row]:
    for number, pixels in enumerate(pictures):
        images.write_png(pixels, folder / f"{number}.png")
    return [Row(path=str(folder / f"{number}.png"), label="sound") for number in range(len(pictures))]


def ordinary(count: int) -> list[np.ndarray]:
    return [patch(number, cracked=number % 2 == 0)[0] for number in range(count)]


def test_ordinary_pictures_leave_the_limits_where_they_are(tmp_path: Path) -> None:
    assert quality_rule(rows(tmp_path, ordinary(12)), 32, 0) == (USUAL, COLOURED, "")


@pytest.mark.parametrize(
    ("odd", "moved", "said"),
    [
        (np.zeros((64, 64, 3), np.uint8), "dark", "2 are too dark"),
        (np.full((64, 64, 3), 255, np.uint8), "bright", "2 are overexposed"),
        (ordinary(1)[0][:24], "smallest_px", "2 are too small"),
    ],
)
def test_what_training_pictures_are_like_moves_that_limit_alone(
    tmp_path: Path, odd: np.ndarray, moved: str, said: str
) -> None:
    rule, coloured, remark = quality_rule(rows(tmp_path, [*ordinary(10), odd, odd]), 32, 0)
    assert {name for name in rule.__struct_fields__ if getattr(rule, name) != getattr(USUAL, name)} == {moved}
    assert getattr(rule, moved) == (24 if moved == "smallest_px" else 1)
    assert coloured == COLOURED
    assert f"of 12 training pictures that were looked at {said}: the bundle judges such" in remark


def test_one_picture_in_a_hundred_moves_nothing_and_one_that_has_gone_neither(tmp_path: Path) -> None:
    few = rows(tmp_path, [*ordinary(4), np.zeros((64, 64, 3), np.uint8)])
    gone = Row(path=str(tmp_path / "gone.png"), label="sound")
    assert quality_rule([*few[:4] * 30, few[4], gone], 32, 0) == (USUAL, COLOURED, "")
    assert quality_rule([gone], 32, 0) == (USUAL, COLOURED, "")


def test_who_learns_from_red_tiles_takes_their_red_for_their_own(tmp_path: Path) -> None:
    red = [np.rint(pixels * np.array([1, 0.5, 0.5])).astype(np.uint8) for pixels in ordinary(12)]
    rule, coloured, remark = quality_rule(rows(tmp_path, red), 32, 0)
    assert (rule, remark) == (USUAL, "")
    assert coloured == pytest.approx(2, abs=0.05)
