"""Threads shared between pictures and the parts of large ones."""

import threading

import pytest

from crackscope.scoring.crew import Crew, StoppedError


@pytest.mark.parametrize("threads", [2, 3, 5])
def test_as_many_items_as_threads_are_worked_on_at_once(threads: int) -> None:
    crew = Crew(threads)
    meeting = threading.Barrier(threads, timeout=60)
    with crew.seat():
        places = crew.share(lambda _: meeting.wait(), range(threads))
    assert sorted(places) == list(range(threads))


def test_answers_keep_the_order_of_the_items() -> None:
    crew = Crew(3)
    with crew.seat():
        assert crew.share(lambda item: item * item, range(100)) == [item * item for item in range(100)]
        assert crew.share(str, []) == []
        assert crew.share(str, [7]) == ["7"]


def test_seats_that_are_taken_are_left_to_those_who_sit() -> None:
    crew, here = Crew(2), threading.get_ident()
    with crew.seat(), crew.seat():
        assert set(crew.share(lambda _: threading.get_ident(), range(8))) == {here}


def test_the_first_error_ends_the_work() -> None:
    crew = Crew(2)
    with crew.seat(), pytest.raises(ZeroDivisionError):
        crew.share(lambda item: 1 // item, range(8))


@pytest.mark.parametrize("count", [1, 8])
def test_who_lost_interest_is_told(count: int) -> None:
    crew, stop = Crew(2), threading.Event()
    stop.set()
    with crew.seat(), pytest.raises(StoppedError):
        crew.share(str, range(count), stop)
