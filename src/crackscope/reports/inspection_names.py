"""What the pictures of a report are called, and text that came from outside as it can be shown."""

import hashlib
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from crackscope.errors import printable

_NOT_IN_NAMES = re.compile(r"[^\w.-]+")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
_ENDING = re.compile(r"(?:\.[^_\-.\s/]{1,5})?\Z")
_PIECE = re.compile(r"[^_\-.…\s/]*[_\-.…\s/]|[^_\-.…\s/]+")
_END = 4, 11, 5
"""Letters that stand with the ending at least, at most, and where no sign parts them so."""
_LONGEST = 60
_DIGITS = 8


def picture_names(paths: Sequence[str]) -> dict[str, str]:
    """A name without suffix for each path, that every file system takes and that no other path has.

    It is the stem of the file's name with letters, digits, dots, hyphens and underscores alone; where two stems are
    alike but for case, or nothing is left, some digits of the path's hash follow, as they do where a stem is what
    another path is called with its digits. The same paths in any order get the same names.
    """
    plain, digits = {path: _plain(path) for path in paths}, {path: _told_apart(path, _plain(path)) for path in paths}
    seen = Counter(name.casefold() for name in plain.values())
    more = {path for path, name in plain.items() if not name or seen[name.casefold()] > 1}
    names = dict(plain)
    while more:
        names |= {path: digits[path] for path in more}
        taken = {digits[path].casefold() for path in more}
        more = {path for path, name in names.items() if name == plain[path] and name.casefold() in taken}
    return names


def possible_names(path: str) -> tuple[str, str]:
    """The two names that a path may get, by which other paths there are."""
    name = _plain(path)
    return name or _told_apart(path, name), _told_apart(path, name)


def _plain(path: str) -> str:
    name = _slashed(path).rstrip("/").rpartition("/")[2]
    stem, dot, suffix = name.rpartition(".")
    stem = unicodedata.normalize("NFC", stem if dot and stem and len(suffix) <= 5 else name)
    stem = _NOT_IN_NAMES.sub("_", stem).strip("._-")[:_LONGEST].rstrip("._-")
    return f"_{stem}" if _RESERVED.match(stem) else stem


def _slashed(path: str) -> str:
    """The path with slashes between its folders. Where folders are parted by slashes, a name may hold a backslash."""
    return path.replace(os.sep, "/")


def _told_apart(path: str, name: str) -> str:
    digits = hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    return f"{name}-{digits}" if name else digits


def name_pieces(name: str) -> list[str]:
    """A name in the pieces between which it may be broken over lines: behind its signs, and before its last letters,
    which stay with the ending. The script of the page parts names alike."""
    found = _ENDING.search(name)
    ending = found[0] if found else ""
    pieces: list[str] = _PIECE.findall(name[: len(name) - len(ending)])
    least, most, few = _END
    end = ""
    while pieces and len(end) < least:
        end = pieces.pop() + end
    if len(end) > most:
        pieces.append(end[:-few])
        end = end[-few:]
    return [*pieces, end + ending]


def link(folder: str, name: str, suffix: str) -> str:
    """The address of a picture, relative to the page."""
    return f"{folder}/{quote(name)}{suffix}"


def short_name(path: str) -> str:
    """The name of the file without its folders."""
    return printable(_slashed(path).rstrip("/").rpartition("/")[2] or path)


def short_names(paths: Iterable[str]) -> dict[str, str]:
    """The name of each file, with as many of its folders as tell it from the others."""
    known = dict.fromkeys(paths)
    parts = {path: _slashed(path).rstrip("/").split("/") for path in known}
    short: dict[str, str] = {}
    alike, depth = list(known), 1
    while alike:
        tails = {path: "/".join(parts[path][-depth:]) for path in alike}
        seen = Counter(tails.values())
        done = {path for path, tail in tails.items() if seen[tail] == 1 or depth >= len(parts[path])}
        short |= {path: printable(tails[path] or path) for path in done}
        alike, depth = [path for path in alike if path not in done], depth + 1
    return short
