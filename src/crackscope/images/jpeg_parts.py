"""The parts of a JPEG, marker by marker (ITU-T T.81, annex B): of its header, and of what follows its first scan."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from crackscope.images.faults import Fault
from crackscope.images.header import integer

END, SCAN, RESTARTS = 0xD9, 0xDA, 0xDD
FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCA}
"""Markers of frame headers: of the kinds that are read."""

MOST_SEGMENTS = 10_000
MOST_PARTS = 10_000

_MARKER = re.compile(rb"\xff([^\x00\xff])", re.DOTALL)
_BEHIND_CODED = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])", re.DOTALL)
_ALONE = {0x01, *range(0xD0, 0xD9)}


class Part(NamedTuple):
    """code: of its marker, which stands at `marker` with its 0xFF. at: where its length stands, or would stand. until:
    where it ends by its length; behind that of a scan the coded data begin."""

    code: int
    marker: int
    at: int
    until: int


def header_parts(data: bytes) -> Iterator[Part]:
    """The parts with a length that a header is made of; its last one is the header of the first scan, or the end marker
    of a file without one. Gaps between them are passed over, as libjpeg does. Raises `Fault`."""
    at = 2
    for _ in range(MOST_SEGMENTS):
        marker = _MARKER.search(data, at)
        if marker is None:
            raise Fault("truncated", "it ends inside its header; copy it again from where it came")
        code, at = marker[1][0], marker.end()
        if code in _ALONE:
            continue
        until = at if code == END else at + max(integer(data, at, 2, big=True), 2)
        yield Part(code, marker.start(), at, until)
        if code in (END, SCAN):
            return
        at = until
    raise Fault("damaged", f"its header has more than {MOST_SEGMENTS} parts")


def parts_from(data: bytes, scan: int) -> Iterator[Part]:
    """The part of the first scan, whose length stands at `scan`, and those that follow, up to the end marker or to
    where there is no further one. Raises `Fault`."""
    at, code, marker_at = scan, SCAN, scan - 2
    for _ in range(MOST_PARTS):
        until = at + max(integer(data, at, 2, big=True), 2)
        yield Part(code, marker_at, at, until)
        marker = _BEHIND_CODED.search(data, until)
        if marker is None:
            return
        code, at, marker_at = marker[1][0], marker.end(), marker.start()
        if code == END:
            yield Part(code, marker_at, at, at)
            return
    raise Fault("damaged", f"it has more than {MOST_PARTS} parts")
