"""A photo as it is inspected: read, and turned to the side from which it is seen."""

import time
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from crackscope.brief import brief
from crackscope.images import (
    DEFAULT_LIMITS,
    Ground,
    Limits,
    Source,
    read,
    read_file,
    read_header,
    read_optics,
    read_place,
)
from crackscope.inspection.scale import Focal, focal_length
from crackscope.records import Place
from crackscope.scoring import Facing, Model, facing_of, put_back, surface_of


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A photo as it is seen, what it is called, and what its EXIF block says.

    pixels: uint8 [h, w, 3] RGB, turned as `facing` says; the photo as it is would take as much memory again, and so is
    turned back where it is asked for. Where it shows nothing, they are filled from what it shows (see
    `scoring/void.py`). focal: None where EXIF does not tell the focal length in px. pages: of the file. seconds: that
    reading and turning took. void: uint8 [h, w], turned, too: 1 where it shows black only, 2 white, else 0; None for
    nowhere. covered: what it holds there, uint8 [n, 3], row by row as it is. ground: what the georeference of a GeoTIFF
    says, else None. lit: of a photo that is seen in grey, since its light has a strong colour, the same pixels as they
    are; None of others.
    """

    pixels: NDArray[np.uint8]
    facing: Facing
    path: str
    place: Place
    focal: Focal | None
    pages: int
    bits: int
    seconds: float
    void: NDArray[np.uint8] | None = None
    covered: NDArray[np.uint8] | None = None
    ground: Ground | None = None
    lit: NDArray[np.uint8] | None = None

    __repr__ = brief

    @property
    def hidden(self) -> NDArray[np.bool_] | None:
        """Where it shows nothing, bool of the shape of `pixels`; None for nowhere."""
        return None if self.void is None else self.void > 0

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width as it is, px."""
        height, width = self.pixels.shape[:2]
        return (width, height) if self.facing.transposed else (height, width)

    def in_plain_light(self, model: Model) -> "Photo":
        """The photo as a bundle sees it: with its colour taken out where that is the light's."""
        plain = model.in_plain_light(self.pixels, self.hidden)
        return self if plain is self.pixels else replace(self, pixels=plain, lit=self.pixels)

    def upright(self) -> NDArray[np.uint8]:
        """Its pixels as it is, uint8 [h, w, 3] RGB: a new array, or `pixels` where nothing is to turn."""
        pixels = self.facing.back(self._given)
        if self.void is None or self.covered is None:
            return pixels
        return put_back(pixels, self.facing.back(self.void), self.covered)

    def upright_over(self) -> NDArray[np.uint8]:
        """As `upright`, of a photo that nobody needs afterwards: in the memory of its pixels."""
        pixels = self.facing.inverse.turned_over(self._given)
        if self.void is None or self.covered is None:
            return pixels
        return put_back(pixels, self.facing.back(self.void), self.covered, over=True)

    @property
    def _given(self) -> NDArray[np.uint8]:
        """Its pixels in the colours that it has, turned as `facing` says."""
        return self.pixels if self.lit is None else self.lit


def open_photo(source: Source, limits: Limits = DEFAULT_LIMITS) -> Photo:
    """Read a photo, no larger than the limits, with what its EXIF block says of place and lens. Raises ImageError."""
    begin = time.perf_counter()
    held = _kept(source, limits) if hasattr(source, "read") else source
    picture = read(held, limits)
    path = str(source) if isinstance(source, (str, Path)) else picture.name
    optics, stored = read_optics(held), read_header(held, limits)
    focal = focal_length(optics, (stored.width, stored.height))
    surface = surface_of(picture.pixels, picture.hidden, over=True)
    facing = facing_of(surface.bounded)
    void = None if surface.void is None else facing.turned(surface.void)
    pixels = facing.turned_over(surface.pixels)
    seconds = time.perf_counter() - begin
    place = _placed(read_place(held), picture.ground)
    seen = Photo(pixels, facing, path, place, focal, picture.pages, picture.bits, seconds)
    return replace(seen, void=void, covered=surface.covered, ground=picture.ground)


def _placed(place: Place, ground: Ground | None) -> Place:
    """The place that EXIF gives, its position that of the georeference where that has one."""
    if ground is None:
        return place
    if ground.latitude is not None:
        return msgspec.structs.replace(place, latitude=ground.latitude, longitude=ground.longitude)
    return msgspec.structs.replace(place, doubt=ground.place_doubt if place.latitude is None else "")


def _kept(stream: Source, limits: Limits) -> BytesIO:
    """A stream, which may be read only once, as one that may be read again."""
    kept = BytesIO(read_file(stream, limits))
    kept.name = getattr(stream, "name", "")
    return kept
