"""A rectangle of a photo."""

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Element = TypeVar("Element", bound=np.generic)


class Window(NamedTuple):
    """A rectangle of a photo, px: left and top inclusive, right and bottom exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def whole(cls, shape: tuple[int, ...]) -> "Window":
        """All of an array [h, w, ...]."""
        return cls(0, 0, shape[1], shape[0])

    @property
    def area(self) -> int:
        """Its pixels."""
        return (self.bottom - self.top) * (self.right - self.left)

    def of(self, pixels: NDArray[Element]) -> NDArray[Element]:
        """What lies in it of an array [h, w, ...]: a view."""
        return pixels[self.top : self.bottom, self.left : self.right]

    def within(self, other: "Window") -> "Window":
        """The same rectangle in px of another, which lies around it."""
        return Window(self.left - other.left, self.top - other.top, self.right - other.left, self.bottom - other.top)

    def around(self, by: int, shape: tuple[int, ...], aligned: int = 1) -> "Window":
        """It and `by` px around it, its sides moved out to multiples of `aligned`, cut at a photo of (h, w, ...) px."""
        return Window(
            max(0, (self.left - by) // aligned * aligned),
            max(0, (self.top - by) // aligned * aligned),
            min(shape[1], -(-(self.right + by) // aligned) * aligned),
            min(shape[0], -(-(self.bottom + by) // aligned) * aligned),
        )


def window_around(shape: NDArray[np.bool_]) -> Window:
    """The smallest rectangle around the true pixels, bool [h, w], of which there must be some."""
    rows, columns = (np.flatnonzero(shape.any(axis=axis)) for axis in (1, 0))
    return Window(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
