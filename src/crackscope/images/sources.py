"""Getting at the bytes of a picture, once, from whatever was given; never waiting on what is not a file."""

import errno
import io
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crackscope.errors import ImageErrorKind
from crackscope.images.faults import Fault
from crackscope.images.limits import Limits

Source = str | Path | bytes | BinaryIO | NDArray[Any] | Image.Image
"""What pictures may be given as. bytearray and memoryview are taken as bytes."""

_PIECE = 1 << 20
_BANDS = (1, 3, 4)
"""Of arrays that are one picture, where they have three dimensions."""


@dataclass(frozen=True, slots=True)
class Data:
    """The bytes of a file, or of its beginning (`whole` is False then)."""

    content: bytes
    whole: bool


def name_of(source: object) -> str:
    """What to call a source in records and messages: its path or name, else its kind in angle brackets."""
    if isinstance(source, str | os.PathLike):
        path = os.fspath(source)
        return path if isinstance(path, str) else os.fsdecode(path)
    if isinstance(source, bytes | bytearray | memoryview):
        return "<bytes>"
    if isinstance(source, np.ndarray):
        return "<array>"
    if isinstance(source, Image.Image):
        return getattr(source, "filename", "") or "<image>"
    name = getattr(source, "name", None)
    if isinstance(name, str) and name:
        return name
    return "<file>" if hasattr(source, "read") else f"<{type(source).__name__}>"


def refuse_lone(sources: object, who: str, instead: str) -> None:
    """Raise TypeError for one picture, one name, or what cannot be gone through in place of many: letters, bytes, lines
    or rows would be taken for pictures. who: what was called. instead: what takes one."""
    rows = isinstance(sources, np.ndarray) and (
        sources.ndim == 2 or (sources.ndim == 3 and sources.shape[-1] in _BANDS)
    )
    named = isinstance(sources, str | os.PathLike | bytes | bytearray | memoryview | Image.Image)
    if named or rows or hasattr(sources, "read") or not _many(sources):
        raise TypeError(
            f"{who} wants many pictures, as a list or a generator, not one {type(sources).__name__}: {instead}, and "
            'crackscope.images.find("FOLDER") lists those of a folder'
        )


def _many(sources: object) -> bool:
    return any(hasattr(type(sources), way) for way in ("__iter__", "__getitem__"))


def read_bytes(source: object, limits: Limits, *, at_most: int | None = None) -> Data:
    """The bytes of a path, of bytes, or of a binary file object (from its start, where it can seek).

    `at_most` bytes of a path are read, where given. Raises `Fault`.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        content = bytes(source)
        limits.check_bytes(len(content))
    elif isinstance(source, str | os.PathLike):
        return _nonempty(_read_path(os.fspath(source), limits, at_most))
    elif hasattr(source, "read"):
        content = _read_stream(source, limits)
    else:
        raise Fault(
            "unsupported",
            f"a {type(source).__name__} is not a picture; give a path, bytes, a binary file, an array or Pillow image, "
            "and many pictures to predict_all of a loaded model",
        )
    return _nonempty(Data(content, whole=True))


def _nonempty(data: Data) -> Data:
    if not data.content:
        raise Fault("truncated", "it is empty (0 bytes); copy it again from where it came")
    return data


def _read_stream(stream: Any, limits: Limits) -> bytes:
    if isinstance(stream, io.TextIOBase):
        raise Fault("unsupported", 'it is a file opened as text; open it with mode "rb"')
    try:
        if not hasattr(stream, "seekable") or stream.seekable():
            stream.seek(0)
    except (AttributeError, OSError):
        pass
    pieces: list[bytes] = []
    count = 0
    while piece := stream.read(min(_PIECE, limits.max_bytes + 1)):
        if not isinstance(piece, bytes | bytearray | memoryview):
            raise Fault("unsupported", f"reading it gives {type(piece).__name__}, not bytes; open it in binary mode")
        count += len(piece)
        limits.check_bytes(count)
        pieces.append(bytes(piece))
    return b"".join(pieces)


def _read_path(path: str | bytes, limits: Limits, at_most: int | None) -> Data:
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            _check_open(path)
        _check_regular(mode)
        # Between the look and the opening a pipe could take the file's place: O_NONBLOCK keeps that from waiting.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        try:
            found = os.fstat(descriptor)
            _check_regular(found.st_mode)
            limits.check_bytes(found.st_size)
            return _read_file(descriptor, found.st_size, limits, at_most)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        raise _cannot_open(path, error) from error


def _read_file(descriptor: int, size: int, limits: Limits, at_most: int | None) -> Data:
    if at_most is not None and at_most < size:
        return Data(os.read(descriptor, at_most), whole=False)
    # One byte more than it should have: a file that grows, or a kernel file of "size 0", shows itself.
    content = os.read(descriptor, size + 1)
    if len(content) == size:
        return Data(content, whole=True)
    pieces = [content]
    count = len(content)
    while piece := os.read(descriptor, _PIECE):
        count += len(piece)
        limits.check_bytes(count)
        pieces.append(piece)
    return Data(b"".join(pieces), whole=True)


def _check_open(folder: str | bytes) -> None:
    """What is wrong with a folder that may not be entered is that, not its being a folder: searches name it so."""
    try:
        os.scandir(folder).close()
    except PermissionError as error:
        text = f"this folder cannot be entered ({error.strerror}); check its rights, there may be pictures in it"
        raise Fault("denied", text) from error


def _check_regular(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise Fault(
            "not-a-picture", "it is a folder; name the pictures in it, or give it to a command that takes folders"
        )
    if not stat.S_ISREG(mode):
        raise Fault("not-a-picture", "it is a pipe, socket or device, not a file; save the picture to a file first")


def _cannot_open(path: str | bytes, error: OSError | ValueError) -> Fault:
    if isinstance(error, ValueError):
        return Fault("missing", f"no file can have this name ({error}); check the path")
    kinds: dict[int | None, ImageErrorKind] = {
        errno.ENOENT: "missing",
        errno.ENOTDIR: "missing",
        errno.ENAMETOOLONG: "missing",
        errno.ELOOP: "missing",
        errno.EACCES: "denied",
        errno.EPERM: "denied",
    }
    kind = kinds.get(error.errno, "denied")
    if kind == "missing" and "://" in os.fsdecode(path):
        return Fault(kind, "addresses are not fetched; download the picture and give the file")
    if kind == "missing":
        advice = "check the path"
    else:
        advice = "check the rights of the file and of its folder" if error.errno in kinds else "check the disk"
    return Fault(kind, f"it cannot be opened ({error.strerror or error}); {advice}")
