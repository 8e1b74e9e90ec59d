"""Where a GeoTIFF lies and how large its pixels are (OGC GeoTIFF 1.1), where that can be told without doubt."""

import math
from typing import NamedTuple

from crackscope.images.header import Ground
from crackscope.images.tiff_tags import Tag, Tags
from crackscope.images.utm import from_utm, metres_per_degree
from crackscope.records import Georeference

_MODEL, _RASTER, _GEOGRAPHIC, _ANGLES, _PROJECTED, _METHOD, _LENGTHS = 1024, 1025, 2048, 2054, 3072, 3075, 3076
"""The keys that are read: kind of system, what a pixel stands for, and the systems, projection and units by number."""
_IS_PROJECTED, _IS_GEOGRAPHIC, _USER_DEFINED = 1, 2, 32_767
_IS_POINT = 2
_UNITS_MM = {9001: 1000.0, 9002: 304.8, 9003: 12_000_000 / 39_370}
"""Metre, international foot, US survey foot."""
_DEGREE = 9102
_STRETCHED_SYSTEMS = {3395, 3785, 3857, 4087, 4088, 32_662, 41_001, 54_004}
_STRETCHED_METHODS = {7, 17}
"""Mercator and equirectangular: what is a metre in them is none on the ground."""
_WORLD = {4326, 4258}
_SQUARE = 0.01
"""By so much may the sides of a pixel differ, and its corners lean."""
_LEAST_MM, _MOST_MM = 1e-6, 1000.0
"""A network sees cracks of about a pixel and more: what fills a pixel of a metre is none."""
_OR_OTHERWISE = "or give the scale otherwise"
_MEND = f", georeference it anew, {_OR_OTHERWISE}"
_POINTS = "it is georeferenced by single points only, save it rectified"
_LEANING = "its georeference gives pixels that are not square"
_REMEDIES = {_POINTS: f", {_OR_OTHERWISE}", _LEANING: ", save it with square ones"}
"""Where _MEND is not what helps."""
_NOWHERE = "its georeference gives a place that there is not"
_PARTS = (Tag.PIXEL_SCALE, Tag.TIEPOINT, Tag.TRANSFORMATION)


class _Grid(NamedTuple):
    """A picture in units of its system: (a, b, x, c, d, y) takes (column, row), counted from the outer corner of the
    first pixel or from its centre as the file does, to a * column + b * row + x and c * column + d * row + y."""

    a: float
    b: float
    x: float
    c: float
    d: float
    y: float

    @property
    def across(self) -> float:
        """The side of a pixel along the rows."""
        return math.hypot(self.a, self.c)

    @property
    def down(self) -> float:
        """The same along the columns."""
        return math.hypot(self.b, self.d)

    def moved(self, column: float, row: float) -> "_Grid":
        """The same grid, counted from here on."""
        a, b, x, c, d, y = self
        return _Grid(a, b, a * column + b * row + x, c, d, c * column + d * row + y)


def on_map(georeference: Georeference, column: float, row: float) -> tuple[float, float] | None:
    """Longitude and latitude, degrees, WGS 84, of a place in a photo, px from the centre of its first pixel; None of
    what lies in no zone."""
    a, b, x, c, d, y = georeference.affine
    east, north = a * column + b * row + x, c * column + d * row + y
    if not georeference.utm_zone:
        return (east, north) if abs(north) <= 90 and abs(east) <= 180 else None
    place = from_utm(east, north, georeference.utm_zone, south=georeference.south)
    return None if place is None or math.isnan(sum(place)) else (place[1], place[0])


def ground_of(tags: Tags, width: int, height: int) -> Ground | None:
    """What the tags of a picture of so many px, as it is stored, say of the ground; None where they say nothing."""
    if Tag.GEO_KEYS not in tags.values or not any(tag in tags.entries for tag in _PARTS):
        return None
    keys = _keys(tags.values[Tag.GEO_KEYS])
    stored = _grid(tags)
    if isinstance(stored, str):
        return Ground(scale_doubt=stored + _REMEDIES.get(stored, _MEND), place_doubt=stored)
    first = stored if keys.get(_RASTER) == _IS_POINT else stored.moved(0.5, 0.5)
    middle = first.moved((width - 1) / 2, (height - 1) / 2)
    place, place_doubt = _place(keys, middle)
    scale, scale_doubt = _scale(keys, middle)
    if scale is not None and place_doubt == _NOWHERE:
        # One system gives both: where it cannot be that of the place, it need not be that of the pixels.
        scale, scale_doubt = None, _NOWHERE + _MEND
    latitude, longitude = place or (None, None)
    upright = tags.one(Tag.ORIENTATION, 1) == 1
    return Ground(
        mm_per_px=scale,
        latitude=latitude,
        longitude=longitude,
        scale_doubt=scale_doubt,
        place_doubt=place_doubt,
        georeference=_georeference(keys, first) if place and upright else None,
    )


def _georeference(keys: dict[int, int], first: _Grid) -> Georeference:
    """Where the pixels lie, counted from the centre of the first, in a system that `_place` knows."""
    zone, south = (_zone(keys) if keys.get(_MODEL) == _IS_PROJECTED else None) or (0, False)
    a, b, x, c, d, y = first
    return Georeference(affine=(a, b, x, c, d, y), utm_zone=zone, south=south)


