"""One line for a library that is not installed."""

from collections.abc import Iterator
from contextlib import contextmanager

from crackscope.errors import WeightsError


class MissingLibraryError(WeightsError):
    """A file may be whole, but what reads it is not installed."""


@contextmanager
def needs(library: str) -> Iterator[None]:
    """Around an import. Raises MissingLibraryError."""
    try:
        yield
    except ImportError as error:
        raise MissingLibraryError(
            f'reading weights needs {library} ({error}): pip install ".[train]" in the folder of crackscope\'s sources'
        ) from None
