"""One line for a library that is not installed."""

from collections.abc import Iterator
from contextlib import contextmanager

from crackscope.errors import WeightsError


@contextmanager
def needs(library: str) -> Iterator[None]:
    """Around an import. Raises WeightsError that says what to install."""
    try:
        yield
    except ImportError as error:
        raise WeightsError(f'reading weights needs {library} ({error}): pip install "crackscope[train]"') from None
