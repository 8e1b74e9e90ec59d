"""From which side a photo is seen, so that one that is turned or mirrored gives turned or mirrored findings.

A network that learnt from turned pictures is right about as often from any side, and yet not twice the same: its logits
move by some tenths along a crack, and edges with them. So a photo is first turned the way that its own light tells: its
brightest quarter comes to the upper left, the brighter of the two beside it to the upper right (one frame of the eight
that averages over a group would take; O. Puny et al., Frame averaging for invariant and equivariant network design,
ICLR 2022). What the network is given is then the same array from whichever side the photo was taken.
"""

from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from crackscope.images import transposed_over

Element = TypeVar("Element", bound=np.generic)
Points = NDArray[np.float64]


class Facing(NamedTuple):
    """How a photo is turned before it is seen: first its rows become columns, then it is flipped."""

    transposed: bool = False
    upside_down: bool = False
    mirrored: bool = False

    @property
    def inside_out(self) -> bool:
        """Whether what runs clockwise runs anticlockwise afterwards."""
        return self.transposed ^ self.upside_down ^ self.mirrored

    @property
    def inverse(self) -> "Facing":
        """What turns back. Its rows become columns first, too, so that each axis takes its own flip along."""
        return Facing(True, self.mirrored, self.upside_down) if self.transposed else self

    def turned(self, array: NDArray[Element]) -> NDArray[Element]:
        """An array [h, w] or [h, w, 3] of bool, uint8 or float32 as it is seen: a new one, C-contiguous, or itself
        where nothing is to turn."""
        if not self.transposed:
            return self._flipped(array)
        seen = _transposed(array)
        return self._flipped(seen, seen)

    def turned_over(self, array: NDArray[Element]) -> NDArray[Element]:
        """As `turned`, of an array, C-contiguous, that nobody else needs: the answer lies in the same memory."""
        seen = transposed_over(_plain(array)).view(array.dtype) if self.transposed else array
        return self._flipped(seen, seen)

    def back(self, array: NDArray[Element]) -> NDArray[Element]:
        """What `turned` gave as it was: a new array, or itself where nothing is to turn."""
        return self.inverse.turned(array)

    def places_back(self, places: Points, shape: tuple[int, ...]) -> Points:
        """Places as they are seen, float64 [k, 2], x and y in px, in the photo of (h, w, ...) px itself."""
        across, down = places[:, 0], places[:, 1]
        height, width = (shape[1], shape[0]) if self.transposed else (shape[0], shape[1])
        across = width - 1 - across if self.mirrored else across
        down = height - 1 - down if self.upside_down else down
        return np.stack([down, across] if self.transposed else [across, down], 1)

    def ways_back(self, ways: Points) -> Points:
        """Directions as they are seen, float64 [k, 2], in the photo itself."""
        across = -ways[:, 0] if self.mirrored else ways[:, 0]
        down = -ways[:, 1] if self.upside_down else ways[:, 1]
        return np.stack([down, across] if self.transposed else [across, down], 1)

    def _flipped(self, array: NDArray[Element], into: NDArray[Element] | None = None) -> NDArray[Element]:
        """into: an array for the answer, which may be the same; None for a new one."""
        import cv2

        if not (self.upside_down or self.mirrored):
            return array
        axis = -1 if self.upside_down and self.mirrored else int(self.mirrored)
        return _of_type(cv2.flip(_plain(array), axis, None if into is None else _plain(into)), array)


AS_IT_IS = Facing()


def facing_of(pixels: NDArray[np.uint8]) -> Facing:
    """The side from which a photo, uint8 [h, w, 3], is seen. The same array comes of all eight ways to hold it, unless
    two of its quarters are equally bright to the last digit; what is 1 px wide or high is seen as it is."""
    import cv2

    height, width = pixels.shape[:2]
    if min(height, width) < 2:
        return AS_IT_IS
    # Of odd sides the middle counts for neither half, so that halves stay halves after a flip.
    rows, columns = (slice(height // 2), slice(-(height // 2), None)), (slice(width // 2), slice(-(width // 2), None))
    light = [[sum(cv2.sumElems(pixels[down, across])) for across in columns] for down in rows]
    low, right = max(((i, j) for i in (0, 1) for j in (0, 1)), key=lambda at: light[at[0]][at[1]])
    transposed = light[1 - low][right] > light[low][1 - right]
    # After the transposition rows are what columns were.
    return Facing(transposed, *((bool(right), bool(low)) if transposed else (bool(low), bool(right))))


def _transposed(array: NDArray[Element]) -> NDArray[Element]:
    import cv2

    return _of_type(cv2.transpose(_plain(array)), array)


def _plain(array: NDArray[Element]) -> NDArray[Any]:
    """OpenCV 4 knows no bool."""
    return array.view(np.uint8) if array.dtype == np.bool_ else array


def _of_type(turned: object, array: NDArray[Element]) -> NDArray[Element]:
    return np.asarray(turned).view(array.dtype)
