"""Many photos: read, seen and measured beside each other, in order, and written down so that no kill loses one."""

import contextlib
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from crackscope import __version__
from crackscope.arguments import CALL, record, refuse_wrong
from crackscope.bundles import fingerprint
from crackscope.drafts import is_draft, remove_drafts
from crackscope.errors import ImageError, OutputError
from crackscope.files import make_folder
from crackscope.images import DEFAULT_LIMITS, Limits, or_unread, read_header, refuse_lone
from crackscope.inspection.inspecting import Inspection, Seen, measure, see
from crackscope.inspection.journal import JOURNAL, Journal, Result, Stamp, refuse_held, stamp_of
from crackscope.inspection.options import DEFAULTS, InspectOptions
from crackscope.inspection.photo import Photo, open_photo
from crackscope.inspection.terms import Terms
from crackscope.records import Unread
from crackscope.scoring import LOADED, DrawnItems, Model

LARGE_PIXELS = 32 << 20
"""A photo of more pixels goes through alone, since several of them at once may be too much for the memory."""

Keep = Callable[[Inspection], None]
"""Told of each inspected photo before it is written down; called in one thread of ours, one photo at a time. Nobody
needs the photo's pixels afterwards."""

_TASK = "inspected"


@dataclass(frozen=True, slots=True)
class Work:
    """What is done with each photo of a batch. limits: how large a photo may be."""

    model: Model
    options: InspectOptions = DEFAULTS
    keep: Keep | None = None
    limits: Limits = DEFAULT_LIMITS

    def __post_init__(self) -> None:
        refuse_wrong(model=(self.model, LOADED), options=(self.options, record(InspectOptions)))
        refuse_wrong(keep=(self.keep, CALL.or_none), limits=(self.limits, record(Limits)))


def open_journal(folder: str | Path, model: Model, options: InspectOptions, *, resume: bool) -> Journal:
    """Begin an inspection into a folder that is new or empty, or go on with the one in it.

    What a kill left half written is in nobody's way, and goes. Raises OutputError for a folder that holds anything
    else, or an inspection when not resuming; InspectionError where that was begun with another bundle, other options or
    another version, or another process is at it now.
    """
    path = make_folder(folder)
    try:
        inside = {entry.name for entry in path.iterdir()}
    except OSError as error:
        raise OutputError(f"not allowed to look into it ({error.strerror}), {path}, name another folder") from None
    if JOURNAL not in inside and not all(map(is_draft, inside)):
        raise OutputError(f"the folder is not empty, {path}, name a new one")
    if JOURNAL in inside and not resume:
        refuse_held(path)
        raise OutputError(f"an inspection is already in {path}, add --resume to go on with it or name a new folder")
    journal = Journal(path, _terms(model, options), options.scaling.table)
    _sweep(path)
    return journal


def _terms(model: Model, options: InspectOptions) -> Terms:
    described: dict[str, Any] = msgspec.to_builtins(options)
    if options.scaling.table is not None:
        described["scaling"]["table"] = "of each photo, in its line"
    begun = datetime.now().astimezone().isoformat(timespec="seconds")
    return Terms(version=__version__, bundle=fingerprint(model.manifest), options=described, begun=begun)


def _sweep(folder: Path) -> None:
    """Remove what a kill left half written here and in the folders below."""
    for place in (folder, *(one for one in folder.iterdir() if one.is_dir())):
        with contextlib.suppress(OSError):
            remove_drafts(place)


def remaining(journal: Journal, photos: Sequence[str | Unread]) -> list[str | Unread]:
    """The photos that the journal does not know yet, or whose file or scale has changed since, in their order."""
    return [photo for photo in photos if isinstance(photo, Unread) or not journal.knows(photo)]


def inspect_into(journal: Journal, work: Work, photos: Sequence[str | Unread]) -> Iterator[Result]:
    """Inspect these photos as `inspect_all` does; each is in the journal, on the disk, when it is yielded."""
    stamps: deque[Stamp | None] = deque()

    def stamped() -> Iterator[str | Unread]:
        for photo in photos:
            # Before the file is read: one that is written anew meanwhile counts as changed afterwards.
            stamps.append(None if isinstance(photo, Unread) else stamp_of(photo))
            yield photo

    for photo, result in zip(photos, inspect_all(work, stamped()), strict=True):
        journal.add(photo.path if isinstance(photo, Unread) else photo, stamps.popleft(), result)
        yield result


def inspect_all(work: Work, photos: Iterable[str | Unread]) -> Iterator[Result]:
    """Inspect many photos, drawn lazily; yields one record each, in their order, whatever the threads.

    While a photo goes through the network, the next is read and the one before is measured and handed to `keep`: at
    most three are in memory, of large ones (LARGE_PIXELS) one. What cannot be read or inspected comes back as Unread,
    and the rest go on; what `keep` raises ends it all. An Unread among the photos comes back as it is. What drawing the
    photos raises is raised once those before have come back. Raises TypeError for one photo in place of many.
    """
    refuse_wrong(work=(work, record(Work)))
    refuse_lone(photos, "inspect_all", "open_photo and inspect_photo take one")
    return _inspect_all(work, DrawnItems(photos))


def _inspect_all(work: Work, photos: DrawnItems[str | Unread]) -> Iterator[Result]:
    with _thread("read") as reader, _thread("measure") as measurer:
        waiting: deque[Future[Result]] = deque()
        for photo in _opened(photos, reader, work.limits):
            alone = isinstance(photo, Photo) and _pixels(photo) > LARGE_PIXELS
            waiting.append(measurer.submit(_measured, work, _seen(work, photo)))
            del photo
            while len(waiting) > (0 if alone else 1):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
        photos.raise_kept()


@contextlib.contextmanager
def _thread(work: str) -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(1, thread_name_prefix=f"crackscope-{work}")
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _opened(names: Iterator[str | Unread], reader: ThreadPoolExecutor, limits: Limits) -> Iterator[Photo | Unread]:
    """Each photo read, the next one already while its turn is on, unless it is large."""
    ahead: Future[Photo | Unread] | None = None
    name = next(names, None)
    while name is not None:
        opened = _open(name, limits) if ahead is None else ahead.result()
        name = next(names, None)
        ahead = None if name is None or _large(name, limits) else reader.submit(_open, name, limits)
        yield opened
        del opened


def _large(photo: str | Unread, limits: Limits) -> bool:
    if isinstance(photo, Unread):
        return False
    try:
        header = read_header(photo, limits)
    except ImageError:
        return False
    return header.width * header.height > LARGE_PIXELS


def _pixels(photo: Photo) -> int:
    return math.prod(photo.shape)


def _open(photo: str | Unread, limits: Limits) -> Photo | Unread:
    return photo if isinstance(photo, Unread) else or_unread(photo, _TASK, partial(open_photo, photo, limits))


def _seen(work: Work, photo: Photo | Unread) -> Seen | Unread:
    if isinstance(photo, Unread):
        return photo
    return or_unread(photo.path, _TASK, partial(see, work.model, photo, work.options))


def _measured(work: Work, seen: Seen | Unread) -> Result:
    if isinstance(seen, Unread):
        return seen
    inspection = or_unread(seen.photo.path, _TASK, partial(measure, seen, work.model.manifest, work.options))
    if isinstance(inspection, Unread):
        return inspection
    if work.keep is not None:
        work.keep(inspection)
    return inspection.record
