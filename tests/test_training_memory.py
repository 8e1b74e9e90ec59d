"""What a training takes for free memory, on systems that tell more and less of it."""

import os
import re
from pathlib import Path

import pytest

from crackscope import recipes
from crackscope.training import Progress, TrainOptions, train
from crackscope.training.features import beyond_memory, memory_budget
from crackscope.training.memory import free_memory
from tests.small_patches import write_patches


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


@pytest.mark.parametrize("told", [True, False])
def test_a_cache_larger_than_the_memory_is_told_and_not_taken(told: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not told:
        monkeypatch.setattr(Path, "read_text", told_nothing)
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    asked = 2 * whole >> 20
    assert re.match(rf"--cache-mib {asked} is more than the [\d,]+ MiB of memory that there are", beyond_memory(asked))
    assert 0 < memory_budget(asked).total <= whole // 2


def test_a_cache_that_fits_is_taken_as_asked_for_and_where_the_system_tells_nothing_any(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert beyond_memory(1) == beyond_memory(None) == beyond_memory(0) == ""
    assert memory_budget(1).total == 2**20
    monkeypatch.setattr(Path, "read_text", told_nothing)
    monkeypatch.delattr(os, "sysconf")
    assert beyond_memory(100_000) == ""
    assert memory_budget(100_000).total == 100_000 * 2**20


def test_a_training_says_before_its_work_that_its_cache_is_larger_than_the_memory(tmp_path: Path) -> None:
    data = write_patches(tmp_path / "data", 10)
    recipe = recipes.override(recipes.load("probe"), ["network.weights=none", "phases.epochs=1", "phases.batch=8"])
    told: list[Progress] = []
    train(data, recipe, tmp_path / "run", options=TrainOptions(cache_mib=10**9, threads=1), progress=told.append)
    stages = [one.stage for one in told if one.stage != "reading" or "--cache-mib 1000000000" in one.remark]
    assert stages.index("reading") < stages.index("features")
