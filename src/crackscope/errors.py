"""One family of errors: each says what is wrong, where, and what to do about it.

Everything that a user can cause is a `CrackscopeError`. The command line prints its text as one line and ends
with its `exit_code`; anything else that escapes is a defect of ours and may show a traceback.
"""

from typing import Any, Literal

ImageErrorKind = Literal[
    "missing",
    "denied",
    "not-a-picture",
    "unsupported",
    "too-large",
    "truncated",
    "damaged",
]


class CrackscopeError(Exception):
    """Base of all errors that are for the person at the keyboard. `str(error)` is one line."""

    exit_code = 2

    def __reduce__(self) -> tuple[Any, ...]:
        # As exceptions do it, a class is called with `args`, the text alone. What cannot be made again so ends the pool
        # of processes in which it was raised, or leaves the caller waiting for good.
        return _made_again, (type(self), self.args), self.__dict__


def _made_again(kind: type[CrackscopeError], args: tuple[Any, ...]) -> CrackscopeError:
    return kind.__new__(kind, *args)


class ImageError(CrackscopeError):
    """A picture that cannot be read. `kind` is stable, for programs; the text is for people."""

    def __init__(self, kind: ImageErrorKind, message: str) -> None:
        super().__init__(message)
        self.kind: ImageErrorKind = kind


class DatasetError(CrackscopeError):
    """A folder, manifest or split that cannot be used as labelled data."""


class RecipeError(CrackscopeError):
    """A recipe that does not exist, does not parse, or asks for what cannot be."""


class WeightsError(CrackscopeError):
    """Weights that cannot be had, are damaged, or belong to another network."""


class BundleError(CrackscopeError):
    """A bundle that is incomplete, altered, unsafe, or of another format version."""


class TrainingError(CrackscopeError):
    """A training that cannot start, or had to stop; what was reached is kept."""


class JudgingError(CrackscopeError):
    """Scores that cannot be judged: no labels, one class only, splits that differ."""


class AdaptationError(CrackscopeError):
    """Labels that a bundle cannot learn from: too few, of one class only, or such that it would get worse."""


class InspectionError(CrackscopeError):
    """An inspection that cannot start as asked: a scale, limits or a resumption that do not fit."""


class OutputError(CrackscopeError):
    """A result that cannot be written: no room, no right, or something in the way."""


def printable(text: str) -> str:
    """Text from outside as it can stand in one line anywhere: control characters, stray bytes and signs that turn the
    direction are spelt out, never obeyed."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def first_line(error: BaseException) -> str:
    """What an error of somebody else's says, as far as one line holds it; its class where it says nothing."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def several(count: int, one: str, many: str = "") -> str:
    """A count with its noun as it stands in a sentence: `1 group`, `2 groups`, `3 copies`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def none_can(count: int, one: str, what: str, whose: str = "") -> str:
    """That of so many nothing can be done, as it stands in a sentence: `none of 3 pictures can be read`, `the only
    picture cannot be read`; with `its` for whose, `none of its 3 pictures ...`, `its only picture ...`."""
    if count == 1:
        return f"{whose or 'the'} only {one} cannot {what}"
    return f"none of {whose and f'{whose} '}{several(count, one)} can {what}"


def some_of(some: int, count: int, one: str, does: str, do: str) -> str:
    """That some of so many do something, as it stands in a sentence: `1 of 3 photos is kept`, `2 of 3 photos are kept`,
    `the only photo is kept`."""
    if some == count == 1:
        return f"the only {one} {does}"
    return f"{some:,} of {count:,} {one}{'s' * (count != 1)} {does if some == 1 else do}"
