"""What Python hands to a public function, told by name where it cannot be meant: before any work, and in one way."""

import os
from collections.abc import Callable, Iterable, Mapping
from numbers import Integral, Real
from typing import Any, NamedTuple

_LONGEST = 60
"""Letters of a value that are shown."""


class Wanted(NamedTuple):
    """What an argument may be.

    types: one of them. words: the same as it stands behind "give". each: of lists and tuples, what all in them are.
    length: how many those are; 0 for any number.
    """

    types: tuple[Any, ...]
    words: str
    each: "Wanted | None" = None
    length: int = 0

    @property
    def or_none(self) -> "Wanted":
        """The same, or None."""
        return self._replace(types=(*self.types, type(None)), words=f"{self.words}, or None")

    def takes(self, value: object) -> bool:
        """Whether a value is such. NumPy's numbers and truth values count as Python's do; True is no number, and a text
        no list."""
        if isinstance(value, bool) or (getattr(value, "dtype", None) == "bool" and getattr(value, "shape", None) == ()):
            return bool in self.types
        if isinstance(value, str | bytes):
            return isinstance(value, str) and str in self.types
        if self.each is not None and isinstance(value, list | tuple):
            return all(map(self.each.takes, value)) and self.length in (0, len(value))
        return isinstance(value, self.types)


WHOLE = Wanted((Integral,), "a whole number")
NUMBER = Wanted((Real,), "a number")
FLAG = Wanted((bool,), "True or False")
TEXT = Wanted((str,), "a text")
PATH = Wanted((str, os.PathLike), "a path")
PATHS = Wanted((Iterable,), "a list of paths", PATH)
TEXTS = Wanted((list, tuple), "a list of texts", TEXT)
NUMBERS = Wanted((Iterable,), "a list of numbers", NUMBER)
TABLE = Wanted((Mapping,), "a dict")
CALL = Wanted((Callable,), "a function")


def record(kind: type, gives: str = "") -> Wanted:
    """A record of this class. gives: what gives one, where that is not the class itself."""
    return Wanted((kind,), f"what {gives} gives" if gives else _named(kind))


def a_path_or(kind: type) -> Wanted:
    """A path, or a record of this class."""
    return Wanted((*PATH.types, kind), f"a path, or {_named(kind)}")


def list_of(kind: type) -> Wanted:
    """A list of records of this class."""
    return Wanted((list, tuple), f"a list of {_named(kind)}", record(kind))


def _named(kind: type) -> str:
    return f"{kind.__name__}(...), of {'.'.join(kind.__module__.split('.')[:2])}"


def refuse_wrong(**given: tuple[object, Wanted]) -> None:
    """Refuse the first argument that is not as wanted, by its name. Raises TypeError."""
    for name, (value, wanted) in given.items():
        if not wanted.takes(value):
            raise TypeError(f"{name} is {_shown(value)}, give {wanted.words}")


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= _LONGEST and shown.isprintable() else f"a {type(value).__name__}"
