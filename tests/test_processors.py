"""How many threads there are where nobody says."""

import os

import pytest

from crackscope.datasets.watching import thread_count
from crackscope.scoring.runtime import usable_threads
from crackscope.training.checks import cores
from crackscope.training.records import TrainOptions


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system lets nobody choose processors")
def test_every_room_takes_the_processors_that_this_process_may_run_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert usable_threads() == thread_count() == cores(TrainOptions()) == 1
    finally:
        os.sched_setaffinity(0, allowed)
    assert usable_threads() == cores(TrainOptions()) == len(allowed)
