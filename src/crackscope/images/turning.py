"""A picture's rows become its columns in the memory that it has: of 100 megapixels a second copy takes 286 MiB."""

from typing import Any

from numpy.typing import NDArray

_BLOCK_PX = 256
"""Side of the squares that change places: two of them lie in the processor's cache."""


def transposed_over(pixels: NDArray[Any]) -> NDArray[Any]:
    """`pixels`, uint8 [h, w] or [h, w, 3], C-contiguous, with rows as columns, [w, h] or [w, h, 3], in the same memory:
    what else looks at that sees no picture any more. What lies beyond its square, a third of a photo of 3 to 2, is held
    beside it meanwhile."""
    import cv2

    height, width = pixels.shape[:2]
    side = min(height, width)
    turned = pixels.reshape(width, height, *pixels.shape[2:])
    flat = pixels.reshape(height * width, *pixels.shape[2:])
    square = flat[: side * side].reshape(side, side, *pixels.shape[2:])
    rest = cv2.transpose(pixels[side:] if height > width else pixels[:, side:]) if height != width else None
    if width > height:
        _restride(flat, side, width, side)
    _transpose(square)
    if height > width:
        _restride(flat, side, side, height)
    if rest is not None:
        part = turned[:, side:] if height > width else turned[side:]
        part[...] = rest.reshape(part.shape)
    return turned


def _restride(flat: NDArray[Any], side: int, before: int, after: int) -> None:
    """Move rows of so many px, which begin every `before` px, to where one begins every `after` px. Those go first that
    lie where others come to lie."""
    for row in range(1, side) if after < before else range(side - 1, 0, -1):
        flat[row * after : row * after + side] = flat[row * before : row * before + side]


def _transpose(square: NDArray[Any]) -> None:
    import cv2

    for top in range(0, len(square), _BLOCK_PX):
        rows = slice(top, top + _BLOCK_PX)
        for left in range(top, len(square), _BLOCK_PX):
            columns = slice(left, left + _BLOCK_PX)
            above = cv2.transpose(square[rows, columns])
            square[rows, columns] = cv2.transpose(square[columns, rows])
            square[columns, rows] = above
