"""Rows of a data set as pixels of the size that a training wants."""

from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np

from crackscope import images
from crackscope.recipes import Augmentation, Recipe
from crackscope.records import Row
from crackscope.training.augmentation import Mask, Pixels, View, augment, generator

LARGEST_UNCUT = 1024
"""Longest side in px of a picture that a dense network is validated on; larger ones are reduced to it."""


class Size(msgspec.Struct, frozen=True):
    """Width and height in px."""

    width: int
    height: int


def input_size(recipe: Recipe, rows: Sequence[Row], only: int = 0) -> Size:
    """The size that pictures are brought to: the only side that the network takes (0 for any), the recipe's, or the
    most common one of these rows."""
    if only:
        return Size(only, only)
    if isinstance(recipe.input, int):
        return Size(recipe.input, recipe.input)
    sizes: Counter[Size] = Counter()
    for row in rows:
        sizes[Size(*images.read_header(row.path).upright)] += 1
    return max(sizes.items(), key=lambda item: (item[1], item[0].width, item[0].height))[0]


class Reader:
    """Reads rows for one training: at a fixed size, or (size None) as they are, for crops.

    Every picture that comes out is a pure function of the row, the view and the seed.
    """

    def __init__(self, size: Size | None, augmentation: Augmentation, seed: int) -> None:
        self.size = size
        self.augmentation = augmentation
        self.seed = seed

    def plain(self, row: Row) -> tuple[Pixels, Mask | None]:
        """The picture without augmentation: uint8 [h, w, 3], and its mask bool [h, w] where it has one."""
        pixels, mask = self._read(row)
        if self.size is None:
            return _within(pixels, mask, LARGEST_UNCUT)
        return pixels, mask

    def view(self, row: Row, *key: int) -> View:
        """An augmented picture; `key` (row number, view number, ...) and the seed decide which."""
        pixels, mask = self._read(row)
        rng = generator(self.seed, *key)
        return augment(pixels, mask, rng, self.augmentation, whole=row.label == "crack" and mask is None)

    def _read(self, row: Row) -> tuple[Pixels, Mask | None]:
        pixels = images.read(row.path).pixels
        height, width = pixels.shape[:2]
        mask = None if row.mask is None else images.read_mask(row.mask, (width, height))
        if self.size is not None and (width, height) != (self.size.width, self.size.height):
            pixels = images.resize(pixels, self.size.width, self.size.height)
            mask = None if mask is None else _reduced(mask, self.size.width, self.size.height)
        return pixels, mask


def _within(pixels: Pixels, mask: Mask | None, longest: int) -> tuple[Pixels, Mask | None]:
    size = images.size_within(pixels.shape[1], pixels.shape[0], longest)
    if size == pixels.shape[1::-1]:
        return pixels, mask
    return images.resize(pixels, *size), None if mask is None else _reduced(mask, *size)


def _reduced(mask: Mask, width: int, height: int) -> Mask:
    """A crack keeps its pixels when a mask is made smaller: any share of a pixel above a quarter counts."""
    kept: Mask = images.resize(mask.astype(np.uint8) * 255, width, height) > 64
    return kept
