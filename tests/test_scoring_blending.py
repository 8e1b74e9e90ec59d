"""Tiles that are laid over a photo whose network cannot run over it at once, and over one that is scored in pieces."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackscope.scoring.blending import blend
from crackscope.scoring.runtime import Raw
from crackscope.scoring.tiling import Tile, lay
from tests.small_bundle import EMBEDDING, STRIDE, small_manifest

SIDE = 64


class FarFromBorders:
    """A graph that lights up, in each tile, what lies a quarter of its side or more from its borders."""

    def run(self, pixels: np.ndarray) -> Raw:
        assert pixels.shape == (SIDE, SIDE, 3)
        cells = np.arange(SIDE // STRIDE)
        far = np.minimum(cells, cells[::-1]) * STRIDE >= SIDE // 4
        return Raw(0.0, np.outer(far, far).astype(np.float32), np.ones(EMBEDDING, np.float32))


@pytest.mark.parametrize("height", [1, 15, 16, 17, 63, 64, 65])
@given(width=st.integers(1, 300))
def test_each_place_lies_in_the_middle_of_a_tile(height: int, width: int) -> None:
    pixels = np.zeros((height, width, 3), np.uint8)
    lit, embedding, tiles = blend(
        FarFromBorders(),  # type: ignore[arg-type]  # all that is asked of a graph
        small_manifest(),
        pixels,
        lambda function, many: [function(one) for one in many],
    )
    assert lit.shape == (-(-height // STRIDE), -(-width // STRIDE))
    assert (lit > 0).all()
    assert (embedding == 1).all()
    assert tiles >= 1


@pytest.mark.parametrize("order", [1, -1])
def test_where_tiles_overlap_the_largest_is_laid_whichever_comes_first(order: int) -> None:
    heat = np.full((2, 6), -np.inf, np.float32)
    pieces = [(0, np.array([[1, 2, 3, 4]] * 2, np.float32)), (8, np.array([[5, 0, 6, 7]] * 2, np.float32))]
    for left, piece in pieces[::order]:
        lay(heat, piece, Tile(left, 0, 16, 8), (8, 24), 4)
    assert heat.tolist() == [[1, 2, 5, 4, 6, 7]] * 2
