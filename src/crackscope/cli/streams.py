"""The three streams that a call is given: closed ones, and names that their encoding cannot show."""

import contextlib
import os
import sys
from typing import TextIO

from crackscope.errors import printable


def settle(*, process_ends: bool) -> bool:
    """See before any work that there is somewhere to say what is found, and to complain; whether stdout is closed.

    process_ends: whether the streams are those of a process that is ours; its numbers 0 to 2 are then taken, so that
    no file of ours gets one of them, and stdout never fails at a sign that it cannot show. What is said to a closed
    stream is lost, and nothing else.
    """
    closed = sys.stdout is None
    given = (sys.stdin, sys.stdout, sys.stderr)
    if process_ends:
        _fill([number for number, stream in enumerate(given) if stream is None])
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="backslashreplace")
    if sys.stderr is None:
        # `print` takes None for stdout, where remarks would spoil what programs read.
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  (stays open as long as the process)
    if closed:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  (stays open, too)
    return closed


def _fill(closed: list[int]) -> None:
    for number in closed:
        try:
            os.fstat(number)
        except OSError:
            with contextlib.suppress(OSError):
                os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, which is this one


def shown(text: str, stream: TextIO) -> str:
    """Text in one line as this stream can show it: what its encoding lacks is spelt out, as control characters are."""
    plain = printable(text)
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        return plain.encode(encoding, "backslashreplace").decode(encoding)
    except (LookupError, UnicodeError):
        return plain


def json_shown(text: str, stream: TextIO) -> str:
    """JSON as it can stand in this stream and be read as UTF-8: pure ASCII where the stream's encoding is another."""
    encoding = (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "").replace("_", "")
    if text.isascii() or encoding in ("utf8", "utf8sig"):
        return text
    import json

    return "".join(sign if sign.isascii() else json.dumps(sign)[1:-1] for sign in text)
