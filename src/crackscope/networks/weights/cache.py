"""The folder in which downloaded weights stay, and the check that what lies there is still what came."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import msgspec

from crackscope.encoding import decode_json
from crackscope.errors import WeightsError
from crackscope.networks.weights.download import Patience, Progress, download
from crackscope.networks.weights.files import read_file
from crackscope.networks.weights.hashing import differs, file_digest
from crackscope.networks.weights.locking import exclusive
from crackscope.networks.weights.missing import MissingLibraryError
from crackscope.networks.weights.part import Part, in_megabytes
from crackscope.networks.weights.publishers import Published
from crackscope.networks.weights.transfer import NoAnswerError
from crackscope.networks.weights.ways import other_ways
from crackscope.recipes import Network

CACHE_VARIABLE = "CRACKSCOPE_CACHE"
OFFLINE_VARIABLE = "CRACKSCOPE_OFFLINE"


class Record(msgspec.Struct, frozen=True):
    """Beside each cached file, as NAME.json: where it came from, its size in bytes and its SHA-256."""

    url: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Cached:
    """A file of the cache whose bytes were just checked."""

    path: Path
    sha256: str


def cache_folder(given: Path | None = None) -> Path:
    """Where weights are kept: `given`, or $CRACKSCOPE_CACHE, or crackscope in $XDG_CACHE_HOME or ~/.cache.

    Raises WeightsError where nobody says, and no home folder is known.
    """
    if given is not None:
        return Path(given)
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(os.path.expanduser(named))
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if base.startswith("~"):
        raise WeightsError(
            f"no home folder is known to keep weights in: set {CACHE_VARIABLE} to a folder that is there"
        )
    return Path(base) / "crackscope"


def obtain(
    entry: Published, network: Network, folder: Path, patience: Patience, progress: Progress | None = None
) -> Cached:
    """The publisher's file for a network, from the cache or else from its host (not when CRACKSCOPE_OFFLINE is set).

    A cached file that is no longer what came is removed and fetched again; one whose hash no one states is kept only if
    it reads as weights. Two processes that want the same file fetch it once: the second waits. Raises WeightsError, one
    line that names the other ways to get weights.
    """
    absent = ""
    try:
        hit, absent = _look_up(entry, folder)
        if hit is not None:
            return hit
        if os.environ.get(OFFLINE_VARIABLE, "") not in ("", "0"):
            forbidden = f"{entry.words} weights {absent} and {OFFLINE_VARIABLE} forbids to fetch them"
            raise WeightsError(f"{forbidden}: {other_ways(network)}")
        folder.mkdir(parents=True, exist_ok=True)
        with exclusive(folder / f"{entry.name}.lock") as held:
            hit, absent = _look_up(entry, folder) if held else (None, absent)
            return hit or _fetch(entry, network, folder, held, patience, progress)
    except NoAnswerError as error:
        raise WeightsError(f"{_no_answer(entry, error, absent, folder)}{other_ways(network)}") from None
    except OSError as error:
        raise WeightsError(
            f"cannot use the cache {folder} ({error.strerror}): set CRACKSCOPE_CACHE to a folder that can be written"
        ) from None


def _fetch(
    entry: Published, network: Network, folder: Path, held: bool, patience: Patience, progress: Progress | None
) -> Cached:
    name = f"{entry.name}.part" if held else f"{entry.name}.{secrets.token_hex(4)}.part"
    part = Part(folder / name, entry.url)
    try:
        download(entry, part, patience, progress)
        _check_readable(entry, network, part)
        return _keep(entry, part, folder / entry.name)
    finally:
        if not held:
            part.drop()


def _check_readable(entry: Published, network: Network, part: Part) -> None:
    """Refuse what came, and drop it, where no hash says what it is and it cannot be read."""
    note = part.note()
    if entry.digest or (note and note.digest):
        return
    try:
        read_file(part.path, network)
    except MissingLibraryError:
        raise
    except WeightsError:
        part.drop()
        raise WeightsError(
            f"what {entry.host} sent as {entry.words} weights cannot be read as weights and was deleted: "
            "see what lies there, or give --weights FILE"
        ) from None


def _keep(entry: Published, part: Part, target: Path) -> Cached:
    digest, size = file_digest(part.path), part.have()
    part.become(target)
    _record(target, Record(entry.url, size, digest))
    return Cached(target, digest)


def _record(target: Path, record: Record) -> None:
    path = _record_path(target)
    waiting = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        waiting.write_bytes(msgspec.json.encode(record))
        os.replace(waiting, path)
    except OSError:
        # The file itself is whole and checked; without its record it is checked against the publisher's hash again.
        waiting.unlink(missing_ok=True)


def _record_path(target: Path) -> Path:
    return target.with_name(target.name + ".json")


def _look_up(entry: Published, folder: Path) -> tuple[Cached | None, str]:
    """The file if it is there and whole; else None and words for why it is absent."""
    target = folder / entry.name
    absent = f"are not in the cache ({folder})"
    if not target.is_file():
        return None, absent
    try:
        record = decode_json(_record_path(target).read_bytes(), Record)
    except (OSError, msgspec.DecodeError):
        record = None
    digest = file_digest(target)
    spoilt = record is not None and (record.size != target.stat().st_size or record.sha256 != digest)
    if not spoilt and not differs(target, entry.algorithm, entry.digest):
        if record is None:
            _record(target, Record(entry.url, target.stat().st_size, digest))
        return Cached(target, digest), ""
    for path in (target, _record_path(target)):
        path.unlink(missing_ok=True)
    return None, f"in the cache ({folder}) were damaged and are removed"


def _no_answer(entry: Published, error: NoAnswerError, absent: str, folder: Path) -> str:
    """The line without the other ways that end it."""
    kept = Part(folder / f"{entry.name}.part", entry.url).have()
    going_on = f" ({in_megabytes(kept)} are kept, the next try goes on from there)" if kept else ""
    unknown = error.status == 404 and entry.words.startswith("timm")
    named = "name a model and its tag as on the hub, timm:NAME.TAG, or " if unknown else ""
    return f"{entry.words} weights {absent} and {entry.host} {error}{going_on}: {named}"
