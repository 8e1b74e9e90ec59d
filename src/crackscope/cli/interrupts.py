"""Ctrl-C, and SIGTERM as schedulers and `timeout` send it: the first ends the call in order, what follows at once is
taken as the same, a later one ends it on the spot.

Nothing heavy is imported here, so that the watch begins before anything that takes time.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType

from crackscope.cli import INTERRUPTED, LINE

AT_ONCE_S = 1.0
"""A key held down, a shell and a `make` that both pass the signal on, an impatient second press."""

_ORDINARY: dict[signal.Signals, Callable[[int, FrameType | None], object] | signal.Handlers] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
}
"""Signal -> what Python does with it; where it is something else, somebody has set it."""


_heard: list[signal.Signals] = []
"""What was heard first, while somebody watches."""


def raise_if_lost() -> None:
    """Raise KeyboardInterrupt where one was raised and never came through: compiled code that calls Python may clear
    what is raised meanwhile, and what is raised while objects are taken down goes nowhere.

    Asked by what commands hand down to be told how far the work is (`console.progress`), and once they are done.
    """
    if _heard:
        raise KeyboardInterrupt


class Watch:
    """Takes the place of Python's own handlers from its making until `end`; where others are set, leaves them alone."""

    def __init__(self) -> None:
        self._first: float | None = None
        self._terminated = False
        self._watched: list[signal.Signals] = []
        for number, ordinary in _ORDINARY.items():
            try:
                if signal.getsignal(number) == ordinary:
                    signal.signal(number, self._hear)
                    self._watched.append(number)
            except ValueError:
                # Only the main thread may set handlers.
                return
        self._tell_ignored = sys.unraisablehook
        sys.unraisablehook = self._tell_of_others

    def end(self, *, process_ends: bool) -> None:
        """Give Python its handlers back; or, where the process ends now, see that it does so without another word."""
        _heard.clear()
        # `python -m` ends by SIGINT, whatever the status, where an interrupt went through the last text that was
        # evaluated, as named tuples and dataclasses have it when they are made. So one more is.
        eval("0")
        if sys.unraisablehook == self._tell_of_others:
            sys.unraisablehook = self._tell_ignored
        for number in self._watched:
            # A handler of Python's would be taken away while the process ends, and a second press kill it half-way.
            signal.signal(number, signal.SIG_IGN if process_ends else _ORDINARY[number])

    def status(self, status: int) -> int:
        """The exit status of a call that ended with this one: 143 where SIGTERM was what interrupted it."""
        return self._interrupted() if status == INTERRUPTED else status

    def _interrupted(self) -> int:
        return 128 + signal.SIGTERM if self._terminated else INTERRUPTED

    def _tell_of_others(self, ignored: "sys.UnraisableHookArgs") -> None:
        """Say nothing of an interrupt that goes nowhere, since `raise_if_lost` raises it again."""
        if not issubclass(ignored.exc_type, KeyboardInterrupt):
            self._tell_ignored(ignored)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self._first is None:
            self._first = time.monotonic()
            self._terminated = number == signal.SIGTERM
            _heard.append(signal.Signals(number))
            raise KeyboardInterrupt
        if time.monotonic() - self._first > AT_ONCE_S:
            os.write(2, f"{LINE}\n".encode())
            os._exit(self._interrupted())
