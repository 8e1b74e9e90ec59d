"""Brings one file of a publisher here: goes on where it was cut, and calls nothing whole that is not checked."""

import http.client
import shutil
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from crackscope.errors import WeightsError
from crackscope.networks.weights.hashing import differs
from crackscope.networks.weights.part import Part, in_megabytes
from crackscope.networks.weights.publishers import Published
from crackscope.networks.weights.transfer import Answer, NoAnswerError, ask

_BLOCK = 1 << 18
_GETTING_ON = 1 << 20

Progress = Callable[[int, int], None]
"""Called with bytes that are here and bytes in all (0: not known)."""


@dataclass(frozen=True)
class Patience:
    """How long to wait for a host.

    timeout_s: for a connection and for each block, seconds. delays: seconds before each further try; a try that brought
    a MiB or more starts them anew, so that a long file comes through a line that breaks often.
    """

    timeout_s: float = 30.0
    delays: tuple[float, ...] = (1.0, 4.0, 15.0)


def download(entry: Published, part: Part, patience: Patience, progress: Progress | None = None) -> None:
    """Fill `part` with the whole file and check its hash.

    Raises NoAnswerError when the host does not give it (what came stays for a later try), WeightsError when the disk is
    full or the hash is wrong (what came is removed).
    """
    resumed = _fill(entry, part, patience, progress)
    wrong = _wrong_hash(entry, part)
    if wrong and resumed:
        # The first half may have been spoilt while it lay there: only a file that came in one go is judged.
        part.drop()
        _fill(entry, part, patience, progress)
        wrong = _wrong_hash(entry, part)
    if wrong:
        part.drop()
        raise WeightsError(
            f"{entry.words} weights from {entry.host} are not what they should be ({wrong}) and were deleted: "
            "try again later, or give --weights FILE"
        )


def _wrong_hash(entry: Published, part: Part) -> str:
    """ "" when the hash is right, else what was expected and what came."""
    note = part.note()
    stated = [(entry.algorithm, entry.digest)] + ([(note.algorithm, note.digest)] if note else [])
    for algorithm, expected in stated:
        got = differs(part.path, algorithm, expected)
        if got:
            return f"{algorithm} {expected} expected, got {got[: max(len(expected), 16)]}"
    return ""


def _fill(entry: Published, part: Part, patience: Patience, progress: Progress | None) -> bool:
    """Ask until the part is whole; True when it goes on from an earlier call."""
    note = part.note()
    resumed, best, delays = part.have() > 0, part.have(), list(patience.delays)
    if note is not None and note.size == part.have() > 0:
        return resumed
    while True:
        try:
            _receive(entry, part, patience, progress)
            return resumed
        except NoAnswerError as error:
            if error.status == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and part.have():
                part.drop()
                continue
            if not error.again:
                raise
            if part.have() >= best + _GETTING_ON:
                best, delays = part.have(), list(patience.delays)
            if not delays:
                raise
            time.sleep(delays.pop(0))


def _receive(entry: Published, part: Part, patience: Patience, progress: Progress | None) -> None:
    note = part.note()
    answer = ask(entry.url, part.have(), note.etag if note else "", patience.timeout_s)
    with closing(answer.body):
        if not answer.framed and not (entry.digest or answer.digest):
            raise NoAnswerError(
                "says neither how long the file is nor its hash, so that it cannot be checked", again=False
            )
        if note is None or answer.start == 0:
            part.begin(answer)
        elif note.size != answer.size:
            raise NoAnswerError("has another file there than before", again=True, status=416)
        _check_room(part, answer)
        _copy(answer, part, patience, progress)


def _check_room(part: Part, answer: Answer) -> None:
    coming = answer.size - answer.start
    folder = part.path.parent
    free = shutil.disk_usage(folder).free
    if coming > free:
        raise WeightsError(
            f"the weights need {in_megabytes(coming)} more in the cache {folder}, where {in_megabytes(free)} are free: "
            "free some room, or set CRACKSCOPE_CACHE to a folder on another disk"
        )


def _copy(answer: Answer, part: Part, patience: Patience, progress: Progress | None) -> None:
    done = answer.start
    while True:
        if progress is not None:
            progress(done, max(answer.size, 0))
        try:
            block = answer.body.read(_BLOCK)
        except TimeoutError:
            raise NoAnswerError(
                f"sent nothing for {patience.timeout_s:g} s{_so_far(done, answer)}", again=True
            ) from None
        except (OSError, http.client.HTTPException):
            raise NoAnswerError(f"broke off{_so_far(done, answer)}", again=True) from None
        if not block:
            break
        part.append(block, answer.size)
        done += len(block)
    if 0 <= answer.size != done:
        raise NoAnswerError(f"broke off{_so_far(done, answer)}", again=True)


def _so_far(done: int, answer: Answer) -> str:
    whole = f" of {in_megabytes(answer.size)}" if answer.size >= 0 else ""
    return f" after {in_megabytes(done)}{whole}"
