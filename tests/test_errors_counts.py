"""Counts as they stand in sentences: one is no plural."""

import pytest

from crackscope.errors import first_line, none_can, some_of


@pytest.mark.parametrize(
    ("count", "whose", "says"),
    [
        (1, "", "the only picture cannot be read"),
        (3, "", "none of 3 pictures can be read"),
        (1, "its", "its only picture cannot be read"),
        (3, "its", "none of its 3 pictures can be read"),
    ],
)
def test_that_nothing_can_be_done(count: int, whose: str, says: str) -> None:
    assert none_can(count, "picture", "be read", whose) == says


@pytest.mark.parametrize(
    ("some", "count", "says"),
    [
        (1, 1, "the only photo is kept"),
        (0, 1, "0 of 1 photo are kept"),
        (1, 3, "1 of 3 photos is kept"),
        (2, 1200, "2 of 1,200 photos are kept"),
    ],
)
def test_that_something_is_done_to_some(some: int, count: int, says: str) -> None:
    assert some_of(some, count, "photo", "is", "are") + " kept" == says


@pytest.mark.parametrize(
    ("error", "says"),
    [(ValueError("no room\nat all"), "no room"), (MemoryError(), "MemoryError"), (ValueError("\n"), "ValueError")],
)
def test_what_an_error_says_in_one_line(error: Exception, says: str) -> None:
    assert first_line(error) == says
