"""Opens every picture once, in threads: its size, a hash of its bytes, its print, and the label its mask gives."""

import hashlib
import io
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec
import numpy as np

from crackscope.datasets.found import Entry
from crackscope.datasets.prints import READ_SIDE, SIDE, Prints, print_of
from crackscope.datasets.watching import thread_count, watcher
from crackscope.errors import ImageError
from crackscope.records import Row, Unread

_BATCH: Final = 512


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A picture that could be opened. width, height: pixels after the EXIF turn. digest: of the file's bytes."""

    row: Row
    width: int
    height: int
    digest: bytes
    mask_disagrees: bool = False


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """All pictures of a data set, opened; `prints` [n, 32, 32] go with `seen`."""

    seen: tuple[Seen, ...]
    unread: tuple[Unread, ...]
    prints: Prints

    @property
    def mask_conflicts(self) -> tuple[str, ...]:
        """Paths of the pictures that are labelled other than their masks say."""
        return tuple(seen.row.path for seen in self.seen if seen.mask_disagrees)


def open_all(entries: Sequence[Entry]) -> Reading:
    """Opens every entry, keeping their order; what cannot be read is listed and the rest goes on."""
    progress = watcher()
    seen: list[Seen] = []
    unread: list[Unread] = []
    prints = np.empty((len(entries), SIDE, SIDE), np.float16)
    for done, opened in enumerate(_opened(entries), start=1):
        if isinstance(opened, Unread):
            unread.append(opened)
        else:
            prints[len(seen)] = opened[1]
            seen.append(opened[0])
        if progress is not None:
            progress(done, len(entries))
    return Reading(seen=tuple(seen), unread=tuple(unread), prints=prints[: len(seen)])


def _opened(entries: Sequence[Entry]) -> Iterator[tuple[Seen, Prints] | Unread]:
    # Batches keep the finished ones from piling up, whatever the number of pictures.
    with ThreadPoolExecutor(thread_count(), thread_name_prefix="crackscope-scan") as threads:
        for at in range(0, len(entries), _BATCH):
            yield from threads.map(_open, entries[at : at + _BATCH])


class _Named(io.BytesIO):
    """Bytes that were read already, with the name that errors should say."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.name = name


def _open(entry: Entry) -> tuple[Seen, Prints] | Unread:
    from crackscope import images

    at = entry.path
    try:
        content = images.read_file(entry.path)
        size = images.read_header(_Named(content, entry.path)).upright
        thumbnail = images.read_thumbnail(_Named(content, entry.path), READ_SIDE)
        at = entry.mask or entry.path
        cracked = bool(images.read_mask(entry.mask, size).any()) if entry.mask else None
    except ImageError as error:
        return entry.unread(at, error.kind, str(error))
    label = entry.label or ("crack" if cracked else "sound")
    seen = Seen(
        row=entry.row(label),
        width=size[0],
        height=size[1],
        digest=hashlib.blake2b(content, digest_size=16).digest(),
        mask_disagrees=cracked is not None and cracked != (label == "crack"),
    )
    return seen, print_of(thumbnail)


def label_by_masks(entries: Sequence[Entry]) -> tuple[list[Row], list[Unread]]:
    """Rows of entries, opening only the masks (and the headers) of those that no folder or cell labels."""
    with ThreadPoolExecutor(thread_count(), thread_name_prefix="crackscope-masks") as threads:
        labelled = list(threads.map(_label, entries))
    rows = [row for row in labelled if isinstance(row, Row)]
    return rows, [row for row in labelled if isinstance(row, Unread)]


def _label(entry: Entry) -> Row | Unread:
    from crackscope import images

    if entry.label is not None or entry.mask is None:
        return entry.row(entry.label or "sound")
    at = entry.path
    try:
        size = images.read_header(entry.path).upright
        at = entry.mask
        cracked = bool(images.read_mask(entry.mask, size).any())
    except ImageError as error:
        return entry.unread(at, error.kind, str(error))
    return entry.row("crack" if cracked else "sound")
