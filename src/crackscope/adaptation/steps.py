"""How far the judging of a lesson is: one step for each change that is learnt on the way."""

from collections.abc import Callable

from crackscope.adaptation.patches import Progress

Step = Callable[[], object]
"""Called once a change is learnt."""


def unwatched() -> None:
    """A step that nobody hears of."""


class Steps:
    """Called once a step; tells of each how many are done. total: as many as there may be."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress = progress
        self._done, self._total = 0, total

    def __call__(self) -> None:
        """Count one more."""
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._total)
