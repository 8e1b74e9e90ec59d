"""What a user knows of the scale of photos, checked before anything is read."""

import math
from numbers import Real
from typing import Any

import msgspec

from crackscope.errors import InspectionError
from crackscope.inspection.marker import DICTIONARIES
from crackscope.inspection.marker_corners import SMALLEST_SIDE_PX

MOST = 1e6
"""A scale above it, or below its inverse, is a slip of the pen, and its figures overflow."""
_OTHERWISE = "or give the scale otherwise"
_TABLE = "a table of scales is a dict from path to (mm per px, relative error), as {'wall.jpg': (0.25, 0.02)}"


class Scaling(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the scale: one of four, or nothing, and then only a GeoTIFF has mm, by its georeference.

    mm_per_px: of all photos. table: mm per px and its relative error by path, as the photo is given (of a CSV:
    `read_scale_table(file, photos).scales`). marker_mm: side of the black square of a printed ArUco marker of
    `dictionary` (a name in capitals or not), that lies on the surface. distance_m: from the lens to the surface; the
    focal length comes from EXIF. relative_error: one standard deviation of the number given, or of a georeference, as a
    share of it (0.02 is 2 %); of the photos of a table, of those whose row has none. Raises InspectionError when more
    than one is given, a number is none or not above 0, the error is no share, or the table is no such dict.
    """

    mm_per_px: float | None = None
    table: dict[str, tuple[float, float]] | None = None
    marker_mm: float | None = None
    dictionary: str = "4X4_50"
    distance_m: float | None = None
    relative_error: float = 0.0

    def __post_init__(self) -> None:
        given = {"mm per px": self.mm_per_px, "marker": self.marker_mm, "distance": self.distance_m}
        numbers = {name: value for name, value in given.items() if value is not None}
        if len(numbers) + (self.table is not None) > 1:
            raise InspectionError("the scale is given in more than one way, leave one of them")
        for name, value in numbers.items():
            _check_scale(value, f"the scale by {name}")
        _check_error(self.relative_error, "the error of the scale")
        alike = [name for name in DICTIONARIES if name.casefold() == str(self.dictionary).casefold()]
        if not alike:
            known = ", ".join(DICTIONARIES)
            raise InspectionError(f"there is no marker dictionary {self.dictionary!r}, name one of {known}")
        msgspec.structs.force_setattr(self, "dictionary", alike[0])
        if self.table is not None:
            _check_table(self.table)
        self._make_plain()

    def _make_plain(self) -> None:
        """Turn other numbers, as NumPy has, into those that files are written of."""
        for name in ("mm_per_px", "marker_mm", "distance_m", "relative_error"):
            value = getattr(self, name)
            if not isinstance(value, float | int | None):
                msgspec.structs.force_setattr(self, name, float(value))
        if self.table is not None:
            plain = {path: (float(scale), float(error)) for path, (scale, error) in self.table.items()}
            msgspec.structs.force_setattr(self, "table", plain)

    @property
    def known(self) -> bool:
        """Whether anything at all is given."""
        return any(one is not None for one in (self.mm_per_px, self.table, self.marker_mm, self.distance_m))

    @property
    def missing(self) -> str:
        """Why a photo has no scale that does not hold what it takes, and what to do; "" where nothing is given, or no
        photo can lack it."""
        if self.table is not None:
            return f"no row in the table: add one for it, {_OTHERWISE}"
        if self.marker_mm is not None:
            return (
                f"no marker of {self.dictionary} is seen: name the dictionary that it was printed from, go closer, so "
                f"that it is {SMALLEST_SIDE_PX:.0f} px a side or more, {_OTHERWISE}"
            )
        if self.distance_m is not None:
            # Phones often tell one in mm alone, which says nothing without a sensor.
            return (
                "no focal length in EXIF, as for 35 mm film or with the size of the sensor: take the file that the "
                f"camera wrote, {_OTHERWISE}"
            )
        return ""


def _check_table(table: Any) -> None:
    """Raise InspectionError for anything but a dict from paths to pairs of a scale and its error."""
    if not isinstance(table, dict):
        what = f"not {table!r}" if isinstance(table, str) else f"not a {type(table).__name__}"
        csv = "crackscope.inspection.read_scale_table(file, photos).scales is that of a CSV"
        raise InspectionError(f"{_TABLE}, {what}; {csv}")
    for path, row in table.items():
        if not isinstance(path, str):
            raise InspectionError(f"{_TABLE}; the path {path!r} is a {type(path).__name__}, give it as str")
        if not (isinstance(row, tuple | list) and len(row) == 2):
            raise InspectionError(f"{_TABLE}; {path} has {row!r}, give two numbers, the error 0 where it is not known")
        _check_scale(row[0], f"the scale of {path}")
        _check_error(row[1], f"the error of the scale of {path}")


def _check_scale(value: Any, what: str) -> None:
    if not _is_number(value):
        raise InspectionError(f"{what} must be a number above 0, not {value!r}")
    if not (math.isfinite(value) and value > 0):
        raise InspectionError(f"{what} must be a number above 0, not {value:g}")
    if not 1 / MOST < value < MOST:
        raise InspectionError(f"{what} cannot be {value:g}, check the number and its unit")


def _check_error(value: Any, what: str) -> None:
    if not _is_number(value):
        raise InspectionError(f"{what} is a share, 0.02 for 2 %, not {value!r}")
    if not 0 <= value < 1:
        raise InspectionError(f"{what} is a share, 0.02 for 2 %, not {value:g}")


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
