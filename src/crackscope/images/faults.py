"""From what goes wrong inside to the one error class that leaves the room."""

from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, UnidentifiedImageError

from crackscope.errors import ImageError, ImageErrorKind, printable

LONGEST_DETAIL = 160


class Fault(Exception):  # noqa: N818 - it becomes an error only with a name
    """What is wrong with a picture, said by code that does not know its name. Never leaves the room."""

    def __init__(self, kind: ImageErrorKind, text: str) -> None:
        super().__init__(text)
        self.kind: ImageErrorKind = kind
        self.text = text


@contextmanager
def reported_as(name: str) -> Iterator[None]:
    """Turn whatever is raised inside, exits and interrupts aside, into an `ImageError` that names the picture."""
    try:
        yield
    except ImageError:
        raise
    except Exception as error:
        kind, text = _explain(error)
        raise ImageError(kind, f"{printable(name)}: {text}") from error


def _explain(error: Exception) -> tuple[ImageErrorKind, str]:
    detail = " ".join(printable(str(error)).split())[:LONGEST_DETAIL]
    if isinstance(error, Fault):
        return error.kind, error.text
    if isinstance(error, MemoryError):
        return "too-large", "there is not enough memory to decode it; make it smaller, or free some memory"
    if isinstance(error, Image.DecompressionBombError):
        return "too-large", "it has more pixels than Pillow's own limit allows; cut it into pieces"
    if isinstance(error, UnidentifiedImageError):
        return "damaged", "its header does not make sense; copy it again from where it came"
    if isinstance(error, EOFError) or "truncated" in detail or "not enough image data" in detail:
        return "truncated", "it ends before the picture does; copy it again from where it came"
    return "damaged", f"it cannot be decoded ({detail or type(error).__name__}); copy it again from where it came"
