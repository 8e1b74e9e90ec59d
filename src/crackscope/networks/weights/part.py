"""A file that is still coming: its bytes so far, and the note that lets a later try go on with them."""

import errno
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from crackscope.encoding import decode_json
from crackscope.errors import WeightsError
from crackscope.networks.weights.transfer import Answer

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Note(msgspec.Struct, frozen=True):
    """What was said of the file when its first byte came; only a server that says the same may send the rest."""

    url: str
    etag: str
    size: int
    algorithm: str
    digest: str


@dataclass(frozen=True)
class Part:
    """NAME.part and NAME.part.json in the cache. Never read as weights: it becomes NAME once whole and checked."""

    path: Path
    url: str

    @property
    def note_path(self) -> Path:
        """Where the note stands."""
        return self.path.with_name(self.path.name + ".json")

    def note(self) -> Note | None:
        """The note, if it is of this address and tells how to go on; else None, and what was there is dropped."""
        try:
            note = decode_json(self.note_path.read_bytes(), Note)
        except (OSError, msgspec.DecodeError):
            note = None
        if note is None or note.url != self.url:
            self.drop()
            return None
        return note

    def have(self) -> int:
        """Bytes that came so far."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def begin(self, answer: Answer) -> None:
        """Start the file anew with what the answer says of it. Raises WeightsError when that cannot be written."""
        note = Note(self.url, answer.etag, answer.size, answer.algorithm, answer.digest)
        try:
            self.path.write_bytes(b"")
            self.note_path.write_bytes(msgspec.json.encode(note))
        except OSError as error:
            self.drop()
            raise self._unwritable(error, answer.size) from None

    def append(self, block: bytes, size: int) -> None:
        """Put a block behind the rest. size: of the whole, for the message. Raises WeightsError, the part dropped."""
        try:
            with self.path.open("ab", buffering=0) as file:
                view = memoryview(block)
                while view:
                    view = view[file.write(view) :]
        except OSError as error:
            have = self.have()
            self.drop()
            raise self._unwritable(error, size, have) from None

    def become(self, target: Path) -> None:
        """Move the whole, checked file to its name. Raises WeightsError."""
        try:
            with self.path.open("rb+") as file:
                os.fsync(file.fileno())
            os.replace(self.path, target)
        except OSError as error:
            raise self._unwritable(error, -1) from None
        self.note_path.unlink(missing_ok=True)

    def drop(self) -> None:
        """Forget what came."""
        for path in (self.path, self.note_path):
            path.unlink(missing_ok=True)

    def _unwritable(self, error: OSError, size: int, have: int = 0) -> WeightsError:
        folder = self.path.parent
        if error.errno not in _NO_ROOM:
            return WeightsError(
                f"cannot write to the cache {folder} ({error.strerror}): "
                "set CRACKSCOPE_CACHE to a folder that can be written"
            )
        needed = in_megabytes(size) if size >= 0 else "more than that"
        return WeightsError(
            f"the disk of the cache {folder} is full: the weights need {needed}, {in_megabytes(have)} of them fitted "
            "and were removed again: free some room, or set CRACKSCOPE_CACHE to a folder on another disk"
        )


def in_megabytes(size: int) -> str:
    """A number of bytes as people read it, "94.8 MB"."""
    return f"{size / 1e6:,.1f} MB"
