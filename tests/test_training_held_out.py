"""What a bundle's rules are fitted on beside the validation rows."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from crackscope import images, recipes
from crackscope.records import Row
from crackscope.training.held_out import SIDE_PX, Given, Maker, Picture, every, more_sound

DEFAULT = recipes.load("default")
RECIPE = msgspec.structs.replace(DEFAULT, mixture=msgspec.structs.replace(DEFAULT.mixture, bare=("leaves",)))


def made(makers: Sequence[Maker]) -> list[Picture]:
    return [picture for make in makers for picture in make()]


@pytest.mark.parametrize("shape", [(1, 1), (20, 90), (400, 300)])
def test_a_picture_of_no_surface_gives_pieces_whatever_its_size(tmp_path: Path, shape: tuple[int, int]) -> None:
    path = tmp_path / "leaf.png"
    images.write_png(np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8), path)
    given = Given(4, [], [Row(path=str(path), label="sound", surface="leaves")], 1)
    pieces = made(every(RECIPE, given))
    assert len(pieces) == 5
    assert {piece.pixels.shape for piece in pieces} == {(SIDE_PX, SIDE_PX, 3)}
    assert {(piece.surface, piece.cracked, piece.source) for piece in pieces} == {("", False, 0)}


def test_kinds_that_were_not_learnt_say_only_what_a_surface_is(tmp_path: Path) -> None:
    rows = [Row(path=str(tmp_path / f"{number}.png"), label="sound", surface="wall") for number in range(10)]
    for row in rows:
        images.write_png(np.zeros((32, 32, 3), np.uint8), Path(row.path))
    given = Given(4, rows, [], 1)
    shown = [picture for picture in made(every(RECIPE, given)) if picture.surface and not picture.row]
    apart = {picture.surface for picture in shown if picture.unlearnt}
    assert apart == {"generated stone", "generated painted", "generated pipe"}
    assert not apart & {picture.surface for picture in shown if not picture.unlearnt}
    assert {picture.cracked for picture in shown if picture.unlearnt} == {True, False}
    assert all(picture.mask is None for picture in shown if picture.unlearnt)
    kinds = msgspec.structs.replace(RECIPE.mixture.kinds, stone=0.2, painted=0.1, pipe=0.1)
    all_learnt = msgspec.structs.replace(RECIPE, mixture=msgspec.structs.replace(RECIPE.mixture, kinds=kinds))
    assert not any(picture.unlearnt for picture in made(every(all_learnt, given)))
    beyond = [{picture.surface for picture in made(more_sound(recipe, given))} for recipe in (RECIPE, all_learnt)]
    assert beyond[1] - beyond[0] == apart
