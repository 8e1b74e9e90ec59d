"""What a call remembers from its options to its end."""

from dataclasses import dataclass


@dataclass
class State:
    """debug: show tracebacks. status: the exit status of a call that ends without an error, 0 or 1. given: the words of
    the call."""

    debug: bool = False
    status: int = 0
    given: tuple[str, ...] = ()
