"""What a bundle's rules are fitted on beside the validation rows."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from crackscope import images, recipes
from crackscope.records import Row
from crackscope.training.held_out import SIDE_PX, Given, every

DEFAULT = recipes.load("default")
RECIPE = msgspec.structs.replace(DEFAULT, mixture=msgspec.structs.replace(DEFAULT.mixture, bare=("leaves",)))


@pytest.mark.parametrize("shape", [(1, 1), (20, 90), (400, 300)])
def test_a_picture_of_no_surface_gives_pieces_whatever_its_size(tmp_path: Path, shape: tuple[int, int]) -> None:
    path = tmp_path / "leaf.png"
    images.write_png(np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8), path)
    given = Given(4, [], [Row(path=str(path), label="sound", surface="leaves")], 1)
    pieces = list(every(RECIPE, given))
    assert len(pieces) == 5
    assert {piece.pixels.shape for piece in pieces} == {(SIDE_PX, SIDE_PX, 3)}
    assert {(piece.surface, piece.cracked, piece.source) for piece in pieces} == {("", False, 0)}
