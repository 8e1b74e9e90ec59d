"""From UTM to latitude and longitude: the inverse of the transverse Mercator projection.

Krüger's series in the third flattening to its fourth power, as K. Kawase gives it ("A General Formula for Calculating
Meridian Arc Length and its Application to Coordinate Conversion in the Gauss-Krüger Projection", Bulletin of the
Geospatial Information Authority of Japan 59, 2011): within a millimetre anywhere near a zone.
"""

import math

SEMI_MAJOR_M, FLATTENING = 6_378_137.0, 1 / 298.257223563
"""WGS 84; the ellipsoid of ETRS89 differs by a tenth of a millimetre."""
_N = FLATTENING / (2 - FLATTENING)
_RADIUS_M = SEMI_MAJOR_M / (1 + _N) * (1 + _N**2 / 4 + _N**4 / 64)
_BETA = (
    _N / 2 - 2 / 3 * _N**2 + 37 / 96 * _N**3 - 1 / 360 * _N**4,
    1 / 48 * _N**2 + 1 / 15 * _N**3 - 437 / 1440 * _N**4,
    17 / 480 * _N**3 - 37 / 840 * _N**4,
    4397 / 161280 * _N**4,
)
_DELTA = (
    2 * _N - 2 / 3 * _N**2 - 2 * _N**3 + 116 / 45 * _N**4,
    7 / 3 * _N**2 - 8 / 5 * _N**3 - 227 / 45 * _N**4,
    56 / 15 * _N**3 - 136 / 35 * _N**4,
    4279 / 630 * _N**4,
)
_SCALE, _FALSE_EASTING_M, _FALSE_NORTHING_M = 0.9996, 500_000.0, 10_000_000.0
_WIDEST_M, _FARTHEST_M = 1_000_000.0, 10_000_000.0


def from_utm(easting_m: float, northing_m: float, zone: int, *, south: bool) -> tuple[float, float] | None:
    """Latitude and longitude, degrees, of a place in a zone, 1 to 60; None for what no place has in it, as nan."""
    east = easting_m - _FALSE_EASTING_M
    north = northing_m - (_FALSE_NORTHING_M if south else 0.0)
    if not (abs(east) < _WIDEST_M and abs(north) < _FARTHEST_M):
        return None
    xi, eta = north / (_SCALE * _RADIUS_M), east / (_SCALE * _RADIUS_M)
    steps = [(2 * number, factor) for number, factor in enumerate(_BETA, 1)]
    up = xi - sum(factor * math.sin(k * xi) * math.cosh(k * eta) for k, factor in steps)
    across = eta - sum(factor * math.cos(k * xi) * math.sinh(k * eta) for k, factor in steps)
    conformal = math.asin(math.sin(up) / math.cosh(across))
    latitude = conformal + sum(factor * math.sin(2 * k * conformal) for k, factor in enumerate(_DELTA, 1))
    longitude = 6 * zone - 183 + math.degrees(math.atan2(math.sinh(across), math.cos(up)))
    return math.degrees(latitude), (longitude + 180) % 360 - 180


def metres_per_degree(latitude: float) -> tuple[float, float]:
    """Along the meridian and along the parallel at a latitude, degrees, on the ellipsoid."""
    eccentricity = FLATTENING * (2 - FLATTENING)
    sine = math.sin(math.radians(latitude))
    across = SEMI_MAJOR_M / math.sqrt(1 - eccentricity * sine**2)
    along = across * (1 - eccentricity) / (1 - eccentricity * sine**2)
    return math.radians(along), math.radians(across) * math.cos(math.radians(latitude))
