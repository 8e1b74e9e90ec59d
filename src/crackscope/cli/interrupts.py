"""Ctrl-C: the first ends the call in order, what follows at once is taken as the same, a later one ends it on the spot.

Nothing heavy is imported here, so that the watch begins before anything that takes time.
"""

import os
import signal
import time
from types import FrameType

STATUS = 130
LINE = "crackscope: interrupted"

AT_ONCE_S = 1.0
"""A key held down, a shell and a `make` that both pass the signal on, an impatient second press."""


class Watch:
    """Takes the place of Python's own handler from its making until `end`; where another is set, leaves it alone."""

    def __init__(self) -> None:
        self._first: float | None = None
        try:
            self._watching = signal.getsignal(signal.SIGINT) is signal.default_int_handler
            if self._watching:
                signal.signal(signal.SIGINT, self._hear)
        except ValueError:
            # Only the main thread may set handlers.
            self._watching = False

    def end(self, *, process_ends: bool) -> None:
        """Give Python its handler back; or, where the process ends now, see that it does so without another word."""
        if self._watching:
            # A handler of Python's would be taken away while the process ends, and a second press kill it half-way.
            signal.signal(signal.SIGINT, signal.SIG_IGN if process_ends else signal.default_int_handler)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self._first is None:
            self._first = time.monotonic()
            raise KeyboardInterrupt
        if time.monotonic() - self._first > AT_ONCE_S:
            os.write(2, f"{LINE}\n".encode())
            os._exit(STATUS)
