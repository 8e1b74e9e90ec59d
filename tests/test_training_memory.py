"""What a training takes for free memory, on systems that tell more and less of it."""

import os
from pathlib import Path

import pytest

from crackscope.training.memory import free_memory


def told_nothing(path: Path, *_: object, **__: object) -> str:
    raise FileNotFoundError(path)


def test_no_more_than_there_is() -> None:
    assert 0 < free_memory() <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def test_half_of_all_where_the_system_tells_only_that(monkeypatch: pytest.MonkeyPatch) -> None:
    """As macOS does."""
    monkeypatch.setattr(Path, "read_text", told_nothing)
    assert free_memory() == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def test_a_little_where_it_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Windows does."""
    monkeypatch.setattr(Path, "read_text", told_nothing)
    monkeypatch.delattr(os, "sysconf")
    assert free_memory() == 2 * 2**30
