"""Files that are there whole or not at all, each by itself or several together, folders to put them in, and tables that
are read whole."""

import contextlib
import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from crackscope.drafts import begun, remove_drafts
from crackscope.errors import OutputError

LONGEST_TABLE = 256 << 20
"""Bytes of a table or list that is read as a whole; a device would never end."""


def read_table(path: str | Path) -> bytes:
    """All of a table or list, which may be a pipe. Raises OSError: it cannot be read, or is longer than any of use."""
    with open(path, "rb") as file:
        content = file.read(LONGEST_TABLE + 1)
    if len(content) > LONGEST_TABLE:
        raise OSError(errno.EFBIG, f"it goes on for more than {LONGEST_TABLE >> 20} MiB, no list of files does")
    return content


def write_whole(path: str | Path, content: bytes | Iterable[bytes]) -> None:
    """Write a file, at once or in pieces, so that it is there whole or not at all; its folder is made if need be.

    Raises OutputError: no right, no room, or something in the way that is no plain file.
    """
    target = os.fspath(path)
    folder = os.path.dirname(target)
    try:
        _refuse_in_the_way(target)
        os.makedirs(folder or ".", exist_ok=True)
        with begun(folder, _make_file) as draft:
            try:
                with open(draft, "wb") as file:
                    file.writelines([content] if isinstance(content, bytes) else content)
                os.replace(draft, target)
            except BaseException:
                if os.path.lexists(draft):
                    os.unlink(draft)
                raise
    except (OSError, ValueError) as error:
        raise unwritten(target, error) from None


@contextlib.contextmanager
def written_together(folder: str | Path, last: str) -> Iterator[Path]:
    """Gives a new folder for the files and folders of one result; they are moved into `folder`, `last` as the last of
    them, when all are written. What ends it before then leaves `folder` as it was, or, where there was none, not there.

    What a kill left of earlier results is removed. Raises OutputError.
    """
    target = Path(folder)
    new = not os.path.lexists(target)
    make_folder(target)
    try:
        with _drafted(target) as draft:
            try:
                yield draft
            except OutputError as error:
                raise OutputError(str(error).replace(str(draft), str(target))) from None
            names = sorted(os.listdir(draft), key=lambda name: name == last)
            for name in names:
                _refuse_in_the_way(str(target / name))
            with _refusals(target):
                for name in names:
                    os.replace(draft / name, target / name)
    finally:
        if new:
            with contextlib.suppress(OSError):
                target.rmdir()


@contextlib.contextmanager
def _drafted(target: Path) -> Iterator[Path]:
    """A new folder in this one, which goes afterwards with all that is still in it."""
    with contextlib.ExitStack() as held:
        with _refusals(target):
            remove_drafts(target)
            draft = held.enter_context(begun(str(target), os.mkdir))
        try:
            yield Path(draft)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def _make_file(path: str) -> None:
    open(path, "xb").close()


@contextlib.contextmanager
def _refusals(target: Path) -> Iterator[None]:
    """OutputError for what the system refuses."""
    try:
        yield
    except OSError as error:
        raise unwritten(str(target), error) from None


def _refuse_in_the_way(target: str) -> None:
    """Moving onto a device or a pipe would put a plain file in its place."""
    if os.path.exists(target) and not os.path.isfile(target):
        raise OutputError(f"cannot write {target}: something is in the way that is no plain file; name another")


def unwritten(what: str, error: OSError | ValueError) -> OutputError:
    """That something cannot be written, and what to do about it: of a full disk to make room, else what to check."""
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(f"cannot write {what}: no room left on the disk; free some or write elsewhere")
    reason = getattr(error, "strerror", None) or error
    return OutputError(f"cannot write {what}: {reason}; check the folder, its rights and the room left")


def writable(folder: str | Path) -> Path:
    """This folder, if something can be written into it once it is made; nothing is made yet. OutputError otherwise.

    Asked before long work, whose result would have nowhere to go.
    """
    from tempfile import TemporaryFile

    path = Path(folder)
    _refuse_unnameable(path)
    there = next(one for one in (path, *path.absolute().parents) if os.path.lexists(one))
    if not there.is_dir():
        raise _in_the_way(path)
    if not os.access(there, os.W_OK | os.X_OK):
        raise _not_allowed(path)
    with _made(path):  # To root, rights do not tell what takes nothing, as /proc. The file has no name, and is gone.
        TemporaryFile(dir=there).close()
    return path


def file_to_be(path: str | Path) -> Path:
    """This file, if `write_whole` can write it; nothing is made yet. OutputError otherwise, as of `writable`, and for
    something in the way that is no plain file."""
    file = Path(path)
    _refuse_in_the_way(str(file))
    try:
        _refuse_unnameable(file)
        writable(file.parent)
    except OutputError as error:
        raise OutputError(f"cannot write {file}: {error}") from None
    return file


def replaceable(folder: str | Path) -> Path:
    """This folder, if another can take its place in one step; nothing is moved yet. OutputError otherwise: as of
    `writable`, for it and the one above, and for a link, the folder that this runs in, one that ends in `..`, and one
    where a disk is mounted."""
    path = writable(folder)
    if path.is_symlink():
        raise OutputError(f"a link is in the way of the folder, {path}, name another one")
    if path.name == ".." or _is_here(path) or os.path.ismount(path):
        raise OutputError(
            f"a bundle is moved into its place as a whole, and nothing takes that of {path}: name a new folder within "
            f"it, such as {path / 'bundle'}"
        )
    if path.exists():
        writable(path.parent)
    return path


def _refuse_unnameable(path: Path) -> None:
    """Raise OutputError where the system takes no such name; of what else it refuses, what lies above it tells."""
    with _made(path), contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        os.lstat(path)


def _is_here(path: Path) -> bool:
    """Whether it is the folder that this process runs in."""
    try:
        return path.samefile(os.curdir)
    except OSError:
        return False


def make_folder(folder: str | Path) -> Path:
    """This folder, made with those above it if need be. Raises OutputError."""
    path = Path(folder)
    with _made(path):
        path.mkdir(parents=True, exist_ok=True)
    return path


@contextlib.contextmanager
def _made(path: Path) -> Iterator[None]:
    """OutputError for what the system refuses where a folder is to be made."""
    try:
        yield
    except (FileExistsError, NotADirectoryError):
        raise _in_the_way(path) from None
    except PermissionError:
        raise _not_allowed(path) from None
    except (OSError, ValueError) as error:
        raise _unusable(path, error) from None


def _in_the_way(path: Path) -> OutputError:
    return OutputError(f"a file is in the way of the folder, {path}, name another one")


def _not_allowed(path: Path) -> OutputError:
    return OutputError(f"not allowed to write there, {path}, name another folder")


def _unusable(path: Path, error: OSError | ValueError) -> OutputError:
    if getattr(error, "errno", None) == errno.ENOENT:  # What is above it is there, as in /proc, and takes nothing.
        what = "file" if path.is_dir() else "folder"
        return OutputError(f"no {what} can be made there, {path}, name one elsewhere")
    reason = getattr(error, "strerror", None) or error
    return OutputError(f"the folder cannot be made ({reason}), {path}, name another one")
