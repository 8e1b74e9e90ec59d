"""From what goes wrong inside to the one error class that leaves the room, and to the record of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from PIL import Image, UnidentifiedImageError

from crackscope.errors import BundleError, ImageError, ImageErrorKind, printable
from crackscope.records import Failure, Unread

Done = TypeVar("Done")

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


def or_unread(path: str, task: str, step: Callable[[], Done]) -> Done | Unread:
    """What a step gives, or why it gave nothing: one bad picture among thousands must not end the rest.

    path: of the picture, as the record says it. task: what the step does with it, as "scored". An `ImageError` keeps
    its kind and text; no memory is too-large, and anything else, a bundle that gives no number say, is damaged.
    """
    try:
        return step()
    except ImageError as error:
        return Unread.of(path, error)
    except MemoryError:
        return Unread(path=path, error=Failure(kind="too-large", message=f"too little memory for it to be {task}"))
    except Exception as error:
        why = str(error) if isinstance(error, BundleError) else f"{type(error).__name__}: {error}"
        return Unread(path=path, error=Failure(kind="damaged", message=f"could not be {task}: {why}"))


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