def _keys(numbers: tuple[int, ...]) -> dict[int, int]:
    """The keys whose value stands in the directory itself; no key twice."""
    rows = (numbers[at : at + 4] for at in range(4, len(numbers) - 3, 4))
    return {key: value for key, tag, count, value in rows if (tag, count) == (0, 1)}


def _grid(tags: Tags) -> _Grid | str:
    """The picture's grid as the file counts; in words what is wrong where there is none."""
    scale, tie = tags.reals.get(Tag.PIXEL_SCALE, ()), tags.reals.get(Tag.TIEPOINT, ())
    matrix = tags.reals.get(Tag.TRANSFORMATION, ())
    if len(scale) == 3 and len(tie) >= 6 and len(tie) % 6 == 0:
        across, down = scale[:2]
        if across <= 0 or down <= 0:
            return "its georeference gives pixels without a size"
        grid = _Grid(across, 0.0, tie[3] - tie[0] * across, 0.0, -down, tie[4] + tie[1] * down)
    elif len(matrix) == 16:
        a, b, _, x, c, d, _, y = matrix[:8]
        grid = _Grid(a, b, x, c, d, y)
        if not abs(a * b + c * d) <= _SQUARE * grid.across * grid.down:
            return _LEANING
    elif len(tie) > 6 and not scale and not matrix:
        return _POINTS
    else:
        return "its georeference is broken"
    sized = all(map(math.isfinite, grid)) and min(grid.across, grid.down) > 0
    return grid if sized else "its georeference is broken"


def _scale(keys: dict[int, int], grid: _Grid) -> tuple[float | None, str]:
    """mm per px, or None, why, and what to do."""
    kind = keys.get(_MODEL)
    if kind == _IS_GEOGRAPHIC:
        if keys.get(_ANGLES, _DEGREE) != _DEGREE or abs(grid.y) >= 90:
            return None, f"its georeference is in angles that are not known, save it in UTM, {_OR_OTHERWISE}"
        along, across = metres_per_degree(grid.y)
        sides = grid.across * across * 1000, grid.down * along * 1000
    elif kind in (_IS_PROJECTED, _USER_DEFINED):
        if keys.get(_PROJECTED) in _STRETCHED_SYSTEMS or keys.get(_METHOD) in _STRETCHED_METHODS:
            return None, f"its georeference is in a system that stretches lengths, save it in UTM, {_OR_OTHERWISE}"
        unit = _UNITS_MM.get(keys.get(_LENGTHS, 9001 if _zone(keys) else 0))
        if unit is None:
            return None, _without_unit(keys)
        sides = grid.across * unit, grid.down * unit
    else:
        return None, f"its georeference names no system, save it in UTM, {_OR_OTHERWISE}"
    return _side(*sides)


def _side(across: float, down: float) -> tuple[float | None, str]:
    """The side of a pixel of these two sides, mm, or None, why, and what to do."""
    if max(across, down) > _MOST_MM:
        size = f"{across / 1000:.3g} x {down / 1000:.3g} m"
        return None, f"its georeference gives pixels of {size}, in which no crack is seen: mend it, {_OR_OTHERWISE}"
    if min(across, down) < _LEAST_MM:
        return None, f"its georeference gives pixels of {across:.3g} x {down:.3g} mm{_MEND}"
    if abs(across - down) > _SQUARE * min(across, down):
        return None, f"its pixels are not square, {across:.4g} x {down:.4g} mm, save it with square ones"
    return math.sqrt(across * down), ""


def _without_unit(keys: dict[int, int]) -> str:
    """That no unit of lengths is known, and what to do."""
    code = keys.get(_PROJECTED, _USER_DEFINED)
    if _LENGTHS in keys or code == _USER_DEFINED:
        return f"its georeference names no unit that is known, save it in metres, {_OR_OTHERWISE}"
    return (
        f"its georeference has the number of its system alone, EPSG:{code}, and names no unit, save it in UTM or with "
        f"the unit, {_OR_OTHERWISE}"
    )


def _zone(keys: dict[int, int]) -> tuple[int, bool] | None:
    """Zone of UTM, and whether it is a southern one, of the systems on WGS 84 and ETRS89; None for all others."""
    code = keys.get(_PROJECTED, 0)
    if 32_601 <= code <= 32_660 or 32_701 <= code <= 32_760:
        return code % 100, code > 32_700
    return (code - 25_800, False) if 25_828 <= code <= 25_838 else None


def _place(keys: dict[int, int], grid: _Grid) -> tuple[tuple[float, float] | None, str]:
    """Latitude and longitude of the centre, or None and why."""
    kind, zone = keys.get(_MODEL), _zone(keys)
    place: tuple[float, float] | None
    if kind == _IS_GEOGRAPHIC and keys.get(_GEOGRAPHIC) in _WORLD and keys.get(_ANGLES, _DEGREE) == _DEGREE:
        place = grid.y, grid.x
    elif kind == _IS_PROJECTED and zone is not None and keys.get(_LENGTHS, 9001) == 9001:
        place = from_utm(grid.x, grid.y, zone[0], south=zone[1])
    else:
        number = keys.get(_PROJECTED if kind == _IS_PROJECTED else _GEOGRAPHIC, _USER_DEFINED)
        system = "one of its own" if number == _USER_DEFINED else f"EPSG:{number}"
        return None, f"its system, {system}, is not turned into latitude and longitude"
    if place is None or not (abs(place[0]) <= 90 and abs(place[1]) <= 180):
        return None, _NOWHERE
    return place, ""
