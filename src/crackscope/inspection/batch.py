"""Many photos: read, seen and measured beside each other, in order, and written down so that no kill loses one."""

import contextlib
import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec

from crackscope import __version__
from crackscope.bundles import dump_manifest
from crackscope.errors import BundleError, ImageError, OutputError
from crackscope.images import read_header
from crackscope.inspection.inspecting import DEFAULTS, Inspection, InspectOptions, Photo, Seen, measure, open_photo, see
from crackscope.inspection.journal import JOURNAL, Journal, Result, Terms, stamp_of
from crackscope.records import Failure, Unread
from crackscope.scoring import Model

LARGE_PIXELS = 32 << 20
"""A photo of more pixels goes through alone, since several of them at once may be too much for the memory."""

Keep = Callable[[Inspection], None]
"""Told of each inspected photo before it is written down; called in one thread of ours, one photo at a time."""

Answer = TypeVar("Answer")


def open_journal(folder: str | Path, model: Model, options: InspectOptions, *, resume: bool) -> Journal:
    """Begin an inspection into a folder that is new or empty, or go on with the one in it.

    Raises OutputError for a folder that holds anything else, or an inspection when not resuming; InspectionError
    where that was begun with another bundle, other options or another version.
    """
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
        inside = {entry.name for entry in path.iterdir()}
    except (FileExistsError, NotADirectoryError):
        raise OutputError(f"a file is in the way of the folder, {path}, name another one") from None
    except PermissionError:
        raise OutputError(f"not allowed to write there, {path}, name another folder") from None
    if inside and JOURNAL not in inside:
        raise OutputError(f"the folder is not empty, {path}, name a new one or remove it")
    if inside and not resume:
        raise OutputError(f"an inspection is already in {path}, add --resume to go on with it or name a new folder")
    described: dict[str, object] = msgspec.to_builtins(options)
    bundle = hashlib.sha256(dump_manifest(model.manifest)).hexdigest()
    journal = Journal(path, Terms(version=__version__, bundle=bundle, options=described))
    _sweep(path)
    return journal


def _sweep(folder: Path) -> None:
    """Remove what a kill left half written: only names that nothing but our own writing gives."""
    for leftover in (*folder.glob(".*.part"), *folder.glob("*/.*.part")):
        with contextlib.suppress(OSError):
            leftover.unlink()


def remaining(journal: Journal, photos: Sequence[str | Unread]) -> list[str | Unread]:
    """The photos that the journal does not know yet, or whose file has changed since, in their order."""
    return [photo for photo in photos if isinstance(photo, Unread) or not journal.knows(photo)]


def inspect_into(
    journal: Journal,
    model: Model,
    photos: Sequence[str | Unread],
    options: InspectOptions = DEFAULTS,
    keep: Keep | None = None,
) -> Iterator[Result]:
    """Inspect these photos as `inspect_all` does; each is in the journal, on the disk, when it is yielded."""
    stamps = (None if isinstance(photo, Unread) else stamp_of(photo) for photo in photos)
    for photo, result in zip(photos, inspect_all(model, photos, options, keep), strict=True):
        stamp = next(stamps)
        journal.add(photo.path if isinstance(photo, Unread) else photo, stamp, result)
        yield result


def inspect_all(
    model: Model,
    photos: Sequence[str | Unread],
    options: InspectOptions = DEFAULTS,
    keep: Keep | None = None,
) -> Iterator[Result]:
    """Inspect many photos; yields one record each, in their order, whatever the threads.

    While a photo goes through the network, the next is read and the one before is measured and handed to `keep`: at
    most three are in memory, of large ones (LARGE_PIXELS) one. What cannot be read or inspected comes back as Unread,
    and the rest go on; what `keep` raises ends it all. An Unread among the photos comes back as it is.
    """
    with _thread("read") as reader, _thread("measure") as measurer:
        waiting: deque[Future[Result]] = deque()
        for photo in _opened(photos, reader):
            alone = isinstance(photo, Photo) and _pixels(photo) > LARGE_PIXELS
            waiting.append(measurer.submit(_measured, _seen(model, photo, options), model, options, keep))
            del photo
            while len(waiting) > (0 if alone else 1):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@contextlib.contextmanager
def _thread(work: str) -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(1, thread_name_prefix=f"crackscope-{work}")
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _opened(photos: Sequence[str | Unread], reader: ThreadPoolExecutor) -> Iterator[Photo | Unread]:
    """Each photo read, the next one already while its turn is on, unless it is large."""
    ahead: Future[Photo | Unread] | None = None
    for number, photo in enumerate(photos):
        opened = _open(photo) if ahead is None else ahead.result()
        ahead = None
        if number + 1 < len(photos) and not _large(photos[number + 1]):
            ahead = reader.submit(_open, photos[number + 1])
        yield opened
        del opened


def _large(photo: str | Unread) -> bool:
    if isinstance(photo, Unread):
        return False
    try:
        header = read_header(photo)
    except ImageError:
        return False
    return header.width * header.height > LARGE_PIXELS


def _pixels(photo: Photo) -> int:
    return photo.picture.width * photo.picture.height


def _open(photo: str | Unread) -> Photo | Unread:
    return photo if isinstance(photo, Unread) else _or_unread(photo, lambda: open_photo(photo))


def _seen(model: Model, photo: Photo | Unread, options: InspectOptions) -> Seen | Unread:
    return photo if isinstance(photo, Unread) else _or_unread(photo.path, lambda: see(model, photo, options))


def _measured(seen: Seen | Unread, model: Model, options: InspectOptions, keep: Keep | None) -> Result:
    if isinstance(seen, Unread):
        return seen
    threshold = model.manifest.mask_threshold
    inspection = _or_unread(seen.photo.path, lambda: measure(seen, threshold, options))
    if isinstance(inspection, Unread):
        return inspection
    if keep is not None:
        keep(inspection)
    return inspection.record


def _or_unread(path: str, work: Callable[[], Answer]) -> Answer | Unread:
    """What the work gives, or why it gave nothing: one bad photo among thousands must not end the rest."""
    try:
        return work()
    except ImageError as error:
        return Unread(path=path, error=Failure(kind=error.kind, message=str(error)))
    except MemoryError:
        return Unread(path=path, error=Failure(kind="too-large", message="not enough memory to inspect it"))
    except Exception as error:
        why = str(error) if isinstance(error, BundleError) else f"{type(error).__name__}: {error}"
        return Unread(path=path, error=Failure(kind="damaged", message=f"could not be inspected: {why}"))
