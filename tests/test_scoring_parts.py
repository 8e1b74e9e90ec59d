"""The map of a photo in parts: what is chosen, with how much around it, and how many at once."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from crackscope.bundles import default_bundle, open_bundle
from crackscope.scoring import Graph
from crackscope.scoring.anatomy import dissect
from crackscope.scoring.crew import Crew
from crackscope.scoring.flow import at_once
from crackscope.scoring.parts import CONTEXT_PX, Parts, parts_around
from crackscope.scoring.runtime import Piece
from crackscope.scoring.stages import plan
from crackscope.surfaces import generate

GRAIN, STRIDE = 32, 4
HEIGHT, WIDTH = 518, 451
CORNERS_AND_A_SQUARE = ((0, 0), (16, 0), (16, 14), (8, 7))


class Watched(Piece):
    """The default network; what it was shown, and by how many threads at most at one time."""

    def __init__(self) -> None:
        super().__init__(open_bundle(default_bundle()).model)
        self.seen: list[NDArray[np.uint8]] = []
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()

    def run(self, outputs: Sequence[str], inputs: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        with self._lock:
            self.seen.append(inputs["images"][0])
            self._now += 1
            self.most = max(self.most, self._now)
        answer = super().run(outputs, inputs)
        with self._lock:
            self._now -= 1
        return answer


def one_by_one(function: Any, items: Sequence[Any]) -> None:
    for item in items:
        function(item)


def wanted(places: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    squares = np.zeros((-(-HEIGHT // GRAIN), -(-WIDTH // GRAIN)), np.bool_)
    for row, column in places:
        squares[row, column] = True
    return squares


def test_a_part_shows_what_the_network_says_of_it_with_so_much_of_the_photo_around() -> None:
    pixels = generate(3, (WIDTH, HEIGHT), True).pixels
    parts = parts_around(wanted(CORNERS_AND_A_SQUARE), GRAIN)
    graph = Watched()
    found = parts.map(graph, pixels, STRIDE, one_by_one, 1)
    assert found.shape == (-(-HEIGHT // STRIDE), -(-WIDTH // STRIDE))
    assert len(parts.rectangles) == len(CORNERS_AND_A_SQUARE)
    beyond = CONTEXT_PX + GRAIN
    mirrored = np.pad(pixels, ((beyond, beyond), (beyond, beyond), (0, 0)), mode="symmetric")
    whole = Graph(open_bundle(default_bundle()).model)
    for part in parts.rectangles:
        top, bottom, left, right = (side * GRAIN for side in part)
        rows, columns = (slice(a + GRAIN, b + GRAIN + 2 * CONTEXT_PX) for a, b in ((top, bottom), (left, right)))
        alone = whole.run(np.ascontiguousarray(mirrored[rows, columns])).map
        cells = slice(CONTEXT_PX // STRIDE, -CONTEXT_PX // STRIDE)
        there = found[top // STRIDE : bottom // STRIDE, left // STRIDE : right // STRIDE]
        assert np.array_equal(there, alone[cells, cells][: there.shape[0], : there.shape[1]])
    assert sum(one.shape[0] * one.shape[1] for one in graph.seen) == parts.area_px
    assert max(one.shape[0] * one.shape[1] for one in graph.seen) == parts.largest_px


@settings(max_examples=60)
@given(seed=st.integers(0, 10_000), share=st.floats(0.0, 1.0), grain=st.sampled_from([4, 8, 32, 512]))
def test_rectangles_hold_all_that_is_wanted_once_and_are_not_large(seed: int, share: float, grain: int) -> None:
    squares = np.random.default_rng(seed).random((23, 31)) < share
    parts = parts_around(squares, grain)
    held = np.zeros(squares.shape, np.int64)
    for top, bottom, left, right in parts.rectangles:
        assert 0 < max(bottom - top, right - left) * grain <= max(256, grain)
        held[top:bottom, left:right] += 1
    assert held.max(initial=0) <= 1
    assert (held[squares] == 1).all()
    assert parts.context * grain >= CONTEXT_PX > (parts.context - 1) * grain


def test_as_many_at_once_as_memory_holds_and_one_in_any_case() -> None:
    cut = plan(dissect(open_bundle(default_bundle()).model))
    assert at_once(cut, 320 * 320, 1 << 20) == 1
    for side in (96, 320):
        few, many = (at_once(cut, side * side, mib << 20) for mib in (160, 1600))
        assert 1 < few < many
        assert few * side * side * cut.bytes_per_px < 160 << 20
        assert cut.bytes_per_px >= max(stage.bytes_per_px for stage in cut.stages)


@pytest.mark.parametrize("most", [1, 2])
def test_no_more_go_through_at_once_than_are_allowed_and_it_changes_nothing(most: int) -> None:
    pixels = generate(3, (WIDTH, HEIGHT), True).pixels
    parts = Parts(parts_around(wanted([(row, 0) for row in range(0, 17, 4)]), GRAIN).rectangles, GRAIN, 1)
    assert len(parts.rectangles) > 3
    graph, crew = Watched(), Crew(6)
    with crew.seat():
        found = parts.map(graph, pixels, STRIDE, crew.share, most)
    assert graph.most <= most
    alone = parts.map(graph, pixels, STRIDE, one_by_one, 1)
    for top, bottom, left, right in parts.rectangles:
        place = slice(8 * top, 8 * bottom), slice(8 * left, 8 * right)
        assert np.array_equal(found[place], alone[place])
