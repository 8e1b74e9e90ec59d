"""What a bundle's rules are fitted on beside the validation rows."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from crackscope import images, recipes
from crackscope.records import Row
from crackscope.surfaces import KINDS
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
    assert len(pieces) == 12
    assert {piece.pixels.shape for piece in pieces} == {(SIDE_PX, SIDE_PX, 3)}
    assert {(piece.surface, piece.cracked, piece.source) for piece in pieces} == {("", False, 0)}


@pytest.mark.parametrize(
    ("kinds", "silent"),
    [
        ({}, {"stone", "painted", "pipe"}),
        ({"stone": 0.2, "painted": 0.1, "pipe": 0.1}, {"stone", "painted", "pipe"}),
        ({"brick": 0.0}, {"brick", "stone", "painted", "pipe"}),
        (dict.fromkeys(KINDS, 0.0) | {"stone": 1.0}, set(KINDS) - {"stone"}),
    ],
)
def test_some_kinds_say_only_what_a_surface_is(tmp_path: Path, kinds: dict[str, float], silent: set[str]) -> None:
    """Those that were not learnt from, and those that hide cracks, unless nothing else was learnt from."""
    rows = [Row(path=str(tmp_path / f"{number}.png"), label="sound", surface="wall") for number in range(10)]
    for row in rows:
        images.write_png(np.zeros((32, 32, 3), np.uint8), Path(row.path))
    given = Given(4, rows, [], 1)
    shares = msgspec.structs.replace(RECIPE.mixture.kinds, **kinds)
    recipe = msgspec.structs.replace(RECIPE, mixture=msgspec.structs.replace(RECIPE.mixture, kinds=shares))
    shown = [picture for picture in made(every(recipe, given)) if picture.surface and not picture.row]
    apart = {picture.surface for picture in shown if picture.unscored}
    assert apart == {f"generated {kind}" for kind in silent}
    told = {picture.surface for picture in shown if not picture.unscored}
    assert told == {f"generated {kind}" for kind in set(KINDS) - silent}
    assert {picture.cracked for picture in shown if picture.unscored} == {True, False}
    masked = {picture.surface for picture in shown if picture.unscored and picture.mask is not None}
    assert masked == {surface for surface in apart if getattr(shares, surface.removeprefix("generated ")) > 0}
    assert {picture.surface for picture in made(more_sound(recipe, given))} == told
