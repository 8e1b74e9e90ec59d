"""Lines are looked at many at a time, which is faster: each must come out as if it were alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from crackscope.inspection.centreline import Network
from crackscope.inspection.fitting import DARK, Look, Profiles, fit_profiles
from crackscope.inspection.places import Scene
from crackscope.inspection.polylines import resampled, smoothed_evenly
from crackscope.inspection.profiles import averaged, medians, normals, strip
from crackscope.inspection.skeleton import Line, Stretch
from crackscope.inspection.valley import Laid, best_course, onto_valley
from crackscope.inspection.widths import measure_courses
from crackscope.scoring import Quality
from tests.test_inspection_measures import drawn

BLUR_PX = 0.9
ENDS = [(40, 60, 280, 75), (40, 120, 180, 140), (60, 200, 70, 203), (200, 150, 270, 290), (30, 250, 150, 300)]
WIDTHS = [2.0, 9.0, 3.0, 1.5, 12.0]


@pytest.fixture(scope="module")
def wall() -> NDArray[np.uint8]:
    """Dark cracks in the left half and the middle, the last but one and the last pale."""
    pixels, _ = drawn(list(zip(ENDS, WIDTHS, strict=True)), noise=2.0)
    pale, _ = drawn(list(zip(ENDS[3:], WIDTHS[3:], strict=True)), noise=2.0)
    out = pixels.astype(np.int64)
    there = pale < 130
    out[there] = 220
    return out.astype(np.uint8)


def line(number: int, aside_px: float = 1.3) -> Line:
    """Beside the middle of a crack."""
    x0, y0, x1, y1 = ENDS[number]
    return resampled(np.array([[x0, y0 + aside_px], [x1, y1 + aside_px]]), 1.0)


def laid(number: int) -> Laid:
    points = line(number)
    wide = np.full(len(points), WIDTHS[number] / 2 + 1)
    return Laid(points, 1.6 * wide + 3 * BLUR_PX + 2.5, wide)


def test_what_is_done_to_points_does_not_reach_over_the_ends_of_lines(wall: NDArray[np.uint8]) -> None:
    lines = [line(number) for number in range(5)]
    counts = [len(one) for one in lines]
    points, reach = np.concatenate(lines), np.linspace(6, 9, sum(counts))
    across, values = normals(points, counts), strip(wall, points, counts, reach, 21)
    mean, begin = averaged(values, counts, 2.0), 0
    for one in lines:
        some = slice(begin, begin + len(one))
        assert np.array_equal(across[some], normals(one))
        alone = strip(wall, one, [len(one)], reach[some], 21)
        assert np.array_equal(values[some], alone)
        assert np.array_equal(mean[some], averaged(alone, [len(one)], 2.0))
        begin += len(one)


def test_a_photo_of_a_single_px_across_is_looked_at_to_the_end() -> None:
    pixels = np.full((60, 1, 3), 90, np.uint8)
    points = np.stack([np.zeros(50), np.arange(50.0)], 1)
    assert (strip(pixels, points, [50], np.full(50, 8.0), 17) == 90).all()


def test_normals_point_to_the_left_of_the_way() -> None:
    corner = np.array([[0.0, 0], [1, 0], [2, 0], [2, 1], [2, 2]])
    half = np.sqrt(0.5)
    assert normals(corner) == pytest.approx(np.array([[0, -1], [0, -1], [half, -half], [1, 0], [1, 0]]))


@given(st.lists(st.integers(1, 60), min_size=1, max_size=6), st.sampled_from([0.6, 1.5, 4.0]), st.integers(0, 99))
@settings(max_examples=40)
def test_lines_are_smoothed_each_by_itself_and_keep_their_ends(counts: list[int], sigma_px: float, seed: int) -> None:
    lines = [np.random.default_rng(seed + count).normal(0, 9, (count, 2)).cumsum(0) for count in counts]
    for one, smooth in zip(lines, smoothed_evenly(lines, sigma_px), strict=True):
        assert np.array_equal(smooth, smoothed_evenly([one], sigma_px)[0])
        if len(one) > 4 * sigma_px + 1:
            assert smooth[[0, -1]] == pytest.approx(one[[0, -1]])
    straight = np.stack([np.arange(40.0), 2 * np.arange(40.0)], 1)
    assert smoothed_evenly([*lines, straight], sigma_px)[-1] == pytest.approx(straight)


@given(st.integers(1, 40), st.integers(1, 30), st.integers(0, 999))
@settings(max_examples=60)
def test_medians_are_those_of_numpy(rows: int, columns: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=(rows, columns)).round(1).astype(np.float32)
    assert np.array_equal(medians(values), np.median(values, -1))


def test_lines_are_laid_onto_their_valleys_each_by_itself(wall: NDArray[np.uint8]) -> None:
    lines = [laid(number) for number in range(5)] + [Laid(*(some[:4] for some in laid(0)))]
    together = onto_valley(wall, lines, BLUR_PX)
    for number, (one, points) in enumerate(zip(lines, together, strict=True)):
        assert np.array_equal(points, onto_valley(wall, [one], BLUR_PX)[0])
        if number in (0, 1, 3, 4):
            x0, y0, x1, y1 = ENDS[number]
            off = ((points - (x0, y0)) @ (y0 - y1, x1 - x0)) / np.hypot(x1 - x0, y1 - y0)
            assert np.abs(off[10:-10]).max() < 0.8
    assert np.array_equal(together[-1], lines[-1].points)


def best_by_hand(gain: NDArray[np.float64]) -> tuple[NDArray[np.int64], float]:
    """The best way down, by trying every step from every place; sideways by up to two, at what that costs."""
    total, back = gain[0].copy(), []
    for row in gain[1:]:
        ways = np.full((len(row), len(row)), -np.inf)
        for to in range(len(row)):
            for step in (-2, -1, 0, 1, 2):
                if 0 <= to + step < len(row):
                    ways[to, to + step] = total[to + step] - 0.15 * (0.5 * step) ** 2
        back.append(ways.argmax(1))
        total = ways.max(1) + row
    course = [int(total.argmax())]
    for before in reversed(back):
        course.append(int(before[course[-1]]))
    return np.array(course[::-1]), float(total.max())


@given(st.integers(0, 9999), st.integers(5, 60), st.sampled_from([0.05, 0.3, 1.0]))
@settings(max_examples=40)
def test_the_best_course_is_the_best_of_all(seed: int, long: int, size: float) -> None:
    gain = np.random.default_rng(seed).random((long, 11)).astype(np.float32) * np.float32(size)
    course, most = best_by_hand(gain.astype(np.float64))
    assert np.array_equal(best_course(gain, [long]), course)
    bends = np.diff(best_course(gain, [long]))
    assert gain[np.arange(long), course].sum() - 0.15 * 0.25 * (bends**2).sum() == pytest.approx(most, rel=1e-4)


def test_courses_of_lines_longer_than_a_piece_are_those_of_each_line_alone() -> None:
    rng = np.random.default_rng(3)
    counts = [7, 200, 64, 65, 1]
    # A valley that winds, in grain: what lies far back or on another line changes nothing.
    places = [8 + 5 * np.sin(np.arange(count) / 9 + number) for number, count in enumerate(counts)]
    gains = [
        np.exp(-0.5 * (np.arange(17) - place[:, None]) ** 2) + rng.normal(0, 0.1, (len(place), 17)) for place in places
    ]
    together = best_course(np.concatenate(gains).astype(np.float32), counts)
    apart = [best_by_hand(gain.astype(np.float32).astype(np.float64))[0] for gain in gains]
    assert np.array_equal(together, np.concatenate(apart))


def bar(width: float, centre: float, reach: float, level: float = 160.0, depth: float = 0.62) -> NDArray[np.float32]:
    """A box of this width under a blur of 0.9 px: 33 samples."""
    from scipy.special import ndtr

    place = np.linspace(-reach, reach, 33)
    share = ndtr((place - centre + width / 2) / BLUR_PX) - ndtr((place - centre - width / 2) / BLUR_PX)
    return np.asarray(level * (1 + 0.002 * place - depth * share), np.float32)


def known(count: int, sign: float = 1.0) -> Look:
    return Look(np.full(count, DARK.mean), np.full(count, DARK.deviation), np.full(count, sign))


def test_a_bar_of_known_width_is_measured() -> None:
    widths, centres = np.linspace(2.5, 12, 24), np.linspace(-1, 1, 24)
    reach = 0.8 * widths + 6
    values = np.stack([bar(*one) for one in zip(widths, centres, reach, strict=True)])
    fit = fit_profiles(Profiles(values, reach, 3 * widths), BLUR_PX, known(24), steps=20)
    assert fit.width == pytest.approx(widths, abs=0.02)
    assert fit.centre == pytest.approx(centres, abs=0.02)
    assert fit.depth == pytest.approx(0.62, abs=0.01)


def test_profiles_are_fitted_each_by_itself_however_many_there_are() -> None:
    rng = np.random.default_rng(5)
    widths = rng.uniform(0.8, 14, 700)
    reach = 0.8 * widths + 6
    values = np.stack([bar(width, rng.uniform(-1.5, 1.5), far) for width, far in zip(widths, reach, strict=True)])
    values = (values + rng.normal(0, 9, values.shape)).astype(np.float32)
    sign = rng.choice([1.0, -1.0], 700)
    values[sign < 0] = 320 - values[sign < 0]
    look = Look(rng.uniform(0.3, 0.8, 700), rng.uniform(0.05, 0.2, 700), sign)
    most = 3 * widths + 2
    together = fit_profiles(Profiles(values, reach, most), BLUR_PX, look)
    some = range(0, 700, 23)
    for place in some:
        one = slice(place, place + 1)
        alone = fit_profiles(Profiles(values[one], reach[one], most[one]), BLUR_PX, Look(*(of[one] for of in look)))
        assert together.width[place] == pytest.approx(alone.width[0], rel=1e-3)
        assert together.shared[place] == pytest.approx(alone.shared[0], rel=1e-2, abs=1e-3)
    assert np.median(np.abs(together.width - widths)) < 0.4


def network(number: int) -> Network:
    points = line(number, 0.4)
    half = np.full(len(points), WIDTHS[number] / 2)
    return Network((Stretch(points, half, (2 * number, 2 * number + 1), frozenset([number])),), ())


def test_cracks_are_measured_each_by_itself(wall: NDArray[np.uint8]) -> None:
    """Thin and gaping, dark and pale ones: neither tone nor depth of one is taken for that of another."""
    quality = Quality(0.8, 2.0, 0.0, 0.0)
    networks = [network(number) for number in range(5)]
    for crack, courses in zip(networks, measure_courses(Scene(wall), networks, quality), strict=True):
        (alone,) = measure_courses(Scene(wall), [crack], quality)
        assert len(courses) == len(alone) == 1
        assert np.array_equal(courses[0].points, alone[0].points)
        assert courses[0].length_px == alone[0].length_px
        assert np.array_equal(courses[0].at, alone[0].at)
        assert courses[0].fit.width == pytest.approx(alone[0].fit.width, rel=1e-3)
    assert measure_courses(Scene(wall), [], quality) == []
