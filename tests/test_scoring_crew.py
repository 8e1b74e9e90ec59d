"""Threads shared between pictures and the parts of large ones."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

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


@contextmanager
def no_new_threads() -> Iterator[None]:
    """No address space holds the stack of one more thread."""
    before = threading.stack_size(1 << 46)
    try:
        yield
    finally:
        threading.stack_size(before)


@pytest.mark.parametrize("helpers", [0, 1])
def test_where_no_thread_can_be_started_the_work_is_done_and_no_seat_is_lost(helpers: int) -> None:
    threads = helpers + 2
    crew, here = Crew(threads), threading.get_ident()
    if helpers:
        meeting = threading.Barrier(2, timeout=60)
        with crew.seat():
            crew.share(lambda _: meeting.wait(), range(2))
    with no_new_threads(), crew.seat():
        for _ in range(3):
            assert crew.share(lambda item: item * item, range(20)) == [item * item for item in range(20)]
    meeting = threading.Barrier(threads, timeout=60)
    with crew.seat():
        assert sorted(crew.share(lambda _: meeting.wait(), range(threads))) == list(range(threads))
    # Nor is there one more than before.
    with ExitStack() as taken:
        for _ in range(threads):
            taken.enter_context(crew.seat())
        assert set(crew.share(lambda _: threading.get_ident(), range(8))) == {here}
