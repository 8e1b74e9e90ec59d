"""Thin cracks that part at a narrow angle are as long as both of them, though they lie in one mask at first."""

import numpy as np
import pytest

from crackscope.inspection.forks import hidden_in_forks
from crackscope.inspection.skeleton import Line, Stretch
from tests.test_inspection_measures import Ends, drawn, zones_of

MAIN_PX, BRANCH_PX, BEFORE_PX = 220.0, 100.0, 70.0


def fork(turn_deg: float, angle_deg: float) -> tuple[Ends, Ends]:
    """A straight crack, turned, and a branch that leaves it at an angle."""

    def at(along: float, aside: float) -> tuple[float, float]:
        c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
        x = along - MAIN_PX / 2
        return float(160 + x * c - aside * s), float(160 + x * s + aside * c)

    a = np.radians(angle_deg)
    tip = at(BEFORE_PX + BRANCH_PX * float(np.cos(a)), BRANCH_PX * float(np.sin(a)))
    return (*at(0, 0), *at(MAIN_PX, 0)), (*at(BEFORE_PX, 0), *tip)


@pytest.mark.parametrize(("least", "most"), [(18, 25), (25, 90)])
def test_a_fork_is_as_long_as_both_of_its_cracks(least: float, most: float) -> None:
    """What is traced of narrow ones is 8 px too short; of wider ones too little is hidden to be told from grain."""
    rng = np.random.default_rng(7)
    forks = [(rng.uniform(0, 360), rng.uniform(least, most), rng.uniform(1.5, 4)) for _ in range(30)]
    off = np.array([measured(*one) for one in forks]) - MAIN_PX - BRANCH_PX
    assert abs(np.median(off)) < 2
    assert np.mean(np.abs(off) < 6) >= 0.9


def measured(turn: float, angle: float, width: float) -> float:
    main, branch = fork(turn, angle)
    return sum(zone.length_px for zone in zones_of(drawn([(main, width), (branch, width)])))


def arm(angle_deg: float, long: int, node: int, half: float = 1.0, aside: float = 0.0) -> Stretch:
    """A straight line out of node 0."""
    a = np.radians(angle_deg)
    points = np.arange(long)[:, None] * np.array([np.cos(a), np.sin(a)]) + np.array([0.0, aside])
    points[0] = 0
    return Stretch(points, np.full(long, half), (0, node))


def hidden(*lines: Stretch) -> list[float]:
    points: list[Line] = [line.points for line in lines]
    return [float(px) for px in hidden_in_forks(lines, points, [0])]


def test_it_is_told_by_the_narrowest_fork_and_added_to_its_shorter_line() -> None:
    """They part by 2 sin 15° a px and lie 4 px apart at first: so they met 7.7 px before that, 7.5 px from here."""
    stem, long, short = arm(180, 60, 1), arm(15, 60, 2, aside=2), arm(-15, 40, 3, aside=-2)
    here = np.cos(np.radians(15)) * 2 / np.sin(np.radians(15))
    hides = pytest.approx(2 * 2 / np.sin(np.radians(15)) - here, abs=0.01)
    assert hidden(stem, long, short) == [0.0, 0.0, hides]
    assert hidden(short, stem, long) == [hides, 0.0, 0.0]
    turned = Stretch(short.points[::-1], short.half, short.nodes[::-1])
    assert hidden(stem, long, turned) == [0.0, 0.0, hides]


def test_wide_short_and_widely_parting_lines_hide_nothing() -> None:
    stem = arm(180, 60, 1)
    assert hidden(stem, arm(15, 60, 2, 6.0, 2), arm(-15, 40, 3, 6.0, -2)) == [0, 0, 0]
    assert hidden(stem, arm(15, 9, 2, aside=2), arm(-15, 9, 3, aside=-2)) == [0, 0, 0]
    assert hidden(stem, arm(60, 60, 2, aside=2), arm(-60, 40, 3, aside=-2)) == [0, 0, 0]


def test_lines_that_hardly_part_hide_little_and_lines_that_cross_nothing() -> None:
    """By .1 px a px two lines may part by chance: they met no farther back than if they parted faster."""
    stem = arm(180, 60, 1)
    assert 0 < max(hidden(stem, arm(2.9, 60, 2, aside=0.75), arm(-2.9, 40, 3, aside=-0.75))) < 4
    assert hidden(stem, arm(15, 60, 2, aside=-1), arm(-15, 40, 3, aside=1)) == [0, 0, 0]


def test_no_fork_hides_more_than_ten_px() -> None:
    assert max(hidden(arm(180, 60, 1), arm(3, 60, 2, aside=3), arm(-3, 40, 3, aside=-3))) == 10
